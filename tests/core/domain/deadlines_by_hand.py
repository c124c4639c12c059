"""Writes `deadlines.csv`: deadlines counted day by day over a list typed from the State Council's notices.

A second opinion on `core.domain.workdays`, so nothing of `core` and no library of holidays is used here:

    python -m tests.core.domain.deadlines_by_hand > tests/core/domain/deadlines.csv
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import zip_longest

# 国务院办公厅关于部分节假日安排的通知, for 2019 with the change of May Day, for 2020 with the longer Spring
# Festival of 27 January. First and last day of each holiday; weekends inside it are among its days.
HOLIDAYS = """
2018-12-30..2019-01-01 2019-02-04..2019-02-10 2019-04-05..2019-04-07 2019-05-01..2019-05-04
2019-06-07..2019-06-09 2019-09-13..2019-09-15 2019-10-01..2019-10-07
2020-01-01..2020-01-01 2020-01-24..2020-02-02 2020-04-04..2020-04-06 2020-05-01..2020-05-05
2020-06-25..2020-06-27 2020-10-01..2020-10-08
2021-01-01..2021-01-03 2021-02-11..2021-02-17 2021-04-03..2021-04-05 2021-05-01..2021-05-05
2021-06-12..2021-06-14 2021-09-19..2021-09-21 2021-10-01..2021-10-07
2022-01-01..2022-01-03 2022-01-31..2022-02-06 2022-04-03..2022-04-05 2022-04-30..2022-05-04
2022-06-03..2022-06-05 2022-09-10..2022-09-12 2022-10-01..2022-10-07
2022-12-31..2023-01-02 2023-01-21..2023-01-27 2023-04-05..2023-04-05 2023-04-29..2023-05-03
2023-06-22..2023-06-24 2023-09-29..2023-10-06
2023-12-30..2024-01-01 2024-02-10..2024-02-17 2024-04-04..2024-04-06 2024-05-01..2024-05-05
2024-06-08..2024-06-10 2024-09-15..2024-09-17 2024-10-01..2024-10-07
2025-01-01..2025-01-01 2025-01-28..2025-02-04 2025-04-04..2025-04-06 2025-05-01..2025-05-05
2025-05-31..2025-06-02 2025-10-01..2025-10-08
2026-01-01..2026-01-03 2026-02-15..2026-02-23 2026-04-04..2026-04-06 2026-05-01..2026-05-05
2026-06-19..2026-06-21 2026-09-25..2026-09-27 2026-10-01..2026-10-07
2027-01-01..2027-01-01
"""  # the last: New Year's Day by law; nothing else of 2027 is counted over
# Saturdays and Sundays that are worked (调休).
WORKED = """
2018-12-29
2019-02-02 2019-02-03 2019-04-28 2019-05-05 2019-09-29 2019-10-12
2020-01-19 2020-04-26 2020-05-09 2020-06-28 2020-09-27 2020-10-10
2021-02-07 2021-02-20 2021-04-25 2021-05-08 2021-09-18 2021-09-26 2021-10-09
2022-01-29 2022-01-30 2022-04-02 2022-04-24 2022-05-07 2022-10-08 2022-10-09
2023-01-28 2023-01-29 2023-04-23 2023-05-06 2023-06-25 2023-10-07 2023-10-08
2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12
2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11
2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10
"""
FIRST_DAYS = [span[:10] for span in HOLIDAYS.split()]
PUBLISHED_THROUGH = 2026

# The standard rules as the specification has them (R3.2 to R3.6, R4.1, R4.5): a kind and its working days.
KINDS = {
    "review": 3,
    "answer": 3,
    "appeal": 7,
    "appeal_review": 3,
    "arbitration": 5,
    "talks": 5,
    "draft": 10,
    "escalated": 1,
    "arrival:alipay": 2,
    "arrival:wechat": 2,
    "arrival:card": 5,
    "arrival:balance": 0,
}
TIMES = ("00:00:00", "09:00:00", "13:45:10", "23:59:59")


def is_worked(day: date) -> bool:
    if day.isoformat() in WORKED.split():
        return True
    for span in HOLIDAYS.split():
        first, last = span.split("..")
        if first <= day.isoformat() <= last:
            return False
    return day.strftime("%a") not in ("Sat", "Sun")


def counted(start: date, count: int) -> list[date]:
    """The working days that count, the last one is the deadline: the start never does; where none should,
    the first one from the start on.
    """
    day = start if count == 0 else start + timedelta(days=1)
    found: list[date] = []
    while len(found) < max(count, 1):
        if is_worked(day):
            found.append(day)
        day += timedelta(days=1)
    return found


def around(days: list[str], before: int, after: int) -> Iterator[date]:
    for text in days:
        for distance in range(-before, after + 1):
            yield date.fromisoformat(text) + timedelta(days=distance)


def starts() -> Iterator[tuple[str, date]]:
    """Dates where counting goes wrong first, with the reason for each."""
    spring = [d for d in FIRST_DAYS if d[:4] < "2027" and d[5:7] in ("01", "02") and d[8:] > "03"]
    golden = [d for d in FIRST_DAYS if d[5:] == "10-01" or d == "2023-09-29"]
    others = [d for d in FIRST_DAYS if "03" < d[5:7] < "10" and d != "2023-09-29"]
    plain = [f"{year}-{day}" for year in range(2019, 2027) for day in ("07-12", "11-20")]
    groups = [
        ("before Spring Festival", list(around(spring, 4, -1))),
        ("inside Spring Festival", list(around(spring, -1, 6))),
        ("before Golden Week", list(around(golden, 4, -1))),
        ("inside Golden Week", list(around(golden, -1, 6))),
        ("around another holiday", list(around(others, 1, 1))),
        ("on or beside a make-up day", list(around(WORKED.split(), 2, 1))),
        ("turn of the year", list(around([f"{y}-12-31" for y in range(2018, 2026)], 2, 1))),
        ("into a year not published yet", list(around(["2026-12-31"], 12, 1))),
        ("in a year not published yet", list(around(["2027-07-14", "2028-08-16"], 6, 6))),
        ("plain weeks", list(around(plain, 3, 3))),
    ]
    for turn in zip_longest(*([(reason, day) for day in days] for reason, days in groups)):
        yield from (found for found in turn if found)


def rows() -> Iterator[tuple[str, str, int, str, str, str]]:
    """Every start with another kind, or a plain number of days, at another time of day."""
    kinds = [*KINDS.items(), *(("days", n) for n in (0, 1, 2, 4, 6, 8, 15))]
    known: set[tuple[date, str, int]] = set()
    for number, (reason, day) in enumerate(starts()):
        kind, count = kinds[number * 5 % len(kinds)]
        hour = "23:59:59" if day.isoformat()[5:] == "12-31" else TIMES[number % len(TIMES)]
        days = counted(day, count)
        last = days[-1]
        # Of a year not published only what the law and the week say: the first days of January, and summer,
        # where no holiday can fall.
        if last.year > PUBLISHED_THROUGH and not (last <= date(2027, 1, 15) or last.month in (7, 8)):
            continue
        if (day, kind, count) in known or day < date(2018, 12, 29):
            continue
        known.add((day, kind, count))
        begin = datetime.combine(day, time.fromisoformat(hour))
        provisional = "yes" if last.year > PUBLISHED_THROUGH else "no"
        note = f"{reason}; {day:%a}: {' '.join(f'{each:%a %m-%d}' for each in days)}"
        yield f"{begin.isoformat()}+08:00", kind, count, f"{last}T23:59:59+08:00", provisional, note


if __name__ == "__main__":
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("start", "kind", "working_days", "last_second", "provisional", "note"))
    out.writerows(sorted(rows()))
