"""The bar on top of every page holds on the smallest phone, whoever is signed in."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

# Left and right edge of everything in the bar, and whether an icon is inside the button that it belongs to.
EDGES = """bar => [...bar.querySelectorAll(".logo, .lang, .bell, .who, .who .ms")].map(e => {
  const box = e.getBoundingClientRect(), whole = e.closest(".who")?.getBoundingClientRect() ?? box;
  const inside = box.right <= whole.right + 1 && box.left >= whole.left - 1;
  return [Math.round(box.left), Math.round(box.right), inside];
})"""


@pytest.mark.parametrize("width", [320, 360])
@pytest.mark.parametrize("person", ["c03", "c06"])
def test_a_long_name_is_shortened_and_nothing_is_cut(
    page_factory: Callable[..., Page], person: str, width: int
):
    page = page_factory(width, "en")
    page.request.get("/session/lang?lang=en&to=/robots.txt")
    page.request.get(f"/session/demo?as={person}&to=/robots.txt")
    page.goto("/help")
    expect(page.locator("header.bar .who")).to_be_visible()
    parts = page.locator("header.bar").evaluate(EDGES)
    assert len(parts) == 6 and all(0 <= left < right <= width and whole for left, right, whole in parts), (
        parts
    )
    assert all(one[1] <= other[0] for one, other in pairwise(parts[:4])), parts


@pytest.mark.parametrize("width", [360, 641, 768, 981, 1280])
def test_the_words_of_all_pages_fit_in_one_line(page_factory: Callable[..., Page], width: int):
    """Who leads has most pages, and English the longest words."""
    page = page_factory(width, "en")
    page.request.get("/session/lang?lang=en&to=/robots.txt")
    page.request.get("/session/demo?as=tang-wei&to=/robots.txt")
    page.goto("/help")
    expect(page.locator("header.bar .tabs a").first).to_be_visible()
    boxes = [tab.bounding_box() for tab in page.locator("header.bar .tabs a").all()]
    found = [box for box in boxes if box is not None]
    assert len(found) == len(boxes) == 7
    assert max(box["height"] for box in found) <= 62 and len({box["y"] for box in found}) == 1, found
    assert all(one["x"] + one["width"] <= other["x"] + 1 for one, other in pairwise(found)), found
    assert found[-1]["x"] + found[-1]["width"] <= width
    named = page.locator("header.bar .logo").evaluate("logo => logo.scrollWidth <= logo.clientWidth + 1")
    assert named, "whose portal it is can be read"
