"""Nothing is lost, nothing is sent twice, nothing that was overtaken is sent, and words stay words."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from core.domain.workdays import ZONE
from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Shop, fill_in, rows


def test_a_draft_survives_reload_back_and_a_killed_server(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R2.5."""
    order, v = shop.order("code_issued", minor=30_000, quantity=3), visit(1280)
    v.go(f"/request?order={order.order_no}")
    v.choose(v.tx("reason_said.other"))
    v.page.locator(".st-key-fewer button").click()
    v.sees("¥200.00")
    v.page.locator("textarea").fill("拍错了区服 😀")
    v.next()
    v.step(2)
    v.next()
    v.step(3)
    v.choose("平台余额")
    v.page.reload()
    v.step(3)
    expect(v.page.locator(".sum .total dd")).to_have_text("¥200.00")
    v.page.go_back()
    v.step(2)
    v.page.go_back()
    v.sees(v.tx("request.wrong.title"))
    expect(v.page.locator("textarea")).to_have_value("拍错了区服 😀")
    v.page.go_forward()
    v.step(2)
    assert app.process is not None
    app.process.kill()
    app.process.wait()
    app.start()
    v.go(f"/request?order={order.order_no}")
    v.page.wait_for_timeout(300)
    v.go(f"/request?order={order.order_no}&step=5")
    v.sees("拍错了区服 😀")
    expect(v.page.locator(".sum .total dd")).to_have_text("¥200.00")
    v.sees("平台余额")


def test_five_fast_clicks_are_one_case(visit: OpenVisit, shop: Shop, app: RunningApp):
    """Invariant 17."""
    order, v = shop.order(minor=4_200), visit(1280)
    fill_in(v, order)
    v.next()
    v.step(3)
    v.next()
    v.step(5)
    v.page.evaluate("for (let i = 0; i < 5; i++) document.querySelector('.st-key-next button').click()")
    v.sees(v.tx("request.sent.approved", amount="¥42.00"))
    found = rows(app, "SELECT case_no FROM cases WHERE order_no = ?", order.order_no)
    assert len(found) == 1
    events = rows(app, "SELECT event FROM case_events WHERE case_no = ?", found[0][0])
    assert [event for (event,) in events].count("submit") == 1


def test_a_form_that_was_overtaken_sends_nothing(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R1.5: the window closes while the last step stands open."""
    now = shop.now().astimezone(ZONE)
    evening = now.replace(hour=23, minute=30, second=0) + timedelta(days=now.hour == 23)
    app.core("clock", "set", evening.isoformat())
    order, v = shop.order("code_issued", minor=4_200, days_ago=7), visit(360)  # its last day
    fill_in(v, order, "reason_said.other")
    v.next()
    v.step(3)
    v.next()
    v.step(5)
    app.core("clock", "advance", "45m")
    v.next()
    v.sees(v.tx("request.changed.title"))
    v.sees(v.tx("request.verdict.reject"))
    v.settle()
    v.is_sound()
    assert rows(app, "SELECT state FROM cases WHERE order_no = ?", order.order_no) == [("draft",)]


NASTY = (
    "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"
    " \u202egnp.exe مرحبا 😀"
)


def test_what_a_customer_writes_is_text(visit: OpenVisit, shop: Shop, app: RunningApp):
    order, v = shop.order(minor=4_200), visit(360)
    v.go(f"/request?order={order.order_no}")
    v.choose(v.tx("request.reason.not_delivered.game_card"))
    v.page.locator("textarea").fill(NASTY)
    v.next()
    v.step(2)
    v.sees('Game card <b>100</b> & "月卡"')
    v.next()
    v.step(3)
    v.next()
    v.step(5)
    v.sees("<script>document.title='hacked'</script>")
    v.next()
    case_no = v.page.locator(".sent dl.no dd").inner_text()
    v.go(f"/track?case={case_no}")
    v.sees("<script>document.title='hacked'</script>")
    v.is_sound()
    assert "hacked" not in v.page.title()
    assert v.page.locator(".stMain img[src=x]").count() == 0
