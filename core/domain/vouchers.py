"""Vouchers of a negotiated refund (R4.5): their kinds, and their codes as people write them.

Only a code's hash is kept. A code has 94 bits by chance, so it needs no key and no slow hash: whoever tries a
million million a second finds one of a million in three hundred years.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from core.domain.errors import CodeMistyped

# `redeem_code`: becomes balance of whoever enters it; `discount`: is taken off one membership.
KINDS: Final = ("redeem_code", "discount")
STATES: Final = ("open", "redeemed", "expired")
EVENTS: Final = ("issued", "shown", "renewed", "redeemed", "expired")
FOR: Final = "membership"  # the kind of product that a discount is for

# No 0 and O, no 1, I and L. Their number is a prime: see `_check`.
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH, GROUP, TAIL = 20, 5, 4
LONGEST_TYPED: Final = 200  # characters, with whatever stands between them
_VALUE: Final = {sign: value for value, sign in enumerate(ALPHABET)}


def make(below: Callable[[int], int]) -> str:
    """A new code without its hyphens; `below(n)` is a whole number from 0 to n - 1, by chance."""
    drawn = [below(len(ALPHABET)) for _ in range(LENGTH - 1)]
    return "".join(ALPHABET[value] for value in (*drawn, _check(drawn)))


def _check(values: Sequence[int]) -> int:
    """The last sign: with the weights 1 to 20, the sum is a multiple of 31.

    No weight and no difference of two is one, so a wrong sign, or two that changed places, always shows.
    """
    total = sum(weight * value for weight, value in enumerate(values, 1))
    return -total * pow(LENGTH, -1, len(ALPHABET)) % len(ALPHABET)


def read(text: str) -> str:
    """What somebody typed, as a code; `CodeMistyped` where it can be none."""
    if len(text) > LONGEST_TYPED:
        raise CodeMistyped()
    plain = re.sub(r"[\s\-‐-―]", "", unicodedata.normalize("NFKC", text)).upper()
    values = [_VALUE.get(sign, -1) for sign in plain]
    if len(values) != LENGTH or -1 in values or _check(values[:-1]) != values[-1]:
        raise CodeMistyped()
    return plain


def spelled(code: str) -> str:
    """`ABCDE-FGHJK-…`, for reading and typing."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def digest(code: str) -> str:
    return hashlib.sha256(f"voucher:{code}".encode()).hexdigest()


def tail(code: str) -> str:
    """Enough to tell one code from another by."""
    return code[-TAIL:]
