"""`/hooks/{channel}`: what channels tell by themselves, over HTTP as they send it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from core.adapters.channels import Notice, Outcome
from core.adapters.tables import channel_notices
from core.services import hearing, payouts
from tests.core.adapters.test_channel_contract import REAL, adapter
from tests.core.services.test_far_ends import paid
from tests.portal.visitor import Visitor
from tests.shop import Shop
from tests.standin.server import Spacing, Standin, running


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    with running(tmp_path / "far.db", spacing=Spacing(0, 0)) as up:
        yield up


def told(shop: Shop) -> str:
    """A refund that Alipay has, and its notice that the money is there."""
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    request = payouts.request_of(shop.payouts(case_no)[0])
    shop.alipay.says = Notice("n-1", request.key, (request.trade_no,), 10_000, Outcome("arrived"))
    return case_no


def test_a_notice_is_thanked_for_and_done(browser: Visitor, shop: Shop) -> None:
    case_no = told(shop)
    for _ in range(2):
        answer = browser.post("/hooks/alipay", content="…")
        assert (answer.status_code, answer.text) == (200, "success")
    assert shop.view(case_no).state == "completed"


@pytest.mark.parametrize(
    ("code", "status"), [("unsigned", 400), ("stale", 400), ("unreadable", 400), ("other_kind", 200)]
)
def test_what_is_not_heard_tells_a_stranger_nothing(
    browser: Visitor, shop: Shop, code: str, status: int
) -> None:
    case_no = told(shop)
    shop.alipay.says = code
    answer = browser.post("/hooks/alipay", content="…")
    assert answer.status_code == status and code not in answer.text
    assert shop.view(case_no).state == "paying"


@pytest.mark.parametrize("path", ["/hooks/none", "/hooks/balance", "/hooks/", "/hooks/alipay/more"])
def test_no_such_channel(browser: Visitor, shop: Shop, path: str) -> None:
    assert browser.post(path, content="…").status_code in (400, 404)


def test_it_cannot_be_looked_at(browser: Visitor, shop: Shop) -> None:
    assert browser.get("/hooks/alipay").status_code in (404, 405)


def test_a_flood_is_not_read(browser: Visitor, shop: Shop) -> None:
    told(shop)
    assert browser.post("/hooks/alipay", content="x" * (256 * 1024 + 1)).status_code == 413


def test_a_broken_database_is_not_thanked(
    browser: Visitor, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel sends it again."""
    case_no = told(shop)
    with monkeypatch.context() as patched:
        patched.setattr(hearing, "take", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        answer = browser.post("/hooks/alipay", content="…")
        assert answer.status_code == 500 and "success" not in answer.text
    assert browser.post("/hooks/alipay", content="…").text == "success"
    assert shop.view(case_no).state == "completed"


@pytest.mark.parametrize("channel", REAL)
def test_as_each_channel_really_sends_it(
    browser: Visitor, shop: Shop, standin: Standin, channel: str
) -> None:
    """Signed and sealed by the stand-in, whose protocol the channels' own SDKs judge."""
    shop.clock.at = datetime.now(UTC)
    shop.app.channels = {channel: adapter(standin, channel, shop.clock)}  # type: ignore[arg-type]
    order_no, _ = paid(shop, standin, channel)
    with standin.books.transaction() as db:
        db.execute("UPDATE payments SET by_card = 1, settle_after = -1")
    case_no = shop.apply(order_no, 4_000).case_no
    shop.work()
    assert shop.view(case_no).state == "paying"
    standin.settle(channel)
    sent = standin.books.rows("SELECT * FROM notices WHERE channel = ? ORDER BY id", channel)[-1]
    headers = json.loads(sent["headers"])
    answer = browser.post(f"/hooks/{channel}", content=sent["body"], headers=headers)
    assert (answer.status_code, answer.text) == (200, shop.app.channels[channel].thanks)
    with shop.app.read() as conn:
        assert conn.execute(select(channel_notices.c.verdict)).scalars().all() == ["heard"]
    # Stripe's 'succeeded' is a bank's 5 to 10 days before the customer has it.
    assert shop.view(case_no).state == ("paying" if channel == "card" else "completed")
    assert shop.audit() == []
    spoilt = sent["body"].replace("0", "1", 1)
    assert browser.post(f"/hooks/{channel}", content=spoilt, headers=headers).status_code == 400
