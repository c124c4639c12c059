"""Files of finance: for finance and leads only, safe from formulas, and whole numbers in Parquet."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.domain.workdays import local_date
from core.services import identity, reconciliation
from portal import session
from tests.core.services.test_reconciliation import drop, external
from tests.portal.visitor import Visitor
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


def sign_in(browser: Visitor, shop: Shop, role: str, person: str) -> None:
    browser.cookies[session.TOKEN_COOKIE] = identity.open_session(shop.app, role, person)


def paths(shop: Shop) -> tuple[str, str]:
    today = local_date(shop.clock.at)
    return f"/files/ledger.{{}}?from={today - timedelta(days=3)}&to={today}", "/files/differences.{}"


def test_strangers_do_not_learn_that_there_is_one(browser: Visitor, shop: Shop) -> None:
    for path in paths(shop):
        browser.cookies.clear()
        assert browser.get(path.format("csv")).status_code == 404
        for who in (MEI, REVIEWER, SUPPORT, ARBITER):
            sign_in(browser, shop, who.role, who.id)
            assert browser.get(path.format("csv")).status_code == 404
        for who in (FINANCE, LEAD):
            sign_in(browser, shop, who.role, who.id)
            answer = browser.get(path.format("csv"))
            assert answer.status_code == 200 and "no-store" in answer.headers["cache-control"]
            assert browser.get(path.format("exe")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/files/ledger.csv", "/files/ledger.csv?from=2026-09-01&to=x", "/files/differences.csv?bill=x",
        "/files/differences.csv?bill=99999999999999999999",
    ],
)  # fmt: skip
def test_what_was_not_asked_for_rightly(browser: Visitor, shop: Shop, path: str) -> None:
    sign_in(browser, shop, FINANCE.role, FINANCE.id)
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("9999-12-31", "9999-12-31"),
        ("2026-09-01", "9999-12-31"),
        ("0001-01-01", "2026-09-01"),
        ("2026-09-02", "2026-09-01"),
    ],
)
def test_days_that_no_book_has(browser: Visitor, shop: Shop, kind: str, first: str, last: str) -> None:
    """Said at once in a sentence, and not by a file that breaks off."""
    sign_in(browser, shop, FINANCE.role, FINANCE.id)
    path = f"/files/ledger.{kind}?from={first}&to={last}"
    answer = browser.get(path)
    assert answer.status_code == 400 and f"{first} 到 {last} 不是一段可用的日期" in answer.text
    browser.cookies[session.LANG_COOKIE] = "en"
    assert f"{first} to {last} is no period" in browser.get(path).text


def test_differences_as_csv_and_parquet(browser: Visitor, shop: Shop, tmp_path: Path) -> None:
    order_no = shop.order()
    done = drop(shop, tmp_path, external(shop, order_no, 7_000, number="=1+1"))
    drop(shop, tmp_path, external(shop, shop.order(), number="OTHER"), name="b.csv")
    sign_in(browser, shop, FINANCE.role, FINANCE.id)
    text = browser.get("/files/differences.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["refund_no"] for row in rows] == ["'=1+1", "OTHER"]
    assert rows[0]["theirs_minor"] == "7000" and rows[0]["at"] == "2026-09-01 12:00:00"
    one = browser.get(f"/files/differences.csv?bill={done.bill_id}").text
    assert "OTHER" not in one and "=1+1" in one
    table = pq.read_table(io.BytesIO(browser.get("/files/differences.parquet").content)).to_pylist()
    assert [(row["refund_no"], row["theirs_minor"]) for row in table] == [("=1+1", 7_000), ("OTHER", 3_000)]
    assert table[0]["at"] == shop.clock.at and set(table[0]) == set(reconciliation.COLUMNS)


def test_the_ledger_sums_to_zero_in_the_file_too(browser: Visitor, shop: Shop) -> None:
    shop.apply(shop.order())
    shop.work()
    shop.work(days=2)
    sign_in(browser, shop, LEAD.role, LEAD.id)
    ledger, _ = paths(shop)
    rows = list(csv.DictReader(io.StringIO(browser.get(ledger.format("csv")).content.decode("utf-8-sig"))))
    table = pq.read_table(io.BytesIO(browser.get(ledger.format("parquet")).content)).to_pylist()
    assert len(rows) == len(table) > 3
    assert sum(row["amount_minor"] for row in table) == sum(int(row["amount_minor"]) for row in rows) == 0
    assert any(int(row["amount_minor"]) < 0 for row in rows)  # a number is no formula
