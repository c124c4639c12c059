"""The mapping file: how another shop's columns and words become ours. TOML; docs/import.md shows it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from core.domain.errors import FileMissing, MappingInvalid
from core.domain.facts import CHANNELS, DELIVERIES, KINDS
from core.domain.slips import Slip, not_toml

# For reading refunds only; an import of orders leaves them alone.
REFUND_COLUMNS: Final = ("refund_no", "refund_amount", "refunded_at", "refund_status")
COLUMNS: Final = (
    "order_no", "customer_id", "customer_name", "product", "kind", "quantity", "amount", "currency",
    "channel", "trade_no", "account", "account_open", "paid_amount", "paid_at", "completed_at",
    "delivery", "delivery_at", "escrow", "charged_currency", "charged_amount",
    *REFUND_COLUMNS,
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
_FLAGS: Final = ("escrow", "account_open")
_SECTIONS: Final = ("columns", "values", "defaults", "skip", "refund")
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
    empty cell stands for; `skip`: their column → values whose rows are left out; `refund`: their column →
    values of which one must stand there for a row to be a refund."""

    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    skip: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refund: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def theirs(self, column: str) -> str:
        """What the file calls our `column`."""
        return self.columns.get(column, column)

    def named(self, column: str) -> str:
        """Our `column`, with what the file calls it in front where that differs."""
        theirs = self.theirs(column)
        return column if theirs == column else f"{theirs} ({column})"

    def words(self, column: str) -> dict[str, str]:
        """The words that may stand in `column`, with ours for each."""
        return {**WORDS[column], **self.values.get(column, {})}

    @classmethod
    def load(cls, path: Path) -> Mapping:
        """`FileMissing`, or `MappingInvalid(problems=[…])` with a `Slip` for every place that is wrong."""
        try:
            content = path.read_bytes()
        except OSError:
            raise FileMissing(file=str(path)) from None
        try:
            text = _text(content)
        except UnicodeDecodeError:
            raise MappingInvalid(problems=[Slip("not_utf8").as_dict()]) from None
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Mapping:
        """`load` of a document's text."""
        try:
            raw = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise MappingInvalid(problems=[not_toml(text, error).as_dict()]) from None
        problems = [
            Slip("unknown", name, allowed=", ".join(_SECTIONS)) for name in raw if name not in _SECTIONS
        ]
        columns = _texts(raw.get("columns", {}), "columns", problems)
        defaults = _texts(raw.get("defaults", {}), "defaults", problems)
        values = {}
        for column, words in _table(raw.get("values", {}), "values", problems).items():
            if column not in WORDS:
                problems.append(Slip("unknown", f"values.{column}", allowed=", ".join(WORDS)))
                continue
            values[column] = _texts(words, f"values.{column}", problems)
            known = set(WORDS[column].values())
            for word, ours in values[column].items():
                if ours not in known:
                    allowed = ", ".join(sorted(known))
                    problems.append(Slip("choice", f"values.{column}.{word}", value=ours, allowed=allowed))
        for column, word in defaults.items():
            known_words = {**WORDS.get(column, {}), **values.get(column, {})}
            said = word.lower() if column in _FLAGS else word
            if column in WORDS and said and said not in known_words:
                allowed = ", ".join(sorted(set(WORDS[column].values())))
                problems.append(Slip("choice", f"defaults.{column}", value=word, allowed=allowed))
        skip = _lists(raw.get("skip", {}), "skip", problems)
        refund = _lists(raw.get("refund", {}), "refund", problems)
        problems += [
            Slip("unknown", f"{section}.{name}", allowed=", ".join(COLUMNS))
            for section, names in (("columns", columns), ("defaults", defaults))
            for name in names
            if name not in COLUMNS
        ]
        problems += [
            Slip("secret", f"columns.{ours}", value=theirs)
            for ours, theirs in columns.items()
            if theirs.strip().lower() in SECRETS
        ]
        if problems:
            raise MappingInvalid(problems=[slip.as_dict() for slip in problems])
        return cls(columns, values, defaults, skip, refund)


def _text(content: bytes) -> str:
    """UTF-8, or GB18030 as a Chinese Windows writes it: the same two as the files that it maps."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    return text.replace("\r\n", "\n")


def _table(raw: Any, place: str, problems: list[Slip]) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    problems.append(Slip("section", place))
    return {}


def _lists(raw: Any, place: str, problems: list[Slip]) -> dict[str, tuple[str, ...]]:
    """Lists of values as text, by column."""
    found = {}
    for name, values in _table(raw, place, problems).items():
        if isinstance(values, list):
            found[name] = tuple(str(value) for value in values)
        else:
            problems.append(Slip("list", f"{place}.{name}"))
    return found


def _texts(raw: Any, place: str, problems: list[Slip]) -> dict[str, str]:
    """Plain values of a table as text, so that `4 = "…"` and `"4" = 1` are both understood."""
    found = {}
    for name, value in _table(raw, place, problems).items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            found[name] = str(value)
        elif isinstance(value, bool):
            found[name] = "1" if value else "0"
        else:
            problems.append(Slip("text", f"{place}.{name}"))
    return found
