"""Lines of the log: what they are about is told, what people wrote is not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from core import logs

WRITTEN = "我的手机号 13812345678"


@pytest.fixture(autouse=True)
def nothing_before() -> Iterator[None]:
    logs.begin()
    handlers = logging.root.handlers[:]
    yield
    logging.root.handlers[:] = handlers
    logs.begin()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_lines_say_what_they_are_about(capsys):
    logs.to_stderr()
    log = structlog.get_logger("x")
    logs.begin(request="R1", page="track")
    with logs.within(case_no="RC1"):
        logs.about(more=1)
        log.info("inside")
    log.info("after")
    logs.begin(request="R2")
    log.info("next")
    told = [{k: v for k, v in line.items() if k not in ("timestamp", "level")} for line in lines(capsys)]
    assert told == [
        {"request": "R1", "page": "track", "case_no": "RC1", "more": 1, "event": "inside"},
        {"request": "R1", "page": "track", "event": "after"},
        {"request": "R2", "event": "next"},
    ]


def test_who_types_a_command_reads_no_lines_of_routine(capsys):
    logs.to_stderr(logging.WARNING)
    structlog.get_logger("x").info("routine")
    structlog.get_logger("x").warning("amiss")
    assert [line["event"] for line in lines(capsys)] == ["amiss"]


def test_every_error_of_a_chain_has_its_place_and_one_line(capsys):
    logs.to_stderr()
    try:
        try:
            raise ValueError(f"first\n{WRITTEN}")
        except ValueError as inner:
            raise RuntimeError("second" * 200) from inner
    except RuntimeError:
        structlog.get_logger("x").exception("accident")
    (line,) = lines(capsys)
    assert "ValueError: first\n" in line["exception"] and WRITTEN not in line["exception"]
    assert line["exception"].index("ValueError") < line["exception"].index("RuntimeError")
    assert len(line["exception"].splitlines()[-1]) < 330


def test_the_servers_below_us_speak_as_we_do(capsys):
    logs.to_stderr()
    own = logging.getLogger("uvicorn.error")
    own.addHandler(logging.StreamHandler())
    logs.take_over()
    logs.take_over()
    logs.begin(request="R1")
    own.error("broken: %s", f"a\n{WRITTEN}")
    own.info("routine")
    (line,) = lines(capsys)
    assert (line["logger"], line["says"], line["request"]) == ("uvicorn.error", "broken: a", "R1")
