"""Who is here: sessions that can be ended, and guests who prove an order by its number, amount and time of
payment.

Tokens are stored hashed. A guest learns nothing from a refusal: the same answer, after the same work,
whatever was wrong.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Connection, and_, bindparam, case, delete, func, insert, or_, select, update

from core.adapters.database import serialize
from core.adapters.prepared import Prepared
from core.adapters.tables import customers, guest_tries, notices, orders, sessions
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.asked import LONGEST_NUMBER, is_number
from core.domain.errors import AmountInvalid, DemoOnly, NotAllowed, NotFound, TooManyTries
from core.domain.lifecycle import ROLES
from core.domain.money import parse_minor
from core.domain.notices import HELD
from core.domain.workdays import ZONE

SESSION_MINUTES: Final = 12 * 60
IDLE: Final = timedelta(minutes=60)  # without an act of its owner a session is over
SEEN_EVERY: Final = timedelta(minutes=5)  # how exactly the last act is kept
GUEST_MINUTES: Final = 30
ENDED_KEPT: Final = timedelta(days=30)
TRIES: Final = 5  # for one order …
TRIES_OF_ADDRESS: Final = 20  # … from one address (a household, an office) …
TRIES_OF_ALL: Final = 300  # … and by everybody, in
WINDOW: Final = timedelta(minutes=15)
_TRIES_LOCK: Final = 7_245_003
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3])[:：]([0-5][0-9])", re.ASCII)

# The demo's staff: one person of each role, two who review, so that a second person can always be found.
DEMO_STAFF: Final = (
    ("support", "he-min", "何敏"),
    ("reviewer", "zhou-lan", "周岚"),
    ("reviewer", "qian-yu", "钱宇"),
    ("lead", "tang-wei", "唐薇"),
    ("arbiter", "shen-bo", "沈博"),
    ("finance", "gu-ning", "顾宁"),
    ("policy", "lu-jing", "陆静"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be in the demo."""

    role: str
    id: str
    name: str


# Their unread notices are counted with them, so that the bell costs no query of its own.
_UNREAD: Final = select(func.count()).select_from(notices)
_SESSION: Final = Prepared(
    select(
        sessions.c.role,
        sessions.c.person_id,
        sessions.c.order_no,
        sessions.c.expires_at,
        sessions.c.ended_at,
        sessions.c.seen_at,
        sessions.c.proved_at,
        case(
            (
                sessions.c.role == "customer",
                _UNREAD.where(
                    notices.c.customer_id == sessions.c.person_id, notices.c.read_at.is_(None)
                ).scalar_subquery(),
            ),
            (
                sessions.c.role == "guest",
                _UNREAD.where(
                    notices.c.order_no == sessions.c.order_no,
                    notices.c.guest_read_at.is_(None),
                    or_(and_(*(notices.c.kind != kind for kind in HELD)), notices.c.customer_id == ""),
                ).scalar_subquery(),
            ),
            else_=0,
        ).label("unread"),
    ).where(sessions.c.token_sha256 == bindparam("digest"))
)
_ORDER: Final = select(orders.c.order_no, orders.c.amount_minor, orders.c.currency, orders.c.paid_at).where(
    orders.c.order_no.in_((bindparam("order_no"), bindparam("typed")))
)


def demo_people(app: App) -> tuple[Person, ...]:
    """The demo's customers, then its staff; `DemoOnly` elsewhere."""
    if not app.demo:
        raise DemoOnly()
    with app.read() as conn:
        rows = conn.execute(select(customers.c.id, customers.c.name).order_by(customers.c.id).limit(50)).all()
    buyers = tuple(Person("customer", row.id, row.name) for row in rows)
    return buyers + tuple(Person(*staff) for staff in DEMO_STAFF)


def open_session(
    app: App, role: str, person_id: str, order_no: str | None = None, minutes: int = SESSION_MINUTES
) -> str:
    """A new session's token: the caller hands it over once, only its hash is kept. Who they are was checked
    before.
    """
    if role not in ROLES or role == "system" or (role == "guest") != (order_no is not None):
        raise NotAllowed(role=role)
    with app.begin() as conn:
        return opened(app, conn, role, person_id, order_no, minutes)


def opened(
    app: App,
    conn: Connection,
    role: str,
    person_id: str,
    order_no: str | None = None,
    minutes: int = SESSION_MINUTES,
    *,
    proved_at: datetime | None = None,
    sign_in: str | None = None,
) -> str:
    """`open_session` inside a transaction. `sign_in`: what it came from, good for one session only."""
    token = secrets.token_urlsafe(32)
    now = app.now()
    conn.execute(
        insert(sessions).values(
            token_sha256=_digest(token),
            role=role,
            person_id=person_id,
            order_no=order_no,
            created_at=now,
            expires_at=now + timedelta(minutes=minutes),
            seen_at=now,
            proved_at=proved_at,
            sign_in=sign_in,
        )
    )
    return token


def forget_ended(app: App) -> int:
    """Delete sessions that ended long ago: until then who comes back hears whose it was."""
    before = app.now() - ENDED_KEPT
    over = or_(sessions.c.ended_at < before, sessions.c.expires_at < before)
    with app.begin() as conn:
        return conn.execute(delete(sessions).where(over)).rowcount


def who(app: App, token: str) -> Actor | None:
    """The person of this token; None when it is unknown, over or ended."""
    found = greet(app, token)
    return found[0] if found else None


