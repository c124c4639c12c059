"""From the order to the money, on phone and desk, in Chinese and English; each step is read by axe."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import LOOKS, OpenVisit, Shop, fill_in


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_from_the_order_to_the_money(visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str):
    """R1.4, R3.1, R4.6, R5.1–R5.3: known before asking, approved at once, followed until it is there."""
    order, v = shop.order(minor=19_990), visit(width, lang, reads_every_step=True)
    amount = v.tx.money(19_990)
    v.go("/request")
    v.is_sound()
    v.page.locator(f'a[href="/request?order={order.order_no}"]').click()
    v.sees(v.tx("request.wrong.title"))
    v.choose(v.tx("request.reason.not_delivered.game_card"))
    v.is_sound()
    v.next()
    v.step(2)
    v.sees(v.tx("request.verdict.approve"))
    v.next()
    v.step(3)
    v.sees(v.tx("request.sum.receive"))
    expect(v.page.locator(".sum .total dd")).to_have_text(amount)
    v.next()
    v.step(5)
    expect(v.page.locator(".sum .total dd")).to_have_text(amount)
    v.next()
    v.sees(v.tx("request.sent.approved", amount=amount))
    v.is_sound()
    case_no = v.page.locator(".sent dl.no dd").inner_text()
    v.page.locator("a.btn").click()
    expect(v.page).to_have_url(re.compile(f"/track\\?case={case_no}"))
    v.sees(v.tx("track.paid.accepted", channel=v.tx("channel.alipay"), amount=amount))
    v.settle()
    v.is_sound()
    for _ in range(2):  # a weekend may lie between
        v.page.locator("details.demo summary").click()
        v.page.locator('details.demo button[value="3d"]').click()
        v.sees(case_no)
    v.sees(v.tx("track.paid.arrived", amount=amount))
    v.sees(v.tx("track.did.complete"))
    v.settle()
    expect(v.page.locator(".sum .total dd")).to_have_text(amount)
    v.is_sound()
    told = app.core("case", case_no)
    assert told["state"] == "completed" and told["approved_minor"] == 19_990
    assert [(p["channel"], p["amount_minor"], p["state"]) for p in told["payouts"]] == [
        ("alipay", 19_990, "arrived")
    ]


def test_a_fee_and_a_balance_to_the_fen(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R4.4, R4.6: what is shown before is what is paid, and the balance says when it expires."""
    order, v = shop.order("code_issued", minor=1_999), visit(360)
    fill_in(v, order, "reason_said.other")
    v.next()
    v.step(3)
    expect(v.page.locator(".sum .total dd")).to_have_text("¥18.99")
    v.choose("平台余额")
    expect(v.page.locator(".sum .total dd")).to_have_text("¥19.99")
    v.next()
    v.step(5)
    v.next()
    v.sees("马上就能用")
    case_no = v.page.locator(".sent dl.no dd").inner_text()
    v.page.locator("a.btn").click()
    v.sees("¥19.99 已进平台余额")
    v.sees("到期")
    assert app.core("case", case_no)["payouts"][0]["amount_minor"] == 1_999
