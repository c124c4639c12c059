"""Money as integer minor units beside an ISO currency: parsing, sharing, rounding. `core.texts` shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from core.domain.errors import AmountInvalid

# ISO 4217 exponents other than two. A currency missing here would be wrong by a factor of a hundred.
_WITHOUT_PARTS = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV")
_IN_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_EXPONENTS: Final = {
    **dict.fromkeys((*_WITHOUT_PARTS, "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(_IN_THOUSANDTHS, 3),
}
_AMOUNT: Final = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]{1,12})(?:\.(?P<part>[0-9]{1,3}))?", re.ASCII)
LARGEST_MINOR: Final = 10**14  # a float64 in a spreadsheet or a browser still holds it exactly


def exponent(currency: str) -> int:
    """Digits after the point: 2 for CNY, 0 for JPY."""
    return _EXPONENTS.get(currency, 2)


def parse_minor(text: str, currency: str = "CNY", *, signed: bool = False) -> int:
    """Minor units of a plain decimal such as `99.90`; `AmountInvalid` for anything else.

    `Decimal` would accept NaN, `1_000` and full-width digits (FACTS), so the pattern is strict. Digits beyond
    the currency's are accepted only when they are zeros ('0.000' in channel bills).
    """
    found = _AMOUNT.fullmatch(text)
    digits = exponent(currency)
    if found is None or (found["sign"] and not signed):
        raise AmountInvalid(text=text[:40])
    part = found["part"] or ""
    if part[digits:].strip("0"):
        raise AmountInvalid(text=text[:40])
    minor = int(found["whole"] + part[:digits].ljust(digits, "0"))
    if minor > LARGEST_MINOR:
        raise AmountInvalid(text=text[:40])
    return -minor if found["sign"] else minor


def plain(minor: int, currency: str = "CNY") -> str:
    """`9990` → `99.90`: for files and machines, never for people."""
    digits = exponent(currency)
    if digits == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}"


def share(minor: int, basis_points: int) -> int:
    """`basis_points` ten-thousandths of `minor`, half away from zero: 5 % of ¥0.50 is 3 fen."""
    product = abs(minor) * abs(basis_points)
    rounded = (product + 5_000) // 10_000
    return rounded if (minor >= 0) == (basis_points >= 0) else -rounded


def allocate(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`total` split in proportion to `weights` (all ≥ 0, not all 0), summing exactly.

    The odd units go to the largest remainders, the first of equals first. With `total <= sum(weights)`
    no part exceeds its weight.
    """
    whole = sum(weights)
    if whole <= 0 or total < 0 or min(weights) < 0:
        raise ValueError("nothing to allocate to")
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[:left]:
        parts[i] += 1
    return tuple(parts)
