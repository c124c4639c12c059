"""The form of a decision under real keys: it comes into view, sends what is typed; nothing unseen is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningApp, serving
from tests.browser.journeys.conftest import Shop, Visit, at_the_desk, press
from tests.browser.journeys.test_people import applied, case, state

Pages = Callable[..., Page]
SEND, FORM = "[class*=st-key-desk-send] button", ".st-key-card-decide"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Nobody else takes these cases in hand."""
    with serving(tmp_path_factory.mktemp("desk")) as running:
        yield running


@pytest.fixture
def desk(page_factory: Pages) -> Visit:
    return at_the_desk(page_factory, 1280, "zh_CN", "zhou-lan")


def opened(desk: Visit, app: RunningApp, shop: Shop) -> str:
    case_no = applied(app, shop.order(minor=90_000))
    desk.go(f"/desk?queue=review&case={case_no}")
    return case_no


def test_it_comes_into_view_with_the_focus_and_j_goes_on(desk: Visit, shop: Shop, app: RunningApp) -> None:
    case_no = opened(desk, app, shop)
    applied(app, shop.order(minor=90_001))  # another to go on to
    desk.page.locator(".stMain").evaluate("main => main.scrollTo(0, 0)")
    press(desk, "approve", "a")
    for seen in (SEND, ".reads b", "#decide"):
        expect(desk.page.locator(seen)).to_be_in_viewport(ratio=1)
    expect(desk.page.locator("#decide")).to_be_focused()
    desk.is_sound()
    moves = desk.page.locator(".st-key-desk-moves button:enabled").first
    desk.page.keyboard.press("j" if "J" in moves.inner_text() else "k")
    expect(desk.page).not_to_have_url(re.compile(case_no))
    expect(desk.page.locator(".dh")).to_be_in_viewport()  # read from its top


@pytest.mark.parametrize("by", ["mouse", "key"])
def test_ready_words_are_sent_with_the_third_step(desk: Visit, shop: Shop, app: RunningApp, by: str) -> None:
    """X, the words, Ctrl+Enter: also with the focus on the words' button."""
    case_no = opened(desk, app, shop)
    press(desk, "reject", "x")
    words = desk.page.locator(".st-key-phrase-works button")
    expect(words).to_be_visible()
    if by == "mouse":
        words.click()
    else:
        desk.settle()
        desk.page.keyboard.press("1")
    said = desk.tx("desk.note.reject.works")
    expect(desk.page.locator(f"{FORM} textarea")).to_have_value(said)
    expect(desk.page.locator(".reads .quote")).to_have_text(said)
    expect(desk.page.locator(SEND)).to_be_in_viewport(ratio=1)
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator(SEND)).to_have_count(0)
    assert (state(app, case_no), case(app, case_no).events[-1].note) == ("rejected", said)


@pytest.mark.parametrize("how", ["key", "click"])
def test_what_is_typed_is_sent_in_one_go(desk: Visit, shop: Shop, app: RunningApp, how: str) -> None:
    """Q, the question, Ctrl+Enter or a click, without leaving the field before; calm until it was tried."""
    case_no = opened(desk, app, shop)
    press(desk, "ask", "q")
    expect(desk.page.locator(SEND)).to_be_enabled()
    expect(desk.page.locator(f"{FORM} [role=alert]")).to_have_count(0)
    desk.settle()
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator(f"{FORM} [role=alert]")).to_contain_text(desk.tx("desk.needs_words"))
    field = desk.page.locator(f"{FORM} textarea")
    field.press_sequentially("Which day, jk?")
    if how == "key":
        field.press("Control+Enter")
    else:
        desk.page.locator(SEND).click()
    expect(desk.page.locator(SEND)).to_have_count(0)
    assert (state(app, case_no), case(app, case_no).events[-1].note) == (
        "awaiting_customer",
        "Which day, jk?",
    )


def test_what_is_out_of_sight_is_not_sent_by_a_key(desk: Visit, shop: Shop, app: RunningApp) -> None:
    """The first press brings it into view, the second sends it."""
    case_no = opened(desk, app, shop)
    press(desk, "approve", "a")
    expect(desk.page.locator(SEND)).to_be_in_viewport(ratio=1)
    desk.settle()
    desk.page.locator(
        ".st-key-desk-side details summary, .st-key-desk-side [data-testid=stExpander] button"
    ).first.click()
    desk.settle()
    desk.page.locator(".stMain").evaluate("main => main.scrollTo(0, 0)")
    expect(desk.page.locator(SEND)).not_to_be_in_viewport()
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator(SEND)).to_be_in_viewport(ratio=1)
    desk.settle()
    assert state(app, case_no) == "in_review"
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator(SEND)).to_have_count(0)
    assert state(app, case_no) != "in_review"


def test_from_a_choice_it_is_sent_as_well(desk: Visit, shop: Shop, app: RunningApp) -> None:
    """With the focus on a radio button, which keeps keys to itself."""
    case_no = opened(desk, app, shop)
    press(desk, "offer", "o")
    field = desk.page.locator(f"{FORM} textarea")
    field.fill("退到余额更快")
    desk.page.locator(f"{FORM} label", has_text=desk.tx("route.balance")).last.click()
    expect(desk.page.locator(".reads .stays")).to_be_visible()
    expect(desk.page.locator(SEND)).to_be_in_viewport(ratio=1)
    desk.settle()
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator(SEND)).to_have_count(0)
    assert (state(app, case_no), case(app, case_no).events[-1].event) == ("awaiting_customer", "offer")


CUT = """buttons => buttons.filter(button => [button, ...button.querySelectorAll("*")].some(
  part => part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).overflowX !== "visible"
)).map(button => button.innerText)"""


@pytest.mark.parametrize("width", [360, 650, 768, 1000, 1001, 1280])
def test_what_one_can_decide_is_written_out(
    page_factory: Pages, shop: Shop, app: RunningApp, width: int
) -> None:
    """English has the longest words, a tablet the least room: there the queue lies above."""
    desk = at_the_desk(page_factory, width, "en", "zhou-lan")
    opened(desk, app, shop)
    acts = desk.page.locator(".st-key-desk-acts button")
    expect(acts.first).to_be_visible()
    assert acts.count() >= 5 and acts.evaluate_all(CUT) == []
    queue, file = (
        desk.page.locator(".st-key-desk-queue").bounding_box(),
        desk.page.locator(".dh").bounding_box(),
    )
    assert queue is not None and file is not None
    assert (queue["y"] + queue["height"] <= file["y"]) == (width <= 1000)
    desk.is_sound()


def test_esc_closes_the_form_and_loses_no_word(desk: Visit, shop: Shop, app: RunningApp) -> None:
    """Also what was typed last, with the focus still in the field."""
    case_no = opened(desk, app, shop)
    field = desk.page.locator(f"{FORM} textarea")
    press(desk, "reject", "x")
    field.press_sequentially("The card was used on 3 May.")
    field.press("Escape")
    expect(desk.page.locator(FORM)).to_have_count(0)
    press(desk, "reject", "x")
    expect(field).to_have_value("The card was used on 3 May.")
    expect(desk.page.locator(".reads .quote")).to_have_text("The card was used on 3 May.")
    desk.page.locator(SEND).click()
    expect(desk.page.locator(SEND)).to_have_count(0)
    assert (state(app, case_no), case(app, case_no).events[-1].note) == (
        "rejected",
        "The card was used on 3 May.",
    )
