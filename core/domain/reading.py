"""What a picture of an order says: order number, amounts, times, and what should be covered in it.

Lines of text come in, findings go out. A `Reading` never holds the text of a card code, a phone or a card
number: of those only the place and the kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from core.domain.workdays import ZONE

Box = tuple[int, int, int, int]  # left, top, width, height in pixels of the picture
COVERED: Final = ("card_code", "phone", "bank_card", "id_number")
SHOWN: Final = ("order", "amount")
SAME_TIME: Final = timedelta(minutes=10)  # between paying and the shop's clock


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text as it was read, and where."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Covered:
    """What its sender may want to cover: `kind` of `COVERED`."""

    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class Shown:
    """What should stay readable: `kind` of `SHOWN`."""

    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class Reading:
    """`order`: 'same', 'other' or '' (none seen). Amounts in minor units, `paid` those said to be paid; times
    as ISO text of the shop's zone, without an offset, of payment only.
    """

    order: str = ""
    amounts: tuple[int, ...] = ()
    paid: tuple[int, ...] = ()
    times: tuple[str, ...] = ()
    covered: tuple[Covered, ...] = ()
    shown: tuple[Shown, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "order": self.order,
            "amounts": list(self.amounts),
            "paid": list(self.paid),
            "times": list(self.times),
            "covered": [[item.kind, *item.box] for item in self.covered],
            "shown": [[item.kind, *item.box] for item in self.shown],
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Reading:
        covered = (Covered(kind, (x, y, w, h)) for kind, x, y, w, h in told["covered"])
        shown = (Shown(kind, (x, y, w, h)) for kind, x, y, w, h in told.get("shown", ()))
        amounts, paid, times = (tuple(told[name]) for name in ("amounts", "paid", "times"))
        return cls(told["order"], amounts, paid, times, tuple(covered), tuple(shown))


@dataclass(frozen=True, slots=True)
class Finding:
    """Words under `reading.<code>`; a hint for a person, never a refusal."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


# A number of an amount has at most seven digits before the point: no phone and no card passes for one.
_NUMBER: Final = r"(?P<whole>\d{1,3}(?:,\d{3}){1,2}|\d{1,7})(?:\.(?P<cents>\d{1,2}))?(?![\d,.]*\d)"
_AMOUNTS: Final = (
    re.compile(
        rf"(?<![A-Za-z])(?:CN)?[¥Y羊]\s*-?\s*{_NUMBER}|(?:RMB|CNY)\s*-?\s*{_NUMBER.replace('?P<', '?P<r')}"
    ),
    re.compile(rf"(?<![\d.,]){_NUMBER}\s*元"),
    re.compile(
        r"(?<![A-Za-z\d.,:])-?(?P<whole>\d{1,7}|\d{1,3}(?:,\d{3}){1,2})\.(?P<cents>\d{2})(?![\d.,:]*\d)"
    ),
)
_PAID: Final = re.compile(r"实付|实际支付|支付金额|付款金额|合计|[Pp]aid|[Tt]otal")
_PAID_AT: Final = re.compile(r"付款时间|支付时间|[Pp]aid at|[Pp]ayment time|[Pp]aid on")
_TIME: Final = re.compile(
    r"(?:(?P<year>20\d\d)\s*[-/.年]\s*)?(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?\s*"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?!\d)"
)
_ORDER_LABEL: Final = re.compile(r"订单(?:编?号|号码)|[Oo]rder\s*(?:[Nn]o|[Nn]umber|ID|#)")
_ANY_NUMBER_LABEL: Final = re.compile(r"订单|交易|流水|运单|商户单|[Oo]rder|[Tt]rade|[Tt]ransaction")
_CODE_LABEL: Final = re.compile(
    r"卡密|激活码|兑换码|卡号密码|密码|序列号|[Rr]edeem|[Aa]ctivation|[Cc]ard code|CDK", re.I
)
_TOKEN: Final = re.compile(r"[0-9A-Za-z|][0-9A-Za-z|_-]{3,}")
_PHONE: Final = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_ID: Final = re.compile(r"(?<!\d)\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)")
_CARD: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){14,18}(?!\d)")
_CODE: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{4,}(?:[- ][0-9A-Za-z]{4,})*(?![0-9A-Za-z])")
_BARE_CODE: Final = re.compile(
    r"(?<![0-9A-Za-z-])(?=[A-Z-]*\d)[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){2,}(?![0-9A-Za-z-])"
)
_CONFUSED: Final = str.maketrans("OQDILSBZ|", "000115821")


