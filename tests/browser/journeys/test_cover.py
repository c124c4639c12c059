"""R2.6: a card code is covered by mouse, by finger and by keys; nothing of it is left in what is stored."""

from __future__ import annotations

import io
import json
import re
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Order, Shop, Visit, fill_in, rows, upload

FONT = ImageFont.load_default(34)
CODE = "8KQX-22M7-WW4D-9TYP"
INK = (34, 34, 51)  # of what is printed on the picture
# Scrolls there, and again until it stays: a finger's scroll goes on after the finger.
AT_REST = """async (view, y) => {
  for (let still = 0, before; still < 10; before = view.scrollTop) {
    view.scrollTop = y - view.clientHeight / 2
    await new Promise(requestAnimationFrame)
    still = view.scrollTop === before ? still + 1 : 0
  }
}"""
# A finger that rests before it leaves: from a fling, the browser takes the next tap for its end.
REST = "async () => { for (let n = 0; n < 12; n++) await new Promise(requestAnimationFrame) }"
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the picture


def receipt(path: Path, size: tuple[int, int] = (1080, 1400), at: int = 620, form: str = "PNG") -> Box:
    """A screen with a code on it; where the code is."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for top in range(40, size[1] - 60, 120):
        if abs(top - at) > 80:
            pen.text((60, top), f"Order line {top}   paid 49.00", fill=INK, font=FONT)
    pen.text((60, at), "Card code", fill=INK, font=FONT)
    pen.text((360, at), CODE, fill=INK, font=FONT)
    image.save(path, form)
    left, top, right, bottom = pen.textbbox((360, at), CODE, font=FONT)
    return int(left), int(top), int(right) + 1, int(bottom) + 1


def uploaded(v: Visit, order: Order, path: Path) -> None:
    """The evidence step with one picture."""
    fill_in(v, order)
    v.go(f"/request?order={order.order_no}&step=4")
    late = v.page.get_by_role("alert").filter(has_text=v.tx("picture.took_too_long"))
    for _ in range(6):  # on a busy machine its two seconds may be over: the sender tries again, and so do we
        upload(v, "other", path)
        expect(shot(v).or_(late)).to_be_visible()
        v.settle()
        if shot(v).is_visible():
            return
        v.page.reload()
        v.settle()
    raise AssertionError("not taken in")


def shot(v: Visit) -> Locator:
    return v.page.locator(".stMain .shot img")


def open_dialog(v: Visit) -> Locator:
    v.settle()  # a button that is drawn anew under the pointer is not pressed
    v.page.locator('[class*="st-key-cover-"] button').click()
    mask = v.page.get_by_role("dialog").locator(".mask")
    expect(mask.locator(".sheet img")).to_be_visible()
    v.page.wait_for_function(
        "e => e.complete && e.naturalWidth > 0", arg=mask.locator(".sheet img").element_handle()
    )
    v.settle()
    return mask


def on_screen(mask: Locator, box: Box, width: int) -> tuple[float, float, float, float]:
    """The box in pixels of the browser's view, scrolled to."""
    image = mask.locator(".sheet img")
    by = image.evaluate("e => e.getBoundingClientRect().width") / width
    mask.locator(".view").evaluate(AT_REST, box[1] * by)
    at = image.evaluate("e => ({x: e.getBoundingClientRect().x, y: e.getBoundingClientRect().y})")
    left, top, right, bottom = (side * by for side in box)
    return at["x"] + left, at["y"] + top, at["x"] + right, at["y"] + bottom


def cover(v: Visit, mask: Locator, before: str, places: int = 1) -> None:
    """Press it, and see that another picture stands there."""
    button = mask.locator("[data-do=cover]")
    expect(button).to_have_text(v.tx("cover.cover", count=places))
    button.click()
    expect(v.page.get_by_role("dialog")).to_have_count(0)
    v.sees(v.tx("cover.done", n=places))
    expect(shot(v)).not_to_have_attribute("src", before)
    v.settle()


def stored(v: Visit) -> Image.Image:
    answer = v.page.request.get(shot(v).get_attribute("src") or "")
    assert answer.ok
    return Image.open(io.BytesIO(answer.body())).convert("RGB")


