"""What is decided is what stood on the screen: where more has happened since, nothing is done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.domain.actors import Actor
from core.domain.errors import StaleForm
from core.domain.rights import CLOCK
from core.domain.settlement import Payee
from core.services import cases, look_alikes
from tests.core.services.test_desk import referred
from tests.core.services.test_negotiations import CARD, bounced, prove
from tests.core.services.test_offers import WORDS, offered
from tests.core.services.test_weighing import endorsed
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, Shop

ANOTHER = Payee("alipay", "张三", "13900001111")


def seen(shop: Shop, case_no: str, actor: Actor) -> int:
    return shop.view(case_no, actor).last_seq


def refused(shop: Shop, case_no: str, event: str, actor: Actor, at: int, **said: Any) -> None:
    before = shop.view(case_no)
    with pytest.raises(StaleForm):
        shop.act(case_no, event, actor, seen=at, **said)
    after = shop.view(case_no)
    assert (after.state, after.last_seq) == (before.state, before.last_seq), "nothing was done"


def test_finance_agrees_to_the_account_that_they_saw(shop: Shop) -> None:
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    at = seen(shop, case_no, FINANCE)
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=ANOTHER)
    refused(shop, case_no, "agree", FINANCE, at, way="transfer")
    shop.act(case_no, "agree", FINANCE, way="transfer", seen=seen(shop, case_no, FINANCE))
    refused(shop, case_no, "agree", LEAD, at)


def test_the_customer_accepts_the_offer_that_they_saw(shop: Shop) -> None:
    """R2.2: declined for them and offered anew, the button of the old offer takes neither."""
    case_no = offered(shop, amount_minor=9_000)
    at = seen(shop, case_no, MEI)
    shop.act(case_no, "decline", SUPPORT)
    shop.act(case_no, "offer", REVIEWER, note=WORDS, amount_minor=100)
    refused(shop, case_no, "accept", MEI, at)
    refused(shop, case_no, "decline", MEI, at)
    taken = shop.act(case_no, "accept", MEI, seen=seen(shop, case_no, MEI))
    assert taken.approved_minor == 100


def test_a_proposal_is_made_on_what_was_proposed_before(shop: Shop) -> None:
    case_no = bounced(shop)
    at = seen(shop, case_no, MEI)
    shop.act(case_no, "propose", SUPPORT, way="balance")
    refused(shop, case_no, "propose", MEI, at, way="balance")


def test_colleagues_agreeing_among_themselves_keep_no_customer_from_proposing(shop: Shop) -> None:
    case_no = bounced(shop)
    shop.act(case_no, "propose", MEI, way="balance")
    at = seen(shop, case_no, MEI)
    assert shop.act(case_no, "agree", FINANCE, way="balance").events[-1].event == "endorse"
    assert shop.act(case_no, "propose", MEI, way="balance", seen=at).events[-1].event == "propose"


def test_nobody_becomes_the_second_of_two_without_having_seen_the_first(shop: Shop) -> None:
    """Invariant 13: a lead who saw nobody's approval did not look at that one."""
    case_no = referred(shop, 180_000)
    at = seen(shop, case_no, LEAD)
    shop.act(case_no, "approve", REVIEWER)
    refused(shop, case_no, "approve", LEAD, at)
    assert shop.act(case_no, "approve", LEAD, seen=seen(shop, case_no, LEAD)).state == "approved"


@pytest.mark.parametrize("event", ["approve", "reject", "ask", "dispute"])
def test_a_finding_about_a_picture_is_read_before_anything_is_decided(shop: Shop, event: str) -> None:
    case_no = referred(shop)
    at = seen(shop, case_no, REVIEWER_2)
    shop.act(case_no, "find_forgery", REVIEWER, note="改过的", picture=shop.picture(case_no))
    refused(shop, case_no, event, REVIEWER_2, at, note="看过了")


def test_that_it_has_become_late_changes_nothing_of_what_is_decided(shop: Shop) -> None:
    case_no = referred(shop)
    at = seen(shop, case_no, REVIEWER)
    for _ in range(20):
        shop.work(days=1)
    late = shop.view(case_no).events[at:]
    assert late and {event.event for event in late} <= CLOCK
    assert shop.view(case_no).last_word == at < shop.view(case_no).last_seq, "the button stays the same too"
    assert shop.act(case_no, "approve", REVIEWER, seen=at).state == "approved"


@pytest.mark.parametrize("event", ["withdraw", "dispute"])
def test_what_a_customer_gives_up_or_adds_is_right_whatever_happened(shop: Shop, event: str) -> None:
    case_no = endorsed(shop)
    shop.clock.advance(timedelta(minutes=1))
    assert shop.act(case_no, event, MEI, seen=0, note="等太久了").events[-1].event == event


def test_the_same_click_again_is_answered_as_before(shop: Shop) -> None:
    """Invariant 17: done already is done, whatever has happened since."""
    case_no = referred(shop)
    at = seen(shop, case_no, REVIEWER)
    for _ in range(2):
        done = cases.act(shop.app, REVIEWER, case_no, "approve", "one-click", seen=at)
        assert done.state == "approved"


def test_of_cases_approved_together_each_is_what_was_looked_at(shop: Shop) -> None:
    still, changed = referred(shop), referred(shop)
    rows = look_alikes.weigh(shop.app, REVIEWER, [still, changed])
    at = {row.card.case_no: row.seen for row in rows}
    assert at == {case_no: shop.view(case_no).last_seq for case_no in (still, changed)}
    shop.act(changed, "ask", REVIEWER_2, note="什么时候买的？")
    shop.act(changed, "answer", MEI, note="其实我已经用掉了")
    outcome = look_alikes.approve_all(shop.app, REVIEWER, [still, changed], "together", seen=at)
    assert [(case_no, type(refusal)) for case_no, refusal in outcome] == [
        (still, type(None)),
        (changed, StaleForm),
    ]
    assert shop.view(changed).state == "in_review"
