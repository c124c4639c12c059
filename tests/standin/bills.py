"""The bills that Alipay and WeChat Pay make of the books, in their own formats, for one day in Shanghai."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.standin.books import GONE, Books

SHANGHAI = ZoneInfo("Asia/Shanghai")
_ALIPAY_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_TRADE_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
_REFUND_COLUMNS = _TRADE_COLUMNS.replace("微信退款单号,", "退款申请时间,退款成功时间,微信退款单号,")
_TRADE_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_FUND_COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
_FUND_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def span(day: str) -> tuple[float, float]:
    """First and last instant of `2026-11-20` or of `2026-11`."""
    if len(day) == 7:
        start = datetime.strptime(day, "%Y-%m").replace(tzinfo=SHANGHAI)
        return start.timestamp(), (start + timedelta(days=32)).replace(day=1).timestamp()
    start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    return start.timestamp(), (start + timedelta(days=1)).timestamp()


def payments(books: Books, channel: str, day: str) -> list[sqlite3.Row]:
    return books.rows(
        "SELECT * FROM payments WHERE channel = ? AND paid_at >= ? AND paid_at < ? ORDER BY paid_at",
        channel, *span(day),
    )  # fmt: skip


def refunds(books: Books, channel: str, day: str) -> list[sqlite3.Row]:
    """Of the day they were asked for, whatever became of them later: as WeChat dates its rows."""
    return books.rows(
        f"""SELECT r.*, p.order_no, p.product, p.account, p.paid_minor, p.paid_at, p.currency, p.by_card
            FROM refunds r JOIN payments p USING (channel, trade_no)
            WHERE r.channel = ? AND asked_at >= ? AND asked_at < ?
                AND state != 'asked' AND state NOT IN {GONE}
            ORDER BY asked_at, r.id""",
        channel, *span(day),
    )  # fmt: skip


def has_rows(books: Books, channel: str, day: str) -> bool:
    return bool(payments(books, channel, day) or refunds(books, channel, day))


def at(instant: float) -> str:
    return datetime.fromtimestamp(instant, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def yuan(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


# --- Alipay ----------------------------------------------------------------------------------------------


def alipay(books: Books, day: str) -> bytes:
    """A zip with details and summary, their names in GBK without the UTF-8 flag, their text in GB18030."""
    paid, returned = payments(books, "alipay", day), refunds(books, "alipay", day)
    lines = [_alipay_line(row, "交易", row["paid_minor"], row["paid_at"], "") for row in paid]
    lines += [
        _alipay_line(row, "退款", -row["amount_minor"], row["asked_at"], row["key"]) for row in returned
    ]
    sums = (sum(row["paid_minor"] for row in paid), -sum(row["amount_minor"] for row in returned))
    first, last = span(day)
    details = [
        "#支付宝业务明细查询",
        "#账号：[20880000000000010156]",
        f"#起始日期：[{_chinese(first)}]   终止日期：[{_chinese(last)}]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        _ALIPAY_COLUMNS,
        *lines,
        "#-----------------------------------------业务明细列表结束------------------------------------",
        f"#交易合计：{len(paid)}笔，商家实收共{yuan(sums[0])}元，商家优惠共0.00元",
        f"#退款合计：{len(returned)}笔，商家实收退款共{yuan(sums[1])}元，商家优惠退款共0.00元",
        f"#导出时间：[{_chinese(last)}]",
    ]
    summary = ["#支付宝业务汇总查询", "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）"]
    summary += [f"合计,,{len(paid)},{len(returned)},{yuan(sum(sums))}"]
    number = day.replace("-", "")
    return _gbk_zip(
        {
            f"20880000000000010156_{number}_业务明细.csv": details,
            f"20880000000000010156_{number}_业务明细(汇总).csv": summary,
        }
    )


def _alipay_line(row: sqlite3.Row, what: str, minor: int, when: float, number: str) -> str:
    stamp, amount = at(when), yuan(minor)
    ends = f"{number}\t" if number else ""
    return (
        f"{row['trade_no']}\t,{row['order_no']}\t,{what}      ,{row['product']}        ,{stamp},{stamp},"
        "  ,  ,  ,  ,"
        f"{row['account']},{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,{ends},0.00,0.00,"
    )


def _chinese(instant: float) -> str:
    when = datetime.fromtimestamp(instant, SHANGHAI)
    return f"{when:%Y}年{when:%m}月{when:%d}日 {when:%H:%M:%S}"


def _gbk_zip(members: dict[str, list[str]]) -> bytes:
    """zipfile would mark such names as UTF-8, so they go in as the cp437 reading of their GBK bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in members.items():
            info = _RawName(name)
            archive.writestr(info, "\r\n".join([*lines, ""]).encode("gb18030"))
    return packed.getvalue()


