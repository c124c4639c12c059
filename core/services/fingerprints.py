"""What recognises a picture, written with it and gone with it. Comparing is `alike`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from core.adapters.pictures import Picture
from core.adapters.tables import fingerprint_keys, fingerprints
from core.services.record import canonical


def keep(conn: Connection, evidence_id: str, picture: Picture, at: datetime) -> None:
    """Of a picture whose row is written in the same transaction; it is compared from `at` on."""
    row = {"words": picture.words, "key_list": canonical(list(picture.keys)), "compare_due_at": at}
    conn.execute(insert(fingerprints).values(evidence_id=evidence_id, **row))
    if picture.keys:
        keys = [{"key": key, "evidence_id": evidence_id} for key in sorted(set(picture.keys))]
        conn.execute(insert(fingerprint_keys), keys)


def forget(conn: Connection, evidence_ids: Iterable[str]) -> None:
    """Of pictures that are taken back, covered or over their time: which others they were like as well."""
    f, k = fingerprints.c, fingerprint_keys.c
    wanted = sorted(evidence_ids)
    for row in conn.execute(select(f.evidence_id, f.key_list).where(f.evidence_id.in_(wanted))).all():
        mine = (k.key.in_(json.loads(row.key_list)), k.evidence_id == row.evidence_id)
        conn.execute(delete(fingerprint_keys).where(*mine))
    conn.execute(delete(fingerprints).where(f.evidence_id.in_(wanted)))
