"""Times in bills and exports: what a channel, a shop or a spreadsheet writes, read as Shanghai's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final

from core.adapters.bills.cells import Unfit
from core.domain.workdays import ZONE

_EPOCH_THERE: Final = datetime(1970, 1, 1)  # a naive time is Shanghai's
_SHANGHAI: Final = timedelta(hours=8)
_MICROSECOND: Final = timedelta(microseconds=1)
_EARLIEST: Final = 946_684_800_000_000  # 2000-01-01
_LATEST: Final = 4_102_444_800_000_000  # 2100-01-01
_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CLOCK: Final = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_LOOSE: Final = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?)?",
    re.ASCII,
)


class _Days(dict[str, int]):
    """`2026-11-20` → its midnight in Shanghai. Only dates of this century are kept, so it stays small."""

    def __missing__(self, text: str) -> int:
        if _DAY.fullmatch(text) is None:
            raise ValueError(text)
        found = datetime.fromisoformat(text) - _SHANGHAI - _EPOCH_THERE
        self[text] = micros = found // _MICROSECOND
        return micros


class _Clocks(dict[str, int]):
    """`17:58:03` → microseconds since midnight."""

    def __missing__(self, text: str) -> int:
        if _CLOCK.fullmatch(text) is None:
            raise ValueError(text)
        found = time.fromisoformat(text)
        self[text] = micros = (found.hour * 3600 + found.minute * 60 + found.second) * 1_000_000
        return micros


DAYS: Final = _Days()
CLOCKS: Final = _Clocks()


def instant(text: str, column: str) -> int:
    """Microseconds since 1970 of `2026-11-20 17:58:03`, ISO 8601, or what a spreadsheet makes of it."""
    if len(text) == 19 and text[10] == " ":  # nearly all: two look-ups are three times faster
        try:
            return DAYS[text[:10]] + CLOCKS[text[11:]]
        except ValueError:
            pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _loose(text, column)
    try:
        there = found if found.tzinfo is None else found.astimezone(ZONE).replace(tzinfo=None)
        micros = (there - _SHANGHAI - _EPOCH_THERE) // _MICROSECOND
    except OverflowError:
        micros = -1
    if not _EARLIEST <= micros <= _LATEST:
        raise Unfit("time_invalid", column, text)
    return micros


def _loose(text: str, column: str) -> datetime:
    match = _LOOSE.fullmatch(text)
    if match is not None:
        try:
            return datetime(*(int(part) for part in match.groups(default="0")))  # type: ignore[arg-type]
        except ValueError:
            pass
    raise Unfit("time_invalid" if text else "value_missing", column, text)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Two digits each, so that the blank between day and time may be missing, as in WeChat's own example.
_RUN_TOGETHER: Final = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{2})[-/.月]([0-9]{2})日? *([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII
)
_SERIAL: Final = re.compile(r"[0-9]{5}(?:\.[0-9]{1,15})?", re.ASCII)
_HALF_WIDTH: Final = {
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    **{0xFF1A: ":", 0xFF0D: "-", 0xFF0F: "/", 0x3000: " ", 0xA0: " "},
}
_SECONDS: Final = 86_400


def moment(text: str, column: str, *, day_zero: datetime | None = None) -> datetime:
    """`instant` as a moment in Shanghai. In a sheet a bare number is days since `day_zero`, to the second."""
    if len(text) == 19 and text[10] == " ":
        try:
            return at(DAYS[text[:10]] + CLOCKS[text[11:]])
        except ValueError:
            pass
    written = text.translate(_HALF_WIDTH).strip("`\"' \t\ufeff")
    found = _RUN_TOGETHER.fullmatch(written)
    if found is not None:
        written = "{}-{}-{} {}:{}:{}".format(*found.groups())
    elif day_zero is not None and _SERIAL.fullmatch(written):
        days, _, part = written.partition(".")
        unit = 10 ** len(part)
        seconds = (int(part or 0) * _SECONDS * 2 + unit) // (2 * unit)  # half up
        written = str(day_zero + timedelta(days=int(days), seconds=seconds))
    return at(instant(written, column))


def at(micros: int) -> datetime:
    """Microseconds since 1970 as a moment in Shanghai."""
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(ZONE)
