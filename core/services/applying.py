"""Which policy applies to a claim that is not sent yet: what is in force, or what was when it was bought.

Everything that tells somebody what a request would be answered comes through here, and so does the sending
itself; so what is shown before is what it is sent under (R1.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Connection

from core.adapters.world import App
from core.domain import kinder
from core.domain.eligibility import Assessment, assess, window_ends_at
from core.domain.errors import NotFound
from core.domain.facts import Facts
from core.domain.kinder import Choice, Side
from core.domain.policy import Policy
from core.services import policies, trials
from core.services.policies import Timeline
from core.services.trials import Trial

Gather = Callable[[Policy], tuple[Facts, Assessment]]


class Bought(Protocol):
    """What the time to ask depends on: an order, or the row of a list."""

    @property
    def order_no(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def paid_at(self) -> datetime: ...
    @property
    def completed_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Versions:
    """Two versions of the policy were asked, and which one applies. `differs`: it is the kinder one, else
    both say the same. `verdict`, `rule`, `refund_minor` are the `other` one's answer.
    """

    applies: int
    other: int
    is_of_purchase: bool  # what applies was in force when it was bought, else when it was asked for
    differs: bool
    bought_since: datetime | None  # from when the version of the purchase is in force; None: the first
    verdict: str
    rule: str
    refund_minor: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules say to a claim, on the facts of that moment. `policy` is the one that applies."""

    facts: Facts
    found: Assessment
    version: int
    policy: Policy
    versions: Versions | None = None  # where two versions were asked …
    other: Side | None = None  # … and what the one that does not apply says
    trial: Trial | None = None  # in whose share the order is: its policy in the place of the one in force


@dataclass(frozen=True, slots=True)
class Applying:
    """The policies that count at one instant. `version` and `policy`: in force then; `running`: on trial."""

    version: int
    policy: Policy
    timeline: Timeline
    get: Callable[[int], Policy]
    running: tuple[Trial, ...] = ()

    def trial(self, order_no: str) -> Trial | None:
        """The one in whose share this order is."""
        return next((trial for trial in self.running if trial.takes(order_no)), None)

    def base(self, order_no: str) -> tuple[int, Policy]:
        """The policy in force, or the one on trial: what answers this order unless an older one is kinder."""
        trial = self.trial(order_no)
        if trial is None or trial.version is None:
            return self.version, self.policy
        return trial.version, self.get(trial.version)

    def older(self, order_no: str, paid_at: datetime) -> int | None:
        """The version in force when it was bought, where that counts and is another one."""
        version, policy = self.base(order_no)
        bought = self.timeline.at(paid_at)
        return None if bought == version or not policy.limits.kinder_version else bought

    def ask_until(self, order: Bought) -> datetime | None:
        """The end of the time to ask: the later one where two versions count; None: it has not begun."""
        if order.completed_at is None:
            return None
        counting = [self.base(order.order_no)[1]]
        older = self.older(order.order_no, order.paid_at)
        if older is not None:
            counting.append(self.get(older))
        days = max(counting, key=lambda policy: policy.window_days[order.kind])
        return window_ends_at(order.kind, order.completed_at, days)


def now(app: App) -> Applying:
    """As of now, for a screen. What is published and what is on trial may be of two moments: every version
    stays readable.
    """
    instant = app.now()
    with app.glance() as conn:
        found = at(app, conn, instant)
    return replace(found, get=partial(policies.of_version, app))


def at(app: App, conn: Connection, instant: datetime) -> Applying:
    """`NotFound(what='policy')` before the first was published."""
    timeline = policies.timeline(conn)
    version = timeline.at(instant)
    if version is None:
        raise NotFound(what="policy")
    get = partial(policies.get, app, conn)
    return Applying(version, get(version), timeline, get, trials.running(conn))


def at_sending(app: App, conn: Connection, instant: datetime, order_no: str) -> Applying:
    """`at`, and a trial in whose share the order is cannot be stopped before this transaction ends."""
    found = at(app, conn, instant)
    trial = found.trial(order_no)
    if trial is None or trials.hold(conn, trial.id):
        return found
    return replace(found, running=tuple(each for each in found.running if each != trial))


def weigh(app: App, applying: Applying, order_no: str, gather: Gather) -> Answer:
    """The answer to a claim. `gather`: its facts, as a policy counts them, and what that policy says."""
    version, policy = applying.base(order_no)
    today = Side(version, policy, *gather(policy))
    bought = applying.older(order_no, today.facts.paid_at)
    older = None
    if bought is not None:
        theirs = applying.get(bought)
        if kinder.same_counting(policy, theirs):
            older = Side(bought, theirs, today.facts, assess(today.facts, theirs, app.calendar))
        else:
            older = Side(bought, theirs, *gather(theirs))
    choice = kinder.choose(today, older)
    side = choice.applies
    return Answer(
        facts=side.facts,
        found=side.found,
        version=side.version,
        policy=side.policy,
        versions=_versions(applying, choice, version),
        other=choice.other,
        trial=applying.trial(order_no),
    )


def _versions(applying: Applying, choice: Choice, base: int) -> Versions | None:
    other = choice.other
    if other is None:
        return None
    of_purchase = choice.applies.version != base
    bought = choice.applies.version if of_purchase else other.version
    return Versions(
        applies=choice.applies.version,
        other=other.version,
        is_of_purchase=of_purchase,
        differs=choice.differs,
        bought_since=applying.timeline.since(bought),
        verdict=other.found.verdict,
        rule=other.found.rule,
        refund_minor=other.found.options[0].breakdown.refund if other.found.options else None,
    )


def kept(answer: Answer) -> dict[str, Any]:
    """What an event keeps of a trial and of the choice between two versions, to tell and make it again."""
    found, other, trial = answer.versions, answer.other, answer.trial
    tried = {} if trial is None else {"trial": {"id": trial.id, "version": trial.version}}
    if found is None or other is None:
        return tried
    body: dict[str, Any] = {
        "applies": found.applies,
        "other": found.other,
        "is_of_purchase": found.is_of_purchase,
        "differs": found.differs,
        "bought_since": None if found.bought_since is None else found.bought_since.isoformat(),
        "verdict": found.verdict,
        "rule": found.rule,
        "refund_minor": found.refund_minor,
    }
    if other.facts is not answer.facts:
        body["facts"] = other.facts.as_dict()
    return {"versions": body} | tried
