"""Bills of every kind, made to the formats and of nobody: `python -m tests.core.adapters.made_bills` writes them.

Rows are as long as bills have them. Each says itself what a right reading of it is, so that tests need not trust the reader.
"""

# ruff: noqa: E501
from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bills"
_THEN = (2026, 11, 24, 9, 0, 0)


@dataclass(frozen=True)
class Made:
    """A file, and what it holds: `refunds` as (number that tells it apart, minor units)."""

    file: str
    kind: str
    rows: int
    refunds: tuple[tuple[str, int], ...]
    make: Callable[[], bytes]
    encoding: str = ""  # '': no text

    @property
    def total(self) -> int:
        return sum(minor for _, minor in self.refunds)


def _lines(*lines: str, end: str = "\r\n") -> str:
    return "".join(line + end for line in lines)


def _padded(cells: Sequence[str]) -> str:
    """As Alipay pads: blanks to a width, numbers with a tab."""
    return (
        ",".join(cell + "\t" if cell.isdigit() and len(cell) > 12 else f"{cell:<12}" for cell in cells) + ","
    )


# --- Alipay, personal -------------------------------------------------------------------------------------------

_APP = (
    "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注"
)
_APP_ROWS = (
    "2026-11-20 21:32:14|日用百货|某某小店|/|游戏点卡 100 元|支出|100.00|余额宝|交易关闭|2026112022001400000000000001|S20261120001|",
    "2026-11-21 10:02:41|退款|某某小店|dia***@example.com|退款-游戏点卡 100 元|不计收支|100.00|余额宝|退款成功|2026112022001400000000000001_R1|S20261120001|",
    "2026-11-21 08:16:52|餐饮美食|x4***6|rim***@example.com|早餐|支出|12.50|招商银行信用卡(0000)&碰一下立减|交易成功|2026112122001400000000000002|T2|",
    "2026-11-22 18:21:04|退款|软件商店|/|退款-办公软件密钥|不计收支|1268.05||退款成功|2026110222001400000000000003_ALR-7|S20261102003|部分退款",
    "2026-11-22 19:00:00|投资理财|某某基金|/|余额宝-2026.11.21-收益发放|不计收支|0.03|余额宝|交易成功|2026112222001400000000000004||",
    "2026-11-22 20:00:00|转账红包|家人|fam***@example.com|转账|收入|228.50|余额|交易成功|2026112222001400000000000005||",
    "2026-11-23 09:10:00|数码电器|某某小店|/|数据线|支出|19.90|花呗|等待确认收货|2026112322001400000000000006|S20261123006|",
    "2026-11-23 09:40:00|退款|某某小店|/|退款-会员月卡|不计收支|0.01|花呗|退款成功|2026112322001400000000000007|S20261123007|",
)  # fmt: skip


def alipay_personal() -> bytes:
    text = _lines(
        "-" * 84, "导出信息：", "姓名：某人", "支付宝账户：someone@example.com",
        "起始时间：[2026-11-20 00:00:00]    终止时间：[2026-11-23 23:59:59]", "导出交易类型：[全部]",
        "导出时间：[2026-11-24 09:12:52]", "共8笔记录", "收入：1笔 228.50元", "支出：3笔 132.40元", "不计收支：4笔 1368.09元", "",
        "特别提示：", "1.本回单内容可表明支付宝受理了相应支付交易申请；", "2.请勿将本回单作为收款方发货的凭据使用，请查证账户；",
        "3.因统计逻辑不同，明细金额直接累加后，可能会和下方统计金额不一致，请以实际交易金额为准；", "",
        "-" * 24 + "支付宝支付科技有限公司  电子客户回单" + "-" * 24, _APP + ",",
        *(_padded(row.split("|")) for row in _APP_ROWS),
    )  # fmt: skip
    return text.encode("gb18030")


