"""What each command answers: the JSON shapes that scripts rely on, the exit codes, and words for people."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from core.domain.facts import Facts, Tender
from core.domain.lifecycle import CASE, MACHINES
from core.domain.policy import load, shipped
from core.domain.spots import path_of, put, read
from tests import pinned

Line = Any  # the fixture's CommandLine


def png(path: Path, words: str) -> str:
    picture = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(picture).text((20, 20), words, fill="black")
    picture.save(path)
    return str(path)


def facts(**other: Any) -> dict[str, Any]:
    """One undelivered game card for ¥100.00."""
    return {
        "at": "2026-09-01T12:00:00+08:00",
        "reason": "not_delivered",
        "kind": "game_card",
        "delivery": "pending",
        "paid_at": "2026-08-31T12:00:00+08:00",
        "currency": "CNY",
        "requested_minor": 10000,
        "tenders": [{"payment_id": 1, "channel": "alipay", "paid_minor": 10000, "refundable_minor": 10000}],
        **other,
    }


# --- orders, apply, case, act -------------------------------------------------------------------------------


def test_orders(line: Line):
    mine = line.shop.order()
    line.shop.order(customer="wei", completed_at=line.shop.clock.at - timedelta(hours=5))
    both = line.ask("orders")
    assert len(both) == 2
    assert line.ask("orders", "--customer", "mei") == [
        {
            "order_no": mine,
            "customer_id": "mei",
            "product": "游戏点卡",
            "amount_minor": 10000,
            "currency": "CNY",
            "delivery": "code_issued",
            "completed_at": None,
            "refundable_minor": 10000,
        }
    ]
    (theirs,) = line.ask("orders", "--customer", "wei")
    assert theirs["completed_at"] == "2026-08-31T23:00:00+00:00"
    assert line.ask("orders", "--customer", "nobody") == []
    assert "¥100.00" in line("orders").out


def test_a_refund_from_the_request_to_the_arrival(line_on_both: Line):
    line = line_on_both
    order_no = line.shop.order()
    sent = line.apply(order_no)
    assert sent == {
        "case_no": sent["case_no"],
        "state": "approved",
        "verdict": "approve",
        "rule": "not_delivered",
    }
    assert line.ask("worker", "--until-idle")["done"] >= 2
    line("clock", "advance", "3d")
    line("worker", "--until-idle")
    found = line.ask("case", sent["case_no"])
    assert set(found) == {
        "case_no", "order_no", "state", "public_status", "policy_version", "requested_minor",
        "approved_minor", "due_at", "waiting_for", "events_allowed", "locator", "payouts", "events",
    }  # fmt: skip
    assert (found["state"], found["public_status"], found["waiting_for"]) == (
        "completed",
        "completed",
        "nobody",
    )
    assert (found["order_no"], found["policy_version"], found["due_at"]) == (order_no, 1, None)
    assert (found["requested_minor"], found["approved_minor"]) == (10000, 10000)
    assert set(found["locator"]) == {"zh", "en"} and "¥100.00" in found["locator"]["zh"]
    (payout,) = found["payouts"]
    assert set(payout) == {"route", "channel", "amount_minor", "state", "reference"}
    assert (payout["route"], payout["channel"], payout["state"]) == ("original", "alipay", "arrived")
    assert [event["event"] for event in found["events"]] == ["submit", "approve", "pay", "complete"]
    first = found["events"][0]
    assert set(first) == {"seq", "at", "event", "actor", "from", "to", "amount_minor", "hash"}
    assert [event["amount_minor"] for event in found["events"]] == [None, 10000, None, None]
    assert found["events_allowed"] == {}
    assert (first["seq"], first["actor"], first["from"], first["to"]) == (
        1,
        "customer:mei",
        "draft",
        "screening",
    )
    assert datetime.fromisoformat(first["at"]).tzinfo == UTC and len(first["hash"]) == 64
    assert line.ask("orders")[0]["refundable_minor"] == 0
    assert line.ask("audit") == {"clean": True, "findings": []}


def test_a_person_decides(line: Line):
    case_no = line.apply(line.shop.order(("alipay", 90_000)), "90000")["case_no"]
    assert line.ask("act", case_no, "reject", "--as", "reviewer:zhou", code=1)["code"] == "text_required"
    asked = line.ask("act", case_no, "ask", "--as", "reviewer:zhou", "--note", "请补充截图")
    assert (asked["state"], asked["waiting_for"]) == ("awaiting_customer", "you")
    line.ask("act", case_no, "answer", "--as", "customer:mei", "--note", "没有收到短信")
    words = ("approve", "--as", "reviewer:zhou", "--amount-minor", "50000", "--note", "只退一半")
    done = line.ask("act", case_no, *words)
    assert (done["state"], done["approved_minor"]) == ("approved", 50000)
    assert "没有收到短信" in line("case", case_no).out


def test_evidence_goes_to_the_checklist_in_order_or_by_its_kind(line: Line, tmp_path: Path):
    page, shown = png(tmp_path / "page.png", "page"), png(tmp_path / "shown.png", "shown")
    order_no = line.shop.order(delivery="code_viewed", completed_at=line.shop.clock.at - timedelta(days=1))
    words = ["apply", "--order", order_no, "--reason", "not_as_described", "--amount-minor", "10000"]
    words += ["--customer", "mei", "--command-id", "once"]
    missing = line.ask(*words, "--evidence", page, code=1)
    assert (missing["code"], missing["kinds"]) == ("evidence_missing", ["product_shown"])
    sent = line.ask(*words, "--evidence", page, f"product_shown={shown}")
    assert sent["state"] == "in_review"
    kinds = [picture.kind for picture in line.shop.view(sent["case_no"]).evidence]
    assert sorted(kinds) == ["product_page", "product_shown"]
    assert line.ask(*words, "--evidence", page, shown) == sent, "the same command once more"


def test_an_order_without_an_account_is_its_guests(line: Line):
    order_no = line.shop.order(customer="")
    words = ["apply", "--order", order_no, "--reason", "not_delivered", "--amount-minor", "10000"]
    sent = line.ask(*words)
    assert line.ask("case", sent["case_no"])["events"][0]["actor"] == "guest:"
    others = ["apply", "--order", line.shop.order(), "--reason", "not_delivered", "--amount-minor", "1"]
    assert "--customer" in line.ask(*others, "--customer", "", code=2)["message"]


# --- rules --------------------------------------------------------------------------------------------------


def test_lifecycle(line: Line):
    rows = line.ask("lifecycle")
    assert len(rows) == sum(len(machine.rows) for machine in MACHINES)
    assert all(set(row) == {"machine", "source", "event", "roles", "target"} for row in rows)
    assert rows[0] == {
        "machine": "case",
        "source": "draft",
        "event": "submit",
        "roles": list(CASE.row("draft", "submit").roles),
        "target": "screening",
    }
    assert "screening" in line("lifecycle").out


def test_decide(line: Line, tmp_path: Path):
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(facts()))
    found = line.ask("decide", "--facts", str(path))
    assert (found["policy"], found["verdict"], found["rule"]) == ("standard", "approve", "not_delivered")
    assert {"missing_evidence", "options", "flip", "traces", "review_due", "window_ends_at"} <= set(found)
    assert found["options"][0]["breakdown"]["refund"] == 10000
    said = line("decide", "--facts", str(path), "--policy", "standard").out
    assert "Approve at once" in said and "¥100.00" in said


def test_a_refused_order_says_what_would_change_it(line: Line, tmp_path: Path):
    path = tmp_path / "facts.json"
    late = {"completed_at": "2026-08-01T12:00:00+08:00", "delivery": "code_viewed"}
    path.write_text(json.dumps(facts(reason="other", **late)))
    for language, word in (("en", "Refuse"), ("zh_CN", "不予退款")):
        said = line("decide", "--facts", str(path), "--lang", language)
        assert said.code == 0 and word in said.out and "too_late" in said.out


def test_a_policy_of_ones_own(line: Line, tmp_path: Path):
    policy, path = tmp_path / "mine.toml", tmp_path / "facts.json"
    policy.write_text(
        pinned.TEXT.replace('name = "standard"', 'name = "mine"').replace("标准规则", "我的规则"),
        encoding="utf-8",
    )
    path.write_text(json.dumps(facts()))
    said = line("decide", "--facts", str(path), "--policy", str(policy), "--lang", "zh_CN").out
    assert "我的规则" in said and "mine.toml" in said
    assert "已经先决定" in said, "of a rule that only stands later"
    assert line.ask("decide", "--facts", str(path), "--policy", str(policy))["policy"] == "mine"


def test_simulate(line: Line, tmp_path: Path):
    path = str(tmp_path / "orders.parquet")
    made = line.ask("facts", "--rows", "500", "--out", path)
    assert (made["rows"], made["file"]) == (500, path)
    found = line.ask("simulate", "--policy", "standard", "--orders", path)
    assert set(found) == {"rows", "seconds", "verdicts", "against", "moved"}
    assert set(found["verdicts"]) == {"approve", "review", "reject", "needs_evidence"}
    assert sum(found["verdicts"].values()) == found["rows"] == 500
    assert found["against"] is None and found["moved"] is None
    both = line.ask("simulate", "--policy", "standard", "--against", "standard", "--orders", path)
    assert both["against"] == found["verdicts"] and both["moved"] == 0
    assert "500" in line("simulate", "--policy", "standard", "--against", "standard", "--orders", path).out


def test_a_replay_of_the_shops_own_requests(line: Line, tmp_path: Path):
    """Beside what is in force, or another one; the facts are those of the day."""
    case_no = line.shop.apply(line.shop.order()).case_no
    mine = tmp_path / "mine.toml"
    limit = load(pinned.TEXT).limits.second_approval_minor
    mine.write_text(
        pinned.TEXT.replace(f"second_approval_minor = {limit}", "second_approval_minor = 100"), "utf-8"
    )
    found = line.ask("simulate", "--policy", str(mine))
    assert (found["rows"], found["moved"], found["against"]["approve"]) == (1, 1, 1)
    [move] = found["moves"]
    assert (move["before"], move["after"], move["cases"]) == ("approve", "review", [case_no])
    assert move["asked_minor"] == {"CNY": 10_000}
    assert line.ask("simulate", "--policy", str(mine), "--against", str(mine))["moved"] == 0
    later = ("simulate", "--policy", str(mine), "--since", "2030-01-01")
    assert line.ask(*later)["rows"] == 0
    assert line(*later).out.endswith("so there is nothing to replay.\n")
    said = line("simulate", "--policy", str(mine), "--lang", "zh_CN").out
    assert f"直接通过 → 人工审核：1 笔，申请共 ¥100.00，例如 {case_no}" in said


def test_what_a_policy_costs_and_a_figure_through_a_range(line: Line, tmp_path: Path):
    """Totals as ranges, in both kinds of history; a value of the sweep is that policy's replay."""
    path = str(tmp_path / "orders.parquet")
    line("facts", "--rows", "300", "--out", path)
    both = ("simulate", "--policy", "generous", "--against", "standard", "--orders", path)
    costs = line.ask(*both, "--costs")["costs"]
    before, after = (costs["refund_minor"]["CNY"][name] for name in ("before", "after"))
    assert 0 < before["least"] < before["most"] and 0 < after["low"] <= after["least"] <= after["high"]
    assert costs["fee_minor"]["CNY"]["after"]["most"] == 0 and costs["draws"] == 1000
    said = line(*both, "--costs", "--lang", "zh_CN").out
    assert "95% 区间" in said and "不是猜测" in said
    figure = "rules.faulty_small.order_refund_minor.up_to"
    swept = line.ask(
        "simulate", "--policy", "standard", "--orders", path, "--sweep", f"{figure}=1000:3000:1000"
    )
    points = swept["sweep"]["points"]
    assert [point["value"] for point in points] == [1000, 2000, 3000]
    assert [point["value"] for point in points if point["current"]] == [2000]
    mine = tmp_path / "mine.toml"
    mine.write_text(put(shipped("standard"), path_of(read(shipped("standard")), figure), 3000), "utf-8")
    alone = line.ask("simulate", "--policy", str(mine), "--against", "standard", "--orders", path, "--costs")
    span = alone["costs"]["refund_minor"]["CNY"]["after"]
    assert points[2]["refund_minor"]["CNY"] == [span["least"], span["most"]]
    assert points[2]["moved"] == alone["moved"]


