"""What fits and what does not: kinds, corrections that balance, what is due in a bill, who may post."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.accounts import balances
from core.domain.actors import Actor
from core.domain.bills import BillRefund, Coverage
from core.domain.errors import NotAllowed, OwnCase, SamePerson
from core.domain.lifecycle import PAYOUT, ROLES
from core.domain.reconciling import (
    DIFFERENCE,
    EDGE,
    KINDS,
    OWNERS,
    PEOPLE,
    Difference,
    Ours,
    barred,
    compare,
    correction,
    joined,
    missing,
    said,
    status_cause,
)

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
DAY = (datetime(2026, 11, 19, 16, tzinfo=UTC), datetime(2026, 11, 20, 16, tzinfo=UTC))
OURS = Ours(1, "R1-1-1", 7, "R1", 5_000, "CNY", "arrived", AT, AT, AT, 5_000)
ROW = BillRefund(9, "T1", "R1-1-1", "O1", 5_000, "CNY", AT, "退款")


def found(ours: Ours | None, *rows: BillRefund) -> list[tuple[str, str]]:
    return [(each.kind, each.cause) for each in compare("alipay", rows, ours)]


def test_what_fits_is_nothing() -> None:
    assert found(OURS, ROW) == []


@pytest.mark.parametrize(
    ("ours", "row", "kinds"),
    [
        (OURS, replace(ROW, amount_minor=4_999), [("amount", "less")]),
        (OURS, replace(ROW, amount_minor=5_001), [("amount", "more")]),
        (OURS, replace(ROW, currency="USD"), [("amount", "currency")]),
        (None, ROW, [("only_theirs", "")]),
        (None, replace(ROW, status="failed"), []),
        (OURS, replace(ROW, fee_minor=-3), [("fee", "")]),
        (replace(OURS, booked_minor=None), ROW, [("ledger", "")]),
        (replace(OURS, booked_minor=4_000), ROW, [("ledger", "")]),
        (replace(OURS, state="accepted", booked_minor=None), ROW, []),
        (OURS, replace(ROW, status="failed"), [("status", "not_arrived")]),
        (replace(OURS, state="replanned", accepted_at=None), ROW, [("status", "paid_though_refused")]),
        (replace(OURS, state="replanned"), ROW, []),  # it came back after that bill
    ],
)
def test_kinds(ours: Ours | None, row: BillRefund, kinds: list[tuple[str, str]]) -> None:
    assert found(ours, row) == kinds


def test_of_several_rows_the_one_with_our_amount_is_ours() -> None:
    other = replace(ROW, amount_minor=1, line=8)
    assert found(OURS, other, ROW) == [("duplicate", "")]
    assert found(OURS, ROW, ROW, ROW) == [("duplicate", ""), ("duplicate", "")]
    assert len({each.digest for each in compare("alipay", (ROW, ROW, ROW), OURS)}) == 2


# What WeChat writes for ever, and what a card's list says, against every state of a payout.
MATRIX = {
    "planned": {"PROCESSING": "not_heard", "SUCCESS": "not_heard", "failed": "not_heard"},
    "sending": {"PROCESSING": "not_heard", "SUCCESS": "not_heard", "failed": "not_heard"},
    "unknown": {"PROCESSING": "not_heard", "SUCCESS": "not_heard", "failed": "not_heard"},
    "accepted": {"PROCESSING": "", "SUCCESS": "", "failed": "not_heard"},
    "arrived": {"PROCESSING": "", "SUCCESS": "", "failed": "not_arrived"},
    "refused": {"PROCESSING": "", "SUCCESS": "paid_though_refused", "failed": ""},
    "returned": {"PROCESSING": "", "SUCCESS": "", "failed": ""},
    "replanned": {"PROCESSING": "", "SUCCESS": "paid_though_refused", "failed": ""},
}


def test_every_state_against_every_word() -> None:
    assert set(MATRIX) == set(PAYOUT.states)
    for state, words in MATRIX.items():
        ours = replace(OURS, state=state, accepted_at=None if state in ("refused", "replanned") else AT)
        assert {word: status_cause(word, ours) for word in words} == words, state


@pytest.mark.parametrize(
    ("word", "means"),
    [("SUCCESS", "made"), ("退款", "made"), ("", "made"), ("PROCESSING", "pending"), ("canceled", "failed")],
)
def test_what_a_word_means(word: str, means: str) -> None:
    assert said(word) == means


# --- corrections -----------------------------------------------------------------------------------------

MINOR = st.integers(1, 10**12)
BILLED = st.builds(
    Difference,
    kind=st.sampled_from(KINDS),
    channel=st.sampled_from(["alipay", "wechat", "card"]),
    refund_no=st.sampled_from(["R1", ""]),
    trade_no=st.just("T1"),
    cause=st.sampled_from(
        ["", "less", "more", "currency", "not_heard", "paid_though_refused", "not_arrived"]
    ),
    ours_minor=st.none() | MINOR,
    theirs_minor=st.none() | st.integers(-(10**6), 10**12),
    nth=st.integers(1, 3),
)


@given(BILLED, st.none() | st.sampled_from(PAYOUT.states))
def test_every_correction_balances(difference: Difference, state: str | None) -> None:
    """Whatever it is for; what takes up a payment has a number, so that it is taken up once."""
    wanted = correction(difference, None if state is None else replace(OURS, state=state))
    if wanted is not None:
        assert balances(wanted.lines) and len(wanted.lines) == 2
        assert not wanted.takes_up or wanted.refund_no


@given(MINOR, MINOR)
def test_a_correction_makes_up_for_the_difference(had: int, theirs: int) -> None:
    """The channel's account then says what the bill says."""
    rows = [replace(ROW, amount_minor=theirs)]
    ours = replace(OURS, amount_minor=had, booked_minor=had)
    moved = 0
    for difference in compare("alipay", rows, ours):
        wanted = correction(difference, ours)
        assert wanted is not None
        moved += dict(wanted.lines)["assets:channel:alipay"]
        assert wanted.takes_up == max(0, theirs - had)
    assert -had + moved == -theirs


