"""Signing in with the identity provider: a browser is sent there, and what it brings back becomes a session.

Somebody is who they are by the provider's number for them, (issuer, subject). What their browser holds
meanwhile (`Begun`) is worth nothing without a token that the provider signed for this very sign-in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, and_, delete, func, insert, not_, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from core.adapters import database
from core.adapters.provider import Provider
from core.adapters.tables import accounts, customers, sign_in_tries
from core.adapters.world import App
from core.domain import proof
from core.domain.errors import AccountDiffers, NotFound, Refusal, SignInFailed, TooManySignIns
from core.domain.sign_in import Claimed, believed, signed_out
from core.services import identity

log = structlog.get_logger(__name__)

MINUTES: Final = 10  # from the door to the provider and back
# Each code that is brought back makes us ask the provider, and anybody can make one up.
TRIES_OF_ADDRESS: Final = 20  # that came to nothing, or are under way: from one address …
TRIES_OF_ALL: Final = 300  # … and from all, in
WINDOW: Final = timedelta(minutes=15)
_TRIES_LOCK: Final = 7_245_020

_a = accounts.c


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way; its browser keeps it until it comes back."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who has signed in before."""

    person_id: str
    role: str
    name: str


def begin(app: App, *, as_staff: bool = False, again: bool = False) -> tuple[str, Begun]:
    """Where to send the browser, and what it is to keep. `again`: to prove it anew. `NotFound` where nobody
    can sign in, `ProviderSilent`.
    """
    provider = _provider(app)
    begun = Begun(*(secrets.token_urlsafe(32) for _ in range(3)))
    acr = provider.rules.staff_acr if as_staff else ()
    return provider.address(begun.state, begun.nonce, begun.verifier, acr=acr, again=again), begun


def finish(
    app: App,
    begun: Begun | None,
    *,
    state: str,
    code: str,
    address: str,
    issuer: str | None = None,
    denied: str = "",
) -> tuple[str, str]:
    """Token and role of a new session. `address`: the visitor's, for the limit; '' where nobody can tell.
    `SignInFailed`, `SecondFactorNeeded`, `AccountDiffers`, `ProviderSilent`, `TooManySignIns`; each is
    logged with its reason, nothing of what was brought back is.
    """
    try:
        return _finish(app, begun, state, code, issuer, denied, address)
    except Refusal as refused:
        log.warning("sign_in_refused", code=refused.code, problem=refused.params.get("problem", ""))
        raise


def _finish(
    app: App, begun: Begun | None, state: str, code: str, issuer: str | None, denied: str, address: str
) -> tuple[str, str]:
    provider = _provider(app)
    if begun is None:  # another browser's, or a second time
        raise SignInFailed(problem="not_begun")
    if not hmac.compare_digest(begun.state.encode(), state.encode()):
        raise SignInFailed(problem="state")
    if issuer != provider.rules.issuer and (issuer is not None or provider.names_itself):
        raise SignInFailed(problem="iss_of_answer")
    if denied or not 0 < len(code) <= 2048:
        raise SignInFailed(problem="denied" if denied else "no_code")
    tried = _tried(app, address[:64])
    claims = provider.redeem(code, begun.verifier)
    claimed = believed(claims, provider.rules, begun.nonce, app.now())
    try:
        with app.begin() as conn:
            conn.execute(delete(sign_in_tries).where(sign_in_tries.c.id == tried))
            token = _signed_in(app, conn, claimed, begun.nonce)
    except IntegrityError:
        raise SignInFailed(problem="replayed") from None
    log.info("signed_in", role=claimed.role)
    return token, claimed.role


def _tried(app: App, address: str) -> int:
    """Count a try before anybody is asked, and answer its id: a good one is taken back, so that people who
    sign in never fill the room. `TooManySignIns`.
    """
    t, now = sign_in_tries.c, app.now()
    since = now - WINDOW
    with app.begin() as conn:
        database.serialize(conn, _TRIES_LOCK)
        conn.execute(delete(sign_in_tries).where(or_(t.at <= since, t.at > now + WINDOW)))
        for which, most in ((t.address == address, TRIES_OF_ADDRESS), (true(), TRIES_OF_ALL)):
            if (
                conn.execute(select(func.count()).select_from(sign_in_tries).where(which)).scalar_one()
                >= most
            ):
                raise TooManySignIns()
        made = conn.execute(insert(sign_in_tries).values(address=address, at=now).returning(t.id))
        return int(made.scalar_one())