def test_a_sweep_of_the_shops_own_requests(line: Line):
    """What people decided then is known; with it the hours that it took."""
    line.shop.apply(line.shop.order())
    found = line.ask(
        "simulate", "--policy", "standard", "--costs", "--sweep", "limits.second_approval_minor=0:20000:20000"
    )
    assert found["costs"]["minutes_per_decision"] == 10
    assert [(p["refund_minor"], p["people"]) for p in found["sweep"]["points"]] == [
        ({"CNY": [0, 10_000]}, [2, 2]),
        ({"CNY": [10_000, 10_000]}, [0, 0]),
        ({"CNY": [10_000, 10_000]}, [0, 0]),
    ]
    for wrong in ("window_days.other", "window_days.other=1:2", "x=a:b:c"):
        assert line("simulate", "--policy", "standard", "--sweep", wrong).code == 2
    assert (
        line.ask("simulate", "--policy", "standard", "--sweep", "name=1:2:1", code=1)["code"]
        == "sweep_invalid"
    )


def test_compare_names_the_orders_and_the_figures(line: Line, tmp_path: Path):
    mine = tmp_path / "mine.toml"
    days = load(pinned.TEXT).window_days["membership"]
    longer = pinned.TEXT.replace(f"\nmembership = {days}", f"\nmembership = {days + 5}")
    mine.write_text(pinned.TEXT, encoding="utf-8")
    assert line("compare", str(mine), str(mine), "--lang", "zh_CN").out.strip() == "两套规则没有差别。"
    other = tmp_path / "other.toml"
    other.write_text(longer, encoding="utf-8")
    found = line.ask("compare", str(mine), str(other))
    assert found["figures"] == {"window_days.membership": [days, days + 5]} and found["checklists"] == []
    assert found["moves"]
    for move in found["moves"]:
        assert move["orders"]["kind"] == [["membership"]] and move["before"] != move["after"]
        assert move["orders"]["age_days"] == [{"from": days + 1, "to": days + 5}]
        assert move["example"]["kind"] == "membership" and move["rules"]
    said = line("compare", str(mine), str(other), "--lang", "zh_CN").out
    assert "不予退款 → 人工审核" in said and f"完成后的天数：{days + 1} 天 到 {days + 5} 天" in said
    assert "Days since completion" in line("compare", str(mine), str(other), "--lang", "en").out


