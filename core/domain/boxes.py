"""Boxes: sets of rows, given by a set of cells for each column, a bit each. Only their arithmetic is here."""

from __future__ import annotations

from collections.abc import Iterator

Box = tuple[int, ...]


def subtract(box: Box, hole: Box) -> list[Box]:
    """`box` without `hole`, as disjoint boxes."""
    if any(not mask & other for mask, other in zip(box, hole, strict=True)):
        return [box]
    left = []
    for place, other in enumerate(hole):
        rest = box[place] & ~other
        if rest:
            left.append(with_mask(box, place, rest))
            box = with_mask(box, place, box[place] & other)
    return left


def intersect(box: Box, other: Box) -> Box | None:
    """What both have in common; None when it is empty."""
    both = tuple(mask & more for mask, more in zip(box, other, strict=True))
    return both if all(both) else None


def merge(boxes: list[Box]) -> list[Box]:
    """The same rows in fewer boxes: two that differ in one column become one."""
    done: list[Box] = []
    todo = list(boxes)
    while todo:
        box = todo.pop()
        for place, other in enumerate(done):
            differing = [i for i, (mask, more) in enumerate(zip(box, other, strict=True)) if mask != more]
            if len(differing) == 1:
                i = differing[0]
                todo.append(with_mask(box, i, box[i] | other[i]))
                del done[place]
                break
        else:
            done.append(box)
    return done


def outside(box: Box, holes: tuple[Box, ...]) -> Box | None:
    """A part of `box` that lies in none of the holes; None when there is none."""
    for place, hole in enumerate(holes):
        if intersect(box, hole):
            for piece in subtract(box, hole):
                found = outside(piece, holes[place + 1 :])
                if found:
                    return found
            return None
    return box


def with_mask(box: Box, place: int, mask: int) -> Box:
    """`box` with other cells in one column."""
    return (*box[:place], mask, *box[place + 1 :])


def bits(mask: int) -> Iterator[int]:
    """The single bits of `mask`, lowest first."""
    while mask:
        yield mask & -mask
        mask &= mask - 1
