"""Sessions that can be ended, and guests who prove one order, for minutes, with few tries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from core.adapters.tables import sessions
from core.app import App
from core.domain.actors import Actor
from core.domain.errors import AmountInvalid, DemoOnly, NotAllowed, NotFound, TooManyTries
from core.services import identity
from tests.shop import Shop

PAID = datetime(2026, 8, 31, 9, 58, 30, tzinfo=UTC)  # 17:58 in Shanghai
DAY = date(2026, 8, 31)


def prove(
    shop: Shop,
    order_no: str,
    amount: str = "100.00",
    day: date = DAY,
    address: str = "10.0.0.1",
    time: str = "17:58",
) -> str:
    return identity.prove_order(shop.app, order_no, amount, day, address, paid_time=time)


@pytest.fixture
def order_no(shop: Shop) -> str:
    return shop.order(customer="", paid_at=PAID)


def test_a_session_until_it_ends(shop: Shop) -> None:
    """FACTS: unlike a signed cookie it can be taken back."""
    token = identity.open_session(shop.app, "customer", "mei", minutes=60)
    assert identity.who(shop.app, token) == Actor("customer", "mei")
    shop.clock.advance(timedelta(minutes=59))
    assert identity.who(shop.app, token) is not None
    identity.end_session(shop.app, token)
    assert identity.who(shop.app, token) is None

    token = identity.open_session(shop.app, "lead", "tang-wei", minutes=60)
    shop.clock.advance(timedelta(minutes=60))
    assert identity.who(shop.app, token) is None


@pytest.mark.parametrize("token", ["", "x", "a" * 10_000, "' OR 1=1 --", "\ud800"])
def test_what_is_no_token(sqlite_shop: Shop, token: str) -> None:
    assert identity.who(sqlite_shop.app, token) is None


def test_the_database_does_not_know_the_token(shop: Shop) -> None:
    """Who reads the table cannot be anybody."""
    token = identity.open_session(shop.app, "customer", "mei")
    with shop.app.read() as conn:
        [stored] = conn.execute(select(sessions.c.token_sha256)).scalars()
    assert token not in stored and identity.who(shop.app, stored) is None


def test_nobody_signs_in_as_the_system(sqlite_shop: Shop) -> None:
    for role, scope in (("system", None), ("king", None), ("guest", None), ("customer", "OD1")):
        with pytest.raises(NotAllowed):
            identity.open_session(sqlite_shop.app, role, "x", scope)


def test_a_guest_proves_an_order(shop: Shop, order_no: str) -> None:
    """R2.1, invariant 12: this order only, for minutes."""
    token = prove(shop, f" {order_no} ", "100")
    actor = identity.who(shop.app, token)
    assert actor == Actor("guest", "", order_no)
    shop.clock.advance(timedelta(minutes=31))
    assert identity.who(shop.app, token) is None


def test_the_day_is_enough_when_the_time_is_not_known(shop: Shop, order_no: str) -> None:
    assert identity.who(shop.app, prove(shop, order_no, time="")) is not None
    assert identity.prove_order(shop.app, order_no, "100.00", PAID, "10.0.0.9")


@pytest.mark.parametrize(
    "wrong",
    [
        {"order_no": "OD99999"},
        {"order_no": "' OR 1=1 --"},
        {"order_no": "x" * 5_000},
        {"amount": "100.01"},
        {"amount": "10000"},
        {"day": date(2026, 9, 1)},
        {"time": "17:57"},
        {"time": "noon"},
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(
    shop: Shop, order_no: str, wrong: dict[str, object]
) -> None:
    """Invariant 12: a stranger does not learn which part was right."""
    with pytest.raises(NotFound) as refused:
        prove(shop, **{"order_no": order_no, **wrong})  # type: ignore[arg-type]
    assert refused.value.params == {}


@pytest.mark.parametrize("amount", ["", "-100", "１００", "NaN", "1e2", "100.001"])
def test_what_is_no_amount_is_said_before_it_counts(shop: Shop, order_no: str, amount: str) -> None:
    for _ in range(identity.TRIES + 1):
        with pytest.raises(AmountInvalid):
            prove(shop, order_no, amount)
    assert prove(shop, order_no)


def test_five_tries_for_an_order(shop: Shop, order_no: str) -> None:
    """R2.1: from any number of addresses, existing or not; then a pause, and the right answer works again."""
    for wanted in (order_no, "OD-NONE"):
        for n in range(identity.TRIES):
            with pytest.raises(NotFound):
                prove(shop, wanted, "1.00", address=f"10.1.{n}.1")
        with pytest.raises(TooManyTries) as refused:
            prove(shop, wanted, "100.00", address="10.9.9.9")
        assert refused.value.params == {"minutes": 15}
    shop.clock.advance(timedelta(minutes=15, seconds=1))
    assert prove(shop, order_no)


def test_one_address_does_not_walk_through_the_orders(sqlite_shop: Shop) -> None:
    for n in range(identity.TRIES_OF_ADDRESS):
        with pytest.raises(NotFound):
            prove(sqlite_shop, f"OD-{n}")
    with pytest.raises(TooManyTries):
        prove(sqlite_shop, "OD-next")
    with pytest.raises(NotFound):
        prove(sqlite_shop, "OD-next", address="10.0.0.2")


def test_many_addresses_do_not_either(sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "TRIES_OF_ALL", 8)
    for n in range(8):
        with pytest.raises(NotFound):
            prove(sqlite_shop, f"OD-{n}", address=f"10.0.0.{n}")
    with pytest.raises(TooManyTries):
        prove(sqlite_shop, "OD-next", address="10.0.1.1")


def test_the_people_of_the_demo_are_for_the_demo(sqlite_shop: Shop) -> None:
    with pytest.raises(DemoOnly):
        identity.demo_people(sqlite_shop.app)
    app = sqlite_shop.app
    demo = App(engine=app.engine, clock=app.clock, channels={}, store=app.store, demo=True)
    people = identity.demo_people(demo)
    assert {person.role for person in people} >= {
        "customer",
        "support",
        "reviewer",
        "lead",
        "arbiter",
        "finance",
    }
    assert [person.id for person in people if person.role == "customer"] == ["mei", "wei"]


def test_sessions_that_ended_long_ago_are_forgotten(shop: Shop) -> None:
    """A month later: ended by their owner, or run out; what lives stays."""
    ended = identity.open_session(shop.app, "customer", "mei")
    identity.end_session(shop.app, ended)
    ran_out = identity.open_session(shop.app, "customer", "mei", minutes=1)
    shop.clock.advance(identity.ENDED_KEPT)
    living = identity.open_session(shop.app, "customer", "mei")
    assert identity.forget_ended(shop.app) == 0
    shop.clock.advance(timedelta(minutes=2))
    assert identity.forget_ended(shop.app) == 2
    assert identity.who(shop.app, living) is not None
    assert identity.whose(shop.app, ended) is None and identity.whose(shop.app, ran_out) is None
