"""The audit finds what was done to bills and differences behind the portal's back, each by its own name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, text, update

from core.adapters.tables import (
    bill_differences,
    billed_payouts,
    bills,
    difference_events,
    differences,
    external_refunds,
    ledger_entries,
    payments,
)
from core.services import reconciliation
from tests.core.services.test_reconciliation import drop, external, paid, put_right, shown
from tests.shop import FINANCE, Shop
from tests.vandal import tampering

d, v = differences.c, difference_events.c


@dataclass(frozen=True)
class Books:
    shop: Shop
    posted: int
    proposed: int
    open: int
    order_no: str


@pytest.fixture
def books(shop: Shop, tmp_path: Path) -> Books:
    """A bill with a refund that fits, and three from elsewhere: posted, proposed, and open."""
    _, row = paid(shop)
    order_no = shop.order()
    drop(shop, tmp_path, row, external(shop, order_no), name="a.csv")
    put_right(shop, "only_theirs")
    drop(shop, tmp_path, external(shop, shop.order(), number="CONSOLE-2"), name="b.csv")
    [proposed] = shown(shop, "only_theirs")
    reconciliation.propose(shop.app, FINANCE, [proposed.id], "查过了", "p")
    drop(shop, tmp_path, external(shop, shop.order(), number="CONSOLE-3"), name="c.csv")
    [left] = shown(shop, "only_theirs")
    [posted] = shown(shop, "only_theirs", "posted")
    assert shop.audit() == []
    return Books(shop, posted.id, proposed.id, left.id, order_no)


def _set(conn: Connection, number: int, **values: Any) -> None:
    conn.execute(update(differences).where(d.id == number).values(**values))


def _event(conn: Connection, number: int, event: str, **values: Any) -> None:
    conn.execute(
        update(difference_events).where(v.difference_id == number, v.event == event).values(**values)
    )


def _correction(conn: Connection, number: int, change: Callable[[dict[str, Any]], Any]) -> None:
    told = json.loads(conn.execute(select(d.correction).where(d.id == number)).scalar_one())
    change(told)
    _set(conn, number, correction=json.dumps(told))


def _more(told: dict[str, Any]) -> None:
    """Balanced, and more than the bill says."""
    told["lines"] = [[account, 2 * minor] for account, minor in told["lines"]]


def _as_booked(conn: Connection, h: Books) -> None:
    """The forger has changed the ledger as well."""
    _correction(conn, h.posted, _more)
    mine = ledger_entries.c.movement == f"reconcile:{h.posted}"
    conn.execute(update(ledger_entries).where(mine).values(amount_minor=2 * ledger_entries.c.amount_minor))


def _not_taken(conn: Connection, h: Books) -> None:
    """The books show it, and the customer can be refunded once more."""
    conn.execute(delete(external_refunds))
    conn.execute(update(payments).values(external_minor=0))


Plant = Callable[[Connection, Books], Any]
MOVEMENT = ledger_entries.c.movement
PLANTED: list[tuple[int, str, Plant]] = [
    (
        3,
        "movement_missing",
        lambda c, h: c.execute(delete(ledger_entries).where(MOVEMENT.like("reconcile%"))),
    ),
    (
        3,
        "movement_without_cause",
        lambda c, h: c.execute(
            update(ledger_entries).where(MOVEMENT.like("reconcile%")).values(movement="reconcile:99")
        ),
    ),
    (3, "movement_differs", lambda c, h: _correction(c, h.posted, _more)),
    (11, "correction_differs", _as_booked),
    (3, "correction_unbalanced", lambda c, h: _correction(c, h.proposed, lambda t: t["lines"].pop())),
    (1, "not_taken_up", _not_taken),
    (11, "difference_unowned", lambda c, h: _set(c, h.open, owner="nobody")),
    (11, "difference_altered", lambda c, h: _set(c, h.open, refund_no="CONSOLE-4")),
    (
        11,
        "difference_in_no_bill",
        lambda c, h: c.execute(delete(bill_differences).where(bill_differences.c.difference_id == h.open)),
    ),
    (11, "difference_differs", lambda c, h: _set(c, h.open, state="settled", closed_at=h.shop.clock.at)),
    (
        11,
        "difference_differs",
        lambda c, h: c.execute(delete(difference_events).where(v.event == "propose")),
    ),
    (11, "difference_differs", lambda c, h: _event(c, h.proposed, "propose", seq=7)),
    (13, "difference_by_role", lambda c, h: _event(c, h.posted, "post", actor_role="reviewer")),
    (13, "difference_of_own", lambda c, h: _event(c, h.proposed, "propose", actor_id="mei")),
    (13, "posted_alone", lambda c, h: _event(c, h.posted, "post", actor_id=FINANCE.id)),
    (13, "difference_signed_wrong", lambda c, h: _set(c, h.posted, posted_by="lead:another")),
    (11, "billed_elsewhere", lambda c, h: c.execute(update(bills).values(channel="wechat"))),
    (11, "billed_more", lambda c, h: c.execute(update(bills).values(refunds=0))),
]


@pytest.mark.parametrize(
    ("invariant", "code", "plant"), PLANTED, ids=[f"{i}-{code}" for i, code, _ in PLANTED]
)
def test_each_corruption_is_found(books: Books, invariant: int, code: str, plant: Plant) -> None:
    with tampering(books.shop.app) as conn:
        plant(conn, books)
    assert (invariant, code) in {(found.invariant, found.code) for found in books.shop.audit()}


def test_events_of_differences_are_only_ever_added(books: Books) -> None:
    app = books.shop.app
    with app.begin() as conn:
        if app.engine.dialect.name == "sqlite":
            conn.execute(text("DROP TRIGGER difference_events_no_update"))
        else:
            conn.execute(text("ALTER TABLE difference_events DISABLE TRIGGER difference_events_no_change"))
    found = [(f.code, f.subject) for f in books.shop.audit()]
    assert found == [("not_append_only", "difference_events")]


def test_a_payout_stands_in_its_bill(books: Books) -> None:
    with books.shop.app.read() as conn:
        assert len(conn.execute(select(billed_payouts)).all()) == 1