def alipay_personal_2021() -> bytes:
    """Other columns first, and the summary below the table."""
    order = (5, 2, 3, 4, 7, 6, 8, 1, 9, 10, 0)
    names = _APP.split(",")
    rows = [row.split("|") for row in _APP_ROWS]
    text = _lines(
        "-" * 24 + "支付宝（中国）网络技术有限公司  电子客户回单" + "-" * 24,
        "收/支,交易对方,对方账号,商品说明,收/付款方式,金额,交易状态,交易分类,交易订单号,商家订单号,交易时间,",
        *(_padded([row[place] for place in order]) for row in rows),
        "-" * 84, "导出信息：", "姓名：某人", "起始时间：[2026-11-20 00:00:00]    终止时间：[2026-11-23 23:59:59]", "共8笔记录",
        "收入：1笔，228.50元", "支出：3笔，132.40元", "特别提示：", "1.本回单如经任何涂改、编造，均立即失去效力；",
    )  # fmt: skip
    assert [names[place] for place in order][:2] == ["收/支", "交易对方"]
    return text.encode("gb18030")


def alipay_personal_web() -> bytes:
    """The web page's layout, until 2023 and in places still."""
    head = "交易号,商家订单号,交易创建时间,付款时间,最近修改时间,交易来源地,类型,交易对方,商品名称,金额（元）,收/支,交易状态,服务费（元）,成功退款（元）,备注,资金状态"
    rows = (
        "2019123122001400000000000001|M1|2019-12-31 13:26:28|2019-12-31 13:26:29|2020-01-02 10:00:00|其他（包括阿里巴巴和外部商家）|即时到账交易|铁路|火车票|493.50|支出|交易成功|0.00|93.50||已支出",
        "2020010222001400000000000002|M1|2020-01-02 10:00:00||2020-01-02 10:00:00|支付宝网站|即时到账交易|铁路|退款-火车票|93.50|不计收支|退款成功|0.00|0.00||已收入",
        "20191231343073829431||2019-12-31 05:39:17||2019-12-31 05:39:17|支付宝网站|即时到账交易|基金|余额宝-收益发放|2.83|其他|交易成功|0.00|0.00||已收入",
        "2020010522001400000000000003|M3|2020-01-05 08:00:00||2020-01-06 08:00:00|淘宝|担保交易|卖家|手机壳|19.90|支出|交易关闭|0.00|0.00||",
        "2020010622001400000000000004|M4|2020-01-06 08:00:00|2020-01-06 08:00:01|2020-01-07 08:00:00|淘宝|担保交易|卖家|退款-灯|59.00|其他|退款成功|0.00|0.00||资金转移",
    )  # fmt: skip
    text = _lines(
        "支付宝交易记录明细查询", "账号:[someone@example.com]", "起始日期:[2019-12-31 00:00:00]    终止日期:[2020-01-08 00:00:00]",
        "-" * 33 + "交易记录明细列表" + "-" * 36, _padded(head.split(",")), *(_padded(row.split("|")) for row in rows), "-" * 84,
        "共5笔记录", "已收入:1笔,2.83元", "待收入:0笔,0.00元", "已支出:1笔,493.50元", "待支出:0笔,0.00元",
        "导出时间:[2020-01-08 12:27:03]    用户:某人",
    )  # fmt: skip
    return text.encode("gb18030")


# --- WeChat, personal -------------------------------------------------------------------------------------------

