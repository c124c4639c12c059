"""Invariant 15: money is integer minor units, and parts sum exactly."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.errors import AmountInvalid
from core.domain.money import LARGEST_MINOR, allocate, exponent, parse_minor, plain, share

CURRENCIES = st.sampled_from(["CNY", "USD", "HKD", "JPY", "KWD"])
MINOR = st.integers(0, 10**11)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("99.90", "CNY", 9990),
        ("99.9", "CNY", 9990),
        ("99", "CNY", 9900),
        ("0.01", "CNY", 1),
        ("0", "CNY", 0),
        ("007.50", "CNY", 750),
        ("1.000", "CNY", 100),  # three digits as some channel bills write it
        ("999999999999.99", "CNY", 99_999_999_999_999),
        ("500", "JPY", 500),
        ("500.00", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("1.2", "KWD", 1200),
    ],
)
def test_plain_decimals_are_read(text: str, currency: str, minor: int):
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "1,000",
        "1_000",
        "1e3",
        "NaN",
        "Infinity",
        "-0",
        ".5",
        "5.",
        "1.005",
        "1.0000",
        "１００",
        "100元",
        "¥100",
        " 100",
        "100\n",
        "100 ",
        "0x10",
        "١٠٠",
        "100\u200b",
        "1'; DROP TABLE orders",
        "9999999999999",
        "1.2.3",
        "--1",
        "٫5",
        "<script>",
        "9" * 10_000,
    ],
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(AmountInvalid):
        parse_minor(text)


@pytest.mark.parametrize(("text", "currency"), [("1.5", "JPY"), ("0.01", "KRW"), ("1.001", "USD")])
def test_more_digits_than_the_currency_has_are_refused(text: str, currency: str):
    with pytest.raises(AmountInvalid):
        parse_minor(text, currency)


def test_an_amount_that_a_spreadsheet_would_blur_is_refused():
    with pytest.raises(AmountInvalid):
        parse_minor("999999999999.999", "KWD")


def test_a_refusal_quotes_no_more_than_a_line():
    with pytest.raises(AmountInvalid) as refused:
        parse_minor("x" * 500)
    assert len(refused.value.params["text"]) == 40


def test_a_sign_only_where_bills_have_one():
    assert parse_minor("-12.30", signed=True) == -1230
    assert parse_minor("-0.00", signed=True) == 0
    with pytest.raises(AmountInvalid):
        parse_minor("-12.30")


def test_digits_after_the_point_are_those_of_the_currency():
    from babel.numbers import get_currency_precision

    met = (
        "CNY",
        "USD",
        "EUR",
        "HKD",
        "TWD",
        "SGD",
        "MYR",
        "THB",
        "GBP",
        "JPY",
        "KRW",
        "VND",
        "KWD",
        "BHD",
        "CLP",
    )
    rare = (
        "XOF",
        "XAF",
        "XPF",
        "TND",
        "ISK",
        "JOD",
        "OMR",
        "UGX",
        "PYG",
        "RWF",
        "LYD",
        "VUV",
        "GNF",
        "KMF",
        "DJF",
    )
    for currency in met + rare:
        assert exponent(currency) == get_currency_precision(currency), currency


@given(st.integers(-LARGEST_MINOR, LARGEST_MINOR), CURRENCIES)
def test_written_and_read_again_is_the_same(minor: int, currency: str):
    assume(abs(minor) < 10 ** (12 + exponent(currency)))
    text = plain(minor, currency)
    assert parse_minor(text, currency, signed=True) == minor
    assert Decimal(text) == Decimal(minor).scaleb(-exponent(currency))


@given(st.text(max_size=20))
def test_whatever_is_read_is_a_plain_amount(text: str):
    try:
        minor = parse_minor(text)
    except AmountInvalid:
        return
    assert text.isascii()
    assert minor == Decimal(text) * 100


def test_shares_round_half_away_from_zero():
    """R4.6: 5 % of ¥0.50 is 2.5 fen, kept as 3."""
    assert share(50, 500) == 3
    assert share(-50, 500) == share(50, -500) == -3
    assert share(10_000, 500) == 500
    assert share(49, 100) == 0


@given(st.integers(-(10**12), 10**12), st.integers(-20_000, 20_000))
def test_a_share_is_what_decimal_says(minor: int, basis_points: int):
    exact = Decimal(minor) * Decimal(basis_points) / 10_000
    assert share(minor, basis_points) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(MINOR, st.integers(0, 10_000))
def test_a_fee_and_the_rest_sum_exactly_and_neither_is_negative(minor: int, basis_points: int):
    fee = share(minor, basis_points)
    assert 0 <= fee <= minor


def test_a_split_gives_the_odd_fen_to_the_largest_remainder_then_to_the_first():
    assert allocate(100, [1, 1, 1]) == (34, 33, 33)
    assert allocate(10, [1, 2]) == (3, 7)
    assert allocate(0, [5, 0]) == (0, 0)
    assert allocate(7, [0, 3]) == (0, 7)


WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=6).filter(any)


@given(MINOR, WEIGHTS)
def test_parts_of_a_split_sum_and_are_proportional_within_one(total: int, weights: list[int]):
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)
        assert weight or not part


@given(WEIGHTS, st.data())
def test_no_payment_gets_back_more_than_it_can_give(weights: list[int], data: st.DataObject):
    """R4.3, R4.8: shared over the payments of an order, no part is above what that payment has left."""
    total = data.draw(st.integers(0, sum(weights)))
    assert all(part <= weight for part, weight in zip(allocate(total, weights), weights, strict=True))


@pytest.mark.parametrize(("total", "weights"), [(1, []), (1, [0, 0]), (-1, [1]), (5, [4, -1])])
def test_nothing_to_split_among_is_an_error(total: int, weights: list[int]):
    with pytest.raises(ValueError, match="allocate"):
        allocate(total, weights)
