"""A small shop and its command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from core.cli import main
from tests.shop import Shop, open_shop

NOON = "2026-09-01T12:00"  # in Shanghai; the calendar of 2026 is published


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one value on stdout."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """`line("orders", "--json")` runs `python -m core orders --json` on the shop's database."""

    shop: Shop
    read: Callable[[], Any]

    def __call__(self, *words: str) -> Done:
        self.read()
        code = main(words)
        captured = self.read()
        return Done(code, captured.out, captured.err)

    def ask(self, *words: str, code: int = 0) -> Any:
        """The JSON answer of a command that ends with `code`."""
        done = self("--json", *words)
        assert done.code == code, (done.out, done.err)
        return done.json

    def apply(self, order_no: str, amount: str = "10000", *more: str, code: int = 0) -> Any:
        words = ["apply", "--order", order_no, "--reason", "not_delivered", "--amount-minor", amount]
        return self.ask(*words, "--customer", "mei", *more, code=code)

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = inspect(self.shop.app.engine).get_table_names()
        with self.shop.app.read() as conn:
            return {
                name: conn.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in tables
            }


@pytest.fixture
def open_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], CommandLine]:
    """The command line in demo mode at noon of 1 September 2026, on a shop in the database of a URL."""

    def opened(url: str) -> CommandLine:
        monkeypatch.setenv("REFUND_DATABASE_URL", url)
        monkeypatch.setenv("REFUND_STORE_URL", (tmp_path / "evidence").as_uri())
        monkeypatch.setenv("REFUND_DEMO", "1")
        monkeypatch.setenv("REFUND_LANG", "en")
        monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
        found = CommandLine(open_shop(url, tmp_path / "evidence"), capsys.readouterr)
        assert found("clock", "set", NOON).code == 0
        return found

    return opened


@pytest.fixture
def line(sqlite_url: str, open_line: Callable[[str], CommandLine]) -> CommandLine:
    return open_line(sqlite_url)


@pytest.fixture
def line_on_both(database_url: str, open_line: Callable[[str], CommandLine]) -> CommandLine:
    """The same test on SQLite and on PostgreSQL."""
    return open_line(database_url)
