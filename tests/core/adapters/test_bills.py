"""Bills and exports are recognised by what stands in them, whatever their name, encoding or wrapping."""

from __future__ import annotations

import shutil
import struct
import zipfile
from pathlib import Path

import pytest

from core.adapters import bills
from core.adapters.bills.rows import Trade
from core.domain.errors import FileUnreadable

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bills"


def gbk_zip(path: Path, members: dict[str, bytes]) -> Path:
    """A zip as Alipay packs it: member names in GBK, the UTF-8 flag not set."""
    with zipfile.ZipFile(path, "w") as archive:
        for place, data in enumerate(members.values()):
            archive.writestr(f"{place:03d}.csv", data)
    raw = path.read_bytes()
    for place, name in enumerate(members):
        placeholder, wanted = f"{place:03d}.csv".encode(), name.encode("gbk")
        for marker, length_at, name_at in ((b"PK\x03\x04", 26, 30), (b"PK\x01\x02", 28, 46)):
            at = raw.find(marker)
            while raw[at + name_at : at + name_at + len(placeholder)] != placeholder:
                at = raw.find(marker, at + 1)
            head = raw[: at + length_at] + struct.pack("<H", len(wanted))
            tail = raw[at + length_at + 2 : at + name_at] + wanted + raw[at + name_at + len(placeholder) :]
            grown = len(wanted) - len(placeholder)
            raw = _moved(head + tail, at, grown, central=marker == b"PK\x01\x02")
    path.write_bytes(raw)
    return path


def _moved(raw: bytes, at: int, grown: int, *, central: bool) -> bytes:
    """Correct the offsets behind a name that became longer."""
    end = raw.rfind(b"PK\x05\x06")
    size, start = struct.unpack("<II", raw[end + 12 : end + 20])
    size, start = (size + grown, start) if central else (size, start + grown)
    raw = raw[: end + 12] + struct.pack("<II", size, start) + raw[end + 20 :]
    if not central:
        entry = raw.find(b"PK\x01\x02")
        while entry != -1:
            (offset,) = struct.unpack("<I", raw[entry + 42 : entry + 46])
            if offset > at:
                raw = raw[: entry + 42] + struct.pack("<I", offset + grown) + raw[entry + 46 :]
            entry = raw.find(b"PK\x01\x02", entry + 1)
    return raw


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("wechat_trade_all.csv", "wechat_trade"),
        ("alipay_business_detail.csv", "alipay_merchant"),
        ("orders_generic.csv", "generic_csv"),
    ],
)
def test_a_file_is_recognised_by_its_columns_not_by_its_name(file, kind, tmp_path):
    renamed = shutil.copy(FIXTURES / file, tmp_path / "下载(3).dat")
    assert bills.recognise(Path(renamed)).kind == kind


def test_of_an_alipay_zip_the_details_are_taken_not_the_summary(tmp_path):
    details = (FIXTURES / "alipay_business_detail.csv").read_bytes()
    path = gbk_zip(
        tmp_path / "bill.zip",
        {
            "20880000000000010156_20261120_业务明细(汇总).csv": "#支付宝业务汇总查询\r\n".encode("gbk"),
            "20880000000000010156_20261120_业务明细.csv": details,
        },
    )
    with zipfile.ZipFile(path) as archive:
        assert all(info.flag_bits & 0x800 == 0 for info in archive.infolist())
    bill = bills.recognise(path)
    assert bill.kind == "alipay_merchant"
    assert [row.product for row in bill.rows() if isinstance(row, Trade)] == [
        "游戏点卡 100 元",
        "办公软件密钥",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encodings_and_line_ends_make_no_difference(encoding, line_end, tmp_path):
    text = (FIXTURES / "orders_generic.csv").read_text(encoding="utf-8")
    path = tmp_path / "orders.csv"
    path.write_bytes(text.replace("\n", line_end).encode(encoding))
    expected = list(bills.recognise(FIXTURES / "orders_generic.csv").rows())
    assert list(bills.recognise(path).rows()) == expected
    assert expected[0].product == "游戏点卡 100 元"


def test_a_byte_that_is_neither_utf_8_nor_gb18030_far_down_is_found_before_anything_is_read(tmp_path):
    text = (FIXTURES / "orders_generic.csv").read_bytes()
    path = tmp_path / "orders.csv"
    path.write_bytes(text + b"\n" * 3_000_000 + b"\xe6\xb8\xb8\xff\xff\n")
    with pytest.raises(FileUnreadable) as refused:
        bills.recognise(path)
    assert refused.value.params == {"seen": "encoding", "line": text.count(b"\n") + 3_000_001}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", "empty"),
        ("hello\nworld\n", "hello"),
        ("支付宝交易记录\n交易时间,交易分类,交易对方,收/支,金额\n", "alipay_personal"),
        ("微信支付账单明细\n交易时间,交易类型,交易对方,商品,收/支\n", "wechat_personal"),
        ("账务流水号,业务流水号,商户订单号\n", "alipay_fund"),
        ("记账时间,资金流水单号,业务凭证号\n", "wechat_fund"),
    ],
)
def test_what_holds_no_orders_is_refused_by_what_it_is(text, seen, tmp_path):
    path = tmp_path / "bill.csv"
    path.write_bytes(text.encode("gb18030"))
    with pytest.raises(FileUnreadable) as refused:
        bills.recognise(path)
    assert refused.value.params["seen"] == seen


def test_pictures_spreadsheets_and_strange_zips_are_refused(tmp_path):
    picture = tmp_path / "a.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    empty = tmp_path / "c.zip"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("readme.md", "nothing")
    two = tmp_path / "d.zip"
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.csv", "order_no,amount\n")
        archive.writestr("b.csv", "order_no,amount\n")
    for path, seen in (
        (picture, "PNG"),
        (empty, "nothing"),
        (two, "several_files"),
    ):
        with pytest.raises(FileUnreadable) as refused:
            bills.recognise(path)
        assert refused.value.params["seen"] == seen, path


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nothing.csv"):
        with pytest.raises(FileUnreadable):
            bills.recognise(path)
