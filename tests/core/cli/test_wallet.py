"""`balance`, `spend`, `vouchers`, `redeem`: what a shop's own systems and its operator need."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from core.services import wallet
from tests.core.services.test_vouchers import issued
from tests.core.services.test_wallet import refunded
from tests.shop import MEI

Line = Any  # the fixture's CommandLine


def test_a_balance_and_what_was_spent(line: Line) -> None:
    """R4.4: total, lots with their dates, history; a key pays once."""
    case_no = refunded(line.shop, 1_000)
    words = ("spend", "mei", "--amount-minor", "400", "--key", "S-1", "--what", "点卡")
    paid = line.ask(*words)
    assert paid == {
        "spend_id": 1, "customer_id": "mei", "key": "S-1", "amount_minor": 400, "currency": "CNY",
        "left_minor": 600,
    }  # fmt: skip
    assert line.ask(*words) == paid
    found = line.ask("balance", "mei")
    assert found["totals"] == {"CNY": 600}
    [lot] = found["lots"]
    assert (lot["case_no"], lot["remaining_minor"], lot["amount_minor"]) == (case_no, 600, 1_000)
    assert lot["expires_at"] == "2027-09-01T15:59:59+00:00"
    assert [(each["kind"], each["amount_minor"]) for each in found["history"]] == [
        ("spent", -400), ("credited", 1_000),
    ]  # fmt: skip
    said = line("--lang", "zh_CN", "balance", "mei").out
    assert "mei 的可用余额：¥6.00" in said and "购物使用" in said and "有效至 2027年9月1日" in said
    assert line(*words, "--lang", "en").out == "¥4.00 paid with the balance, ¥6.00 left.\n"


def test_what_is_refused(line: Line) -> None:
    refunded(line.shop, 1_000)
    spend = ("spend", "mei", "--key", "S-1", "--amount-minor")
    assert line.ask(*spend, "1001", code=1) == {
        "code": "balance_too_small", "left_minor": 1_000, "currency": "CNY",
        "message": line.ask(*spend, "1001", code=1)["message"],
    }  # fmt: skip
    for amount in ("0", "-5", "1.5", "１"):
        assert line.ask(*spend, amount, code=1)["code"] == "amount_invalid", amount
    line.ask(*spend, "100")
    reused = line.ask(*spend, "200", code=1)
    assert reused["code"] == "command_reused" and "--key" in reused["message"]
    assert line.ask("balance", "nobody", code=1)["code"] == "not_found"
    assert (
        line.ask("spend", "nobody", "--key", "S", "--amount-minor", "1", code=1)["code"]
        == "balance_too_small"
    )
    assert (
        line.ask("spend", "mei", "--key", " ", "--amount-minor", "1", code=1)["code"] == "spend_key_missing"
    )
    assert line("spend", "mei").code == 2


def test_vouchers_are_listed_without_codes(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a code from a pipe stands in no list of processes."""
    assert line.ask("vouchers") == [] and "没有券" in line("--lang", "zh_CN", "vouchers").out
    voucher_id, case_no = issued(line.shop)
    code = wallet.show_code(line.shop.app, MEI, voucher_id, 0)
    [listed] = line.ask("vouchers", "--case", case_no)
    assert (listed["kind"], listed["state"], listed["amount_minor"], listed["codes"]) == (
        "redeem_code", "open", 10_000, 1,
    )  # fmt: skip
    assert listed["code_tail"] == code[-4:] and "sha" not in str(listed)
    both = line("vouchers", "--customer", "mei").out + line("--json", "vouchers").out
    assert not re.search(code, both) and code.replace("-", "") not in both
    assert line.ask("vouchers", "--customer", "wei") == []
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{code}\n"))
    done = line.ask("redeem", "-", "--customer", "mei")
    assert (done["kind"], done["amount_minor"]) == ("redeem_code", 10_000)
    assert line.ask("redeem", code, "--customer", "mei") == done, "the same again changes nothing"
    assert line.ask("redeem", code, "--customer", "wei", code=1)["code"] == "voucher_redeemed"
    assert line.ask("balance", "mei")["totals"] == {"CNY": 10_000}


def test_a_discount_is_taken_off_a_purchase(line: Line) -> None:
    voucher_id, _ = issued(line.shop, "discount")
    code = wallet.show_code(line.shop.app, MEI, voucher_id, 0)
    words = ("redeem", code, "--key", "S-7", "--amount-minor")
    assert line.ask(*words, "9999", code=1)["code"] == "purchase_too_small"
    assert line.ask("redeem", code, "--customer", "mei", code=1)["code"] == "code_is_for_purchase"
    assert line.ask(*words, "15000")["expires_at"] is None
    assert line.ask("vouchers")[0]["used_for"] == "purchase:S-7"
    assert line.ask("redeem", "ABC", "--customer", "mei", code=1)["code"] == "code_mistyped"
    for wrong in (("redeem", code), ("redeem", code, "--customer", "mei", "--key", "S")):
        assert line(*wrong).code == 2
