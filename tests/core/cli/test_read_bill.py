"""`read-bill`: for people in both languages, for scripts as JSON, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from tests.core.adapters.made_bills import BILLS, BY_HAND, FIXTURES, Made, wechat_trade_2015


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["read-bill", *words])
    return code, capsys.readouterr().out


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code, out = said(capsys, "--json", *words)
    assert out.count("\n") == 1
    return code, json.loads(out)


@pytest.mark.parametrize("made", [*BILLS, *BY_HAND], ids=lambda made: made.file)
def test_the_json_of_every_kind(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """DESIGN 6: these keys, these types."""
    mapping = ["--mapping", str(FIXTURES / "generic_bill.toml")] if made.kind == "generic_csv" else []
    code, found = asked(capsys, str(FIXTURES / made.file), *mapping)
    assert code == 0
    assert (found["kind"], found["rows"], found["refund_total_minor"]) == (made.kind, made.rows, made.total)
    assert [(each["trade_no"], each["amount_minor"]) for each in found["refunds"]] == list(made.refunds)
    for each in found["refunds"]:
        assert set(each) == {"line", "trade_no", "refund_no", "amount_minor", "currency", "at", "status"}
        assert each["currency"] == "CNY" and each["at"].endswith("+08:00") and each["line"] > 1
    for warning in found["warnings"]:
        assert set(warning) == {"code", "lines", "message"} and len(warning["message"]) > 5


def test_people_read_warnings_first_then_a_short_table_then_the_sum(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(wechat_trade_2015().decode().replace("`17.34,", "`17.35,"))
    code, chinese = said(capsys, str(path), "--lang", "zh_CN")
    lines = chinese.splitlines()
    assert code == 0 and "17.35" in lines[0] and "17.34" in lines[0]
    assert lines[2] == "微信支付交易账单：共 3 行。" and "2015-03-30" in lines[3]
    assert lines[5].split()[:3] == ["行", "时间", "金额"] and "R2015-2" in lines[6]
    assert lines[-1] == "退款 2 笔，合计 ¥17.34。"
    _, english = said(capsys, str(path), "--lang", "en")
    assert english.splitlines()[-1] == "Refunds: 2, ¥17.34 in all."
    assert english.splitlines()[2] == "WeChat Pay trade bill: 3 rows."


def test_a_line_that_could_not_be_read_is_something_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(wechat_trade_2015().decode().replace("`12.34,", "`12.345,"))
    code, text = said(capsys, str(path), "--lang", "en")
    assert code == 1 and text.startswith("Line 3: ")
    code, found = asked(capsys, str(path))
    assert code == 1 and found["refund_total_minor"] == 500
    assert (found["warnings"][0]["code"], found["warnings"][0]["lines"]) == ("amount_invalid", [3])


def test_long_bills_make_short_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    head, _, row, *_ = wechat_trade_2015().decode().split("\n")
    path = tmp_path / "a.csv"
    path.write_text("\n".join([head, *[row] * 50, *["`bad"] * 40]))
    _, text = said(capsys, str(path), "--lang", "en")
    assert text.count("R2015-2") == 20 and "and 30 more; --json" in text
    assert text.count("Line ") == 20 + 1 and "and 21 more warnings" in text


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        ("日期,收入\n".encode(), "bill_unknown"),
        ("交易时间,交易类型,交易对方,收/支\n".encode(), "bill_incomplete"),
        (b"%PDF-1.7 ", "file_no_table"),
        (b"PK\x03\x04 no zip at all", "file_damaged"),
    ],
)
def test_a_refusal_says_what_was_seen_and_what_to_do(
    language: str, content: bytes, code: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "bill"
    path.write_bytes(content)
    exit_code, found = asked(capsys, str(path), "--lang", language)
    assert (exit_code, found["code"]) == (1, code) and "{" not in found["message"]
    assert ("请" in found["message"]) if language == "zh_CN" else ("lease" in found["message"])
    if code == "bill_unknown":
        assert "日期,收入" in found["message"]


def test_no_file_and_no_argument(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found = asked(capsys, str(tmp_path / "nothing.csv"))
    assert (code, found["code"]) == (1, "file_missing")
    assert said(capsys)[0] == 2
