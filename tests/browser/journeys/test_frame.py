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
