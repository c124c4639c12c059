"""Every kind of bill is read for its refunds: what counts, what does not, and what is said about the rest."""

# ruff: noqa: E501
from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.adapters import bills
from core.adapters.bills.cells import Unfit, money, reference
from core.adapters.bills.times import moment
from core.domain.bills import ReadBill
from core.domain.errors import BillAmbiguous, BillIncomplete, BillUnknown
from core.domain.workdays import ZONE
from tests.core.adapters import made_bills
from tests.core.adapters.made_bills import BILLS, BY_HAND, FIXTURES, Made

MAPPING = bills.Mapping.load(FIXTURES / "generic_bill.toml")


def read(path: Path) -> ReadBill:
    return bills.read(path, MAPPING if "generic" in path.name else None)


def changed(file: str, folder: Path, *changes: tuple[str, str]) -> ReadBill:
    """The fixture with other words in it, read."""
    made = next(made for made in (*BILLS, *BY_HAND) if made.file == file)
    text = made.make().decode(made.encoding)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / file).write_bytes(text.encode(made.encoding))
    return read(folder / file)


def told(bill: ReadBill) -> set[str]:
    return {warning.key.partition(".")[2] for warning in bill.warnings}


def lines_of(bill: ReadBill, code: str) -> tuple[int, ...]:
    return tuple(line for w in bill.warnings if w.key.endswith(f".{code}") for line in w.lines)


@pytest.mark.parametrize("made", BILLS, ids=lambda made: made.file)
def test_the_files_are_what_the_script_makes(made: Made) -> None:
    assert (FIXTURES / made.file).read_bytes() == made.make()


