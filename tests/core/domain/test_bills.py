"""Whether one refund stands in a bill, and what 'not there' means (R5.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.domain.bills import (
    BillRefund,
    BillWarning,
    Coverage,
    Found,
    NotInBill,
    ReadBill,
    SeveralAlike,
    Sought,
    look_up,
)
from core.domain.workdays import ZONE


def on(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=ZONE)


REFUND = BillRefund(7, "50302168", "RF-1", "S-1", 3_000, "CNY", on(21, 9), "SUCCESS")
WEEK = Coverage(on(20), on(27), True)
BILL = ReadBill("wechat_trade", "wechat", 12, (REFUND,), WEEK, ())
SOUGHT = Sought("wechat", 3_000, "CNY", frozenset({"RF-1"}), frozenset({"4200", "S-1"}), on(21), on(24))


def personal(*refunds: BillRefund) -> ReadBill:
    return replace(BILL, kind="wechat_personal", refunds=refunds)


def test_our_key_finds_it_with_line_day_and_amount() -> None:
    assert look_up(BILL, SOUGHT) == Found(7, on(21, 9), 3_000, "CNY", "refund_number")


def test_the_channels_number_of_the_refund_finds_it_as_well() -> None:
    found = look_up(BILL, replace(SOUGHT, refund_numbers=frozenset({"50302168"})))
    assert isinstance(found, Found) and found.by == "refund_number"


def test_the_right_number_with_another_amount_is_told_as_such() -> None:
    found = look_up(BILL, replace(SOUGHT, amount_minor=2_999))
    assert found == Found(7, on(21, 9), 3_000, "CNY", "refund_number", is_same_amount=False)


def test_of_two_rows_with_our_number_the_one_of_our_amount_is_it() -> None:
    other = replace(REFUND, line=3, amount_minor=1)
    found = look_up(replace(BILL, refunds=(other, REFUND)), SOUGHT)
    assert isinstance(found, Found) and found.line == 7


def test_the_number_of_the_payment_and_the_amount_find_it() -> None:
    found = look_up(BILL, replace(SOUGHT, refund_numbers=frozenset({"unknown"})))
    assert found == Found(7, on(21, 9), 3_000, "CNY", "payment_number")


def test_of_two_parts_of_one_payment_with_one_amount_nobody_knows_which() -> None:
    bill = replace(BILL, refunds=(REFUND, replace(REFUND, line=9, refund_no="RF-2")))
    assert look_up(bill, replace(SOUGHT, refund_numbers=frozenset({"?"}))) == SeveralAlike((7, 9))


UNKNOWN = replace(SOUGHT, refund_numbers=frozenset({"?"}), payment_numbers=frozenset({"?"}))


def test_in_a_personal_bill_the_amount_is_enough_and_is_named_as_the_reason() -> None:
    assert look_up(personal(REFUND), UNKNOWN) == Found(7, on(21, 9), 3_000, "CNY", "amount")


def test_in_a_merchants_bill_the_amount_says_nothing_for_others_get_the_same() -> None:
    assert isinstance(look_up(BILL, UNKNOWN), NotInBill)


def test_two_of_the_same_amount_are_two_to_look_at() -> None:
    assert look_up(personal(REFUND, replace(REFUND, line=9)), UNKNOWN) == SeveralAlike((7, 9))


@pytest.mark.parametrize(
    "other",
    [
        replace(REFUND, amount_minor=2_999),
        replace(REFUND, currency="USD"),
        replace(REFUND, at=on(19)),  # before it was sent, even by a clock that differs by a day
    ],
)
def test_another_amount_currency_or_an_earlier_day_is_another_refund(other: BillRefund) -> None:
    assert isinstance(look_up(personal(other), UNKNOWN), NotInBill)


@pytest.mark.parametrize(
    ("covers", "why"),
    [
        (WEEK, "missing"),
        (Coverage(on(1), on(21), True), "ends_before_sent"),
        (Coverage(on(20), on(23), True), "ends_before_due"),
        (Coverage(on(22), on(27), True), "begins_later"),
        (None, "unknown_days"),
    ],
)
def test_not_there_says_which_days_the_bill_covers_and_when_it_was_due(
    covers: Coverage | None, why: str
) -> None:
    """Only a bill that covers all its days speaks against the channel."""
    bill = replace(BILL, refunds=(), covers=covers)
    assert look_up(bill, SOUGHT) == NotInBill(why, on(24), covers)  # type: ignore[arg-type]


def test_a_bill_of_another_channel_is_said_to_be_one() -> None:
    found = look_up(replace(BILL, channel="alipay"), SOUGHT)
    assert isinstance(found, NotInBill) and found.why == "other_channel"


def test_a_table_of_no_channel_may_be_of_any() -> None:
    assert isinstance(look_up(replace(BILL, channel="", kind="generic_csv"), SOUGHT), Found)


def test_lines_that_nobody_could_read_are_named_for_it_may_be_one_of_them() -> None:
    unread = BillWarning("import_problem.amount_invalid", (5,), {}, True)
    told = BillWarning("import_notice.refund_failed", (6,), {}, False)
    found = look_up(replace(BILL, refunds=(), warnings=(unread, told)), SOUGHT)
    assert isinstance(found, NotInBill) and found.unread == (5,)
    assert not replace(BILL, warnings=(unread,)).is_whole and replace(BILL, warnings=(told,)).is_whole


def test_totals_are_by_currency() -> None:
    later = replace(REFUND, at=REFUND.at + timedelta(days=1))
    bill = replace(BILL, refunds=(REFUND, later, replace(REFUND, currency="USD", amount_minor=5)))
    assert bill.totals == {"CNY": 6_000, "USD": 5}
