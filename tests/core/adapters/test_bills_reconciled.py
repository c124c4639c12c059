"""What reconciliation needs of bills beyond their refunds: fees, what they cover, and the card's own list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.adapters import bills
from core.domain.workdays import ZONE
from tests.ledgers import Row, bill_of

AT = datetime(2026, 8, 20, 4, 0, tzinfo=UTC)
HEAD = "id,created,status,amount,currency,charge,payment_intent,balance_transaction,refund_key"


def card(folder: Path, *lines: str) -> Path:
    path = folder / "card.csv"
    path.write_text("\n".join([HEAD, *lines, ""]))
    return path


def test_the_cards_list(tmp_path: Path) -> None:
    """Whole minor units; a refund from elsewhere has Stripe's own number."""
    bill = bills.read(
        card(
            tmp_path,
            "re_1,1787198400,succeeded,4000,usd,ch_1,pi_1,txn_1,R1-1-1",
            "re_2,1787198401,failed,500,jpy,ch_2,,txn_2,",
            "re_3,1787198402,pending,700,isk,ch_3,,,R3-1-1",
        )
    )
    assert (bill.kind, bill.channel, bill.rows, bill.is_whole) == ("card_refunds", "card", 3, True)
    assert [(r.trade_no, r.refund_no, r.amount_minor, r.currency, r.status) for r in bill.refunds] == [
        ("pi_1", "R1-1-1", 4_000, "USD", "succeeded"),
        ("ch_2", "re_2", 500, "JPY", "failed"),
        ("ch_3", "R3-1-1", 7, "ISK", "pending"),
    ]
    assert bill.refunds[0].at == datetime.fromtimestamp(1_787_198_400, UTC)
    assert bill.covers is not None and not bill.covers.is_said


@pytest.mark.parametrize(
    "line",
    [
        "re_1,1787198400,succeeded,40.00,usd,ch_1,,,k", "re_1,1787198400,succeeded,0,usd,ch_1,,,k",
        "re_1,yesterday,succeeded,4000,usd,ch_1,,,k", "re_1,1787198400,succeeded,4000,us,ch_1,,,k",
        "re_1,1787198400,succeeded,-4000,usd,ch_1,,,k", "re_1,1787198400",
        "re_1,1787198400,succeeded,４０００,usd,ch_1,,,k",
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_told(tmp_path: Path, line: str) -> None:
    bill = bills.read(card(tmp_path, line))
    assert bill.refunds == () and not bill.is_whole and bill.warnings[0].lines == (2,)


def test_what_the_channel_took_or_gave_back(tmp_path: Path) -> None:
    """Alipay writes money that left as negative, WeChat the fee itself: here a fee is more than nothing."""
    path = bill_of(
        tmp_path / "a.csv", [Row("T1", "O1", "R1", 500, AT, 3), Row("T2", "O2", "R2", 500, AT)], AT
    )
    assert [each.fee_minor for each in bills.read(path).refunds] == [3, 0]
    given = tmp_path / "b.csv"
    given.write_text(path.read_text("gb18030").replace(",-0.03,", ",0.03,"), "gb18030")
    assert [each.fee_minor for each in bills.read(given).refunds] == [-3, 0]
    head = (
        "交易时间,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,商户退款单号,退款金额,退款状态,手续费"
    )
    wechat = tmp_path / "w.csv"
    wechat.write_text(
        f"{head}\n`2026-08-20 12:00:00,`42,`O1,`REFUND,`CNY,`0.00,`R1,`5.00,`SUCCESS,`-0.03000\n"
        "总交易单数,退款总金额\n`1,`5.00\n"
    )
    assert [each.fee_minor for each in bills.read(wechat).refunds] == [-3]


def test_a_fee_that_cannot_be_read_is_told_and_the_refund_counts(tmp_path: Path) -> None:
    path = bill_of(tmp_path / "a.csv", [Row("T1", "O1", "R1", 500, AT, 3)], AT)
    path.write_text(path.read_text("gb18030").replace(",-0.03,", ",little,"), "gb18030")
    bill = bills.read(path)
    assert [(each.amount_minor, each.fee_minor) for each in bill.refunds] == [(500, 0)]
    assert "import_notice.fee_unread" in {warning.key for warning in bill.warnings} and bill.is_whole


def test_a_bill_covers_nothing_beyond_its_making(tmp_path: Path) -> None:
    """Exported at noon, the bill of the day says that it goes to midnight."""
    path = bill_of(tmp_path / "a.csv", [Row("T1", "O1", "R1", 500, AT)], AT)
    whole = bills.read(path).covers
    assert whole is not None and whole.ends - whole.begins == timedelta(days=1)
    path.write_text(path.read_text("gb18030") + "#导出时间：[2026年08月20日 12:30:00]\r\n", "gb18030")
    cut = bills.read(path).covers
    assert cut is not None and cut.is_said
    assert (cut.begins, cut.ends) == (whole.begins, datetime(2026, 8, 20, 12, 30, tzinfo=ZONE))
