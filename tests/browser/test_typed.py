"""What is typed in one's turn and not sent yet (`static/portal.js`), on a page without a server."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Route

SCRIPT = (Path(__file__).parents[2] / "portal" / "static" / "portal.js").read_text()
FIELD = '<div class="st-key-appeal-R1"><textarea></textarea></div>'
TURN = f'<div class="st-key-act-turn">{FIELD}<div class="st-key-do-appeal"><button>go</button></div></div>'
PAGE = f"<!doctype html><html><head><script>{SCRIPT}</script></head><body>{TURN}</body></html>"


def test_words_of_a_refused_appeal_survive_a_reload_and_sent_ones_do_not(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()

    def answer(route: Route) -> None:
        route.fulfill(body=PAGE, content_type="text/html")

    page.route("**/*", answer)
    page.goto("http://portal.test/track?case=R1")
    page.locator("textarea").fill("看错了图")
    page.locator("button").click()
    page.evaluate("document.body.append('refused')")  # the page is drawn anew, and the field stays
    page.reload()
    assert page.locator("textarea").input_value() == "看错了图"
    page.locator("button").click()
    page.evaluate("document.querySelector('.st-key-act-turn').remove()")  # sent: the turn is over
    page.reload()
    assert page.locator("textarea").input_value() == ""
    context.close()
