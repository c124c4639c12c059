"""R6.3: a draft on trial in the lab: what accrues, who may begin a share, and the stop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.actors import Actor
from core.services import policy_drafts, policy_trials
from tests import pinned
from tests.pages.conftest import OpenPage, words
from tests.pages.filling import filled, press
from tests.shop import LEAD, MEI, Shop

AUTHOR = Actor("policy", "lu-jing")


def asked(shop: Shop) -> int:
    document = pinned.TEXT.replace("\ngame_card = 7", "\ngame_card = 12")
    return policy_drafts.ask(shop.app, AUTHOR, document, "Longer for cards", "ask")


def late(shop: Shop) -> str:
    ago = shop.clock.at - timedelta(days=9)
    return shop.order(delivery="code_viewed", completed_at=ago, paid_at=ago)


def test_a_shadow_shows_where_it_differs(open_page: OpenPage, shop: Shop) -> None:
    page = open_page("lab", AUTHOR, lang="en", draft=str(asked(shop)))
    page = press(page, "lab-shadow")
    assert "It decides in the shadow from now on" in words(page)
    assert "No request has been sent since" in words(page)
    case_no = shop.apply(late(shop), reason="other").case_no
    said = words(page.run())
    assert "1 request answered by both" in said and "Better for the customer: 1" in said
    assert f"{case_no} In force: Refuse · A refund can be asked for within 7–15 days" in said, said
    assert "“A refund can be asked for within" in said and "too_late →" not in said
    press(page, "lab-stop-shadow")
    assert policy_trials.going_on(shop.app, LEAD) == ()


def test_a_share_is_begun_by_another_person_and_told_to_whom_it_meets(
    open_page: OpenPage, shop: Shop
) -> None:
    draft_id = asked(shop)
    page = open_page("lab", AUTHOR, lang="en", draft=str(draft_id))
    page.number_input(key="lab-percent").set_value(50)
    next(button for button in page.button if button.label == "Ask for the share").click().run()
    assert "Another person has to agree" in words(page)
    assert not [button for button in page.button if button.key == "lab-agree"], "not by who asked"
    other = press(open_page("lab", LEAD, lang="en", draft=str(draft_id)), "lab-agree")
    assert "It decides 50 % of the orders from now on, as version 2" in words(other)
    assert "A share of 50 % is on trial" in words(open_page("lab", AUTHOR, lang="en"))
    tried = ""
    while "New rules are being tried" not in tried:
        order_no = late(shop)
        filled(shop, order_no, "other")
        tried = words(open_page("request", MEI, lang="en", order=order_no, step="2"))
    assert "yours among them: version 2 applies to it" in tried
    press(open_page("lab", AUTHOR, lang="en", draft=str(draft_id)), "lab-stop-share")
    assert policy_trials.going_on(shop.app, LEAD) == ()
    assert "New rules" not in words(open_page("request", MEI, lang="en", order=order_no, step="2"))


@pytest.mark.parametrize(
    ("lang", "says", "not_so"),
    [
        ("zh_CN", "你购买时的规则（第 1 版）在这里更宽，按购买时的规则办理", ("按第 2 版办理", "现行规则")),
        ("en", "the rules of your purchase (version 1) are kinder here, so those apply",
         ("version 2 applies", "today's")),
    ],
)  # fmt: skip
def test_a_share_that_is_less_kind_says_one_true_sentence(
    open_page: OpenPage, shop: Shop, lang: str, says: str, not_so: tuple[str, ...]
) -> None:
    """In the share, and answered by the rules of the purchase, which are those in force: not by both."""
    document = pinned.TEXT.replace("\ngame_card = 7", "\ngame_card = 3")
    draft_id = policy_drafts.ask(shop.app, AUTHOR, document, "Shorter for cards", "ask")
    trial_id = policy_trials.ask_share(shop.app, AUTHOR, draft_id, 50, "share")
    policy_trials.agree(shop.app, LEAD, trial_id, "agree")
    told = []
    for _ in range(20):
        ago = shop.clock.at - timedelta(days=5)
        order_no = shop.order(delivery="code_viewed", completed_at=ago, paid_at=ago)
        filled(shop, order_no, "other")
        told.append(words(open_page("request", MEI, lang=lang, order=order_no, step="2")))
        if says in told[-1]:
            break
    assert says in told[-1] and not [each for each in not_so if any(each in one for one in told)]


@pytest.mark.parametrize(
    ("lang", "says"),
    [("zh_CN", "批准后试行立即结束"), ("en", "Approving it ends the trial at once")],
)
def test_that_a_yes_ends_the_trial_is_said_beside_it(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    draft_id = asked(shop)
    assert says not in words(open_page("lab", LEAD, lang=lang, draft=str(draft_id)))
    trial_id = policy_trials.ask_share(shop.app, AUTHOR, draft_id, 20, "share")
    policy_trials.agree(shop.app, LEAD, trial_id, "agree")
    assert says in words(open_page("lab", LEAD, lang=lang, draft=str(draft_id)))