_WECHAT = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"
_WECHAT_ROWS = (
    ("2026-11-20 12:45:27", "商户消费", "某某小店(传奇广场店)", "会员月卡, 自动续费", "支出", "30.00", "零钱", "已全额退款", "4200002168202611200000000001", "S2026112001", "/"),
    ("2026-11-21 09:00:01", "某某小店-退款", "某某小店", "会员月卡, 自动续费", "收入", "30.00", "/", "已全额退款", "50302168202611210000000001", "S2026112001", "/"),
    ("2026-11-21 10:10:11", "微信红包", "同性好友", "/", "收入", "0.35", "/", "已存入零钱", "1000039801202611210000000002", "/", "/"),
    ("2026-11-21 11:00:00", "商户消费", "充电柜", "话费 50 元", "支出", "50.00", "工商银行(0000)", "已退款(￥20.73)", "4200002168202611210000000003", "S2026112103", "/"),
    ("2026-11-22 11:00:00", "充电柜-退款", "充电柜", "话费 50 元", "收入", "20.73", "工商银行(0000)", "已退款¥20.73", "50302168202611220000000003", "", "/"),
    ("2026-11-22 16:29:37", "零钱提现", "招商银行(0000)", "/", "/", "100.10", "招商银行", "提现已到账", "207261115100077148235523883175", "/", "服务费¥0.10"),
    ("2026-11-22 18:03:35", "转账-退款", "房东", "转账备注:微信转账", "收入", "1500.00", "零钱", "已全额退款", "1000050001202611220000000004", "/", "/"),
    ("2026-11-22 18:00:00", "转账", "房东", "转账备注:微信转账", "支出", "1500.00", "零钱", "对方已退还", "1000050001202611220000000005", "/", "/"),
)  # fmt: skip
_WECHAT_ABOVE = (
    "微信支付账单明细", "微信昵称：[某人]", "起始时间：[2026-11-20 00:00:00] 终止时间：[2026-11-22 23:59:59]", "导出类型：[全部]",
    "导出时间：[2026-11-24 16:05:22]", "", "共8笔记录", "收入：4笔 1551.08元", "支出：3笔 1580.00元", "中性交易：1笔 100.10元",
    "注：", "1. 充值/提现/理财通购买/零钱通存取/信用卡还款等交易，将计入中性交易", "2. 本明细仅供个人对账使用", "",
    "----------------------微信支付账单明细列表--------------------",
)  # fmt: skip


def wechat_personal() -> bytes:
    def cell(place: int, text: str) -> str:
        text = f"¥{text}" if place == 5 else text
        return f'"{text}"\t' if place in (8, 9) else f'"{text}"' if place in (1, 2, 3, 4, 6, 7, 10) else text

    text = _lines(
        *(f"{line},,,,,,,,,," for line in _WECHAT_ABOVE),
        _WECHAT,
        *(",".join(cell(place, text) for place, text in enumerate(row)) for row in _WECHAT_ROWS),
    )
    return b"\xef\xbb\xbf" + text.encode()


def workbook(rows: Sequence[Sequence[str | float]], *, shared: bool = True, date1904: bool = False) -> bytes:
    """A workbook with one sheet: texts are shared or inline, floats are numbers."""
    texts: list[str] = []
    sheet = []
    for number, cells in enumerate(rows, 1):
        found = []
        for place, value in enumerate(cells):
            name = f"{chr(65 + place)}{number}"
            if isinstance(value, float):
                found.append(f'<c r="{name}" s="1"><v>{value!r}</v></c>')
            elif value and shared:
                if value not in texts:
                    texts.append(value)
                found.append(f'<c r="{name}" t="s"><v>{texts.index(value)}</v></c>')
            elif value:
                found.append(
                    f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
                )
        if found:
            sheet.append(f'<row r="{number}">{"".join(found)}</row>')
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    strings = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/workbook.xml": f'<workbook {main}><workbookPr date1904="{int(date1904)}"/></workbook>',
        "xl/sharedStrings.xml": f"<sst {main}>{strings}</sst>",
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{''.join(sheet)}</sheetData></worksheet>",
    }
    return packed(
        {name: f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}'.encode() for name, xml in parts.items()}
    )


