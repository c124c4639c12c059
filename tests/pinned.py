"""The standard policy of the tests: a fixture, so that what ships can be changed freely.

A figure that the code learned since the fixture was written is as in what ships.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.adapters.tables import from_micros
from core.adapters.world import App
from core.domain import policy
from core.services import policy_publishing


def _document() -> dict[str, Any]:
    text = (Path(__file__).parent / "fixtures" / "policies" / "standard.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    for name, figures in tomllib.loads(policy.shipped("standard")).items():
        if isinstance(figures, dict):
            found[name] = figures | found.get(name, {})
    return found


def written(document: dict[str, Any]) -> str:
    """A policy as its author writes it: plain values first, then sections and rules."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: dict[str, Any]) -> Iterator[str]:
    plain = {name: value for name, value in document.items() if not _is_section(value)}
    yield from (f"{name} = {_value(value)}" for name, value in plain.items())
    for name, value in document.items():
        if name in plain:
            continue
        for table in [value] if isinstance(value, dict) else value:
            yield f"\n[{name}]" if isinstance(value, dict) else f"\n[[{name}]]"
            yield from (f"{_key(key)} = {_value(inner)}" for key, inner in table.items())


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return json.dumps(value, ensure_ascii=False)


DOCUMENT = _document()
TEXT = written(DOCUMENT)
POLICY = policy.load(TEXT)


def publish(app: App) -> None:
    """In force from the beginning, as the shipped policy would be."""
    with app.begin() as conn:
        policy_publishing.publish(
            app, conn, TEXT, author="author", approved_by="approver", in_force_from=from_micros(0)
        )
