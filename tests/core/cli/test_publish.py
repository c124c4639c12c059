"""Putting a policy in force: from when, instead of which version, and what the analysis says in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.adapters.tables import policies as table
from core.domain.errors import SamePerson
from core.services import policies, policy_publishing
from tests import pinned

Line = Any  # the fixture's CommandLine


def document(path: Path, *changes: tuple[str, str], name: str = "mine") -> str:
    text = pinned.TEXT.replace('name = "standard"', f'name = "{name}"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return str(path)


def publish(line: Line, file: str, *more: str, code: int = 0) -> Any:
    return line.ask("publish", file, "--author", "mei", "--approver", "tao", *more, code=code)


def test_nothing_begins_in_the_past(line: Line, tmp_path: Path) -> None:
    """What was decided would have been decided by another policy (R6.3)."""
    file = document(tmp_path / "mine.toml")
    assert publish(line, file, "--from", "2020-01-01", code=1)["code"] == "policy_from_the_past"
    with line.shop.app.read() as conn:
        assert conn.execute(select(table.c.version)).scalars().all() == [1]


def test_a_dry_run_refuses_what_the_real_one_refuses_and_stores_nothing(line: Line, tmp_path: Path) -> None:
    """What it calls fit to be published can be."""
    file = document(tmp_path / "mine.toml")
    tried = publish(line, file, "--from", "2020-01-01", "--dry-run", code=1)
    assert tried == publish(line, file, "--from", "2020-01-01", code=1)
    assert publish(line, file, "--dry-run")["version"] is None
    with line.shop.app.read() as conn:
        assert conn.execute(select(table.c.version)).scalars().all() == [1]
    assert publish(line, file)["version"] == 2
    assert publish(line, file, "--dry-run", code=1)["code"] == "policy_unchanged"


@pytest.mark.parametrize("twin", [" Mei ", "ＭＥＩ"])
def test_one_person_in_two_spellings_is_not_two(line: Line, twin: str) -> None:
    """Invariant 13, whoever calls the service."""
    with pytest.raises(SamePerson), line.shop.app.begin() as conn:
        policy_publishing.publish(
            line.shop.app, conn, pinned.TEXT + "\n", author="mei", approved_by=twin, in_force_from=None
        )


def test_what_it_displaces_and_what_follows_is_told(line: Line, tmp_path: Path) -> None:
    later = publish(line, document(tmp_path / "later.toml", name="later"), "--from", "2099-01-01")
    assert (later["version"], later["displaces"], later["followed_by"]) == (2, 1, None)
    assert later["in_force_from"].startswith("2098-12-31T16:00")
    file = document(tmp_path / "mine.toml")
    said = line("publish", file, "--author", "mei", "--approver", "tao", "--lang", "zh_CN").out
    assert "2026年9月1日" in said and "取代第 1 版" in said
    assert "第 2 版已经排好，从 2099年1月1日" in said and "第 3 版已经排好" not in said


def test_the_same_once_more_is_no_new_version(line: Line, tmp_path: Path) -> None:
    file = document(tmp_path / "mine.toml")
    assert publish(line, file)["version"] == 2
    again = publish(line, file, code=1)
    assert (again["code"], again["version"]) == ("policy_unchanged", 2)


def test_findings_have_words(line: Line, tmp_path: Path) -> None:
    text = document(
        tmp_path / "mine.toml",
        ("second_approval_minor = 100000", "second_approval_minor = 1000"),
        ("alipay = 365", "alipay = 5"),
    )
    whole = Path(text).read_text(encoding="utf-8")
    Path(text).write_text(whole[: whole.rindex("[[rules]]")], encoding="utf-8")
    words = ("publish", text, "--author", "mei", "--approver", "tao", "--dry-run")
    for language, limit, channel, gap in (
        ("zh_CN", "超过 ¥10.00", "支付宝收回退款", "没有规则接住这种订单"),
        ("en", "more than ¥10.00", "Alipay stops taking", "No rule answers"),
    ):
        said = line(*words, "--lang", language).out
        assert limit in said and channel in said and gap in said
        assert "{" not in said and "_minor" not in said and "channel_shorter" not in said
    found = line.ask(*words, code=1)
    assert found["gaps"] and found["overlaps"] and found["version"] is None


def test_init_says_what_is_wrong_with_a_changed_file_of_the_demo(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUND_DATABASE_URL", f"sqlite:///{tmp_path}/demo.db")
    changed = pinned.TEXT.replace("alipay = 365", "alipay = 5")
    assert "Alipay stops" not in line("init").out
    monkeypatch.setattr(policies.documents, "shipped", lambda name: changed)
    assert "Alipay stops taking" in line("init").out
    assert "Alipay stops" not in line("init").out, "told once"


def test_what_is_unsound_is_published_by_who_says_so(line: Line, tmp_path: Path) -> None:
    """With the number of the faults; a dry run says that it is needed."""
    file = document(
        tmp_path / "mine.toml", ("second_approval_minor = 100000", "second_approval_minor = 1000")
    )
    refused = publish(line, file, code=1)
    assert refused["code"] == "policy_unsound" and refused["faults"] > 0
    faults = str(refused["faults"])
    words = ("publish", file, "--author", "mei", "--approver", "tao", "--dry-run", "--lang")
    told = line(*words, "zh_CN")
    assert (told.code, f"--despite {faults}" in told.out, "可以发布" in told.out) == (1, True, False)
    assert "will not be published like this" in line(*words, "en").out
    meant = line(*words, "zh_CN", "--despite", faults)
    assert (meant.code, "可以发布" in meant.out) == (0, True), "the same would be taken"
    assert "--dry-run" in line(*words[:-2], "--lang", "en").out, "where each of them is told"
    assert publish(line, file, "--despite", "99", code=1)["code"] == "policy_unsound"
    done = publish(line, file, "--despite", faults)
    assert done["version"] == 2 and done["faults"] == int(faults)
    with line.shop.app.read() as conn:
        assert conn.execute(select(table.c.despite)).scalars().all() == [None, int(faults)]


@pytest.mark.parametrize("who", ["", "  ", "a\nb", "x" * 101])
def test_somebody_has_a_name(line: Line, tmp_path: Path, who: str) -> None:
    file = document(tmp_path / "mine.toml")
    for words in (("--author", who, "--approver", "tao"), ("--author", "mei", "--approver", who)):
        assert line("publish", file, *words).code == 2
    assert line("call-off", "1", "--by", who, "--because", "…").code == 2
    assert publish(line, file)["version"] == 2, "nothing was published before"


def test_a_name_that_no_policy_has_is_told_those_there_are(line: Line) -> None:
    told = line("publish", "genrous", "--author", "mei", "--approver", "tao", "--lang", "en")
    assert told.code == 2 and "generous" in told.err
    assert line("publish", "none/mine.toml", "--author", "mei", "--approver", "tao").code == 1


def test_what_is_to_begin_later_is_called_off(line: Line, tmp_path: Path) -> None:
    publish(line, document(tmp_path / "later.toml", name="later"), "--from", "2099-01-01")
    words = ("--by", "tao", "--because", "a wrong figure")
    assert line.ask("call-off", "1", *words, code=1)["code"] == "policy_begun"
    assert line.ask("call-off", "7", *words, code=1)["code"] == "no_such_version"
    assert line.ask("call-off", "2", "--by", "tao", "--because", " ", code=1)["code"] == "meaning_required"
    said = line("call-off", "2", *words, "--lang", "zh_CN").out
    assert "第 2 版已取消" in said and "第 1 版照旧有效" in said
    again = line.ask("call-off", "2", *words, code=1)
    assert (again["code"], again["version"]) == ("policy_called_off", 2)
    with line.shop.app.read() as conn:
        rows = conn.execute(select(table).order_by(table.c.version)).all()
    assert [row.in_force_from is None for row in rows] == [False, True]
    assert (rows[1].called_off_by, rows[1].called_off_because) == ("tao", "a wrong figure")
    assert publish(line, document(tmp_path / "mine.toml"))["version"] == 3
    states = {row["version"]: (row["state"], row["called_off_by"]) for row in line.ask("versions")}
    assert states == {1: ("past", None), 2: ("called_off", "tao"), 3: ("in_force", None)}
    said = line("versions", "--lang", "en").out
    assert "called off, was to begin" in said and "tao: a wrong figure" in said and "mei → tao" in said


def test_what_begins_after_it_is_told_before_it_is_published(line: Line, tmp_path: Path) -> None:
    """What this one changes ends then."""
    publish(line, document(tmp_path / "later.toml", name="later"), "--from", "2099-01-01")
    tried = publish(line, document(tmp_path / "mine.toml"), "--dry-run")
    assert (tried["version"], tried["followed_by"]) == (None, 2)


def test_a_demo_whose_clock_was_moved_is_not_published_to_by_another_clock(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forgotten REFUND_DEMO would put it in force in the demo's past or future."""
    file = document(tmp_path / "mine.toml")
    monkeypatch.delenv("REFUND_DEMO")
    for more in ((), ("--dry-run",)):
        refused = publish(line, file, *more, code=1)
        assert refused["code"] == "demo_clock_moved" and "REFUND_DEMO=1" in refused["message"]
    assert "REFUND_DEMO=1" in line("audit").out
    monkeypatch.setenv("REFUND_DEMO", "1")
    assert "REFUND_DEMO" not in line("audit").out
    line("clock", "reset")
    monkeypatch.delenv("REFUND_DEMO")
    assert publish(line, file)["version"] == 2
