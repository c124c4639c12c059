"""Why a case can only be read at the desk just now: who has it, what this person did before, or whose turn it
is. Said instead of 'your account may not'.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core.domain.actors import Actor, same_person
from core.domain.errors import InOtherHands, NotAllowed, OwnCase, Refusal, SamePerson
from core.domain.rights import JUDGING
from core.domain.stuck import Stuck
from core.services.case_views import EventView
from core.services.desk import File
from core.services.staff import name as name_of
from core.services.staff import named
from core.texts import Texts
from portal.html import esc, ms
from portal.parts.found import says

# What somebody did that keeps them from deciding; words under `queue.did.<event>`.
DID: Final = tuple(sorted(JUDGING))


def reading_only(tx: Texts, file: File, actor: Actor, refused: Refusal | None, at: Stuck | None) -> str:
    """A notice in words of this case; '' where the case may be decided. `at`: where it stands."""
    if refused is None:
        return ""
    icon = "pan_tool" if isinstance(refused, InOtherHands) else "visibility"
    sentence = _words(tx, file, actor, refused, at)
    return f'<div class="notice" role="status">{ms(icon)}<p>{esc(sentence)}</p></div>'


def meanwhile(tx: Texts, file: File, seq: int, refusal: str, *, now: datetime) -> str:
    """A decision that was not taken, until something else is opened: what has happened since the form was
    drawn (after event `seq`), or else the refusal itself.
    """
    since = [event for event in file.view.events if event.seq > seq]
    said = [refusal]
    if since:
        happened = tx.list(
            tx(
                "desk.meanwhile.one", who=_who(tx, file, event), what=tx(f"event.{event.event}"),
                when=tx.when(event.at, now),
            )
            for event in since
        )  # fmt: skip
        said = [tx("desk.meanwhile", happened=happened), tx("desk.meanwhile.undone")]
    words = "".join(f"<p>{esc(each)}</p>" for each in said)
    return f'<div class="notice bad" role="alert">{ms("error", "red")}<div>{words}</div></div>'


def _who(tx: Texts, file: File, event: EventView) -> str:
    role = tx(f"role.{event.role}")
    return role if event.role in ("customer", "guest", "system") else name_of(file.names, event.actor_id)


def _words(tx: Texts, file: File, actor: Actor, refused: Refusal, at: Stuck | None) -> str:
    if isinstance(refused, InOtherHands):
        return tx.refusal(named(refused, file.names))
    if isinstance(refused, SamePerson):
        did = next(
            (
                e.event
                for e in reversed(file.view.events)
                if e.event in DID and same_person(e.actor_id, actor.id)
            ),
            None,
        )
        return tx("queue.you_did", did=tx(f"queue.did.{did}")) if did else tx.refusal(refused)
    if isinstance(refused, OwnCase):
        return tx("queue.own")
    if isinstance(refused, NotAllowed) and at is not None:
        return tx("queue.not_yours", stands=says(tx, at))
    return tx.refusal(refused)