def test_a_replay_tells_two_documents_of_one_name_apart(line: Line, tmp_path: Path):
    path, mine = str(tmp_path / "orders.parquet"), tmp_path / "mine.toml"
    line("facts", "--rows", "10", "--out", path)
    mine.write_text(pinned.TEXT, encoding="utf-8")
    head = line("simulate", "--policy", str(mine), "--against", "standard", "--orders", path).out.split("\n")[
        1
    ]
    assert re.split("  +", head.strip()) == ["compared with: standard", f"this draft: {mine}"]
    head = line("simulate", "--policy", "strict", "--against", "standard", "--orders", path).out.split("\n")[
        1
    ]
    assert re.split("  +", head.strip()) == ["compared with: standard", "this draft: strict"]


@pytest.mark.parametrize("more", [(), ("--costs",)])
def test_what_is_there_stands_first_and_both_are_named(line: Line, tmp_path: Path, more: tuple[str, ...]):
    """The same order in every table; what is in force by its version, what is tried by its file."""
    line.shop.apply(line.shop.order())
    mine = tmp_path / "mine.toml"
    mine.write_text(pinned.TEXT.replace("order_refund_minor = { up_to = 50000 }", "guest = true"), "utf-8")
    said = line("simulate", "--policy", str(mine), "--lang", "en", *more).out
    heads = [each for each in said.split("\n") if "this draft" in each and "not known" not in each]
    assert len(heads) == 1 + len(more)
    for head in heads:
        assert re.split("  +", head.strip())[:2] == ["existing: version 1", f"this draft: {mine}"]
    [approved] = [each for each in said.split("\n") if each.startswith("Approve at once  ")]
    assert approved.split()[-2:] == ["1", "0"]
    assert "现有：第 1 版" in line("simulate", "--policy", str(mine), "--lang", "zh_CN").out


