"""User text never becomes markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.html import bound, empty, esc, hero, href, lines, literal, ms, spoken, sr


@given(st.text())
def test_escaped_text_cannot_open_a_tag_or_leave_an_attribute(text: str):
    assert not set("<>\"'") & set(esc(text))


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f"])
def test_marks_that_turn_the_text_around_are_dropped(mark: str):
    assert esc(f"a{mark}b") == "ab"


def test_lines_are_kept_and_isolated():
    assert lines("a\n<b>") == '<bdi class="lines">a\n&lt;b&gt;</bdi>'


def test_addresses_are_quoted():
    assert href("/track", case="R1&x=<1>") == "/track?case=R1%26x%3D%3C1%3E"
    assert href("/a", b="1", c="2") == "/a?b=1&amp;c=2"


def test_icons_are_silent_and_words_for_readers_are_not():
    assert 'aria-hidden="true"' in ms("home") and 'aria-hidden="true"' in ms("home", "ok")
    assert "aria-hidden" not in sr("下一步")


def test_headings():
    assert "&lt;i&gt;" in hero("<i>") and "<p>" not in hero("a")
    assert "&lt;i&gt;" in empty("inbox", "<i>", "b")


def test_no_line_ends_inside_a_date_or_between_a_number_and_its_unit():
    assert bound("还剩 6 天") == "还剩 6\u00a0天"
    assert bound("1–2 个工作日") == "1–2\u00a0个工作日"
    assert bound("预计 11月25日（周三）前") == "预计 11月25日\u2060（周三）\u2060前"
    assert esc("6 天") == "6\u00a0天"


@given(st.text())
def test_a_spoken_label_has_no_sign_that_markdown_knows(text: str):
    assert not re.search(r"[!-,./:-@\[-^`{-~]|(^|\W)[-_]|[-_](\W|$)|--|__", spoken(text))


def test_what_is_spoken_are_the_words():
    assert spoken("王梓涵 (VIP)") == "王梓涵 VIP" and spoken("CONSOLE-1280") == "CONSOLE-1280"
    assert spoken("![p](http://x/y) :smile: $x$") == "p http x y smile x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![p](//x)", r"\!\[p\]\(\/\/x\)"),
        (":red[x]", "\\:\u2060red\\[x\\]"),
        ("$x$ \\", r"\$x\$ \\"),
        ("已发给 王", "已发给 王"),
    ],
)
def test_a_toast_says_what_stands_there(text: str, shown: str):
    assert literal(text) == shown