def find(lines: Sequence[Line], order_no: str) -> Reading:
    """What the lines say, of an order whose number is known."""
    plain = [Line(_plain(line.text), line.box) for line in lines]
    numbers = [" ".join(line.text for line in row) for row in _rows(plain)]
    covered, open_lines = _covered(plain, order_no)
    # The last group of a card code before a 元 is no amount: what is to be covered says nothing.
    rows = [" ".join(line.text for line in row) for row in _rows(open_lines)]
    amounts: dict[int, None] = {}
    paid: dict[int, None] = {}
    times: dict[str, None] = {}
    for row in rows:
        found = list(amounts_in(row))
        amounts.update(dict.fromkeys(found))
        if _PAID.search(row) and not _PAID_AT.search(row):
            paid.update(dict.fromkeys(found))
        if _PAID_AT.search(row):
            times.update(dict.fromkeys(times_in(row)))
    shown = tuple(_shown(open_lines, order_no))
    return Reading(_order(numbers, order_no), tuple(amounts), tuple(paid), tuple(times), covered, shown)


def compare(
    reading: Reading,
    order_no: str,
    amount_minor: int,
    currency: str,
    paid_at: datetime,
    requested_minor: int | None = None,
) -> tuple[Finding, ...]:
    """The picture beside the order. Many amounts of which none is said to be paid say nothing, nor does the
    part that is asked for.
    """
    found = []
    if reading.order:
        found.append(Finding(f"{reading.order}_order", {"order_no": order_no}))
    if currency == "CNY" and reading.amounts:
        told = reading.paid or (reading.amounts if len(reading.amounts) == 1 else ())
        if amount_minor in reading.amounts:
            found.append(Finding("same_amount", {"minor": amount_minor}))
        elif told and requested_minor not in reading.amounts:
            found.append(Finding("other_amount", {"seen": told[0], "minor": amount_minor}))
    if reading.times:
        paid = paid_at.astimezone(ZONE).replace(tzinfo=None)
        seen = [_with_year(told, paid.year) for told in reading.times]
        if not any(abs(at - paid) <= SAME_TIME for at in seen):
            found.append(Finding("other_time", {"seen_at": seen[0].replace(tzinfo=ZONE), "at": paid_at}))
    return tuple(found)


def amounts_in(text: str) -> Iterator[int]:
    """Minor units of what looks like money, without its sign; each place once."""
    taken: list[tuple[int, int]] = []
    text = _plain(text)
    for pattern in _AMOUNTS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            groups = match.groupdict()
            whole = groups["whole"] or groups["rwhole"]
            cents = groups["cents"] or groups.get("rcents") or ""
            yield int(whole.replace(",", "")) * 100 + int(cents.ljust(2, "0"))


def times_in(text: str) -> Iterator[str]:
    """ISO text; `--11-03T14:02:00` where no year is told."""
    for match in _TIME.finditer(_plain(text)):
        year, *rest = (match[name] for name in ("year", "month", "day", "hour", "minute", "second"))
        month, day, hour, minute, second = (int(part or 0) for part in rest)
        try:
            at = datetime(int(year or 2024), month, day, hour, minute, second)  # 2024 has a 29 February
        except ValueError:
            continue
        yield at.isoformat() if year else f"--{at.isoformat()[5:]}"


def is_same_number(seen: str, order_no: str) -> bool:
    """Tolerant of what is read for something else: O and 0, l and 1, S and 5, B and 8."""
    return _folded(seen) == _folded(order_no)


def _with_year(told: str, year: int) -> datetime:
    if not told.startswith("--"):
        return datetime.fromisoformat(told)
    try:
        return datetime.fromisoformat(f"{year}-{told[2:]}")
    except ValueError:  # 29 February
        return datetime.fromisoformat(f"{year}-02-28{told[7:]}")


