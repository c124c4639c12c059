"""R6.5, R2.4: credit is earned and lost by rules, shown with reasons, and a loss needs a person and can be
appealed against.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.adapters.tables import credit_appeals, notices
from core.domain.actors import Actor
from core.domain.credit import START, counted, next_recovery, recovered
from core.domain.errors import (
    CommandReused,
    CreditAppealClosed,
    FoundBefore,
    NotAllowed,
    NotFound,
    OwnCase,
    PictureMissing,
    SamePerson,
    TextRequired,
)
from core.domain.policy import Credit
from core.services import cases, credit, policies
from core.services.orders import facts_for
from tests.core.services.test_decisions import in_review
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, WEI, Shop

WHY = "截图里的时间和订单对不上，字体也不同。"


def points(shop: Shop, who: str = "mei") -> int:
    return credit.account(shop.app, LEAD, who).points


def found(shop: Shop) -> tuple[str, credit.Entry]:
    """A case with a proven forgery, and its entry."""
    case_no = in_review(shop)
    shop.act(case_no, "find_forgery", REVIEWER, note=WHY, picture=shop.picture(case_no))
    return case_no, credit.account(shop.app, MEI, "mei").entries[0]


def test_a_finding_costs_points_and_changes_nothing_else(shop: Shop) -> None:
    case_no = in_review(shop)
    before = shop.view(case_no)
    picture = shop.picture(case_no)
    after = shop.act(case_no, "find_forgery", REVIEWER, note=WHY, picture=picture)
    assert (after.state, after.due_at, after.due_action) == (before.state, before.due_at, before.due_action)
    account = credit.account(shop.app, MEI, "mei")
    (entry,) = account.entries
    assert (account.points, entry.points, entry.rule) == (60, -40, "forgery")
    assert (entry.picture, entry.note, entry.made_by, entry.case_no) == (
        picture, WHY, "reviewer:zhou-lan", case_no,
    )  # fmt: skip
    assert entry.appeal_until is not None
    policy = policies.of_version(shop.app, before.policy_version)
    asked = {"reason": "other", "requested_minor": 1, "evidence": [], "policy": policy, "at": shop.clock.at}
    with shop.app.read() as conn:
        facts = facts_for(conn, before.order.order_no, **asked)
        kinds = list(conn.execute(select(notices.c.kind).where(notices.c.case_no == case_no)).scalars())
    assert facts.credit == 60 and "forgery_found" in kinds
    assert shop.audit() == []


def test_a_finding_is_about_a_picture_of_the_case_and_has_words(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    case_no, other = in_review(shop), in_review(shop, customer="wei")
    picture, foreign = shop.picture(case_no), shop.picture(other)
    for wrong in ("", "nothing", foreign):
        with pytest.raises(PictureMissing):
            shop.act(case_no, "find_forgery", REVIEWER, note=WHY, picture=wrong)
    with pytest.raises(TextRequired):
        shop.act(case_no, "find_forgery", REVIEWER, picture=picture)
    shop.act(case_no, "find_forgery", REVIEWER, note=WHY, picture=picture)
    with pytest.raises(FoundBefore):
        shop.act(case_no, "find_forgery", LEAD, note=WHY, picture=picture)
    assert points(shop) == 60


@pytest.mark.parametrize("who", [MEI, SUPPORT, FINANCE, ARBITER])
def test_who_finds_nothing(sqlite_shop: Shop, who: Actor) -> None:
    case_no = in_review(sqlite_shop)
    with pytest.raises(NotAllowed):
        sqlite_shop.act(case_no, "find_forgery", who, note=WHY, picture=sqlite_shop.picture(case_no))


def test_who_found_it_does_not_judge_the_appeal_of_the_case(sqlite_shop: Shop) -> None:
    """Invariant 13: a finding is a view of the case."""
    shop = sqlite_shop
    case_no, _ = found(shop)
    shop.act(case_no, "reject", REVIEWER_2, note="不通过")
    shop.picture(case_no)
    shop.act(case_no, "appeal", MEI, note="请再看")
    for who in (REVIEWER, REVIEWER_2):
        with pytest.raises(SamePerson):
            shop.act(case_no, "approve", who)


def test_a_guest_has_no_points_to_lose(shop: Shop) -> None:
    order_no = shop.order(customer="", delivery="code_viewed", completed_at=shop.clock.at)
    guest = Actor("guest", order_no=order_no)
    case_no = shop.apply(order_no, reason="other", actor=guest).case_no
    view = shop.act(case_no, "find_forgery", REVIEWER, note=WHY, picture=shop.picture(case_no))
    assert view.events[-1].event == "find_forgery"
    assert shop.audit() == []


def test_time_brings_it_back(shop: Shop) -> None:
    """Five points a period, at any jump of the clock, and never beyond the start."""
    found(shop)
    shop.work(days=29)
    assert points(shop) == 60
    shop.work(days=1)
    assert points(shop) == 65
    shop.work(days=400)
    account = credit.account(shop.app, MEI, "mei")
    assert (account.points, account.next_at) == (START, None)
    assert [entry.points for entry in account.entries] == [5] * 8 + [-40]
    assert shop.audit() == []


def test_being_right_earns_a_little(shop: Shop) -> None:
    """An appeal that is granted; one that is not costs nothing: being refused is no fraud."""
    case_no = in_review(shop)
    shop.act(case_no, "reject", REVIEWER, note="不通过")
    assert points(shop) == START
    shop.picture(case_no)
    shop.act(case_no, "appeal", MEI, note="请再看")
    shop.act(case_no, "approve", REVIEWER_2)
    assert points(shop) == START + 2
    assert shop.audit() == []


def test_an_appeal_is_answered_by_another_person(shop: Shop) -> None:
    case_no, entry = found(shop)
    credit.appeal(shop.app, MEI, entry.id, "截图是真的", "say")
    (waiting,) = credit.open_appeals(shop.app, LEAD)
    assert (waiting.id, waiting.appeal_words, waiting.appeal) == (entry.id, "截图是真的", "open")
    with pytest.raises(SamePerson):
        credit.answer(shop.app, REVIEWER, entry.id, True, "好", "answer-1")
    with pytest.raises(OwnCase):
        credit.answer(shop.app, Actor("lead", "mei"), entry.id, True, "好", "answer-2")
    for who in (FINANCE, ARBITER, SUPPORT):
        with pytest.raises(NotAllowed):
            credit.answer(shop.app, who, entry.id, True, "好", f"answer-{who}")
    for _ in range(2):
        credit.answer(shop.app, LEAD, entry.id, True, "核对过原图，是真的", "answer-3")
    assert points(shop) == START and credit.open_appeals(shop.app, LEAD) == []
    with pytest.raises(CreditAppealClosed):
        credit.answer(shop.app, REVIEWER_2, entry.id, False, "再看", "answer-4")
    with shop.app.read() as conn:
        kinds = list(conn.execute(select(notices.c.kind).where(notices.c.case_no == case_no)).scalars())
    assert kinds.count("credit_answered") == 1
    assert shop.audit() == []


def test_an_appeal_that_is_refused_is_the_last(shop: Shop) -> None:
    _, entry = found(shop)
    credit.appeal(shop.app, MEI, entry.id, "截图是真的", "say")
    credit.answer(shop.app, REVIEWER_2, entry.id, False, "原图的元素是拼接的", "answer")
    shown = credit.account(shop.app, MEI, "mei").entries[0]
    assert (shown.appeal, shown.answer, shown.appeal_until) == ("refused", "原图的元素是拼接的", None)
    with pytest.raises(CreditAppealClosed):
        credit.appeal(shop.app, MEI, entry.id, "再看一次", "again")
    assert points(shop) == 60 and shop.audit() == []


def test_an_appeal_in_time_once_and_by_its_owner(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    _, entry = found(shop)
    for stranger in (WEI, Actor("guest", order_no="OD00000")):
        with pytest.raises(NotFound):
            credit.appeal(shop.app, stranger, entry.id, "…", "stranger")
        with pytest.raises(NotFound):
            credit.account(shop.app, stranger, "mei")
    with pytest.raises(TextRequired):
        credit.appeal(shop.app, MEI, entry.id, "  ", "empty")
    credit.appeal(shop.app, MEI, entry.id, "是真的", "say")
    credit.appeal(shop.app, MEI, entry.id, "是真的", "say")  # the second click
    with pytest.raises(CommandReused):
        credit.answer(shop.app, LEAD, entry.id, True, "好", "say")
    with pytest.raises(CreditAppealClosed):
        credit.appeal(shop.app, MEI, entry.id, "是真的", "another")


def test_too_late_is_too_late(sqlite_shop: Shop) -> None:
    _, entry = found(sqlite_shop)
    assert entry.appeal_until is not None
    sqlite_shop.clock.at = entry.appeal_until + timedelta(seconds=1)
    assert credit.account(sqlite_shop.app, MEI, "mei").entries[0].appeal_until is None
    with pytest.raises(CreditAppealClosed):
        credit.appeal(sqlite_shop.app, MEI, entry.id, "是真的", "late")


def test_an_unanswered_appeal_gets_a_name(shop: Shop) -> None:
    """Invariant 8 for what is no case: a due time, and past it an owner and a new date."""
    _, entry = found(shop)
    credit.appeal(shop.app, MEI, entry.id, "是真的", "say")
    due = credit.open_appeals(shop.app, LEAD)[0].appeal_due_at
    assert due is not None
    shop.work(seconds=(due - shop.clock.at).total_seconds())
    late = credit.account(shop.app, MEI, "mei").entries[0]
    assert late.appeal_owner == "lead" and late.appeal_due_at is not None and late.appeal_due_at > due


@pytest.mark.parametrize(
    ("now", "change", "counts"), [(100, -40, -40), (30, -40, -30), (0, -40, 0), (105, 40, 5), (115, 2, 0)]
)
def test_points_count_between_the_least_and_the_most(now: int, change: int, counts: int) -> None:
    assert counted(now, change, Credit()) == counts


def test_time_stops_at_the_start() -> None:
    assert [recovered(now, Credit()) for now in (60, 97, 100, 108)] == [5, 3, 0, 0]
    assert next_recovery(100, datetime(2026, 9, 1, tzinfo=UTC), Credit()) is None
    assert next_recovery(60, datetime(2026, 9, 1, tzinfo=UTC), Credit(recovery=0)) is None


def test_the_same_click_twice_is_one_finding(sqlite_shop: Shop) -> None:
    """Invariant 17."""
    case_no = in_review(sqlite_shop)
    picture: Any = sqlite_shop.picture(case_no)
    for _ in range(2):
        cases.act(sqlite_shop.app, REVIEWER, case_no, "find_forgery", "one", note=WHY, picture=picture)
    assert points(sqlite_shop) == 60
    with sqlite_shop.app.read() as conn:
        assert conn.execute(select(credit_appeals)).all() == []


@pytest.mark.parametrize("who", [REVIEWER, LEAD, FINANCE, ARBITER, SUPPORT])
def test_nobody_uses_up_the_customers_appeal(sqlite_shop: Shop, who: Actor) -> None:
    """It is the owner's, and there is one: not even for who speaks for customers elsewhere."""
    _, entry = found(sqlite_shop)
    with pytest.raises(NotAllowed):
        credit.appeal(sqlite_shop.app, who, entry.id, "是真的", "not-mine")
    assert credit.open_appeals(sqlite_shop.app, LEAD) == []


def test_a_granted_appeal_gives_back_what_time_has_not(shop: Shop) -> None:
    """Also of two losses; and nobody ends above where they would have been."""
    _, first = found(shop)
    _, second = found(shop)
    for entry in (first, second):
        credit.appeal(shop.app, MEI, entry.id, "是真的", f"say-{entry.id}")
    shop.work(days=61)
    assert points(shop) == 100 - 80 + 10
    credit.answer(shop.app, LEAD, first.id, True, "是真的", "one")
    assert points(shop) == 70
    credit.answer(shop.app, LEAD, second.id, True, "是真的", "two")
    assert points(shop) == START
    assert shop.audit() == []