def _signed_in(app: App, conn: Connection, claimed: Claimed, nonce: str) -> str:
    mine = and_(_a.issuer == claimed.issuer, _a.subject == claimed.subject)
    if conn.execute(select(_a.subject).where(_a.person_id == claimed.person_id, not_(mine))).first():
        raise AccountDiffers()  # somebody else is that person
    who = {"issuer": claimed.issuer, "subject": claimed.subject, "person_id": claimed.person_id}
    values = {"role": claimed.role, "name": claimed.name, "signed_in_at": app.now()}
    # Two devices may come for the first time at once: the second waits here and finds the first one's row.
    new = database.insert(conn, accounts).values(**who, **values)
    conn.execute(new.on_conflict_do_nothing(index_elements=["issuer", "subject"]))
    known = conn.execute(select(accounts).where(mine).with_for_update()).one()
    if known.person_id != claimed.person_id:
        raise AccountDiffers()
    if known.role != claimed.role:  # what was open in the role before ends with it
        identity.ended_all(app, conn, known.person_id)
    conn.execute(update(accounts).where(mine).values(**values))
    if claimed.role == "customer":
        bought = database.insert(conn, customers).values(
            id=claimed.person_id, name=claimed.name or claimed.person_id, created_at=app.now()
        )
        conn.execute(bought.on_conflict_do_nothing(index_elements=["id"]))
    digest = hashlib.sha256(nonce.encode()).hexdigest()
    proved_at = min(claimed.proved_at or proof.NEVER, app.now())
    return identity.opened(app, conn, claimed.role, claimed.person_id, proved_at=proved_at, sign_in=digest)


def people(app: App) -> list[Account]:
    """Who has signed in, staff first."""
    with app.read() as conn:
        rows = conn.execute(select(_a.person_id, _a.role, _a.name).order_by(_a.role, _a.person_id)).all()
    found = [Account(*row) for row in rows]
    return sorted(found, key=lambda account: account.role == "customer")


def account(app: App, person_id: str) -> Account | None:
    """Who this is; None for somebody who never signed in with the provider."""
    with app.read() as conn:
        row = conn.execute(
            select(_a.person_id, _a.role, _a.name).where(_a.person_id == person_id)
        ).one_or_none()
    return None if row is None else Account(*row)


def sign_out(app: App, person_id: str, *, forget: bool = False) -> int:
    """End every session of this person, on every machine; answers how many. `forget`: the next sign-in may
    come from another account at the provider. `NotFound` for somebody who never signed in.
    """
    with app.begin() as conn:
        theirs = _a.person_id == person_id
        if conn.execute(select(_a.person_id).where(theirs)).first() is None:
            raise NotFound()
        if forget:
            conn.execute(delete(accounts).where(theirs))
        return identity.ended_all(app, conn, person_id)


def hear_sign_out(app: App, raw: str) -> int:
    """The provider signs somebody out, or took a role from them: their sessions end. Answers how many.
    `SignInFailed`, `ProviderSilent`, `NotFound` without a provider.
    """
    provider = _provider(app)
    try:
        subject = signed_out(provider.verified(raw), provider.rules, app.now())
    except Refusal as refused:
        log.warning("sign_out_refused", code=refused.code, problem=refused.params.get("problem", ""))
        raise
    mine = (_a.issuer == provider.rules.issuer, _a.subject == subject)
    with app.begin() as conn:
        person = conn.execute(select(_a.person_id).where(*mine)).scalar()
        return identity.ended_all(app, conn, person) if person is not None else 0


def _provider(app: App) -> Provider:
    if app.provider is None:
        raise NotFound()
    return app.provider
