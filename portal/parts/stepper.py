"""The wizard's progress line: five names on a desk, five bars and 'step 3 of 5' on a phone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.texts import Texts
from portal.html import esc, ms

LAST = 5


def names(tx: Texts) -> tuple[str, ...]:
    """The five steps by name, first to last."""
    return (
        tx("request.step.wrong"),
        tx("request.step.verdict"),
        tx("request.step.route"),
        tx("request.step.evidence"),
        tx("request.step.send"),
    )


def stepper(
    tx: Texts,
    step: int,
    *,
    steps: Sequence[int],
    done: Collection[int],
    skipped: Collection[int],
) -> str:
    """The progress line at `step`, one of `steps`, which are counted as they are gone through: what was
    really `done`; what is `skipped` has nothing to do.
    """
    items, called = [], names(tx)
    for place, number in enumerate(steps, 1):
        name = called[number - 1]
        if number == step:
            state = "now"
        else:
            state = "done" if number in done else "skip" if number in skipped else "todo"
        mark = ms("check") if state == "done" else "–" if state == "skip" else str(place)
        here = ' aria-current="step"' if state == "now" else ""
        said = {"done": tx("request.step.done"), "skip": tx("request.step.skipped")}.get(state, "")
        said = f'<span class="sr">{esc(said)}</span>' if said else ""
        items.append(
            f'<li class="{state}"{here}><i aria-hidden="true">{mark}</i><b>{esc(name)}{said}</b></li>'
        )
    count = esc(tx("request.step.count", step=steps.index(step) + 1, last=LAST))
    return (
        f'<ol class="wiz" aria-label="{esc(tx("request.step.line"))}">{"".join(items)}</ol>'
        f'<div class="wizm" aria-hidden="true"><span>{count}</span><b>{esc(called[step - 1])}</b></div>'
    )