def is_gone(v: Visit, code: Box, old: str) -> None:
    """Under the box is fill, beside it in its line no ink, the rest is there; and so after a reload."""
    v.page.reload()
    v.settle()
    v.sees(v.tx("cover.done", n=1))
    picture = stored(v)
    assert picture.crop(code).getcolors() == [((code[2] - code[0]) * (code[3] - code[1]), (0, 0, 0))]
    line = picture.crop((360, code[1] - 14, picture.width, code[3] + 14))
    left = {colour for _, colour in line.getcolors(100_000) or ()}
    assert all(min(colour) > 200 or max(colour) < 24 for colour in left), "ink of the code, or a trace of it"
    assert INK in {colour for _, colour in picture.crop((0, 0, picture.width, 400)).getcolors(100_000) or ()}
    assert v.page.request.get(old).status == 404, "the old link ended"


def black(picture: Image.Image) -> Box:
    """What is filled; the print is not quite black."""
    found = picture.convert("L").point(lambda level: 255 * (level == 0)).getbbox()
    assert found is not None
    return found


def source(v: Visit) -> str:
    return shot(v).get_attribute("src") or ""


@pytest.mark.parametrize(("width", "lang"), [(1280, "en"), (360, "zh_CN")])
def test_by_mouse(visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path, width: int, lang: str):
    order, v = shop.order("code_viewed"), visit(width, lang)
    code = receipt(tmp_path / "shot.png")
    uploaded(v, order, tmp_path / "shot.png")
    old, mask = source(v), open_dialog(v)
    v.is_sound()
    left, top, right, bottom = on_screen(mask, code, 1080)
    mouse = v.page.mouse
    mouse.move(left - 4, top - 4)
    mouse.down()
    mouse.move(right, bottom, steps=4)
    mouse.move(right + 4, bottom + 4)
    mouse.up()
    expect(mask.locator(".box")).to_have_count(1)
    v.is_sound()
    shown = mask.locator(".box").evaluate(
        "e => [e.offsetLeft, e.offsetTop, e.offsetWidth, e.offsetHeight]"
        ".map(x => x / e.parentNode.offsetWidth)"
    )
    cover(v, mask, old)
    v.is_sound()
    is_gone(v, code, old)
    left, top, right, bottom = black(stored(v))
    filled = (left, top, right - left, bottom - top)
    assert all(abs(1080 * part - side) < 4 for part, side in zip(shown, filled, strict=True)), (
        "as it was shown"
    )
    number = re.search(r"evidence/([\w-]+)\.", source(v))
    assert number is not None
    query = "SELECT masks FROM evidence WHERE id = ?"
    assert rows(app, query, number[1]) == [(1,)]


