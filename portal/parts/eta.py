"""How long it takes: what the rules promise, and beside it what was measured on a channel's refunds."""

from __future__ import annotations

from collections.abc import Mapping

from core.adapters.world import App
from core.services import arrivals
from core.services.case_views import CaseView
from core.texts import Texts
from portal.html import esc
from portal.parts import choice

_WAITING = ("sending", "unknown", "accepted")


def beside(app: App, tx: Texts, view: CaseView, etas: Mapping[str, tuple[int, int]]) -> str:
    """A note while money is on its way; '' where too few arrived lately to say anything."""
    waiting = dict.fromkeys(p.channel for p in view.payouts if p.state in _WAITING and p.channel in etas)
    said = {channel: measured(app, tx, channel) for channel in waiting if channel != "balance"}
    told = {channel: words for channel, words in said.items() if words}
    if not told:
        return ""
    promise = tx("track.missing.promise", speed=choice.days(tx, {channel: etas[channel] for channel in told}))
    return "".join(f'<p class="note">{esc(line)}</p>' for line in (promise, *told.values()))


def measured(app: App, tx: Texts, channel: str) -> str:
    """`支付宝最近 200 笔退款：半数 1 天内到，九成 3 天内到。`"""
    found = arrivals.measured(app, channel)
    if found is None:
        return ""
    half, most = (tx("unit.days", n=arrivals.days(span)) for span in (found.half, found.most))
    return tx("track.missing.measured", channel=tx(f"channel.{channel}"), n=found.n, half=half, most=most)
