"""The policy lab, drawn: what is wrong with a draft, what it changes, what past requests would be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from core import policy_words
from core.domain import effects
from core.domain.analysis import Analysis
from core.domain.errors import PolicyEntangled
from core.domain.fee_changes import by_direction
from core.domain.policy import Policy, cached, load
from core.domain.policy_changes import Changes, Figure
from core.domain.policy_changes import changes as changes_of
from core.domain.regions import TooEntangled
from core.domain.rules_apart import apart
from core.domain.why_nots import RANK
from core.services import policy_publishing
from core.services.replay import Moved, Replay, Sent
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_case, lab_gist

SHORT = 2  # findings in sight beside the button that puts a draft in force
IN_SIGHT = 6  # kinds of orders of one change; more open at a click


@lru_cache(maxsize=8)
def compared(document: str, text: str) -> tuple[Analysis, Changes]:
    """The analysis of `text`, and what it changes. Some seconds for a policy that differs much, so they are
    kept; `PolicyInvalid`, `PolicyEntangled`.
    """
    try:
        return policy_publishing.analysed(text), changes_of(cached(document), load(text))
    except TooEntangled:
        raise PolicyEntangled() from None


def findings(tx: Texts, found: Analysis, policy: Policy) -> str:
    """What to mend before anybody meets it; or that there is nothing."""
    lines = policy_words.findings(found, policy, tx)
    head = f'<p class="note amb">{ms("warning")}{esc(tx("lab.unsound"))}</p>'
    if found.is_sound:
        head = f'<p class="note ok">{ms("check_circle")}{esc(tx("lab.sound"))}</p>'
    said = head + (_list(lines) if lines else "")
    for exceptions, title in ((False, "lab.crossings"), (True, "lab.exceptions")):
        pairs = policy_words.overlaps(found, policy, tx, exceptions=exceptions)
        if pairs:
            label = f"{esc(tx(title, n=len(pairs)))}{ms('expand_more')}"
            said += f'<details class="more"><summary>{label}</summary>{_list(pairs)}</details>'
    return said


def in_short(
    tx: Texts, found: Analysis, moved: Changes, policies: tuple[Policy, Policy], told: tuple[Sent, Replay]
) -> str:
    """What a draft changes, for who decides it: figures and rules, how many kinds of orders are answered less
    and more kindly, fees and whom of the shop's requests they touch, what is unsound.
    """
    before, after = policies
    written = policy_words.figures_moved(moved, tx)
    written += policy_words.rules_apart(apart(before.rules, after.rules), tx)
    said = f"<h3>{esc(tx('lab.short'))}</h3>{_list(written) or _none(tx)}"
    kinds = Counter((move.before, move.after) for move in moved.moves)
    sides = zip(
        (("lab.short.harder", "less"), ("lab.short.kinder", "more")),
        by_direction(moved, before, after),
        effects.paid(told[0].history, told[1].was, told[1].will),
        strict=True,
    )
    for (key, word), fees, paid in sides:
        lines = [
            tx("lab.short.kinds", change=" → ".join(tx(f"verdict.{verdict}") for verdict in pair), n=n)
            for pair, n in kinds.items()
            if (RANK[pair[1]] < RANK[pair[0]]) is (word == "less")
        ]
        lines += [_fees(tx, fees, paid, word)] if fees else []
        said += f"<h3>{esc(tx(key))}</h3>{_list(lines)}" if lines else ""
    if found.is_sound:
        return said
    wrong = policy_words.findings(found, after, tx)[: lab_gist.to_mend(found)]
    head = f'<p class="note amb">{ms("warning")}{esc(tx("lab.unsound"))}</p>'
    return said + head + _list(wrong[:SHORT]) + _more(tx, wrong[SHORT:])


def _fees(tx: Texts, fees: tuple[Figure, ...], paid: effects.Paid, word: str) -> str:
    """Fees that moved in one direction, and of how many requests they take more or less."""
    money = tx.list(tx.money(minor, currency) for currency, minor in paid.minor.items())
    touched = tx(f"lab.short.{word}", n=len(paid.rows), money=money) if paid.minor else tx("lab.short.nobody")
    return tx("lab.short.fees", fees=tx.list(policy_words.moved(fees, tx)), touched=touched)


def _none(tx: Texts) -> str:
    return f'<p class="note">{esc(tx("policy_change.none"))}</p>'


def changes(tx: Texts, found: Changes) -> str:
    """Kinds of orders that are answered otherwise, by what becomes of them; then the figures."""
    return "".join(
        f"<h3>{esc(title)}</h3>{_list(lines[:IN_SIGHT])}{_more(tx, lines[IN_SIGHT:])}"
        for title, lines in policy_words.changed(found, tx)
    )


def replay(tx: Texts, found: Replay, since: datetime) -> str:
    """Before against after, a bar each; who moves, for how much, and some of them to look at."""
    was, will = found.before.verdicts(), found.after.verdicts()
    total = sum(will.values())
    head = f'<p class="note">{esc(tx("lab.replayed", n=total, since=tx.day_long(since)))}</p>'
    if not total:
        return head
    most = max(*was.values(), *will.values(), 1)
    rows = "".join(
        f"<tr><td class=p>{esc(tx(f'verdict.{verdict}'))}{_bar(was[verdict] / most, 'was')}"
        f"{_bar(will[verdict] / most)}</td>{_cell(tx, 'before', str(was[verdict]))}"
        f"{_cell(tx, 'after', str(will[verdict]))}"
        f"{_cell(tx, 'difference', _signed(will[verdict] - was[verdict]))}</tr>"
        for verdict in will
    )
    heads = "".join(
        f'<th scope="col">{esc(tx(f"lab.col.{name}"))}</th>'
        for name in ("verdict", "before", "after", "difference")
    )
    table = f'<table class="fin figs lab"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    note = f'<p class="note">{esc(tx("cli.replay.never_sent"))}</p>'
    return head + table + _moves(tx, found.moves) + note


def _moves(tx: Texts, moves: Sequence[Moved]) -> str:
    if not moves:
        return f'<p class="note">{esc(tx("lab.nobody"))}</p>'
    items = "".join(
        f"<li><b>{esc(_pair(tx, move))}</b><span>"
        f"{esc(tx('lab.move', n=move.rows, asked=_asked(tx, move)))}</span><span>{_links(move)}</span></li>"
        for move in moves
    )
    return f'<ul class="moves">{items}</ul>'


def _pair(tx: Texts, move: Moved) -> str:
    return f"{tx(f'verdict.{move.before}')} → {tx(f'verdict.{move.after}')}"


def _asked(tx: Texts, move: Moved) -> str:
    return tx.list(tx.money(minor, currency) for currency, minor in move.asked_minor.items())


def _links(move: Moved) -> str:
    return " ".join(map(lab_case.link, move.case_nos))


def _signed(n: int) -> str:
    return f"{n:+d}".replace("-", "−") if n else "0"


def _bar(part: float, css: str = "") -> str:
    return f'<i class="share {css}" style="--part:{part:.1%}"></i>'


def _cell(tx: Texts, head: str, says: str) -> str:
    return f'<td class=n data-label="{esc(tx(f"lab.col.{head}"))}">{esc(says)}</td>'


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{esc(line)}</li>" for line in lines)
    return f'<ul class="plain">{items}</ul>' if items else ""


def _more(tx: Texts, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    label = f"{esc(tx('lab.more', n=len(lines)))}{ms('expand_more')}"
    return f'<details class="more"><summary>{label}</summary>{_list(lines)}</details>'
