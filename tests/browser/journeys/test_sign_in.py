"""Hosted: a customer and the staff sign in with a real provider (oidc-provider-mock, built on Authlib), on a
site that is not ours, and sign out everywhere.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import oidc_provider_mock
import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core import texts
from tests.browser.conftest import LOCALES, RunningApp, serving
from tests.browser.journeys.conftest import Visit, press

ORDERS, PRODUCT = ("SO20261100017", "SO20261100018", "SO20261100019"), "Game card 100"
LOOKS = [(360, "zh_CN"), (1280, "en")]
USERS = (
    oidc_provider_mock.User(sub="u-mei", claims={"customer_id": "C-1001", "name": "李梅"}),
    oidc_provider_mock.User(sub="u-wei", claims={"customer_id": "C-1002", "name": "王伟"}),
    oidc_provider_mock.User(sub="s-lan", claims={"groups": ["refund-review"], "acr": "mfa", "name": "周岚"}),
    oidc_provider_mock.User(sub="s-one", claims={"groups": ["refund-review"], "acr": "pwd", "name": "钱宇"}),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The portal outside the demo, with orders of C-1001."""
    folder = tmp_path_factory.mktemp("hosted")
    with oidc_provider_mock.run_server_in_thread(user_claims=USERS, require_nonce=True) as provider:

        def settings(port: int) -> dict[str, str]:
            return {
                "REFUND_DEMO": "",
                "REFUND_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "REFUND_OIDC_ISSUER": f"http://localhost:{provider.server_port}",
                "REFUND_OIDC_CLIENT_ID": "refund-portal",
                "REFUND_OIDC_CLIENT_SECRET": "secret-of-the-client",
                "REFUND_OIDC_CUSTOMER_CLAIM": "customer_id",
                "REFUND_OIDC_ROLES": "lead=refund-lead reviewer=refund-review",
                "REFUND_OIDC_STAFF_ACR": "mfa",
            }

        with serving(folder, hosted=settings) as running:
            assert running.core("import-orders", str(_orders(folder)))["imported"] == len(ORDERS)
            yield running


def _orders(folder: Path) -> Path:
    paid = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
    rows = [
        {
            "order_no": number, "customer_id": "C-1001", "product": PRODUCT, "kind": "game_card",
            "quantity": 1, "amount": "199.90", "channel": "alipay", "trade_no": f"T{number}",
            "account": "13800002046", "paid_at": paid, "delivery": "code_viewed", "completed_at": paid,
        }
        for number in ORDERS
    ]  # fmt: skip
    path = folder / "orders.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@contextmanager
