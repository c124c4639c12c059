"""The whole way from an approved case to the channel's own books, over lines that lose, bend and forget."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.adapters.channels import Channel
from core.adapters.tables import payments
from tests.core.adapters.test_channel_contract import REAL, adapter
from tests.shop import Shop, open_shop
from tests.standin.server import Spacing, Standin, running

LOST = ("lose_reply", "reset_after", "error_after", "malformed", "lone_brace", "reset_before", "error_before")
REFUSED_FOR_NOW = ("too_often", "low_funds", "wrong_signature")
# Each call of each channel goes wrong one way or another in about two of three times.
LIES = [
    *({"do": word, "chance": 0.1} for word in LOST),
    *({"op": "refund", "do": word, "chance": 0.08} for word in REFUSED_FOR_NOW),
]


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    with running(tmp_path / "far.db", spacing=Spacing(0, 0)) as up:
        yield up


@pytest.fixture
def shop(database_url: str, tmp_path: Path, standin: Standin) -> Shop:
    """A shop whose channels are the real ones; its clock begins at the machine's time, as signatures must."""
    shop = open_shop(database_url, tmp_path)
    shop.clock.at = datetime.now(UTC)
    channels: dict[str, Channel] = {name: adapter(standin, name, shop.clock) for name in REAL}  # type: ignore[arg-type]
    shop.app.channels = channels
    return shop


def paid(shop: Shop, standin: Standin, channel: str) -> tuple[str, str]:
    """An order of 100.00 that was paid there, in both books: (order's number, the channel's of the trade)."""
    order_no = shop.order((channel, 10_000))
    row = shop.payment(order_no)
    trade_no = {"alipay": "2026112022001400", "wechat": "4200001000202611", "card": "pi_standin"}[channel]
    trade_no += f"{row.id:012d}"
    with shop.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.id == row.id).values(trade_no=trade_no))
    standin.books.pay(channel, trade_no, 10_000, order_no=order_no)
    return order_no, trade_no


def finish(shop: Shop, standin: Standin, cases: list[str]) -> list[str]:
    """Let the worker run, often in the first hours as it does, then for a fortnight; the cases' states.

    What waits at the channel for the shop's funds is decided after the first hours.
    """
    for minutes in [5] * 40 + [6 * 60] * 56:
        shop.work(minutes=minutes)
        if minutes > 5:
            standin.settle()
        if all(shop.view(case_no).state == "completed" for case_no in cases):
            break
    return [shop.view(case_no).state for case_no in cases]


@pytest.mark.parametrize("channel", REAL)
def test_the_money_arrives_once_over_a_line_that_lies(shop: Shop, standin: Standin, channel: str) -> None:
    """Invariants 1, 5, 6, 7: every refund completes, and the channel's books say what ours say."""
    orders = [paid(shop, standin, channel) for _ in range(4)]
    cases = [shop.apply(order_no, 4_000).case_no for order_no, _ in orders]
    standin.faults.replace(LIES, seed=11)
    states = finish(shop, standin, cases)
    standin.faults.replace([])
    assert states == ["completed"] * 4
    struck = standin.books.rows("SELECT fault FROM calls WHERE fault != ''")
    assert len(struck) >= 4, "the line was too good to prove anything"
    with shop.app.read() as conn:
        rows = conn.execute(select(payments.c.trade_no, payments.c.refunded_minor)).all()
    ours = {row.trade_no: row.refunded_minor for row in rows}
    assert ours == {trade_no: standin.books.refunded(channel, trade_no) for _, trade_no in orders}
    assert set(ours.values()) == {4_000}
    assert shop.audit() == []


def test_a_closed_card_comes_back_and_people_find_another_way(shop: Shop, standin: Standin) -> None:
    """R4.3: WeChat Pay's ABNORMAL ends in talks, not in silence, and the account counts as closed."""
    order_no, trade_no = paid(shop, standin, "wechat")
    case_no = shop.apply(order_no, 4_000).case_no
    standin.faults.replace([{"op": "refund", "do": "card_closed"}])
    for _ in range(4):
        shop.work(minutes=2)
    assert shop.view(case_no).state == "negotiating"
    assert shop.payment(order_no).is_open is False
    assert standin.books.refunded("wechat", trade_no) == 4_000, "the channel still holds it"
    assert shop.audit() == []


def test_low_funds_wait_until_somebody_tops_up(shop: Shop, standin: Standin) -> None:
    """The way is good and the customer is told nothing wrong: the same request goes out again and again."""
    order_no, trade_no = paid(shop, standin, "alipay")
    standin.books.set_funds("alipay", 3_999)
    case_no = shop.apply(order_no, 4_000).case_no
    for _ in range(5):
        shop.work(minutes=2)
    [payout] = shop.payouts(case_no)
    assert (payout.state, payout.cause) == ("unknown", "low_funds")
    assert standin.books.refunded("alipay", trade_no) == 0
    standin.books.set_funds("alipay", 4_000)
    assert finish(shop, standin, [case_no]) == ["completed"]
    [payout] = shop.payouts(case_no)
    assert payout.state == "arrived" and standin.books.refunded("alipay", trade_no) == 4_000
    assert shop.audit() == []
