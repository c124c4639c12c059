"""Bytes in the store that no row leads to: a process died between storing and committing, or before it could
delete what was taken back. Once a day one worker looks through the store, a page at a time, and deletes them.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from core.adapters.evidence_store import Lying
from core.adapters.tables import evidence, settings
from core.adapters.world import App
from core.domain.errors import StoreUnavailable
from core.services.record import canonical

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(days=1)
# By the machine's clock: an upload takes seconds from its bytes to its row, a demo's clock jumps by days.
SAFE_AGE: Final = timedelta(days=1)
PAGE: Final = 500
AGAIN: Final = timedelta(minutes=10)  # a page that took longer was lost with its worker
OWNER: Final = "owner"  # lies in the store and says whose it is
_OURS: Final = re.compile(r"[A-Za-z0-9_-]{24}(#\d+)?")  # as `evidence.add_file` names them
_STATE: Final = "sweep"
_MARK: Final = "store_mark"


def sweep(app: App, most: int = PAGE) -> int:
    """Look through the next `most` names, when that is due; answers how many were deleted, and one more when
    there is another page.

    A store that bears another database's mark, or that has none and holds nothing that this database knows,
    is somebody else's: nothing of it is deleted.
    """
    now = app.now()
    claimed = _claim(app, now)
    if claimed is None:
        return 0
    mine, state = claimed
    try:
        page = app.store.page(state["after"], most)
        orphans = _orphans(app, page.lying)
        if not _is_ours(app, page.lying, state["after"]):
            log.error("store_of_another_database", mark=OWNER, not_deleted=len(orphans))
            _record(app, mine, _state(now + EVERY))
            return 0
        app.store.delete(*orphans)
    except StoreUnavailable:
        return 0  # the claim stands: again in a while
    seen, deleted = state["seen"] + len(page.lying), state["deleted"] + len(orphans)
    if page.after is not None:
        _record(app, mine, _state(now, page.after, seen, deleted))
        return len(orphans) + 1
    _record(app, mine, _state(now + EVERY))
    log.info("store_swept", seen=seen, deleted=deleted)
    return len(orphans)


def _orphans(app: App, lying: Sequence[Lying]) -> list[str]:
    """Those that are old enough and that no row leads to; a row's tombstone leads to nothing."""
    old = [each.name for each in lying if each.age >= SAFE_AGE and _OURS.fullmatch(each.name)]
    return sorted(set(old) - _led_to(app, old)) if old else []


def _led_to(app: App, names: Sequence[str]) -> set[str]:
    there = (evidence.c.removed_at.is_(None), evidence.c.expired_at.is_(None))
    with app.read() as conn:
        return set(conn.execute(select(evidence.c.id).where(evidence.c.id.in_(names), *there)).scalars())


def _is_ours(app: App, lying: Sequence[Lying], after: str) -> bool:
    """By the mark that the first sweep left in the store and in the database."""
    if after:
        return True  # asked with the first page
    mark = _mark(app)
    try:
        return app.store.get(OWNER) == mark.encode()
    except FileNotFoundError:
        pass
    if any(_OURS.fullmatch(each.name) for each in lying) and not any(map(app.store.has, _newest(app))):
        return False
    app.store.put(OWNER, mark.encode())
    return True


def _newest(app: App, most: int = 20) -> list[str]:
    """Pictures that have to be in the store, if it is this database's."""
    there = (evidence.c.removed_at.is_(None), evidence.c.expired_at.is_(None))
    with app.read() as conn:
        query = select(evidence.c.id).where(*there).order_by(evidence.c.added_at.desc()).limit(most)
        return list(conn.execute(query).scalars())


def _mark(app: App) -> str:
    """Made once for a database, and kept in its copies."""
    with app.begin() as conn:
        found = conn.execute(select(settings.c.value).where(settings.c.key == _MARK)).scalar_one_or_none()
        if found is None:
            found = secrets.token_hex(16)
            conn.execute(insert(settings).values(key=_MARK, value=found))
    return found


def _claim(app: App, now: datetime) -> tuple[str, dict[str, Any]] | None:
    """What stands for this page while we look through it, and where to go on; None when it is not due or
    somebody else's."""
    with app.read() as conn:  # mostly it is not due, and writers are not to wait for that
        told = conn.execute(select(settings.c.value).where(settings.c.key == _STATE)).scalar_one_or_none()
    state: dict[str, Any] = json.loads(told) if told else _state(now)
    if datetime.fromisoformat(state["due"]) > now:
        return None
    mine = canonical({**state, "due": (now + AGAIN).isoformat(), "by": secrets.token_hex(8)})
    try:
        with app.begin() as conn:
            if told is None:
                conn.execute(insert(settings).values(key=_STATE, value=mine))
                return mine, state
            same = (settings.c.key == _STATE, settings.c.value == told)
            is_mine = conn.execute(update(settings).where(*same).values(value=mine)).rowcount == 1
    except IntegrityError:
        return None  # another worker was quicker
    return (mine, state) if is_mine else None


def _record(app: App, mine: str, state: dict[str, Any]) -> None:
    """Where the next one goes on, unless somebody took the page for lost meanwhile."""
    with app.begin() as conn:
        same = (settings.c.key == _STATE, settings.c.value == mine)
        conn.execute(update(settings).where(*same).values(value=canonical(state)))


def _state(due: datetime, after: str = "", seen: int = 0, deleted: int = 0) -> dict[str, Any]:
    """When the next page is due, the name it comes after, and what this sweep has seen and deleted so far."""
    return {"due": due.isoformat(), "after": after, "seen": seen, "deleted": deleted}
