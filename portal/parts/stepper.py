"""The wizard's progress line: five names on a desk, five bars and 'step 3 of 5' on a phone."""

from __future__ import annotations

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


def stepper(tx: Texts, step: int, *, skipped: tuple[int, ...] = ()) -> str:
    """The progress line at `step` (1–5); `skipped` steps have nothing to do for this order."""
    items = []
    for number, name in enumerate(names(tx), 1):
        if number == step:
            state = "now"
        elif number in skipped:
            state = "skip past" if number < step else "skip"
        else:
            state = "done" if number < step else "todo"
        mark = ms("check") if state == "done" else "–" if number in skipped else str(number)
        here = ' aria-current="step"' if state == "now" else ""
        said = f'<span class="sr">{esc(tx("request.step.done"))}</span>' if state == "done" else ""
        items.append(
            f'<li class="{state}"{here}><i aria-hidden="true">{mark}</i><b>{esc(name)}{said}</b></li>'
        )
    count = esc(tx("request.step.count", step=step, last=LAST))
    return (
        f'<ol class="wiz" aria-label="{esc(tx("request.step.line"))}">{"".join(items)}</ol>'
        f'<div class="wizm" aria-hidden="true"><span>{count}</span><b>{esc(names(tx)[step - 1])}</b></div>'
    )
