"""R6.2: the worker fetches each channel's bill of the day before, once, tries again with growing pauses, and
tells what it could not get.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from core import worker
from core.adapters.channels import ChannelSilent, RefundRequest
from core.adapters.tables import bills, payments
from core.domain.workdays import ZONE, local_date
from core.services import reconciliation
from core.services.reconciliation import fetching
from tests.core.adapters.test_channel_contract import REAL, MovedClock, adapter
from tests.core.services.test_reconciliation import external, shown
from tests.ledgers import Row, bill_of
from tests.shop import FINANCE, LEAD, Shop
from tests.standin.server import Spacing, Standin, running


class Billing:
    """A channel's bills: what is asked for is kept in `asked`, what goes wrong next in `faults`."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.asked: list[date] = []
        self.faults: deque[str] = deque()
        self.rows: dict[date, list[Row]] = {}

    def fetch_bill(self, day: date, folder: Path) -> Path | None:
        self.asked.append(day)
        fault = self.faults.popleft() if self.faults else ""
        if fault == "silent":
            raise ChannelSilent
        if fault == "accident":
            raise RuntimeError("the reader broke")
        if fault == "unread":
            (folder / "x").write_text("not a bill")
            return folder / "x"
        if day not in self.rows:
            return None
        at = datetime.combine(day, datetime.min.time(), ZONE)
        return bill_of(folder / "bill.csv", self.rows[day], at)


@pytest.fixture
def billing(shop: Shop) -> Billing:
    """Alipay hands out bills; it is noon of 1 September."""
    made = Billing(shop)
    shop.alipay.fetch_bill = made.fetch_bill  # type: ignore[attr-defined]
    return made


def state(shop: Shop) -> fetching.Fetch:
    [found] = reconciliation.fetches(shop.app)
    return found


def read(shop: Shop) -> int:
    with shop.app.read() as conn:
        return conn.execute(select(func.count()).select_from(bills)).scalar_one()


def test_yesterdays_bill_once(shop: Shop, billing: Billing) -> None:
    yesterday = local_date(shop.clock.at) - timedelta(days=1)
    row = external(shop, shop.order())
    billing.rows[yesterday] = [row._replace(at=shop.clock.at - timedelta(days=1))]
    for _ in range(3):
        worker.run_until_idle(shop.app)
    assert billing.asked == [yesterday] and read(shop) == 1
    [it] = shown(shop, "only_theirs")
    assert it.found.refund_no == row.number
    assert state(shop).day == yesterday + timedelta(days=1) and state(shop).cause == ""
    assert shop.audit() == []


def test_not_before_the_channel_promises_it(shop: Shop, billing: Billing) -> None:
    shop.clock.at = datetime(2026, 9, 1, 10, 29, tzinfo=ZONE)
    worker.run_until_idle(shop.app)
    assert billing.asked == []
    shop.work(minutes=1)
    assert billing.asked == [date(2026, 8, 31)]


def test_days_that_were_missed_are_caught_up_on(shop: Shop, billing: Billing) -> None:
    worker.run_until_idle(shop.app)
    shop.work(days=4)
    assert billing.asked == [date(2026, 8, 31) + timedelta(days=n) for n in range(5)]
    shop.work(days=90)  # and not more than a month of them
    assert len(billing.asked) == 5 + 32 and billing.asked[-1] == date(2026, 12, 3)


def test_what_fails_is_tried_again_with_growing_pauses_and_told(
    shop: Shop, billing: Billing, capsys: pytest.CaptureFixture[str]
) -> None:
    billing.faults.extend(["silent", "accident", "unread", "silent", "silent"])
    pauses, causes = [], []
    for _ in range(5):
        worker.run_until_idle(shop.app)
        worker.run_until_idle(shop.app)  # not before it is due again
        pauses.append(state(shop).due_at - shop.clock.at)
        causes.append(state(shop).cause)
        shop.clock.at = state(shop).due_at
    assert pauses == list(fetching.PAUSES)
    assert causes == ["no_answer", "accident", "bill_unknown", "no_answer", "no_answer"]
    assert capsys.readouterr().out.count("bill_not_fetched") == 5
    worker.run_until_idle(shop.app)
    assert billing.asked == [date(2026, 8, 31)] * 6 and state(shop).tries == 0
    assert read(shop) == 0


def test_a_worker_that_died_with_the_day_loses_it_to_another(shop: Shop, billing: Billing) -> None:
    """And one that was slow does not take it back."""
    first = fetching._claim(shop.app, "alipay")
    assert first is not None and fetching._claim(shop.app, "alipay") is None
    worker.run_until_idle(shop.app)
    assert billing.asked == []
    shop.clock.advance(fetching.LEASE + timedelta(seconds=1))
    worker.run_until_idle(shop.app)
    assert billing.asked == [date(2026, 8, 31)]
    after = state(shop)
    fetching._again(shop.app, first[0], first[1], "no_answer")
    assert state(shop) == after


def test_channels_without_bills_are_left_alone(shop: Shop) -> None:
    """Balance, transfers by hand and the sandbox hand out none."""
    assert reconciliation.fetch(shop.app) == 0 and reconciliation.fetches(shop.app) == []


# --- the real adapters, against the stand-in -------------------------------------------------------------


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    with running(tmp_path / "far.db", spacing=Spacing(0, 0)) as up:
        yield up


@pytest.mark.parametrize("name", REAL)
def test_every_channels_own_bill(sqlite_shop: Shop, standin: Standin, name: str) -> None:
    """A refund of ours fits, whatever became of it since; one made in the console is found."""
    shop = sqlite_shop
    shop.clock.at = datetime.now(UTC)
    shop.app.channels = {name: adapter(standin, name, MovedClock())}
    ours, theirs = shop.order((name, 10_000)), shop.order((name, 10_000))
    numbers = {
        "card": "ch_3PqStandin{}",
        "alipay": "202611202200140000000000{}",
        "wechat": "420000100020261120000000{}",
    }
    for place, order_no in enumerate((ours, theirs)):
        trade_no = numbers[name].format(f"{place:04d}")
        with shop.app.begin() as conn:
            conn.execute(update(payments).where(payments.c.order_no == order_no).values(trade_no=trade_no))
        standin.books.pay(name, trade_no, 10_000, by_card=name == "card")
    case_no = shop.apply(ours).case_no
    worker.run_once(shop.app)
    assert shop.payouts(case_no)[0].state in ("accepted", "arrived")
    request = RefundRequest("BYHAND-1", name, shop.payment(theirs).trade_no, 2_500, "CNY", 10_000)
    shop.app.channels[name].refund(request)
    shop.clock.at = datetime.combine(
        local_date(shop.clock.at) + timedelta(days=1), fetching.READY, ZONE
    ).astimezone(UTC)
    assert reconciliation.fetch(shop.app) == 1
    [bill] = reconciliation.latest(shop.app, FINANCE)
    assert (bill.channel, bill.refunds, bill.matched) == (name, 2, 1)
    [it] = shown(shop, "only_theirs")
    assert (it.found.refund_no, it.found.theirs_minor) == ("BYHAND-1", 2_500)
    assert it.found.payment_id == shop.payment(theirs).id
    reconciliation.propose(shop.app, FINANCE, [it.id], "手工退的", "p")
    reconciliation.post(shop.app, LEAD, [it.id], "q")
    assert shop.payment(theirs).external_minor == 2_500
    assert shop.audit() == []
