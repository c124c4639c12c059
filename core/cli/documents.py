"""Documents given to a command: a policy by name or file, the facts of an order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.cli.answer import Usage
from core.domain.errors import FactsInvalid, PolicyInvalid
from core.domain.slips import Slip

if TYPE_CHECKING:
    from core.domain.facts import Facts
    from core.domain.policy import Policy
    from core.texts import Texts

LARGEST_FILE: Final = 5_000_000  # bytes of a facts or policy file; a real one has a few thousand


def title(policy: Policy, tx: Texts) -> str:
    return policy.titles["en" if tx.language == "en" else "zh"]


def facts(name: str) -> Facts:
    """The facts of a file; `-` is standard input."""
    from core.domain.facts import Facts

    try:
        data = json.loads(_text(name))
        slips = list(_wrong_names(data))
        if not slips:
            found = Facts.from_dict(data)
            if found.paid_at <= found.at:
                return found
            slips = [Slip("paid_later", "paid_at")]
    except RecursionError:
        slips = [Slip("too_deep")]
    except UnicodeDecodeError:
        slips = [Slip("not_utf8")]
    except json.JSONDecodeError as error:
        slips = [Slip("not_json", line=error.lineno, column=error.colno)]
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        slips = [Slip("fact", problem=str(error)[:300])]
    raise FactsInvalid(problem=[slip.as_dict() for slip in slips]) from None


def _wrong_names(data: Any) -> Iterator[Slip]:
    """Facts that nobody knows and facts that are missing, of the order and of its payments."""
    from core.domain.facts import Facts, Tender

    tenders = data.get("tenders") if isinstance(data, dict) else None
    parts: list[tuple[str, Any, type]] = [("", data, Facts)]
    if isinstance(tenders, list):
        parts += [(f"tenders.{number}.", each, Tender) for number, each in enumerate(tenders, 1)]
    for place, part, kind in parts:
        if not isinstance(part, dict):
            yield Slip("fact", problem=f"{place or 'JSON'}: {{…}}")
            continue
        known = {field.name: field.default is MISSING for field in fields(kind)}
        for name in part.keys() - known.keys():
            yield Slip("unknown", f"{place}{name}"[:60], allowed=", ".join(known))
        for name, is_needed in known.items():
            if is_needed and name not in part:
                yield Slip("fact_missing", f"{place}{name}")


def policy(name: str) -> Policy:
    """A shipped policy by its name, or the document of a file."""
    return loaded(document(name))


def loaded(text: str) -> Policy:
    from core.domain.policy import load

    return load(text)


def document(name: str) -> str:
    from core.domain.policy import SHIPPED, shipped

    if name in SHIPPED:
        return shipped(name)
    try:
        return _text(name)
    except UnicodeDecodeError:
        raise PolicyInvalid(problems=[{"code": "not_utf8", "place": ""}]) from None
    except FileNotFoundError:
        if name.isidentifier():  # no path: a name was meant
            raise Usage("cli.usage.policy", value=name[:40], shipped=", ".join(SHIPPED)) from None
        raise


def _text(name: str) -> str:
    if name == "-":
        return sys.stdin.read(LARGEST_FILE)
    with Path(name).open("rb") as file:
        return file.read(LARGEST_FILE).decode("utf-8-sig")
