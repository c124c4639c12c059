"""What somebody on the telephone says, as search terms: numbers and names, amounts, days and times."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from core.domain.errors import AmountInvalid
from core.domain.money import parse_minor
from core.domain.workdays import ZONE

LONGEST: Final = 200  # characters that are looked at
LONGEST_NUMBER: Final = 64  # characters of an order, trade, refund or case: more are of none
_DAY: Final = re.compile(r"(?:(20\d\d)[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?")
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?")
_MONEY: Final = re.compile(r"(?:[¥￥]|CN¥|RMB)?(\d{1,9}(?:\.\d{1,2})?)(元|块)?")
# With commas as we print it ourselves; `100,200` alone may be two numbers.
_GROUPED: Final = re.compile(r"(?<![\d.,])([¥￥])?(\d{1,3}(?:,\d{3})+)(\.\d{1,2})?(元|块)?(?![\d.,])")
# Days as they are said; so many back from today.
_BACK: Final = {"今天": 0, "昨天": 1, "前天": 2, "today": 0, "yesterday": 1}


@dataclass(frozen=True, slots=True)
class Asked:
    """`words`: parts of numbers or names; `amounts` in minor units; `days` and `times` in Shanghai. A plain
    number may be a word and an amount: both are tried.
    """

    words: tuple[str, ...] = ()
    amounts: tuple[int, ...] = ()
    days: tuple[date, ...] = ()
    times: tuple[time, ...] = field(default=())
    either: tuple[tuple[str, int], ...] = ()  # (word, amount) of a plain number

    @property
    def is_empty(self) -> bool:
        return not (self.words or self.amounts or self.days or self.times or self.either)


def is_number(told: str) -> bool:
    """Whether something of ours may have this number: what is longer need not be looked for."""
    return len(told) <= LONGEST_NUMBER


def read(text: str, now: datetime) -> Asked:
    """The terms in `text`. A day without a year is the latest that is not after `now`."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).replace("\0", " ")
    plain = _GROUPED.sub(_ungrouped, plain)
    words: list[str] = []
    amounts: list[int] = []
    days: list[date] = []
    times: list[time] = []
    either: list[tuple[str, int]] = []
    for token in re.split(r"[\s,，;；、]+", plain):
        if not token:
            continue
        if clock := _TIME.fullmatch(token):
            times.append(time(int(clock[1]), int(clock[2])))
        elif (back := _BACK.get(token.lower())) is not None:
            days.append(now.astimezone(ZONE).date() - timedelta(days=back))
        elif (found := _DAY.fullmatch(token)) and (day := _day(found, now)) is not None:
            days.append(day)
        elif money := _MONEY.fullmatch(token):
            minor = _minor(money[1])
            if money[2] or not token[0].isdigit() or "." in token:
                amounts.append(minor)
            else:
                either.append((token, minor))
        else:
            words.append(token)
    return Asked(tuple(words), tuple(amounts), tuple(days), tuple(times), tuple(either))


def _ungrouped(found: re.Match[str]) -> str:
    return found[0].replace(",", "") if found[1] or found[3] or found[4] else found[0]


def _minor(text: str) -> int:
    try:
        return parse_minor(text)
    except AmountInvalid:
        return 0


def _day(found: re.Match[str], now: datetime) -> date | None:
    today = now.astimezone(ZONE).date()
    try:
        day = date(int(found[1] or today.year), int(found[2]), int(found[3]))
    except ValueError:
        return None
    if found[1] is None and day > today + timedelta(days=1):
        return day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else None
    return day
