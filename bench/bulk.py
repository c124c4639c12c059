"""A table of 12 rules on 8 facts over many rows, against zen-engine row by row and pandas with np.select; the
whole replay with its laws; and a replay from Parquet, ten times the rows.

All sides answer the same rows of the same table, and must agree before they are timed.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import Measured
from bench.rules import _literal, _unary
from core.adapters.synthetic import synthetic
from core.domain import policy
from core.domain.lookups import Lookups
from core.domain.policy import Policy
from core.domain.simulation import Decider, Money, _columns, _Figures
from core.domain.table import COLUMNS, OneOf

ROWS, LOOPED, ROUNDS = 1 << 20, 2_000, 7
PART = 1 << 16
FACTS = (
    "reason", "duplicate", "evidence_complete", "delivery", "contested", "days_left", "delivered", "escrow",
)  # fmt: skip


def twelve() -> Policy:
    """The standard policy's first eleven rules and its last, as far as they look at `FACTS`."""
    standard = policy.load(policy.shipped("standard"))
    rules = [
        replace(rule, tests=tuple(test for test in rule.tests if test[0] in FACTS)) for rule in standard.rules
    ]
    values: dict[str, Any] = {name: getattr(standard, name) for name in Policy.model_fields}
    return Policy(**{**values, "rules": (*[rule for rule in rules if rule.tests][:11], rules[-1])})


def run() -> list[Measured]:
    rules, history = twelve(), synthetic(ROWS, seed=7)
    lookups, money = Lookups(rules.rules), Money(history, rules)
    columns = _columns(lookups, history, _Figures(rules), money)
    frame = pd.DataFrame(
        {
            name: np.array(COLUMNS[name].values, object)[codes.astype(int)]
            if COLUMNS[name].values is not None and isinstance(COLUMNS[name].values[0], str)  # type: ignore[index]
            else codes
            for name, codes in columns.items()
        }
    )
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = frame[name].astype("str")

    def ours() -> Any:
        parts = range(0, ROWS, PART)
        return [
            lookups.first_hits({n: c[at : at + PART] for n, c in columns.items()}, min(PART, ROWS - at))
            for at in parts
        ]

    def selected() -> Any:
        masks = []
        for rule in rules.rules:
            mask = np.ones(ROWS, bool)
            for name, test in rule.tests:
                if isinstance(test, OneOf):
                    mask &= frame[name].isin(test.values).to_numpy()
                else:
                    mask &= True if test.low is None else (frame[name] >= test.low).to_numpy()
                    mask &= True if test.high is None else (frame[name] <= test.high).to_numpy()
            masks.append(mask)
        return np.select(masks, range(len(masks)), len(masks))

    assert (len(rules.rules), len(lookups.columns)) == (12, 8)
    zen, few = _zen(rules), frame.head(LOOPED).to_dict("records")
    hits = np.concatenate(ours())
    ids = [*(rule.id for rule in rules.rules), None]
    assert (hits == selected()).all()
    assert [ids[hit] for hit in hits[:LOOPED]] == zen(few)
    decide = Decider(rules)
    table, pandas_, loop, full = _best(ours, selected, lambda: zen(few), lambda: decide(history))
    table, pandas_, loop, full = table / ROWS, pandas_ / ROWS, loop / LOOPED, full / ROWS
    what = f"{len(rules.rules)} rules on {len(lookups.columns)} facts"
    small, large = _from_parquet(1_000_000), _from_parquet(10_000_000)
    return [
        Measured(f"{what}, rows a second and core in 15 millions", _m(table), "", 1 / table / 15e6, 1),
        Measured("… against zen-engine, its loop mode", _m(table), _m(loop), loop / table, 50),
        Measured("… against pandas strings, np.select", _m(table), _m(pandas_), pandas_ / table, 3),
        Measured("… with money and laws, in 15 millions", _m(full), "", 1 / full / 15e6, 1),
        Measured(
            "replay of Parquet, 10M rows against 1M", f"{large[0]:.1f} s", f"{small[0]:.1f} s",
            large[0] / small[0], at_most=10.5,
        ),
        Measured("… its memory in GB, 10M rows", f"{large[1]:.2f}", f"{small[1]:.2f}", large[1], at_most=1),
    ]  # fmt: skip


def _zen(rules: Policy) -> Callable[[list[dict[str, Any]]], list[str]]:
    """The same table as a JDM decision table that loops over the rows by itself."""
    import zen

    inputs = [{"id": name, "name": name, "type": "expression", "field": name} for name in FACTS]
    outputs = [{"id": "hit", "name": "hit", "type": "expression", "field": "hit"}]
    lines = [
        {"_id": rule.id, "hit": _literal(rule.id)} | {column: _unary(test) for column, test in rule.tests}
        for rule in rules.rules
    ]
    content = {
        "hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": lines,
        "executionMode": "loop", "inputField": "rows", "outputPath": "out",
    }  # fmt: skip
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": content},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": f"{source}-{target}", "type": "edge", "sourceId": source, "targetId": target}
        for source, target in (("in", "table"), ("table", "out"))
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def answer(rows: list[dict[str, Any]]) -> list[str]:
        return [found["hit"] for found in decision.evaluate({"rows": rows})["result"]["out"]]

    return answer


def _best(*sides: Callable[[], Any]) -> list[float]:
    """Seconds of each side, all in turn, the best of the rounds."""
    best = [float("inf")] * len(sides)
    for _ in range(ROUNDS):
        for place, side in enumerate(sides):
            start = time.perf_counter()
            side()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


def _from_parquet(rows: int) -> tuple[float, float]:
    """Seconds (reading and deciding under two policies) and peak resident GB of a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "year.parquet")
        core = [sys.executable, "-m", "core"]
        subprocess.run([*core, "facts", "--rows", str(rows), "--out", path], check=True, capture_output=True)
        words = ["simulate", "--json", "--policy", "generous", "--against", "standard", "--orders", path]
        child = subprocess.run(
            [sys.executable, "-c", _CHILD, *words], check=True, capture_output=True, text=True
        )
        said, peak = child.stdout.strip().split("\n")
        return json.loads(said)["seconds"], int(peak) / 1e6


_CHILD = f"""
import sys, resource
from core.cli import main
main(sys.argv[1:])
print(resource.getrusage({resource.RUSAGE_SELF}).ru_maxrss)
"""


def _m(seconds: float) -> str:
    return f"{1 / seconds / 1e6:,.2f}M/s"