class Finger:
    """One finger, through the browser's own input, so that `touch-action` decides."""

    def __init__(self, page: Page) -> None:
        self.page, self.line = page, page.context.new_cdp_session(page)

    def drag(self, *points: tuple[float, float]) -> None:
        self._send("touchStart", points[0])
        for (x0, y0), (x1, y1) in pairwise(points):
            for part in range(1, 9):
                self._send("touchMove", (x0 + (x1 - x0) * part / 8, y0 + (y1 - y0) * part / 8))
        self.page.evaluate(REST)
        self._send("touchMove", points[-1])
        self._send("touchEnd")

    def spread(self, start: list[tuple[float, float]], end: list[tuple[float, float]]) -> None:
        """Two fingers, apart or together."""
        self._send("touchStart", *start)
        for part in range(1, 9):
            pairs = zip(start, end, strict=True)
            self._send(
                "touchMove", *((a + (c - a) * part / 8, b + (d - b) * part / 8) for (a, b), (c, d) in pairs)
            )
        self._send("touchEnd")

    def _send(self, kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        self.line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_by_finger_on_a_long_screenshot(visit: OpenVisit, shop: Shop, tmp_path: Path):
    """Up and down scrolls, along the line draws; a tap sets a place, which can be taken away."""
    order, v = shop.order("code_viewed"), visit(360)
    code = receipt(tmp_path / "long.png", (800, 6_000), at=5_020)
    uploaded(v, order, tmp_path / "long.png")
    old, mask, finger = source(v), open_dialog(v), Finger(v.page)
    view = mask.locator(".view")
    middle = view.evaluate(
        "e => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y, r.height] }"
    )
    finger.drag((middle[0], middle[1] + middle[2] - 20), (middle[0], middle[1] + 20))
    v.page.wait_for_function("e => e.scrollTop > 40", arg=view.element_handle())
    expect(mask.locator(".box")).to_have_count(0)
    left, top, right, bottom = on_screen(mask, code, 800)
    y = (top + bottom) / 2
    finger.drag((left - 8, y), (right + 8, y))
    expect(mask.locator(".box")).to_have_count(1)
    v.page.touchscreen.tap(left, y - 60)
    expect(mask.locator(".box")).to_have_count(2)
    mask.locator("[data-do=drop]").tap()
    expect(mask.locator(".box")).to_have_count(1)
    cover(v, mask, old)
    is_gone(v, code, old)


@pytest.mark.parametrize(("width", "lang"), [(360, "zh_CN"), (1280, "en")])
def test_by_keys(visit: OpenVisit, shop: Shop, tmp_path: Path, width: int, lang: str):
    """From the button to the covered picture without a pointer, and each step is announced."""
    order, v = shop.order("code_viewed"), visit(width, lang)
    code = receipt(tmp_path / "shot.jpg", form="JPEG")
    uploaded(v, order, tmp_path / "shot.jpg")
    old, page = source(v), v.page
    page.locator('[class*="st-key-cover-"] button').focus()
    page.keyboard.press("Enter")
    mask = page.get_by_role("dialog").locator(".mask")
    expect(mask.locator("[data-do=cover]")).to_be_disabled()
    mask.locator("[data-do=add]").focus()
    page.keyboard.press("Enter")
    box = mask.locator(".box")
    expect(box).to_be_focused()
    live = mask.locator("[data-live]")
    expect(live).to_contain_text(v.tx("cover.keys"))
    page.keyboard.press("Delete")
    expect(box).to_have_count(0)
    expect(live).to_have_text(v.tx("cover.dropped", count=0))
    expect(mask.locator("[data-do=add]")).to_be_focused()
    page.keyboard.press("Enter")
    for side, key in enumerate(("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown")):
        push(box, side, code[side], key)
    for side in ("x", "w"):
        expect(live).to_contain_text(f"{round(100 * box.evaluate(f'e => e.box.{side}') / 1080)}%")
    mask.locator("[data-do=cover]").focus()
    page.keyboard.press("Enter")
    v.sees(v.tx("cover.done", n=1))
    expect(shot(v)).not_to_have_attribute("src", old)
    v.settle()
    v.page.reload()
    v.settle()
    picture = stored(v)
    assert picture.crop(code).getcolors() == [((code[2] - code[0]) * (code[3] - code[1]), (0, 0, 0))]
    assert page.request.get(old).status == 404


def test_what_was_read_is_proposed_and_can_be_taken_away(
    visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path
):
    """A phone number that should stay is taken away; a box over the order number warns."""
    order, v = shop.order("code_viewed"), visit(360)
    left, top, right, bottom = receipt(tmp_path / "shot.png")
    uploaded(v, order, tmp_path / "shot.png")
    read = {
        "order": "same", "amounts": [], "paid": [], "times": [],
        "covered": [["card_code", left, top, right - left, bottom - top], ["phone", 60, 880, 300, 40]],
        "shown": [["order", 60, 400, 300, 40]],
    }  # fmt: skip
    number = re.search(r"evidence/([\w-]+)\.", source(v))
    assert number is not None
    with closing(sqlite3.connect(app.database_url.removeprefix("sqlite:///"))) as database, database:
        change = "UPDATE evidence SET reading = ?, read_due_at = NULL WHERE id = ?"
        database.execute(change, (json.dumps(read), number[1]))
    old, mask = source(v), open_dialog(v)
    expect(mask.locator(".how")).to_have_text(v.tx("cover.how.proposed"))
    boxes, warning = mask.locator(".box"), mask.locator(".warn")
    expect(boxes).to_have_count(2)
    expect(warning).to_have_text("")
    boxes.nth(1).tap()
    mask.locator("[data-do=drop]").tap()
    expect(boxes).to_have_count(1)
    mask.locator("[data-do=larger]").tap()
    boxes.focus()
    for _ in range(40):
        if warning.inner_text():
            break
        boxes.press("ArrowUp")
    expect(warning).to_have_text(v.tx("cover.hides.order"))
    v.is_sound()
    boxes.press("Delete")
    mask.locator("[data-do=smaller]").tap()
    finger, (x0, y0, x1, y1) = Finger(v.page), on_screen(mask, (left, top, right, bottom), 1080)
    finger.drag((x0 - 8, (y0 + y1) / 2), (x1 + 8, (y0 + y1) / 2))
    cover(v, mask, old)
    is_gone(v, (left, top, right, bottom), old)


def test_what_went_wrong_is_said_beside_the_button_and_nothing_drawn_is_lost(
    visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path
):
    """The stored bytes cannot be read for a while."""
    order, v = shop.order("code_viewed"), visit(360, "en")
    code = receipt(tmp_path / "shot.png")
    uploaded(v, order, tmp_path / "shot.png")
    old, mask = source(v), open_dialog(v)
    number = re.search(r"evidence/([\w-]+)\.", old)
    assert number is not None
    file = app.directory / "evidence" / number[1]
    kept, finger = file.read_bytes(), Finger(v.page)
    left, top, right, bottom = on_screen(mask, code, 1080)
    finger.drag((left - 8, (top + bottom) / 2), (right + 8, (top + bottom) / 2))
    file.write_bytes(kept[:200])
    mask.locator("[data-do=cover]").tap()
    expect(mask.locator(".problem")).to_have_text(v.tx("cover.not_now"))
    file.write_bytes(kept)
    expect(mask.locator(".box")).to_have_count(1)
    cover(v, mask, old)
    is_gone(v, code, old)


def test_two_fingers_zoom_and_nothing_is_drawn(visit: OpenVisit, shop: Shop, tmp_path: Path):
    order, v = shop.order("code_viewed"), visit(360)
    receipt(tmp_path / "shot.png")
    uploaded(v, order, tmp_path / "shot.png")
    mask = open_dialog(v)
    view = mask.locator(".view").bounding_box()
    assert view is not None
    x, y, finger = view["x"] + view["width"] / 2, view["y"] + 120, Finger(v.page)
    wide = mask.locator(".sheet").evaluate("e => e.offsetWidth")
    finger.spread([(x - 20, y), (x + 20, y)], [(x - 90, y), (x + 90, y)])
    v.page.wait_for_function(
        "([e, w]) => e.offsetWidth > 1.4 * w", arg=[mask.locator(".sheet").element_handle(), wide]
    )
    expect(mask.locator(".box")).to_have_count(0)
    mask.locator("[data-do=cancel]").tap()
    expect(v.page.get_by_role("dialog")).to_have_count(0)


def push(box: Locator, side: int, to: int, key: str) -> None:
    """Press a key, or its counterpart, until the edge of the box is just beyond where it should be."""
    edge = ("e.box.x", "e.box.y", "e.box.x + e.box.w", "e.box.y + e.box.h")[side]
    back = {"Left": "Right", "Up": "Down", "Right": "Left", "Down": "Up"}
    outward = 1 if side > 1 else -1
    other = re.sub("(Left|Right|Up|Down)$", lambda found: back[found[0]], key)
    step = abs(pressed(box, edge, other) - pressed(box, edge, key))
    for _ in range(400):
        beyond = outward * (box.evaluate(f"e => {edge}") - to)
        if 0 <= beyond <= step:
            return
        box.press(key if beyond < 0 else other)
    raise AssertionError(f"{key} does not lead there")


def pressed(box: Locator, edge: str, key: str) -> float:
    box.press(key)
    return float(box.evaluate(f"e => {edge}"))
