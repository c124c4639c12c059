"""Lines of the log that are about cases, and about errors of the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError

from core import logs, worker
from core.adapters.tables import contacts
from core.domain.actors import Actor
from core.services import timers

WRITTEN = "我的手机号 13812345678"


@pytest.fixture(autouse=True)
def nothing_before() -> Iterator[None]:
    logs.begin()
    yield
    logs.begin()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    "statement",
    [
        insert(contacts).values(customer_id=WRITTEN, mail=None),  # refused by the row's rule
        text("SELECT :words FROM nowhere").bindparams(words=WRITTEN),
    ],
    ids=["row", "statement"],
)
def test_an_error_of_the_database_tells_nothing_that_people_wrote(shop, capsys, statement):
    logs.to_stderr()
    try:
        with shop.app.begin() as conn:
            conn.execute(statement)
    except SQLAlchemyError as error:
        assert statement.is_insert or WRITTEN not in str(error)
        structlog.get_logger("x").exception("accident", exc_info=error)
    (line,) = lines(capsys)
    assert "13812345678" not in json.dumps(line, ensure_ascii=False)
    assert "test_lines.py" in line["exception"] and "Error" in line["exception"]


def test_what_a_worker_does_for_a_case_bears_its_number(shop, monkeypatch, capsys):
    case = shop.apply(shop.order(("alipay", 10_000)), 1_000)
    monkeypatch.setattr(timers, "due_numbers", lambda *_: [case.case_no])
    monkeypatch.setattr(timers, "run_due", lambda *_: 1 / 0)
    logs.to_stderr()
    worker.run_once(shop.app, "w1")
    put_off = next(line for line in lines(capsys) if line["event"] == "case_put_off")
    assert (put_off["case_no"], put_off["worker"]) == (case.case_no, "w1")
    assert "case_no" not in logs.told()


def test_a_command_is_told_with_its_case(shop, capsys):
    logs.to_stderr()
    logs.begin(request="R1")
    customer = Actor("customer", "c1")
    sent = shop.apply(shop.order(("alipay", 10_000), customer="c1"), 1_000, actor=customer)
    done = [line for line in lines(capsys) if line["event"] == "done"]
    assert {line["request"] for line in done} == {"R1"}
    assert sent.case_no in {line.get("case_no") for line in done}
