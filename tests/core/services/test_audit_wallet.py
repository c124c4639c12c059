"""The audit finds what somebody did to balances and vouchers behind the portal's back, each by its name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from core.adapters.tables import (
    balance_lots,
    ledger_entries,
    lot_uses,
    notices,
    payouts,
    spends,
    voucher_events,
    vouchers,
)
from core.services import wallet
from core.services.audit import wallet as checks
from tests.core.services.test_vouchers import issued
from tests.core.services.test_wallet import pay, refunded
from tests.shop import MEI, SUPPORT, WEI, Shop
from tests.vandal import tampering

_l, _u, _s, _v, _e = balance_lots.c, lot_uses.c, spends.c, vouchers.c, voucher_events.c


@dataclass(frozen=True)
class House:
    """Lots by id: wei's that ended, mei's two, the first begun, and the one that a code became. Vouchers: one
    that ended, one redeemed, one that is good and was shown.
    """

    shop: Shop
    ended: int
    first: int
    second: int
    from_code: int
    over: int
    redeemed: int
    good: int


@pytest.fixture
def house(shop: Shop) -> House:
    refunded(shop, 700, WEI)
    over, _ = issued(shop)
    shop.work(days=400)
    refunded(shop, 1_000)
    shop.clock.advance(timedelta(days=1))
    refunded(shop, 2_000)
    shop.clock.advance(timedelta(days=1))
    pay(shop, 400, "S-1")
    redeemed, _ = issued(shop)
    wallet.redeem(shop.app, MEI, wallet.show_code(shop.app, MEI, redeemed, 0), "mei", "r1")
    good, _ = issued(shop, "discount")
    wallet.show_code(shop.app, MEI, good, 0)
    assert shop.audit() == []
    with shop.app.read() as conn:
        lots = conn.execute(select(_l.id).order_by(_l.id)).scalars().all()
    return House(shop, *lots, over=over, redeemed=redeemed, good=good)


def _lot(conn: Connection, number: int, **values: Any) -> None:
    conn.execute(update(balance_lots).where(_l.id == number).values(**values))


def _voucher(conn: Connection, number: int, **values: Any) -> None:
    conn.execute(update(vouchers).where(_v.id == number).values(**values))


def _use(conn: Connection, is_spend: bool, **values: Any) -> None:
    which = _u.spend_id.is_not(None) if is_spend else _u.spend_id.is_(None)
    conn.execute(update(lot_uses).where(which).values(**values))


def _ledger(conn: Connection, beginning: str) -> None:
    conn.execute(delete(ledger_entries).where(ledger_entries.c.movement.startswith(beginning)))


def _out_of_order(conn: Connection, h: House) -> None:
    """The other one would have ended first."""
    first = conn.execute(select(_l.expires_at).where(_l.id == h.first)).scalar_one()
    _lot(conn, h.second, expires_at=first - timedelta(hours=1))


def _gone(conn: Connection, h: House) -> None:
    conn.execute(delete(voucher_events).where(_e.voucher_id == h.good))
    conn.execute(delete(vouchers).where(_v.id == h.good))


def _not_arrived(conn: Connection, h: House) -> None:
    payout = select(_v.payout_id).where(_v.id == h.good).scalar_subquery()
    values = {"state": "accepted", "due_at": h.shop.clock.at}
    conn.execute(update(payouts).where(payouts.c.id == payout).values(values))


def _event(conn: Connection, number: int, event: str, **values: Any) -> None:
    conn.execute(update(voucher_events).where(_e.voucher_id == number, _e.event == event).values(**values))


Plant = Callable[[Connection, House], Any]
LONG: Any = timedelta(days=500)

PLANTED: list[tuple[int, str, Plant]] = [
    (3, "movement_missing", lambda c, h: _ledger(c, "spend:")),
    (3, "movement_missing", lambda c, h: _ledger(c, "expire:lot:")),
    (3, "movement_missing", lambda c, h: _ledger(c, "expire:voucher:")),
    (3, "movement_missing", lambda c, h: _ledger(c, "redeem:")),
    (3, "movement_without_cause", lambda c, h: c.execute(delete(spends))),
    (19, "ended_too_early", lambda c, h: _use(c, False, at=h.shop.clock.at - LONG)),
    (19, "expiry_shortened", lambda c, h: _voucher(c, h.good, expires_at=h.shop.clock.at)),
    (20, "code_shown_to_another", lambda c, h: _event(c, h.good, "shown", made_by=str(SUPPORT))),
    (20, "code_shown_to_another", lambda c, h: _event(c, h.good, "shown", made_by=str(WEI))),
    (20, "code_kept", lambda c, h: _voucher(c, h.good, code_sha256="ABCDE-FGHJK-MNPQR-STUVW")),
    (
        21,
        "notice_astray",
        lambda c, h: c.execute(
            update(notices).where(notices.c.kind == "balance_expired").values(customer_id="mei")
        ),
    ),
    (24, "remaining_differs", lambda c, h: _lot(c, h.first, remaining_minor=601)),
    (24, "remaining_differs", lambda c, h: _use(c, True, amount_minor=399)),
    (24, "remaining_differs", lambda c, h: _lot(c, h.second, remaining_minor=-1)),
    (24, "end_forgotten", lambda c, h: _lot(c, h.second, expires_at=h.shop.clock.at - timedelta(days=2))),
    (24, "spent_after_its_end", lambda c, h: _use(c, True, at=h.shop.clock.at + LONG)),
    (24, "spend_differs", lambda c, h: c.execute(update(spends).values(amount_minor=401))),
    (24, "spent_of_another", lambda c, h: c.execute(update(spends).values(customer_id="wei"))),
    (24, "use_without_spend", lambda c, h: c.execute(delete(spends))),
    (24, "not_first_to_end", _out_of_order),
    (24, "voucher_missing", _gone),
    (24, "voucher_without_arrival", _not_arrived),
    (24, "voucher_differs", lambda c, h: _voucher(c, h.good, amount_minor=10_001)),
    (24, "voucher_differs", lambda c, h: _voucher(c, h.good, customer_id="wei")),
    (24, "redeemed_otherwise", lambda c, h: _lot(c, h.from_code, amount_minor=20_000)),
    (24, "redeemed_otherwise", lambda c, h: _lot(c, h.from_code, expires_at=h.shop.clock.at)),
    (24, "redeemed_otherwise", lambda c, h: c.execute(delete(balance_lots).where(_l.id == h.from_code))),
    (
        24,
        "voucher_story_differs",
        lambda c, h: c.execute(delete(voucher_events).where(_e.event == "shown")),
    ),
    (24, "voucher_story_differs", lambda c, h: _voucher(c, h.over, state="open", closed_at=None)),
    (24, "liability_differs", lambda c, h: _ledger(c, "redeem:")),
    (24, "liability_differs", lambda c, h: _ledger(c, "arrive:")),
]


@pytest.mark.parametrize(
    ("invariant", "code", "plant"), PLANTED, ids=[f"{i}-{code}" for i, code, _ in PLANTED]
)
def test_each_corruption_is_found(house: House, invariant: int, code: str, plant: Plant) -> None:
    with tampering(house.shop.app) as conn:
        plant(conn, house)
    assert (invariant, code) in {(found.invariant, found.code) for found in house.shop.audit()}


def test_every_finding_of_the_wallet_is_planted() -> None:
    """A check that nobody has ever seen find something is none."""
    codes = set(re.findall(r'Finding\(\d+, "(\w+)"', inspect.getsource(checks)))
    assert codes == {code for _, code, _ in PLANTED} - {"movement_missing", "movement_without_cause"}
