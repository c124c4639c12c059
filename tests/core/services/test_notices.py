"""The inbox: every change of a case is told to whom it concerns, once, and to nobody else (R5.8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core import texts
from core.domain.actors import Actor
from core.domain.deadlines import Due
from core.domain.notices import ANSWER_DUE_SOON, BY_CALENDAR, FOR_THE_SHOP, KINDS
from core.services import identity, notices
from core.services.record import Change, lock
from core.wording import notice
from tests.plans import queries
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, WEI, Shop


def told(shop: Shop, actor: Actor = MEI) -> list[str]:
    """Kinds of the actor's notices, oldest first."""
    return [line.kind for line in reversed(notices.inbox(shop.app, actor))]


def reviewed(shop: Shop, **more: object) -> str:
    viewed = {"delivery": "code_viewed", "completed_at": shop.clock.at}
    return shop.apply(shop.order(**viewed), reason="other", **more).case_no  # type: ignore[arg-type]


def test_a_refund_tells_of_itself_from_the_decision_to_the_money(shop: Shop) -> None:
    shop.apply(shop.order())
    assert told(shop) == ["approved"]
    shop.work()
    shop.work(days=2)
    assert told(shop) == ["approved", "paying", "completed"]
    amounts = {line.amount_minor for line in notices.inbox(shop.app, MEI)}
    assert amounts == {10_000}


def test_what_stays_with_the_shop_is_not_told_as_an_arrival_elsewhere(shop: Shop) -> None:
    """R5.8: who waits for it in the bank would wait for ever."""
    shop.apply(shop.order(), route="balance")
    shop.work()
    assert told(shop) == ["approved", "paying", "kept_here"]


def test_a_review_tells_of_each_turn_and_by_when(shop: Shop) -> None:
    case_no = reviewed(shop)
    shop.act(case_no, "ask", REVIEWER, note="什么时候买的？")
    asked = notices.inbox(shop.app, MEI)[0]
    assert asked.by_at == shop.view(case_no).due_at
    shop.act(case_no, "answer", MEI, note="昨天")
    shop.act(case_no, "dispute", MEI, note="太慢了")
    shop.act(case_no, "reject", ARBITER, note="证据不足")
    assert told(shop) == ["in_review", "asked", "answered", "in_arbitration", "refused"]


def test_a_withdrawal_tells_until_when_to_ask_again(shop: Shop) -> None:
    """R3.7: the end of the order's time; without a date where that has not begun or is over."""
    shop.act(reviewed(shop), "withdraw", MEI)
    [last, *_] = notices.inbox(shop.app, MEI)
    assert last.kind == "withdrawn" and last.by_at is not None
    said = notice(
        texts.of("zh_CN"), last.kind, amount_minor=None, currency="CNY", by_at=last.by_at,
        now=shop.clock.at, published_through=2020,
    )[1]  # fmt: skip
    assert "到 9月8日（周二）都可以再申请" in said and "随时" not in said
    not_begun = shop.apply(shop.order(("alipay", 90_000)), 90_000).case_no
    shop.act(not_begun, "withdraw", MEI)
    late = reviewed(shop)
    shop.clock.advance(timedelta(days=9))
    shop.act(late, "withdraw", MEI)
    assert [line.by_at for line in notices.inbox(shop.app, MEI) if line.kind == "withdrawn"][:2] == [None] * 2


def test_a_clock_that_ran_out_is_told(shop: Shop) -> None:
    case_no = reviewed(shop)
    shop.work(days=30)
    assert told(shop)[:2] == ["in_review", "escalated"]
    shop.act(case_no, "ask", LEAD, note="还需要吗？")
    shop.work(days=60)
    assert told(shop)[-1] == "unanswered"


def test_parts_of_the_money_are_told_apart(shop: Shop) -> None:
    """A split payment: each part that arrives, then all of it."""
    shop.alipay.settles_after, shop.wechat.settles_after = timedelta(days=1), timedelta(days=2)
    shop.apply(shop.order(("alipay", 4_000), ("wechat", 6_000)))
    shop.work()
    for _ in range(12):
        shop.work(hours=6)
    assert told(shop) == ["approved", "paying", "part_arrived", "completed"]
    assert [line.amount_minor for line in notices.inbox(shop.app, MEI)][:2] == [10_000, 4_000]


def test_money_that_is_late_is_told_once(shop: Shop) -> None:
    shop.alipay.settles_after = timedelta(days=90)
    shop.apply(shop.order())
    shop.work()
    for _ in range(6):
        shop.work(days=7)
    assert told(shop) == ["approved", "paying", "arrival_late"]


def test_money_that_came_back_is_told(shop: Shop) -> None:
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    shop.alipay.give_back(shop.payouts(case_no)[0].key)
    shop.work(hours=1)
    assert told(shop)[-1] == "bounced"
    shop.act(case_no, "counter", LEAD, way="balance", note="原来的账户收不了款")
    assert told(shop)[-1] == "suggested"
    shop.act(case_no, "propose", MEI, way="balance")
    assert told(shop)[-1] == "proposed"
    shop.act(case_no, "agree", FINANCE)
    shop.act(case_no, "agree", LEAD)
    assert told(shop)[-1] == "paying"


