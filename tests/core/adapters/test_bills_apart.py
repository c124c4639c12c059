"""A stranger's bill is read in a process of its own, under limits, and nothing of it stays."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.adapters import bills
from core.adapters.bills import apart
from core.adapters.bills.apart import read_apart
from core.domain.bills import BillWarning
from core.domain.errors import (
    BillTooMuch,
    BillUnknown,
    EvidenceBusy,
    FileDamaged,
    FileEmpty,
    FileLocked,
    FileNoTable,
    FileTooLarge,
    FileUnreadable,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bills"
PERSONAL = sorted(FIXTURES.glob("*personal*"))


@pytest.mark.parametrize("path", PERSONAL, ids=[path.name for path in PERSONAL])
def test_apart_it_reads_the_same(path: Path) -> None:
    """CSV of both channels and a workbook: line, numbers, amounts, times and days."""
    here, there = bills.read(path), read_apart(path.read_bytes(), path.name)
    assert replace(here, warnings=()) == replace(there, warnings=())
    unread = tuple(line for warning in here.warnings if warning.is_problem for line in warning.lines)
    assert there.warnings == ((BillWarning("import_problem.unread", unread, {}, True),) if unread else ())


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", FileEmpty),
        (b"name,age\nmei,30\n", BillUnknown),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 100, FileNoTable),
        (b"PK\x03\x04 and then nothing", FileDamaged),
        (packed(a=b"0" * (300 * 2**20)), FileTooLarge),  # 300 MB in 300 kB
        (b"x" * (10 * 2**20 + 1), FileTooLarge),
    ],
)
def test_what_is_no_bill_is_refused_by_its_kind(data: bytes, refusal: type[FileUnreadable]) -> None:
    with pytest.raises(FileUnreadable) as refused:
        read_apart(data, "账单.csv")
    assert type(refused.value) is refusal
    assert "stdin" not in str(refused.value.params), "the file has the name that its sender gave it"


def test_a_locked_zip_says_so() -> None:
    data = bytearray(packed(bill=b"1,2,3"))
    for sign in (b"PK\x03\x04", b"PK\x01\x02"):
        place = data.index(sign) + (6 if sign == b"PK\x03\x04" else 8)
        data[place] |= 1
    with pytest.raises(FileLocked):
        read_apart(bytes(data), "bill.zip")


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time is a processor's, so a busy machine is not held against it, here for a minute."""
    monkeypatch.setattr(apart, "BUSY", 75)
    rows = (FIXTURES / "alipay_personal.csv").read_bytes()
    big = rows + b"\n".join(rows.split(b"\n")[-8:]) * 9_000
    with pytest.raises(BillTooMuch):
        read_apart(big[: 10 * 2**20], "big.csv", seconds=0.3)


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"refused": "rm -rf"}', '{"kind": 5}', "not json"])
def test_nothing_that_the_child_says_is_believed_unchecked(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_CHILD", f"print({answer!r})".replace("{", "{{").replace("}", "}}"))
    with pytest.raises(FileDamaged):
        read_apart(b"anything", "bill.csv")


def test_a_child_that_dies_is_no_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_CHILD", "import os; os.abort() # {path!r}")
    with pytest.raises(BillTooMuch):
        read_apart(b"anything", "bill.csv")


def test_the_child_starts_no_program_and_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    began = (
        "import sys; sys.path.insert(0, {path!r}); from core.adapters.confined import give_up; "
        "give_up(2, 2**29, 2**20); import socket; socket.socket()"
    )
    monkeypatch.setattr(apart, "_CHILD", began)
    with pytest.raises(BillTooMuch):
        read_apart(b"anything", "bill.csv")


def test_one_at_a_time_and_who_waits_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with apart._turns.one(5):
            inside.set()
            go_on.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert inside.wait(5)
        with pytest.raises(EvidenceBusy):
            read_apart(b"anything", "bill.csv", patience=0.05)
    finally:
        go_on.set()
        holder.join()


def test_nothing_of_it_is_left_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file in any folder, and no open descriptor."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    open_files: Any = len(os.listdir("/proc/self/fd"))
    read_apart(PERSONAL[0].read_bytes(), "bill.csv")
    assert list(tmp_path.iterdir()) == [] and len(os.listdir("/proc/self/fd")) == open_files
