"""Words, amounts and dates for people, in Chinese or English. Every sentence stands in the catalogs.

A room of the portal has its own catalog (`locales/<language>/<room>.po`); all are read at first use. Keys are
symbolic (`refusal.nothing_left`), so no language is a translation of the code. Local times are Shanghai's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from gettext import c2py
from pathlib import Path
from typing import Any, Final

from core.domain.errors import Refusal
from core.domain.money import exponent
from core.domain.table import OneOf, Within
from core.domain.workdays import ZONE, local_date

Day = date  # inside `Texts`, `date` is a method
LANGUAGES: Final = ("zh_CN", "en")
LOCALES: Final = Path(__file__).parent / "locales"

MINUS: Final = "\u2212"
# Parameters and columns whose values are words of a family: `route="balance"` reads `route.balance`.
_FAMILIES: Final = {
    "bill": "bill_kind",
    "cell": "rule_cell",
    "channel": "channel",
    "delivery": "delivery",
    "kind": "kind",
    "kinds": "evidence_kind",
    "may": "cell_may",
    "reason": "reason_said",
    "route": "route",
    "verdict": "verdict_said",
    "way": "way",
}
_LISTED: Final = {("reason", "other"): "reason_listed.other"}  # what reads otherwise among others


class Texts:
    """The words of one language: `tx("start.title")`, `tx("case.days", n=3)`, `tx.money(9990)`."""

    def __init__(
        self, language: str, forms: Mapping[str, tuple[str, ...]], plural: Callable[[int], int]
    ) -> None:
        self.language = language
        self._forms = forms
        self._plural = plural

    def __call__(self, key: str, /, **params: Any) -> str:
        """The text of `key` with its parameters; a plural chooses by `n`.

        With `REFUND_STRICT_TEXTS=1` (tests, development) a missing key or parameter is a `KeyError`; without
        it the reader gets the key, or a dash in place of the parameter, and the rest of the page.
        """
        forms = self._forms.get(key)
        if forms is None:
            if _is_strict():
                raise KeyError(f"{self.language}: no text {key!r}")
            return key
        form = forms[self._plural(params["n"])] if len(forms) > 1 and "n" in params else forms[0]
        try:
            return form.format(**params)
        except KeyError:
            if _is_strict():
                raise
            return form.format_map(_Dashes(params))

    def __contains__(self, key: str) -> bool:
        return key in self._forms

    def saying(self, words: Mapping[str, str]) -> Texts:
        """The same language with these texts in the place of its own: what one page calls a thing."""
        said = {key: (text.replace("{", "{{").replace("}", "}}"),) for key, text in words.items()}
        return Texts(self.language, {**self._forms, **said}, self._plural)

    def money(self, minor: int, currency: str = "CNY") -> str:
        """`¥1,234.50`, `US$5.00`, `JP¥500`; a minus is U+2212 and stands first."""
        return money(minor, currency)

    def date(self, day: Day | datetime, now: datetime | None = None, *, provisional: bool = False) -> str:
        """`12月1日（周二）`, `Tue 1 Dec`; with the year when it is not that of `now`."""
        local = _local_day(day)
        form = "date.day" if _same_year(local, now) else "date.day_year"
        text = self(form, **self._day_parts(local))
        return self("date.provisional", date=text) if provisional else text

    def day_long(self, day: Day | datetime) -> str:
        """`2026年12月1日（周二）`, `Tue 1 Dec 2026`: always with the year."""
        return self("date.day_year", **self._day_parts(_local_day(day)))

    def when(self, instant: datetime, now: datetime | None = None) -> str:
        """`11月20日 17:58`, `20 Nov 17:58`: a moment that has passed."""
        local = _local_day(instant)
        form = "date.moment" if _same_year(local, now) else "date.moment_year"
        return self(form, time=_clock(instant), **self._day_parts(local))

    def until(self, instant: datetime, now: datetime | None = None, *, provisional: bool = False) -> str:
        """`12月2日（周三）18:00`, `Wed 2 Dec 18:00`: a moment to act by.

        The end of a day is said as that day, as everywhere else: no 'by 2 Dec' beside 'until 2 Dec 24:00'.
        """
        day, clock = self.date(instant, now), _clock(instant)
        text = day if clock == "23:59" else self("date.until", date=day, time=clock)
        return self("date.provisional", date=text) if provisional else text

    def duration(self, span: timedelta) -> str:
        """`8 天 3 小时`, `20 minutes`: two units at most, rounded down; from 30 days on only days."""
        minutes = max(span, timedelta()) // timedelta(minutes=1)
        days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
        if days >= 30:
            return self("unit.days", n=days)
        if not (days or hours or minutes):
            return self("unit.moment")
        parts = []
        if days:
            parts.append(self("unit.days", n=days))
        if hours:
            parts.append(self("unit.hours", n=hours))
        if minutes and not days:
            parts.append(self("unit.minutes", n=minutes))
        return " ".join(parts)

    def list(self, items: Iterable[str]) -> str:
        """`甲、乙、丙`, `a, b and c`."""
        return self._joined("list.and", items)

    def either(self, items: Iterable[str]) -> str:
        """`甲、乙或丙`, `a, b or c`."""
        return self._joined("list.or", items)

    def refusal(self, refused: Refusal, key: str = "") -> str:
        """The sentence of a refusal: what is wrong and what to do. Codes and amounts in it become words.

        `key`: where these words stand for this reader, if they differ.
        """
        params = dict(refused.params)
        if refused.code == "evidence_refused":
            params["picture"] = params.pop("reason", "other")
        words = {name: self._word(name, value, params) for name, value in params.items()}
        return self(key if key in self else f"refusal.{refused.code}", **words)

    def value(self, column: str, value: Any, currency: str = "CNY") -> str:
        """A fact of the decision table in words: `value("delivery", "redeemed")` → `已核销`."""
        if isinstance(value, bool):
            return self("word.yes") if value else self("word.no")
        if column.endswith("_minor"):
            return self.money(value, currency)
        if column == "age_days":
            return self("unit.days", n=value)
        if column == "days_left":
            return self("unit.days", n=value) if value >= 0 else self("unit.days_ago", n=-value)
        family = _FAMILIES.get(column)
        return self(f"{family}.{value}") if family else str(value)

    def test(self, column: str, test: OneOf | Within, currency: str = "CNY") -> str:
        """What a rule asks of a fact: `发货状态：待发货、已查看`, `Amount asked for: at most ¥100.00`."""
        name = self(f"column.{column}")
        if isinstance(test, OneOf):
            wanted = self.either(
                self._among(column, value, len(test.values), currency) for value in test.values
            )
            return self("test.one_of", column=name, values=wanted)
        if column == "days_left" and (test.low, test.high) == (0, None):
            return self("test.window_open")
        if column == "days_left" and (test.low, test.high) == (None, -1):
            return self("test.window_closed")
        low, high = (
            None if bound is None else self.value(column, bound, currency) for bound in (test.low, test.high)
        )
        if low is None or high is None:
            if low is not None:
                return self("test.at_least", column=name, low=low)
            return self("test.at_most", column=name, high=high)
        if low == high:
            return self("test.one_of", column=name, values=low)
        return self("test.between", column=name, low=low, high=high)

    def tests(self, column: str, tests: Sequence[OneOf | Within]) -> str:
        """Of which one holds, the column said once: `Days since completion: 0 days to 4 days or at least 8
        days`.
        """
        if len(tests) == 1 or not all(isinstance(test, Within) for test in tests):
            return self.either(self.test(column, test) for test in tests)
        ranges = self.either(self._range(column, test) for test in tests if isinstance(test, Within))
        return self("test.one_of", column=self(f"column.{column}"), values=ranges)

    def _range(self, column: str, test: Within) -> str:
        bounds = {name: self.value(column, bound) for name in ("low", "high")
                  if (bound := getattr(test, name)) is not None}  # fmt: skip
        if len(bounds) < 2:
            return self("test.from" if "low" in bounds else "test.to", **bounds)
        return bounds["low"] if test.low == test.high else self("test.range", **bounds)

    def _among(self, column: str, value: Any, n: int, currency: str) -> str:
        """One of `n` values in a list; one whose name has an 'or' of its own is called otherwise there."""
        key = _LISTED.get((column, value)) if n > 1 else None
        return self(key) if key else self.value(column, value, currency)

    def _joined(self, form: str, items: Iterable[str]) -> str:
        *rest, last = list(items) or [""]
        return self(form, rest=self("list.separator").join(rest), last=last) if rest else last

    def _word(self, name: str, value: Any, params: Mapping[str, Any]) -> Any:
        """A parameter as words: an amount (`…_minor`), an instant, or codes whose name tells their family."""
        if value is None:
            return ""
        if name.endswith("_minor"):
            return self.money(value, str(params.get("currency", "CNY")))
        if isinstance(value, datetime):
            return self.until(value)
        if name == "state":
            return self(f"{'payout_state' if params.get('machine') == 'payout' else 'state'}.{value}")
        if name == "picture":  # why it was refused: codes from far away
            return self(f"picture.{value}" if f"picture.{value}" in self else "picture.other", **params)
        if name == "mask":
            return self(f"mask.{value}", **params)
        if name in ("problem", "problems") and not isinstance(value, str):  # slips of a document
            return self("list.next").join(self(f"slip.{slip['code']}", **slip) for slip in value)
        family = _FAMILIES.get(name)
        if isinstance(value, list | tuple | set | frozenset):
            items = sorted(value) if isinstance(value, set | frozenset) else value
            return self.list(str(self._code(family, item)) for item in items)
        return self._code(family, value)

    def _code(self, family: str | None, value: Any) -> Any:
        """A code of a family in words; what somebody made up stays as it is."""
        key = f"{family}.{value}"
        return self(key) if family and key in self else value

    def _day_parts(self, day: Day) -> dict[str, Any]:
        return {
            "year": day.year,
            "month": self(f"month.{day.month}"),
            "day": day.day,
            "weekday": self(f"weekday.{day.isoweekday()}"),
        }


class _Dashes(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "—"


def spoken(setting: str) -> str | None:
    """The language of a setting such as `en`, `en_US.UTF-8` or `zh-CN`; None for one that we do not speak."""
    name = re.split("[-_.@]", setting.strip(), maxsplit=1)[0].lower()
    return next((language for language in LANGUAGES if language.partition("_")[0] == name), None)


def of(language: str) -> Texts:
    """The words of `zh_CN` or `en`; of Chinese for any other language."""
    return _load(language if language in LANGUAGES else LANGUAGES[0])


@cache
def _load(language: str) -> Texts:
    from babel.messages.pofile import read_po  # 50 ms to import: only when words are needed

    forms: dict[str, tuple[str, ...]] = {}
    expression = "0"
    for path in sorted((LOCALES / language).glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=language, abort_invalid=True)
        expression = catalog.plural_expr
        for message in catalog:
            if message.id:
                key = message.id if isinstance(message.id, str) else message.id[0]
                text = message.string or ""
                forms[key] = (text,) if isinstance(text, str) else tuple(text)
    return Texts(language, forms, c2py(expression))


@lru_cache(maxsize=8192)
def money(minor: int, currency: str = "CNY") -> str:
    """An amount for people, the same in both languages: symbols are the unmistakable ones (`US$`, `JP¥`)."""
    digits = exponent(currency)
    whole, part = divmod(abs(minor), 10**digits)
    amount = f"{whole:,}.{part:0{digits}d}" if digits else f"{whole:,}"
    return f"{MINUS if minor < 0 else ''}{_symbol(currency)}{amount}"


@cache
def _symbol(currency: str) -> str:
    if currency == "CNY":
        return "¥"
    from babel.numbers import get_currency_symbol

    symbol = get_currency_symbol(currency, locale="zh_CN")
    return f"{symbol}\u00a0" if symbol[-1].isalpha() else symbol


def _is_strict() -> bool:
    return os.environ.get("REFUND_STRICT_TEXTS") == "1"


def _local_day(day: date | datetime) -> date:
    return local_date(day) if isinstance(day, datetime) else day


def _same_year(day: date, now: datetime | None) -> bool:
    return now is None or local_date(now).year == day.year


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(ZONE):%H:%M}"
