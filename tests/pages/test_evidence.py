"""A sent case's evidence: what is asked for, what is there, more, and what becomes of it (R2.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Never

import pytest
from streamlit.testing.v1 import AppTest

from core.domain.actors import Actor
from core.domain.errors import TransitionRefused
from core.domain.lifecycle import CASE
from core.services import evidence
from portal.parts import add_proof
from tests.core.services.test_negotiations import bounced
from tests.core.services.test_offers import offered
from tests.pages.conftest import OpenPage, html, words
from tests.pages.filling import filled, keyed, picture
from tests.pages.test_evidence_step import add, uploads
from tests.pages.test_track import (
    appealed,
    approved,
    arbitrated,
    asked,
    closed,
    rejected,
    reviewed,
    withdrawn,
)
from tests.shop import MEI, REVIEWER, SUPPORT, WEI, Shop

# What each state says next, and whether the customer has to do something on Track for it to count.
OPEN: dict[str, tuple[Callable[[Shop], str], str, str]] = {
    "in_review": (reviewed, "审核员处理这张退款单时会看到", "看退款进度"),
    "awaiting_customer": (asked, "发送回答以后，审核才会继续", "去写回答"),
    "rejected": (rejected, "提出申诉，由另一位审核员来看", "去提出申诉"),
    "in_appeal": (appealed, "另一位审核员", "看退款进度"),
    "in_arbitration": (arbitrated, "仲裁员和审核员看到的是同一份材料", "看退款进度"),
    "negotiating": (bounced, "按你选的方式把钱给你", "去选收款方式"),
}


def test_every_state_that_takes_evidence_is_told():
    assert set(OPEN) == add_proof.OPEN == evidence.TAKES_EVIDENCE - {CASE.initial}


@pytest.mark.parametrize("state", OPEN)
def test_each_state_says_where_the_case_is_who_looks_and_where_to_go_on(
    open_page: OpenPage, shop: Shop, state: str
):
    make, says, go = OPEN[state]
    case_no = make(shop)
    page = open_page("evidence", MEI, case=case_no)
    said = words(page)
    assert shop.view(case_no).state == state
    assert "补充凭证" in said and "接下来" in said and says in said and go in said
    assert html(page).count(f'href="/track?case={case_no}"') == 2, "back, and on"
    assert ("最晚" in said) == (shop.view(case_no).due_at is not None)
    assert uploads(page)[-1] == "other"
    english = words(open_page("evidence", MEI, lang="en", case=case_no))
    assert "Add evidence" in english and "What happens next" in english


def test_what_the_reviewer_asked_for_stands_above_the_checklist(open_page: OpenPage, shop: Shop):
    assert "你在哪台设备上登录的？" in words(open_page("evidence", MEI, case=asked(shop)))
    assert "我们有一个问题" not in words(open_page("evidence", MEI, case=reviewed(shop)))


def test_an_offer_is_decided_on_track(open_page: OpenPage, shop: Shop):
    said = words(open_page("evidence", MEI, case=offered(shop)))
    assert "我们给出了一个方案" in said and "去看方案" in said


def test_the_checklist_is_the_reasons_and_says_what_is_there(open_page: OpenPage, shop: Shop):
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    case_no = filled(shop, order_no, "not_as_described")
    for kind in ("product_page", "product_shown"):
        shop.picture(case_no, kind)
    shop.apply(order_no, reason="not_as_described")
    assert shop.view(case_no).state == "in_review"
    page = open_page("evidence", MEI, case=case_no)
    assert uploads(page) == ["product_page", "product_shown", "other"]
    assert words(page).count("已附上") == 2 and "可选" in words(page)
    assert not [button for button in page.button if str(button.key).startswith("drop-")], "part of the file"


def test_what_the_list_names_and_is_not_there_says_so(open_page: OpenPage, shop: Shop):
    page = open_page("evidence", MEI, case=bounced(shop))
    assert uploads(page)[0] == "account_closed" and "还没有" in words(page)


def test_a_picture_is_added_and_answered(open_page: OpenPage, shop: Shop):
    case_no = reviewed(shop)
    page = add(open_page("evidence", MEI, case=case_no), "other")
    assert [item.kind for item in shop.view(case_no).evidence] == ["other"]
    assert "看得清" in words(page) and "第 1 张" in words(page)
    again = words(open_page("evidence", MEI, case=case_no))
    assert "看得清" in again, "a reload shows it"


def test_a_guest_does_the_same_on_their_order_only(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", 90_000), customer="")
    guest = Actor("guest", order_no=order_no)
    case_no = shop.apply(order_no, 90_000, actor=guest).case_no
    add(open_page("evidence", guest, case=case_no), "other")
    assert len(shop.view(case_no).evidence) == 1
    foreign = open_page("evidence", guest, case=reviewed(shop))
    assert "没有找到这张退款单" in words(foreign) and uploads(foreign) == []


@pytest.mark.parametrize("case_no", ["RF0", "<b>x</b>", "foreign"])
def test_what_is_not_there_and_what_is_anothers_is_the_same(open_page: OpenPage, shop: Shop, case_no: str):
    asked_for = reviewed(shop) if case_no == "foreign" else case_no
    page = open_page("evidence", WEI, case=asked_for)
    assert "没有找到这张退款单" in words(page) and 'href="/track"' in html(page) and uploads(page) == []


@pytest.mark.parametrize("who", [None, REVIEWER])
def test_it_is_for_who_speaks_for_the_customer(open_page: OpenPage, shop: Shop, who: Actor | None):
    page = open_page("evidence", who, case=reviewed(shop))
    assert uploads(page) == [] and "补充凭证" not in words(page)
    assert "other" in uploads(open_page("evidence", SUPPORT, case=reviewed(shop))), "a customer who called"


@pytest.mark.parametrize(
    ("make", "why"),
    [(approved, "已经通过，正在退款"), (closed, "已经结束"), (withdrawn, "已经结束")],
)
def test_too_late_says_why_and_where_to_go_on(
    open_page: OpenPage, shop: Shop, make: Callable[[Shop], str], why: str
):
    case_no = make(shop)
    page = open_page("evidence", MEI, case=case_no)
    said = words(page)
    assert "现在不用再补凭证了" in said and why in said and uploads(page) == []
    assert f'href="/track?case={case_no}"' in html(page)
    assert ("当时交的凭证" in said) == bool(shop.view(case_no).evidence)
    assert "No more evidence is taken" in words(open_page("evidence", MEI, lang="en", case=case_no))


def test_decided_while_a_picture_was_on_its_way(
    open_page: OpenPage, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    """What became of that picture is said all the same."""
    case_no = reviewed(shop)
    page = open_page("evidence", MEI, case=case_no)

    def decided(*_: object) -> Never:
        shop.act(case_no, "withdraw", MEI)
        raise TransitionRefused(CASE.name, "withdrawn", "add_evidence")

    monkeypatch.setattr(evidence, "add_file", decided)
    keyed(page, "file_uploader", "file-other").set_value(("late.png", picture(), "")).run()
    said = words(page)
    assert not page.exception and "已经结束" in said and "late.png" in said


def test_a_draft_goes_on_in_the_form(open_page: OpenPage, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    went: list[object] = []

    def switch(page: str, *, query_params: dict[str, str]) -> Never:
        went.append((page, query_params))
        raise RuntimeError

    monkeypatch.setattr("streamlit.switch_page", switch)
    order_no = shop.order()
    case_no = filled(shop, order_no)
    with pytest.raises(AssertionError):
        open_page("evidence", MEI, case=case_no)
    assert went == [("../pages/request.py", {"order": order_no, "step": "4"})]


def test_without_a_case_ones_own_that_take_pictures(open_page: OpenPage, shop: Shop):
    assert "现在没有可以补凭证的退款单" in words(open_page("evidence", MEI))
    mine, over = reviewed(shop), closed(shop)
    page = html(open_page("evidence", MEI))
    assert f'href="/evidence?case={mine}"' in page and over not in page
    assert mine not in html(open_page("evidence", WEI))


# --- ways to it --------------------------------------------------------------------------------------------


def test_track_leads_to_it_while_pictures_are_taken(open_page: OpenPage, shop: Shop):
    case_no, over = asked(shop), approved(shop)
    link = f'href="/evidence?case={case_no}"'
    assert html(open_page("track", MEI, case=case_no)).count(link) == 2, "in the turn, and beside"
    assert "/evidence" not in html(open_page("track", MEI, case=over))


def test_the_card_of_a_case_that_waits_for_the_customer_leads_to_it(open_page: OpenPage, shop: Shop):
    case_no, other = asked(shop), reviewed(shop)
    page = html(open_page("start", MEI))
    assert f'href="/evidence?case={case_no}"' in page and f'href="/evidence?case={other}"' not in page


def test_in_the_turn_each_picture_says_what_became_of_it(open_page: OpenPage, shop: Shop):
    page: AppTest = open_page("track", MEI, case=asked(shop))
    shop.clock.advance(timedelta(seconds=1))
    assert "看得清" in words(add(page, "other"))
