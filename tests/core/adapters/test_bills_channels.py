"""The channels' merchant bills: WeChat Pay's trade bill and Alipay's 业务明细, row by row."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.adapters import bills
from core.adapters.bills.rows import Notice, Problem, Refund, Skipped, Trade
from core.adapters.tables import from_micros
from core.domain.workdays import ZONE

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bills"
WECHAT = FIXTURES / "wechat_trade_all.csv"
ALIPAY = FIXTURES / "alipay_business_detail.csv"


def read(path: Path):
    bill = bills.recognise(path)
    return list(bill.rows()), bill.notices


def changed(source: Path, target: Path, *changes: tuple[str, str]) -> Path:
    encoding = "gb18030" if source == ALIPAY else "utf-8"
    text = source.read_bytes().decode(encoding)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    target.write_bytes(text.encode(encoding))
    return target


def test_wechat_payments_become_orders_and_refunds_refunds():
    rows, notices = read(WECHAT)
    trades = [row for row in rows if isinstance(row, Trade)]
    refunds = [row for row in rows if isinstance(row, Refund)]
    assert [(t.order_no, t.trade_no[-4:], t.paid_minor) for t in trades] == [
        ("WX20261120001", "0001", 10_000),
        ("WX20261120002", "0002", 4_990),
        ("WX20261120003", "0003", 3),
        ("WX20261120004", "0004", 36_525),
    ]
    assert [(r.line, r.refund_no, r.amount_minor) for r in refunds] == [
        (2, "WXR2026112000000007", 3_000),
        (6, "WXR2026112000000001", 10_000),
        (7, "WXR2026112000000002", 990),
    ]
    assert from_micros(trades[0].paid_at) == datetime(2026, 11, 20, 9, 12, 33, tzinfo=ZONE)
    assert notices == []


def test_a_refund_that_failed_did_not_move_money():
    rows, _ = read(WECHAT)
    assert Skipped(8, "refund_failed") in rows


def test_names_of_goods_may_hold_commas_although_nothing_is_quoted():
    rows, _ = read(WECHAT)
    assert "测试,带逗号的商品" in [row.product for row in rows if isinstance(row, Trade)]


def test_a_bill_says_nothing_about_the_goods_so_nothing_is_guessed_in_the_customers_favour():
    """An undelivered order would be refunded at once; a bill cannot know that it is undelivered."""
    rows, _ = read(WECHAT)
    trade = next(row for row in rows if isinstance(row, Trade))
    assert (trade.delivery, trade.delivery_at, trade.completed_at) == ("code_viewed", None, trade.paid_at)
    assert (trade.kind, trade.customer_id, trade.quantity) == ("other", "", 1)


def test_the_refund_bill_with_its_two_more_columns_is_read(tmp_path):
    lines = WECHAT.read_text(encoding="utf-8-sig").splitlines()
    wide = lines[0].replace("微信退款单号", "退款申请时间,退款成功时间,微信退款单号")
    refund = lines[5].replace(",`503", ",`2026-11-20 11:00:00,`2026-11-20 11:00:09,`503")
    path = tmp_path / "refund.csv"
    path.write_text("\n".join([wide, refund, lines[9], "`1,`0.00,`100.00,`0.00,`0.00,`0.00,`100.00"]))
    rows, notices = read(path)
    assert [(r.refund_no, r.amount_minor) for r in rows] == [("WXR2026112000000001", 10_000)]
    assert notices == []


def test_old_bills_without_the_last_columns_are_read_by_the_ones_they_have(tmp_path):
    lines = WECHAT.read_text(encoding="utf-8-sig").splitlines()
    path = tmp_path / "old.csv"
    old = [lines[0].removesuffix(",订单金额,申请退款金额,费率备注")]
    old += [",`".join(line.split(",`")[:-3]) for line in (lines[2], lines[5])]
    path.write_text("\n".join([*old, lines[9], "`2,`100.00,`100.00,`0.00,`0.60"]))
    rows, notices = read(path)
    assert [getattr(row, "paid_minor", None) or row.amount_minor for row in rows] == [10_000, 10_000]
    assert notices == []


def test_a_payment_taken_back_at_the_till_is_a_refund(tmp_path):
    """REVOKED: the money went back, with or without a refund number of the merchant's."""
    path = changed(
        WECHAT, tmp_path / "w.csv", ("`REFUND,`OTHERS", "`REVOKED,`OTHERS"), ("`WXR2026112000000001", "`0")
    )
    rows, _ = read(path)
    refund = next(row for row in rows if isinstance(row, Refund) and row.line == 6)
    assert (refund.refund_no, refund.amount_minor) == ("4200001000202611200000000001", 10_000)


