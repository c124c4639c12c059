"""R6.3: what begins later is told in the lab and called off there, and who writes on it meanwhile goes on."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.domain.actors import Actor
from core.domain.workdays import ZONE
from core.services import policies, policy_drafts, policy_schedule
from tests.pages.conftest import OpenPage, words
from tests.pages.filling import press
from tests.pages.test_lab import button, text
from tests.shop import LEAD, Shop

AUTHOR = Actor("policy", "lu-jing")


def scheduled(shop: Shop, days: int = 3, old: str = "\ngame_card = 7", new: str = "\ngame_card = 9") -> int:
    """A version that begins at midnight in so many days."""
    _, document, _ = policies.last_document(shop.app)
    assert old in document
    changed = document.replace(old, new, 1)
    draft_id = policy_drafts.ask(shop.app, AUTHOR, changed, "cards get longer", f"ask {new}")
    day = (shop.clock.at + timedelta(days=days)).astimezone(ZONE).date()
    start = datetime.combine(day, datetime.min.time(), ZONE)
    return policy_drafts.approve(shop.app, LEAD, draft_id, f"yes {new}", start)


def call_off(page: AppTest, why: str, version: int = 2) -> AppTest:
    page.text_input(key=f"lab-off-why-{version}").set_value(why)
    button(page, f"lab-schedule-{version}").click().run()
    assert not page.exception, page.exception
    return page


@pytest.mark.parametrize(
    ("lang", "told", "done", "kept"),
    [
        ("zh_CN", "取消第 2 版", "第 2 版已取消", "第 2 版原定"),
        ("en", "Call off version 2", "Version 2 is called off", "Version 2 was to begin"),
    ],
)
def test_it_is_called_off_with_a_reason(
    open_page: OpenPage, shop: Shop, lang: str, told: str, done: str, kept: str
) -> None:
    scheduled(shop)
    page = open_page("lab", AUTHOR, lang=lang)
    assert "cards get longer" in words(page)
    assert button(page, "lab-schedule-2").label == told
    call_off(page, " ")
    assert policy_schedule.coming(shop.app, AUTHOR), "never without a reason"
    call_off(page, "9 <b>was</b> wrong")
    assert policy_schedule.coming(shop.app, AUTHOR) == ()
    said = words(page)
    assert done in said and kept in said and "was</b> wrong" in said
    assert not [each for each in page.button if each.proto.form_id.startswith("lab-schedule")]


def test_nothing_is_told_where_nothing_is_scheduled(open_page: OpenPage, shop: Shop) -> None:
    page = open_page("lab", AUTHOR, lang="en")
    assert "Scheduled" not in words(page) and "called it off" not in words(page)


def test_the_last_of_several_can_be_called_off(open_page: OpenPage, shop: Shop) -> None:
    """Each with a reason of its own: what was written about one is not said of the next."""
    scheduled(shop, 3)
    scheduled(shop, 5, "\nmembership = 15", "\nmembership = 21")
    page = open_page("lab", AUTHOR, lang="en")
    assert "Version 2, in force from" in words(page) and "Version 3, in force from" in words(page)
    assert "so that one has to be called off first" in words(page)
    forms = {each.proto.form_id for each in page.button if each.proto.form_id}
    assert "lab-schedule-3" in forms and "lab-schedule-2" not in forms
    call_off(page, "only the last is wrong", 3)
    said = words(page)
    assert "Version 1 is in force, as before. Version 2 still begins on" in said
    assert page.text_input(key="lab-off-why-2").value == "" and "called off first" not in said
    page = open_page("lab", AUTHOR, lang="en", draft=str(policy_drafts.drafts(shop.app, LEAD)[-1].id))
    call_off(page, "this one too")
    assert policy_schedule.coming(shop.app, AUTHOR) == (), "also where it was approved"


def test_in_its_last_minute_there_is_no_button(open_page: OpenPage, shop: Shop) -> None:
    scheduled(shop, 1)
    (coming,) = policy_schedule.coming(shop.app, AUTHOR)
    shop.clock.at = coming.begins_at - timedelta(seconds=30)
    page = open_page("lab", AUTHOR, lang="en")
    assert "cannot be called off any more" in words(page)
    assert not [each for each in page.button if each.proto.form_id.startswith("lab-schedule")]


def test_who_writes_on_it_carries_the_edits_over(open_page: OpenPage, shop: Shop) -> None:
    """What was called off goes, what one wrote oneself stays."""
    version = scheduled(shop)
    page = open_page("lab", AUTHOR, lang="en")
    page.number_input(key=f"lab-fig-window_days.membership-lab-doc-last-{version}").set_value(21).run()
    policy_schedule.call_off(shop.app, LEAD, version, "the reason", "off")
    page.run()
    said = words(page)
    assert "Version 2, which your text is based on, was called off" in said and "the reason" in said
    assert "published while" not in said and "9 days → 7 days" in said
    press(page, "lab-carry-1")
    now = text(page)
    assert "membership = 21" in now and "game_card = 7" in now
    page.text_input(key="lab-meant").set_value("mine")
    button(page, "lab-ask").click().run()
    assert policy_drafts.drafts(shop.app, LEAD)[0].based_on == 1


def test_what_the_tab_kept_comes_back_after_it_was_called_off(open_page: OpenPage, shop: Shop) -> None:
    """A reload takes nothing from whoever was writing on it."""
    version = scheduled(shop)
    mine = policies.document(shop.app, version).replace("membership = 15", "membership = 21", 1)
    policy_schedule.call_off(shop.app, LEAD, version, "no", "off")
    page = open_page("lab", AUTHOR, lang="en")
    told = json.dumps({"from": version, "text": mine})
    page.text_input(key="lab-back-lab-doc-last-1").set_value(told).run()
    assert page.session_state[f"lab-doc-last-{version}"] == mine
    assert "which your text is based on, was called off" in words(page)


def test_its_draft_can_be_gone_on_from(open_page: OpenPage, shop: Shop) -> None:
    version = scheduled(shop)
    on_top = policy_drafts.ask(
        shop.app, AUTHOR, policies.document(shop.app, version).replace("= 9", "= 8", 1), "top", "top"
    )
    policy_schedule.call_off(shop.app, LEAD, version, "a slip of the pen", "off")
    draft = next(each for each in policy_drafts.drafts(shop.app, LEAD) if each.version == version)
    page = open_page("lab", AUTHOR, lang="en", draft=str(draft.id))
    assert "called it off" in words(page) and "a slip of the pen" in words(page)
    press(page, "lab-go-on")
    assert "game_card = 9" in text(page, f"draft-{draft.id}")
    for who in (LEAD, AUTHOR):
        page = open_page("lab", who, lang="en", draft=str(on_top))
        said = words(page)
        assert (
            "which was called off and is still in it" in said and "Another person has to approve" not in said
        )
        assert "lab-approve" not in {each.proto.form_id for each in page.button}
        assert "Live trial" not in said, "what cannot be approved is not tried either"


def test_its_author_is_told_at_the_top(open_page: OpenPage, shop: Shop) -> None:
    version = scheduled(shop)
    policy_schedule.call_off(shop.app, LEAD, version, "no", "off")
    told = "approved and then called off"
    assert told in words(open_page("lab", AUTHOR, lang="en"))
    assert told not in words(open_page("lab", LEAD, lang="en"))


def test_no_day_is_offered_that_is_refused(open_page: OpenPage, shop: Shop) -> None:
    """A draft on a version that is to begin later cannot begin before it."""
    version = scheduled(shop, 100)
    (coming,) = policy_schedule.coming(shop.app, LEAD)
    changed = policies.document(shop.app, version).replace("membership = 15", "membership = 21", 1)
    draft_id = policy_drafts.ask(shop.app, AUTHOR, changed, "top", "top")
    page = open_page("lab", LEAD, lang="en", draft=str(draft_id))
    days = page.selectbox(key="lab-from").options
    assert "At once" not in days[0] and str(coming.begins_at.astimezone(ZONE).day) in days[0]
    page.selectbox(key="lab-from").select_index(0)
    button(page, "lab-approve").click().run()
    assert policy_drafts.get(shop.app, LEAD, draft_id).begins_at == coming.begins_at


def test_who_called_it_off_is_not_told_that_it_was(open_page: OpenPage, shop: Shop) -> None:
    """Its author is, where another one did."""
    scheduled(shop)
    policy_schedule.call_off(shop.app, LEAD, 2, "not yet", "off")
    assert "批准后又取消了" in words(open_page("lab", AUTHOR))
    shop.clock.advance(timedelta(minutes=1))
    scheduled(shop, 4, new="\ngame_card = 11")
    policy_schedule.call_off(shop.app, AUTHOR, 3, "a mistake", "off-2")
    assert "批准后又取消了" not in words(open_page("lab", AUTHOR))