def test_a_fee_alone_shows_whom_it_moves(line: Line, tmp_path: Path):
    """No verdict changes and no costs are asked for, and yet who gets less is told."""
    case_no = line.shop.apply(line.shop.order(delivery="code_viewed"), reason="other").case_no
    mine = tmp_path / "mine.toml"
    mine.write_text(pinned.TEXT.replace("other = 500", "other = 1000"), "utf-8")
    said = line("simulate", "--policy", str(mine), "--lang", "zh_CN").out
    assert f"1 笔批准后少到账，合计最多少 ¥5.00，例如 {case_no}" in said and "多到账" not in said
    less = {"rows": 1, "minor": {"CNY": 500}, "cases": [case_no]}
    assert line.ask("simulate", "--policy", str(mine))["arrives"]["less"] == less
    path, kinder = str(tmp_path / "orders.parquet"), str(mine)
    line("facts", "--rows", "200", "--out", path)
    both = ("simulate", "--policy", "standard", "--against", kinder, "--orders", path)
    more = line.ask(*both)["arrives"]["more"]
    assert more["rows"] > 1 and more["minor"]["CNY"] > 100
    assert f"{more['rows']} requests would get more if approved" in line(*both, "--lang", "en").out


def test_the_facts_of_an_order_can_be_decided(line: Line, tmp_path: Path):
    """The same answer as the customer is given, before anybody asked."""
    order_no = line.shop.order(("alipay", 900), ("balance", 100))
    found = line.ask("facts", "--order", order_no)
    assert (found["requested_minor"], found["reason"], len(found["tenders"])) == (1000, "not_delivered", 2)
    path = tmp_path / "facts.json"
    path.write_text(line("facts", "--order", order_no, "--amount-minor", "300", "--reason", "other").out)
    decided = line.ask("decide", "--facts", str(path))
    assert decided["options"][0]["breakdown"]["approved"] == 300
    path.write_text(json.dumps(found))
    sent = line.apply(order_no, "1000")
    assert line.ask("decide", "--facts", str(path))["rule"] == sent["rule"]


