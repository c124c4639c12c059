"""Who acts: a role and a person. What each may do stands in the lifecycle table and in the guards of the
services.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.domain.lifecycle import ROLES

BUYERS: Final = frozenset({"customer", "guest", "support"})  # they speak for the customer
STAFF: Final = frozenset(ROLES) - {"customer", "guest"}
UNINVOLVED: Final = frozenset({"policy"})  # who writes rules needs nobody's case
REVIEWERS: Final = frozenset({"reviewer", "lead"})


def person(identifier: str) -> str:
    """One spelling for one person: `Mei`, ` mei ` and `ｍｅｉ` are nobody else than `mei`."""
    plain = unicodedata.normalize("NFKC", identifier).casefold()
    return "".join(sign for sign in plain if unicodedata.category(sign) not in ("Cf", "Cc")).strip()


def same_person(one: str, other: str) -> bool:
    """Whether two identifiers name one person (invariant 13)."""
    return person(one) == person(other)


@dataclass(frozen=True, slots=True)
class Actor:
    """`role` is one of lifecycle.ROLES; a guest has no `id` and sees one order only, the one they proved.
    `proved_at`: when they last showed the identity provider who they are; it makes nobody somebody else.
    """

    role: str
    id: str = ""
    order_no: str | None = None
    proved_at: datetime | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"unknown role {self.role!r}")

    def __str__(self) -> str:
        return f"{self.role}:{self.id}"

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    def owns(self, customer_id: str, order_no: str) -> bool:
        """May this actor see what belongs to that customer and order (invariant 12)?"""
        if self.role == "customer":
            return self.id != "" and self.id == customer_id
        if self.role == "guest":
            return self.order_no is not None and self.order_no == order_no
        return self.role not in UNINVOLVED


SYSTEM: Final = Actor("system", "portal")
