"""Does the score of a picture tell what a person can read? On screens that the score was not chosen on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bench import Measured
from bench.screens import Shot, fonts, shots
from core.adapters.pictures.quality import measure
from core.domain.pictures import warnings
from core.domain.policy import load, shipped

COUNT = 440
HELD_OUT = 2026  # a seed that no limit was chosen on


def run() -> list[Measured]:
    if not fonts():
        return []
    limits = load(shipped("standard")).pictures
    scored = [(shot, measure(shot.image)) for shot in shots(COUNT, HELD_OUT)]
    warned = [(shot, bool(warnings(quality, limits))) for shot, quality in scored]
    sharp = [is_warned for shot, is_warned in warned if shot.is_sharp]
    unread = [is_warned for shot, is_warned in warned if not shot.is_legible]
    area = auc([(shot, quality.legible) for shot, quality in scored])
    rows = [
        Measured(f"ROC AUC, {COUNT} screens: can it be read", f"{area:.3f}", "", area, at_least=0.98),
        Measured(
            "false alarms on sharp ones", f"{sum(sharp)} of {len(sharp)}", "", _share(sharp), at_most=0.02
        ),
        Measured("unreadable ones that are warned of", f"{sum(unread)} of {len(unread)}", "", _share(unread)),
    ]
    by_way: dict[str, list[bool]] = defaultdict(list)
    for shot, is_warned in warned:
        by_way[shot.way].append(is_warned == (not shot.is_legible))
    return rows + [
        Measured(f"… judged right: {way}", _of(right), "", _share(right)) for way, right in by_way.items()
    ]


def auc(scored: Sequence[tuple[Shot, float]]) -> float:
    """How often a legible one scores above an illegible one; a tie is half."""
    good = [score for shot, score in scored if shot.is_legible]
    bad = [score for shot, score in scored if not shot.is_legible]
    wins = sum((one > other) + 0.5 * (one == other) for one in good for other in bad)
    return wins / (len(good) * len(bad))


def _of(values: Sequence[bool]) -> str:
    return f"{sum(values)} of {len(values)}"


def _share(values: Sequence[bool]) -> float:
    return sum(values) / max(1, len(values))


if __name__ == "__main__":
    from bench.__main__ import main

    raise SystemExit(main(["legibility"]))
