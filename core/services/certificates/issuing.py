"""Refund certificates (R5.7): what a case's money can prove, signed; and what somebody else's paper is worth.

Nothing is written down: one state of a case has one certificate, and who checks it sees the state of today.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.adapters.certificates import scanning, signing
from core.adapters.pictures.kinds import KINDS, kind_of
from core.adapters.pictures.process import intake
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.certificate import PROVEN, SOUGHT, Certificate, Leg, Verdict
from core.domain.errors import AccountOnly, CertificateTooEarly, NotFound
from core.domain.settlement import masked
from core.services import cases
from core.services.case_views import CaseView, PayoutView
from core.services.certificates.keys import private_key, public_keys

LONGEST_TEXT: Final = 20_000  # bytes; a certificate has about a thousand


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and the text that proves it."""

    certificate: Certificate
    token: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text is worth. `certificate`: what it says, where its signature holds; `today`: the case as it
    stands, where it has moved on.
    """

    verdict: Verdict
    certificate: Certificate | None = None
    today: CaseView | None = None


def issue(app: App, actor: Actor, case_no: str) -> Issued:
    """For who may see the case; `CertificateTooEarly` while no channel has taken any of the money."""
    view = cases.view(app, actor, case_no)
    if view.is_from_outside:
        raise AccountOnly()
    certificate = _of(app, view)
    if certificate is None:
        raise CertificateTooEarly()
    return Issued(certificate, signing.sign(certificate.claims(), private_key(app)))


def can_issue(view: CaseView) -> bool:
    return view.refund_minor is not None and any(payout.state in PROVEN for payout in view.payouts)


def check(app: App, text: str) -> Checked:
    """For anybody: a certificate is its own permission to ask how the case stands."""
    checked = read(text, public_keys(app))
    if checked.certificate is None:
        return checked
    try:
        view = cases.view(app, SYSTEM, checked.certificate.case_no)
    except NotFound:  # signed by us, of a shop whose books are not these
        return Checked("unknown_key")
    today = _of(app, view)
    if today is not None and replace(today, shop=checked.certificate.shop) == checked.certificate:
        return checked  # a shop may change its name
    return Checked("superseded", checked.certificate, view)


def read(text: str, keys: dict[str, bytes]) -> Checked:
    """Without the database: `genuine` as far as the signature tells."""
    if len(text) > LONGEST_TEXT:
        return Checked("unreadable")
    try:
        return Checked("genuine", Certificate.of(signing.read(signing.token_in(text), keys)))
    except signing.Unreadable:
        return Checked("unreadable")
    except signing.KeyUnknown:
        return Checked("unknown_key")
    except (signing.Altered, ValueError, KeyError, TypeError, OverflowError):
        return Checked("altered")


def text_in(data: bytes) -> str:
    """The text of a file: what the QR codes on a picture or a PDF say, else the file itself.
    `EvidenceRefused` for a picture that nobody can look at.
    """
    if kind_of(data) not in KINDS:
        return data[:LONGEST_TEXT].decode("utf-8", "replace")
    pictures = intake(data).pictures
    found = "\n".join(text for picture in pictures for text in scanning.texts_in(picture.data))
    return found[:LONGEST_TEXT]


def _of(app: App, view: CaseView) -> Certificate | None:
    """What the case's money proves now; None: nothing yet."""
    if not can_issue(view):
        return None
    legs = tuple(_leg(payout) for payout in view.payouts if payout.state in PROVEN)
    return Certificate(
        shop=app.shop_name,
        case_no=view.case_no,
        order_no=view.order.order_no,
        currency=view.currency,
        refund_minor=view.refund_minor or 0,
        fee_minor=view.fee_minor or 0,
        state=view.state,
        as_of=_moved(view),
        legs=legs,
    )


def _leg(payout: PayoutView) -> Leg:
    def whole(at: datetime | None) -> datetime | None:
        return None if at is None else at.replace(microsecond=0)

    return Leg(
        route=payout.route,
        channel=payout.payee_channel or payout.channel,
        account=payout.account if "*" in payout.account or not payout.account else masked(payout.account),
        amount_minor=payout.amount_minor,
        state=SOUGHT if payout.state == "arrived" and payout.ticket else payout.state,
        reference=payout.reference or "",
        sent_at=whole(payout.accepted_at or payout.sent_at),
        arrived_at=whole(payout.arrived_at),
    )


def _moved(view: CaseView) -> datetime:
    """When its money last moved, as far as we know."""
    times = [at for payout in view.payouts for at in (payout.sent_at, payout.accepted_at, payout.arrived_at)]
    return max(at for at in times if at is not None).replace(microsecond=0)
