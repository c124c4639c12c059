"""The mapping file: how another shop's columns and words become ours. TOML; docs/import.md shows it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from core.domain.errors import FileMissing, MappingInvalid
from core.domain.facts import CHANNELS, DELIVERIES, KINDS

COLUMNS: Final = (
    "order_no", "customer_id", "customer_name", "product", "kind", "quantity", "amount", "currency",
    "channel", "trade_no", "account", "account_open", "paid_amount", "paid_at", "completed_at",
    "delivery", "delivery_at", "escrow", "charged_currency", "charged_amount",
)  # fmt: skip
_FLAG: Final = {
    **dict.fromkeys(("0", "no", "false", "否"), "0"),
    **dict.fromkeys(("1", "yes", "true", "是"), "1"),
}
WORDS: Final[dict[str, dict[str, str]]] = {
    "kind": {name: name for name in KINDS},
    "delivery": {name: name for name in DELIVERIES},
    "channel": {name: name for name in CHANNELS},
    "escrow": _FLAG,
    "account_open": _FLAG,
}
# Where shops keep card codes, passwords and what the customer typed: never read, whatever a mapping says.
SECRETS: Final = frozenset(
    {
        "info", "secret", "carmi", "carmis", "card", "cards", "card_secret", "card_secrets", "卡密", "卡号",
        "密码", "password", "search_pwd", "guest_password", "widget", "code", "codes",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Mapping:
    """`columns`: ours → theirs; `values`: our column → their word → ours; `defaults`: our column → what an
    empty cell stands for; `skip`: their column → values whose rows are left out."""

    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    skip: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def theirs(self, column: str) -> str:
        """What the file calls our `column`."""
        return self.columns.get(column, column)

    def words(self, column: str) -> dict[str, str]:
        """The words that may stand in `column`, with ours for each."""
        return {**WORDS[column], **self.values.get(column, {})}

    @classmethod
    def load(cls, path: Path) -> Mapping:
        """`FileMissing`, or `MappingInvalid(problems=[…])` with every place that is wrong."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError:
            raise FileMissing(file=str(path)) from None
        except UnicodeDecodeError:
            raise MappingInvalid(problems=["not UTF-8"]) from None
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Mapping:
        """`load` of a document's text."""
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise MappingInvalid(problems=[f"not TOML: {error}"]) from None
        problems = [f"[{name}]: unknown; there are columns, values, defaults, skip"
                    for name in raw if name not in ("columns", "values", "defaults", "skip")]  # fmt: skip
        columns = _texts(raw.get("columns", {}), "columns", problems)
        defaults = _texts(raw.get("defaults", {}), "defaults", problems)
        values = {}
        for column, words in _table(raw.get("values", {}), "values", problems).items():
            if column not in WORDS:
                problems.append(f"[values.{column}]: only {', '.join(WORDS)} have words")
                continue
            values[column] = _texts(words, f"values.{column}", problems)
            known = set(WORDS[column].values())
            for word, ours in values[column].items():
                if ours not in known:
                    problems.append(
                        f"[values.{column}] {word}: {ours!r} is not one of {', '.join(sorted(known))}"
                    )
        skip = {}
        for name, left_out in _table(raw.get("skip", {}), "skip", problems).items():
            if isinstance(left_out, list):
                skip[name] = tuple(str(value) for value in left_out)
            else:
                problems.append(f'[skip] {name}: a list of values, such as ["-1", "1"]')
        problems += [
            f"{name}: not one of our columns" for name in (*columns, *defaults) if name not in COLUMNS
        ]
        problems += [
            f"[columns] {ours}: {theirs!r} may hold card codes or passwords and is never read"
            for ours, theirs in columns.items()
            if theirs.strip().lower() in SECRETS
        ]
        if problems:
            raise MappingInvalid(problems=problems)
        return cls(columns, values, defaults, skip)


def _table(raw: Any, place: str, problems: list[str]) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    problems.append(f"[{place}]: a table")
    return {}


def _texts(raw: Any, place: str, problems: list[str]) -> dict[str, str]:
    """Plain values of a table as text, so that `4 = "…"` and `"4" = 1` are both understood."""
    found = {}
    for name, value in _table(raw, place, problems).items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            found[name] = str(value)
        elif isinstance(value, bool):
            found[name] = "1" if value else "0"
        else:
            problems.append(f"[{place}] {name}: a text")
    return found