def test_the_example_has_every_field_and_can_be_decided(line: Line, tmp_path: Path):
    found = line.ask("facts", "--example")
    assert set(found) == {field.name for field in fields(Facts)}
    assert set(found["tenders"][0]) == {field.name for field in fields(Tender)}
    path = tmp_path / "facts.json"
    path.write_text(line("facts", "--example").out)
    assert line("decide", "--facts", str(path)).code == 0


def test_facts_of_what_is_not_there(line: Line):
    assert line.ask("facts", "--order", "NO-SUCH", code=1)["code"] == "not_found"
    order_no = line.shop.order()
    assert line.ask("facts", "--order", order_no, "--reason", "x", code=1)["code"] == "reason_invalid"
    assert line.ask("facts", "--order", order_no, "--amount-minor", "1.5", code=1)["code"] == "amount_invalid"
    for words in (("--rows", "1"), ("--example", "--out", "x"), (), ("--example", "--order", order_no)):
        assert line("facts", *words, "--json").code == 2


def test_made_up_facts_are_the_same_every_time(line: Line, tmp_path: Path):
    paths = [tmp_path / name for name in ("a.parquet", "b.parquet")]
    for path in paths:
        line("facts", "--rows", "100", "--out", str(path))
    assert paths[0].read_bytes() == paths[1].read_bytes()


# --- intake -------------------------------------------------------------------------------------------------

COLUMNS = {
    "order_no": "N-1",
    "customer_id": "mei",
    "product": "会员月卡",
    "kind": "membership",
    "quantity": "1",
    "amount": "25.00",
    "currency": "CNY",
    "channel": "wechat",
    "trade_no": "4200001",
    "paid_at": "2026-08-30 10:00:00",
    "delivery": "pending",
}