@pytest.mark.parametrize("made", [*BILLS, *BY_HAND], ids=lambda made: made.file)
def test_every_kind_is_read_right(made: Made, tmp_path: Path) -> None:
    """By what stands in it, never by its name; and nothing of it is unread."""
    path = tmp_path / ("generic" if made.kind == "generic_csv" else "下载 (3).dat")
    path.write_bytes((FIXTURES / made.file).read_bytes())
    bill = read(path)
    assert (bill.kind, bill.rows, bill.is_whole) == (made.kind, made.rows, True)
    assert tuple((refund.trade_no, refund.amount_minor) for refund in bill.refunds) == made.refunds
    assert bill.totals == ({"CNY": made.total} if made.refunds else {})
    assert told(bill) <= {"refund_failed", "refund_incoming"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("made", [made for made in BILLS if made.encoding], ids=lambda made: made.file)
def test_encodings_make_no_difference(made: Made, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / made.file
    path.write_bytes(made.make().decode(made.encoding).encode(encoding))
    assert read(path) == read(FIXTURES / made.file)


def test_of_alipays_refunds_number_and_trade_are_told_apart() -> None:
    first, _, last = read(FIXTURES / "alipay_personal.csv").refunds
    assert (first.trade_no, first.refund_no, first.order_no) == (
        "2026112022001400000000000001", "R1", "S20261120001",
    )  # fmt: skip
    assert (first.at, first.status) == (datetime(2026, 11, 21, 10, 2, 41, tzinfo=ZONE), "退款成功")
    assert last.refund_no == ""


def test_a_closed_trade_is_no_refund_and_a_refund_under_way_is_told(tmp_path: Path) -> None:
    bill = changed("alipay_personal.csv", tmp_path, ("退款成功", "退款中"))
    assert [refund.line for refund in bill.refunds] == [23, 27]
    assert lines_of(bill, "refund_unsure") == (21,)


def test_in_wechats_personal_bill_the_payment_that_says_refunded_is_not_counted_twice() -> None:
    bill = read(FIXTURES / "wechat_personal.csv")
    assert [(refund.status, refund.amount_minor) for refund in bill.refunds] == [
        ("已全额退款", 3_000), ("已退款¥20.73", 2_073), ("已全额退款", 150_000),
    ]  # fmt: skip


def test_payments_that_say_more_was_refunded_than_the_refunds_do_are_told(tmp_path: Path) -> None:
    bill = changed("wechat_personal.csv", tmp_path, ("充电柜-退款", "充电柜"))
    (said,) = (w.params for w in bill.warnings if w.key.endswith("refunded_elsewhere"))
    assert said == {"said": "1550.73", "found": "1530.00"}


def test_what_a_person_paid_back_is_not_what_came_back(tmp_path: Path) -> None:
    bill = changed("wechat_personal.csv", tmp_path, ('"收入",¥30.00', '"支出",¥30.00'))
    assert len(bill.refunds) == 2 and len(lines_of(bill, "refund_outgoing")) == 1


def test_the_workbook_says_the_same_as_the_text() -> None:
    text, sheet = (read(FIXTURES / f"wechat_personal.{kind}") for kind in ("csv", "xlsx"))
    assert text == sheet


@pytest.mark.parametrize("shared", [True, False])
def test_numbers_of_a_sheet_are_exact_or_rounded_as_it_shows_them(shared: bool, tmp_path: Path) -> None:
    row = [
        46346.375,
        "某店-退款",
        "某店",
        "点卡",
        "收入",
        16.989999999999998,
        "/",
        "已全额退款",
        4.2e27,
        "S1",
        "/",
    ]
    path = tmp_path / "a.xlsx"
    path.write_bytes(made_bills.workbook([made_bills._WECHAT.split(","), row], shared=shared))
    bill = read(path)
    (refund,) = bill.refunds
    assert refund.amount_minor == 1_699
    assert refund.at == datetime(2026, 11, 20, 9, 0, tzinfo=ZONE)
    assert refund.trade_no == "" and "number_rounded" in told(bill)  # its end is lost: it would match nothing


def test_days_of_old_macs_count_from_1904(tmp_path: Path) -> None:
    row = [44884.375, "某店-退款", "某店", "点卡", "收入", 1.0, "/", "已全额退款", "503", "S1", "/"]
    path = tmp_path / "a.xlsx"
    path.write_bytes(made_bills.workbook([made_bills._WECHAT.split(","), row], date1904=True))
    assert read(path).refunds[0].at == datetime(2026, 11, 20, 9, 0, tzinfo=ZONE)


def test_the_refund_bill_dates_by_the_refund_and_counts_what_was_asked_for() -> None:
    first, second = read(FIXTURES / "wechat_trade_refund.csv").refunds
    assert first.at == datetime(2026, 11, 20, 18, 13, 12, tzinfo=ZONE)
    assert second.at == datetime(2026, 11, 20, 19, 0, tzinfo=ZONE)  # not there yet: when it was asked for
    assert (second.amount_minor, second.status) == (1_000, "PROCESSING")  # a voucher of 2.00 included


def test_money_that_came_in_is_no_refund_of_ours(tmp_path: Path) -> None:
    assert lines_of(read(FIXTURES / "alipay_account_detail.csv"), "refund_incoming") == (9,)
    bill = changed("wechat_fund.csv", tmp_path, ("`退款,`支出", "`退款,`收入"))
    assert lines_of(bill, "refund_incoming") == (4,) and len(bill.refunds) == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "column"),
    [
        ("wechat_trade_refund.csv", "`3.0,", "`4,", "总交易单数"),
        ("wechat_trade_refund.csv", "`45.00\r", "`45.01\r", "申请退款总金额"),
        ("wechat_trade_2015.csv", "`17.34,", "`17.35,", "总退款金额"),
        ("wechat_fund.csv", "`4.0,`1.0", "`5.0,`1.0", "资金流水总笔数"),
        ("wechat_fund.csv", "`1050.61\r", "`1050.60\r", "支出金额"),
        ("alipay_account_detail.csv", "共-1100.24元", "共-1100.25元", "支出合计"),
        ("alipay_account_detail.csv", "#收入合计：2笔", "#收入合计：3笔", "收入合计"),
        ("alipay_personal.csv", "共8笔记录", "共9笔记录", "共…笔记录"),
        ("alipay_personal_2021.csv", "共8笔记录", "共9笔记录", "共…笔记录"),
        ("alipay_personal_web.csv", "共5笔记录", "共9笔记录", "共…笔记录"),
        ("wechat_personal.csv", "收入：4笔", "收入：5笔", "收入"),
        ("wechat_personal.csv", "3笔 1580.00元", "3笔 1580.01元", "支出"),
    ],
)
def test_totals_above_and_below_are_checked(
    file: str, old: str, new: str, column: str, tmp_path: Path
) -> None:
    bill = changed(file, tmp_path, (old, new))
    found = [w for w in bill.warnings if w.key.partition(".")[2] in ("trailer_count", "trailer_amount")]
    assert [w.params["column"] for w in found] == [column]
    assert bill.is_whole  # the rows were all read; what differs is for a person to judge


