"""Whose an open page is: buttons and dialogs that were drawn for somebody do nothing for anybody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest

from core.services import identity
from portal import whose
from tests.core.services.test_desk import referred
from tests.pages.conftest import ROOT, OpenPage, words
from tests.plans import queries
from tests.shop import MEI, REVIEWER, REVIEWER_2, WEI, Shop


@pytest.fixture(autouse=True)
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As every process of the portal is."""
    with monkeypatch.context() as patch:
        patch.setattr(SafeSessionState, "on_script_will_rerun", SafeSessionState.on_script_will_rerun)
        whose.guard()
        yield


def at_the_last_click(open_page: OpenPage, shop: Shop) -> tuple[AppTest, str]:
    case_no = referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-approve").click().run()
    return page, case_no


def test_who_has_signed_out_elsewhere_decides_nothing(open_page: OpenPage, shop: Shop) -> None:
    page, case_no = at_the_last_click(open_page, shop)
    identity.end_session(shop.app, page.session_state["session_token"])
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "in_review"
    assert not page.button and "登录" in words(page)


def test_nor_does_somebody_else_in_the_same_browser(open_page: OpenPage, shop: Shop) -> None:
    """Neither as the one before, nor unseen as themselves."""
    page, case_no = at_the_last_click(open_page, shop)
    page.session_state["session_token"] = identity.open_session(shop.app, "reviewer", REVIEWER_2.id)
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "in_review"


def test_nor_who_has_another_role_by_now(open_page: OpenPage, shop: Shop) -> None:
    page, case_no = at_the_last_click(open_page, shop)
    page.session_state["session_token"] = identity.open_session(shop.app, "support", REVIEWER.id)
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "in_review"


def test_words_of_the_one_before_are_not_shown_to_the_next(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    page = open_page("track", MEI, case=case_no)
    page.session_state["words"] = "what Mei has begun to write"
    page.session_state["session_token"] = identity.open_session(shop.app, "customer", WEI.id)
    page.button(key="withdraw").click().run()
    assert "words" not in page.session_state
    assert shop.view(case_no).state == "in_review"


def test_who_is_still_here_goes_on_as_before(open_page: OpenPage, shop: Shop) -> None:
    page, case_no = at_the_last_click(open_page, shop)
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "approved"
    assert "登录" not in words(page)


def test_a_click_looks_once(shop: Shop) -> None:
    """Who is here is read before the click and not once more for the page."""
    page = AppTest.from_file(str(ROOT / "portal" / "navigation.py"), default_timeout=30)
    page.session_state["session_token"] = identity.open_session(shop.app, "customer", MEI.id)
    page.run()
    with queries(shop.app.engine) as asked:
        page.run()
    assert not page.exception
    assert sum("FROM sessions" in statement for statement in asked) == 1
