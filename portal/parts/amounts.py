"""How an amount came about, line by line, so that it sums before the customer's eyes (R4.6)."""

from __future__ import annotations

from core.domain.breakdown import Breakdown
from core.domain.money import plain
from core.texts import Texts
from portal.html import esc


def table(
    tx: Texts,
    found: Breakdown,
    currency: str,
    *,
    received: str = "",
    cross_border: bool = False,
    for_staff: bool = False,
) -> str:
    """Paid − already refunded − kept = refundable − fee − exchange difference = you receive.

    Lines that mean nothing for this order are left out, except what is good news: that there is no fee, and
    that the shop bears a difference. `cross_border`: a rate has fallen, so there is one to bear. `for_staff`:
    of the customer, not to the customer.
    """

    def money(minor: int) -> str:
        return tx.money(minor, currency)

    rows = [("", tx("queue.sum.paid" if for_staff else "request.sum.paid"), money(found.paid))]
    if found.already:
        rows.append(("", tx("request.sum.already"), money(-found.already)))
    if found.kept:
        rows.append(("", tx("request.sum.kept"), money(-found.kept)))
    if len(rows) > 1:
        rows.append(("subt", tx("request.sum.approved"), money(found.approved)))
    if found.fee:
        rate = plain(found.fee_basis_points).removesuffix("0").removesuffix("0").removesuffix(".")
        key = "queue.sum.fee" if for_staff else "request.sum.fee"
        rows.append(("", tx(key, rate=rate), money(-found.fee)))
    else:
        rows.append(("", tx("request.sum.no_fee"), money(0)))
    if found.fx:
        key = "queue.sum.fx" if for_staff else "request.sum.fx_yours"
        rows.append(("", tx(key), money(-found.fx)))
    elif cross_border and found.fx_borne_by == "platform":
        rows.append(("", tx("request.sum.fx_ours"), money(0)))
    receives = tx("desk.rules.receives" if for_staff else "request.sum.receive")
    rows.append(("total", received or receives, money(found.refund)))
    return as_list(rows)


def as_list(rows: list[tuple[str, str, str]]) -> str:
    """Rows of (class, words, amount) as the list of a sum."""
    inside = "".join(
        f'<div class="{css}"><dt>{esc(words)}</dt><dd>{esc(amount)}</dd></div>' for css, words, amount in rows
    )
    return f'<dl class="sum">{inside}</dl>'
