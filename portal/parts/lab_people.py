"""Who is better and who is worse off under a draft: some of them, each with what decides before and after."""

from __future__ import annotations

from typing import Final

from core import wording
from core.domain.effects import only_if_approved
from core.domain.eligibility import Assessment, assess
from core.domain.facts import Facts
from core.domain.policy import Policy
from core.domain.simulation import Ints
from core.domain.workdays import Calendar
from core.services.replay import Replay, Sent
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_case

Both = tuple[Policy, Policy]
IN_SIGHT: Final = 5  # of each side, those that ask for most
OPENED: Final = 50  # more of each at a click; each is decided twice for its words


def listed(
    tx: Texts,
    sent: Sent,
    found: Replay,
    rows: Ints,
    policies: Both,
    calendar: Calendar,
) -> str:
    """One line each; open, both policies' rules in their own words, and what is in the way of the first. What
    asks for less opens at a click.
    """

    def said(some: Ints) -> str:
        items = "".join(_one(tx, sent, found, int(row), policies, calendar) for row in some)
        return f'<ul class="who">{items}</ul>'

    first, more = rows[:IN_SIGHT], rows[IN_SIGHT : IN_SIGHT + OPENED]
    if not len(more):
        return said(first)
    label = f"{esc(tx('lab.who.more', n=len(more)))}{ms('expand_more')}"
    rest = f'<details class="more"><summary>{label}</summary>{said(more)}</details>'
    return said(first) + rest + _unlisted(tx, len(rows) - IN_SIGHT - OPENED)


def _unlisted(tx: Texts, n: int) -> str:
    return f'<p class="note">{esc(tx("lab.who.others", n=n))}</p>' if n > 0 else ""


def _one(tx: Texts, sent: Sent, found: Replay, row: int, policies: Both, calendar: Calendar) -> str:
    facts = sent.history.facts(row)
    before, after = (assess(facts, policy, calendar) for policy in policies)
    asked, case_no = tx.money(facts.requested_minor, facts.currency), sent.case_nos[row]
    kind, reason = tx(f"kind.{facts.kind}"), tx(f"reason_said.{facts.reason}")
    about = tx("lab.who.about", asked=asked, kind=kind, reason=reason)
    answers = f"{tx(f'verdict.{before.verdict}')} → {tx(f'verdict.{after.verdict}')}"
    if before.verdict == after.verdict:
        sums = (int(effect.refund[row]) for effect in (found.was, found.will))
        was, now = (tx.money(minor, facts.currency) for minor in sums)
        key = "lab.who.if_approved" if bool(only_if_approved(found.was, found.will)[row]) else "lab.who.money"
        answers = tx(key, verdict=tx(f"verdict.{after.verdict}"), was=was, now=now)
    head = (
        f"<summary><span><b>{esc(answers)}</b><small>{esc(about)}</small></span>{ms('expand_more')}</summary>"
    )
    link = lab_case.link(case_no, tx("lab.who.case", case=case_no))
    body = (
        _answer(tx, "before", facts, before, policies[0])
        + _answer(tx, "after", facts, after, policies[1])
        + _in_the_way(tx, before.rule, after, policies[1], facts)
        + f"<p>{link}</p>"
    )
    return f"<li><details>{head}{body}</details></li>"


def _answer(tx: Texts, side: str, facts: Facts, found: Assessment, policy: Policy) -> str:
    says = wording.rule_sentence(tx, policy, found.rule, facts)
    title = f"{tx(f'lab.col.{side}')} · {tx(f'verdict.{found.verdict}')}"
    rule = next((rule for rule in policy.rules if rule.id == found.rule), None)
    name = f" <code>{esc(found.rule)}</code>" if rule else ""
    said = [tx.test(column, test, facts.currency) for column, test in rule.tests] if rule else []
    tests = "".join(f"<li>{esc(each)}</li>" for each in said)
    return f'<p><b>{esc(title)}</b>{name}</p><p>{esc(says)}</p><ul class="plain">{tests}</ul>'


def _in_the_way(tx: Texts, rule: str, after: Assessment, policy: Policy, facts: Facts) -> str:
    """Why the rule that decided so far does not decide any more."""
    if rule == after.rule:
        return ""
    trace = next((trace for trace in after.traces if trace.rule == rule), None)
    if trace is None:
        return ""
    if not trace.why_not and after.rule.startswith("law."):
        return f'<p class="note">{esc(tx("lab.who.law", rule=rule))}</p>'
    if not trace.why_not:
        return f'<p class="note">{esc(tx("lab.who.earlier", rule=rule, other=after.rule))}</p>'
    tests = dict(next(each for each in policy.rules if each.id == rule).tests)
    lacks = tx.list(
        tx(
            "lab.who.lacks",
            test=tx.test(column, tests[column], facts.currency),
            value=tx.value(column, after.columns[column], facts.currency),
        )
        for column in trace.why_not
    )
    return f'<p class="note">{esc(tx("lab.who.way", rule=rule, lacks=lacks))}</p>'