def device(browser: Browser, app: RunningApp, width: int, lang: str) -> Iterator[Visit]:
    """A browser of somebody's that may go to the provider as well."""
    context: BrowserContext = browser.new_context(
        base_url=app.url,
        viewport={"width": width, "height": 800},
        locale=LOCALES[lang],
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    if lang == "en":
        context.add_cookies([{"name": "refund_lang", "value": "en", "url": app.url}])
    yield Visit(context.new_page(), texts.of(lang))
    context.close()


def authorize(page: Page, sub: str) -> None:
    """At the provider: be this user."""
    expect(page).to_have_url(re.compile(r"^http://localhost:[0-9]+/oauth2/authorize"))
    page.locator('input[name="sub"]').fill(sub)
    page.get_by_role("button", name="Authorize").click()


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_a_customer_from_the_door_to_signing_out_everywhere(
    browser: Browser, app: RunningApp, width: int, lang: str
) -> None:
    with device(browser, app, width, lang) as visit, device(browser, app, width, lang) as phone:
        page, tx = visit.page, visit.tx
        visit.go("/")
        visit.sees(tx("start.mine.signed_in"))
        expect(page.locator(".demo")).to_have_count(0)
        visit.is_sound()
        page.locator("a.door", has_text=tx("start.mine.title")).click()
        authorize(page, "u-mei")
        visit.sees(PRODUCT)
        visit.is_sound()

        phone.go("/records")
        phone.sees(tx("shell.door.who"))
        phone.is_sound()
        phone.page.locator("a.door", has_text=tx("shell.door.sign_in")).first.click()
        authorize(phone.page, "u-mei")
        expect(phone.page).to_have_url(re.compile(r"/records"))
        phone.go("/")
        phone.sees(PRODUCT)

        page.locator("button.who").click()
        expect(page.locator("button.who")).to_contain_text("李梅")
        page.get_by_role("button", name=tx("shell.account.end_all")).click()
        visit.sees(tx("start.mine.signed_in"))
        phone.page.reload()
        phone.sees(tx("start.mine.signed_in"))
        expect(phone.page.locator(".stMain")).not_to_contain_text(PRODUCT)


def test_another_customer_sees_nothing_of_it(browser: Browser, app: RunningApp) -> None:
    with device(browser, app, 1280, "zh_CN") as visit:
        visit.page.goto("/session/login?to=/?view=orders")
        authorize(visit.page, "u-wei")
        visit.sees(visit.tx("start.orders.none"))
        expect(visit.page.locator(".stMain")).not_to_contain_text(PRODUCT)
        visit.go("/desk")
        visit.sees(visit.tx("shell.door.not_yours"))


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_staff_get_the_desk_with_a_second_step(
    browser: Browser, app: RunningApp, width: int, lang: str
) -> None:
    with device(browser, app, width, lang) as visit:
        page, tx = visit.page, visit.tx
        visit.go("/desk")
        visit.sees(tx("shell.door.staff_sign_in"))
        visit.is_sound()
        page.locator("a.door", has_text=tx("shell.door.sign_in_staff")).click()
        authorize(page, "s-one")
        visit.sees(tx("refusal.second_factor_needed"))
        visit.is_sound()
        page.locator("a.door", has_text=tx("shell.door.sign_in_staff")).click()
        authorize(page, "s-lan")
        expect(page).to_have_url(re.compile(r"/desk"))
        expect(page.locator(".stMain")).not_to_contain_text(tx("shell.door.staff"))
        expect(page.locator("button.who")).to_contain_text("周岚")


@pytest.mark.parametrize(("order_no", "width", "lang"), [(ORDERS[1], *LOOKS[0]), (ORDERS[2], *LOOKS[1])])
def test_before_money_moves_staff_confirm_who_they_are(
    browser: Browser, app: RunningApp, order_no: str, width: int, lang: str
) -> None:
    """The provider says when they showed it: two hours ago, then just now."""

    def shown(ago: int) -> None:
        claims = {**USERS[2].claims, "auth_time": int(datetime.now(UTC).timestamp()) - ago}
        address = f"{app.settings['REFUND_OIDC_ISSUER']}/users/s-lan"
        assert requests.put(address, json=claims, timeout=10).status_code == 204

    asked = ("--order", order_no, "--customer", "C-1001", "--reason", "other", "--amount-minor", "19990")
    case_no = app.core("apply", *asked)["case_no"]
    with device(browser, app, width, lang) as visit:
        page, tx = visit.page, visit.tx
        shown(ago=7200)
        visit.page.goto(f"/session/login?as=staff&to=/desk?case={case_no}")
        authorize(page, "s-lan")
        press(visit, "approve", "a")
        visit.sees(tx("refusal.proof_needed"))
        expect(page.locator("[class*=st-key-desk-send]")).to_have_count(0)
        visit.is_sound()
        shown(ago=0)
        page.get_by_role("link", name=tx("shell.proof.go")).click()
        authorize(page, "s-lan")
        expect(page).to_have_url(re.compile(rf"/desk\?case={case_no}"))
        press(visit, "approve", "a")
        page.locator("[class*=st-key-desk-send] button").click()
        expect(page.locator("[class*=st-key-desk-send]")).to_have_count(0)
    assert app.core("case", case_no)["state"] in ("approved", "paying", "negotiating")


def test_who_says_no_at_the_provider_is_told_and_may_try_again(browser: Browser, app: RunningApp) -> None:
    with device(browser, app, 360, "zh_CN") as visit:
        visit.page.goto("/session/login?to=/help")
        page = visit.page
        page.get_by_role("button", name="Deny").click()
        visit.sees(visit.tx("start.sign_in.failed"))
        page.locator("a.door", has_text=visit.tx("shell.door.once_more")).click()
        authorize(page, "u-mei")
        expect(page).to_have_url(re.compile(r"/help"))


def test_the_log_knows_no_secret(app: RunningApp) -> None:
    """Invariant 20: after all of the above."""
    log = app.log_tail()
    assert "secret-of-the-client" not in log and "eyJ" not in log and "code=" not in log
