"""Pictures at the desk with their numbers, and what was found about them: a finding of forgery, by whom, with
what words, and whether it is contested. Values in, HTML out.
"""

from __future__ import annotations

from datetime import datetime

from core.services.case_views import CaseView, EventView
from core.services.credit import Entry
from core.services.desk import File
from core.services.evidence import EvidenceView
from core.services.staff import name as name_of
from core.texts import Texts
from portal import session
from portal.html import esc, href, lines, ms
from portal.parts import pictures


def found(view: CaseView) -> list[EventView]:
    """The findings of this case, oldest first."""
    return [event for event in view.events if event.event == "find_forgery" and event.picture]


def by(file: File) -> str | None:
    """Who found a picture forged, last, where it was not taken back."""
    standing = [e for e in found(file.view) if e.picture and _standing(file, e.picture) != "granted"]
    return standing[-1].actor_id if standing else None


def figures(tx: Texts, file: File, items: tuple[EvidenceView, ...]) -> str:
    """These pictures in a row, each by its number in the case, marked where something was found."""
    numbers = {item.id: number for number, item in enumerate(file.view.evidence, 1)}
    shown = "".join(_figure(tx, file, item, numbers[item.id]) for item in items if item.id in numbers)
    return f'<div class="shots figs gap">{shown}</div>' if shown else ""


def _figure(tx: Texts, file: File, item: EvidenceView, number: int) -> str:
    picture = pictures.image(tx, item, number)
    if item.expired_at is None:
        picture = f'<a href="{esc(session.picture(item.id))}" target="_blank" rel="noopener">{picture}</a>'
    mark = ""
    if any(event.picture == item.id for event in found(file.view)):
        mark = f'<em class="{_standing(file, item.id)}">{esc(tx(f"finding.{_standing(file, item.id)}"))}</em>'
    caption = tx("finding.caption", n=number, kind=tx(f"evidence_kind.{item.kind}"))
    return f"<figure>{picture}<figcaption>{esc(caption)}{mark}</figcaption></figure>"


def about(tx: Texts, file: File, event: EventView) -> str:
    """Which picture a finding in the story is about, and whether it stands; '' for any other event."""
    number = next((n for n, item in enumerate(file.view.evidence, 1) if item.id == event.picture), 0)
    if not event.picture or not number:
        return ""
    standing = _standing(file, event.picture)
    return (
        f'<p class="about">{esc(tx("finding.number", n=number))}'
        f'<em class="{standing}">{esc(tx(f"finding.{standing}"))}</em></p>'
    )


def _standing(file: File, picture: str) -> str:
    """`stands`, `open` while the customer contests it, `granted` when it was taken back, `refused`."""
    entry = _entry(file, picture)
    return (entry.appeal if entry else "") or "stands"


def _entry(file: File, picture: str) -> Entry | None:
    return next((entry for entry in file.losses if entry.picture == picture), None)


def block(tx: Texts, file: File, *, now: datetime) -> str:
    """Each finding with its words, and what its customer says against it; '' where nothing was found."""
    items = "".join(_item(tx, file, event, now) for event in found(file.view))
    return (
        f'<div class="finds" role="status"><h3>{esc(tx("finding.title"))}</h3>{items}</div>' if items else ""
    )


def _item(tx: Texts, file: File, event: EventView, now: datetime) -> str:
    picture, entry = event.picture or "", _entry(file, event.picture or "")
    which = next(
        (pictures.name(tx, item, n) for n, item in enumerate(file.view.evidence, 1) if item.id == picture),
        tx("finding.gone"),
    )
    who = f"{tx(f'role.{event.role}')} {name_of(file.names, event.actor_id)}"
    head = tx("finding.by", which=which, who=who, when=tx.when(event.at, now))
    return (
        f'<div class="find {_standing(file, picture)}"><p><b>{ms("report")}{esc(head)}</b></p>'
        f'<p class="quote">{lines(event.note)}</p>{_contested(tx, file, entry, now)}</div>'
    )


def _contested(tx: Texts, file: File, entry: Entry | None, now: datetime) -> str:
    """The appeal against it: open with its date, or how another person answered it; the way there."""
    if entry is None:  # a guest has no account, so there is nothing to appeal against
        return f'<p class="note">{esc(tx("finding.guest"))}</p>'
    if not entry.appeal:
        key = "finding.appealable" if entry.appeal_until else "finding.uncontested"
        until = tx.until(entry.appeal_until, now) if entry.appeal_until else ""
        return f'<p class="note">{esc(tx(key, until=until) if until else tx(key))}</p>'
    when = tx.when(entry.appeal_at, now) if entry.appeal_at else ""
    said = f'<p class="quote">{lines(entry.appeal_words)}</p>'
    to = href("/credit", customer=entry.customer_id)
    link = f'<a href="{to}">{esc(tx("finding.to_appeal"))}</a>'
    if entry.appeal == "open":
        by = tx.until(entry.appeal_due_at, now) if entry.appeal_due_at else ""
        return f"<p><b>{esc(tx('finding.contested', when=when, by=by))}</b></p>{said}<p>{link}</p>"
    who = name_of(file.names, entry.answered_by)
    at = tx.when(entry.answered_at, now) if entry.answered_at else ""
    answer = tx(f"finding.answered_{entry.appeal}", who=who, when=at)
    return (
        f"<p>{esc(tx('finding.was_contested', when=when))}</p>{said}"
        f'<p><b>{esc(answer)}</b></p><p class="quote">{lines(entry.answer)}</p><p>{link}</p>'
    )
