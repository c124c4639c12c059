"""R6.3: a history in parts, however it is cut and in whatever order, comes to the figures of the whole."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.synthetic import synthetic
from core.domain import effects, spots, sweep
from core.domain.bulk import NONE, Partial, Question, Replay, merged
from core.domain.effects import Seen, effect
from core.domain.errors import AmountsTooLarge, HistoryInvalid, TransitionRefused
from core.domain.history import History
from core.domain.policy import load, shipped
from core.domain.simulation import simulate
from core.domain.spans import GROUPS, changes, grouped, sums
from tests.claims import claim, paid

STANDARD, GENEROUS = shipped("standard"), shipped("generous")
PLACE = spots.path_of(spots.read(GENEROUS), "limits.second_approval_minor")
QUESTION = Question(GENEROUS, STANDARD, costs=True, swept=(PLACE, (0, 50_000)))
REPLAY = Replay(QUESTION)
FOREIGN = claim(paid(700), currency="USD")


def history(rows: int) -> History:
    """Made-up orders, and some in another currency among them."""
    made = synthetic(rows)
    foreign = History.of([FOREIGN] * (rows // 50))
    return History.joined([made.part(0, rows // 2), foreign, made.part(rows // 2, rows)])


FEW, MANY = history(600), history(3_000)
assert len(FEW) < GROUPS < len(MANY)


def told(found: Partial) -> object:
    """All that is said of it."""
    moved = (found.moved, found.less, found.more)
    return found.rows, found.verdicts, found.against, moved, found.costs, found.curve


def whole(rows: History) -> Partial:
    return REPLAY(rows, 0, len(rows))


WHOLE = {len(rows): told(whole(rows)) for rows in (FEW, MANY)}


@given(st.sampled_from([FEW, MANY]), st.lists(st.integers(0, len(MANY)), max_size=6), st.randoms())
@settings(max_examples=40, deadline=None)
def test_any_cut_and_any_order_tell_the_same(rows: History, cuts: list[int], chance: st.DrawFn) -> None:
    """R6.3: empty parts too; merging is associative and the same either way round."""
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [REPLAY(rows.part(start, stop), start, len(rows)) for start, stop in pairwise(edges)]
    chance.shuffle(parts)  # type: ignore[attr-defined]
    while len(parts) > 1:
        at = chance.randrange(len(parts) - 1)  # type: ignore[attr-defined]
        parts[at : at + 2] = [parts[at].merge(parts[at + 1])]
    assert told(merged(parts, REPLAY.nothing())) == WHOLE[len(rows)]


def test_the_whole_is_what_its_pieces_of_code_say() -> None:
    """Verdicts, costs and curve of `simulate`, `compare` and `sweep` over the same rows at once."""
    found = whole(MANY)
    before, after = simulate(MANY, load(STANDARD)), simulate(MANY, load(GENEROUS))
    assert (found.by_verdict, found.by_verdict_before) == (after.verdicts(), before.verdicts())
    assert found.moved == int(before.moved(after).sum())
    seen = Seen.nothing(len(MANY))
    was, will = effect(MANY, load(STANDARD), before, seen), effect(MANY, load(GENEROUS), after, seen)
    assert found.costs == effects.compare(MANY, was, will)
    assert list(found.curve) == list(sweep.sweep(MANY, seen, GENEROUS, PLACE, (0, 50_000)))
    assert list(found.curve[0].refund) == ["CNY", "USD"]


def test_no_rows_and_one_policy() -> None:
    alone = Replay(Question(STANDARD))
    assert told(alone.nothing()) == (0, (0, 0, 0, 0), (), (0, NONE, NONE), None, ())
    found = alone(FEW, 0, len(FEW))
    assert found.by_verdict_before is None and sum(found.verdicts) == len(FEW)


def test_what_goes_between_machines_survives_it() -> None:
    """Questions, answers and refusals, as they were."""
    found = whole(FEW)
    assert told(pickle.loads(pickle.dumps(found))) == told(found)
    assert pickle.loads(pickle.dumps(QUESTION)) == QUESTION
    for refused in (HistoryInvalid(problem=[{"code": "x"}]), TransitionRefused("case", "a", "b")):
        again = pickle.loads(pickle.dumps(refused))
        assert type(again) is type(refused) and again.as_dict() == refused.as_dict()


def test_totals_beyond_64_bits_are_refused() -> None:
    """Rather than a figure that is wrong without a word."""
    rows = History.of([claim(paid(10**14))] * 40_000)
    part = Replay(Question(GENEROUS, costs=True))(rows, 0, 10**6)
    found = part
    with pytest.raises(AmountsTooLarge):
        for _ in range(12):
            found = found.merge(part)
            found = found.merge(found)


@pytest.mark.parametrize("order", ["as drawn", "sorted", "in waves"])
@pytest.mark.parametrize("rows", [400, 1_500, 20_000])
def test_intervals_are_as_wide_as_drawing_rows_again(order: str, rows: int) -> None:
    """However the file is sorted: against the deviation that theory gives, within the groups' own noise."""
    values = np.random.default_rng(5).integers(100, 9_000, rows)
    if order == "sorted":
        values = np.sort(values)
    elif order == "in waves":
        values = np.sort(values).reshape(-1, 100).T.ravel()
    table = np.repeat(values[:, None], 6, axis=1).astype(np.int64)
    groups = grouped(0, rows, rows)
    [found] = changes(sums(table, groups), np.bincount(groups, minlength=GROUPS), seed=1)
    width = (found.after.high - found.after.low) / (2 * 1.96 * values.std() * np.sqrt(rows))
    assert 0.9 < width < 1.1
    assert found.after.least == values.sum()
    assert found.after.low < values.sum() < found.after.high


def test_groups_follow_from_the_number_of_a_row() -> None:
    """Wherever the history was cut, and spread evenly."""
    every = grouped(0, 100_000, 100_000)
    assert np.array_equal(np.concatenate([grouped(0, 7, 100_000), grouped(7, 99_993, 100_000)]), every)
    counts, even = np.bincount(every, minlength=GROUPS), 100_000 / GROUPS
    assert len(counts) == GROUPS
    assert ((counts - even) ** 2 / even).sum() < GROUPS + 5 * np.sqrt(2 * GROUPS), "as chance would, chi²"
    assert np.array_equal(grouped(3, 5, GROUPS), [3, 4, 5, 6, 7])
