"""Prepared statements say and answer the same as SQLAlchemy's own way, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, event, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.adapters import database
from core.adapters.prepared import Prepared
from core.adapters.tables import cases, customers, orders, settings

AT = datetime(2026, 9, 1, 4, 0, 0, 123_456, tzinfo=UTC)
COLUMNS = [
    "order_no", "customer_id", "product", "kind", "amount_minor", "currency", "delivery", "paid_at",
    "completed_at", "escrow", "source", "digest",
]  # fmt: skip
INSERT = Prepared(insert(orders).inline(), COLUMNS)
SELECT = (
    select(orders.c.order_no, orders.c.paid_at, orders.c.completed_at, orders.c.escrow, orders.c.quantity)
    .where(orders.c.paid_at <= bindparam("until", type_=orders.c.paid_at.type), orders.c.kind == "game_card")
    .order_by(orders.c.order_no)
    .limit(2)
)


def order(number: int, **more: object) -> dict[str, object]:
    return {
        "order_no": f"O{number}", "customer_id": "c", "product": "卡", "kind": "game_card",
        "amount_minor": 2**40,
        "currency": "CNY", "delivery": "pending", "paid_at": AT, "completed_at": None, "escrow": number == 1,
        "source": "shop", "digest": "%s ? :x", **more,
    }  # fmt: skip


def test_the_same_rows_with_the_same_types(database_url: str) -> None:
    """Instants, flags, empty values, defaults and constants inside the statement."""
    base = database.engine(database_url)
    with database.writer(base).begin() as conn:
        INSERT.insert(conn, [order(n) for n in range(3)])
    with database.reader(base).begin() as conn:
        ours = Prepared(SELECT).all(conn, {"until": AT})
        assert [tuple(row) for row in ours] == [tuple(row) for row in conn.execute(SELECT, {"until": AT})]
        assert (ours[1].paid_at, ours[1].completed_at, ours[1].escrow, ours[1].quantity) == (
            AT,
            None,
            True,
            1,
        )
        assert Prepared(SELECT).first(conn, {"until": AT.replace(year=2025)}) is None
        assert conn.execute(select(orders.c.amount_minor)).scalars().first() == 2**40


def test_a_change_says_how_many_rows(database_url: str) -> None:
    change = Prepared(
        update(orders).where(orders.c.delivery == bindparam("was")).values(delivery=bindparam("to"))
    )
    with database.writer(database.engine(database_url)).begin() as conn:
        INSERT.insert(conn, [order(n) for n in range(3)])
        assert change.change(conn, {"was": "pending", "to": "redeemed"}) == 3
        assert change.change(conn, {"was": "pending", "to": "redeemed"}) == 0


def test_errors_are_sqlalchemys_and_the_transaction_is_undone(database_url: str) -> None:
    """Who catches a conflict catches it here too."""
    base = database.engine(database_url)
    with pytest.raises(IntegrityError) as caught, database.writer(base).begin() as conn:
        INSERT.change(conn, order(1))
        INSERT.change(conn, order(1))
    assert database.is_conflict(caught.value)
    with database.reader(base).begin() as conn:
        assert conn.execute(select(orders)).all() == []


def test_a_missing_value_is_a_fault_of_the_caller(sqlite_url: str) -> None:
    with pytest.raises(KeyError), database.writer(database.engine(sqlite_url)).begin() as conn:
        INSERT.change(conn, {"order_no": "O1"})


def test_listeners_hear_of_it(sqlite_url: str) -> None:
    """What counts or records statements does not miss the busiest ones."""
    base = database.engine(sqlite_url)
    heard: list[str] = []

    def listen(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(base, "before_cursor_execute", listen)
    with database.reader(base).begin() as conn:
        Prepared(select(settings)).all(conn, {})
        Prepared(select(customers)).first(conn, {})
        Prepared(select(cases.c.case_no).with_for_update()).all(conn, {})
    event.remove(base, "before_cursor_execute", listen)
    assert len(heard) == 3 and not any("FOR UPDATE" in statement for statement in heard)
