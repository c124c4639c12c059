"""How a cell of numbers is written by hand: `≤ 500`, `< 0`, `1 – 3`, `7`, `1, 3, 5`, `> 1 < 5`.

What is shown reads back as the same test. Signs as they are typed and words of both languages are understood:
`<= 500`, `至多 500`, `at most 500`, `1 到 3`, `¥1,000`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

_SIGNS: Final = {"up_to": "≤", "at_least": "≥", "below": "<", "above": ">", "to": "≤", "from": "≥"}
_ALIASES: Final = {"<=": "up_to", ">=": "at_least", "<": "below", ">": "above"}
_SPELLED: Final = {
    "≤": "up_to", "<=": "up_to", "=<": "up_to", "不超过": "up_to", "至多": "up_to", "最多": "up_to",
    "up to": "up_to", "at most": "up_to",
    "≥": "at_least", ">=": "at_least", "=>": "at_least", "至少": "at_least", "不少于": "at_least",
    "at least": "at_least",
    "<": "below", "小于": "below", "少于": "below", "低于": "below", "below": "below", "under": "below",
    ">": "above", "大于": "above", "超过": "above", "高于": "above", "above": "above", "over": "above",
    "=": "is", "等于": "is",
}  # fmt: skip
_NUMBER: Final = r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
_SIGN: Final = "|".join(re.escape(each) for each in sorted(_SPELLED, key=len, reverse=True))
_COMPARED: Final = re.compile(rf"[\s,;]*(?:且|和|and|&)?\s*({_SIGN})\s*({_NUMBER})", re.IGNORECASE)
_RANGE: Final = re.compile(
    rf"(?:从|from)?\s*({_NUMBER})\s*(?:-|~|到|至|to|\.\.)\s*({_NUMBER})", re.IGNORECASE
)
_LIST: Final = re.compile(rf"({_NUMBER})(?:\s*(?:、|/|;|,\s|,(?![0-9]{{3}}(?![0-9]))|\bor\b|或)\s*|$)")
_DASHES: Final = str.maketrans({"−": "-", "–": "-", "—": "-", "～": "~", "，": ", ", "〜": "~"})
_UNITS: Final = re.compile(r"[¥￥元天次分笔]")


class Unreadable(ValueError):
    """What was typed is none of the forms."""


def shown(raw: Any, *, hundredths: bool = False) -> str | None:
    """A test of a document as a cell shows it; None for no test. What is no test of numbers, as it stands."""
    if raw is None:
        return None

    def number(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError
        if not hundredths:
            return str(value)
        return f"{Decimal(value) / 100:.2f}".removesuffix(".00")

    try:
        if isinstance(raw, list):
            return ", ".join(map(number, raw))
        if not isinstance(raw, Mapping):
            return number(raw)
        bounds = {_ALIASES.get(str(word), str(word)): number(bound) for word, bound in raw.items()}
        if set(bounds) == {"from", "to"}:
            return f"{bounds['from']} – {bounds['to']}"
        return " ".join(f"{_SIGNS[word]} {bound}" for word, bound in bounds.items())
    except (TypeError, KeyError):
        return str(raw)


def read(typed: str, *, hundredths: bool = False) -> Any:
    """The test that was typed, as a document has it; None for nothing; `Unreadable`."""
    text = unicodedata.normalize("NFKC", typed.replace("～", "~")).translate(_DASHES)
    text = " ".join(_UNITS.sub("", text).split())
    if not text:
        return None

    def number(written: str) -> int:
        try:
            value = Decimal(written.replace(",", "")) * (100 if hundredths else 1)
        except InvalidOperation:
            raise Unreadable(typed) from None
        if value != int(value) or abs(value) >= 10**15:
            raise Unreadable(typed)
        return int(value)

    if span := _RANGE.fullmatch(text):
        return {"from": number(span[1]), "to": number(span[2])}
    if re.fullmatch(_NUMBER, text):
        return number(text)
    compared = list(_COMPARED.finditer(text))
    if compared and "".join(each[0] for each in compared) == text:
        words = [_SPELLED[str(each[1]).lower()] for each in compared]
        if words == ["is"]:
            return number(compared[0][2])
        if len(set(words)) < len(words) or "is" in words:
            raise Unreadable(typed)
        return {word: number(each[2]) for word, each in zip(words, compared, strict=True)}
    several = list(_LIST.finditer(text))
    if several and "".join(each[0] for each in several) == text:
        return [number(each[1]) for each in several]
    raise Unreadable(typed)
