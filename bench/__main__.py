"""`python -m bench [rules submit …]`: the measured table, whole or some topics of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from bench import Measured

TOPICS = (
    "rules", "submit", "reruns", "sessions", "pictures", "uploads", "legibility", "doubts", "desk", "reading",
    "bills", "reconciling", "payouts", "lab", "bulk", "stack",
)  # fmt: skip


def main(topics: Sequence[str]) -> int:
    """Prints the table, missed goals included; exit code 2 for an unknown topic."""
    if set(topics) - set(TOPICS):
        print(f"there are {', '.join(TOPICS)}", file=sys.stderr)
        return 2
    rows: list[Measured] = []
    for topic in topics or TOPICS:
        print(f"measuring {topic} …", file=sys.stderr, flush=True)
        rows += import_module(f"bench.{topic}").run()
    lines = [("", "ours", "against", "ratio", "goal", "")]
    lines += [
        (row.what, row.ours, row.theirs, f"{row.ratio:.2f}", row.goal, row.goal and _met(row)) for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        print("  ".join(cell.ljust(width) for cell, width in cells).rstrip())
    return 0


def _met(row: Measured) -> str:
    return "ok" if row.is_met else "missed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
