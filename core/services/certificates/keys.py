"""The keys that sign certificates: one signs, all that ever signed are known, each process knows the same."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from core.adapters.certificates import signing
from core.adapters.tables import settings
from core.adapters.world import App

_KEYS: Final = "certificate_keys"


def public_keys(app: App) -> dict[str, bytes]:
    """All that ever signed, by name: a certificate outlives its key's service."""
    return {key["kid"]: signing.decoded(key["public"]) for key in _keys(app)}


def key_set(app: App) -> dict[str, Any]:
    """`public_keys` as a JSON Web Key Set."""
    return signing.jwks(public_keys(app))


def rotate(app: App) -> str:
    """A new key signs from now on; the private half of the one before is destroyed. Answers the new name."""
    _keys(app)  # there is one
    fresh = signing.new_key()
    with app.begin() as conn:
        held = _read(conn, locked=True)
        kept = [{name: value for name, value in key.items() if name != "private"} for key in held]
        conn.execute(
            settings.update()
            .where(settings.c.key == _KEYS)
            .values(value=json.dumps([*kept, _row(app, fresh)]))
        )
    return signing.name_of(signing.public_of(fresh))


def private_key(app: App) -> bytes:
    return next(signing.decoded(key["private"]) for key in reversed(_keys(app)) if "private" in key)


def _keys(app: App) -> list[dict[str, Any]]:
    """Oldest first; the first one is made when it is first needed, once for all processes."""
    with app.read() as conn:
        held = _read(conn)
    if held:
        return held
    try:
        with app.begin() as conn:
            told = json.dumps([_row(app, signing.new_key())])
            conn.execute(settings.insert().values(key=_KEYS, value=told))
    except IntegrityError:
        pass  # another process was quicker
    with app.read() as conn:
        return _read(conn)


def _read(conn: Connection, *, locked: bool = False) -> list[dict[str, Any]]:
    query = select(settings.c.value).where(settings.c.key == _KEYS)
    told = conn.execute(query.with_for_update() if locked else query).scalar_one_or_none()
    found: list[dict[str, Any]] = json.loads(told or "[]")
    return found


def _row(app: App, private: bytes) -> dict[str, Any]:
    public = signing.public_of(private)
    return {
        "kid": signing.name_of(public),
        "public": signing.encoded(public),
        "private": signing.encoded(private),
        "since": app.now().isoformat(),
    }
