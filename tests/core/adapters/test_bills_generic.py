"""The shop's own export: documented columns, a mapping for other names, and every bad cell by line (R6.1)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.adapters import bills
from core.adapters.bills import Mapping
from core.adapters.bills.cells import Unfit, masked
from core.adapters.bills.generic_csv import NEEDED
from core.adapters.bills.mapping import COLUMNS
from core.adapters.bills.rows import Problem, Skipped, Trade
from core.adapters.bills.times import instant
from core.adapters.tables import from_micros
from core.domain.errors import ColumnsUnknown, FileMissing, MappingInvalid
from core.domain.facts import CHANNELS, DELIVERIES, KINDS
from core.domain.workdays import ZONE

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "tests" / "fixtures" / "bills"
HEADER = "order_no,product,amount,channel,trade_no,paid_at,delivery"
GOOD = "A1,点卡,10.00,alipay,T1,2026-11-20 10:00:00,pending"


def rows_of(tmp_path: Path, text: str, mapping: str | None = None):
    path = tmp_path / "orders.csv"
    path.write_text(text, encoding="utf-8")
    return list(bills.recognise(path, None if mapping is None else Mapping.parse(mapping)).rows())


def problems(rows):
    return [(row.line, row.code, row.params.get("column")) for row in rows if isinstance(row, Problem)]


def test_every_documented_column_arrives():
    first, second, third, abroad, guest = bills.recognise(FIXTURES / "orders_generic.csv").rows()
    assert (first.order_no, first.customer_id, first.customer_name) == ("SH1001", "u1", "林晓")
    assert (first.kind, first.quantity, first.amount_minor, first.currency) == ("game_card", 1, 9_990, "CNY")
    assert from_micros(first.paid_at) == datetime(2026, 11, 20, 17, 58, 3, tzinfo=ZONE)
    assert from_micros(second.delivery_at) == datetime(2026, 11, 20, 18, 2, tzinfo=ZONE)  # given as UTC
    assert from_micros(second.completed_at) == datetime(
        2026, 11, 20, 18, 1, tzinfo=ZONE
    )  # a spreadsheet's form
    assert (second.product, second.quantity) == ("办公软件密钥, 专业版", 2)
    assert [(row.channel, row.paid_minor, row.amount_minor) for row in (second, third)] == [
        ("alipay", 15_000, 20_000),
        ("balance", 5_000, 20_000),
    ]
    assert third.trade_no == "SH1002"  # no number of its own: the order's stands in
    assert (abroad.charged_currency, abroad.charged_minor, abroad.escrow, abroad.is_open) == (
        "USD",
        5_130,
        1,
        0,
    )
    assert (abroad.delivery, abroad.completed_at) == ("pending", None)
    assert (guest.customer_id, guest.currency, guest.amount_minor) == ("", "CNY", 5_000)


def test_accounts_are_masked_before_they_are_stored():
    """Invariant 20."""
    accounts = [row.account for row in bills.recognise(FIXTURES / "orders_generic.csv").rows()]
    assert accounts == ["138****5678", "lin***@example.com", "", "****0123", ""]


@given(st.text(alphabet="0123456789ab@.*(晓)", max_size=40))
def test_masking_twice_is_masking_once(account):
    assert masked(masked(account)) == masked(account)


def test_card_codes_in_a_column_of_their_own_are_never_read():
    assert "CARD-" not in repr(list(bills.recognise(FIXTURES / "orders_generic.csv").rows()))


@pytest.mark.parametrize("column", ["info", "Secret", "卡密", "search_pwd"])
def test_a_mapping_cannot_point_at_card_codes(column):
    with pytest.raises(MappingInvalid) as refused:
        Mapping.parse(f'[columns]\nproduct = "{column}"\n')
    problem = refused.value.params["problems"][0]
    assert (problem["code"], problem["place"], problem["value"]) == ("secret", "columns.product", column)


def test_another_shops_export_is_read_through_a_mapping():
    """dujiaoka: its own names, states as numbers, GB18030; unpaid orders are left out."""
    mapping = Mapping.load(FIXTURES / "dujiaoka.toml")
    one, two, unpaid = bills.recognise(FIXTURES / "orders_dujiaoka.csv", mapping).rows()
    assert (one.order_no, one.amount_minor, one.channel, one.delivery) == (
        "DJK0001",
        9_800,
        "alipay",
        "code_viewed",
    )
    assert (two.product, two.channel, two.delivery) == ("代练服务", "wechat", "pending")
    assert unpaid == Skipped(4, "")


def test_a_mapping_says_everything_that_is_wrong_with_it():
    with pytest.raises(MappingInvalid) as refused:
        Mapping.parse(
            '[columns]\nprize = "x"\n[values.delivery]\n4 = "gone"\n[values.amount]\na = "1"\n'
            '[skip]\nstatus = "1"\n[extra]\n'
        )
    assert len(refused.value.params["problems"]) == 5
    with pytest.raises(MappingInvalid):
        Mapping.parse("columns = 3")
    with pytest.raises(MappingInvalid):
        Mapping.parse("[columns")
    with pytest.raises(FileMissing):
        Mapping.load(Path("/nowhere/mapping.toml"))


def test_a_word_without_its_quotes_is_named():
    """TOML takes plain letters only on the left; a shop's own words are Chinese."""
    with pytest.raises(MappingInvalid) as refused:
        Mapping.parse('[values.channel]\n支付宝 = "alipay"\n')
    (slip,) = refused.value.params["problems"]
    assert (slip["code"], slip["line"], slip["written"]) == ("bare_key", 2, '"支付宝"')
    with pytest.raises(MappingInvalid) as refused:
        Mapping.parse('[values.channel]\n"支付宝" = alipay\n')
    assert refused.value.params["problems"][0]["code"] == "not_toml"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_mapping_is_read_in_either_encoding(tmp_path, encoding):
    path = tmp_path / "mapping.toml"
    path.write_bytes(
        '[columns]\r\namount = "实付金额"\r\n[values.channel]\r\n"支付宝" = "alipay"\r\n'.encode(encoding)
    )
    found = Mapping.load(path)
    assert found.columns == {"amount": "实付金额"} and found.values == {"channel": {"支付宝": "alipay"}}


