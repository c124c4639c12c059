"""What the rules cost: a verdict against `if`s by hand and against zen-engine, and all that is told with it.

All sides answer the same claims under the standard policy, and must agree before they are timed.
"""

from __future__ import annotations

import gc
import json
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench import Measured
from core.adapters.history import synthetic
from core.domain import policy
from core.domain.eligibility import assess, columns_of, verdict_of
from core.domain.policy import Policy
from core.domain.simulation import simulate
from core.domain.table import COLUMNS, OneOf, Test, Value
from core.domain.workdays import china

CLAIMS = 1_000
BATCH = 50
ROUNDS = 25
# 20,000 full assessments a second, said in bare verdicts where 2.1 million of those are made in a second.
QUIET = 105

Row = dict[str, Any]


def run() -> list[Measured]:
    """Verdict, assessment and history, each side in turn and the best of its rounds."""
    standard = policy.load(policy.shipped("standard"))
    history = synthetic(CLAIMS, seed=7)
    claims = [history.facts(row) for row in range(CLAIMS)]
    rows = [columns_of(facts, standard) for facts in claims]
    calendar = china()
    first_hit, zen = standard.first_hit, _zen(standard)
    ids = [rule.id for rule in standard.rules]
    assert (
        [ids[first_hit(row)] for row in rows]
        == [ids[by_hand(row)] for row in rows]
        == [zen(row) for row in rows]
    )
    many = synthetic(200_000, seed=7)
    table, hand, engine, full, single, bulk = _best(
        [
            (first_hit, rows),
            (by_hand, rows),
            (zen, rows[:100]),
            (lambda facts: assess(facts, standard, calendar), claims),
            (lambda facts: verdict_of(facts, standard), claims),
            (lambda history: simulate(history, standard), [many]),
        ]
    )
    bulk /= len(many)
    rules = len(standard.rules)
    verdict = _rate(table)
    return [
        Measured(f"verdict of {rules} rules, against ifs by hand", verdict, _rate(hand), hand / table, 0.35),
        Measured("… against zen-engine, one by one", verdict, _rate(engine), engine / table, 10),
        Measured("assess in full, in bare verdicts", _rate(full), verdict, full / table, at_most=QUIET),
        Measured("a history at once, against one by one", _rate(bulk), _rate(single), single / bulk, 10),
    ]


def by_hand(f: Row) -> int:
    """The standard policy's rules as a programmer would write them: an `if` a rule, in order."""
    if f["reason"] == "duplicate_charge" and f["duplicate"] and f["amount_minor"] <= 100_000:
        return 0
    if f["reason"] == "duplicate_charge" and f["duplicate"]:
        return 1
    if f["reason"] == "duplicate_charge" and not f["evidence_complete"]:
        return 2
    if f["reason"] == "duplicate_charge":
        return 3
    if f["delivery"] == "redeemed" and f["contested"] and f["days_left"] >= 0:
        return 4
    faulty = f["reason"] in ("not_as_described", "service_failed")
    if faulty and f["delivery"] == "redeemed" and f["evidence_complete"] and f["days_left"] >= 0:
        return 5
    if f["delivery"] == "redeemed":
        return 6
    if f["delivery"] == "pending" and f["days_left"] < 0:
        return 7
    if f["days_left"] < 0:
        return 8
    if f["reason"] == "other" and f["delivery"] == "activated" and f["delivered"]:
        return 9
    if f["escrow"]:
        return 10
    if not f["delivered"] and f["unnamed_refunds"] > 20:
        return 11
    if (
        not f["delivered"]
        and f["order_refund_minor"] <= 50_000
        and f["credit"] >= 60
        and f["recent_refunds"] <= 5
    ):
        return 12
    if not f["delivered"]:
        return 13 if f["order_refund_minor"] > 50_000 else 14 if f["recent_refunds"] > 5 else 15
    if faulty and not f["evidence_complete"]:
        return 16
    small = faulty and f["order_refund_minor"] <= 2_000 and not f["guest"]
    if small and f["credit"] >= 80 and f["recent_refunds"] <= 2:
        return 17
    return 18 if f["reason"] == "not_delivered" else 19 if f["reason"] == "other" else 20


def _zen(rules: Policy) -> Callable[[Row], str]:
    """The same table as a JDM decision table."""
    import zen

    inputs = [{"id": name, "name": name, "type": "expression", "field": name} for name in COLUMNS]
    outputs = [{"id": "hit", "name": "hit", "type": "expression", "field": "hit"}]
    lines = [
        {"_id": rule.id, "hit": json.dumps(rule.id)} | {column: _unary(test) for column, test in rule.tests}
        for rule in rules.rules
    ]
    table = {"hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": lines}
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": f"{source}-{target}", "type": "edge", "sourceId": source, "targetId": target}
        for source, target in (("in", "table"), ("table", "out"))
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def answer(row: Row) -> str:
        found: str = decision.evaluate(row)["result"]["hit"]
        return found

    return answer


def _unary(test: Test) -> str:
    if isinstance(test, OneOf):
        return ", ".join(map(_literal, test.values))
    if test.low is None or test.high is None:
        return f"<= {test.high}" if test.low is None else f">= {test.low}"
    return f"[{test.low}..{test.high}]"


def _literal(value: Value) -> str:
    return json.dumps(value)


def _best(sides: Sequence[tuple[Callable[[Any], Any], Sequence[Any]]]) -> list[float]:
    """Seconds a question of each side.

    All sides in turn, so that a busy minute hits all of them; in short batches of which the best round
    counts, so that a busy moment hits none; without garbage collection, as `timeit` does.
    """
    batches = [[asked[start : start + BATCH] for start in range(0, len(asked), BATCH)] for _, asked in sides]
    best = [[math.inf] * len(each) for each in batches]
    gc.disable()
    for _ in range(ROUNDS):
        for (answer, _), several, times in zip(sides, batches, best, strict=True):
            for place, batch in enumerate(several):
                times[place] = min(times[place], _timed(answer, batch))
        gc.collect()
    gc.enable()
    return [sum(times) / len(asked) for times, (_, asked) in zip(best, sides, strict=True)]


def _timed(answer: Callable[[Any], Any], batch: Sequence[Any]) -> float:
    start = time.perf_counter()
    for question in batch:
        answer(question)
    return time.perf_counter() - start


def _rate(seconds: float) -> str:
    return f"{1 / seconds:,.0f}/s"


if __name__ == "__main__":
    from bench.__main__ import main

    raise SystemExit(main(["rules"]))