@pytest.mark.parametrize("state", ["planned", "sending", "unknown", "accepted", "refused", "replanned"])
def test_before_it_arrived_nothing_of_ours_is_corrected(state: str) -> None:
    """Its own arrival is booked when it comes: a correction now would be one too many."""
    ours = replace(OURS, state=state)
    for difference in (
        *compare("alipay", [replace(ROW, amount_minor=1)], ours),
        Difference("only_ours", "alipay", "R1-1-1", payout_id=1, ours_minor=5_000),
    ):
        if difference.kind in ("amount", "only_ours"):
            assert correction(difference, ours) is None


def test_every_kind_has_an_owner() -> None:
    assert set(OWNERS.values()) <= set(ROLES)
    assert [kind for kind, owner in OWNERS.items() if owner == "system"] == ["timing"]


# --- identity --------------------------------------------------------------------------------------------


def test_a_difference_is_the_same_wherever_it_stands() -> None:
    first, again = (
        compare("alipay", [replace(ROW, line=line, at=AT + timedelta(hours=line))], None)[0]
        for line in (1, 9)
    )
    assert first.digest == again.digest


@pytest.mark.parametrize(
    "change",
    [{"refund_no": "R2"}, {"kind": "duplicate"}, {"channel": "card"}, {"nth": 2}, {"cause": "more"}],
    ids=str,
)
def test_another_one_is_another(change: dict[str, object]) -> None:
    [one] = compare("alipay", [ROW], None)
    assert replace(one, **change).digest != one.digest  # type: ignore[arg-type]


def test_numbers_of_alipay_are_unique_within_a_trade_only() -> None:
    one, other = (compare("alipay", [replace(ROW, trade_no=trade)], None)[0] for trade in ("T1", "T2"))
    assert one.digest != other.digest
    one, other = (compare("wechat", [replace(ROW, trade_no=trade)], None)[0] for trade in ("T1", "T2"))
    assert one.digest == other.digest


# --- what should be in a bill ----------------------------------------------------------------------------

HOURS = st.integers(-72, 72)


