"""After sending: what became of it, what happens next and by when, the number, and the link to keep."""

from __future__ import annotations

from datetime import datetime

from core import wording
from core.domain.missing import BY_HAND
from core.domain.policy import Policy
from core.domain.settlement import HERE
from core.domain.workdays import Calendar
from core.services.applying import Applying
from core.services.case_views import CaseView
from core.texts import Texts
from portal.html import esc, href, ms
from portal.parts import again, goods, legs

_ASKED = ("screening", "in_review")
_PAYS = (*_ASKED, "approved", "paying", "completed")
_SEALS = {
    "approved": ("", "check"),
    "paying": ("", "check"),
    "completed": ("", "check"),
    "rejected": ("no", "block"),
    "closed": ("no", "block"),
    "withdrawn": ("no", "undo"),
}


def card(
    tx: Texts,
    view: CaseView,
    policy: Policy,
    holds: Applying,
    calendar: Calendar,
    *,
    now: datetime,
    is_guest: bool = False,
) -> str:
    """The whole message: no balloons, the amount and the date."""
    css, icon = _SEALS.get(view.state, ("ask", "person_search"))
    amount = tx.money(
        view.refund_minor if view.refund_minor is not None else view.requested_minor or 0, view.currency
    )
    title, below = _words(tx, view, amount, now)
    if view.state in ("approved", "paying"):
        below = _arrival(tx, view, policy, calendar, now, is_guest=is_guest)
    elif view.state in again.ENDED:
        below = ""
    note = f"<p>{esc(below)}</p>" if below else ""
    if why := view.says.get("en" if tx.language == "en" else "zh", "") if view.state == "rejected" else "":
        note = f'<h2>{esc(tx("request.sent.why"))}</h2><p class="quote">{esc(why)}</p>{note}'
    rows = goods.pairs(((tx("request.sent.number"), view.case_no),), "no")
    return (
        f'<div class="sent"><span class="seal {css}">{ms(icon)}</span><h1 id="step" tabindex="-1">'
        f"{esc(title)}</h1>{note}{_legs(tx, view, now)}{rows}</div>{_again(tx, view, holds, now)}"
    )


def _legs(tx: Texts, view: CaseView, now: datetime) -> str:
    """Each movement with its account and date; under review, what will be if it is approved."""
    lines = legs.latest(view) if view.state in _PAYS else ()
    if not lines:
        return ""
    head = f"<h2>{esc(tx('request.route.if_approved'))}</h2>" if view.state in _ASKED else ""
    return head + legs.listed(tx, lines, view.currency, now=now)


def _again(tx: Texts, view: CaseView, holds: Applying, now: datetime) -> str:
    """Of a request that has ended: whether the order can be asked for once more. Track knows the details."""
    return again.offer(tx, view, holds, None, now=now, is_first=False) if view.state in again.ENDED else ""


def _words(tx: Texts, view: CaseView, amount: str, now: datetime) -> tuple[str, str]:
    if view.state in ("approved", "paying"):
        return tx("request.sent.approved", amount=amount), wording.next_sentence(tx, view.locator, now)
    if view.state == "completed":
        return tx("request.sent.done"), wording.sentence(tx, view.locator, now)
    if view.state == "rejected":
        return tx("request.sent.rejected"), _to_contest(tx, view, now)
    if view.due_at and view.due_at > now and not view.owner and view.state in _ASKED:
        return tx("request.sent.review", date=tx.date(view.due_at, now)), _read_by(tx, view)
    return wording.sentence(tx, view.locator, now), wording.next_sentence(tx, view.locator, now)


def _to_contest(tx: Texts, view: CaseView, now: datetime) -> str:
    """An appeal has its own time; what is applied for anew counts from then, so the window bounds it."""
    date = tx.until(view.due_at, now) if view.due_at else ""
    ends = view.ask_until
    if ends is not None and ends < now:
        return tx("request.sent.rejected_appeal", date=date)
    if ends is not None and view.due_at is not None and ends < view.due_at:
        return tx("request.sent.rejected_both", date=date, again=tx.until(ends, now))
    return tx("request.sent.rejected_next", date=date)


def _read_by(tx: Texts, view: CaseView) -> str:
    """What the reviewer will look at: only what was really sent."""
    if view.description and view.evidence:
        return tx("request.sent.review_next")
    if view.description:
        return tx("request.sent.review_next_words")
    return tx("request.sent.review_next_evidence") if view.evidence else tx("request.sent.review_next_bare")


def _arrival(
    tx: Texts, view: CaseView, policy: Policy, calendar: Calendar, now: datetime, *, is_guest: bool
) -> str:
    """Where it goes and by when: the payouts' own date, or the policy's until there are payouts. A guest was
    never asked where to tell them.
    """
    etas = [payout.eta_at for payout in view.payouts if payout.eta_at]
    live = [payout for payout in view.payouts if payout.state != "replanned"]
    moving = [payout.channel for payout in live]
    if not moving:
        moving = ["balance"] if view.route == "balance" else [p.channel for p in view.order.payments]
    names = dict.fromkeys([payout.payee_channel or payout.channel for payout in live] or moving)
    place = tx.list([tx(f"channel.{channel}") for channel in names])
    days = max(_days(policy, channel) for channel in moving)
    if not days:
        return tx("request.sent.at_once", place=place)
    last = max(etas) if etas else calendar.deadline(now, days).at
    date = tx.date(last, now)
    if is_guest:
        return tx("request.sent.arrives_guest", place=place, date=date)
    return tx("request.sent.arrives", place=place, date=date)


def _days(policy: Policy, channel: str) -> int:
    """Working days until it is there; of a transfer by hand those for settling a negotiated refund."""
    if channel in HERE:
        return 0
    return policy.working_days.arbitration if channel == BY_HAND else policy.eta_working_days[channel][1]


def ways(tx: Texts, view: CaseView) -> str:
    """On to the case's own page, its link to keep, or another order."""
    track = href("/track", case=view.case_no)
    go = tx("request.sent.appeal") if "appeal" in view.allowed else tx("request.sent.track")
    return (
        f'<div class="ways row"><a class="btn" href="{track}">{esc(go)}</a>'
        f"{copy_link(tx, track)}"
        f'<a href="{href("/request")}">{esc(tx("request.sent.another"))}</a></div>'
    )


def copy_link(tx: Texts, path: str) -> str:
    """A button that copies the full address of `path`; where that is forbidden the address is shown.

    Needs `st.html(..., unsafe_allow_javascript=True)`; there is no text of anybody's in it.
    """
    return (
        '<span class="copy">'
        f'<button type="button" data-path="{path}" data-done="{esc(tx("track.link.done"))}">{ms("link")}'
        f'<b aria-live="polite">{esc(tx("track.link"))}</b></button><output></output></span><script>'
        f"{_COPY}</script>"
    )


def copy_links() -> str:
    """What makes every copying button of the page work; needs `unsafe_allow_javascript` as well."""
    return f"<script>{_COPY}</script>"


_COPY = """for (const box of document.querySelectorAll(".copy")) {
  const button = box.querySelector("button"), words = box.querySelector("b"), before = words.textContent;
  button.onclick = async () => {
    const address = new URL(button.dataset.path, location.origin).href;
    try {
      await navigator.clipboard.writeText(address);
      words.textContent = button.dataset.done;
      setTimeout(() => words.textContent = before, 3000);
    } catch {
      const shown = box.querySelector("output");
      shown.textContent = address;
      getSelection().selectAllChildren(shown);
    }
  };
}"""
