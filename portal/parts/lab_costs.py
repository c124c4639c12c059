"""What a draft costs beside what is in force, drawn: money and people's work, the moves, the parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from core.domain.effects import Compared, Group
from core.domain.spans import Change, Span
from core.domain.table import VERDICTS
from core.services.handling import Handling
from core.texts import MINUS, Texts
from portal.html import esc

Say = Callable[[int], str]
_JOINED: Final = "\N{WORD JOINER}"  # no line ends between a sign and its sum
# By verdict: neighbours differ in lightness too, in both themes.
COLOURS: Final = {"approve": "#12897E", "review": "#E0A63C", "reject": "#B23A25", "needs_evidence": "#8FA09A"}

# A label lies on a band of any of these colours, in either theme: it brings its own ground.
_READABLE: Final = {
    "color": "#1D2B28", "backgroundColor": "#FFFFFF", "padding": [2, 6], "borderRadius": 4,
}  # fmt: skip


def costs(tx: Texts, found: Compared, minutes: int, handling: Handling) -> str:
    """Totals before and after; a total that nobody can know is a range, and says so."""
    rows = []
    for currency, change in found.refund.items():

        def money(minor: int, of: str = currency) -> str:
            return tx.money(minor, of)

        rows.append(_row(tx, tx("lab.costs.refund", currency=currency), change, money))
        fee = found.fee[currency]
        if fee.before.most or fee.after.most:
            rows.append(_row(tx, tx("lab.costs.fee", currency=currency), fee, money))
    rows.append(_row(tx, tx("lab.costs.people"), found.people, str))
    rows.append(_row(tx, tx("lab.costs.hours"), found.people, lambda n: f"{n * minutes / 60:.1f}"))
    said = _table(tx, ("what", "before", "after", "difference"), rows)
    was, now = found.unknown
    notes = [tx("lab.costs.unknown", was=was, now=now, beside=tx("lab.col.before"))] if was or now else []
    if "<small>" in said:
        notes.append(tx("lab.costs.interval", draws=found.draws))
    notes.append(
        tx("lab.costs.measured", n=handling.decisions, minutes=handling.minutes)
        if handling.decisions
        else tx("lab.costs.not_measured", minutes=handling.minutes)
    )
    return said + "".join(f'<p class="note">{esc(note)}</p>' for note in notes)


def _row(tx: Texts, name: str, change: Change, say: Say) -> str:
    apart = change.difference
    far = tx("lab.costs.far", low=_signed(say, apart.low), high=_signed(say, apart.high))
    difference = _span(tx, apart, lambda n: _signed(say, n))
    small = f"<small>{esc(far)}</small>" if apart.low != apart.high else ""
    return (
        f"<tr><td class=p>{esc(name)}</td>{_cell(tx, 'before', esc(_span(tx, change.before, say)))}"
        f"{_cell(tx, 'after', esc(_span(tx, change.after, say)))}"
        f"{_cell(tx, 'difference', esc(difference) + small)}</tr>"
    )


def _span(tx: Texts, span: Span, say: Say) -> str:
    low, high = say(span.least), say(span.most)
    return low if low == high else tx("lab.costs.span", low=low, high=high)


def _signed(say: Say, n: int) -> str:
    said = say(abs(n))
    return said if said == say(0) else f"{'+' if n > 0 else MINUS}{_JOINED}{said}"


def groups(tx: Texts, by: str, found: Iterable[Group], currency: str) -> str:
    """The same totals by a reason, kind, channel or credit band."""

    def money(pair: tuple[int, int]) -> str:
        low, high = (tx.money(minor, currency) for minor in pair)
        return esc(low if low == high else tx("lab.costs.span", low=low, high=high))

    rows = [
        f"<tr><td class=p>{esc(_named(tx, by, group.name))}</td>{_cell(tx, 'rows', str(group.rows))}"
        f"{_cell(tx, 'moved', str(group.moved))}{_cell(tx, 'before', money(group.before))}"
        f"{_cell(tx, 'after', money(group.after))}"
        f"{_cell(tx, 'people', f'{group.people_before} → {group.people_after}')}"
        f"{_cell(tx, 'wait', esc(' → '.join(map(tx.duration, group.waits))))}</tr>"
        for group in found
    ]
    if not rows:
        return f'<p class="note">{esc(tx("lab.none"))}</p>'
    return _table(tx, ("what", "rows", "moved", "before", "after", "people", "wait"), rows)


def _named(tx: Texts, by: str, name: str) -> str:
    if by == "credit":
        return tx(f"lab.band.{name}")
    if by == "reason":
        return tx(f"reason_said.{name}")
    return tx(f"kind.{name}") if by == "kind" else tx(f"channel.{name}")


def flow(tx: Texts, found: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Requests from their answer before to their answer after, as a Sankey chart for ECharts."""
    left, right = tx("lab.col.before"), tx("lab.col.after")

    def node(side: str, verdict: str) -> str:
        return f"{side} · {tx(f'verdict.{verdict}')}"

    nodes = [
        {
            "name": node(side, verdict),
            "itemStyle": {"color": COLOURS[verdict]},
            "label": {
                "position": "right" if side == left else "left",
                "formatter": tx(f"verdict.{verdict}"),
                **_READABLE,
            },
        }
        for place, side in enumerate((left, right))
        for verdict in VERDICTS
        if any(pair[place] == verdict for pair in found)
    ]
    links = [
        {
            "source": node(left, was),
            "target": node(right, now),
            "value": n,
            "lineStyle": {"color": COLOURS[now], "opacity": 0.18 if was == now else 0.55},
        }
        for (was, now), n in found.items()
    ]
    series = {
        "type": "sankey", "data": nodes, "links": links, "left": 4, "right": 4, "top": 8, "bottom": 8,
        "nodeWidth": 14, "nodeGap": 14, "draggable": False, "layoutIterations": 0,
        "emphasis": {"focus": "none"},
    }  # fmt: skip
    return {"series": [series], "tooltip": {"trigger": "item"}, "animation": False}


def flow_said(tx: Texts, found: Mapping[tuple[str, str], int]) -> str:
    """The same in words, for who does not see it."""
    return tx("list.next").join(
        tx("lab.flow.one", before=tx(f"verdict.{was}"), after=tx(f"verdict.{now}"), n=n)
        for (was, now), n in found.items()
    )


def table(tx: Texts, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Of words: each row's name and its cells."""
    return _table(
        tx,
        heads,
        (
            f"<tr><td class=p>{esc(name)}</td>"
            + "".join(_cell(tx, head, esc(cell)) for head, cell in zip(heads[1:], cells, strict=True))
            + "</tr>"
            for name, *cells in rows
        ),
    )


def _table(tx: Texts, heads: Iterable[str], rows: Iterable[str]) -> str:
    cells = "".join(f'<th scope="col">{esc(tx(f"lab.col.{name}"))}</th>' for name in heads)
    body = "".join(rows)
    return f'<table class="fin figs lab"><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>'


def _cell(tx: Texts, head: str, body: str) -> str:
    return f'<td class=n data-label="{esc(tx(f"lab.col.{head}"))}">{body}</td>'
