"""Two versions of the policy were asked: which one applies and why, and what the other would have said."""

from __future__ import annotations

from core import wording
from core.services.applying import Answer, Versions
from core.texts import Texts
from portal.html import esc, ms


def sentence(tx: Texts, found: Versions | None) -> str:
    """One calm sentence for whoever asks; '' where it makes no difference."""
    if found is None or not found.differs:
        return ""
    if not found.is_of_purchase:
        return tx("request.versions.now", version=found.applies, older=found.other)
    if found.bought_since is None:
        return tx("request.versions.first", version=found.applies)
    return tx("request.versions.bought", day=tx.day_long(found.bought_since), version=found.applies)


def note(tx: Texts, answer: Answer) -> str:
    """The sentence under the verdict. In a share of a trial the draft stands in the place of the rules of
    today, and 'today's' would be said of rules that are not in force.
    """
    said = sentence(tx, answer.versions) if answer.trial is None else _tried(tx, answer)
    return f'<p class="then">{ms("history")}<span>{esc(said)}</span></p>' if said else ""


def _tried(tx: Texts, answer: Answer) -> str:
    assert answer.trial is not None
    found = answer.versions
    if found is not None and found.differs and found.is_of_purchase:
        return tx("request.versions.trial_kinder", trial=answer.trial.version, version=found.applies)
    return tx("request.versions.trial", version=answer.trial.version)


def other(tx: Texts, answer: Answer) -> str:
    """What the version that does not apply would have said; '' where both say the same."""
    found, side = answer.versions, answer.other
    if found is None or side is None or not found.differs:
        return ""
    theirs = "other_now" if answer.trial is None else "other_trial"
    key = f"request.versions.{theirs if found.is_of_purchase else 'other_bought'}"
    says = wording.rule_sentence(tx, side.policy, side.found.rule, side.facts)
    money = _money(tx, found, side.facts.currency)
    return (
        f'<h3 class="gap">{esc(tx(key, version=found.other))}</h3>'
        f"<p>{esc(tx(f'verdict_said.{found.verdict}'))}{esc(money)}</p><p>{esc(says)}</p>"
    )


def for_staff(tx: Texts, found: Versions | None, currency: str) -> str:
    """Under which version a request was sent and what the other said, for the desk's file."""
    if found is None:
        return ""
    key = "desk.versions.bought" if found.is_of_purchase else "desk.versions.now"
    if not found.differs:
        key = "desk.versions.same"
    said = tx(
        key,
        version=found.applies,
        other=found.other,
        verdict=tx(f"verdict.{found.verdict}"),
        rule=found.rule,
        money=_money(tx, found, currency),
    )
    return f'<p class="note">{ms("history")} {esc(said)}</p>'


def _money(tx: Texts, found: Versions, currency: str) -> str:
    if found.refund_minor is None:
        return ""
    return f" · {tx.money(found.refund_minor, currency)}"
