"""The books: every movement balances, every cause is booked once, and the sums say what the shop owes."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from core.adapters.tables import ledger_entries
from core.domain import accounts
from core.services import ledger
from tests.shop import LEAD, MEI, Shop


def books(shop: Shop) -> dict[str, int]:
    with shop.app.read() as conn:
        return {account: total for (account, _), total in ledger.trial_balance(conn).items() if total}


def test_a_refund_with_a_fee(shop: Shop) -> None:
    """R4.6: sales go down by what was approved; fee stays, the rest is owed until it has arrived."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    case_no = shop.apply(order_no, reason="other").case_no
    assert books(shop) == {}
    shop.act(case_no, "approve", LEAD)
    assert books(shop) == {accounts.REFUNDS: 10_000, accounts.PAYABLE: -9_500, accounts.FEES: -500}
    shop.work()
    shop.work(days=2)
    assert books(shop) == {accounts.REFUNDS: 10_000, "assets:channel:alipay": -9_500, accounts.FEES: -500}
    assert sum(books(shop).values()) == 0


def test_a_withdrawal_is_the_mirror(shop: Shop) -> None:
    """Nothing is erased: two movements that cancel each other."""
    case_no = shop.apply(shop.order()).case_no
    shop.act(case_no, "withdraw", MEI)
    assert books(shop) == {}
    with shop.app.read() as conn:
        names = set(conn.execute(select(ledger_entries.c.movement)).scalars())
    assert {name.split(":")[0] for name in names} == {"approve", "release"}


def test_the_balance_is_a_debt_of_the_shop(shop: Shop) -> None:
    """R4.4."""
    shop.apply(shop.order(), route="balance")
    shop.work()
    assert books(shop) == {accounts.REFUNDS: 10_000, accounts.BALANCE: -10_000}


def test_a_cause_is_booked_once(shop: Shop) -> None:
    """Invariant 3: the movement's name is the cause, and the database knows it."""
    case_no = shop.apply(shop.order()).case_no
    amounts = {"approved_minor": 10_000, "fee_minor": 0, "fx_minor": 0, "refund_minor": 10_000}
    with pytest.raises(DBAPIError), shop.app.begin() as conn:
        ledger.approved(conn, case_no=case_no, seq=2, at=shop.clock.at, currency="CNY", **amounts)


def test_what_does_not_balance_is_not_booked(sqlite_shop: Shop) -> None:
    """Invariant 3."""
    with pytest.raises(ValueError, match="does not balance"), sqlite_shop.app.begin() as conn:
        ledger.approved(
            conn,
            case_no="R",
            seq=1,
            at=sqlite_shop.clock.at,
            currency="CNY",
            approved_minor=10,
            fee_minor=1,
            fx_minor=0,
            refund_minor=10,
        )


@pytest.mark.parametrize("how", ["update", "delete", "replace"])
def test_entries_never_change(shop: Shop, how: str) -> None:
    """Invariant 3: refused by the database itself."""
    shop.apply(shop.order())
    with pytest.raises(DBAPIError, match="append-only"), shop.app.begin() as conn:
        if how == "update":
            conn.execute(update(ledger_entries).values(amount_minor=0))
        elif how == "delete":
            conn.execute(ledger_entries.delete())
        else:
            if conn.dialect.name == "postgresql":
                pytest.skip("PostgreSQL has no REPLACE")
            row = conn.execute(select(ledger_entries)).first()
            assert row is not None
            conn.execute(insert(ledger_entries).prefix_with("OR REPLACE").values(**row._asdict()))
