"""What a changed policy means: the orders that it answers otherwise, as regions, and the figures it moves.

Exact where both policies agree on what evidence a reason needs (`Changes.checklists` names the reasons on
which they do not; there 'complete' is taken by each policy's own list). Money that no table settles, such as
a refund smaller than its fee, is not looked at: `simulation` does that for orders that are known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from core.domain.boxes import Box, bits, intersect, merge, outside, subtract, with_mask
from core.domain.facts import DELIVERIES, KINDS, REASONS
from core.domain.policy import Policy
from core.domain.regions import Row, Space, first_hits
from core.domain.table import OneOf, Rule, Test, Within

Region = tuple[tuple[str, tuple[Test, ...]], ...]  # columns that matter, and tests of which one holds

AGE: Final = "age_days"  # days since the order was completed: what both policies mean, whatever their windows
BY_TWO: Final = "law.second_approval"
NO_RULE: Final = "law.no_rule"


@dataclass(frozen=True, slots=True)
class Move:
    """Orders that are answered otherwise. `rules`: pairs of who answered before and who does now.

    `region` has `AGE` in the place of `days_left` where the windows differ; regions of one pair of answers
    may overlap. `example`: a row of the former policy's columns.
    """

    before: str
    after: str
    region: Region
    example: Row
    rules: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure outside the table, by its place in the document: `window_days.membership`."""

    place: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Changes:
    moves: tuple[Move, ...]
    figures: tuple[Figure, ...]
    fees: tuple[Figure, ...]  # of rules that both have, in ten-thousandths; None: the fee of the reason
    checklists: tuple[str, ...]  # reasons whose evidence differs

    @property
    def is_none(self) -> bool:
        """Whether nothing that decides differs."""
        return not (self.moves or self.figures or self.fees)


def changes(before: Policy, after: Policy) -> Changes:
    """Everything in which `after` differs; `regions.TooEntangled` for tables that nobody could read."""
    return Changes(
        tuple(_moves(before, after)),
        tuple(_figures(before, after)),
        tuple(_fees(before, after)),
        tuple(reason for reason in REASONS if set(before.evidence[reason]) != set(after.evidence[reason])),
    )


def as_written(before: Policy, after: Policy) -> Changes:
    """The figures that differ, without what orders are answered by it: that takes a moment only."""
    return Changes((), tuple(_figures(before, after)), tuple(_fees(before, after)), ())


def _moves(before: Policy, after: Policy) -> Iterator[Move]:
    """Kinds by how far their windows differ: where they do not, all at once; else each by its age. What is
    said in few words comes first.
    """
    longer = {kind: before.window_days[kind] - after.window_days[kind] for kind in KINDS}
    same = tuple(kind for kind in KINDS if not longer[kind])
    found = list(_moved(before, after, same, 0)) if same else []
    for kind in KINDS:
        if longer[kind]:
            found += [
                _by_age(move, before.window_days[kind])
                for move in _moved(before, after, (kind,), longer[kind])
            ]
    yield from sorted(_joined(found), key=lambda move: len(move.region))


def _moved(before: Policy, after: Policy, kinds: tuple[str, ...], longer: int) -> Iterator[Move]:
    theirs = tuple(_translated(rule, after, longer) for rule in after.rules)
    cuts = Rule(BY_TWO, tuple(_above(limit) for limit in _limits(before, after)), "review", {})
    space = Space(before.model_copy(update={"rules": (*before.rules, *theirs, cuts)}))
    start = space.box([("kind", OneOf(kinds))])
    found: dict[tuple[str, str], list[Box]] = defaultdict(list)
    by: dict[tuple[str, str], list[tuple[Box, tuple[str, str]]]] = defaultdict(list)
    now = list(_answers(space, theirs, after.limits.second_approval_minor, start))
    for verdict, rule, box in _answers(space, before.rules, before.limits.second_approval_minor, start):
        for other_verdict, other_rule, other_box in now:
            if verdict == other_verdict:
                continue
            both = intersect(box, other_box)
            if both and space.possible(both):
                found[verdict, other_verdict].append(both)
                by[verdict, other_verdict].append((both, (rule, other_rule)))
    for (verdict, other), boxes in found.items():
        for box in _cover(space, merge([space.tighten(box) for box in boxes])):
            example = space.example(box)
            assert example is not None
            region = space.tests(_widened(space, box, start))
            rules = dict.fromkeys(pair for part, pair in by[verdict, other] if intersect(part, box))
            yield Move(verdict, other, region, example, tuple(rules))


def _cover(space: Space, boxes: list[Box]) -> list[Box]:
    """The same orders in boxes as large as can be, which may overlap: each takes fewer words. Columns that
    say least about an order, those of the end of the table, are let go first.
    """
    within = (*boxes, *space.impossible)
    large: list[Box] = []
    for box in boxes:
        if any(outside(box, (known,)) is None for known in large):
            continue  # it grew into one that is there
        for place in reversed(range(len(box))):
            for bit in bits(space.whole[place] & ~box[place]):
                if outside(with_mask(box, place, bit), within) is None:
                    box = with_mask(box, place, box[place] | bit)
        large.append(box)
    for box in sorted(large, key=lambda box: -len(space.tests(box))):
        rest = tuple(other for other in large if other is not box)
        if outside(box, (*rest, *space.impossible)) is None:
            large.remove(box)
    return large


