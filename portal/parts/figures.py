"""How the shop does, drawn: a chart of cases by day, and tables with bars that can be read as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from core.domain.policy import Policy
from core.services.figures import BECAME, Figures, Late, Share, Took
from core.texts import Texts
from portal.blocks import rules_text
from portal.html import esc, href
from portal.parts.finance_chart import by_day
from portal.parts.finance_words import channel

# By what became of a case, as in `BECAME`: neighbours differ in lightness too, in both themes.
COLOURS: Final = ("#12897E", "#7CCDC1", "#B23A25", "#E0A63C", "#8FA09A")


def sentence(tx: Texts, found: Figures) -> str:
    """What matters first: how many, how many of them nobody had to look at, how many are open."""
    total = sum(found.total.values())
    if not total:
        return tx("figures.none")
    at_once = round(100 * found.total["at_once"] / total)
    return tx("figures.head", n=total, at_once=at_once, open=found.total["open"])


def chart(tx: Texts, found: Figures) -> dict[str, Any]:
    """A bar a day, in parts by what became of the cases."""
    rows = [
        {
            "day": f"{day.day:%m-%d}",
            "became": tx(f"figures.became.{what}"),
            "n": day.counts[what],
            "label": str(day.counts[what]),
        }
        for day in found.days
        for what in BECAME
    ]
    titles = {"day": tx("figures.day"), "became": tx("figures.became"), "n": tx("figures.cases")}
    drawn = by_day(rows, "n", "day", "became", titles=titles)
    drawn["encoding"]["color"]["scale"] = {
        "domain": [tx(f"figures.became.{what}") for what in BECAME],
        "range": list(COLOURS),
    }
    return drawn


def totals(tx: Texts, found: Figures) -> str:
    """The chart's sums in words."""
    rows = "".join(
        f"<div><dt>{esc(tx(f'figures.became.{what}'))}</dt><dd>{found.total[what]}</dd></div>"
        for what in BECAME
    )
    return f'<dl class="kv sums">{rows}</dl>'


def reasons(tx: Texts, found: Sequence[Share]) -> str:
    most = max((share.n for share in found), default=1)
    rows = "".join(
        f"<tr><td class=p>{esc(tx(f'reason_said.{share.name}'))}{_bar(share.n / most)}</td>"
        f"{_cell(tx, 'cases', str(share.n))}{_cell(tx, 'rate', _rate(share))}</tr>"
        for share in found
    )
    return _table(tx, ("reason", "cases", "rate"), rows)


def rules(tx: Texts, found: Sequence[Share], policies: Sequence[Policy]) -> str:
    """By the rule that decided first, in its own words; one that no policy has any more keeps its name."""
    rows = "".join(
        f"<tr><td class=p>{esc(rules_text.named(tx, share.name, *policies))}"
        f"<small><code>{esc(share.name)}</code></small>"
        f"{_bar(share.approved / share.decided if share.decided else 0)}</td>"
        f"{_cell(tx, 'cases', str(share.n))}{_cell(tx, 'rate', _rate(share))}</tr>"
        for share in found
    )
    return _table(tx, ("rule", "cases", "rate"), rows)


def times(tx: Texts, found: Figures) -> str:
    """How long people took to decide, and each channel's money until it was there, from the sending on."""
    lines = [(tx("figures.decision"), found.decisions)] if found.decisions else []
    lines += [(tx("figures.money", channel=channel(tx, each.name)), each) for each in found.money]
    if not lines:
        return f'<p class="note">{esc(tx("figures.too_few"))}</p>'
    longest = max(each.most for _, each in lines).total_seconds() or 1
    rows = "".join(_took(tx, name, each, longest) for name, each in lines)
    return _table(tx, ("what", "half", "most"), rows)


def _took(tx: Texts, name: str, each: Took, longest: float) -> str:
    half, most = (span.total_seconds() / longest for span in (each.half, each.most))
    bar = f'<i class="span" style="--half:{half:.1%};--most:{most:.1%}"></i>'
    return (
        f"<tr><td class=p>{esc(name)}<small>{esc(tx('figures.of', n=each.n))}</small>{bar}</td>"
        f"{_cell(tx, 'half', tx.duration(each.half))}{_cell(tx, 'most', tx.duration(each.most))}</tr>"
    )


def undecided(tx: Texts, found: Figures) -> str:
    """Reviews and appeals that should have been decided by now."""
    if not any(found.undecided.values()):
        return f'<p class="note">{esc(tx("figures.undecided.none"))}</p>'
    rows = "".join(
        f"<div><dt>{esc(tx(f'figures.undecided.{state}'))}</dt><dd>{n}</dd></div>"
        for state, n in found.undecided.items()
    )
    return f'<dl class="kv sums">{rows}</dl>'


def late(tx: Texts, found: Sequence[Late], now: datetime) -> str:
    if not found:
        return f'<p class="note">{esc(tx("figures.late.none"))}</p>'
    rows = "".join(
        f"<tr><td class=p>{esc(channel(tx, each.channel))}</td>{_cell(tx, 'payouts', str(each.n))}"
        f"{_cell(tx, 'amount', tx.money(each.amount_minor, each.currency))}"
        f"{_cell(tx, 'oldest', tx.duration(now - each.since))}</tr>"
        for each in found
    )
    link = f'<p><a href="{href("/finance")}">{esc(tx("figures.late.see"))}</a></p>'
    return _table(tx, ("channel", "payouts", "amount", "oldest"), rows) + link


def _cell(tx: Texts, head: str, says: str) -> str:
    """A figure; on a phone, where the heads are gone, with its own."""
    return f'<td class=n data-label="{esc(tx(f"figures.col.{head}"))}">{esc(says)}</td>'


def _rate(share: Share) -> str:
    """Approved of those decided; nothing where none is decided yet."""
    return f"{round(100 * share.approved / share.decided)}%" if share.decided else "–"


def _bar(part: float) -> str:
    return f'<i class="share" style="--part:{part:.1%}"></i>'


def _table(tx: Texts, heads: Sequence[str], rows: str) -> str:
    head = "".join(f'<th scope="col">{esc(tx(f"figures.col.{name}"))}</th>' for name in heads)
    return f'<table class="fin figs"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
