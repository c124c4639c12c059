"""The people who decide, as the shop's own events show them: how long a decision takes, how many people are
there and when, and how long requests really waited for them (R6.3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from sqlalchemy import bindparam, select

from core.adapters.tables import case_events, cases
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.waiting import Staff
from core.domain.workdays import ZONE
from core.services.arrivals import half_and_most
from core.services.replay import may

REVIEW_MINUTES: Final = 10  # of one decision by a person, where too few were made here to tell
OPENS, CLOSES = 9, 18  # likewise
PAUSE: Final = timedelta(minutes=30)  # a longer gap between one person's decisions is no work on a case
LEAST: Final = 20  # fewer make no median
_LOOKED_AT: Final = 20_000  # of people's decisions, the newest

_e, _c = case_events.c, cases.c
_BY_PEOPLE: Final = (
    select(_e.actor_id, _e.at)
    .where(
        _e.actor_role.in_(("reviewer", "lead", "arbiter")),
        _e.from_state.in_(("in_review", "in_appeal", "in_arbitration")),
        _e.at >= bindparam("since", type_=_e.at.type),
    )
    .order_by(_e.at.desc())
    .limit(_LOOKED_AT)
)
_WAITED: Final = (
    select(_c.submitted_at, _c.decided_at)
    .where(
        _c.submitted_at >= bindparam("since", type_=_c.submitted_at.type),
        _c.decided_at.is_not(None),
        _c.decided_by != str(SYSTEM),
    )
    .order_by(_c.case_no.desc())
    .limit(_LOOKED_AT)
)


@dataclass(frozen=True, slots=True)
class Handling:
    """`minutes` of a person for one decision: the median of `seconds`, between `decisions` of one person
    after another; of none, a stated default. `people`: who decide on an ordinary day, None where too few were
    seen; `waited`: after how long half and nine tenths of the requests were really decided by people.
    """

    minutes: int
    decisions: int
    seconds: tuple[int, ...]
    people: int | None
    opens: int
    closes: int
    waited: tuple[timedelta, timedelta] | None

    def staff(self, people: int, minutes: int, opens: int, closes: int) -> Staff:
        """So many, so long: where another length of a decision is wanted, all are longer in proportion."""
        longer = minutes / self.minutes if minutes != self.minutes else 1.0
        return Staff(people, opens, closes, tuple(max(1, round(each * longer)) for each in self.seconds))


def measured(app: App, actor: Actor, since: datetime) -> Handling:
    """How people decided from then on. `NotAllowed` but for `replay.ROLES`."""
    may(actor)
    by_person: dict[str, list[datetime]] = defaultdict(list)
    with app.read() as conn:
        for person, at in conn.execute(_BY_PEOPLE, {"since": since}):
            by_person[person].append(at.astimezone(ZONE))
        took = [decided - sent for sent, decided in conn.execute(_WAITED, {"since": since})]
    gaps = sorted(
        later - earlier
        for times in by_person.values()
        for earlier, later in pairwise(sorted(times))
        if later - earlier <= PAUSE
    )
    waited = half_and_most(took) if len(took) >= LEAST else None
    if len(gaps) < LEAST:
        return Handling(REVIEW_MINUTES, 0, (REVIEW_MINUTES * 60,), None, OPENS, CLOSES, waited)
    seconds = tuple(max(1, round(gap.total_seconds())) for gap in gaps)
    minutes = max(1, round(gaps[len(gaps) // 2] / timedelta(minutes=1)))
    return Handling(minutes, len(gaps), seconds, _people(by_person), *_hours(by_person), waited)


def _people(by_person: Mapping[str, Sequence[datetime]]) -> int:
    """The median, over days on which anybody decided, of how many did."""
    on: dict[date, set[str]] = defaultdict(set)
    for person, times in by_person.items():
        for at in times:
            on[at.date()].add(person)
    counts = sorted(map(len, on.values()))
    return counts[len(counts) // 2]


def _hours(by_person: Mapping[str, Sequence[datetime]]) -> tuple[int, int]:
    """The full hours of the day between which nine tenths of the decisions fall."""
    clocks = sorted(at.hour + at.minute / 60 for times in by_person.values() for at in times)
    tail = len(clocks) // 20
    first, last = int(clocks[tail]), int(clocks[-1 - tail]) + 1
    return first, last