def packed(members: dict[str, bytes], *, gbk_names: bool = False) -> bytes:
    """A zip. `gbk_names`: as Alipay packs, without the UTF-8 flag."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            written = name.encode("gbk").decode("cp437") if gbk_names else name
            info = zipfile.ZipInfo(written, _THEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            if gbk_names:
                info.__class__ = _GbkName
            archive.writestr(info, data)
    return out.getvalue()


class _GbkName(zipfile.ZipInfo):
    __slots__ = ()

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp437"), self.flag_bits & ~0x800


def wechat_personal_xlsx() -> bytes:
    """Times are numbers of days, amounts numbers, all else text."""
    from datetime import datetime

    zero = datetime(1899, 12, 30)
    rows: list[Sequence[str | float]] = [[line] for line in _WECHAT_ABOVE]
    rows.append(_WECHAT.split(","))
    for row in _WECHAT_ROWS:
        days = (datetime.fromisoformat(row[0]) - zero).total_seconds() / 86_400
        rows.append([days, *row[1:5], float(row[5]), *row[6:]])
    return workbook(rows)


# --- merchants ----------------------------------------------------------------------------------------------------


def alipay_business_zip() -> bytes:
    details = (FIXTURES / "alipay_business_detail.csv").read_bytes()
    summary = _lines(
        "#支付宝业务汇总查询",
        "#账号：[20880000000000010156]",
        "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）",
        "合计,,2,3,280.00,10.00",
    )
    return packed(
        {
            "20880000000000010156_20261120_业务明细(汇总).csv": summary.encode("gb18030"),
            "20880000000000010156_20261120_业务明细.csv": details,
        },
        gbk_names=True,
    )  # fmt: skip


def alipay_account_detail() -> bytes:
    head = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注,业务描述"
    rows = (
        "5463244653701|2026112022001400000000000001|AL20261120001|游戏点卡|2026-11-20 08:01:02|*晓(lin***@example.com)|100.00|0.00|1100.00|支付宝|在线支付||交易收款",
        "5463244653702|2026112022001400000000000001|AL20261120001|服务费|2026-11-20 08:01:02||0.00|-0.60|1099.40|支付宝|收费||收单服务费",
        "5463244653703|2026112022001400000000000001|AL20261120001|游戏点卡|2026-11-20 15:00:00|*晓(lin***@example.com)|0.00|-40.00|1059.40|支付宝|退款（交易退款）|部分|交易退款",
        "5463244653704|2026112022001400000000000001|AL20261120001|服务费|2026-11-20 15:00:00||0.24|0.00|1059.64|支付宝|退款（交易退款）||退服务费",
        "5463244653705|2026111022001400000000000009|AL20261110009|话费|2026-11-20 17:00:00|*南(156******89)|0.00|-1050.00|9.64|支付宝|交易退款||交易退款",
        "5463244653706|20261120110070001506000000006||提现|2026-11-20 18:00:00||0.00|-9.64|0.00|支付宝|提现||提现",
    )  # fmt: skip
    text = _lines(
        "#支付宝账务明细查询", "#账号：[20880000000000010156]", "#起始日期：[2026年11月20日 00:00:00]   终止日期：[2026年11月21日 00:00:00]",
        "#-----------------------------------------账务明细列表----------------------------------------", head,
        *(",".join(f"{cell}\t" if place < 3 else cell for place, cell in enumerate(row.split("|"))) for row in rows),
        "#-----------------------------------------账务明细列表结束------------------------------------",
        "#支出合计：4笔，共-1100.24元", "#收入合计：2笔，共100.24元", "#导出时间：[2026年11月21日 10:00:00]",
    )  # fmt: skip
    return text.encode("gb18030")


def _ticked(*cells: str) -> str:
    return ",".join(f"`{cell}" for cell in cells)


_TRADE = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,{}商品名称,商户数据包,手续费,费率,订单金额,{}费率备注"


def wechat_trade_refund() -> bytes:
    """Type REFUND: dated by the payment, with the refund's own two times beside."""
    head = _TRADE.format(
        "退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,",
        "申请退款金额,",
    )
    start = ("wx0000000000000001", "1900000001", "0", "")
    rows = [
        ("2026-11-18 14:40:09", *start, "4200001000202611180000000001", "WX20261118001", "oTESTopenid0001", "NATIVE", "REFUND", "OTHERS", "CNY", "0.00", "0.00",
         "2026-11-20 18:13:10", "2026-11-20 18:13:12", "503000000001", "WXR1", "30.00", "0.00", "ORIGINAL", "SUCCESS", "手机话费, 50 元", "", "0.00000", "0.60%", "0.00", "30.00", ""),
        ("2026-11-19 09:00:00", *start, "4200001000202611190000000002", "WX20261119002", "oTESTopenid0002", "JSAPI", "REFUND", "CMB_DEBIT", "CNY", "0.00", "0.00",
         "2026-11-20 19:00:00", "", "503000000002", "WXR2", "8.00", "0.00", "ORIGINAL", "PROCESSING", "游戏点卡", "", "0.00000", "0.60%", "0.00", "10.00", ""),
        ("2026-11-19 10:00:00", *start, "4200001000202611190000000003", "WX20261119003", "oTESTopenid0003", "JSAPI", "REFUND", "OTHERS", "CNY", "0.00", "0.00",
         "2026-11-20 20:00:00", "", "503000000003", "WXR3", "5.00", "0.00", "ORIGINAL", "FAIL", "密钥", "", "0.00000", "0.60%", "0.00", "5.00", ""),
    ]  # fmt: skip
    tail = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
    text = _lines(
        head,
        *(_ticked(*row) for row in rows),
        tail,
        _ticked("3.0", "0.00", "43.00", "0.0", "0.0", "0.00", "45.00"),
    )
    return b"\xef\xbb\xbf" + text.encode()