def _answers(space: Space, rules: tuple[Rule, ...], limit: int, start: Box) -> Iterator[tuple[str, str, Box]]:
    """(verdict, rule, box) of all orders in `start`, with the law that two approve large sums."""
    hits, left = first_hits(space, rules, start)
    large = space.box([_above(limit)])
    for rule, boxes in zip(rules, hits, strict=True):
        for box in boxes:
            if rule.verdict != "approve":
                yield rule.verdict, rule.id, box
                continue
            if both := intersect(box, large):
                yield "review", BY_TWO, both
            for piece in subtract(box, large):
                yield rule.verdict, rule.id, piece
    for box in left:
        yield "review", NO_RULE, box


def _above(limit: int) -> tuple[str, Test]:
    return "order_refund_minor", Within(limit + 1, None)


def _limits(*policies: Policy) -> set[int]:
    return {policy.limits.second_approval_minor for policy in policies}


def _translated(rule: Rule, policy: Policy, longer: int) -> Rule:
    """A rule of `policy` in the columns of one whose window is so many days longer."""
    tests: list[tuple[str, Test]] = []
    for column, test in rule.tests:
        if column == "days_left":
            tests.append((column, _shifted(test, longer)))
        elif column == "delivered":
            states = tuple(s for s in DELIVERIES if test.holds(s in policy.delivered_states))
            tests.append(("delivery", OneOf(states)))
        else:
            tests.append((column, test))
    return replace(rule, tests=tuple(tests))


def _shifted(test: Test, days: int) -> Test:
    if isinstance(test, OneOf):
        return OneOf(tuple(int(value) + days for value in test.values))
    return Within(*(None if bound is None else bound + days for bound in (test.low, test.high)))


def _widened(space: Space, box: Box, start: Box) -> Box:
    """`box` said in fewer tests, of which those of `start` stay."""
    both = intersect(space.widen(box), start)
    assert both is not None
    return both


def _by_age(move: Move, window: int) -> Move:
    """Days left as days since the completion."""

    def aged(test: Test) -> Within:
        assert isinstance(test, Within)
        low = None if test.high is None or test.high >= window else window - test.high
        return Within(low, None if test.low is None else window - test.low)

    region: list[tuple[str, tuple[Test, ...]]] = []
    for column, tests in move.region:
        if column != "days_left":
            region.append((column, tests))
            continue
        ages = [age for age in map(aged, reversed(tests)) if age.high is None or age.high >= 0]
        if Within(None, None) not in ages:
            region.append((AGE, tuple(ages)))
    return replace(move, region=tuple(region))


def _joined(moves: Iterable[Move]) -> Iterator[Move]:
    """Moves that differ in the kind only, as one."""
    found: dict[Any, Move] = {}
    for move in moves:
        rest = tuple(part for part in move.region if part[0] != "kind")
        key = (move.before, move.after, rest)
        if key not in found:
            found[key] = move
            continue
        first = found[key]
        kinds = {kind for part in (first.region, move.region) for kind in _kinds(part)}
        ordered = tuple(kind for kind in KINDS if kind in kinds)
        of_kind: Region = () if ordered == KINDS else (("kind", (OneOf(ordered),)),)
        place = next((n for n, (column, _) in enumerate(first.region) if column == "kind"), 0)
        region = (*rest[:place], *of_kind, *rest[place:])
        found[key] = replace(first, region=region, rules=tuple(dict.fromkeys((*first.rules, *move.rules))))
    yield from found.values()


def _kinds(region: Region) -> tuple[Any, ...]:
    for column, tests in region:
        if column == "kind":
            return tuple(value for test in tests if isinstance(test, OneOf) for value in test.values)
    return KINDS


def _figures(before: Policy, after: Policy) -> Iterator[Figure]:
    mine, theirs = (
        _flat(policy.model_dump(exclude={"name", "titles", "rules"})) for policy in (before, after)
    )
    for place, value in mine.items():
        if value != theirs[place]:
            yield Figure(place, value, theirs[place])


def _flat(value: Any, place: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {place: value}
    return {
        where: inner
        for key, part in value.items()
        for where, inner in _flat(part, f"{place}.{key}" if place else key).items()
    }


def _fees(before: Policy, after: Policy) -> Iterator[Figure]:
    known = {rule.id: rule for rule in after.rules}
    for rule in before.rules:
        other = known.get(rule.id)
        if other is not None and other.fee_basis_points != rule.fee_basis_points:
            yield Figure(f"rules.{rule.id}", rule.fee_basis_points, other.fee_basis_points)
