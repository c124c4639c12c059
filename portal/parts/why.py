"""Which rule decided, and why each other did not: conditions in words, beside the customer's own value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from core import texts
from core.domain.eligibility import Assessment, Trace
from core.domain.policy import Policy
from core.domain.table import Test
from core.texts import Texts
from portal.html import esc, ms

Tests = tuple[tuple[str, Test], ...]


def rules(tx: Texts, found: Assessment, policy: Policy, *, currency: str) -> str:
    """The decision table for one answer; kept, because the same answer is drawn on every rerun."""
    return _rules(
        tx.language,
        found.rule,
        found.traces,
        tuple(found.columns.items()),
        tuple((rule.id, rule.tests) for rule in policy.rules),
        currency,
    )


@lru_cache(maxsize=256)
def _rules(
    language: str,
    decided: str,
    traces: tuple[Trace, ...],
    columns: tuple[tuple[str, Any], ...],
    rules: tuple[tuple[str, Tests], ...],
    currency: str,
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
    items: list[str] = []
    for number, trace in enumerate(traces, 1):
        hit = trace.rule == decided
        note = tx("request.why.decides") if hit else "" if trace.why_not else tx("request.why.earlier")
        item = (
            f'<li class="{"hit" if hit else ""}"><i aria-hidden="true">{number}</i><b>'
            f"{esc(verdicts[trace.verdict])}</b>"
            + (f"<em>{esc(note)}</em>" if note else "")
            + _conditions(tx, by_id[trace.rule], trace.why_not, row, currency)
            + "</li>"
        )
        items.insert(0 if hit else len(items), item)
    intro = tx("request.why.law") if decided.startswith("law.") else tx("request.why.intro")
    return f'<p class="note">{esc(intro)}</p><ol class="why">{"".join(items)}</ol>'


def _conditions(
    tx: Texts, tests: Tests, missed: tuple[str, ...], row: Mapping[str, Any], currency: str
) -> str:
    """All conditions of a rule that fits; of one that does not, only those in the way."""
    if not tests:
        return f"<p>{esc(tx('request.why.always'))}</p>"
    items: list[str] = []
    for column, test in tests:
        words = esc(tx.test(column, test, currency))
        if column in missed:
            yours = esc(tx("request.why.yours", value=tx.value(column, row[column], currency)))
            items.append(f'<li class="n">{ms("close")}<span>{words} <small>{yours}</small></span></li>')
        elif not missed:
            items.append(f'<li class="y">{ms("check")}<span>{words}</span></li>')
    return f"<ul>{''.join(items)}</ul>"
