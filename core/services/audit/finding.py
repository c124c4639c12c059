"""What the audit reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A breach of `invariant`: `code` says of which kind, `subject` where (a case, a payment …), `detail` the
    figures.
    """

    invariant: int
    code: str
    subject: str
    detail: str = ""


def body_of(text: str) -> dict[str, Any]:
    """An event's body; {} when somebody has put something else there: the audit goes on and the hash
    tells.
    """
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
