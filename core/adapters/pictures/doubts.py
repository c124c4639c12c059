"""Signs that a picture was edited: a program that names itself in the file, and words that do not fit in
with the others. In the child; hints for a person, never accusations (R2.4).

A JPEG leaves its steps and its grain in every word. Where all words but one or two carry the steps of an
earlier compression, those were put there later (`grids`); where all words of a line are clean but one, that
one came from somewhere else (`pasted`). Sending on, cropping and saving again change all words alike, and
are no signs. What was edited before anything was compressed, or compressed more coarsely afterwards, shows
nothing: `python -m bench doubts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from core.adapters.pictures import Came
from core.adapters.pictures.editors import editor_of
from core.adapters.pictures.grain import Word, history, words
from core.adapters.pictures.words import Box
from core.domain.pictures import Doubt

MOST_WORDS: Final = 48
LEAST_PEERS: Final = 7  # words of a kind: fewer say nothing of each other
SAME_GROUND: Final = 8  # grey levels apart
MOST_ODD: Final = 2  # of them; more is the picture's way

# Chosen on one part of `python -m bench doubts`, measured on the other.
HISTORY: Final = 0.5  # how well an earlier compression fits most words, that it is believed
ODD, ODDER = 0.58, 1.5  # how badly it fits one that came later, and so many times as badly as the others
GRAIN, GRAINIER = 0.8, 2.2  # grey levels, and times the others' grain, of one that came from elsewhere


def found(came: Came, boxes: Sequence[Box], scale: float) -> tuple[Doubt, ...]:
    """The signs; `boxes` of words in a picture that is `scale` times as large as the pixels that came."""
    signs = []
    if (editor := editor_of(came.data, came.kind)) is not None:
        signs.append(Doubt("editor", editor))
    if came.pixels is not None and len(boxes) >= LEAST_PEERS:
        grey, there = words(came.pixels, boxes[:MOST_WORDS], scale)
        if len(there) >= LEAST_PEERS:
            each = history(grey, there, came.table)
            for code, odd in (("grids", later(there, each)), ("pasted", foreign(there))):
                if odd:
                    signs.append(Doubt(code, _place(odd[0].box, came.pixels.size)))
                    break
    return tuple(signs)


def later(there: Sequence[Word], each: Sequence[float]) -> list[Word]:
    """Words without the earlier compression that their like have, the oddest first."""
    found = []
    for kind in _kinds(there):
        fits = sorted((each[at] for at in kind), reverse=True)
        if len(fits) < LEAST_PEERS or np.median(fits) > HISTORY:
            continue
        least = max(ODD, ODDER * float(np.percentile(fits[MOST_ODD:], 90)))
        odd = [at for at in kind if each[at] >= least]
        found += odd if len(odd) <= MOST_ODD else []
    return [there[at] for at in sorted(found, key=lambda at: -each[at])]


def foreign(there: Sequence[Word]) -> list[Word]:
    """Words of one line with more grain than their like, beside one without: a shop's banner in an app is a
    picture of its own, and stands for itself.
    """
    odd = []
    for kind in _kinds(there):
        peers = [there[at] for at in kind]
        if len(peers) >= LEAST_PEERS:
            usual = float(np.percentile([word.grain for word in peers], 75))
            grainy = [word for word in peers if word.grain >= GRAIN + GRAINIER * usual]
            odd += [word for word in grainy if any(_beside(word, other, 1.2 * usual) for other in there)]
    is_one_line = all(_in_line(odd[0], word) for word in odd)
    return sorted(odd, key=lambda word: -word.grain) if len(odd) <= MOST_ODD and is_one_line else []


def _kinds(there: Sequence[Word]) -> list[list[int]]:
    """Places of words that are alike: coloured or not, on the same ground. What stands alone, as a heading
    on its bar or a button, has nothing to be compared with.
    """
    kinds: list[list[int]] = []
    for at, word in enumerate(there):
        for kind in kinds:
            first = there[kind[0]]
            if first.is_coloured is word.is_coloured and abs(first.ground - word.ground) <= SAME_GROUND:
                kind.append(at)
                break
        else:
            kinds.append([at])
    return kinds


def _beside(word: Word, other: Word, clean: float) -> bool:
    """In the same line, on the same ground, without grain."""
    is_clean = other.grain <= clean + 0.3
    return other is not word and is_clean and abs(other.ground - word.ground) <= 2 and _in_line(word, other)


def _in_line(word: Word, other: Word) -> bool:
    """As high, and at the same height."""
    mine, its = ((box[1], box[3]) for box in (word.box, other.box))
    most = max(8, 0.25 * max(mine[1] - mine[0], its[1] - its[0]))
    return abs(mine[0] - its[0]) <= most and abs(mine[1] - its[1]) <= most


def _place(box: Box, size: tuple[int, int]) -> str:
    """`across down`: the middle, in percent of the picture."""
    return f"{50 * (box[0] + box[2]) // size[0]} {50 * (box[1] + box[3]) // size[1]}"
