"""`reconcile`: for people and for scripts, and its exit codes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from core.domain.workdays import ZONE
from core.services import reconciliation
from tests.core.cli.conftest import CommandLine
from tests.core.services.test_reconciliation import external, put_right
from tests.ledgers import bill_of
from tests.shop import FINANCE

NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)


def planted(line: CommandLine, folder: Path) -> Path:
    order_no = line.shop.order()
    return bill_of(folder / "bill.csv", [external(line.shop, order_no)], NOW)


def test_findings_then_the_same_bill_then_clean(line_on_both: CommandLine, tmp_path: Path) -> None:
    """DESIGN 6: exit code 1 while people still have to see to something, 0 when they have."""
    line = line_on_both
    path = str(planted(line, tmp_path))
    found = line.ask("reconcile", path, code=1)
    assert set(found) == {
        "bill", "kind", "channel", "covers", "new", "refunds", "matched", "found", "waiting", "differences",
    }  # fmt: skip
    assert (found["kind"], found["channel"], found["new"]) == ("alipay_merchant", "alipay", True)
    assert (found["refunds"], found["matched"]) == (1, 0)
    assert {kind: n for kind, n in found["waiting"].items() if n} == {"only_theirs": 1}
    [difference] = found["differences"]
    assert (difference["owner"], difference["state"], difference["theirs_minor"]) == (
        "finance",
        "open",
        3_000,
    )
    assert difference["correction"] == {
        "lines": [
            {"account": "contra_revenue:refunds", "amount_minor": 3_000},
            {"account": "assets:channel:alipay", "amount_minor": -3_000},
        ],
        "takes_up_minor": 3_000,
    }
    before = line.rows()
    again = line.ask("reconcile", path, code=1)
    assert line.rows() == before
    assert again == {**found, "new": False}
    put_right(line.shop, "only_theirs")
    after = line.ask("reconcile", path)
    assert after["differences"] == [] and after["found"]["only_theirs"] == 1
    assert line.ask("audit")["clean"]


def test_people_read_what_does_not_fit_and_what_to_do(line: CommandLine, tmp_path: Path) -> None:
    path = str(planted(line, tmp_path))
    done = line("reconcile", path)
    assert done.code == 1 and "Only in the bill: 1" in done.out and "CONSOLE-1" in done.out
    assert "¥30.00" in done.out and "another person posts" in done.out
    said = line("reconcile", path, "--lang", "zh_CN")
    assert said.code == 1 and "什么也没有变" in said.out and "只有渠道有" in said.out


def test_what_is_refused_changes_nothing(line: CommandLine, tmp_path: Path) -> None:
    letter = tmp_path / "letter.csv"
    letter.write_text("hello")
    before = line.rows()
    assert line.ask("reconcile", str(letter), code=1)["code"] == "bill_unknown"
    assert line.ask("reconcile", str(tmp_path / "none.csv"), code=1)["code"] == "file_missing"
    table = tmp_path / "table.csv"
    table.write_text("金额,时间,号\n1.00,2026-09-01 10:00:00,X1\n")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[columns]\nrefund_amount = "金额"\nrefunded_at = "时间"\nrefund_no = "号"\n')
    assert (
        line.ask("reconcile", str(table), "--mapping", str(mapping), code=1)["code"] == "bill_of_no_channel"
    )
    assert line.rows() == before
    assert line("reconcile").code == 2
    assert line("reconcile", str(table), "--maping", "x").code == 2


def test_a_mapping_names_the_columns_and_the_channel(line: CommandLine, tmp_path: Path) -> None:
    order_no = line.shop.order()
    trade_no = line.shop.payment(order_no).trade_no
    table = tmp_path / "table.csv"
    table.write_text(f"金额,时间,号,交易\n12.00,{NOW.astimezone(ZONE):%Y-%m-%d %H:%M:%S},X1,{trade_no}\n")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[columns]\nrefund_amount = "金额"\nrefunded_at = "时间"\nrefund_no = "号"\ntrade_no = "交易"\n'
        '[defaults]\nchannel = "alipay"\n'
    )
    found = line.ask("reconcile", str(table), "--mapping", str(mapping), code=1)
    assert (found["kind"], found["channel"], found["waiting"]["only_theirs"]) == ("generic_csv", "alipay", 1)
    [it], _ = reconciliation.listing(line.shop.app, FINANCE, "only_theirs", "open")
    assert it.found.payment_id == line.shop.payment(order_no).id
