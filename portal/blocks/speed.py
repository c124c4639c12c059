"""How long money takes, by channel, from the policy in force."""

from __future__ import annotations

from collections import defaultdict

from core.domain.facts import CHANNELS
from core.domain.policy import Policy
from core.texts import Texts
from portal.html import esc


def days(tx: Texts, span: tuple[int, int]) -> str:
    """`1–2 个工作日`; `马上` for none."""
    first, last = span
    if last == 0:
        return tx("start.when.at_once")
    return (
        tx("start.when.days_one", n=last)
        if first == last
        else tx("start.when.days", **{"from": first, "to": last})
    )


def speed(tx: Texts, policy: Policy) -> str:
    """Channels of the same speed share a line; the fastest first."""
    groups: dict[tuple[int, int], list[str]] = defaultdict(list)
    for channel in CHANNELS:
        groups[policy.eta_working_days[channel]].append(tx(f"channel.{channel}"))
    rows = "".join(
        f"<div><dt>{esc(tx.list(names))}</dt>"
        f"<dd>{'<b>' if span[1] == 0 else ''}{esc(days(tx, span))}{'</b>' if span[1] == 0 else ''}</dd></div>"
        for span, names in sorted(groups.items(), key=lambda pair: (pair[0][1], pair[0][0]))
    )
    return (
        f'<section class="pane"><h2>{esc(tx("start.when.title"))}</h2><dl class="kv">{rows}</dl>'
        f'<p class="note">{esc(tx("start.when.note"))}</p></section>'
    )