@pytest.mark.parametrize("file", ["wechat_trade_refund.csv", "wechat_fund.csv", "alipay_account_detail.csv"])
def test_a_bill_without_its_totals_may_be_half_a_bill(file: str, tmp_path: Path) -> None:
    made = next(made for made in BILLS if made.file == file)
    text = made.make().decode(made.encoding)
    (tmp_path / file).write_bytes("\r\n".join(text.split("\r\n")[:7])[:-40].encode(made.encoding))
    assert "trailer_missing" in told(read(tmp_path / file))


def test_two_bills_in_one_file_are_read_as_both_whatever_their_columns_order(tmp_path: Path) -> None:
    """Nothing behind the first trailer is lost."""
    first = made_bills.wechat_trade_refund().decode("utf-8-sig")
    second = made_bills.wechat_trade_2015().decode()
    path = tmp_path / "a.csv"
    path.write_text(first + second, encoding="utf-8", newline="")
    bill = read(path)
    assert bill.totals == {"CNY": 4_000 + 1_734} and bill.rows == 6
    assert told(bill) == {"header_again", "refund_failed"}


def test_rows_above_the_first_header_that_is_known_are_told(tmp_path: Path) -> None:
    head, *rows = made_bills.wechat_trade_2015().decode().split("\n")
    (tmp_path / "a.csv").write_text("\n".join([head.replace("微信订单号", "?"), *rows[:3], head, *rows]))
    bill = read(tmp_path / "a.csv")
    assert bill.totals == {"CNY": 1_734} and lines_of(bill, "above_header") == (1, 2, 3, 4)


def test_full_width_commas_in_the_header_part_columns_as_in_wechats_own_example(tmp_path: Path) -> None:
    text = made_bills.wechat_trade_2015().decode()
    assert ",退款类型,退款状态" in text
    path = tmp_path / "a.csv"
    path.write_text(text.replace(",退款类型,退款状态", "，退款类型，退款状态", 1))
    assert read(path) == read(FIXTURES / "wechat_trade_2015.csv")


def test_a_row_in_place_of_the_trailers_values_is_still_a_row(tmp_path: Path) -> None:
    text = made_bills.wechat_trade_2015().decode()
    lines = text.split("\n")
    (tmp_path / "a.csv").write_text("\n".join([lines[0], lines[4], lines[2]]))
    assert read(tmp_path / "a.csv").totals == {"CNY": 1_234}


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("alipay_personal.csv", ",1268.05 ", ",1,268.05 ", "status_unknown"),  # shifts all that follows
        ("alipay_personal.csv", ",1268.05 ", ",1268.055", "amount_invalid"),
        ("alipay_personal.csv", ",1268.05 ", ",-1268.05", "amount_invalid"),
        ("alipay_personal.csv", ",1268.05 ", ",1e3      ", "amount_invalid"),
        ("alipay_personal.csv", "2026-11-22 18:21:04", "2026-11-31 18:21:04", "time_invalid"),
        ("alipay_personal.csv", "不计收支        ,1268.05", "余额宝        ,1268.05", "value_unknown"),
        ("wechat_personal.csv", ',¥20.73,"工商', ',¥1,020.73,"工商', "cells_wrong"),
        ("wechat_trade_refund.csv", "`10.00,`\r", "`-10.00,`\r", "amount_invalid"),
        ("wechat_trade_refund.csv", "`10.00,`\r", "`10.0\r", "cells_wrong"),
        ("wechat_trade_refund.csv", "`REFUND,`CMB", "`BACK,`CMB", "value_unknown"),
        ("alipay_business_detail.csv", ",-40.00,-40.00", ",40.00,40.00", "amount_invalid"),
        ("alipay_account_detail.csv", ",0.00,-40.00", ",0.01,-40.00", "amount_invalid"),
        ("wechat_fund.csv", "`支出,`40.01", "`转出,`40.01", "value_unknown"),
        ("generic_bill.csv", '"-1,040.50"', '"-10,40.50"', "amount_invalid"),
        ("generic_bill.csv", "（￥８.００）", "￥８.００", "amount_invalid"),  # of two signs one is no refund
    ],
)  # fmt: skip
def test_a_row_that_is_not_sound_is_a_line_to_look_at_and_the_others_count(
    file: str, old: str, new: str, code: str, tmp_path: Path
) -> None:
    whole = read(FIXTURES / file)
    bill = changed(file, tmp_path, (old, new))
    assert len(bill.refunds) == len(whole.refunds) - 1 and bill.rows == whole.rows
    (line,) = lines_of(bill, code)
    assert line in {refund.line for refund in whole.refunds}


