"""Which rule decided, and why each other did not: conditions in words, beside the customer's own value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from core import texts, wording
from core.domain.eligibility import Assessment, Trace
from core.domain.policy import Policy
from core.domain.table import Test
from core.domain.why_nots import RANK
from core.texts import Texts
from portal.html import esc, ms

Tests = tuple[tuple[str, Test], ...]


def rules(tx: Texts, found: Assessment, policy: Policy, *, currency: str, is_full: bool = False) -> str:
    """The decision table for one answer; kept, because the same answer is drawn on every rerun.

    A customer reads the rule that decided and, folded, those that would have been better; `is_full` is for
    the shop's people: every rule by its number, with every figure.
    """
    return _rules(
        tx.language,
        found.rule,
        found.traces,
        tuple(found.columns.items()),
        tuple((rule.id, rule.tests) for rule in policy.rules),
        currency,
        is_full,
    )


@lru_cache(maxsize=256)
def _rules(
    language: str,
    decided: str,
    traces: tuple[Trace, ...],
    columns: tuple[tuple[str, Any], ...],
    rules: tuple[tuple[str, Tests], ...],
    currency: str,
    is_full: bool,
) -> str:
    """The decision table in words: the rule that decided first, then the others and what they lack."""
    tx, row = texts.of(language), dict(columns)
    by_id = dict(rules)
    verdicts = {
        "approve": tx("request.why.approve"),
        "review": tx("request.why.review"),
        "needs_evidence": tx("request.why.evidence"),
        "reject": tx("request.why.reject"),
    }
    first, others = "", []
    ours = next((trace.verdict for trace in traces if trace.rule == decided), "approve")
    for number, trace in enumerate(traces, 1):
        hit = trace.rule == decided
        if not (is_full or hit or RANK[trace.verdict] > RANK[ours]):
            continue
        decides = tx("queue.why.decides") if is_full else tx("request.why.decides")
        note = decides if hit else "" if trace.why_not else tx("request.why.earlier")
        mark = str(number) if is_full else ms("check") if hit else "·"
        item = (
            f'<li class="{"hit" if hit else ""}"><i aria-hidden="true">{mark}</i><b>'
            f"{esc(verdicts[trace.verdict])}</b>"
            + (f"<em>{esc(note)}</em>" if note else "")
            + _conditions(tx, by_id[trace.rule], trace.why_not, row, currency, is_full)
            + "</li>"
        )
        if hit:
            first = item
        else:
            others.append(item)
    table = tx("request.why.table") if is_full else tx("request.why.intro")
    intro = f'<p class="note">{esc(tx("request.why.law") if decided.startswith("law.") else table)}</p>'
    if is_full:
        return f'{intro}<ol class="why">{first}{"".join(others)}</ol>'
    if first:
        intro += f'<ol class="why">{first}</ol>'
    if not others:
        return intro
    fold = f"<summary>{esc(tx('request.why.better', n=len(others)))}{ms('expand_more')}</summary>"
    return f'{intro}<details class="fold">{fold}<ol class="why">{"".join(others)}</ol></details>'


def _conditions(
    tx: Texts, tests: Tests, missed: tuple[str, ...], row: Mapping[str, Any], currency: str, is_full: bool
) -> str:
    """All conditions of a rule that fits; of one that does not, only those in the way."""
    if not tests:
        return f"<p>{esc(tx('request.why.always'))}</p>"
    items: list[str] = []
    for column, test in tests:
        say = tx.test if is_full else partial(wording.condition, tx)
        words = esc(say(column, test, currency))
        if column in missed:
            yours = ""
            if is_full or column not in wording.INTERNAL:
                value = tx.value(column, row[column], currency)
                key = "queue.why.theirs" if is_full else "request.why.yours"
                yours = f" <small>{esc(tx(key, value=value))}</small>"
            items.append(f'<li class="n">{ms("close")}<span>{words}{yours}</span></li>')
        elif not missed:
            items.append(f'<li class="y">{ms("check")}<span>{words}</span></li>')
    return f"<ul>{''.join(items)}</ul>"