def test_the_trailer_is_checked_against_the_rows(tmp_path):
    path = changed(
        WECHAT, tmp_path / "w.csv", ("`8,`515.18,`139.93", "`9,`515.18,`139.93"), (",`139.93\r", ",`139.94\r")
    )
    _, notices = read(path)
    assert notices == [
        Notice("trailer_count", {"column": "总交易单数", "stated": "9", "found": 8}),
        Notice("trailer_amount", {"column": "申请退款总金额", "stated": "139.94", "found": "139.93"}),
    ]


def test_a_file_that_ends_without_its_trailer_may_be_half_a_file(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("\n".join(WECHAT.read_text(encoding="utf-8-sig").splitlines()[:4]))
    assert read(path)[1] == [Notice("trailer_missing", {})]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("`100.00,`0.00,`\r", "`1e2,`0.00,`\r", "amount_invalid"),
        ("`100.00,`0.00,`\r", "`１００,`0.00,`\r", "amount_invalid"),
        ("`100.00,`0.00,`\r", "`100.001,`0.00,`\r", "amount_invalid"),
        ("`100.00,`0.00,`\r", "`-100.00,`0.00,`\r", "amount_invalid"),
        ("`2026-11-20 09:12:33", "`2026-13-20 09:12:33", "time_invalid"),
        ("`NATIVE,`SUCCESS,`OTHERS,`CNY,`100.00", "`NATIVE,`MAYBE,`OTHERS,`CNY,`100.00", "value_unknown"),
        ("`NATIVE,`SUCCESS,`OTHERS,`CNY,`100.00", "`NATIVE,`SUCCESS,`OTHERS,`元,`100.00", "currency_unknown"),
        ("`WX20261120001,`oTEST", "`,`oTEST", "value_missing"),
        ("`2026-11-20 09:12:33,`wx", "`2026-11-20 09:12:33`wx", "cells_wrong"),
    ],
)
def test_a_bad_row_is_a_value_with_its_line_and_the_others_are_read(old, new, code, tmp_path):
    text = WECHAT.read_bytes().decode()
    line = text.split("\n")[2]
    assert old.replace("\r", "") in line
    path = tmp_path / "w.csv"
    path.write_bytes(text.replace(line, line.replace(old.replace("\r", ""), new.replace("\r", ""))).encode())
    rows, _ = read(path)
    assert [(row.line, row.code) for row in rows if isinstance(row, Problem)] == [(3, code)]
    assert len([row for row in rows if isinstance(row, Trade)]) == 3


def test_alipay_details_are_read_through_padding_tabs_and_signs():
    rows, notices = read(ALIPAY)
    trades = [row for row in rows if isinstance(row, Trade)]
    refunds = [row for row in rows if isinstance(row, Refund)]
    assert [(t.line, t.trade_no, t.order_no, t.paid_minor, t.product) for t in trades] == [
        (6, "2026112022001400000000000001", "AL20261120001", 10_000, "游戏点卡 100 元"),
        (7, "2026112022001400000000000002", "AL20261120002", 26_805, "办公软件密钥"),
    ]
    assert [(r.line, r.refund_no, r.amount_minor) for r in refunds] == [
        (8, "ALR-1", 4_000),
        (9, "ALR-1", 26_805),  # request numbers are unique within a trade only
        (10, "AL20261110009", 5_000),  # asked for without a number: Alipay takes the order's
    ]
    assert notices == []


def test_alipay_totals_are_checked_by_kind(tmp_path):
    path = changed(
        ALIPAY, tmp_path / "a.csv", ("#交易合计：2笔", "#交易合计：3笔"), ("共-348.05元", "共-348.00元")
    )
    assert read(path)[1] == [
        Notice("trailer_count", {"column": "交易合计", "stated": "3", "found": 2}),
        Notice("trailer_amount", {"column": "退款合计", "stated": "-348.00", "found": "348.05"}),
    ]


def test_alipay_rows_of_another_kind_are_left_out_and_said(tmp_path):
    path = changed(ALIPAY, tmp_path / "a.csv", ("交易      ,办公软件密钥", "充值      ,办公软件密钥"))
    assert Skipped(7, "row_kind_unknown") in read(path)[0]


def test_a_refund_without_a_minus_is_not_believed(tmp_path):
    path = changed(ALIPAY, tmp_path / "a.csv", (",-40.00,-40.00", ",40.00,40.00"))
    assert [(r.line, r.code) for r in read(path)[0] if isinstance(r, Problem)] == [(8, "amount_invalid")]