def test_a_comma_in_a_name_that_nobody_quoted_moves_nothing(tmp_path: Path) -> None:
    bill = changed("alipay_personal.csv", tmp_path, ("退款-办公软件密钥", "退款-办公软件,密钥,两年"))
    assert bill.refunds == read(FIXTURES / "alipay_personal.csv").refunds


def test_an_amount_that_its_own_comma_broke_is_not_taken_for_a_name_with_one(tmp_path: Path) -> None:
    """The same cells could be `卡,x`, 1 and 500.00, or 卡, x and 1,500.00."""
    head = "交易时间,交易类型,当前状态,商品,备注,金额(元),收/支"
    path = tmp_path / "a.csv"
    path.write_text(
        f"{head}\n2026-11-20 09:00:00,某店-退款,已全额退款,卡,x,¥1,500.00,收入\n", encoding="utf-8"
    )
    bill = read(path)
    assert bill.refunds == () and lines_of(bill, "cells_wrong") == (2,)
    path.write_text(
        f"{head}\n2026-11-20 09:00:00,某店-退款,已全额退款,卡,x,y,1500.00,收入\n", encoding="utf-8"
    )
    assert read(path).totals == {"CNY": 150_000}


def test_two_rows_that_ran_into_one_are_no_row(tmp_path: Path) -> None:
    """Its end could be believed, its beginning is of another row."""
    lines = made_bills.wechat_personal().decode("utf-8-sig").split("\r\n")
    lines[17:19] = [lines[17].partition('"/"')[0] + lines[18].partition('"同性好友",')[2]]
    assert '"收入",¥30.00,"/","收入",¥0.35' in lines[17]
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(lines).encode())
    bill = read(path)
    assert lines_of(bill, "cells_wrong") == (18,) and len(bill.refunds) == 2


def test_where_the_amount_stands_last_a_row_that_was_cut_is_not_believed(tmp_path: Path) -> None:
    """16.0 of 16.03, were the remark behind it allowed to be missing."""
    path = tmp_path / "a.csv"
    head, row = (
        "交易时间,收/支,交易状态,交易订单号,金额,备注",
        "2026-11-20 09:00:00,不计收支,退款成功,2026,16.0",
    )
    path.write_text(f"{head}\n{row}", encoding="utf-8")
    assert read(path).refunds == () and lines_of(read(path), "cells_wrong") == (2,)
    path.write_text(f"{head}\n{row}3,", encoding="utf-8")
    assert read(path).totals == {"CNY": 1_603}


def test_a_name_over_several_lines_is_one_row_and_an_open_quote_ends_with_it(tmp_path: Path) -> None:
    bill = changed("wechat_personal.csv", tmp_path, ('"话费 50 元","收入"', '"话费\n50\n元","收入"'))
    assert bill.totals == read(FIXTURES / "wechat_personal.csv").totals and bill.is_whole


def test_an_open_quote_swallows_no_row_behind_it(tmp_path: Path) -> None:
    lines = made_bills.wechat_personal().decode("utf-8-sig").replace('"\t', '"').split("\r\n")
    assert lines[20].endswith(',"/"')
    lines[20] = lines[20].removesuffix('"')
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(lines).encode())
    bill = read(path)
    assert lines_of(bill, "quotes_wrong") == (21,)
    assert [refund.line for refund in bill.refunds] == [18, 23] and bill.rows == 8


def test_nor_where_rows_begin_with_words(tmp_path: Path) -> None:
    bill = changed(
        "alipay_personal_2021.csv", tmp_path, (",餐饮美食", ',"餐饮美食'), ("数据线  ", '数据线" ')
    )
    assert lines_of(bill, "quotes_wrong") == (5,)
    assert bill.refunds == read(FIXTURES / "alipay_personal_2021.csv").refunds


