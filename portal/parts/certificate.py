"""What a certificate is worth and what it says, in HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from core import wording
from core.domain.certificate import Certificate
from core.services import certificates
from core.services.certificates import Checked
from core.texts import Texts
from portal.html import esc, ms

_LOOKS: Final = {  # verdict → icon and colour
    "genuine": ("verified", "ok"),
    "superseded": ("history", "act"),
    "altered": ("gpp_bad", "no"),
    "unknown_key": ("help", "act"),
    "unreadable": ("search_off", ""),
}
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)  # a certificate's dates have their year


def checked(tx: Texts, found: Checked, *, now: datetime) -> str:
    """The verdict, how the refund stands today, and what the certificate says."""
    icon, css = _LOOKS[found.verdict]
    given = found.certificate
    says = tx(f"verify.{found.verdict}.says", shop=given.shop if given else "")
    today = ""
    if found.today is not None:
        sentence = wording.sentence(tx, found.today.locator, now)
        today = f"<h3>{esc(tx('verify.today'))}</h3><p>{esc(sentence)}</p>"
    words = _words(tx, given) if given else ""
    return (
        f'<section class="proved {css}" role="status"><span class="seal">{ms(icon)}</span>'
        f"<div><h2>{esc(tx(f'verify.{found.verdict}'))}</h2><p>{esc(says)}</p>{today}{words}</div></section>"
    )


def _words(tx: Texts, given: Certificate) -> str:
    rows = [
        (tx("certificate.case"), given.case_no),
        (tx("certificate.order"), given.order_no),
        (tx("certificate.refund"), tx.money(given.refund_minor, given.currency)),
        (tx("certificate.as_of"), tx.when(given.as_of, _LONG_AGO)),
    ]
    for leg in given.legs:
        name = f"{tx(f'channel.{leg.channel}')} {leg.account}".strip()
        rows.append((name, f"{tx.money(leg.amount_minor, given.currency)} · {certificates.came_of(tx, leg)}"))
        if leg.reference:
            rows.append((tx("certificate.leg.reference"), leg.reference))
    listed = "".join(
        f"<div><dt>{esc(name)}</dt><dd><bdi>{esc(value)}</bdi></dd></div>" for name, value in rows
    )
    return f'<h3>{esc(tx("verify.says_then"))}</h3><dl class="facts">{listed}</dl>'


def offline(tx: Texts, public_url: str) -> str:
    """How to do without this page."""
    address = f"{public_url.rstrip('/')}/.well-known/jwks.json"
    return (
        f'<p class="note"><b>{esc(tx("verify.offline"))}</b> '
        f"{esc(tx('verify.offline.says', address=address))}</p>"
    )
