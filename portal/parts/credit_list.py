"""An account's credit in HTML: the figure with what it means, and each change with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.domain.credit import START
from core.services.credit import Account, Entry
from core.services.staff import Names
from core.services.staff import name as name_of
from core.texts import MINUS, Texts
from portal.html import esc, href, lines, ms


def head(tx: Texts, account: Account, asked: Sequence[int], *, now: datetime, for_staff: bool = False) -> str:
    """The points as a figure, how they stand to the start, and what they mean for requests."""
    met = sum(account.points >= points for points in asked)
    level = "good" if met == len(asked) else "some" if met else "none"
    share = max(0, min(100, account.points))
    back = ""
    if account.next_at is not None:
        back = f"<p>{esc(tx('credit.back', date=tx.date(account.next_at, now), start=START))}</p>"
    who = f'<span class="lab"><bdi>{esc(account.name)}</bdi></span>' if for_staff else ""
    label = esc(tx("credit.bar", points=account.points, start=START))
    return (
        f'<section class="cred {level}">{who}<h1>{esc(tx("credit.title"))}</h1>'
        f'<p class="fig"><b>{account.points}</b><span>{esc(tx("credit.points"))}</span></p>'
        f'<div class="meter" role="img" aria-label="{label}"><i style="width:{share}%"></i></div>'
        f"<p>{esc(tx(f'credit.level.{level}'))}</p>{back}</section>"
    )


def signed(points: int) -> str:
    return f"+{points}" if points > 0 else f"{MINUS}{-points}" if points < 0 else "0"


def line(tx: Texts, entry: Entry, *, now: datetime, names: Names | None = None) -> str:
    """One change: how much, why, when, of which request; what was said against it and what came of that.
    `names`: of the staff, for staff.
    """
    for_staff = names is not None
    case = ""
    if entry.case_no:
        to = href("/desk", case=entry.case_no) if for_staff else href("/track", case=entry.case_no)
        case = f' · <a href="{to}">{esc(entry.case_no)}</a>'
    by = tx("role.system") if entry.made_by.startswith("system:") else name_of(names or {}, entry.made_by)
    who = f" · {esc(tx('credit.by', who=by))}" if for_staff else ""
    words = f'<p class="quote">{lines(entry.note)}</p>' if entry.note else ""
    picture = ""
    if entry.picture:
        screen = "/desk" if for_staff else "/track"
        to = href(screen, case=entry.case_no)
        picture = f'<p class="alone"><a href="{to}">{esc(tx("credit.picture"))}</a></p>'
    css = "up" if entry.points > 0 else "down" if entry.points < 0 else ""
    return (
        f'<div class="cline"><div><b>{esc(tx(_rule(entry, for_staff)))}</b>'
        f"<small>{esc(tx.when(entry.at, now))}{case}{who}</small></div>"
        f'<span class="pts {css}">{esc(signed(entry.points))}</span></div>'
        f"{words}{picture}{_appeal(tx, entry, now, for_staff)}"
    )


def _rule(entry: Entry, for_staff: bool) -> str:
    return "credit.staff_upheld" if for_staff and entry.rule == "upheld" else f"credit.rule.{entry.rule}"


def _appeal(tx: Texts, entry: Entry, now: datetime, for_staff: bool) -> str:
    if not entry.appeal:
        return ""
    said = f'<p class="quote">{lines(entry.appeal_words)}</p>'
    if entry.appeal == "open":
        key = "credit.appeal.late" if entry.appeal_owner else "credit.appeal.open"
        if for_staff:
            key = "credit.staff_late" if entry.appeal_owner else "credit.staff_open"
        by = tx.until(entry.appeal_due_at, now) if entry.appeal_due_at else ""
        return f'<p class="st">{ms("schedule")}{esc(tx(key, by=by))}</p>{said}'
    answer = f'<p class="quote">{lines(entry.answer)}</p>' if entry.answer else ""
    return f'{said}<p class="st">{ms("gavel")}{esc(tx(f"credit.appeal.{entry.appeal}"))}</p>{answer}'
