"""What strangers send as a bill: archives, workbooks and other files are refused by what is wrong with them."""

# ruff: noqa: E501
from __future__ import annotations

import io
import re
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from core.adapters import bills
from core.domain.errors import (
    EncodingUnknown,
    FileDamaged,
    FileEmpty,
    FileLocked,
    FileNested,
    FileNoTable,
    FileTooLarge,
    FileUnreadable,
    SeveralBills,
)
from tests.core.adapters.made_bills import (
    alipay_personal,
    packed,
    wechat_personal,
    wechat_personal_xlsx,
    workbook,
)


def refused(data: bytes, folder: Path) -> FileUnreadable:
    path = folder / "bill"
    path.write_bytes(data)
    with pytest.raises(FileUnreadable) as found:
        bills.read(path)
    return found.value


def locked(data: bytes) -> bytes:
    """A zip whose members say that they want a password, as Alipay's and WeChat's do."""
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place != -1:
            data = data[: place + at] + bytes([data[place + at] | 1]) + data[place + at + 1 :]
            place = data.find(mark, place + 1)
    return data


def part(sheet: bytes, name: str, change: tuple[bytes, bytes]) -> bytes:
    """A workbook with one part changed."""
    with zipfile.ZipFile(io.BytesIO(sheet)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    assert change[0] in members[name]
    return packed({**members, name: members[name].replace(*change)})


ROW = [
    "2026-11-20 09:00:00",
    "某店-退款",
    "某店",
    "点卡",
    "收入",
    "1.00",
    "/",
    "已全额退款",
    "503",
    "S1",
    "/",
]
HEAD = [
    "交易时间",
    "交易类型",
    "交易对方",
    "商品",
    "收/支",
    "金额(元)",
    "支付方式",
    "当前状态",
    "交易单号",
    "商户单号",
    "备注",
]
SHEET = workbook([HEAD, ROW])
ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "kind", "seen"),
    [
        (b"", FileEmpty, "empty"),
        (packed({}), FileEmpty, "empty_zip"),
        (packed({"a.csv": b""}), FileEmpty, "empty_zip"),
        (packed({"photo.png": b"\x89PNG\r\n\x1a\n" + bytes(99)}), FileEmpty, "empty_zip"),
        (locked(packed({"a.csv": wechat_personal()})), FileLocked, "a.csv"),
        (locked(SHEET), FileLocked, "bill"),
        (packed({"inner.zip": packed({"a.csv": wechat_personal()})}), FileNested, "inner.zip"),
        (packed({"inner.7z": b"7z\xbc\xaf\x27\x1c" + bytes(99)}), FileNested, "inner.7z"),
        (b"Rar!\x1a\x07\x00" + bytes(99), FileNested, "RAR"),
        (b"\x1f\x8b\x08" + bytes(99), FileNested, "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(999), FileNoTable, "XLS"),
        (b"%PDF-1.7\n" + b"x" * 99, FileNoTable, "PDF"),
        (bytes(range(256)) * 20, FileNoTable, "binary"),
        (packed({"a.csv": b"x"})[:-30], FileDamaged, "bill"),
        (packed({"a.csv": wechat_personal()}).replace(b"\xe5", b"\xe6"), FileDamaged, None),
        (packed({"a.csv": b"\0" * 20_000_000}), FileTooLarge, "size"),
        (packed({f"{number}.csv": b"x" for number in range(300)}), FileTooLarge, "zip"),
        (packed({"a.csv": wechat_personal(), "b.csv": alipay_personal()}), SeveralBills, "several_files"),
        ("交易时间\n".encode() + b"\xff\xff\n", EncodingUnknown, "encoding"),
        (part(SHEET, "xl/worksheets/sheet1.xml", (b"<worksheet", ENTITY + b"<worksheet")), FileDamaged, "doctype"),
        (part(SHEET, "xl/sharedStrings.xml", (b"<sst", ENTITY + b"<sst")), FileDamaged, "doctype"),
        (part(SHEET, "xl/worksheets/sheet1.xml", (b'r="A1"', b'r="ZZZ1"')), FileDamaged, "columns"),
        (part(SHEET, "xl/worksheets/sheet1.xml", (b'<row r="2"', b'<row r="1048576"')), FileDamaged, "rows"),
        (part(SHEET, "xl/worksheets/sheet1.xml", (b"<v>5</v>", b"<v>999</v>")), FileDamaged, "strings"),
        (part(SHEET, "xl/worksheets/sheet1.xml", (b"</row>", b"<row>")), FileDamaged, None),
    ],
)  # fmt: skip
def test_what_is_no_bill_is_refused_by_what_it_is(
    data: bytes, kind: type[FileUnreadable], seen: str | None, tmp_path: Path
) -> None:
    found = refused(data, tmp_path)
    assert type(found) is kind, found.params
    assert seen is None or found.params["seen"] == seen


def test_the_line_of_an_unknown_encoding_is_told(tmp_path: Path) -> None:
    assert refused("甲\n乙\n".encode() + b"\xff\xff\n", tmp_path).params["line"] == 3


def test_a_sheet_that_swells_is_refused_before_it_is_read(tmp_path: Path) -> None:
    bomb = part(SHEET, "xl/worksheets/sheet1.xml", (b"</sheetData>", b" " * 60_000_000 + b"</sheetData>"))
    (tmp_path / "bill").write_bytes(bomb)
    tracemalloc.start()
    with pytest.raises(FileTooLarge):
        bills.read(tmp_path / "bill")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_zip_that_lies_about_a_size_is_not_read_beyond_it(tmp_path: Path) -> None:
    data = packed({"a.csv": wechat_personal() + b"\n" * 30_000_000})
    size = (30_000_000 + len(wechat_personal())).to_bytes(4, "little")
    assert data.count(size) == 2
    assert isinstance(refused(data.replace(size, (4_000).to_bytes(4, "little")), tmp_path), FileDamaged)


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    assert isinstance(refused(b"x" * 5_000_000, tmp_path), FileNoTable)


def test_a_workbook_in_a_zip_as_wechat_sends_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bill.zip"
    path.write_bytes(
        packed({"微信支付账单流水文件.xlsx": wechat_personal_xlsx(), "__MACOSX/._x.xlsx": b"\0\5\x16\7"})
    )
    assert sum(bills.read(path).totals.values()) == 155_073


def test_only_the_sheet_with_something_in_it_counts(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(SHEET)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    first = members["xl/worksheets/sheet1.xml"]
    empty = re.sub(b"<row.*</row>", b"", first)
    path = tmp_path / "a.xlsx"
    path.write_bytes(packed({**members, "xl/worksheets/sheet2.xml": empty}))
    assert bills.read(path).rows == 1
    assert isinstance(refused(packed({**members, "xl/worksheets/sheet2.xml": first}), tmp_path), SeveralBills)


def test_how_a_text_is_spoken_is_not_part_of_it(tmp_path: Path) -> None:
    spoken = part(
        SHEET,
        "xl/sharedStrings.xml",
        ("<t>某店</t>".encode(), "<t>某店</t><rPh><t>ぼうてん</t></rPh>".encode()),
    )
    path = tmp_path / "a.xlsx"
    path.write_bytes(spoken)
    assert bills.read(path).totals == {"CNY": 100}