def wechat_trade_success() -> bytes:
    """Type SUCCESS: payments only."""
    head = _TRADE.format("", "")
    row = ("2026-11-20 09:12:33", "wx0000000000000001", "1900000001", "0", "", "4200001000202611200000000001", "WX20261120001", "oTESTopenid0001", "NATIVE", "SUCCESS",
           "OTHERS", "CNY", "100.00", "0.00", "游戏点卡", "", "0.60000", "0.60%", "100.00", "")  # fmt: skip
    text = _lines(
        head,
        _ticked(*row),
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
        _ticked("1", "100.00", "0.00", "0.00", "0.60", "100.00", "0.00"),
        end="\n",
    )
    return text.encode()


def wechat_trade_2015() -> bytes:
    """The names that columns and totals had before 2018."""
    head = "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率"
    start = ("wx0000000000000001", "10000001", "0", "")
    rows = [
        ("2015-03-30 21:25:32", *start, "1009360611201503300000000001", "20150330001", "oTEST1", "JSAPI", "SUCCESS", "CFT", "CNY", "88.80", "0.00", "0", "0", "0", "0", "", "", "套装", "", "0.50000", "0.60%"),
        ("2015-03-30 22:00:00", *start, "1009360611201503290000000002", "20150329002", "oTEST2", "JSAPI", "REFUND", "CFT", "CNY", "0.00", "0.00", "2009360611201503300000000002", "R2015-2", "12.34", "0.00", "ORIGINAL", "SUCCESS", "面膜", "", "-0.07000", "0.60%"),
        ("2015-03-30 23:00:00", *start, "1009360611201503300000000003", "20150330003", "oTEST3", "MICROPAY", "REVOKED", "CFT", "CNY", "0.00", "0.00", "2009360611201503300000000003", "R2015-3", "5.00", "0.00", "ORIGINAL", "SUCCESS", "水", "", "0.00000", "0.60%"),
    ]  # fmt: skip
    text = _lines(
        head,
        *(_ticked(*row) for row in rows),
        "总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额",
        _ticked("3", "88.80", "17.34", "0.00", "0.43000"),
        end="\n",
    )
    return text.encode()


def wechat_fund() -> bytes:
    head = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号"
    rows = [
        ("2026-11-20 09:12:33", "4200001000202611200000000001", "1900000001202611200000000001", "交易", "交易", "收入", "100.00", "1100.00", "system", "", "WX20261120001"),
        ("2026-11-20 09:12:33", "4200001000202611200000000001", "1900000001202611200000000002", "扣除交易手续费", "扣除交易手续费", "支出", "0.60", "1099.40", "system", "结算总金额 100.00 元;含手续费 0.60 元", "WX20261120001"),
        ("2026-11-20 13:54:01", "50300806962026112000000000001", "1900000001202611200000000003", "退款", "退款", "支出", "40.01", "1059.39", "1900000001API", "退款总金额40.25元;含手续费0.24元, 部分", "WXR2026112000000001"),
        ("2026-11-20 14:00:45", "50300907032026112000000000002", "1900000001202611200000000004", "退款", "退款", "支出", "1010.00", "49.39", "1900000001API", "缺货", "WXR2026112000000002"),
    ]  # fmt: skip
    text = _lines(
        head,
        *(_ticked(*row) for row in rows),
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
        _ticked("4.0", "1.0", "100.00", "3.0", "1050.61"),
    )
    return text.encode()


