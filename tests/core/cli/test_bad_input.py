"""Whatever is typed: a code, a sentence in both languages, and nothing changed or half-done."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

Line = Any  # the fixture's CommandLine

ROOT = Path(__file__).parents[3]
SQL = "x'; DROP TABLE cases; --"
SCRIPT = "<script>alert(1)</script>"
RTL = "\u202egpj.exe"  # an override that turns the rest of the line around
EMOJI = "👨‍👩‍👧‍👦🀄"
ODD = (SQL, SCRIPT, RTL, EMOJI, "%s{0.__class__}", "../../etc/passwd", "\x1b[31m")


def refused(line: Line, code: str, *words: str, exit_code: int = 1) -> Any:
    """The refusal by its code, once in each language; nothing changed."""
    before = line.rows()
    sentences = set()
    for language in ("zh_CN", "en"):
        found = line.ask("--lang", language, *words, code=exit_code)
        assert found["code"] == code, found
        assert len(found["message"]) > 5 and code not in found["message"]
        sentences.add(found["message"])
        said = line("--lang", language, *words)
        assert said.code == exit_code and "Traceback" not in said.out + said.err
    assert len(sentences) == 2 or exit_code == 2, "argparse speaks English only"
    assert line.rows() == before
    assert line.ask("audit")["clean"]
    return found


def apply(order_no: str, **other: str) -> list[str]:
    given = {
        "order": order_no,
        "reason": "not_delivered",
        "amount-minor": "10000",
        "customer": "mei",
        **{name.replace("_", "-"): value for name, value in other.items()},
    }
    return ["apply", *(word for name, value in given.items() for word in (f"--{name}={value}",))]


# --- apply --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount", ["0", "-1", "NaN", "Infinity", "１００", "1e5", "1_000", "99.5", "", " 1", "0x10", "9" * 30]
)
def test_not_an_amount(line: Line, amount: str):
    refused(line, "amount_invalid", *apply(line.shop.order(), amount_minor=amount))


@pytest.mark.parametrize("quantity", ["0", "-3", "NaN", "２", "1000001"])
def test_not_a_quantity(line: Line, quantity: str):
    refused(line, "amount_invalid", *apply(line.shop.order(), quantity=quantity))


def test_more_than_is_left(line: Line):
    order_no = line.shop.order()
    found = refused(line, "amount_above_remaining", *apply(order_no, amount_minor="10001"))
    assert found["remaining_minor"] == 10000 and "¥100.00" in found["message"]


def test_nothing_is_left(line: Line):
    order_no = line.shop.order()
    line.apply(order_no)
    line("worker", "--until-idle")
    line("clock", "advance", "3d")
    line("worker", "--until-idle")
    refused(line, "nothing_left", *apply(order_no))


def test_an_unknown_order_and_somebody_elses_say_the_same(line: Line):
    """Invariant 12."""
    unknown = refused(line, "not_found", *apply("NO-SUCH"))
    others = refused(line, "not_found", *apply(line.shop.order(customer="wei")))
    assert unknown == others


def test_an_order_of_an_account_wants_its_customer(line: Line):
    """Who runs the command may list every order: no secret is kept from them."""
    found = refused(line, "usage", *apply(line.shop.order(), customer=""), exit_code=2)
    assert "--customer" in found["message"]
    refused(line, "not_found", *apply("NO-SUCH", customer=""))


@pytest.mark.parametrize("odd", [*ODD, "x" * 10_000])
@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("order", "not_found"),
        ("customer", "not_found"),
        ("reason", "reason_invalid"),
        ("route", "route_unavailable"),
    ],
)
def test_odd_words_in_a_field(line: Line, field: str, code: str, odd: str):
    refused(line, code, *apply(line.shop.order(), **{field: odd}))


def test_a_route_that_is_not_open(line: Line):
    refused(line, "route_unavailable", *apply(line.shop.order(), route="negotiated"))


def test_too_long_a_description(line: Line):
    found = refused(line, "text_too_long", *apply(line.shop.order(), description="长" * 10_000))
    assert (found["limit"], found["length"]) == (2000, 10_000)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_description_is_kept_as_it_is_and_shown_safely(line: Line, odd: str):
    case_no = line.apply(line.shop.order(), "10000", f"--description={odd}")["case_no"]
    assert line.shop.view(case_no).description == odd
    line("act", case_no, "withdraw", "--as=customer:mei", f"--note={odd}")
    shown = line("case", case_no).out
    assert "\x1b" not in shown and "\u202e" not in shown
    assert line.ask("audit")["clean"]


def test_a_case_is_open_already(line: Line):
    order_no = line.shop.order(("alipay", 90_000))
    case_no = line.apply(order_no, "90000")["case_no"]
    assert refused(line, "case_already_open", *apply(order_no))["case_no"] == case_no


def test_evidence_is_missing(line: Line):
    order_no = line.shop.order(delivery="code_viewed", completed_at=line.shop.clock.at - timedelta(days=1))
    found = refused(line, "evidence_missing", *apply(order_no, reason="not_as_described"))
    assert found["kinds"] == ["product_page", "product_shown"]


@pytest.mark.parametrize("name", ["no-such.png", "", "bad\x1bname"])
def test_an_evidence_file_that_is_not_there(line: Line, name: str):
    refused(line, "file_missing", *apply(line.shop.order()), "--evidence", name)


def test_an_evidence_file_that_is_a_folder(line: Line, tmp_path: Path):
    refused(line, "file_missing", *apply(line.shop.order()), "--evidence", str(tmp_path))


def test_evidence_that_is_no_picture(line: Line, tmp_path: Path):
    """The draft stays, and can be sent without it."""
    path = tmp_path / "bad.png"
    path.write_text(SCRIPT)
    order_no = line.shop.order()
    for language in ("zh_CN", "en"):
        found = line.ask(*apply(order_no), "--evidence", str(path), "--lang", language, code=1)
        assert found["code"] == "evidence_refused" and len(found["message"]) > 5
    assert line.ask("audit")["clean"]
    assert line.apply(order_no)["state"] == "approved"


# --- one command, one effect --------------------------------------------------------------------------------


def test_the_same_command_again_is_the_same_case(line: Line):
    """Invariant 17."""
    words = apply(line.shop.order(), command_id="c-1")
    first = line.ask(*words)
    before = line.rows()
    assert line.ask(*words) == first
    assert line.rows() == before


def test_an_id_that_was_used_for_something_else(line: Line):
    line.ask(*apply(line.shop.order(), command_id="c-1"))
    refused(line, "command_reused", *apply(line.shop.order(), command_id="c-1"))


# --- act and case -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [*ODD, "", "R000000-XXXXXX"])
def test_no_such_case(line: Line, odd: str):
    refused(line, "not_found", "case", "--", odd)
    refused(line, "not_found", "act", "--as=reviewer:zhou", "--", odd, "approve")


@pytest.mark.parametrize("odd", ODD)
def test_no_such_event(line: Line, odd: str):
    case_no = line.apply(line.shop.order())["case_no"]
    found = refused(line, "event_unknown", "act", "--as=reviewer:zhou", "--", case_no, odd)
    assert "approve" in found["message"] and "reject" in found["message"]


def test_a_first_approval_comes_of_approving(line: Line):
    case_no = line.apply(line.shop.order(("alipay", 90_000)), "90000")["case_no"]
    found = refused(line, "endorsed_by_approving", "act", case_no, "endorse", "--as=reviewer:zhou")
    assert "approve" in found["message"]


def test_a_terminal_has_no_pages(line: Line):
    """Refusals name commands and options, not what the portal shows."""
    case_no = line.apply(line.shop.order())["case_no"]
    commands = {
        "not_found": ("act", "R1", "approve", "--as=reviewer:zhou"),
        "transition_refused": ("act", case_no, "answer", "--as=customer:mei", "--note=x"),
        "not_allowed": ("act", case_no, "withdraw", "--as=finance:gu"),
        "amount_invalid": ("act", case_no, "approve", "--as=reviewer:zhou", "--amount-minor=99.90"),
        "reason_invalid": tuple(apply(line.shop.order(), reason="bad")),
    }
    said = {code: refused(line, code, *words) for code, words in commands.items()}
    for code, words in commands.items():
        chinese = line.ask("--lang", "zh_CN", *words, code=1)["message"]
        assert not re.search("页面|登录|我的订单", chinese), chinese
        assert not re.search("page|[Ss]ign in|My orders", said[code]["message"]), said[code]
    assert "9990" in said["amount_invalid"]["message"]
    assert "duplicate_charge" in said["reason_invalid"]["message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("act", "R1", "approve", "--as", "boss:mei"), "reviewer, lead"),
        (("orders", "--lang", "fr"), "没有|不能是|可以写的有"),
        (("cases", "--state", "open"), "可以写的有.*in_review"),
        (("clock", "advance", "-3d"), "clock reset"),
        (("apply", "--order", "X"), "还缺：--reason"),
        (("orders", "--no-such"), "没有这样的参数：--no-such"),
        (("facts", "--rows", "3"), "--out 要一起写"),
    ],
)
def test_usage_is_told_in_the_readers_language(
    line: Line, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
):
    monkeypatch.setenv("REFUND_LANG", "zh_CN")
    assert re.search(told, line(*words, "--json").json["message"])


def test_somebody_elses_case(line: Line):
    case_no = line.apply(line.shop.order())["case_no"]
    refused(line, "not_found", "act", case_no, "withdraw", "--as=customer:wei")
    refused(line, "not_found", "act", case_no, "withdraw", "--as=guest:OTHER")


def test_a_role_that_may_not(line: Line):
    case_no = line.apply(line.shop.order(("alipay", 90_000)), "90000")["case_no"]
    refused(line, "not_allowed", "act", case_no, "approve", "--as=customer:mei")
    refused(line, "not_allowed", "act", case_no, "approve", "--as=finance:gu")


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "１", "90001"])
def test_an_approved_amount_that_is_none(line: Line, amount: str):
    case_no = line.apply(line.shop.order(("alipay", 90_000)), "90000")["case_no"]
    code = "amount_above_remaining" if amount == "90001" else "amount_invalid"
    refused(line, code, "act", case_no, "approve", "--as=reviewer:zhou", f"--amount-minor={amount}")


@pytest.mark.parametrize("who", ["", "mei", "customer:", "system:portal", "king:mei", ":mei", SQL, EMOJI])
def test_not_a_person(line: Line, who: str):
    refused(line, "usage", "act", "R1", "approve", f"--as={who}", exit_code=2)


# --- files --------------------------------------------------------------------------------------------------

FACTS = {
    "at": "2026-09-01T12:00:00+08:00",
    "reason": "not_delivered",
    "kind": "game_card",
    "delivery": "pending",
    "paid_at": "2026-08-31T12:00:00+08:00",
    "currency": "CNY",
    "requested_minor": 100,
    "tenders": [{"payment_id": 1, "channel": "alipay", "paid_minor": 100, "refundable_minor": 100}],
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "{",
        "[" * 100_000,
        "\ufffe",
        json.dumps({**FACTS, "reason": "because"}),
        json.dumps({**FACTS, "reason": ["not_delivered"]}),
        json.dumps({**FACTS, "kind": None}),
        json.dumps({**FACTS, "at": "yesterday"}),
        json.dumps({**FACTS, "at": "2026-09-01T12:00:00"}),
        json.dumps({**FACTS, "at": "0001-01-01T00:00:00+00:00"}),
        json.dumps({**FACTS, "at": "9999-12-31T23:59:59+00:00"}),
        json.dumps({**FACTS, "at": 5}),
        json.dumps({**FACTS, "at": "2026-08-31T11:59:00+08:00"}),
        json.dumps({**FACTS, "requested_minor": float("nan")}),
        json.dumps({**FACTS, "requested_minor": "100"}),
        json.dumps({**FACTS, "requested_minor": 1.5}),
        json.dumps({**FACTS, "requested_minor": True}),
        json.dumps({**FACTS, "tenders": []}),
        json.dumps({**FACTS, "tenders": [{}]}),
        json.dumps({**FACTS, "tenders": "x"}),
        json.dumps({**FACTS, "evidence": ["selfie"]}),
        json.dumps({**FACTS, "evidence": 3}),
        json.dumps({**FACTS, "surprise": 1}),
    ],
)
def test_not_facts(line: Line, tmp_path: Path, text: str):
    path = tmp_path / "facts.json"
    path.write_text(text, encoding="utf-8")
    refused(line, "facts_invalid", "decide", "--facts", str(path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (json.dumps({**FACTS, "surprise": 1}), "surprise.*requested_minor"),
        (
            json.dumps({**FACTS, "tenders": [{"payment_id": 1, "chanel": "alipay"}]}),
            "tenders.1.chanel.*channel",
        ),
        ("{", "第 1 行第 2 列不是 JSON"),
        (json.dumps({key: FACTS[key] for key in FACTS if key != "kind"}), "kind：缺少"),
    ],
)
def test_what_is_wrong_with_facts_is_told_in_the_readers_language(
    line: Line, tmp_path: Path, text: str, told: str
):
    path = tmp_path / "facts.json"
    path.write_text(text, encoding="utf-8")
    message = line.ask("--lang", "zh_CN", "decide", "--facts", str(path), code=1)["message"]
    assert re.search(told, message), message
    assert "unknown" not in message and "incomplete" not in message


def test_facts_that_are_not_even_text(line: Line, tmp_path: Path):
    path = tmp_path / "facts.json"
    path.write_bytes(bytes(range(256)))
    refused(line, "facts_invalid", "decide", "--facts", str(path))


@pytest.mark.parametrize(
    "content", [b"", b"name = 3", b"\xff\xfe\x00", b"[[rules]]\nid = 'x'\n", b"a = [" * 5000]
)
def test_not_a_policy(line: Line, tmp_path: Path, content: bytes):
    policy, facts = tmp_path / "policy.toml", tmp_path / "facts.json"
    policy.write_bytes(content)
    facts.write_text(json.dumps(FACTS))
    refused(line, "policy_invalid", "decide", "--facts", str(facts), "--policy", str(policy))


@pytest.mark.parametrize(
    "words",
    [
        ("decide", "--facts", "no-such.json"),
        ("decide", "--facts", os.devnull, "--policy", "no-such.toml"),
        ("import-orders", "no-such.csv"),
        ("import-orders", os.devnull, "--mapping", "no-such.toml"),
        ("check-picture", "no-such.png"),
        ("simulate", "--policy", "standard", "--orders", "no-such.parquet"),
        ("simulate", "--policy", "no-such.toml", "--orders", os.devnull),
        ("facts", "--rows", "1", "--out", "no-such/facts.parquet"),
    ],
)
def test_a_file_that_is_not_there(line: Line, words: tuple[str, ...]):
    found = refused(line, "file_missing", *words)
    assert "no-such" in found["message"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\x00\x01\x02", "file_no_table"),
        ("订单号\n".encode("utf-16"), "columns_unknown"),
    ],
)
def test_a_file_that_is_no_order_export(line: Line, tmp_path: Path, content: bytes, code: str):
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    refused(line, code, "import-orders", str(path))


def test_a_table_with_other_columns(line: Line, tmp_path: Path):
    """What is missing, and that a mapping can name it."""
    path = tmp_path / "orders.csv"
    path.write_text("order_sn,product,actual_price\n1,2,3\n")
    found = refused(line, "columns_unknown", "import-orders", str(path))
    assert found["missing"] == ["order_no", "amount", "channel", "paid_at", "delivery"]
    assert "--mapping" in found["message"] and "paid_at" in found["message"]


# --- usage and surroundings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("no-such-command",),
        ("orders", "--no-such-option"),
        ("orders", "--limit", "many"),
        ("facts", "--rows", "-1", "--out", "x"),
        ("facts", "--rows", "1e9", "--out", "x"),
        ("orders", "--limit", "１"),
        ("init", "--demo", "-5"),
        ("apply", "--order", "X"),
        ("case",),
        ("case", "a", "b"),
        ("case", "a\0b"),
        ("case", "a\udce9"),
        ("clock",),
        ("clock", "set", "tomorrow"),
        ("clock", "advance", ""),
        ("clock", "advance", "-3d"),
        ("clock", "advance", "99999999d"),
        ("worker", "--once", "--until-idle"),
        ("orders", "--lang", "fr"),
    ],
)
def test_wrong_usage(line: Line, words: tuple[str, ...]):
    before = line.rows()
    done = line(*words, "--json")
    assert (done.code, done.json["code"]) == (2, "usage")
    assert done.err.strip() != "" and "Traceback" not in done.err
    assert line.rows() == before


def test_a_database_that_was_never_prepared(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Looking at one does not make one."""
    path = tmp_path / "other.db"
    monkeypatch.setenv("REFUND_DATABASE_URL", f"sqlite:///{path}")
    for language in ("zh_CN", "en"):
        assert line.ask("orders", "--lang", language, code=1)["code"] == "database_unavailable"
    assert not path.exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@127.0.0.1:1/shop",
        "sqlite://",
        "sqlite:////proc/no/such.db",
    ],
)
def test_a_database_that_is_not_there(line: Line, monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("REFUND_DATABASE_URL", url)
    for words in (("orders",), ("init",)):
        done = line(*words, "--json")
        assert (done.code, done.json["code"]) == (1, "database_unavailable")
        assert "secret" not in done.out + done.err


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("REFUND_DEMO", "2", "1, 0"),
        ("REFUND_DEMO", "ja", "1, 0"),
        ("REFUND_STORE_URL", "C:\\x", "file:///"),
        ("REFUND_LANG", "fr_FR.UTF-8", "zh_CN, en"),
        ("REFUND_DATABASE_URL", "mysql://root@localhost/shop", "postgresql"),
        ("REFUND_DATABASE_URL", "oracle://x", "sqlite:///"),
        ("REFUND_DATABASE_URL", "nonsense", "sqlite:///"),
    ],
)
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_setting_that_cannot_be(
    line: Line, monkeypatch: pytest.MonkeyPatch, language: str, variable: str, value: str, allowed: str
):
    """The variable and what it may be, and no words of a library."""
    monkeypatch.setenv(variable, value)
    found = line.ask("orders", "--lang", language, code=1)
    assert (found["code"], found["variable"]) == ("setting_invalid", variable)
    assert variable in found["message"] and allowed in found["message"]
    assert "validation" not in found["message"] and "input" not in found["message"]