def test_a_bad_cell_is_told_by_the_files_own_column_too(tmp_path):
    text = f"{HEADER}\n{GOOD.replace('10.00', 'x')}\n".replace("amount", "实付金额")
    rows = rows_of(tmp_path, text, '[columns]\namount = "实付金额"\n')
    assert problems(rows) == [(2, "amount_invalid", "实付金额 (amount)")]


def test_a_table_of_other_columns_says_which_are_missing(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("店铺订单\norder_sn,product,total\n1,2,3\n", encoding="utf-8")
    with pytest.raises(ColumnsUnknown) as refused:
        bills.recognise(path, Mapping.parse('[columns]\namount = "sum"\n[defaults]\nchannel = "wechat"\n'))
    assert refused.value.params["missing"] == ["order_no", "sum", "paid_at", "delivery"]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("order_no", "", "value_missing"),
        ("order_no", "A 1", "number_invalid"),
        ("order_no", "A" * 65, "number_invalid"),
        ("order_no", "订单1", "number_invalid"),
        ("product", "", "value_missing"),
        ("product", "x" * 201, "text_invalid"),
        ("product", "a\u202eb", "text_invalid"),
        ("amount", "", "value_missing"),
        ("amount", "0x10", "amount_invalid"),
        ("amount", "NaN", "amount_invalid"),
        ("amount", "-1.00", "amount_invalid"),
        ("amount", "1_000", "amount_invalid"),
        ("amount", "１０", "amount_invalid"),
        ("amount", "10.005", "amount_invalid"),
        ("amount", "¥10.00", "amount_invalid"),
        ("channel", "paypal", "value_unknown"),
        ("channel", "", "value_missing"),
        ("trade_no", "T 1", "number_invalid"),
        ("paid_at", "", "value_missing"),
        ("paid_at", "2026-02-30 10:00:00", "time_invalid"),
        ("paid_at", "昨天", "time_invalid"),
        ("paid_at", "1926-01-01 00:00:00", "time_invalid"),
        ("paid_at", "2026-11-20 24:00:00", "time_invalid"),
        ("paid_at", "２０26-11-20 10:00:00", "time_invalid"),
        ("paid_at", "0001-01-01 00:00:00+14:00", "time_invalid"),
        ("paid_at", "9999-12-31 23:59:59-10:00", "time_invalid"),
        ("delivery", "sent", "value_unknown"),
    ],
)
def test_a_bad_cell_is_told_with_its_line_and_column(column, cell, code, tmp_path):
    names = HEADER.split(",")
    cells = GOOD.split(",")
    cells[names.index(column)] = cell
    rows = rows_of(tmp_path, "\n".join([HEADER, GOOD, ",".join(cells), GOOD.replace("A1", "A3")]))
    assert problems(rows) == [(3, code, column)]
    assert len([row for row in rows if isinstance(row, Trade)]) == 2


def test_all_that_is_wrong_with_one_row_is_told_at_once(tmp_path):
    rows = rows_of(tmp_path, f"{HEADER}\n,,x,y,T1,z,w\n")
    assert [column for _, _, column in problems(rows)] == [
        "order_no", "product", "amount", "channel", "paid_at", "delivery",
    ]  # fmt: skip


def test_an_amount_charged_abroad_needs_its_currency_and_the_other_way_round(tmp_path):
    header = f"{HEADER},charged_currency,charged_amount"
    rows = rows_of(tmp_path, f"{header}\n{GOOD},USD,\n{GOOD},,5.00\n{GOOD},JPY,5.50\n")
    assert problems(rows) == [
        (2, "value_missing", "charged_amount"),
        (3, "value_missing", "charged_currency"),
        (4, "amount_invalid", "charged_amount"),  # a yen has no parts
    ]


