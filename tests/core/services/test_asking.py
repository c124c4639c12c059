"""R1.4: what the rules say to a claim that is asked for now, whatever became of it before."""

from __future__ import annotations

from datetime import timedelta

from core.services import asking, cases
from tests.shop import MEI, Shop


def rules(shop: Shop, case_no: str):  # type: ignore[no-untyped-def]
    return asking.rules_say(shop.app, shop.view(case_no, MEI))


def test_what_was_withdrawn_can_be_asked_for_while_the_window_is_open(shop: Shop) -> None:
    """What was sent in time before does not count as asked in time now."""
    case_no = shop.apply(shop.order(("alipay", 90_000), completed_at=shop.clock.at), 90_000).case_no
    shop.act(case_no, "withdraw", MEI)
    assert rules(shop, case_no).found.verdict == "review"
    shop.clock.advance(timedelta(days=9))
    assert (rules(shop, case_no).found.verdict, rules(shop, case_no).found.rule) == ("reject", "too_late")


def test_the_exceptions_of_the_rules_are_kept(shop: Shop) -> None:
    """Never delivered: a person looks, however late."""
    order_no = shop.order(("alipay", 90_000), delivery="pending", completed_at=shop.clock.at)
    case_no = shop.apply(order_no, 90_000).case_no
    shop.act(case_no, "withdraw", MEI)
    shop.clock.advance(timedelta(days=30))
    assert rules(shop, case_no).found.rule == "never_delivered"


def test_what_the_case_still_holds_is_not_left_to_ask_for(shop: Shop) -> None:
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    assert rules(shop, case_no).found.rule == "law.nothing_left"


def test_a_draft_that_says_nothing_is_not_assessed(shop: Shop) -> None:
    draft = cases.open_draft(shop.app, MEI, shop.order())
    assert asking.rules_say(shop.app, draft) is None
