"""`person`: shown, copied into a file of one's own, erased by somebody."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from typing import Any

import pytest

Line = Any  # the fixture's CommandLine


def test_what_is_held_and_what_erasure_would_do(line: Line):
    line.apply(line.shop.order(customer="mei"))
    told = line.ask("person", "mei")
    assert told["orders"] == {"rows": 1, "erasure": "books"}
    assert told["customers"]["erasure"] == "emptied"


def test_the_copy_is_for_nobody_else_and_over_nothing(line: Line, tmp_path):
    line.apply(line.shop.order(customer="mei"))
    path = tmp_path / "mei.zip"
    told = line.ask("person", "mei", "--copy", str(path))
    assert told["rows"]["orders"] == 1
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with zipfile.ZipFile(path) as packed:
        assert json.loads(packed.read("data.json"))["customer_id"] == "mei"
    before = path.read_bytes()
    told = line.ask("person", "mei", "--copy", str(path), code=1)
    assert (told["code"], told["file"]) == ("file_exists", str(path))
    assert path.read_bytes() == before


def test_of_nobody_no_file_is_left(line: Line, tmp_path):
    path = tmp_path / "nobody.zip"
    told = line.ask("person", "nobody", "--copy", str(path), code=1)
    assert told["code"] == "not_found" and not path.exists()


def test_erased_by_somebody(line: Line):
    sent = line.apply(line.shop.order(customer="mei"))
    erase = ("person", "mei", "--erase", "--as", "lead:tang-wei")
    told = line.ask(*erase, code=1)
    assert told["code"] == "cases_under_way" and told["cases"] == [sent["case_no"]]
    line("worker", "--until-idle")
    line("clock", "advance", "5d")
    line("worker", "--until-idle")
    told = line.ask(*erase)
    assert told["stays"]["case_events"]["erasure"] == "log"


@pytest.mark.parametrize(
    "words", [(), ("mei", "--order", "OD1"), ("mei", "--erase"), ("mei", "--as", "lead:tang-wei")]
)
def test_half_a_question_is_usage(line: Line, words):
    assert line.ask("person", *words, code=2)["code"] == "usage"
