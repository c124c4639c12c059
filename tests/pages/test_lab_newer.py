"""R6.3: a version that is published while somebody edits takes nothing from them, and is not taken back by
them: it is told, the edits are carried over onto it, and nobody is asked to approve them before.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import spots
from core.domain.actors import Actor
from core.services import policies, policy_drafts, policy_publishing
from tests.pages.conftest import OpenPage, words
from tests.pages.filling import press
from tests.pages.test_lab import button, cell, in_the_grid, look, pick, text
from tests.shop import LEAD, Shop

AUTHOR = Actor("policy", "lu-jing")
OTHER = Actor("policy", "another")
FIGURE = "lab-fig-window_days.membership-lab-doc-last-1"


def published(shop: Shop, old: str = "\ngame_card = 7", new: str = "\ngame_card = 9") -> int:
    """Somebody else's change, in force meanwhile."""
    version, document, _ = policies.last_document(shop.app)
    assert old in document
    changed = document.replace(old, new, 1)
    faults = policy_publishing.faults(changed)
    draft_id = policy_drafts.ask(
        shop.app, OTHER, changed, "other", f"ask {new}", based_on=version, despite=faults
    )
    return policy_drafts.approve(shop.app, LEAD, draft_id, f"approve {new}", despite=faults)


def may_ask(page: AppTest) -> bool:
    found = [each for each in page.button if each.proto.form_id == "lab-ask"]
    return any(not each.disabled for each in found)


def asked(page: AppTest, shop: Shop) -> policy_drafts.Draft:
    page.text_input(key="lab-meant").set_value("mine")
    button(page, "lab-ask").click().run()
    return policy_drafts.drafts(shop.app, LEAD)[0]


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_what_is_typed_in_the_click_that_finds_it_stays(open_page: OpenPage, shop: Shop, lang: str) -> None:
    page = open_page("lab", AUTHOR, lang=lang)
    published(shop)
    page.number_input(key=FIGURE).set_value(21).run()
    assert "membership = 21" in text(page) and "game_card = 7" in text(page)
    said = words(page)
    assert ("你在改的时候，第 2 版发布了" if lang == "zh_CN" else "Version 2 was published while") in said
    assert ("7 天 → 9 天" if lang == "zh_CN" else "7 days → 9 days") in said
    assert not may_ask(page)
    label = page.selectbox(key="lab-base").options[0]
    assert "1" in label and "2" not in label, "the picker says what the text is of"
    press(page, "lab-carry-2")
    now = str(page.session_state["lab-doc-last-2"])
    assert "membership = 21" in now and "game_card = 9" in now and may_ask(page)
    draft = asked(page, shop)
    assert draft.based_on == 2
    policy_drafts.approve(shop.app, LEAD, draft.id, "yes")
    windows = policies.current(shop.app)[1].window_days
    assert (windows["membership"], windows["game_card"]) == (21, 9)


def test_asking_is_the_click_that_finds_it(open_page: OpenPage, shop: Shop) -> None:
    """Nothing is asked for; what was meant stays in its field and is asked for after the edits came over."""
    page = open_page("lab", AUTHOR)
    page.number_input(key=FIGURE).set_value(21).run()
    published(shop)
    page.text_input(key="lab-meant").set_value("longer")
    button(page, "lab-ask").click().run()
    assert [draft.meant for draft in policy_drafts.drafts(shop.app, LEAD)] == ["other"]
    assert page.text_input(key="lab-meant").value == "longer" and not may_ask(page)
    press(page, "lab-carry-2")
    button(page, "lab-ask").click().run()
    assert policy_drafts.drafts(shop.app, LEAD)[0].meant == "longer"


def test_who_changed_nothing_reads_the_newer_one(open_page: OpenPage, shop: Shop) -> None:
    page = open_page("lab", AUTHOR)
    published(shop)
    page.run()
    assert "game_card = 9" in str(page.session_state["lab-doc-last-2"]) and "你在改的时候" not in words(page)