def generic_bill() -> bytes:
    return _lines(
        "# 某平台 资金导出", "时间;类型;流水号;原订单;退款编号;变动金额;币种",
        "2026/11/20 9:05;收款;F1;S-1;;+100.00;CNY", '2026/11/21 9:05;退款;F2;S-1;RF-1;"-1,040.50";CNY',
        "2026/11/21 9:06;退款;F3;S-2;RF-2;（￥８.００）;CNY", "2026/11/22 0:00;手续费;F4;;;-0.60;CNY",
    ).encode("gb18030")  # fmt: skip


MAPPING = """\
# whose refunds: rows of this type
[columns]
trade_no = "流水号"
order_no = "原订单"
refund_no = "退款编号"
refund_amount = "变动金额"
refunded_at = "时间"
currency = "币种"
refund_status = "类型"

[refund]
"类型" = ["退款"]
"""

BACK_APP = (
    ("2026112022001400000000000001", 10_000),
    ("2026110222001400000000000003", 126_805),
    ("2026112322001400000000000007", 1),
)
BACK_WECHAT = (
    ("50302168202611210000000001", 3_000),
    ("50302168202611220000000003", 2_073),
    ("1000050001202611220000000004", 150_000),
)
BACK_BUSINESS = (
    ("2026112022001400000000000001", 4_000),
    ("2026112022001400000000000002", 26_805),
    ("2026111022001400000000000009", 5_000),
)
BILLS = (
    Made("alipay_personal.csv", "alipay_personal", 8, BACK_APP, alipay_personal, "gb18030"),
    Made("alipay_personal_2021.csv", "alipay_personal", 8, BACK_APP, alipay_personal_2021, "gb18030"),
    Made("alipay_personal_web.csv", "alipay_personal", 5, (("2020010222001400000000000002", 9_350), ("2020010622001400000000000004", 5_900)), alipay_personal_web, "gb18030"),
    Made("wechat_personal.csv", "wechat_personal", 8, BACK_WECHAT, wechat_personal, "utf-8-sig"),
    Made("wechat_personal.xlsx", "wechat_personal", 8, BACK_WECHAT, wechat_personal_xlsx),
    Made("alipay_business_detail.zip", "alipay_merchant", 5, BACK_BUSINESS, alipay_business_zip),
    Made("alipay_account_detail.csv", "alipay_fund", 6, (("2026112022001400000000000001", 4_000), ("2026111022001400000000000009", 105_000)), alipay_account_detail, "gb18030"),
    Made("wechat_trade_refund.csv", "wechat_trade", 3, (("4200001000202611180000000001", 3_000), ("4200001000202611190000000002", 1_000)), wechat_trade_refund, "utf-8-sig"),
    Made("wechat_trade_success.csv", "wechat_trade", 1, (), wechat_trade_success, "utf-8"),
    Made("wechat_trade_2015.csv", "wechat_trade", 3, (("1009360611201503290000000002", 1_234), ("1009360611201503300000000003", 500)), wechat_trade_2015, "utf-8"),
    Made("wechat_fund.csv", "wechat_fund", 4, (("50300806962026112000000000001", 4_001), ("50300907032026112000000000002", 101_000)), wechat_fund, "utf-8"),
    Made("generic_bill.csv", "generic_csv", 4, (("F2", 104_050), ("F3", 800)), generic_bill, "gb18030"),
)  # fmt: skip
# Written by hand before these.
BY_HAND = (
    Made("alipay_business_detail.csv", "alipay_merchant", 5, BACK_BUSINESS, lambda: (FIXTURES / "alipay_business_detail.csv").read_bytes(), "gb18030"),
    Made("wechat_trade_all.csv", "wechat_trade", 8, (("4200001000202611200000000007", 3_000), ("4200001000202611200000000001", 10_000), ("4200001000202611200000000002", 990)), lambda: (FIXTURES / "wechat_trade_all.csv").read_bytes(), "utf-8-sig"),
)  # fmt: skip


def main() -> None:
    for made in BILLS:
        (FIXTURES / made.file).write_bytes(made.make())
    (FIXTURES / "generic_bill.toml").write_text(MAPPING, encoding="utf-8")


if __name__ == "__main__":
    main()