def test_a_warning_is_staged_once_for_each_state(shop: Shop) -> None:
    case_no = reviewed(shop)
    shop.act(case_no, "ask", REVIEWER, note="什么时候买的？")
    for _ in range(2):
        with shop.app.begin() as conn:
            change = Change(conn, lock(conn, case_no, REVIEWER))
            notices.warn(change, ANSWER_DUE_SOON, shop.clock.at)
            change.write()
    assert told(shop) == ["in_review", "asked", ANSWER_DUE_SOON]
    assert shop.audit() == []


def test_a_change_that_does_not_happen_tells_nothing(shop: Shop) -> None:
    case_no = reviewed(shop)
    with pytest.raises(ZeroDivisionError), shop.app.begin() as conn:
        change = Change(conn, lock(conn, case_no, MEI))
        change.step("withdraw", MEI, shop.clock.at, Due())
        change.write()
        raise ZeroDivisionError
    assert told(shop) == ["in_review"]


def test_five_clicks_are_one_notice(shop: Shop) -> None:
    """Invariant 17."""
    order_no = shop.order()
    for _ in range(5):
        shop.apply(order_no, command_id="the-same")
    assert told(shop) == ["approved"]


def test_nobody_reads_anothers_notices(shop: Shop) -> None:
    """Invariant 12: a customer their own, a guest those of the order, everybody else none."""
    order_no = shop.order()
    shop.apply(order_no)
    shop.apply(shop.order())
    guests = shop.order(customer="")
    shop.apply(guests, actor=Actor("guest", "", guests))
    assert told(shop, WEI) == [] and told(shop, REVIEWER) == [] and told(shop, Actor("customer", "")) == []
    assert told(shop, Actor("guest", "", order_no)) == ["approved"]
    assert told(shop, Actor("guest", "", guests)) == ["approved"]
    assert told(shop, Actor("guest", "", "OD99999")) == []


def test_reading_is_remembered_and_touches_nobody_else(shop: Shop) -> None:
    shop.apply(shop.order())
    shop.apply(shop.order(customer="wei"), actor=WEI)
    newest = notices.inbox(shop.app, MEI)[0].id
    assert notices.mark_read(shop.app, MEI, newest) == 1
    assert notices.mark_read(shop.app, MEI, newest) == 0
    assert [line.is_read for line in notices.inbox(shop.app, MEI)] == [True]
    assert [line.is_read for line in notices.inbox(shop.app, WEI)] == [False]
    assert notices.mark_read(shop.app, REVIEWER, newest + 9) == 0


def test_what_came_after_the_page_was_drawn_stays_new(shop: Shop) -> None:
    shop.apply(shop.order())
    seen = notices.inbox(shop.app, MEI)[0].id
    shop.work()
    notices.mark_read(shop.app, MEI, seen)
    assert [line.is_read for line in notices.inbox(shop.app, MEI)] == [False, True]


def test_the_bell_is_counted_with_the_session(shop: Shop) -> None:
    order_no = shop.order()
    shop.apply(order_no)
    shop.work()
    shop.apply(shop.order(customer="wei"), actor=WEI)
    mine = identity.open_session(shop.app, "customer", "mei")
    guest = identity.open_session(shop.app, "guest", "", order_no)
    staff = identity.open_session(shop.app, "reviewer", "zhou-lan")
    found = [identity.greet(shop.app, token) for token in (mine, guest, staff, "nobody")]
    assert found == [(MEI, 2), (Actor("guest", "", order_no), 2), (REVIEWER, 0), None]
    notices.mark_read(shop.app, MEI, notices.inbox(shop.app, MEI)[0].id)
    assert identity.greet(shop.app, mine) == (MEI, 0)


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_and_no_gap_in_them(
    kind: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
    tx, now = texts.of(language), datetime(2026, 9, 1, tzinfo=UTC)
    title, text = notice(
        tx,
        kind,
        amount_minor=4_200,
        currency="CNY",
        by_at=now.replace(year=2028),
        now=now,
        published_through=2026,
    )
    assert title and text and title != text
    if "2028" in text and kind not in BY_CALENDAR:  # what ends on a day of the calendar ends on that day
        assert "provisional" in text or "暂定" in text, "invariant 16"
    if kind in FOR_THE_SHOP:
        assert "RF1" in tx(f"notice_shop.{kind}", case_no="RF1")


def test_a_guest_does_not_read_for_the_account(shop: Shop) -> None:
    """Two readers of one order, each with marks of their own; following a case is reading of it."""
    order_no = shop.order()
    case_no = shop.apply(order_no).case_no
    other = shop.apply(shop.order()).case_no
    guest = Actor("guest", order_no=order_no)
    assert notices.mark_case(shop.app, guest, case_no) > 0
    assert all(line.is_read for line in notices.inbox(shop.app, guest))
    assert not any(line.is_read for line in notices.inbox(shop.app, MEI))
    assert notices.mark_case(shop.app, MEI, case_no) > 0
    assert notices.mark_case(shop.app, MEI, case_no) == 0
    assert {line.case_no for line in notices.inbox(shop.app, MEI) if not line.is_read} == {other}
    assert notices.mark_case(shop.app, WEI, other) == 0
    assert shop.audit() == []


def test_who_looks_again_writes_nothing(shop: Shop) -> None:
    """Track looks every few seconds: nobody waits for a lock because of it."""
    case_no = shop.apply(shop.order()).case_no
    for new in (True, False):
        with queries(shop.app.engine) as ran:
            assert (notices.mark_case(shop.app, MEI, case_no) > 0) == new
        assert any(statement.startswith("UPDATE") for statement in ran) == new, ran
