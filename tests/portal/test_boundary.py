"""Refusals become sentences, accidents an id; a traceback reaches nobody."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest

from core import logs
from core.domain.errors import AmountAboveRemaining
from portal import boundary
from tests.pages.conftest import words


def page(source: str) -> AppTest:
    at = AppTest.from_string(source, default_timeout=30)
    at.session_state["language"] = "zh_CN"
    return at.run()


def test_a_refused_command_is_told_in_place_and_the_page_goes_on():
    at = page(
        """
import streamlit as st
from core.domain.errors import AmountAboveRemaining
from portal import boundary
with boundary.refusals():
    raise AmountAboveRemaining(remaining_minor=1250, currency="CNY")
st.html("<p>还在这里</p>")
"""
    )
    assert "¥12.50" in words(at) and "还在这里" in words(at) and not at.exception


def test_an_accident_is_not_swallowed_by_it():
    at = page(
        """
from portal import boundary
with boundary.refusals():
    raise ValueError("secret 138****2046")
"""
    )
    assert at.exception


def test_an_accident_shows_an_id_and_nothing_else():
    at = page(
        """
from portal import boundary
assert boundary.on_script_error(ValueError("secret <b>138</b>")) is True
"""
    )
    said = words(at)
    assert "这一步没有完成" in said and "secret" not in said and "回到首页" in said


def test_a_refusal_that_nobody_caught_is_words_too():
    at = page(
        """
from core.domain.errors import NotFound
from portal import boundary
assert boundary.on_script_error(NotFound()) is True
"""
    )
    assert "没有找到" in words(at)


def test_ids_can_be_read_out_over_the_telephone():
    made = {logs.new_id() for _ in range(200)}
    assert len(made) == 200 and not set("01OIL") & set("".join(made))


def test_the_id_that_a_customer_quotes_is_on_every_line_of_that_run(capsys):
    logs.to_stderr()
    at = page(
        """
import structlog
from core import logs
from portal import boundary
logs.begin(request="K7RT2MXY", page="track")
structlog.get_logger("x").warning("before")
boundary.on_script_error(ValueError("broken"))
"""
    )
    # Streamlit grumbles by itself that no browser is there.
    ours = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    told = {line["event"]: line.get("request") for line in map(json.loads, ours)}
    assert (told["before"], told["accident"]) == ("K7RT2MXY", "K7RT2MXY")
    assert "K7RT2MXY" in words(at)


def test_a_block_is_announced_and_escaped():
    html = boundary.block("<x>", title="<y>", way_on=("<z>", "/?a=1&b=2"))
    assert 'role="alert"' in html and "<x>" not in html and "<y>" not in html and "<z>" not in html


def test_the_sentence_of_a_refusal():
    from core import texts

    assert "¥10.00" in boundary.words(
        AmountAboveRemaining(remaining_minor=1000, currency="CNY"), texts.of("en")
    )