def test_in_the_text(open_page: OpenPage, shop: Shop) -> None:
    page = open_page("lab", AUTHOR, view="text")
    published(shop)
    page.text_area[0].set_value(text(page).replace("membership = 15", "membership = 22")).run()
    assert "第 2 版发布了" in words(page) and "membership = 22" in page.text_area[0].value
    press(page, "lab-carry-2")
    assert "membership = 22" in page.text_area[0].value and "game_card = 9" in page.text_area[0].value


def rules(page: AppTest, version: int) -> list[str]:
    return [rule["id"] for rule in spots.read(page.session_state[f"lab-doc-last-{version}"])["rules"]]


@pytest.mark.parametrize("where", ["grid", "field"])
def test_a_rule_that_was_added_and_named_is_that_rule(open_page: OpenPage, shop: Shop, where: str) -> None:
    """No other one is renamed, wherever it stands in the newer version."""
    page = pick(open_page("lab", AUTHOR, view="table"), shop, "redeemed")
    before = rules(page, 1)
    page.button(key="lab-rule-add").click()
    first = policies.current(shop.app)[1].rules[0].id
    _, document, _ = policies.last_document(shop.app)
    block = document[
        document.index("[[rules]]") : document.index("[[rules]]", document.index("[[rules]]") + 9)
    ]
    published(shop, block, block.replace(f'"{first}"', '"new_first"') + block)
    page.run()
    at = rules(page, 1).index("rule_1")
    if where == "grid":
        in_the_grid(page, at, "id", "cards")
    else:
        page.text_input(key=cell(page, "id")).set_value("cards").run()
    assert rules(page, 1) == [*before[:at], "cards", *before[at:]]
    press(page, "lab-carry-2")
    wanted = ["new_first", *before]
    wanted.insert(wanted.index("redeemed"), "cards")
    assert rules(page, 2) == wanted
    assert page.selectbox(key="lab-rule").value == f"{wanted.index('cards') + 1}. cards"


def test_a_row_of_the_grid_is_its_rule_though_others_came_before_it(open_page: OpenPage, shop: Shop) -> None:
    """The browser sends a row's number as it saw it; the text may have grown above it since."""
    from core.domain import rule_blocks
    from portal.parts import lab_cells

    page = open_page("lab", AUTHOR, view="table")
    names = rules(page, 1)
    at = names.index("redeemed")
    row = rule_blocks.fresh(spots.read(text(page)), 0, {"zh": "一。", "en": "One."})
    import streamlit as st

    st.session_state["a-text"] = rule_blocks.with_rule(text(page), 0, row)
    try:
        assert lab_cells.write("a-text", at, "redeemed", "verdict", "review", "grid")
        changed = spots.read(st.session_state["a-text"])["rules"]
        assert changed[at + 1]["id"] == "redeemed" and changed[at + 1]["verdict"] == "review"
        assert not lab_cells.write("a-text", at, "no_such", "verdict", "review", "grid")
        assert spots.read(st.session_state["a-text"])["rules"] == changed
    finally:
        del st.session_state["a-text"]


@pytest.mark.parametrize(("whose", "days"), [("mine", 21), ("theirs", 30)])
def test_what_both_changed_is_chosen(open_page: OpenPage, shop: Shop, whose: str, days: int) -> None:
    page = open_page("lab", AUTHOR)
    page.number_input(key=FIGURE).set_value(21).run()
    published(shop, "membership = 15", "membership = 30")
    press(page.run(), "lab-carry-2")
    assert "先一处一处选好" in words(page) and "lab-doc-last-2" not in page.session_state
    said = words(page)
    assert "两边都改了能申请多少天 · 会员" in said and "membership = 21" in said and "membership = 30" in said
    [choice] = page.radio
    choice.set_value(whose).run()
    press(page, "lab-carry-2")
    assert f"membership = {days}" in str(page.session_state["lab-doc-last-2"])


