"""The rules in plain words, read from the policy in force: what is not in it is not said here (R6.6)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from core import texts, wording
from core.domain.facts import CHANNELS, DELIVERIES, KINDS, REASONS
from core.domain.policy import Policy
from core.domain.table import PLACEHOLDERS, Rule
from core.texts import Texts
from portal.blocks import speed
from portal.html import esc, ms
from portal.parts.goods import ICONS

_pages: dict[tuple[str, int, str, bool], tuple[Policy, str]] = {}
_MAIL: Final = re.compile(r"[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+")
_WEB: Final = re.compile(r"https?://\S+")
_GAP: Final = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")  # stood around a date or a number
_TAGS = {"approve": "ok", "review": "act", "needs_evidence": "act", "reject": ""}


def page(language: str, version: int, policy: Policy, support: str, *, is_first: bool) -> str:
    """Everything below the page's head. A published policy does not change, so its page is written once."""
    key = (language, version, support, is_first)
    known = _pages.get(key)
    if known is None or known[0] is not policy:
        written = body(texts.of(language), policy, version, support, is_first=is_first)
        known = _pages[key] = (policy, written)
    return known[1]


def body(tx: Texts, policy: Policy, version: int, support: str = "", *, is_first: bool = True) -> str:
    """`support`: where the shop is written to, as its operator set it; `is_first`: no other rules were ever
    in force, under which somebody could have bought.
    """
    kinder = "" if is_first else earlier(tx, policy)
    parts = (
        ("before", "shopping_bag", tx("help.before.title"), before(tx, policy)),
        ("can", "rule", tx("help.can.title"), decisions(tx, policy, kinder)),
        ("delivered", "inventory_2", tx("help.delivered.title"), delivered(tx, policy)),
        ("window", "event", tx("help.window.title"), window(tx, policy)),
        ("evidence", "photo_library", tx("help.evidence.title"), evidence(tx, policy)),
        ("fee", "percent", tx("help.fee.title"), fees(tx, policy)),
        ("route", "payments", tx("help.route.title"), routes(tx, policy)),
        ("review", "gavel", tx("help.review.title"), review(tx, policy)),
        ("faq", "help", tx("help.faq.title"), questions(tx, policy)),
        ("contact", "support_agent", tx("help.contact.title"), contact(tx, support)),
        ("terms", "contract", tx("help.terms.title"), terms(tx, policy, version, kinder)),
    )
    contents = "".join(
        f'<li><a href="#{name}">{ms(icon)}{esc(title)}</a></li>' for name, icon, title, _ in parts
    )
    sections = "".join(
        f'<section id="{name}"><h2>{esc(title)}</h2>{html}</section>' for name, _, title, html in parts
    )
    return (
        f'<div class="two guide"><div class="main">{sections}</div><aside>'
        f'<nav aria-label="{esc(tx("help.contents"))}">'
        f"<h2>{esc(tx('help.contents'))}</h2><ul>{contents}</ul></nav></aside></div>"
    )


def before(tx: Texts, policy: Policy) -> str:
    """The minute before buying."""
    state = tx(f"delivery.{policy.delivery.counts_from}")
    steps = (
        ("visibility", tx("help.before.read.title"), tx("help.before.read")),
        ("photo_camera", tx("help.before.keep.title"), tx("help.before.keep")),
        ("lock", tx("help.before.look.title"), tx("help.before.look", state=state)),
        (
            "schedule",
            tx("help.before.soon.title"),
            tx("help.before.soon", days=span(policy.window_days.values())),
        ),
    )
    items = "".join(
        f"<li>{ms(icon)}<div><h3>{esc(title)}</h3><p>{esc(says)}</p></div></li>"
        for icon, title, says in steps
    )
    return f'<ol class="steps">{items}</ol>'


def earlier(tx: Texts, policy: Policy) -> str:
    """By which rules an older purchase is answered; '' where by today's alone."""
    return tx("help.kinder") if policy.limits.kinder_version else ""


def decisions(tx: Texts, policy: Policy, kinder: str = "") -> str:
    """The decision table in order: verdict, the sentence the customer would read, the conditions. `kinder`:
    by which rules an older purchase is answered.
    """
    items = "".join(_rule(tx, rule, policy) for rule in policy.rules)
    note = f'<p class="note">{esc(kinder)}</p>' if kinder else ""
    return f'<p class="note">{esc(tx("help.can.says"))}</p>{note}<ol class="rules">{items}</ol>'


def _rule(tx: Texts, rule: Rule, policy: Policy) -> str:
    words = sentence(tx, rule, policy)
    tests = [wording.condition(tx, column, test) for column, test in rule.tests] or [tx("help.can.always")]
    conditions = "".join(f"<li>{esc(test)}</li>" for test in tests)
    verdict = tx(f"verdict.{rule.verdict}")
    return (
        f'<li><span class="tag {_TAGS[rule.verdict]}">{esc(verdict)}</span><div><p>{esc(words)}</p>'
        f'<ul class="if">{conditions}</ul></div></li>'
    )


