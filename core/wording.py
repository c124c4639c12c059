"""Sentences that need more than a catalog key: the money locator's, and a rule's own words with its facts
filled in.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from core.domain.facts import Facts
from core.domain.locator import Located
from core.domain.notices import BY_CALENDAR, UNDATED
from core.domain.policy import Policy
from core.domain.table import Test
from core.domain.workdays import end_of_day, local_date
from core.texts import Texts

INTERNAL: Final = frozenset({"credit", "recent_refunds", "unnamed_refunds"})  # columns that weigh a risk
_POLICY_LANGUAGE: Final = {"zh_CN": "zh", "en": "en"}


def sentence(tx: Texts, located: Located, now: datetime | None = None) -> str:
    """Where the money is, in one sentence."""
    words = _words(tx, located, now)
    said = tx(located.key, **words)
    return tx("money.part", says=said, asked=words["asked"]) if "asked" in words else said


def next_sentence(tx: Texts, located: Located, now: datetime | None = None) -> str:
    """What happens next; '' when nothing does."""
    return tx(located.next_key, **_words(tx, located, now))


def sure_sentence(tx: Texts, located: Located, now: datetime | None = None) -> str:
    """On what it rests: whose word it is, and of when."""
    return tx(located.sure, **_words(tx, located, now))


def _words(tx: Texts, located: Located, now: datetime | None) -> dict[str, str]:
    params = located.params
    currency = params.get("currency", "CNY")
    words: dict[str, str] = {}
    for name, value in params.items():
        if name.endswith("_minor"):
            words[name.removesuffix("_minor")] = (
                tx("money.unnamed") if value is None else tx.money(value, currency)
            )
        elif name in ("channels", "wallets", "away"):
            words[name] = tx.list(tx(f"channel.{channel}") for channel in value)
        elif name == "channel":  # with the masked account, where it is known
            words[name] = f"{tx(f'channel.{value}')} {params.get('account') or ''}".rstrip()
        elif isinstance(value, datetime):
            words[name.removesuffix("_at")] = (
                tx.day_long(value) if name == "expires_at" else tx.date(value, now)
            )
        else:
            words[name] = "" if value is None else str(value)
    if located.by is not None:
        words["by"] = tx.date(located.by, now, provisional=located.provisional)
    return words


def rule_template(tx: Texts, policy: Policy, rule: str) -> str | None:
    """A rule's sentence with its places open; None for a rule that is not the policy's."""
    return next((r.words[_POLICY_LANGUAGE[tx.language]] for r in policy.rules if r.id == rule), None)


def rule_sentence(tx: Texts, policy: Policy, rule: str, facts: Facts) -> str:
    """What a rule says about these facts, in the policy's words; a law of the house has its words in the
    catalogs.
    """
    template = rule_template(tx, policy, rule)
    if template is None:
        return tx(rule, **_facts(tx, policy, facts))
    return template.format_map(_facts(tx, policy, facts))


def _facts(tx: Texts, policy: Policy, facts: Facts) -> dict[str, Any]:
    """The placeholders that a policy's sentence may use (`table.PLACEHOLDERS`)."""
    days = policy.window_days[facts.kind]
    ends = None
    if facts.completed_at is not None:
        ends = end_of_day(local_date(facts.completed_at) + timedelta(days=days))
    missing = [kind for kind in policy.evidence[facts.reason] if kind not in facts.evidence]
    return {
        "delivery": tx(f"delivery_said.{facts.delivery}"),
        "delivery_at": tx.when(facts.delivery_at, facts.at) if facts.delivery_at else "",
        "completed_at": tx.when(facts.completed_at, facts.at) if facts.completed_at else "",
        "window_ends_at": tx.until(ends, facts.at) if ends else "",
        "window_days": days,
        "amount": tx.money(facts.requested_minor, facts.currency),
        "left": tx.money(facts.refundable_minor, facts.currency),
        "missing": tx.list(evidence_name(tx, kind, facts.reason, facts.kind) for kind in missing),
    }


def evidence_name(tx: Texts, kind: str, reason: str | None, goods: str) -> str:
    """What a picture is to show, as it fits the reason and the `goods`; in general words elsewhere."""
    own = f"evidence_said.{kind}.{reason}.{goods}"
    return tx(own) if own in tx else tx(f"evidence_kind.{kind}")


def evidence_hint(tx: Texts, kind: str, reason: str | None, goods: str) -> str:
    """What to look for in it."""
    own = f"evidence_says.{kind}.{reason}.{goods}"
    return tx(own) if own in tx else tx(f"evidence_hint.{kind}")


def condition(tx: Texts, column: str, test: Test, currency: str = "CNY") -> str:
    """What a rule asks of a fact, as a customer may read it: a limit on risk is named without its figure,
    because whoever knows it can stay just below.
    """
    if column in INTERNAL:
        return tx("test.unnamed", column=tx(f"column.{column}"))
    return tx.test(column, test, currency)


def notice(
    tx: Texts,
    kind: str,
    *,
    amount_minor: int | None,
    currency: str,
    by_at: datetime | None,
    now: datetime,
    published_through: int,
) -> tuple[str, str]:
    """Title and text of a notice; a date beyond the published calendar says so."""
    text = f"notice_undated.{kind}" if kind in UNDATED and by_at is None else f"notice.{kind}.text"
    words: dict[str, str] = {}
    if amount_minor is not None:
        words["amount"] = tx.money(amount_minor, currency)
    if by_at is not None:
        is_provisional = by_at.year > published_through and kind not in BY_CALENDAR
        words["by"] = tx.until(by_at, now, provisional=is_provisional)
    return tx(f"notice.{kind}.title"), tx(text, **words)