def test_a_third_version_between_look_and_click_is_told_first(open_page: OpenPage, shop: Shop) -> None:
    page = open_page("lab", AUTHOR)
    page.number_input(key=FIGURE).set_value(21).run()
    published(shop)
    page.run()
    published(shop, "\nreview_least = 1", "\nreview_least = 2")
    press(page, "lab-carry-2")
    assert "第 3 版发布了" in words(page) and not may_ask(page)
    press(page, "lab-carry-3")
    now = str(page.session_state["lab-doc-last-3"])
    assert all(line in now for line in ("membership = 21", "game_card = 9", "review_least = 2"))


def test_a_kept_text_comes_back_as_one_of_its_version(open_page: OpenPage, shop: Shop) -> None:
    """A reload or a sign-in after the newer one was published: the base comes back with the text."""
    document = policies.last_document(shop.app)[1]
    mine = document.replace("membership = 15", "membership = 21")
    published(shop)
    page = open_page("lab", AUTHOR)
    back = json.dumps({"from": 1, "text": mine})
    page.text_input(key="lab-back-lab-doc-last-2").set_value(back).run()
    assert text(page) == mine and "第 2 版发布了" in words(page) and not may_ask(page)
    press(page, "lab-carry-2")
    assert "game_card = 9" in str(page.session_state["lab-doc-last-2"])


def test_going_on_from_a_draft_begins_with_its_own_version(open_page: OpenPage, shop: Shop) -> None:
    version, document, _ = policies.last_document(shop.app)
    mine = document.replace("membership = 15", "membership = 21")
    draft_id = policy_drafts.ask(shop.app, AUTHOR, mine, "mine", "ask", based_on=version)
    published(shop)
    waiting = open_page("lab", LEAD, draft=str(draft_id))
    assert "所以不能批准" in words(waiting), "said before the button, which is not there"
    assert all(each.proto.form_id != "lab-approve" for each in waiting.button)
    policy_drafts.send_back(shop.app, LEAD, draft_id, "2 is not in it", "back")
    page = open_page("lab", AUTHOR)
    page.query_params["from"] = str(draft_id)
    page.run()
    assert "第 2 版发布了" in words(page) and not may_ask(page)
    press(page, "lab-carry-2")
    assert asked(page, shop).based_on == 2


@pytest.mark.parametrize("base", ["version-1", "generous"])
def test_another_beginning_is_an_edit_of_the_last_version_too(
    open_page: OpenPage, shop: Shop, base: str
) -> None:
    """Back to an earlier one, or one that ships: what is published then is not taken back by it unseen."""
    published(shop)
    page = open_page("lab", AUTHOR)
    page.selectbox(key="lab-base").set_value(base).run()
    assert may_ask(page)
    published(shop, "\nreview_least = 1", "\nreview_least = 2")
    page.run()
    assert "第 3 版发布了" in words(page) and not may_ask(page)
    assert page.selectbox(key="lab-base").value == base


def test_a_field_of_one_text_writes_into_no_other(open_page: OpenPage, shop: Shop) -> None:
    """A browser that is a step behind sends what it has of the base before: that is no value of this one."""
    page = open_page("lab", AUTHOR)
    stale: Any = page.number_input(key=FIGURE)
    page.selectbox(key="lab-base").set_value("generous").run()
    before = text(page, "generous")
    states = page._tree.get_widget_states()
    states.widgets.add(id=stale.id, double_value=88.0)
    page._run(states)
    assert text(page, "generous") == before and "88" not in str(page.number_input[0].value)
    look(page, "table")
    keys = {str(each.key) for each in page.text_input if str(each.key).startswith("lab-cell")}
    assert keys and all("generous" in key for key in keys)


def test_the_service_refuses_what_the_page_does_not_offer(shop: Shop) -> None:
    from core.domain.errors import PolicyMovedOn

    document = policies.last_document(shop.app)[1]
    published(shop)
    with pytest.raises(PolicyMovedOn):
        policy_drafts.ask(
            shop.app, AUTHOR, document.replace("membership = 15", "membership = 21"), "x", "x", based_on=1
        )
