"""What is wrong with a policy before anybody meets it: orders that no rule answers, rules that never answer,
rules that answer differently for the same order, and answers that contradict the laws of the house.

Exact: every finding comes with an order that shows it, and where nothing is found nothing is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from core.domain.boxes import Box, intersect, merge, subtract
from core.domain.policy import Policy
from core.domain.regions import Row, Space, first_hits
from core.domain.table import OneOf, Rule, Test, Within

Region = tuple[tuple[str, tuple[Test, ...]], ...]  # columns that matter, and tests of which one holds

CONTRADICTIONS: Final = (
    "fee_on_rejection",  # a rule that rejects names a fee
    "fee_takes_all",  # 100 %: what is approved never arrives
    "approves_beyond_one",  # approves what by [limits] second_approval_minor two people must approve
    "asks_for_nothing",  # wants evidence although the checklist of the reason is complete
    "checklist_unused",  # a reason's checklist, and no rule that looks at it
    "rejects_undelivered",  # refuses, within the window, what was never delivered (R1.1)
    "channel_shorter_than_window",  # the channel stops taking money back before the window ends
)


@dataclass(frozen=True, slots=True)
class Gap:
    """Orders that no rule answers; a person would look at each of them (`law.no_rule`)."""

    region: Region
    example: Row


@dataclass(frozen=True, slots=True)
class Dead:
    """A rule that never decides. `covered_by`: who takes its orders; nobody: its tests exclude each other."""

    rule: str
    covered_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Orders that both rules fit, with different verdicts: the one that stands first decides.

    `is_exception`: all orders of the first fit the second, so that it is plainly an exception to it.
    """

    first: str
    second: str
    verdicts: tuple[str, str]
    is_exception: bool
    example: Row


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`code` is one of `CONTRADICTIONS`. `rule` is empty for a figure, which `params` name."""

    code: str
    rule: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Analysis:
    gaps: tuple[Gap, ...]
    dead: tuple[Dead, ...]
    overlaps: tuple[Overlap, ...]  # to be read, not mended
    contradictions: tuple[Contradiction, ...]

    @property
    def is_sound(self) -> bool:
        """Nothing that must be mended."""
        return not self.faults

    @property
    def faults(self) -> int:
        """How many findings must be mended; overlaps are none."""
        return len(self.gaps) + len(self.dead) + len(self.contradictions)


def analyse(policy: Policy) -> Analysis:
    """Every finding about `policy`; `regions.TooEntangled` for a table that no one could read either."""
    space = Space(policy)
    hits, left = first_hits(space, policy.rules)
    return Analysis(
        gaps=tuple(_gaps(space, left)),
        dead=tuple(_dead(space, hits)),
        overlaps=tuple(_overlaps(space, hits)),
        contradictions=(*_rule_contradictions(space, hits), *_figure_contradictions(policy)),
    )


def _gaps(space: Space, left: list[Box]) -> Iterator[Gap]:
    possible = [space.tighten(box) for box in left if space.possible(box)]
    for box in sorted(merge(possible), reverse=True):
        example = space.example(box)
        assert example is not None
        yield Gap(space.tests(space.widen(box)), example)


def _dead(space: Space, hits: list[list[Box]]) -> Iterator[Dead]:
    rules = space.policy.rules
    for place, rule in enumerate(rules):
        if any(space.possible(box) for box in hits[place]):
            continue
        own = space.box(rule.tests)
        covering = [
            earlier.id
            for earlier, boxes in zip(rules[:place], hits, strict=False)
            if any(both and space.possible(both) for both in (intersect(box, own) for box in boxes))
        ]
        yield Dead(rule.id, tuple(covering))


def _overlaps(space: Space, hits: list[list[Box]]) -> Iterator[Overlap]:
    rules = space.policy.rules
    for place, first in enumerate(rules):
        for second in rules[place + 1 :]:
            # A rule without tests is the default, meant to stand behind all others.
            if not second.tests or second.verdict == first.verdict:
                continue
            example = _example(space, hits[place], second.tests)
            if example is not None:
                outside = subtract(space.box(first.tests), space.box(second.tests))
                is_exception = not any(space.possible(box) for box in outside)
                verdicts = (first.verdict, second.verdict)
                yield Overlap(first.id, second.id, verdicts, is_exception, example)


def _rule_contradictions(space: Space, hits: list[list[Box]]) -> Iterator[Contradiction]:
    limit = space.policy.limits.second_approval_minor
    suspicions: dict[str, tuple[str, tuple[tuple[str, Test], ...]]] = {
        "approves_beyond_one": ("approve", (("order_refund_minor", Within(limit + 1, None)),)),
        "asks_for_nothing": ("needs_evidence", (("evidence_complete", OneOf((True,))),)),
        "rejects_undelivered": (
            "reject",
            (
                ("delivered", OneOf((False,))),
                ("delivery", OneOf(("pending",))),
                ("days_left", Within(0, None)),
            ),
        ),
    }
    for rule, boxes in zip(space.policy.rules, hits, strict=True):
        if rule.fee_basis_points is not None and rule.verdict == "reject":
            yield Contradiction("fee_on_rejection", rule.id, {})
        if rule.fee_basis_points == 10_000 and rule.verdict != "reject":
            yield Contradiction("fee_takes_all", rule.id, {})
        for code, (verdict, tests) in suspicions.items():
            if rule.verdict == verdict:
                example = _example(space, boxes, tests)
                if example is not None:
                    yield Contradiction(code, rule.id, {"example": example})


def _figure_contradictions(policy: Policy) -> Iterator[Contradiction]:
    for reason, points in policy.fee_basis_points.items():
        if points == 10_000:
            yield Contradiction("fee_takes_all", "", {"reason": reason})
    for reason, checklist in policy.evidence.items():
        if checklist and not any(_looks_at_evidence(rule, reason) for rule in policy.rules):
            yield Contradiction("checklist_unused", "", {"reason": reason})
    for channel, days in policy.channel_days.items():
        kinds = [kind for kind, window in policy.window_days.items() if window > days]
        if kinds:
            yield Contradiction("channel_shorter_than_window", "", {"channel": channel, "kinds": kinds})


def _looks_at_evidence(rule: Rule, reason: str) -> bool:
    tests = dict(rule.tests)
    return "evidence_complete" in tests and ("reason" not in tests or tests["reason"].holds(reason))


def _example(space: Space, boxes: list[Box], tests: tuple[tuple[str, Test], ...]) -> Row | None:
    wanted = space.box(tests)
    for box in boxes:
        both = intersect(box, wanted)
        if both:
            example = space.example(both)
            if example is not None:
                return example
    return None