class _RawName(zipfile.ZipInfo):
    def __init__(self, name: str) -> None:
        super().__init__(name, (2026, 1, 1, 0, 0, 0))
        self.compress_type = zipfile.ZIP_DEFLATED

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), self.flag_bits


# --- WeChat Pay ------------------------------------------------------------------------------------------


def wechat_trade(books: Books, day: str, kind: str, mch_id: str) -> bytes:
    """Types ALL, SUCCESS and REFUND. A refund's row says PROCESSING for ever: no row is ever updated."""
    paid = payments(books, "wechat", day) if kind in ("ALL", "SUCCESS") else []
    returned = refunds(books, "wechat", day) if kind in ("ALL", "REFUND") else []
    with_times = kind == "REFUND"
    rows = [_wechat_line(row, mch_id, None, with_times) for row in paid]
    rows += [_wechat_line(row, mch_id, row["amount_minor"], with_times) for row in returned]
    total, back = sum(row["paid_minor"] for row in paid), sum(row["amount_minor"] for row in returned)
    sums = [str(len(rows)), yuan(total), yuan(back), "0.00", "0.00000", yuan(total), yuan(back)]
    lines = [_REFUND_COLUMNS if with_times else _TRADE_COLUMNS, *rows, _TRADE_TOTALS, _ticked(sums)]
    return ("\ufeff" + "\r\n".join([*lines, ""])).encode()


def _wechat_line(row: sqlite3.Row, mch_id: str, back: int | None, with_times: bool) -> str:
    is_refund = back is not None
    order = "0.00" if is_refund else yuan(row["paid_minor"])
    cells = [at(row["asked_at"] if is_refund else row["paid_at"]), "wx0000000000000001", mch_id, "0", ""]
    cells += [row["trade_no"], row["order_no"], "oTESTopenid0001", "NATIVE"]
    cells += ["REFUND" if is_refund else "SUCCESS", "OTHERS", row["currency"], order, "0.00"]
    if is_refund:
        if with_times:
            cells += [at(row["asked_at"]), at(row["settled_at"]) if row["settled_at"] else ""]
        cells += [row["reference"], row["key"], yuan(back or 0), "0.00", "ORIGINAL", "PROCESSING"]
    else:
        cells += ["0", "0", "0.00", "0.00", "", ""]
    cells += [row["product"], "", "0.00000", "0.60%", order, yuan(back or 0), ""]
    return _ticked(cells)


def wechat_fund(books: Books, day: str) -> bytes:
    """Money in and out of the shop's account; a refund joins by 业务凭证号."""
    rows: list[tuple[float, list[str], int]] = []
    for row in payments(books, "wechat", day):
        cells = [at(row["paid_at"]), row["trade_no"], row["trade_no"], "交易", "交易", "收入"]
        rows.append((row["paid_at"], [*cells, yuan(row["paid_minor"])], row["paid_minor"]))
        rows[-1][1].extend(["0.00", "system", "", row["order_no"]])
    for row in refunds(books, "wechat", day):
        cells = [at(row["asked_at"]), row["reference"], row["reference"], "退款", "退款", "支出"]
        rows.append((row["asked_at"], [*cells, yuan(row["amount_minor"])], -row["amount_minor"]))
        rows[-1][1].extend(["0.00", "system", f"退款总金额{yuan(row['amount_minor'])}元", row["key"]])
    rows.sort(key=lambda found: found[0])
    gains, costs = [minor for *_, minor in rows if minor > 0], [-minor for *_, minor in rows if minor < 0]
    sums = [str(len(rows)), str(len(gains)), yuan(sum(gains)), str(len(costs)), yuan(sum(costs))]
    lines = [_FUND_COLUMNS, *[_ticked(cells) for _, cells, _ in rows], _FUND_TOTALS, _ticked(sums)]
    return ("\ufeff" + "\r\n".join([*lines, ""])).encode()


def _ticked(cells: list[str]) -> str:
    return ",".join(f"`{cell}" for cell in cells)
