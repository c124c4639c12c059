"""The right column of Track: amounts, certificate, evidence, the order."""

from __future__ import annotations

from datetime import datetime

from core.domain.breakdown import Breakdown
from core.domain.rights import SECOND_LOOK
from core.services import certificates
from core.services.applying import Applying
from core.services.case_views import CaseView
from core.texts import Texts
from portal.blocks.rules_text import percent
from portal.html import esc, href, lines, ms
from portal.parts import goods, legs
from portal.parts.amounts import as_list
from portal.parts.ask_wrong import reason_words
from portal.parts.pictures import shots


def column(tx: Texts, view: CaseView, holds: Applying, *, now: datetime, may_add: bool = False) -> str:
    """Everything quiet, in one element. `may_add`: whether pictures are taken now."""
    return "".join(
        f'<section class="pane">{part}</section>'
        for part in (
            _amounts(tx, view, holds, now),
            _certificate(tx, view),
            _evidence(tx, view, may_add),
            _order(tx, view, now),
        )
        if part
    )


def from_outside(tx: Texts) -> str:
    """To somebody with the receipt of an account's order: why there is nothing to press."""
    title, says = esc(tx("track.outside.title")), esc(tx("track.outside.says"))
    return f'<div class="again"><h2>{ms("lock_person")}{title}</h2><p>{says}</p></div>'


def _amounts(tx: Texts, view: CaseView, holds: Applying, now: datetime) -> str:
    if view.requested_minor is None:
        return ""

    def money(minor: int) -> str:
        return tx.money(minor, view.currency)

    asked = tx("track.amounts.asked")
    if view.quantity and view.quantity < view.order.quantity:
        asked = tx("track.amounts.asked_pieces", n=view.quantity, of=view.order.quantity)
    rows = [("", asked, money(view.requested_minor))]
    approved, fee, fx, refund = (
        view.approved_minor,
        view.fee_minor or 0,
        view.fx_minor or 0,
        view.refund_minor,
    )
    if approved is not None and refund is not None:
        if approved != view.requested_minor:
            rows.append(("", tx("track.amounts.not_approved"), money(approved - view.requested_minor)))
        rows.append(("", _fee(tx, view), money(-fee) if fee else money(0)))
        if fx:
            rows.append(("", tx("track.amounts.fx"), money(-fx)))
        rows.append(("total", _outcome(tx, view), money(refund)))
    elif view.expected is not None:
        rows += _if_approved(tx, view, view.expected)
    return (
        f"<h2>{esc(tx('track.amounts'))}</h2>{as_list(rows)}{_why_part(tx, view)}"
        f"{_objecting(tx, view, holds, now)}{_legs(tx, view, now)}"
    )


def _if_approved(tx: Texts, view: CaseView, found: Breakdown) -> list[tuple[str, str, str]]:
    """Before the decision, as the last step before sending said it: no fee comes as a surprise."""

    def money(minor: int) -> str:
        return tx.money(minor, view.currency)

    of = found.fee_of if found.fee_of != found.approved else None
    rows = [("", _fee_words(tx, view, found.fee_basis_points if found.fee else None, of), money(-found.fee))]
    if found.fx:
        rows.append(("", tx("track.amounts.fx"), money(-found.fx)))
    return [*rows, ("total", tx("track.amounts.if_approved"), money(found.refund))]


def _outcome(tx: Texts, view: CaseView) -> str:
    """Nobody is told that they received what they do not find."""
    if any(payout.ticket for payout in view.payouts):
        return tx("track.amounts.sent")
    return tx("track.amounts.received") if view.state == "completed" else tx("track.amounts.receive")


def _fee(tx: Texts, view: CaseView) -> str:
    """At which rate, and for which reason of the customer's (R4.6)."""
    of = view.fee_of_minor if view.fee_of_minor != view.approved_minor else None
    return _fee_words(tx, view, view.fee_basis_points, of)


def _fee_words(tx: Texts, view: CaseView, basis_points: int | None, of_minor: int | None) -> str:
    """`of_minor`: what the rate is of, where that is not all of it."""
    if not basis_points or view.reason is None:
        return tx("track.amounts.fee")
    reason, rate = reason_words(tx, view.reason, view.order.kind), percent(basis_points)
    if of_minor is None:
        return tx("track.amounts.fee_rate", rate=rate, reason=reason)
    return tx("track.amounts.fee_part", rate=rate, reason=reason, amount=tx.money(of_minor, view.currency))


