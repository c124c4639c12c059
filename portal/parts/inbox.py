"""The inbox: a notice a line, the newest first, each a way to its refund."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core import wording
from core.domain.notices import HELD
from core.services.notices import Notice
from core.texts import Texts
from portal.html import empty, esc, href, ms
from portal.parts.goods import title as title_of

# Amber waits for the customer, green is money or a yes; everything else is news.
_YOURS: Final = ("chat", "act")
_GOOD: Final = ("check_circle", "ok")
_MONEY: Final = ("local_shipping", "ok")
_NO: Final = ("cancel", "")
_LATE: Final = ("schedule", "")
_NEWS: Final = ("info", "")
ICONS: Final = {
    "asked": _YOURS,
    "answer_due_soon": _YOURS,
    "appeal_due_soon": _YOURS,
    "balance_due_soon": _LATE,
    "voucher_due_soon": _LATE,
    "approved": _GOOD,
    "completed": _GOOD,
    "kept_here": _GOOD,
    "part_arrived": _GOOD,
    "paying": _MONEY,
    "rejected": _NO,
    "refused": _NO,
    "escalated": _LATE,
    "arrival_late": _LATE,
}


def listing(tx: Texts, found: list[Notice], *, now: datetime, published_through: int) -> str:
    """All of them in one element; an empty inbox says what will be in it."""
    if not found:
        return (
            f'<div class="tile">{empty("notifications", tx("notices.none"), tx("notices.none_says"))}</div>'
        )
    lines = "".join(_line(tx, notice, now, published_through) for notice in found)
    return f'<ul class="told">{lines}</ul>'


def _to(notice: Notice) -> str:
    """A balance may have come from a case that is not its holder's."""
    return href("/wallet") if notice.kind in HELD else href("/track", case=notice.case_no)


def _line(tx: Texts, notice: Notice, now: datetime, published_through: int) -> str:
    title, says = wording.notice(
        tx,
        notice.kind,
        amount_minor=notice.amount_minor,
        currency=notice.currency,
        by_at=notice.by_at,
        now=now,
        published_through=published_through,
    )
    goods = title_of(notice.product, notice.quantity)
    new = "" if notice.is_read else f'<span class="tag">{esc(tx("notices.new"))}</span>'
    return (
        f'<li{"" if notice.is_read else " class=new"}><a href="{_to(notice)}">'
        f'{ms(*ICONS.get(notice.kind, _NEWS))}<span class="tx"><b>{esc(title)}{new}</b>'
        f'<span class="says">{esc(says)}</span>'
        f"<small><bdi>{esc(goods)}</bdi> · {esc(tx.when(notice.at, now))}</small></span></a></li>"
    )
