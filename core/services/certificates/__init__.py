"""Refund certificates (R5.7): issued, put into words, checked; and the keys they are signed with."""

from __future__ import annotations

from core.adapters.certificates.sheet import pdf, png
from core.services.certificates.issuing import Checked, Issued, can_issue, check, issue, read, text_in
from core.services.certificates.keys import key_set, public_keys, rotate
from core.services.certificates.words import came_of, sheet

__all__ = [
    "Checked",
    "Issued",
    "came_of",
    "can_issue",
    "check",
    "issue",
    "key_set",
    "pdf",
    "png",
    "public_keys",
    "read",
    "rotate",
    "sheet",
    "text_in",
]
