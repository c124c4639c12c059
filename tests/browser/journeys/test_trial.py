"""A draft of a policy on live requests, in a browser: in the shadow, for a share, stopped (R6.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from core.adapters.world import App
from core.domain.actors import Actor
from core.services import cases, policies, policy_drafts
from tests.browser.conftest import RunningApp, serving
from tests.browser.journeys.conftest import Order, Shop, Visit, at_the_desk
from tests.browser.journeys.test_people import core

Pages = Callable[..., Page]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A shop of its own: a trial meets every order of it."""
    with serving(tmp_path_factory.mktemp("trial")) as running:
        yield running


def ask_back(own: App, order: Order) -> str:
    sent = cases.apply(
        own,
        Actor("customer", order.person),
        order.order_no,
        "not_delivered",
        order.paid_minor,
        command_id=f"trial-{order.order_no}",
    )
    return sent.case_no


def at_the_draft(pages: Pages, width: int, lang: str, person: str, draft_id: int) -> Visit:
    seat = at_the_desk(pages, width, lang, person)
    seat.go(f"/lab?draft={draft_id}")
    expect(seat.page.locator(".st-key-card-lab-trial")).to_be_visible()
    return seat


def press(seat: Visit, key: str) -> None:
    seat.page.locator(f".st-key-{key} button").click()
    is_done(seat)


def is_done(seat: Visit) -> None:
    expect(seat.page.locator(".done[role=status]")).to_be_visible()
    seat.settle()


@pytest.mark.parametrize(("width", "lang"), [(360, "zh_CN"), (1280, "en")])
def test_in_the_shadow_then_for_a_share_then_stopped(
    page_factory: Pages, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    """Nobody notices a shadow; a share needs another person to begin and anybody to stop."""
    own = core(app)
    document = policies.last_document(own)[1]
    harder = document.replace("{ up_to = 50000 }", "{ up_to = 2000 }").replace(
        "above = 50000", "above = 2000"
    )
    draft_id = policy_drafts.ask(
        own, Actor("policy", "lu-jing"), harder, f"小额才直接退 {lang}", f"ask-{lang}"
    )
    author = at_the_draft(page_factory, width, lang, "lu-jing", draft_id)
    tx, card = author.tx, author.page.locator(".st-key-card-lab-trial")
    author.is_sound()

    press(author, "lab-shadow")
    expect(card).to_contain_text(tx("lab.trial.nothing"))
    in_the_shadow = ask_back(own, shop.order(minor=10_000))
    found = cases.view(own, Actor("reviewer", "zhou-lan"), in_the_shadow)
    assert found.state in ("approved", "paying", "completed"), "the draft would have asked a person"
    author.page.reload()
    expect(card).to_contain_text(tx("lab.trial.worse", n=1))
    expect(card).to_contain_text("not_delivered_large")
    author.is_sound()

    card.get_by_role("button", name=tx("lab.trial.share_ask"), exact=False).click()
    is_done(author)
    author.sees(tx("lab.trial.share_asked"))
    expect(card).to_contain_text(tx("lab.trial.waits"))
    expect(author.page.locator(".st-key-lab-agree")).to_have_count(0)
    second = at_the_draft(page_factory, width, lang, "tang-wei", draft_id)
    second.is_sound()
    press(second, "lab-agree")
    expect(second.page.locator(".st-key-card-lab-trial")).to_contain_text(re.compile("5 ?%"))
    second.is_sound()
    second.go("/lab")
    expect(second.page.locator(".stMain")).to_contain_text(f"小额才直接退 {lang}")
    second.go(f"/lab?draft={draft_id}")
    press(second, "lab-stop-share")
    second.sees(second.tx("lab.trial.stopped"))
    expect(second.page.locator(".st-key-lab-stop-share")).to_have_count(0)
    second.is_sound()
    press(second, "lab-stop-shadow")
    expect(second.page.locator(".st-key-lab-stop-shadow")).to_have_count(0)