def _why_part(tx: Texts, view: CaseView) -> str:
    """The words of whoever approved less than was asked for."""
    if not _is_part(view):
        return ""
    said = next((e.note for e in reversed(view.events) if e.event == "approve" and e.note), "")
    title = f'<h3 class="gap">{esc(tx("track.amounts.why"))}</h3>'
    return f'{title}<p class="said">{lines(said)}</p>' if said else ""


def _is_part(view: CaseView) -> bool:
    return view.approved_minor is not None and view.approved_minor < (view.requested_minor or 0)


def _objecting(tx: Texts, view: CaseView, holds: Applying, now: datetime) -> str:
    """What somebody may do who was given less than they asked for and did not agree to it. What has been
    granted goes its way; the rest is asked for once more afterwards, which can be appealed as ever.
    """
    happened = {event.event for event in view.events}
    if not _is_part(view) or "accept" in happened or view.state not in ("approved", "negotiating", "paying"):
        return ""
    order = view.order
    ends = holds.ask_until(order)
    if happened & set(SECOND_LOOK.values()):
        says = tx("track.object.final")
    elif ends is not None and ends < now:
        says = tx("track.object.withdraw") if "withdraw" in view.allowed else tx("track.object.late")
    else:
        left = tx.money(order.refundable_minor, view.currency)
        until = [tx("track.object.until", when=tx.until(ends, now))] if ends is not None else []
        says = " ".join([tx("track.object.rest", amount=left), *until])
    return f'<p class="note">{esc(says)}</p>'


def _legs(tx: Texts, view: CaseView, now: datetime) -> str:
    """Each movement on its own, where there are several or one that expires."""
    live = legs.of(view)
    if len(live) < 2 and not any(line.expires for line in live):
        return ""
    head = f'<h3 class="gap">{esc(tx("track.amounts.legs", n=len(live)))}</h3>' if len(live) > 1 else ""
    stays = any(line.expires for line in live)
    note = f'<p class="note">{esc(tx("track.balance.stays"))}</p>' if stays else ""
    return head + legs.listed(tx, live, view.currency, now=now) + note


def _certificate(tx: Texts, view: CaseView) -> str:
    """Proof to show to a bank, once a channel has taken the money (R5.7)."""
    if not certificates.can_issue(view) or view.is_from_outside:
        return ""
    files = "".join(
        f'<a class="file" href="{href(f"/files/certificate/{view.case_no}.{kind}")}" download>'
        f"{ms(icon)}{esc(tx(f'certificate.{kind}'))}</a>"
        for kind, icon in (("pdf", "picture_as_pdf"), ("png", "image"))
    )
    verify = f'<a href="{href("/verify")}">{esc(tx("certificate.verify"))}</a>'
    return (
        f'<h2>{esc(tx("certificate.get"))}</h2><p class="note">{esc(tx("certificate.get_says"))}</p>'
        f'<p class="files alone">{files}{verify}</p>'
    )


def _evidence(tx: Texts, view: CaseView, may_add: bool) -> str:
    """The pictures, and the way to their own page."""
    if not (view.evidence or may_add):
        return ""
    none = "" if view.evidence else f"<p>{esc(tx('track.evidence.none'))}</p>"
    way = ""
    if may_add:
        to = href("/evidence", case=view.case_no)
        way = f'<p class="way-on"><a href="{to}">{esc(tx("track.evidence.add"))}{ms("chevron_right")}</a></p>'
    return f"<h2>{esc(tx('track.evidence'))}</h2>{none}{shots(tx, view.evidence)}{way}"


def _order(tx: Texts, view: CaseView, now: datetime) -> str:
    order = view.order
    more: tuple[tuple[str, str], ...] = ()
    if view.reason:
        more = ((tx("request.order.reason"), reason_words(tx, view.reason, order.kind)),)
    words = ""
    if view.description:
        words = f'<h3 class="gap">{esc(tx("track.words"))}</h3><p class="said">{lines(view.description)}</p>'
    if view.erased_at is not None:
        words = f'<p class="note gap">{esc(tx("track.erased", on=tx.date(view.erased_at)))}</p>'
    name = goods.title(order.product, order.quantity)
    return (
        f"<h2>{esc(tx('track.order'))}</h2>"
        + goods.line(order.kind, name, tx("request.send.order", order_no=order.order_no), tag="h3")
        + goods.facts(tx, order, now=now, more=more, with_already=False)
        + words
    )
