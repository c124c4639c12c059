"""The verdict as a sentence: a seal, what will happen, why, and how long the window stays open (R1.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from core import wording
from core.domain.eligibility import Assessment, Change, Flip
from core.domain.facts import Facts
from core.domain.routes import RouteOption
from core.texts import Texts
from portal.html import esc, ms

_SEALS: Final = {
    "approve": ("ok", "check"),
    "review": ("ask", "person_search"),
    "needs_evidence": ("ask", "add_photo_alternate"),
    "reject": ("no", "block"),
}
CONTESTS: Final = "redemption_record"  # the evidence that somebody else redeemed it


def headline(tx: Texts, found: Assessment, *, now: datetime) -> str:
    """The one sentence that the customer came for."""
    if found.verdict == "review" and found.review_due:
        return tx(
            "request.verdict.review",
            date=tx.date(found.review_due.at, now, provisional=found.review_due.provisional),
        )
    if found.verdict == "approve":
        return tx("request.verdict.approve")
    if found.verdict == "needs_evidence":
        return tx("request.verdict.needs_evidence")
    return tx("request.verdict.reject") if found.verdict == "reject" else tx("request.verdict.review_open")


def card(
    tx: Texts,
    found: Assessment,
    says: str,
    *,
    now: datetime,
    tag: str = "h2",
    gets: str = "",
    also: tuple[str, ...] = (),
) -> str:
    """Seal, headline and the rule in the customer's words. `gets`: the amount; `also`: sentences to add."""
    css, icon = _SEALS[found.verdict]
    said = "".join(f"<p>{esc(sentence)}</p>" for sentence in (says, *also))
    return (
        f'<div class="verdict {css}"><span class="seal" aria-hidden="true">{ms(icon)}</span><div>'
        f"<{tag}>{esc(headline(tx, found, now=now))}</{tag}>{gets}{said}</div></div>"
    )


def receives(tx: Texts, found: Assessment, option: RouteOption, currency: str) -> str:
    """What is received on this route, or would be after a review, and what was taken off, so that no
    later step surprises.
    """
    if found.verdict not in ("approve", "review"):
        return ""
    sums = option.breakdown
    off = []
    if sums.fee:
        rate = f"{sums.fee_basis_points / 100:g}"
        amount = tx.money(sums.fee, currency)
        words = tx("request.verdict.fee", amount=amount, rate=rate)
        if sums.fee_of != sums.approved:
            of = tx.money(sums.fee_of, currency)
            words = tx("request.verdict.fee_part", amount=amount, rate=rate, of=of)
        off.append(words)
    if sums.fx:
        off.append(tx("request.verdict.fx", amount=tx.money(sums.fx, currency)))
    after = f"<small>{esc(tx('request.verdict.after', deducted=tx.list(off)))}</small>" if off else ""
    words = tx("request.sum.receive") if found.verdict == "approve" else tx("request.verdict.would_receive")
    return f'<p class="gets">{esc(words)}<b>{esc(tx.money(sums.refund, currency))}</b>{after}</p>'


def window(tx: Texts, found: Assessment, ends: datetime | None, *, now: datetime) -> str:
    """The time left to ask, with a bar; a sentence where the window has not begun or is over. `ends`: that of
    the version with the longer one, where two count.
    """
    if ends is None:
        return f'<p class="left none">{esc(tx("request.window.not_begun", days=found.window_days))}</p>'
    until = tx("request.window.until", when=tx.until(ends, now))
    left = ends - now
    if left <= timedelta(0):
        ago = tx("request.window.over", ago=tx.duration(-left))
        return (
            f'<div class="left over"><div class="lt"><b>{esc(ago)}</b><span class="r">{esc(until)}'
            "</span></div>"
            '<div class="bar"><i style="width:0%"></i></div></div>'
        )
    share = min(100, max(2, round(100 * left / timedelta(days=max(1, found.window_days)))))
    return (
        f'<div class="left"><div class="lt"><span>{esc(tx("request.window.left"))}</span><b>'
        f"{esc(tx.duration(left))}</b>"
        f'<span class="r">{esc(until)}</span></div><div class="bar"><i style="width:{share}%"></i>'
        "</div></div>"
    )


def flip(tx: Texts, answer: Assessment, *, facts: Facts, currency: str, now: datetime) -> str:
    """What would change the verdict: the smallest change, whether the customer can make it, until when.

    Where only evidence is missing the verdict itself has said so.
    """
    found = answer.flip
    if found is None or (
        answer.verdict == "needs_evidence" and [c.column for c in found.changes] == ["evidence_complete"]
    ):
        return ""
    title = tx("request.flip.title") if found.in_hand else tx("request.flip.missed")
    lacks = [wording.evidence_name(tx, kind, facts.reason, facts.kind) for kind in answer.missing_evidence]
    steps = "".join(
        f"<li>{esc(_change(tx, change, lacks, currency, found.until, now))}</li>" for change in found.changes
    )
    return (
        '<div class="flip"><h2>'
        f"{ms('lightbulb' if found.in_hand else 'history')}{esc(title)}</h2>"
        f"<ul>{steps}</ul><p>{esc(_leads(tx, found, now))}</p></div>"
    )


def _leads(tx: Texts, found: Flip, now: datetime) -> str:
    if not found.in_hand:
        return tx("request.flip.too_late")
    leads = {
        "approve": tx("request.flip.approve"),
        "review": tx("request.flip.review"),
        "needs_evidence": tx("request.flip.evidence"),
    }[found.verdict]
    if found.until and found.until > now:
        return tx("request.flip.until", then=leads, when=tx.until(found.until, now))
    return leads


def _change(
    tx: Texts, change: Change, lacks: list[str], currency: str, until: datetime | None, now: datetime
) -> str:
    if change.column == "evidence_complete":
        return tx("request.flip.add", missing=tx.list(lacks))
    if change.column == "contested":
        return tx("request.flip.contest")
    if change.column == "amount_minor":
        return tx("request.flip.less", amount=tx.money(int(change.to), currency))
    if change.column == "days_left" and until is not None:
        when = tx.until(until, now)
        return tx("request.flip.earlier", when=when) if until > now else tx("request.flip.was_due", when=when)
    return tx("request.flip.other", column=tx(f"column.{change.column}"))


def asks_for(found: Assessment) -> tuple[str, ...]:
    """The kinds of evidence that the customer can still add, and that would better the verdict."""
    columns = {change.column for change in found.flip.changes if found.flip.in_hand} if found.flip else set()
    kinds: tuple[str, ...] = ()
    if found.verdict == "needs_evidence" or "evidence_complete" in columns:
        kinds = found.missing_evidence
    if "contested" in columns and CONTESTS not in kinds:
        kinds = (*kinds, CONTESTS)
    return kinds


def lesser_amount(found: Assessment) -> int | None:
    """A smaller amount that would better the verdict, in minor units."""
    changes: tuple[Any, ...] = found.flip.changes if found.flip and found.flip.in_hand else ()
    return next((int(change.to) for change in changes if change.column == "amount_minor"), None)
