"""Commands take effect once: an id is born with the form, and whoever sends it again gets the first
answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import SQLAlchemyError

from core.adapters.database import is_conflict
from core.adapters.prepared import Prepared
from core.adapters.tables import commands
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import CommandReused
from core.services.record import canonical

log = structlog.get_logger(__name__)

_COMMAND: Final = Prepared(
    select(commands.c.kind, commands.c.actor, commands.c.result).where(commands.c.id == bindparam("id"))
)
_INSERT_COMMAND: Final = Prepared(insert(commands).inline(), [column.name for column in commands.columns])


def answered(conn: Connection, actor: Actor, command_id: str, kind: str) -> dict[str, Any] | None:
    """What this command answered before; None when it is new, `CommandReused` when it was another one."""
    known = _COMMAND.first(conn, {"id": command_id})
    if known is None:
        return None
    if (known.kind, known.actor) != (kind, str(actor)):
        raise CommandReused()
    stored: dict[str, Any] = json.loads(known.result)
    return stored


def once(
    app: App,
    actor: Actor,
    command_id: str,
    kind: str,
    hold: Callable[[Connection], Any],
    work: Callable[[Connection, Any], dict[str, Any]],
) -> dict[str, Any]:
    """Run a command in one transaction, at most once per id (invariant 17); later calls get the first one's
    result.

    `hold` locks what the command is about and checks that the actor may see it, so that two clicks at once
    stand in line before the id is looked up; `work` does it and answers a JSON object.
    """
    for attempt in range(3):
        try:
            with app.begin() as conn:
                held = hold(conn)
                known = answered(conn, actor, command_id, kind)
                if known is not None:
                    return known
                result = work(conn, held)
                _INSERT_COMMAND.change(
                    conn,
                    {
                        "id": command_id,
                        "kind": kind,
                        "actor": str(actor),
                        "at": app.now(),
                        "result": canonical(result),
                    },
                )
            about = {"case_no": result["case_no"]} if "case_no" in result else {}
            log.info("done", command=kind, role=actor.role, **about)
            return result
        except SQLAlchemyError as error:
            # Another transaction took the id, the order or the case number first: look again.
            if attempt == 2 or not is_conflict(error):
                raise
    raise AssertionError("unreachable")