def shop_csv(path: Path, *rows: dict[str, str]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({**COLUMNS, **row} for row in rows)
    return str(path)


def test_import_orders(line: Line, tmp_path: Path):
    path = shop_csv(tmp_path / "orders.csv", {}, {"order_no": "N-2", "trade_no": "4200002"})
    tried = line.ask("import-orders", path, "--dry-run")
    assert {"kind", "rows", "imported", "unchanged", "skipped", "errors"} <= set(tried)
    assert (tried["rows"], tried["imported"], tried["errors"]) == (2, 2, [])
    assert line.ask("orders") == []
    assert line.ask("import-orders", path)["imported"] == 2
    again = line.ask("import-orders", path)
    assert (again["imported"], again["unchanged"]) == (0, 2)
    assert "2" in line("import-orders", path).out


def test_a_file_with_a_bad_row_is_told_by_line_and_imports_nothing(line: Line, tmp_path: Path):
    path = shop_csv(tmp_path / "orders.csv", {}, {"order_no": "N-2", "trade_no": "4200002", "amount": "NaN"})
    for language in ("zh_CN", "en"):
        found = line.ask("import-orders", path, "--lang", language, code=1)
        (error,) = found["errors"]
        assert set(error) == {"line", "code", "message"}
        assert error["line"] == 3 and "NaN" in error["message"]
    assert line.ask("orders") == []


def test_check_picture(line: Line, tmp_path: Path):
    good, bad = png(tmp_path / "good.png", "good"), tmp_path / "bad.png"
    bad.write_bytes(b"%!PS not a picture")
    before = line.rows()
    found = line.ask("check-picture", good, str(bad), code=1)
    keys = {"file", "verdict", "code", "width", "height", "sharpness", "sha256", "ms", "warnings"}
    assert [set(one) for one in found] == [keys, keys]
    assert [one["verdict"] for one in found] == ["accepted", "refused"]
    assert found[0]["code"] is None and found[1]["code"] == "not_a_picture"
    assert line("check-picture", good).code == 0
    assert line.rows() == before


# --- upkeep -------------------------------------------------------------------------------------------------


def test_the_clock_moves_in_demo_mode_only(line: Line, monkeypatch: pytest.MonkeyPatch):
    moved = line.ask("clock", "advance", "1w3d4h5m")
    assert moved["now"].startswith("2026-09-11T08:05")
    assert "2026" in line("clock", "set", "2026-10-01T09:30:00+08:00").out
    assert line.ask("clock", "set", "2059-01-01", code=1)["code"] == "clock_outside"
    assert abs(datetime.fromisoformat(line.ask("clock", "reset")["now"]) - datetime.now(UTC)) < timedelta(
        minutes=1
    )
    monkeypatch.delenv("REFUND_DEMO")
    assert line.ask("clock", "advance", "1d", code=1)["code"] == "demo_only"


def test_init_is_idempotent(line_on_both: Line, monkeypatch: pytest.MonkeyPatch):
    line = line_on_both
    monkeypatch.delenv("MAKELEVEL", raising=False)
    line.apply(line.shop.order())
    before = line.rows()
    found = line.ask("init")
    assert found["policy"] == {"version": 1, "name": "standard"}
    assert line.rows() == before
    assert "make run" in line("init").out
    monkeypatch.setenv("MAKELEVEL", "1")
    assert "make run" not in line("init").out, "make goes on by itself"


def test_a_demo_shop(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REFUND_DATABASE_URL", f"sqlite:///{tmp_path}/demo.db")
    added = line.ask("init", "--demo", "80")["demo_orders"]
    orders = line.ask("orders")
    assert len(orders) == added >= 80
    assert len({order["customer_id"] for order in orders}) >= 8
    line("worker", "--until-idle")
    assert line.ask("audit")["clean"]
    assert line.ask("init", "--demo", "80")["demo_orders"] == 0
    assert len(line.ask("orders")) == added


def test_the_audit_tells_what_is_broken(line: Line):
    from sqlalchemy import text

    line.apply(line.shop.order())
    with line.shop.app.begin() as conn:
        conn.execute(text("UPDATE payments SET reserved_minor = 0"))
    found = line.ask("audit", code=1)
    assert found["clean"] is False
    assert all(set(one) == {"invariant", "code", "subject", "detail"} for one in found["findings"])
    said = line("audit", "--lang", "zh_CN")
    assert said.code == 1 and "不符" in said.out


def test_one_round_of_work(line: Line):
    line.apply(line.shop.order())
    assert line.ask("worker", "--once")["done"] >= 1


# --- for every command --------------------------------------------------------------------------------------


def test_json_stands_before_or_after_the_command(line: Line):
    assert line("--json", "orders").json == line("orders", "--json").json == []
    assert line("clock", "--json", "advance", "1h").json.keys() == {"now"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [("REFUND_LANG", "zh_CN"), ("REFUND_LANG", "zh_CN.UTF-8"), ("LANG", "zh_CN.UTF-8"), ("LANG", "C")],
)
def test_the_language_is_the_operators(
    line: Line, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
):
    for name in ("REFUND_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    assert line("orders").out == "没有订单。\n"
    assert line("orders", "--lang", "en").out == "There are no orders.\n"
    for english in ("en", "en_US.UTF-8", "en-GB"):
        monkeypatch.setenv(variable, english)
        assert line("orders").out == "There are no orders.\n"


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_command_has_help(line: Line, language: str):
    listed = line("--help", "--lang", language)
    assert listed.code == 0
    for command in (
        "init", "import-orders", "check-picture", "decide", "compare", "simulate", "orders", "apply", "act",
        "facts", "case", "cases", "publish", "lifecycle", "worker", "audit", "clock",
    ):  # fmt: skip
        assert command in listed.out
        assert line(command, "--help", "--lang", language).code == 0


def test_a_policy_takes_two_people_and_counts_from_its_day(line: Line, tmp_path: Path):
    """R6.3, invariant 13."""
    mine = tmp_path / "mine.toml"
    standard = pinned.TEXT
    mine.write_text(standard.replace('name = "standard"', 'name = "mine"'), encoding="utf-8")
    alone = line("publish", str(mine), "--json", "--author", "mei", "--approver", "mei")
    assert (alone.code, alone.json["code"]) == (1, "same_person")
    for twin in (" Mei ", "ＭＥＩ", "MEI"):
        alone = line("publish", str(mine), "--json", "--author", "mei", "--approver", twin, "--dry-run")
        assert (alone.code, alone.json["code"]) == (1, "same_person"), twin
    checked = line("publish", str(mine), "--json", "--author", "mei", "--approver", "tao", "--dry-run")
    assert (checked.code, checked.json["version"], checked.json["dead"]) == (0, None, [])
    assert (
        line(
            "publish", str(mine), "--json", "--author", "mei", "--approver", "tao", "--from", "2099-01-01"
        ).json["version"]
        == 2
    )
    assert line("init", "--json").json["policy"] == {"version": 1, "name": "standard"}
    assert line("publish", str(mine), "--json", "--author", "mei", "--approver", "tao").json["version"] == 3
    assert line("init", "--json").json["policy"] == {"version": 3, "name": "mine"}


def test_a_rule_that_never_decides_is_named_before_it_is_published(line: Line, tmp_path: Path):
    dead = pinned.TEXT
    dead += '\n[[rules]]\nid = "late"\nwhen = { escrow = true }\nverdict = "review"\nzh = "晚"\nen = "late"\n'
    (tmp_path / "dead.toml").write_text(dead, encoding="utf-8")
    found = line(
        "publish", str(tmp_path / "dead.toml"), "--json", "--author", "a", "--approver", "b", "--dry-run"
    )
    assert found.json["dead"] == ["late"]


def test_a_name_of_any_length_is_no_person(line: Line):
    """It would stand in the append-only events for ever."""
    assert line("act", "R1", "approve", "--as", "reviewer:" + "x" * 101).code == 2