def test_two_encodings_in_one_file_are_each_read_in_its_own(tmp_path: Path) -> None:
    lines = made_bills.alipay_personal().decode("gb18030").split("\r\n")
    path = tmp_path / "a.csv"
    path.write_bytes(b"\r\n".join(line.encode(("utf-8", "gb18030")[at % 2]) for at, line in enumerate(lines)))
    bill = read(path)
    assert bill.refunds == read(FIXTURES / "alipay_personal.csv").refunds
    assert told(bill) == {"encoding_mixed"}


def test_a_header_that_lacks_or_repeats_what_is_needed_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BillIncomplete) as lacking:
        changed("alipay_personal.csv", tmp_path, ("交易状态", "状态"))
    assert lacking.value.params == {
        "seen": "alipay_personal", "bill": "alipay_personal", "line": 19, "missing": ["交易状态"],
    }  # fmt: skip
    with pytest.raises(BillAmbiguous) as doubled:
        changed("wechat_personal.csv", tmp_path, ("支付方式,当前状态", "金额(元),当前状态"))
    assert doubled.value.params["twice"] == ["金额"] and doubled.value.params["line"] == 16


def test_an_unknown_table_is_refused_with_what_was_seen(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("日期,收入,支出,余额\n2026-11-20,1,2,3\n", encoding="utf-8")
    with pytest.raises(BillUnknown) as refused:
        read(tmp_path / "a.csv")
    assert refused.value.params == {"seen": "日期,收入,支出,余额"}


def test_an_order_export_is_read_and_says_that_it_knows_no_refunds() -> None:
    bill = bills.read(FIXTURES / "orders_generic.csv")
    assert (bill.kind, bill.rows, bill.refunds) == ("generic_csv", 5, ())
    assert told(bill) == {"no_refund_columns"}


def test_refunds_of_two_currencies_make_no_one_total(tmp_path: Path) -> None:
    bill = changed("generic_bill.csv", tmp_path, ("（￥８.００）;CNY", "-8;USD"))
    assert bill.totals == {"CNY": 104_050, "USD": 800} and told(bill) == {"currencies_mixed"}


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("99.90", 9_990), ("1,234.50", 123_450), ("￥1,234,567.8", 123_456_780), ("¥0.01", 1), ("-0.10元", -10),
        ("（５０．００）", -5_000), ("(50)", -5_000), ("+3.00", 300), ("−3", -300), ("0.00000", 0), (" 7 \t", 700),
        ("CNY 7", 700), ("¥-7", -700), ("0007.10", 710), ("999999999999.99", 99_999_999_999_999),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, minor: int) -> None:
    assert money(text, "CNY", "金额") == minor


@pytest.mark.parametrize(
    "text",
    ["", "1,23", "1,2345", "12,34.5", "1.234,50", "1e2", "NaN", "0x10", "1_000", "10.005", "--1", "-(1)", "(1", "1)", "²",
     "①", "½", "1 000", "¥¥1", "$1", "十", "1.", ".5", "9" * 16],
)  # fmt: skip
def test_what_may_be_two_amounts_is_none(text: str) -> None:
    with pytest.raises(Unfit):
        money(text, "CNY", "金额")


def test_yen_have_no_parts() -> None:
    assert money("1,000", "JPY", "金额") == 1_000
    with pytest.raises(Unfit):
        money("10.5", "JPY", "金额")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-20 17:58:03", (2026, 11, 20, 17, 58, 3)),
        ("2026/11/2 7:05", (2026, 11, 2, 7, 5)),
        ("2014-11-1016：33：45", (2014, 11, 10, 16, 33, 45)),
        ("２０２６-11-20 17:58:03", (2026, 11, 20, 17, 58, 3)),
        ("2026-11-20", (2026, 11, 20)),
    ],
)
def test_times_as_channels_and_spreadsheets_write_them(text: str, at: tuple[int, ...]) -> None:
    assert moment(text, "时间") == datetime(*at, tzinfo=ZONE)  # type: ignore[arg-type]


def test_a_bare_number_is_no_time_outside_a_sheet() -> None:
    with pytest.raises(Unfit):
        moment("46234.97545", "时间")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("`4200", "4200"),
        ('="4200"', "4200"),
        ("4200\t", "4200"),
        ("/", ""),
        ("0", ""),
        ("", ""),
        ("S-1_2", "S-1_2"),
    ],
)
def test_numbers_come_without_what_is_put_around_them(text: str, number: str) -> None:
    assert reference(text) == number