def greet(app: App, token: str, *, is_act: bool = False) -> tuple[Actor, int] | None:
    """`who`, with how many notices they have not read. `is_act`: its owner did something, so it is not idle;
    a page that looks by itself does not keep a session open.
    """
    digest, now = _digest(token), app.now()
    with app.glance() as conn:
        row = _SESSION.first(conn, {"digest": digest})
    if row is None or row.ended_at is not None or row.expires_at <= now:
        return None
    idle = now - row.seen_at if row.seen_at is not None else timedelta(0)
    if idle >= IDLE:
        return None
    if is_act and idle >= SEEN_EVERY:
        with app.begin() as conn:
            conn.execute(update(sessions).where(sessions.c.token_sha256 == digest).values(seen_at=now))
    return Actor(row.role, row.person_id, row.order_no, row.proved_at), row.unread


def whose(app: App, token: str) -> Actor | None:
    """Whose session this was, over or not: for who comes back with it to read where to sign in again."""
    with app.glance() as conn:
        row = _SESSION.first(conn, {"digest": _digest(token)})
    return None if row is None else Actor(row.role, row.person_id, row.order_no)


def end_session(app: App, token: str) -> None:
    """Sign out: the token is worth nothing from now on, on every machine."""
    with app.begin() as conn:
        conn.execute(
            update(sessions)
            .where(sessions.c.token_sha256 == _digest(token), sessions.c.ended_at.is_(None))
            .values(ended_at=app.now())
        )


def end_all(app: App, actor: Actor) -> int:
    """Sign out everywhere; answers how many sessions ended. A guest has no others that are known to be
    theirs.
    """
    with app.begin() as conn:
        return ended_all(app, conn, actor.id)


def ended_all(app: App, conn: Connection, person_id: str) -> int:
    """`end_all` inside a transaction."""
    theirs = (sessions.c.person_id == person_id, sessions.c.person_id != "", sessions.c.ended_at.is_(None))
    return conn.execute(update(sessions).where(*theirs).values(ended_at=app.now())).rowcount


def prove_order(
    app: App, order_no: str, amount_text: str, paid_on: date, address: str, *, paid_time: str = ""
) -> str:
    """A guest's session for the one order whose number, amount and time of payment they know (R2.1).

    `paid_on` may be a datetime, or a date with `paid_time` as HH:MM in Shanghai; without a time the day is
    enough. Refusals: `AmountInvalid`, `TooManyTries(minutes)`, and one `NotFound` for everything that does
    not fit.
    """
    # A shape that is wrong anyway is said before it counts as a try.
    typed = order_no.strip()
    asked = "".join(typed.split())  # parted to be read; tries of both spellings are tries of one order
    day, clock = _moment(paid_on, paid_time)
    parse_minor(amount_text.strip())
    now = app.now()
    with app.begin() as conn:
        serialize(conn, _TRIES_LOCK)
        _count_try(conn, asked[:LONGEST_NUMBER], address[:64], now)
    with app.begin() as conn:
        spelled = {"order_no": asked, "typed": typed}
        told = {name: number if is_number(number) else "" for name, number in spelled.items()}
        rows = {row.order_no: row for row in conn.execute(_ORDER, told)}
        row = rows.get(typed) or rows.get(asked)
        # The same comparisons with and without an order: time tells a stranger nothing.
        amount = row.amount_minor if row else 1
        paid_at = (row.paid_at if row else now).astimezone(ZONE)
        fits = hmac.compare_digest(str(amount), _told(amount_text, row.currency if row else "CNY"))
        fits &= paid_at.date() == day
        fits &= clock is None or (paid_at.hour, paid_at.minute) == (clock.hour, clock.minute)
        if row is None or not fits:
            raise NotFound()
        return opened(app, conn, "guest", "", row.order_no, GUEST_MINUTES)


def _told(amount_text: str, currency: str) -> str:
    """The amount in this currency's units; what it has no parts for is an amount of no order in it."""
    try:
        return str(parse_minor(amount_text.strip(), currency))
    except AmountInvalid:
        return ""


def _moment(paid_on: date, paid_time: str) -> tuple[date, time | None]:
    if isinstance(paid_on, datetime):
        local = paid_on.astimezone(ZONE) if paid_on.tzinfo else paid_on
        return local.date(), local.time()
    found = _CLOCK.fullmatch(paid_time.strip()) if paid_time.strip() else None
    if paid_time.strip() and found is None:
        raise NotFound()
    return paid_on, time(int(found[1]), int(found[2])) if found else None


def _count_try(conn: Connection, order_no: str, address: str, now: datetime) -> None:
    """Committed before anything is compared, so that a refusal counts as well."""
    t = guest_tries.c
    since = now - WINDOW
    conn.execute(delete(guest_tries).where(or_(t.at <= since - WINDOW, t.at > now + WINDOW)))
    limits = (
        (t.order_no == order_no, TRIES),
        (t.address == address, TRIES_OF_ADDRESS),
        (t.at > since, TRIES_OF_ALL),
    )
    for which, most in limits:
        count, oldest = conn.execute(select(func.count(), func.min(t.at)).where(which, t.at > since)).one()
        if count >= most:
            wait = (oldest + WINDOW - now) if oldest is not None else WINDOW
            raise TooManyTries(minutes=max(1, -(-int(wait.total_seconds()) // 60)))
    conn.execute(insert(guest_tries).values(order_no=order_no, address=address, at=now))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
