"""A certificate in the words of one language, as the sheet takes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from core.adapters.certificates.sheet import Sheet
from core.domain.certificate import SOUGHT, Leg
from core.services.certificates.issuing import Issued
from core.texts import Texts

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)  # no 'now' to leave the year out for


def sheet(tx: Texts, issued: Issued, address: str) -> Sheet:
    """`address`: of the page that checks it (`https://…/verify`); '' where nobody knows it."""
    given = issued.certificate

    def money(minor: int) -> str:
        return tx.money(minor, given.currency)

    rows = [
        (tx("certificate.case"), given.case_no),
        (tx("certificate.order"), given.order_no),
        (tx("certificate.refund"), money(given.refund_minor)),
    ]
    if given.fee_minor:
        rows.append((tx("certificate.fee"), money(given.fee_minor)))
    rows.append((tx("certificate.as_of"), tx.when(given.as_of, _LONG_AGO)))
    heads = ("route", "account", "amount", "reference", "time")
    return Sheet(
        shop=given.shop,
        title=tx("certificate.title"),
        amount=money(sum(leg.amount_minor for leg in given.legs)),
        says=state(tx, issued.certificate.legs, given.refund_minor, given.currency),
        rows=tuple(rows),
        table=(
            tuple(tx(f"certificate.leg.{head}") for head in heads),
            *(_row(tx, leg, given.currency) for leg in given.legs),
        ),
        how=(
            tx("certificate.how"),
            tx("certificate.how.page") if address else tx("certificate.how.offline"),
            tx("certificate.how.altered"),
            tx("certificate.how.private"),
        ),
        code=f"{address}?c={issued.token}" if address else issued.token,
        at=given.as_of,
        language=tx.language,
    )


def state(tx: Texts, legs: tuple[Leg, ...], refund_minor: int, currency: str) -> str:
    """How far the money has come, as one sentence."""
    if any(leg.state == SOUGHT for leg in legs):
        return tx("certificate.sought")
    arrived = [leg for leg in legs if leg.state == "arrived"]
    proven = sum(leg.amount_minor for leg in legs)
    if len(arrived) == len(legs) and proven == refund_minor:
        at = max((leg.arrived_at for leg in legs if leg.arrived_at), default=None)
        return (
            tx("certificate.arrived", at=tx.when(at, _LONG_AGO))
            if at
            else tx("certificate.arrived_some_time")
        )
    if proven < refund_minor:
        rest = tx.money(refund_minor - proven, currency)
        return tx("certificate.part", rest=rest)
    return tx("certificate.under_way")


def _row(tx: Texts, leg: Leg, currency: str) -> tuple[str, ...]:
    return (
        f"{tx(f'route.{leg.route}')} · {tx(f'channel.{leg.channel}')}",
        leg.account or "—",
        tx.money(leg.amount_minor, currency),
        leg.reference or "—",
        came_of(tx, leg),
    )


def came_of(tx: Texts, leg: Leg) -> str:
    """How far one movement has come, and when."""
    at = leg.sent_at if leg.state == "accepted" else leg.arrived_at
    return tx(f"certificate.leg.{leg.state}", at=tx.when(at, _LONG_AGO) if at else "—")