def named(tx: Texts, rule: str, *policies: Policy) -> str:
    """A rule by its words, from the first of these policies that has it; a law of the house by the catalog's;
    one that nobody has any more by its name.
    """
    for policy in policies:
        mine = next((each for each in policy.rules if each.id == rule), None)
        if mine is not None:
            return sentence(tx, mine, policy)
    if rule not in tx or not policies:
        return rule
    return _GAP.sub("", tx(rule, **_slots(tx, policies[0]), delivery="", left=tx("help.slot.amount")))


def sentence(tx: Texts, rule: Rule, policy: Policy) -> str:
    """The rule's words for no order in particular: general words stand where its facts would."""
    slots = {**_slots(tx, policy), "delivery": _how_far(tx, rule)}
    words = rule.words["en" if tx.language == "en" else "zh"].format_map(slots)
    return _GAP.sub("", words)


def _slots(tx: Texts, policy: Policy) -> dict[str, str]:
    slots = dict.fromkeys(PLACEHOLDERS, tx("help.slot.time"))
    return slots | {
        "window_ends_at": tx("help.slot.ends"),
        "window_days": span(policy.window_days.values()),
        "amount": tx("help.slot.amount"),
        "missing": tx("help.slot.missing"),
    }


def _how_far(tx: Texts, rule: Rule) -> str:
    """What the rule's tests say of the delivery; what counts as delivered has its own section below."""
    tests = dict(rule.tests)
    if "delivered" in tests and not tests["delivered"].holds(True):
        return tx("help.slot.undelivered")
    states = [state for state in DELIVERIES if "delivery" not in tests or tests["delivery"].holds(state)]
    return tx.either(tx(f"delivery_said.{state}") for state in states)


def delivered(tx: Texts, policy: Policy) -> str:
    """The ladder of delivery, and the step from which the order counts as delivered (R1.2)."""
    start = policy.delivery.counts_from
    items = []
    for state in DELIVERIES:
        counts = state in policy.delivered_states
        mark = f"<em>{esc(tx('help.delivered.from'))}</em>" if state == start else ""
        items.append(
            f'<li class="{"y" if counts else ""}"><i aria-hidden="true"></i>'
            f"<b>{esc(tx(f'delivery.{state}'))}</b>{mark}</li>"
        )
    says = tx("help.delivered.says", state=tx(f"delivery.{start}"))
    return f'<p>{esc(says)}</p><ol class="ladder">{"".join(items)}</ol>'


def window(tx: Texts, policy: Policy) -> str:
    items = "".join(
        f"<div><dt>{ms(ICONS[kind])}{esc(tx(f'kind.{kind}'))}</dt>"
        f"<dd>{esc(tx('help.days', n=policy.window_days[kind]))}</dd></div>"
        for kind in KINDS
    )
    return f'<dl class="sum">{items}</dl><p class="note">{esc(tx("help.window.says"))}</p>'


def evidence(tx: Texts, policy: Policy) -> str:
    items = "".join(
        f"<div><dt>{esc(tx(f'reason_said.{reason}'))}</dt><dd>{esc(_needed(tx, policy.evidence[reason]))}"
        "</dd></div>"
        for reason in REASONS
    )
    return f'<p class="note">{esc(tx("help.evidence.says"))}</p><dl class="sum">{items}</dl>'


def _needed(tx: Texts, kinds: Iterable[str]) -> str:
    return tx.list(tx(f"evidence_kind.{kind}") for kind in kinds) or tx("help.evidence.none")


def fees(tx: Texts, policy: Policy) -> str:
    heads = (tx("help.fee.reason"), tx("help.fee.fee"), tx("help.fee.fx"))
    head = "".join(f'<th scope="col">{esc(name)}</th>' for name in heads)
    rows = "".join(
        f'<tr><th scope="row">{esc(tx(f"reason_said.{reason}"))}</th>'
        f"<td>{esc(rate(tx, policy.fee_basis_points[reason]))}</td>"
        f"<td>{esc(_bearer(tx, policy.fx_borne_by[reason]))}</td></tr>"
        for reason in REASONS
    )
    waived = f'<p class="note">{esc(tx("help.fee.waived"))}</p>' if policy.balance.fee_waived else ""
    return (
        f'<p class="note">{esc(tx("help.fee.says"))}</p>'
        f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{waived}'
    )


def rate(tx: Texts, basis_points: int) -> str:
    """`5%`, `不收`."""
    return tx("help.fee.rate", rate=percent(basis_points)) if basis_points else tx("help.fee.none")


def percent(basis_points: int) -> str:
    """500 → `5`, 25 → `0.25`."""
    return f"{basis_points // 100}.{basis_points % 100:02d}".rstrip("0").rstrip(".")


def _bearer(tx: Texts, who: str) -> str:
    return tx("help.fee.platform") if who == "platform" else tx("help.fee.customer")


