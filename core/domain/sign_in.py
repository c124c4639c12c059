"""What an identity provider says of somebody, and whether it is to be believed: who they are, in which role.

Pure: the signature was checked before (`adapters/provider`), the clock is an argument.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core.domain.errors import SecondFactorNeeded, SignInFailed
from core.domain.lifecycle import ROLES

STAFF_ROLES: Final = tuple(role for role in ROLES if role not in ("customer", "guest", "system"))
# What people choose or change themselves, or what is given to somebody else later: never an identity.
NO_IDENTITY: Final = frozenset(
    {
        "email", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username",
        "profile", "picture", "website", "phone_number", "upn", "unique_name",
    }
)  # fmt: skip
SIGN_OUT: Final = "http://schemas.openid.net/event/backchannel-logout"
SKEW: Final = timedelta(minutes=1)  # between the provider's clock and ours
FRESH: Final = timedelta(minutes=10)  # a token is made for this sign-in, not kept from another
LONGEST: Final = 128  # characters of an identifier
_MOST_SECONDS: Final = 2**36  # of an instant: the year 4147


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose word counts, and which of its claims says what.

    `customer_claim` holds the shop's own number for somebody. `roles` are pairs of a role of the staff and
    the value of `role_claim` that gives it; of several that fit the first counts. Who has none is a customer.
    """

    issuer: str
    client_id: str
    customer_claim: str = "sub"
    role_claim: str = "groups"
    roles: tuple[tuple[str, str], ...] = ()
    staff_acr: tuple[str, ...] = ()  # staff need one of these; () only where nobody is staff


@dataclass(frozen=True, slots=True)
class Claimed:
    """Somebody as the provider knows them. `proved_at`: when they last showed it who they are, if it says."""

    issuer: str
    subject: str
    person_id: str
    role: str
    name: str
    proved_at: datetime | None


def believed(claims: Mapping[str, Any], rules: Rules, nonce: str, now: datetime) -> Claimed:
    """Who signs in. `SignInFailed(problem)`: a word for the log; `SecondFactorNeeded` of staff."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    began, ends = _instant(claims, "iat"), _instant(claims, "exp")
    not_before = _instant(claims, "nbf", default=began)
    told_nonce = claims.get("nonce")
    checks = (
        ("iss", claims.get("iss") == rules.issuer),
        ("aud", rules.client_id in audiences),
        ("azp", claims.get("azp", rules.client_id if len(audiences) == 1 else None) == rules.client_id),
        ("exp", ends is not None and now < ends + SKEW),
        ("iat", began is not None and now - FRESH <= began <= now + SKEW),
        ("nbf", not_before is not None and not_before <= now + SKEW),
        ("nonce", isinstance(told_nonce, str) and hmac.compare_digest(told_nonce.encode(), nonce.encode())),
    )
    for problem, holds in checks:
        if not holds:
            raise SignInFailed(problem=problem)
    subject = _identifier(claims.get("sub"), "sub")
    role = _role(claims.get(rules.role_claim), rules)
    told = claims.get(rules.customer_claim)
    # One person is one id in every role, or somebody could decide a request of their own (invariant 13).
    is_linked = role == "customer" or told is not None
    person_id = _identifier(told, "customer_claim") if is_linked else subject
    if role != "customer" and (not rules.staff_acr or claims.get("acr") not in rules.staff_acr):
        raise SecondFactorNeeded()
    name = claims.get("name")
    shown = _plain(name) if isinstance(name, str) else ""
    return Claimed(rules.issuer, subject, person_id, role, shown, _instant(claims, "auth_time"))


def signed_out(claims: Mapping[str, Any], rules: Rules, now: datetime) -> str:
    """The subject that the provider itself signs out (Back-Channel Logout). `SignInFailed(problem)`."""
    audience = claims.get("aud")
    began, ends, events = _instant(claims, "iat"), _instant(claims, "exp"), claims.get("events")
    checks = (
        ("iss", claims.get("iss") == rules.issuer),
        ("aud", rules.client_id in (audience if isinstance(audience, list) else [audience])),
        ("exp", ends is not None and now < ends + SKEW),
        ("iat", began is not None and now - FRESH <= began <= now + SKEW),
        ("events", isinstance(events, dict) and SIGN_OUT in events),
        ("nonce", "nonce" not in claims),  # or the token of a sign-in would do
    )
    for problem, holds in checks:
        if not holds:
            raise SignInFailed(problem=problem)
    return _identifier(claims.get("sub"), "sub")


def _role(told: Any, rules: Rules) -> str:
    values = told if isinstance(told, list) else [told]
    return next((role for role, value in rules.roles if value in values), "customer")


def _identifier(told: Any, problem: str) -> str:
    """As it stands, never trimmed or folded: two spellings are two identities, and odd ones are none."""
    text = str(told) if isinstance(told, int) and not isinstance(told, bool) else told
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST or text != _plain(text) or " " in text:
        raise SignInFailed(problem=problem)
    # Rows keep people as `role:person`.
    if ":" in text or unicodedata.normalize("NFKC", text) != text:
        raise SignInFailed(problem=problem)
    return text


def _plain(text: str) -> str:
    return "".join(sign for sign in text[:LONGEST] if unicodedata.category(sign)[0] != "C").strip()


def _instant(claims: Mapping[str, Any], name: str, default: datetime | None = None) -> datetime | None:
    told = claims.get(name)
    if told is None:
        return default
    if not isinstance(told, int | float) or not 0 < told < _MOST_SECONDS:
        return None
    return datetime.fromtimestamp(told, UTC)