def test_a_language_that_nobody_speaks_here_is_told_by_every_command(
    line: Line, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REFUND_LANG", "fr")
    assert line.ask("lifecycle", code=1)["code"] == "setting_invalid"


def test_an_empty_setting_is_none(line: Line, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REFUND_DEMO", "")
    assert line.ask("clock", "reset", code=1)["code"] == "demo_only"


def python(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_as_a_process(line: Line, tmp_path: Path):
    done = python("-m", "core", "case", "R-1", "--json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["code"], done.stderr) == (1, "not_found", "")
    assert python("-m", "core", "nonsense", cwd=tmp_path).returncode == 2
    assert python("-m", "core", "lifecycle", cwd=tmp_path, LANG="C", PYTHONIOENCODING="ascii").returncode == 0


def test_a_reader_that_leaves_early_is_no_error(line: Line, tmp_path: Path):
    command = f"{sys.executable} -m core lifecycle | head -1"
    done = subprocess.run(
        command,
        shell=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == "" and done.stdout.count("\n") == 1


def test_a_small_command_loads_nothing_heavy(tmp_path: Path):
    code = (
        "import sys; from core.cli import main; main(['lifecycle']);"
        "heavy = {'sqlalchemy', 'pydantic', 'holidays', 'numpy', 'pandas'}; print(heavy & set(sys.modules))"
    )
    assert python("-c", code, cwd=tmp_path).stdout.splitlines()[-1] == "set()"