def routes(tx: Texts, policy: Policy) -> str:
    heads = (tx("help.route.channel"), tx("help.route.eta"), tx("help.route.until"))
    head = "".join(f'<th scope="col">{esc(name)}</th>' for name in heads)
    rows = "".join(
        f'<tr><th scope="row">{esc(tx(f"channel.{channel}"))}</th>'
        f"<td>{esc(speed.days(tx, policy.eta_working_days[channel]))}</td>"
        f"<td>{esc(_until(tx, policy, channel))}</td></tr>"
        for channel in CHANNELS
    )
    balance = tx("help.balance.says", n=policy.balance.expires_after_days)
    return (
        f"<p>{esc(tx('help.route.says'))}</p>"
        f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'<div class="alert">{ms("account_balance_wallet")}<div><b>{esc(tx("help.balance.title"))}'
        f"</b>{esc(balance)}</div></div>"
    )


def _until(tx: Texts, policy: Policy, channel: str) -> str:
    """How long a channel takes money back; the balance has no such limit."""
    return "—" if channel == "balance" else tx("help.route.until_days", n=policy.channel_days[channel])


def review(tx: Texts, policy: Policy) -> str:
    days = policy.working_days
    rows = (
        (tx("help.review.auto.title"), tx("help.review.auto")),
        (
            tx("help.review.manual.title"),
            tx("help.review.manual", least=days.review_least, most=days.review_most),
        ),
        (tx("help.review.reply.title"), tx("help.review.reply", n=days.reply)),
        (tx("help.review.arbitration.title"), tx("help.review.arbitration", n=days.arbitration)),
        (tx("help.review.appeal.title"), tx("help.review.appeal", n=days.appeal)),
        (tx("help.review.withdraw.title"), tx("help.review.withdraw")),
    )
    return (
        '<dl class="defs">'
        + "".join(f"<div><dt>{esc(t)}</dt><dd>{esc(d)}</dd></div>" for t, d in rows)
        + "</dl>"
    )


def questions(tx: Texts, policy: Policy) -> str:
    """The four problems that customers meet."""
    highest = percent(max(policy.fee_basis_points.values()))
    rows = (
        (tx("help.faq.refused"), tx("help.faq.refused_says", n=policy.working_days.appeal)),
        (tx("help.faq.amount"), tx("help.faq.amount_says", fee=highest)),
        (tx("help.faq.missing"), tx("help.faq.missing_says", n=policy.limits.arrival_overdue_working_days)),
        (tx("help.faq.dispute"), tx("help.faq.dispute_says", days=span(policy.window_days.values()))),
    )
    return "".join(
        f'<details class="q"><summary>{esc(q)}{ms("expand_more")}</summary><p>{esc(a)}</p></details>'
        for q, a in rows
    )


def link_to(support: str) -> str:
    """Where a click on the shop's contact leads; '' for a sentence."""
    where = support.strip()
    if _WEB.fullmatch(where):
        return where
    return f"mailto:{where}" if _MAIL.fullmatch(where) else ""


def contact(tx: Texts, support: str) -> str:
    """How to reach the shop, and what to say first. A web or mail address becomes a link."""
    where = support.strip()
    if not where:
        return f"<p>{esc(tx('help.contact.unset'))}</p><p>{esc(tx('help.contact.quote'))}</p>"
    shown, to = esc(where), link_to(where)
    if to:
        window = "" if to.startswith("mailto:") else ' target="_blank" rel="noopener"'
        shown = f'<a href="{esc(to)}"{window}>{shown}</a>'
    return f"<p><bdi>{shown}</bdi></p><p>{esc(tx('help.contact.quote'))}</p>"


def terms(tx: Texts, policy: Policy, version: int, kinder: str = "") -> str:
    """What the customer agrees to when sending (R4.6), with the figures of this version. `kinder`: by which
    rules an older purchase is answered.
    """
    charged = [
        tx("help.terms.fee", reason=tx(f"reason_said.{reason}"), rate=percent(points))
        for reason, points in policy.fee_basis_points.items()
        if points
    ]
    days = policy.working_days
    clauses = (
        tx("help.terms.1"),
        " ".join(filter(None, (tx("help.terms.2"), kinder))),
        tx("help.terms.3", fees=tx.list(charged) or tx("help.fee.none")),
        tx("help.terms.4"),
        tx("help.terms.5", n=policy.balance.expires_after_days),
        tx("help.terms.6"),
        tx("help.terms.7", reply=days.reply, appeal=days.appeal),
        tx("help.terms.8"),
    )
    items = "".join(f"<li>{esc(clause)}</li>" for clause in clauses)
    return (
        f'<p class="note">{esc(tx("help.terms.version", version=version))}</p>'
        f'<ol class="clauses">{items}</ol>'
    )


def span(values: Iterable[int]) -> str:
    """`7–15`, or `7` when all are the same."""
    low, high = min(found := list(values)), max(found)
    return f"{low}–{high}" if low != high else str(low)
