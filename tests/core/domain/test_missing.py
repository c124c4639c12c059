"""R5.4, R5.5: when it is a matter for people, what to look for in a bill, and what goes with a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from core.domain import policy
from core.domain.actors import Actor
from core.domain.bills import BillRefund, Coverage, ReadBill
from core.domain.lifecycle import PAYOUT, ROLES
from core.domain.missing import (
    ANSWERERS,
    Sent,
    check,
    may_answer,
    may_be_missing,
    may_open,
    opens,
    promised_at,
    sought,
)
from core.domain.workdays import ZONE, china

POLICY = policy.load(policy.shipped("standard"))


def on(day: int, hour: int = 0, month: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


SENT = Sent(
    7, "alipay", "accepted", "R1-1-1", "50302", 10_000, "CNY", "2026T", "OD1", on(1, 12), on(3, 23), None
)
ROW = BillRefund(12, "2026T_R1-1-1", "", "OD1", 10_000, "CNY", on(2, 9), "退款成功")
BILL = ReadBill("alipay_personal", "alipay", 5, (ROW,), Coverage(on(1), on(9), True), ())


def test_what_the_channel_says_is_there_is_waited_for_one_working_day() -> None:
    """There on Friday 4 Sep: to the end of Monday 7, not of Thursday 10; and never later than without it."""
    found = opens(replace(SENT, state="arrived", arrived_at=on(4, 12)), POLICY, china())
    assert found is not None and found.at.astimezone(ZONE) == datetime(2026, 9, 7, 23, 59, 59, tzinfo=ZONE)
    late = opens(replace(SENT, state="arrived", arrived_at=on(20, 12)), POLICY, china())
    assert late == opens(SENT, POLICY, china())


def test_the_limit_counts_from_the_promised_date_in_working_days() -> None:
    """Promised for Thursday 3 Sep, five working days: to the end of Thursday 10."""
    found = opens(SENT, POLICY, china())
    assert found is not None and found.at.astimezone(ZONE) == datetime(2026, 9, 10, 23, 59, 59, tzinfo=ZONE)
    shorter = POLICY.model_copy(
        update={"limits": POLICY.limits.model_copy(update={"arrival_overdue_working_days": 1})}
    )
    found = opens(SENT, shorter, china())
    assert found is not None and found.at.astimezone(ZONE).day == 4


def test_the_holiday_does_not_count() -> None:
    """Promised for 29 Sep 2026; 1 to 7 Oct are off."""
    found = opens(replace(SENT, eta_at=on(29, 23)), POLICY, china())
    assert found is not None and found.at.astimezone(ZONE).month == 10 and not found.provisional


def test_what_was_never_taken_is_promised_by_the_policy_from_its_sending() -> None:
    silent = replace(SENT, state="unknown", eta_at=None)
    assert promised_at(silent, POLICY, china()) == datetime(2026, 9, 3, 23, 59, 59, tzinfo=ZONE)
    assert opens(replace(silent, sent_at=None), POLICY, china()) is None


@pytest.mark.parametrize("state", PAYOUT.states)
def test_only_what_was_sent_can_be_missing(state: str) -> None:
    assert may_be_missing("alipay", state) == (state in ("sending", "unknown", "accepted", "arrived"))
    assert not may_be_missing("balance", state), "a balance is seen at once"


def test_alipays_own_number_of_the_refund_finds_it() -> None:
    """A personal bill has `<trade>_<our key>`: no guessing by the amount."""
    found = check(BILL, sought(SENT, on(3, 23)))
    assert (found.said, found.by, found.row) == ("found", "refund_number", ROW)
    assert "row" not in str(found.told) and found.told == {
        "said": "found", "kind": "alipay_personal", "unread": 0,
    }  # fmt: skip


def test_a_late_arrival_moves_the_day_on_which_the_bill_should_have_it() -> None:
    """A bill up to the promised day does not speak against a channel that was late."""
    empty = replace(BILL, refunds=(), covers=Coverage(on(1), on(5), True))
    assert check(empty, sought(SENT, on(3, 23))).said == "missing"
    late = replace(SENT, state="arrived", arrived_at=on(8, 12))
    assert check(empty, sought(late, on(3, 23))).said == "ends_before_due"


def test_what_a_ticket_takes_along_is_the_verdict_and_no_line_of_the_bill() -> None:
    other = replace(ROW, trade_no="x", order_no="y", amount_minor=777, status="SECRET")
    told = check(replace(BILL, refunds=(other,)), sought(SENT, on(3, 23))).told
    assert told["said"] == "missing" and set(told) == {"said", "kind", "unread", "begins", "ends"}
    assert "777" not in str(told) and "SECRET" not in str(told)


@pytest.mark.parametrize("role", ROLES)
def test_who_may_say_it_and_who_answers(role: str) -> None:
    actor = Actor(role, "somebody", "OD1")
    assert (may_open(actor) is None) == (role in ("customer", "guest", "support"))
    assert (may_answer(actor, "mei") is None) == (role in ANSWERERS)


@pytest.mark.parametrize("role", ANSWERERS)
def test_nobody_answers_about_their_own_money(role: str) -> None:
    """Invariant 13, however the name is spelled; a guest's case has no owner to be."""
    refused = may_answer(Actor(role, "Ｍei "), "mei")
    assert refused is not None and refused.code == "own_case"
    assert may_answer(Actor(role, ""), "") is None