@given(HOURS, st.integers(0, 6))
def test_only_what_lies_well_inside_is_missed(sent: int, took: int) -> None:
    """Inside a day it is missed, at an edge the next bill tells, outside it is not looked for."""
    begins = DAY[0] + timedelta(hours=sent)
    until = begins + timedelta(hours=took)
    ours = replace(OURS, sent_at=begins, accepted_at=until, arrived_at=until)
    here = missing("alipay", "alipay_merchant", ours, [DAY])
    inside = DAY[0] <= begins - EDGE and until + EDGE <= DAY[1]
    outside = until + EDGE < DAY[0] or DAY[1] < begins - EDGE
    assert (here and here.kind) == ("only_ours" if inside else None if outside else "timing")


def test_two_bills_without_a_gap_leave_no_edge() -> None:
    at = DAY[1] - timedelta(minutes=1)
    ours = replace(OURS, sent_at=at, accepted_at=at, arrived_at=at)
    alone = missing("alipay", "alipay_merchant", ours, joined([Coverage(*DAY, True)]))
    assert alone is not None and alone.kind == "timing"
    after = Coverage(DAY[1], DAY[1] + timedelta(days=1), True)
    both = missing("alipay", "alipay_merchant", ours, joined([after, Coverage(*DAY, True)]))
    assert both is not None and both.kind == "only_ours"


def test_what_a_bill_dates_by_the_money_waits_for_the_money() -> None:
    """Sent and taken within the bill's day, arrived the next: a fund-flow bill may have it on either."""
    ours = replace(OURS, arrived_at=AT + timedelta(days=1))
    kinds = {kind: missing("wechat", kind, ours, [DAY]) for kind in ("wechat_trade", "wechat_fund")}
    assert kinds["wechat_trade"] is not None and kinds["wechat_trade"].kind == "only_ours"
    assert kinds["wechat_fund"] is not None and kinds["wechat_fund"].kind == "timing"
    assert missing("wechat", "wechat_fund", replace(ours, state="accepted", arrived_at=None), [DAY]) is None


@pytest.mark.parametrize("state", ["planned", "sending", "unknown", "refused", "returned", "replanned"])
def test_what_no_channel_took_is_missed_in_no_bill(state: str) -> None:
    assert missing("alipay", "alipay_merchant", replace(OURS, state=state), [DAY]) is None


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40)), max_size=12))
def test_joined_periods_cover_the_same_hours(periods: list[tuple[int, int]]) -> None:
    """In order, apart, and neither more nor less than before."""
    told = [Coverage(AT + timedelta(hours=b), AT + timedelta(hours=b + n), True) for b, n in periods]
    stretches = joined(told)
    assert stretches == sorted(stretches)
    assert all(one[1] < other[0] for one, other in pairwise(stretches))
    for hour in range(250):
        at = AT + timedelta(hours=hour, minutes=30)
        before = any(each.begins <= at < each.ends for each in told)
        assert before == any(begins <= at < ends for begins, ends in stretches)


# --- people ----------------------------------------------------------------------------------------------


def test_the_table() -> None:
    assert DIFFERENCE.final_states == {"posted", "settled"}
    assert DIFFERENCE.allowed("open", "finance") == ("propose",)
    assert all(not DIFFERENCE.allowed("open", role) for role in set(ROLES) - {*PEOPLE, "system"})
    assert DIFFERENCE.allowed("proposed", "system") == ()


@pytest.mark.parametrize("role", ROLES)
def test_who_may_post(role: str) -> None:
    refused = barred("post", Actor(role, "li"), proposed_by="finance:gu", customer_id="mei")
    assert (refused is None) == (role in PEOPLE)
    if role not in PEOPLE:
        assert isinstance(refused, NotAllowed)


def test_nobody_posts_their_own() -> None:
    told = {"proposed_by": "finance:gu", "customer_id": "mei"}
    assert isinstance(barred("post", Actor("lead", " GU "), **told), SamePerson)
    assert barred("send_back", Actor("finance", "gu"), **told) is None
    for event in ("propose", "post", "send_back"):
        assert isinstance(barred(event, Actor("lead", "Mei"), **told), OwnCase)
