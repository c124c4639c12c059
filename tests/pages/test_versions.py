"""R6.3: two versions are shown in one sentence, to whoever asks and to whoever decides."""

from __future__ import annotations

from datetime import timedelta

from core.services import cases, policy_publishing
from tests import pinned
from tests.pages.conftest import OpenPage, words
from tests.pages.filling import filled
from tests.shop import MEI, REVIEWER, Shop


def publish(shop: Shop, days: int) -> int:
    document = pinned.TEXT.replace("\ngame_card = 7", f"\ngame_card = {days}")
    with shop.app.begin() as conn:
        return policy_publishing.publish(
            shop.app, conn, document, author="lu-jing", approved_by="tang-wei", in_force_from=shop.clock.at
        )


def asked(shop: Shop, days: int) -> tuple[str, str]:
    ago = shop.clock.at - timedelta(days=days)
    order_no = shop.order(delivery="code_viewed", completed_at=ago, paid_at=ago)
    return order_no, filled(shop, order_no, "other")


def test_the_version_of_the_purchase_applies_and_today_is_told_beside_it(
    open_page: OpenPage, shop: Shop
) -> None:
    publish(shop, 8)  # in force at the purchase, with a day to name
    shop.clock.advance(timedelta(days=20))
    order_no, case_no = asked(shop, 5)
    publish(shop, 3)
    said = words(open_page("request", MEI, lang="en", order=order_no, step="2"))
    assert "You bought under the rules of Tue 1 Sep 2026" in said, said
    assert "2026 (version 2), which are kinder here than today's; those apply." in said
    assert "What today's rules (version 3) would have said" in said
    cases.submit(shop.app, MEI, case_no, "click")
    said = words(open_page("desk", REVIEWER, lang="en", case=case_no))
    assert "Answered by version 2, in force at the purchase: kinder here. Version 3" in said
    assert "too_late" in said


def test_kinder_rules_of_today_are_told_as_such(open_page: OpenPage, shop: Shop) -> None:
    order_no, _ = asked(shop, 9)
    publish(shop, 12)
    said = words(open_page("request", MEI, order=order_no, step="2"))
    assert "现行规则（第 2 版）在这里更宽，按现行规则办理" in said
    assert "按购买时的规则（第 1 版）会是" in said


def test_nothing_is_said_where_both_say_the_same(open_page: OpenPage, shop: Shop) -> None:
    order_no, _ = asked(shop, 1)
    publish(shop, 12)
    said = words(open_page("request", MEI, order=order_no, step="2"))
    assert "更宽" not in said and "会是" not in said
