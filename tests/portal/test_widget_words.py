"""Streamlit's own words, in the language of the page."""

from __future__ import annotations

from core import texts
from portal import pagefile, widget_words


def test_each_is_said_once_with_its_places() -> None:
    said = widget_words.spoken(texts.of("zh_CN"))
    assert len(dict(said)) == len(said) > 40
    for theirs, ours in said:
        assert theirs.count("#") >= ours.count("#"), "nothing is put in that is not there"
        assert theirs != ours
    assert dict(said)["11 – November"] == "11月"
    assert dict(said)["Remove #"] == "去掉 #"


def test_an_english_page_needs_none() -> None:
    assert widget_words.spoken(texts.of("en")) == []
    assert b'name="words"' in pagefile.page("zh_CN", "shop") and b'name="words"' not in pagefile.page(
        "en", "shop"
    )
