"""R6.2 in a browser: a bill with planted differences is dropped, one person proposes, another one posts, and
the same bill again is no news.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningApp, serving
from tests.browser.journeys.conftest import Shop, Visit, at_the_desk, rows
from tests.ledgers import Row, bill_of

Pages = Callable[..., Page]
FINANCE, LEAD = "gu-ning", "tang-wei"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Nobody else's money moves."""
    with serving(tmp_path_factory.mktemp("finance")) as running:
        yield running


def ours(app: RunningApp) -> list[Row]:
    """What the channel would write of our refunds by Alipay."""
    found = rows(
        app,
        "SELECT p.trade_no, p.order_no, o.key, o.amount_minor, o.accepted_at FROM payouts o"
        " JOIN payments p ON p.id = o.payment_id WHERE o.channel = 'alipay' AND o.state = 'arrived'"
        " ORDER BY o.id",
    )
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [Row(*row[:4], epoch + timedelta(microseconds=row[4])) for row in found]


def refunded(app: RunningApp, shop: Shop, minor: int) -> None:
    order = shop.order(minor=minor)
    asked = ("--order", order.order_no, "--customer", shop.person, "--reason", "not_delivered")
    app.core("apply", *asked, "--amount-minor", str(minor))


def drop(v: Visit, path: Path, words: str) -> None:
    v.page.locator(".st-key-bill-drop input[type=file]").set_input_files(path)
    expect(v.page.locator(".came-of")).to_contain_text(v.tx(words))
    v.settle()


@pytest.mark.parametrize(("width", "lang"), [(1280, "zh_CN"), (360, "en")])
def test_a_bill_is_put_right_by_two_people(
    app: RunningApp, page_factory: Pages, shop: Shop, tmp_path: Path, width: int, lang: str
) -> None:
    for minor in (4_100, 5_200):
        refunded(app, shop, minor)
    paid = shop.order(minor=30_000)
    app.core("clock", "advance", "3d")
    app.core("worker", "--until-idle")
    mine = sorted(ours(app), key=lambda row: row.at)[-2:]
    assert [row.minor for row in mine] == [4_100, 5_200]
    number = f"CONSOLE-{width}"
    now = shop.now()
    planted = [
        *(row for row in ours(app) if row not in mine),
        mine[0]._replace(minor=mine[0].minor - width),  # the channel paid less
        Row(f"T{paid.order_no}", paid.order_no, number, 12_000, now),  # made in the merchant console
        # mine[1] is missing
    ]
    first = min(row.at for row in ours(app)) - timedelta(days=2)
    path = bill_of(tmp_path / "bill.csv", planted, first, days=(now - first).days + 3)

    finance = at_the_desk(page_factory, width, lang, FINANCE)
    finance.go("/finance?view=bills")
    finance.is_sound()
    drop(finance, path, "finance.came.new")
    for kind in ("amount", "only_ours", "only_theirs"):
        finance.sees(finance.tx(f"difference.{kind}"))
    finance.is_sound()

    finance.page.locator(".kinds a", has_text=finance.tx("difference.only_theirs")).click()
    expect(finance.page).to_have_url(re.compile("kind=only_theirs"))
    finance.settle()
    row = finance.page.locator('[class*="st-key-diffrow-"]', has_text=number)
    row.locator("label").click()
    finance.settle()
    finance.page.locator(".st-key-diff-why-only_theirs textarea").fill(
        "refunded by hand, the log was checked"
    )
    finance.is_sound()
    finance.page.locator(".st-key-propose-True button").click()
    expect(row).to_have_count(0)
    assert external(app, paid.order_no) == 0  # proposed is not posted

    lead = at_the_desk(page_factory, width, lang, LEAD)
    lead.go("/finance?view=bills&kind=only_theirs")
    lead.page.get_by_role("radio", name=lead.tx("difference_state.proposed")).or_(
        lead.page.get_by_role("button", name=lead.tx("difference_state.proposed"))
    ).click()
    lead.settle()
    row = lead.page.locator('[class*="st-key-diffrow-"]', has_text=number)
    expect(row).to_contain_text("refunded by hand, the log was checked")
    row.locator("label").click()
    lead.settle()
    lead.is_sound()
    lead.page.locator(".st-key-post button").click()
    expect(row).to_have_count(0)
    assert external(app, paid.order_no) == 12_000

    before = counted(app)
    finance.go("/finance?view=bills")
    drop(finance, path, "finance.came.known")
    assert counted(app) == before


def external(app: RunningApp, order_no: str) -> int:
    [(minor,)] = rows(app, "SELECT external_minor FROM payments WHERE order_no = ?", order_no)
    return int(minor)


def counted(app: RunningApp) -> list[int]:
    tables = ("bills", "differences", "bill_differences", "difference_events", "ledger_entries", "payments")
    return [rows(app, f"SELECT count(*) FROM {table}")[0][0] for table in tables]


@pytest.mark.parametrize(("width", "lang"), [(360, "zh_CN"), (1280, "en")])
def test_every_view_is_sound(page_factory: Pages, width: int, lang: str) -> None:
    seat = at_the_desk(page_factory, width, lang, FINANCE)
    for view in ("money", "bills", "books"):
        seat.go(f"/finance?view={view}")
        seat.sees(seat.tx("finance.title"))
        seat.is_sound()
