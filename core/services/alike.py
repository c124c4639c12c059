"""Pictures that were sent before, to the pixel or nearly, and signs of editing: hints for whoever decides,
never a refusal or an accusation (R2.4). Nothing of it is said to customers.

What is the same to the pixel is asked of the index when a file is opened. What is nearly the same is found by
the worker once, after the picture has come, and written down.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, and_, bindparam, literal, select, union_all, update

from core.adapters import database
from core.adapters.prepared import Prepared
from core.adapters.tables import cases, evidence, fingerprint_keys, fingerprints, near_pictures
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.domain.pictures import Doubt
from core.services.record import read as read_case

MOST_AGAIN: Final = 50  # cases that are named: who sends one picture so often is known by then
# A key that so many pictures have is a page that everybody sends: it says nothing, and is not read through.
POPULAR: Final = 40
MOST_COMPARED: Final = 30  # of those that share keys with a picture, most keys first


@dataclass(frozen=True, slots=True)
class Again:
    """The same picture in another case: to the pixel, or (`is_near`) cropped, resized or encoded anew."""

    evidence_id: str  # of the case that was asked for
    case_no: str
    is_same_customer: bool
    at: datetime
    is_near: bool = False


_LOOKS: Final = Prepared(
    select(evidence.c.id, evidence.c.looks).where(
        evidence.c.case_no == bindparam("case_no"), evidence.c.removed_at.is_(None)
    )
)


def sent_before(app: App, actor: Actor, case_no: str) -> list[Again]:
    """Where the case's pictures were sent as well, in other cases of anybody; for staff. A case is named once
    for a picture.
    """
    if not actor.is_staff:
        raise NotAllowed(role=actor.role)
    with app.read() as conn:
        read_case(conn, case_no, actor)
        return again_in(conn, case_no)


def again_in(conn: Connection, case_no: str) -> list[Again]:
    """The same of a case that the caller has read."""
    rows = [row for query in _AGAIN for row in query.all(conn, {"case_no": case_no})]
    found: dict[tuple[str, str], Again] = {}
    for row in rows:
        found.setdefault((row[0], row[1]), Again(row[0], row[1], bool(row[2]), row[3], bool(row[4])))
    return sorted(found.values(), key=lambda hint: (hint.at, hint.case_no))[:MOST_AGAIN]


def _again() -> tuple[Prepared, ...]:
    """The same to the pixel, and nearly the same, told from either side."""
    mine, other, near = evidence.alias("mine"), evidence.alias("other"), near_pictures.c
    is_same = and_(other.c.pixels_sha256 == mine.c.pixels_sha256, mine.c.pixels_sha256 != "")
    sides = ((near.evidence_id, near.other_id), (near.other_id, near.evidence_id))
    return (
        _elsewhere(mine, other, mine.join(other, is_same), is_near=False),
        *(
            _elsewhere(
                mine,
                other,
                mine.join(near_pictures, one == mine.c.id).join(other, two == other.c.id),
                is_near=True,
            )
            for one, two in sides
        ),
    )


def _elsewhere(mine: Any, other: Any, pairs: Any, *, is_near: bool) -> Prepared:
    """Pairs of a picture of the case and one of another case, both still there."""
    here, there = cases.alias("here"), cases.alias("there")
    case_no: BindParameter[str] = bindparam("case_no")
    is_same_customer = and_(there.c.customer_id == here.c.customer_id, here.c.customer_id != "")
    there_and_here = pairs.join(here, here.c.case_no == mine.c.case_no).join(
        there, there.c.case_no == other.c.case_no
    )
    return Prepared(
        select(
            mine.c.id,
            there.c.case_no,
            is_same_customer.label("is_same_customer"),
            other.c.added_at,
            literal(is_near).label("is_near"),
        )
        .select_from(there_and_here)
        .where(
            mine.c.case_no == case_no,
            other.c.case_no != case_no,
            mine.c.removed_at.is_(None),
            other.c.removed_at.is_(None),
        )
        .order_by(other.c.added_at)
        .limit(MOST_AGAIN)
    )


_AGAIN: Final = _again()


def doubts_in(conn: Connection, case_no: str) -> dict[str, tuple[Doubt, ...]]:
    """Of each picture of the case in which there are any: signs of editing. The caller knows who asks."""
    rows = _LOOKS.all(conn, {"case_no": case_no})
    found = {row.id: json.loads(row.looks).get("doubts", ()) for row in rows}
    return {number: tuple(Doubt(*sign) for sign in signs) for number, signs in found.items() if signs}


def due(app: App, at: datetime, limit: int) -> list[str]:
    """Pictures to be compared with the others now."""
    with app.read() as conn:
        return list(conn.execute(due_query(at, limit)).scalars())


def due_query(at: datetime, limit: int) -> Any:
    f = fingerprints.c
    return select(f.evidence_id).where(f.compare_due_at <= at).order_by(f.compare_due_at).limit(limit)


def put_off(app: App, evidence_id: str, until: datetime) -> None:
    """After an accident."""
    with app.begin() as conn:
        conn.execute(
            update(fingerprints).where(fingerprints.c.evidence_id == evidence_id).values(compare_due_at=until)
        )


def attend(app: App, evidence_id: str) -> bool:
    """Compare one picture that is due with those that share keys with it; False when somebody else did.

    Every picture is compared after it was committed, so of two that come at once at least one meets the
    other.
    """
    from core.adapters.pictures.fingerprints import is_same_shot  # numpy: for who compares only

    with app.read() as conn:
        mine = conn.execute(_pictures([evidence_id])).first()
        if mine is None or mine.compare_due_at is None:
            return False
        others = [row for row in conn.execute(_pictures(_candidates(conn, mine))) if _may_be(mine, row)]
    near = [o.id for o in others if is_same_shot(mine.words, mine.dhash, o.words, o.dhash)]
    same = (fingerprints.c.evidence_id == evidence_id, fingerprints.c.compare_due_at == mine.compare_due_at)
    with app.begin() as conn:
        if not conn.execute(update(fingerprints).where(*same).values(compare_due_at=None)).rowcount:
            return False
        f = fingerprints.c  # one that was taken back meanwhile is like none
        there = conn.execute(select(f.evidence_id).where(f.evidence_id.in_(near))).scalars()
        pairs = [sorted((evidence_id, other)) for other in there]
        if pairs:
            rows = [{"evidence_id": one, "other_id": two} for one, two in pairs]
            conn.execute(database.insert(conn, near_pictures).on_conflict_do_nothing(), rows)
    return True


def _may_be(mine: Any, other: Any) -> bool:
    """In another case, and not the same to the pixel, which is known anyway."""
    return bool(other.case_no != mine.case_no and other.pixels_sha256 != mine.pixels_sha256)


def _pictures(numbers: Sequence[str]) -> Any:
    e, f = evidence.c, fingerprints.c
    return (
        select(e.id, e.case_no, e.pixels_sha256, e.dhash, f.words, f.key_list, f.compare_due_at)
        .join(fingerprints, f.evidence_id == e.id)
        .where(e.id.in_(numbers), e.removed_at.is_(None), e.expired_at.is_(None))
    )


def _candidates(conn: Connection, mine: Any) -> list[str]:
    """Others with which it shares keys, most keys first; of a key that is popular, none."""
    keys = json.loads(mine.key_list)
    if not keys:
        return []
    by_key: dict[int, list[str]] = {}
    for key, other in conn.execute(sharing(keys)):
        by_key.setdefault(key, []).append(other)
    shared = Counter(other for found in by_key.values() if len(found) <= POPULAR for other in found)
    del shared[mine.id]
    return [other for other, _ in shared.most_common(MOST_COMPARED)]


def sharing(keys: Sequence[int]) -> Any:
    """(key, picture) of all that have one of `keys`, one more than `POPULAR` of each at most."""
    k = fingerprint_keys.c
    each = [select(k.key, k.evidence_id).where(k.key == key).limit(POPULAR + 1).subquery() for key in keys]
    return union_all(*(select(found.c.key, found.c.evidence_id) for found in each))
