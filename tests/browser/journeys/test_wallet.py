"""A refund to the balance, spent in the demo's shop; a voucher whose code is seen once (R4.4, R4.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import worker
from core.app import App, Settings, build
from core.domain.actors import Actor
from core.services import cases, wallet
from tests.browser.conftest import RunningApp, serving
from tests.browser.journeys.conftest import OpenVisit, Shop, Visit, at_the_desk

FINANCE, LEAD = Actor("finance", "gu-ning"), Actor("lead", "tang-wei")
CODE = re.compile(r"[2-9A-HJ-NP-Z]{5}(?:-[2-9A-HJ-NP-Z]{5}){3}")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Nobody else spends here."""
    with serving(tmp_path_factory.mktemp("wallet")) as running:
        yield running


@lru_cache(maxsize=1)
def core(app: RunningApp) -> App:
    """The same shop in this process: quicker than its command line."""
    return build(Settings(database_url=app.database_url, store_url=app.env["REFUND_STORE_URL"], demo=True))


def left(app: RunningApp, person: str) -> int:
    return wallet.wallet(core(app), Actor("customer", person)).totals.get("CNY", 0)


def test_a_refund_is_spent(visit: OpenVisit, shop: Shop, app: RunningApp) -> None:
    """From the request's page to the wallet, a purchase, and what the history says of it."""
    order = shop.order(minor=3_000)
    words = ["--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "3000"]
    case_no = app.core("apply", *words, "--route", "balance", "--customer", order.person)["case_no"]
    worker.run_until_idle(core(app))
    before = left(app, order.person)
    v = visit(360, "zh_CN")
    v.go(f"/track?case={case_no}")
    v.page.get_by_role("link", name=v.tx("wallet.see_balance")).click()
    expect(v.page).to_have_url(re.compile("/wallet$"))
    v.settle()
    expect(v.page.locator(".purse .fig")).to_have_text(v.tx.money(before))
    v.sees(case_no)
    v.is_sound()
    v.page.locator(".st-key-shop-pay button").click()
    v.sees(v.tx("wallet.shop_paid", what="手游点卡", amount="¥6.00", left=v.tx.money(before - 600)))
    expect(v.page.locator(".purse .fig")).to_have_text(v.tx.money(before - 600))
    expect(v.page.locator(".held").last).to_contain_text("−¥6.00")
    v.is_sound()
    assert left(app, order.person) == before - 600


def test_two_quick_clicks_buy_once(visit: OpenVisit, shop: Shop, app: RunningApp) -> None:
    """Invariant 17, in a hurry."""
    order = shop.order(minor=5_000)
    words = ["--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "5000"]
    app.core("apply", *words, "--route", "balance", "--customer", order.person)
    worker.run_until_idle(core(app))
    before = left(app, order.person)
    v = visit(1280, "en")
    v.go("/wallet")
    v.page.locator(".st-key-shop-pay button").dblclick()
    expect(v.page.locator(".st-key-shop-again button")).to_be_visible()
    v.settle()
    v.is_sound()
    assert left(app, order.person) == before - 600


def agreed(
    app: RunningApp, shop: Shop, page_factory: Callable[..., Page], visit: OpenVisit, path: Path
) -> Visit:
    """The customer chooses a redeem code, two people agree; answers the customer's screen."""
    order = shop.order(minor=9_900, escrow=True)
    words = ["--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "9900"]
    case_no = app.core("apply", *words, "--customer", order.person)["case_no"]
    cases.act(core(app), LEAD, case_no, "approve", f"approve-{case_no}")
    v = visit(360, "zh_CN")
    v.go(f"/track?case={case_no}")
    v.page.locator(".st-key-act-turn label", has_text=v.tx("track.turn.way.redeem_code")).click()
    v.sees(v.tx("track.turn.way_note.redeem_code"))
    v.is_sound()
    v.page.locator("[class*=st-key-do-propose] button").click()
    v.sees(v.tx("track.did.propose"))
    finance = at_the_desk(page_factory, 1280, "zh_CN", FINANCE.id)
    finance.go(f"/desk?queue=talks&case={case_no}")
    finance.page.locator(".st-key-do-agree button").click()
    expect(finance.page.locator("[class*=st-key-desk-send] button")).to_be_visible()
    finance.settle()
    finance.page.locator("[class*=st-key-desk-send] button").click()
    expect(finance.page.locator(".reads")).to_have_count(0)
    worker.run_until_idle(core(app))
    v.go(f"/track?case={case_no}")
    return v


def test_a_code_is_seen_once(
    page_factory: Callable[..., Page], visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path
) -> None:
    """Agreed on at the desk, shown on a phone, gone with the page; then it becomes balance."""
    v = agreed(app, shop, page_factory, visit, tmp_path)
    v.page.get_by_role("link", name=v.tx("wallet.see_voucher")).click()
    v.settle()
    before = left(app, shop.person)
    v.page.locator('[class*="st-key-code-show-"] button').click()
    v.sees(v.tx("wallet.code.once"))
    v.is_sound()
    found = CODE.search(v.page.locator('[data-testid="stCode"]').inner_text())
    assert found is not None
    v.go("/records")
    v.page.get_by_role("link", name=v.tx("wallet.title")).first.click()
    v.settle()
    v.sees(v.tx("wallet.code.tail", tail=found[0][-4:]))
    assert found[0] not in v.page.content()
    field = v.page.get_by_label(v.tx("wallet.enter_label"))
    field.fill(found[0].lower())
    v.page.get_by_role("button", name=v.tx("wallet.enter_do")).click()
    v.sees(v.tx("wallet.entered", amount="¥99.00"))
    v.is_sound()
    assert left(app, shop.person) == before + 9_900
    assert found[0].replace("-", "") not in (app.directory / "app.log").read_text(errors="replace").replace(
        "-", ""
    ), "invariant 20"
