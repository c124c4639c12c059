"""Refund requests as a table on a desk and as cards on a phone, and the same as a file (R5.1)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from core.adapters.exports import safe_cell
from core.domain.lifecycle import CASE
from core.domain.money import plain
from core.domain.workdays import ZONE
from core.services.case_views import CaseCard, CaseView
from core.texts import Texts
from core.wording import sentence
from portal.blocks.open_cases import amount, link, must_act
from portal.html import esc
from portal.parts.ask_wrong import reason_words
from portal.parts.goods import name, thumb

STATUSES: Final = ("all", "turn", "open", "done", "ended", "draft")
PERIODS: Final[dict[str, timedelta | None]] = {
    "month": timedelta(days=30),
    "quarter": timedelta(days=90),
    "year": timedelta(days=365),
    "all": None,
}


def status_of(card: CaseCard) -> str:
    """One of `STATUSES` without `all`. A draft is a form: nothing waits for it, and it is not under way."""
    if card.state == CASE.initial:
        return "draft"
    if card.state == "completed":
        return "open" if card.is_sought else "done"
    if CASE.is_final(card.state):
        return "ended"
    return "turn" if card.waiting_for == "you" else "open"


def matching(found: Sequence[CaseCard], status: str, period: str, now: datetime) -> list[CaseCard]:
    """What the filters leave, drafts last. `open` has what waits for the customer as well, but no drafts."""
    span = PERIODS.get(period)
    since = now - span if span else None
    wanted = {"open": ("open", "turn"), "all": STATUSES}.get(status, (status,))
    left = [
        card for card in found if status_of(card) in wanted and (since is None or card.created_at >= since)
    ]
    return sorted(left, key=lambda card: card.state == CASE.initial)  # newest first within, as they came


def table(tx: Texts, found: Sequence[CaseCard], refused: Mapping[str, str], *, now: datetime) -> str:
    """One row a request; each is a link to its page. `refused`: why, by case number."""
    heads = (
        tx("records.col.product"),
        tx("records.col.applied"),
        tx("records.col.status"),
        tx("records.col.amount"),
        tx("records.col.arrival"),
    )
    head = "".join(f'<th scope="col">{esc(name)}</th>' for name in heads)
    rows = "".join(_row(tx, card, refused.get(card.case_no, ""), now) for card in found)
    return f'<table class="records"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _row(tx: Texts, card: CaseCard, why: str, now: datetime) -> str:
    css = {"done": " ok", "turn": " act" if must_act(card) else ""}.get(status_of(card), "")
    if card.state in ("rejected", "closed"):
        css = " no"
    reason = f"{reason_words(tx, card.reason, card.kind)} · " if card.reason else ""
    says = sentence(tx, card.locator, now)
    return (
        f'<tr><td class="p"><a href="{link(card)}">{thumb(card.kind)}<span class="tx"><b>'
        f"<bdi>{esc(name(card))}</bdi></b>"
        f"<span>{esc(reason)}<span class=no>{esc(card.case_no)}</span></span></span></a></td>"
        f'<td class="t">{esc(_applied(tx, card, now))}</td>'
        f'<td class="s"><span class="tag{css}">{esc(_status(tx, card))}</span></td>'
        f'<td class="m">{_sum(tx, card)}</td>'
        f'<td class="a">{esc(_became(tx, card, why, says, now))}</td></tr>'
    )


def _status(tx: Texts, card: CaseCard) -> str:
    return tx("records.status.sought") if card.is_sought else tx(f"status.{card.public_status}")


def _became(tx: Texts, card: CaseCard, why: str, says: str, now: datetime) -> str:
    """What became of it: of a refusal that can be contested also until when (R5.1)."""
    if card.state == "rejected":
        return tx("records.rejected", why=why, says=says) if why else says
    if "arrived_minor" in card.locator.params and card.state != "completed":
        return says  # a part is there: both halves are said
    return why or _arrival(tx, card, now) or says


def _sum(tx: Texts, card: CaseCard) -> str:
    """What arrived in bold; what was only asked for, or is on its way, quieter."""
    words = esc(amount(tx, card))
    return f"<b>{words}</b>" if status_of(card) == "done" else words


def _applied(tx: Texts, card: CaseCard, now: datetime) -> str:
    """When it was sent; of a draft, whose status says 'not sent', when it was begun."""
    if card.submitted_at:
        return tx.when(card.submitted_at, now)
    return tx("records.begun", when=tx.when(card.created_at, now))


def _arrival(tx: Texts, card: CaseCard, now: datetime) -> str:
    if card.arrived_at:
        return tx("records.arrived", when=tx.when(card.arrived_at, now))
    if by := _expected(card):
        return tx("records.expected", date=tx.date(by, now, provisional=card.locator.provisional))
    return ""


def _expected(card: CaseCard) -> datetime | None:
    """By when money on its way should be there."""
    return card.locator.by if card.state == "paying" else None


def refused(card: CaseCard) -> bool:
    """Its reason is owed to the customer (R5.1)."""
    return card.state in ("rejected", "closed")


def why(tx: Texts, view: CaseView) -> str:
    """Why a request was refused: the reviewer's words, else the rule's; '' when it was not."""
    said = next((event.note for event in reversed(view.events) if event.event == "reject" and event.note), "")
    return said or view.says.get("en" if tx.language == "en" else "zh", "")


def sent(found: Sequence[CaseCard]) -> int:
    """How many were asked for; a draft is none."""
    return sum(card.state != CASE.initial for card in found)


def received(found: Sequence[CaseCard]) -> int:
    """What arrived of CNY, in minor units."""
    return sum(arrived_minor(card) for card in found if card.currency == "CNY")


def arrived_minor(card: CaseCard) -> int:
    """What of its money is there: all of it at the end, a part of it while the rest is on its way."""
    if card.is_sought:
        return 0  # nobody counts as received what they do not find
    if card.state == "completed":
        return card.refund_minor or 0
    part: int = card.locator.params.get("arrived_minor", 0)
    return part


def as_csv(tx: Texts, found: Sequence[CaseCard], refused: Mapping[str, str], *, now: datetime) -> bytes:
    """The rows for a spreadsheet: UTF-8 with Excel's mark, and no cell that would run as a formula.

    What is expected and what has happened stand in two columns, so that each can be sorted and counted.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        [
            tx("records.col.case"),
            tx("records.col.order"),
            tx("records.col.product"),
            tx("records.col.reason"),
            tx("records.col.status"),
            tx("records.col.applied"),
            tx("records.col.requested"),
            tx("records.col.received"),
            tx("records.col.currency"),
            tx("records.col.expected"),
            tx("records.col.arrived"),
            tx("records.col.says"),
        ]
    )
    for card in found:
        there = arrived_minor(card)
        writer.writerow(
            map(
                safe_cell,
                (
                    card.case_no,
                    card.order_no,
                    name(card),
                    reason_words(tx, card.reason, card.kind) if card.reason else "",
                    _status(tx, card),
                    _stamp(card.submitted_at),
                    "" if card.requested_minor is None else plain(card.requested_minor, card.currency),
                    plain(there, card.currency) if there or status_of(card) == "done" else "",
                    card.currency,
                    _stamp(_expected(card))[:10],
                    _stamp(card.arrived_at),
                    refused.get(card.case_no) or sentence(tx, card.locator, now),
                ),
            )
        )
    return ("\ufeff" + file.getvalue()).encode("utf-8", "replace")


def _stamp(at: datetime | None) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" if at else ""
