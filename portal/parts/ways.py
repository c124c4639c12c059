"""How a negotiated refund is to be paid, in words: the way, the masked account, what to look at twice before
money goes there. Values in, HTML out.
"""

from __future__ import annotations

from datetime import datetime

from core.domain.settlement import is_another_name
from core.services.case_views import CaseView, EventView
from core.services.desk import File
from core.services.staff import name as name_of
from core.texts import Texts
from portal.html import esc, ms


def theirs(tx: Texts, event: EventView) -> str:
    """The way as its customer reads it. Whose account it is, is not said where the names differ."""
    return tx(f"track.turn.way.{_code(event)}")


def ours(tx: Texts, event: EventView) -> str:
    """The way as staff read it."""
    return tx(f"way.{_code(event)}")


def account(tx: Texts, event: EventView) -> str:
    """`银行卡 ****1234`, or nothing."""
    return f"{tx(f'channel.{event.payee[0]}')} {event.payee[1]}" if event.payee else ""


def _code(event: EventView) -> str:
    return "transfer_other" if event.way == "transfer" and event.is_other_name else event.way or ""


def is_for_them(event: EventView) -> bool:
    """Whether support said it, or wrote the account that the customer only kept."""
    return "support" in (event.role, event.given_by)


def in_force(view: CaseView) -> tuple[EventView | None, EventView | None]:
    """What was proposed since the money last had no way to go, and what that took the place of."""
    began = max((event.seq for event in view.events if event.event == "negotiate"), default=0)
    said = [event for event in view.events if event.event == "propose" and event.seq > began]
    return (said[-1] if said else None), (said[-2] if len(said) > 1 else None)


def doubts(tx: Texts, file: File, *, now: datetime) -> str:
    """Before somebody sends money there: another name, who said it, and what they had said before."""
    newest, before = in_force(file.view)
    if newest is None:
        return ""
    found = []
    holder, name = file.payee.holder if file.payee else "", file.customer_name
    if newest.way == "transfer" and file.payee and is_another_name(holder, name):
        found.append(tx("desk.payee.other_name", holder=holder, name=name))
    if is_for_them(newest):
        found.append(tx("desk.payee.for_them"))
    elif before is not None and before.way is not None:
        found.append(tx("desk.payee.replaced"))
    if not found:
        return ""
    rows = [("desk.payee.before", before), ("desk.payee.now", newest)]
    sides = "".join(
        f"<div><dt>{esc(tx(key))}</dt><dd><b>{esc(_side(tx, event))}</b>"
        f"<small>{esc(_who(tx, file, event))} · {esc(tx.when(event.at, now))}</small></dd></div>"
        for key, event in rows
        if event is not None
    )
    said = "".join(f"<p>{ms('warning')}<span>{esc(each)}</span></p>" for each in found)
    return f'<div class="payeewarn" role="alert">{said}<dl>{sides}</dl></div>'


def _side(tx: Texts, event: EventView) -> str:
    return account(tx, event) or ours(tx, event)


def _who(tx: Texts, file: File, event: EventView) -> str:
    role = tx(f"role.{event.role}")
    if event.role != "support":
        return role
    return tx("queue.for_customer", who=f"{role} {name_of(file.names, event.actor_id)}")
