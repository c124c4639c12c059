"""How words are set on a phone: the amount stands out, dates and numbers hold together, one language."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Shop, Visit, at_the_desk

# Font sizes of all elements with text of their own on the card, and of the amount.
SIZES = """card => {
  const size = e => parseFloat(getComputedStyle(e).fontSize);
  const own = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const others = [...card.querySelectorAll("*")].filter(e => own(e) && !e.matches(".gets b, .ms"));
  return [size(card.querySelector(".gets b")), Math.max(...others.map(size))];
}"""
# Lines that the first match of a pattern in the text of an element takes.
LINES = """(element, pattern) => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const found = [];
  const all = new RegExp(pattern, "g");
  for (let node; node = walker.nextNode();) for (const match of node.textContent.matchAll(all)) {
    const range = new Range();
    range.setStart(node, match.index);
    range.setEnd(node, match.index + match[0].length);
    const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;
    found.push(lines > 1 ? node.textContent : lines);  // what breaks shows itself in the failure
  }
  return found.filter(lines => lines);  // what is hidden takes none
}"""


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_an_approvals_amount_is_the_biggest_thing_on_its_card(visit: OpenVisit, shop: Shop, lang: str):
    """R1.4: what the customer will receive, to the fen."""
    order, v = shop.order(minor=19_990), visit(360, lang)
    v.go(f"/request?order={order.order_no}")
    v.choose(v.tx("request.reason.not_delivered.game_card"))
    v.next()
    v.step(2)
    expect(v.page.locator(".verdict .gets b")).to_have_text(v.tx.money(19_990))
    amount, next_big = v.page.locator(".st-key-card-verdict").evaluate(SIZES)
    assert amount > next_big


@pytest.mark.parametrize("width", [320, 360, 390])
def test_dates_and_numbers_with_units_hold_together(visit: OpenVisit, shop: Shop, width: int):
    order, v = shop.order(delivery="code_issued", minor=61_800), visit(width, "zh_CN")
    v.go(f"/request?order={order.order_no}")
    v.choose(v.tx("request.reason.not_delivered.game_card"))
    v.next()
    v.step(2)
    main = v.page.locator(".stMain")
    spans = main.evaluate(LINES, "[0-9]+月[0-9]+日.?（周.）|[0-9]\\s(天|小时)")
    assert len(spans) >= 3 and set(spans) == {1}
    v.next()
    v.step(3)
    spans = main.evaluate(LINES, "[0-9]+月[0-9]+日.?（周.）|[0-9]\\s个工作日")
    assert len(spans) >= 3 and set(spans) == {1}


@pytest.mark.parametrize(("lang", "asks"), [("zh_CN", ["年", "月", "日"]), ("en", ["none"] * 3)])
def test_the_date_field_asks_in_the_pages_language(visit: OpenVisit, lang: str, asks: list[str]):
    v = visit(360, lang)
    v.go("/?view=find")
    fields = v.page.locator('[data-testid="stDateInput"] [role="spinbutton"]')
    expect(fields).to_have_count(3)
    shown = fields.evaluate_all("all => all.map(e => getComputedStyle(e, '::after').content)")
    assert [each.strip('"') for each in shown] == asks


# What Streamlit's own elements say by themselves, where letters stand without one of our signs.
FOREIGN = """() => {
  const words = /[A-Za-z]{3}/, ours = /[\\u4e00-\\u9fff]/, found = [];
  const mine = ".stHtml, [data-testid=stMarkdownContainer], [data-testid=stFileChip], textarea, pre, code";
  const icons = "[data-testid=stIconMaterial], [data-testid=stExpanderIcon], [data-testid*=borderlessIcon]";
  const not = `${mine}, ${icons}, script, style, noscript`;
  for (const name of ["aria-label", "aria-valuetext", "aria-roledescription", "placeholder"])
    for (const element of document.querySelectorAll(`[${name}]`)) {
      const text = element.getAttribute(name);
      if (!element.getClientRects().length) continue;  // nobody meets it
      if (words.test(text) && !ours.test(text) && !element.closest(mine)) found.push(`${name}: ${text}`);
    }
  const lines = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = lines.nextNode();) {
    const parent = node.parentElement, text = node.textContent.trim();
    if (!words.test(text) || ours.test(text) || parent.closest(not)) continue;
    if (parent.getClientRects().length && getComputedStyle(parent).fontSize !== "0px") found.push(text);
  }
  return found.filter(text => text !== "yyyy");
}"""


def foreign(v: Visit) -> list[str]:
    v.settle()
    return list(v.page.evaluate(FOREIGN))


def test_a_customer_meets_no_english_in_streamlits_own_elements(visit: OpenVisit) -> None:
    """Also who has it read out: a date's field and its calendar, an uploader with a file, the skip link."""
    v = visit(1280, "zh_CN")
    v.go("/?view=find")
    assert foreign(v) == []
    v.page.get_by_role("button", name=v.tx("widget.date")).click()
    expect(v.page.get_by_role("button", name=v.tx("widget.next_month"))).to_be_visible()
    assert foreign(v) == []
    v.go("/verify")
    assert foreign(v) == []
    v.page.locator("input[type=file]").first.set_input_files(
        [{"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}]
    )
    removes = v.tx("widget.remove", x="a.pdf")
    expect(v.page.locator(f'[aria-label="{removes}"]')).to_have_count(1)
    assert foreign(v) == []


@pytest.mark.parametrize(
    ("person", "path"),
    [("lu-jing", "/lab"), ("gu-ning", "/finance?view=books"), ("gu-ning", "/figures"), ("zhou-lan", "/desk")],
)
def test_staff_meet_no_english_in_streamlits_own_elements(
    page_factory: Callable[..., Page], app: RunningApp, person: str, path: str
) -> None:
    seat = at_the_desk(page_factory, 1280, "zh_CN", person)
    seat.go(path)
    assert foreign(seat) == []
    chooser = seat.page.get_by_role("combobox")
    if chooser.count():
        chooser.first.click()
        expect(seat.page.get_by_role("listbox")).to_be_visible()
        assert foreign(seat) == []


def test_in_english_streamlit_speaks_for_itself(visit: OpenVisit) -> None:
    v = visit(1280, "en")
    v.go("/?view=find")
    expect(v.page.get_by_role("button", name=v.tx("widget.date"))).to_be_visible()
    expect(v.page.get_by_role("link", name=v.tx("widget.skip"))).to_be_attached()
