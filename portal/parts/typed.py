"""What people type, as the plain characters it stands for: Chinese keyboards write full-width forms.

`１２．５０` and `￥１２，５００` are amounts. Nothing else becomes plain: other scripts' digits, `②` and
`²` stay what they are, and are refused by whoever reads them.
"""

from __future__ import annotations

import re
from typing import Final

# U+FF01–U+FF5E are ASCII's printable characters once more; then the wide space and the wide ¥.
_PLAIN: Final[dict[int, int | str]] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    0x3000: " ",
    0xFFE5: "¥",
}
_IN_THOUSANDS: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", re.ASCII)


def plain(text: object) -> str:
    """`ＯＤ１２３` → `OD123`, without spaces around it. What a forged message holds becomes text as well."""
    return str(text).translate(_PLAIN).strip()


def number(text: object) -> str:
    """`20261124　000237` → `20261124000237`: whoever copies a number by hand parts it to read it."""
    return "".join(plain(text).split())


def amount(text: object) -> str:
    """`￥１２，５００元` → `12500`: without ¥ and 元, and without commas where these part thousands."""
    digits = plain(text).removeprefix("¥").removesuffix("元").strip()
    return digits.replace(",", "") if _IN_THOUSANDS.fullmatch(digits) else digits