def _plain(text: str) -> str:
    """Digits of any script and width as ASCII: `\\d` takes them all for one kind, and so must the rest."""
    ascii_digits = (str(unicodedata.decimal(c, c)) for c in unicodedata.normalize("NFKC", text))
    return "".join(ascii_digits).replace("−", "-").replace("–", "-")


def _folded(text: str) -> str:
    kept = "".join(c for c in _plain(text).upper() if c.isalnum() or c == "|")
    return kept.translate(_CONFUSED)


def _rows(lines: Iterable[Line]) -> list[list[Line]]:
    """Lines beside each other belong together: a label and, far to its right, its value."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.box[1] + line.box[3] / 2):
        middle = line.box[1] + line.box[3] / 2
        if rows and middle < rows[-1][0].box[1] + rows[-1][0].box[3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.box[0]) for row in rows]


def _order(rows: Sequence[str], order_no: str) -> str:
    is_other = False
    for row in rows:
        label = _ORDER_LABEL.search(row)
        for text in (row, row.replace(" ", "")):
            if _is_ours(text, order_no):
                return "same"
        if label:
            is_other |= any(sum(map(str.isdigit, t)) >= 4 for t in _TOKEN.findall(row[label.end() :]))
    return "other" if is_other else ""


def _shown(lines: Iterable[Line], order_no: str) -> Iterator[Shown]:
    """Where our order's number and the amounts stand, as far as each stands in one line."""
    for line in lines:
        if any(_is_ours(text, order_no) for text in (line.text, line.text.replace(" ", ""))):
            yield Shown("order", line.box)
        if any(amounts_in(line.text)):
            yield Shown("amount", line.box)


def _is_ours(text: str, order_no: str) -> bool:
    return any(is_same_number(token, order_no) for token in _TOKEN.findall(text))


def _covered(lines: Sequence[Line], order_no: str) -> tuple[tuple[Covered, ...], list[Line]]:
    """Places to cover, and the lines without what stands there."""
    found: list[Covered] = []
    rest: list[Line] = []
    is_below_label = False
    for row in _rows(lines):
        whole = " ".join(line.text for line in row)
        is_labelled = bool(_CODE_LABEL.search(whole))
        is_number_of_ours = bool(_ANY_NUMBER_LABEL.search(whole)) and not is_labelled
        codes = 0
        for line in row:
            left = line.text
            for kind, start, end in _secrets(line.text, is_labelled or is_below_label, is_number_of_ours):
                if is_same_number(line.text[start:end], order_no):
                    continue
                codes += kind == "card_code"
                found.append(Covered(kind, _part(line, start, end)))
                left = f"{left[:start]}{'#' * (end - start)}{left[end:]}"
            rest.append(Line(left, line.box))
        is_below_label = is_labelled and not codes
    return tuple(found), rest


def _secrets(text: str, is_code: bool, is_number_of_ours: bool) -> Iterator[tuple[str, int, int]]:
    taken: list[tuple[int, int]] = []
    patterns = [("phone", _PHONE), ("id_number", _ID), ("bank_card", _CARD), ("card_code", _BARE_CODE)]
    if is_code:
        patterns.insert(0, ("card_code", _CODE))
    for kind, pattern in patterns:
        for match in pattern.finditer(text):
            token = match[0]
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            if kind == "card_code" and (sum(map(str.isalnum, token)) < 8 or not any(map(str.isdigit, token))):
                continue
            if kind in ("bank_card", "id_number") and is_number_of_ours:
                continue
            if kind == "bank_card" and not passes_luhn(token):
                continue
            taken.append(match.span())
            yield kind, match.start(), match.end()


def passes_luhn(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()][::-1]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _part(line: Line, start: int, end: int) -> Box:
    """Where a part of the line is, a character to spare on both sides; Chinese is twice as wide."""
    left, top, width, height = line.box
    widths = [2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line.text]
    one = width / max(sum(widths), 1)
    x = max(left, int(left + one * (sum(widths[:start]) - 1)))
    right = min(left + width, int(left + one * (sum(widths[:end]) + 1)) + 1)
    return (x, top, right - x, height)
