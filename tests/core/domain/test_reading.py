"""What lines of text say: numbers, amounts and times found, secrets only ever as places."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.reading import (
    Box,
    Line,
    Reading,
    amounts_in,
    compare,
    find,
    is_same_number,
    passes_luhn,
    times_in,
)
from core.domain.workdays import ZONE

ORDER = "OD20261103001"
PAID_AT = datetime(2026, 11, 3, 14, 2, tzinfo=ZONE)


def lines(*texts: str) -> list[Line]:
    return [Line(text, (10, 40 * place, 300, 30)) for place, text in enumerate(texts)]


def codes(*texts: str, amount: int = 10_000, currency: str = "CNY") -> list[str]:
    reading = find(lines(*texts), ORDER)
    return [finding.code for finding in compare(reading, ORDER, amount, currency, PAID_AT)]


def kinds(*texts: str) -> list[str]:
    return [item.kind for item in find(lines(*texts), ORDER).covered]


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("¥99.00", [9_900]),
        ("￥９９．００", [9_900]),
        ("99.00元", [9_900]),
        ("99元", [9_900]),
        ("-99.00", [9_900]),
        ("−¥99.00", [9_900]),
        ("¥-99.00", [9_900]),
        ("CN¥99", [9_900]),
        ("CNY 1,299.50", [129_950]),
        ("RMB 12", [1_200]),
        ("¥1,234,567.8", [123_456_780]),
        ("Y99.00", [9_900]),
        ("小计 ¥60.00 优惠 -¥5.00 实付 ¥55.00", [6_000, 500, 5_500]),
        ("13800138000", []),
        ("¥13800138000", []),
        ("13800138000元", []),
        ("6222 0212 3456 7890", []),
        ("192.168.10.12", []),
        ("14:02", []),
        ("v1.67", []),
    ],
)
def test_amounts(text: str, minor: list[int]) -> None:
    assert list(amounts_in(text)) == minor


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-03 14:02", ["2026-11-03T14:02:00"]),
        ("2026-11-0314:02:05", ["2026-11-03T14:02:05"]),
        ("2026/11/3 14:02", ["2026-11-03T14:02:00"]),
        ("2026年11月3日 14：02", ["2026-11-03T14:02:00"]),
        ("11月3日 14:02", ["--11-03T14:02:00"]),
        ("13月3日 14:02", []),
        ("2026-02-30 14:02", []),
        ("14:02", []),
    ],
)
def test_times(text: str, at: list[str]) -> None:
    assert list(times_in(text)) == at


@pytest.mark.parametrize("seen", ["0D20261103001", "OD2O26ll03OOl", "od2026 1103001", "ＯＤ20261103001"])
def test_a_known_number_is_found_whatever_it_was_read_for(seen: str) -> None:
    assert is_same_number(seen, ORDER)
    assert codes(f"订单编号：{seen}") == ["same_order"]


def test_another_number_is_said_only_where_one_is_called_so() -> None:
    assert codes("订单编号 OD20261103002") == ["other_order"]
    assert codes("订单编号 OD202611030012") == ["other_order"], "a longer one is another one"
    assert codes("运单号 SF1234567890123") == []
    assert codes("订单编号 OD20261103002", f"订单编号 {ORDER}") == ["same_order"]


def test_a_label_and_its_value_far_to_the_right_are_one_row() -> None:
    found = find([Line("实付款", (10, 100, 60, 30)), Line("¥99.00", (600, 104, 80, 24))], ORDER)
    assert found.paid == (9_900,)


@pytest.mark.parametrize(
    ("texts", "amount", "said"),
    [
        (["¥100.00"], 10_000, ["same_amount"]),
        (["¥99.00"], 10_000, ["other_amount"]),
        (["单价 ¥60.00", "运费 ¥10.00"], 10_000, []),
        (["单价 ¥60.00", "实付 ¥70.00"], 10_000, ["other_amount"]),
        (["单价 ¥100.00", "实付 ¥70.00"], 7_000, ["same_amount"]),
        (["付款时间 2026-11-03 14:05"], 1, []),
        (["付款时间 11月3日 14:05"], 1, []),
        (["付款时间 2026-11-03 15:05"], 1, ["other_time"]),
        (["下单时间 2026-11-01 15:05"], 1, []),
    ],
)
def test_beside_the_order(texts: list[str], amount: int, said: list[str]) -> None:
    assert codes(*texts, amount=amount) == said


def test_amounts_of_another_currency_are_not_compared() -> None:
    assert codes("¥99.00", currency="USD") == []


def test_the_words_have_both_amounts() -> None:
    (finding,) = compare(find(lines("实付 ¥99.00"), ORDER), ORDER, 10_000, "CNY", PAID_AT)
    assert dict(finding.params) == {"seen": 9_900, "minor": 10_000}


@pytest.mark.parametrize(
    ("requested", "says"), [(9_900, []), (9_800, ["other_amount"]), (None, ["other_amount"])]
)
def test_a_picture_of_the_part_that_is_asked_for_is_no_difference(
    requested: int | None, says: list[str]
) -> None:
    read = find(lines("实付 ¥99.00"), ORDER)
    assert [each.code for each in compare(read, ORDER, 10_000, "CNY", PAID_AT, requested)] == says


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["卡密：AB12-CD34-EF56"], ["card_code"]),
        (["激活码", "9F3KQ27LMX81"], ["card_code"]),
        (["XK29A-88QPL-M3ZZ1-00TRW"], ["card_code"]),
        (["手机 138 0013 8000"], ["phone"]),
        (["+86 13800138000"], ["phone"]),
        (["4111 1111 1111 1111"], ["bank_card"]),
        (["4111 1111 1111 1112"], []),
        (["11010519491231002X"], ["id_number"]),
        ([f"订单编号 {ORDER}"], []),
        (["卡密", ORDER], []),
        (["交易号 4111111111111111"], []),
        (["2026-11-03 14:02:05"], []),
        (["兑换码已发放，请查收"], []),
    ],
)
def test_what_may_be_covered(texts: list[str], found: list[str]) -> None:
    assert kinds(*texts) == found


def test_a_box_holds_its_part_of_the_line() -> None:
    (item,) = find([Line("手机号：13800138000", (100, 50, 380, 30))], ORDER).covered
    x, y, width, height = item.box
    assert (y, height) == (50, 30)
    assert 200 <= x <= 260 and 460 <= x + width <= 480


def test_luhn() -> None:
    assert passes_luhn("4111 1111 1111 1111") and not passes_luhn("4111 1111 1111 1121")


_SECRETS = st.one_of(
    st.from_regex(r"1[3-9]\d{9}", fullmatch=True),
    st.from_regex(r"\d{16,19}", fullmatch=True),
    st.from_regex(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", fullmatch=True),
)


@given(secret=_SECRETS, label=st.sampled_from(["卡密", "手机", "¥", "订单编号 ", "实付 ", "付款时间 ", ""]))
def test_no_secret_is_in_what_is_kept(secret: str, label: str) -> None:
    """Invariant 20: whatever stands before it, its text is in nothing that is stored, whole or nearly."""
    kept = {**find(lines(f"{label}{secret}元"), ORDER).as_dict(), "covered": []}
    assert kept["amounts"] == [] and kept["paid"] == [] and kept["times"] == []
    assert secret not in json.dumps(kept)


@given(st.lists(st.text(max_size=40), max_size=8))
def test_no_text_breaks_it(texts: list[str]) -> None:
    found = find(lines(*texts), ORDER)
    assert Reading.of(json.loads(json.dumps(found.as_dict()))) == found
    compare(found, ORDER, 10_000, "CNY", PAID_AT)
    for item in found.covered:
        assert inside(item.box, (10, item.box[1], 300, 30))


def inside(box: Box, of: Box) -> bool:
    return of[0] <= box[0] and box[0] + box[2] <= of[0] + of[2] and box[2] > 0