def test_lines_are_the_files_own_even_after_line_ends_inside_quotes(tmp_path):
    rows = rows_of(
        tmp_path,
        f'前言\n\n{HEADER},note\n{GOOD},"one\ntwo\nthree"\n\nA2,点卡,x,alipay,T2,2026-11-20,pending,\n',
    )
    assert [row.line for row in rows if isinstance(row, Trade)] == [4]
    assert problems(rows) == [(8, "amount_invalid", "amount")]


def test_a_comma_too_many_is_not_read_as_another_column(tmp_path):
    rows = rows_of(tmp_path, f"{HEADER}\nA1,点,卡,10.00,alipay,T1,2026-11-20,pending\nA2,卡,10.00\n{GOOD},\n")
    assert problems(rows) == [(2, "cells_wrong", None), (3, "cells_wrong", None)]
    assert len(rows) == 3


def test_a_quote_that_is_never_closed_stops_the_reading_with_its_line(tmp_path):
    rows = rows_of(tmp_path, f'{HEADER}\n{GOOD}\nA2,"点卡,10.00,alipay,T2,2026-11-20,pending\n{GOOD}\n')
    assert problems(rows) == [(3, "quotes_wrong", None)]


def test_missing_and_doubled_columns_are_told_before_any_row(tmp_path):
    assert problems(rows_of(tmp_path, "order_no,amount,amount\nA1,1,1\n")) == [
        (1, "column_missing", "product"),
        (1, "column_missing", "channel"),
        (1, "column_missing", "paid_at"),
        (1, "column_missing", "delivery"),
        (1, "column_twice", "amount"),
    ]


def test_a_column_that_the_mapping_names_must_be_there(tmp_path):
    mapping = '[columns]\nkind = "sort"\n[skip]\nstatus = ["1"]\n'
    assert problems(rows_of(tmp_path, f"{HEADER}\n{GOOD}\n", mapping)) == [
        (1, "column_missing", "sort"),
        (1, "column_missing", "status"),
    ]


def test_semicolons_and_tabs_part_cells_too(tmp_path):
    for delimiter in ";\t":
        text = f"{HEADER}\n{GOOD}\n".replace(",", delimiter)
        assert [type(row) for row in rows_of(tmp_path, text)] == [Trade]


def test_defaults_fill_what_the_shop_does_not_keep(tmp_path):
    mapping = '[defaults]\nchannel = "wechat"\ndelivery = "code_issued"\nkind = "top_up"\n'
    (row,) = rows_of(tmp_path, "order_no,product,amount,paid_at\nA1,话费,50,2026-11-20 10:00\n", mapping)
    assert (row.channel, row.delivery, row.kind, row.trade_no) == ("wechat", "code_issued", "top_up", "A1")


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("2026-11-20 17:58:03", datetime(2026, 11, 20, 17, 58, 3, tzinfo=ZONE)),
        ("2026-11-20T17:58:03.25", datetime(2026, 11, 20, 17, 58, 3, 250_000, tzinfo=ZONE)),
        ("2026-11-20T09:58:03Z", datetime(2026, 11, 20, 17, 58, 3, tzinfo=ZONE)),
        ("2026-11-20 10:58:03+01:00", datetime(2026, 11, 20, 17, 58, 3, tzinfo=ZONE)),
        ("2026/11/2 7:05", datetime(2026, 11, 2, 7, 5, tzinfo=ZONE)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=ZONE)),
    ],
)
def test_times_are_shanghais_unless_they_say_otherwise(text, there):
    assert from_micros(instant(text, "paid_at")) == there


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_times(text):
    try:
        assert isinstance(instant(text, "paid_at"), int)
    except Unfit as unfit:
        assert unfit.code in ("time_invalid", "value_missing")


def test_the_documentation_names_every_column_and_every_word():
    page = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
    for name in (*COLUMNS, *NEEDED, *KINDS, *DELIVERIES, *CHANNELS):
        assert f"`{name}`" in page, name


def test_the_mapping_in_the_documentation_is_one():
    page = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
    blocks = page.split("```toml\n")[1:]
    assert blocks
    for block in blocks:
        Mapping.parse(block.split("```")[0])


@pytest.mark.parametrize("column, word", [("channel", "bank_card"), ("kind", "car"), ("escrow", "perhaps")])
def test_a_default_that_is_no_word_of_ours_is_refused_with_those_that_are(column, word):
    """An unknown channel would make an account of its own in the ledger."""
    with pytest.raises(MappingInvalid) as refused:
        Mapping.parse(f'[defaults]\n{column} = "{word}"\n')
    [slip] = refused.value.params["problems"]
    assert (slip["code"], slip["place"], slip["value"]) == ("choice", f"defaults.{column}", word)
    if column == "channel":
        assert slip["allowed"] == ", ".join(sorted(CHANNELS))


def test_a_default_may_be_a_word_of_theirs():
    mapping = Mapping.parse(
        '[defaults]\nchannel = "支付宝"\nescrow = "否"\n[values.channel]\n"支付宝" = "alipay"\n'
    )
    assert mapping.words("channel")[mapping.defaults["channel"]] == "alipay"
