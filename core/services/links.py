"""Short-lived links to evidence: of one picture for one viewer, and worth nothing without their session.

A link is `<picture>.<until>.<signature>`. It is made when a page is drawn, so each rerun renews it; the same
viewer gets the same link for a while, so that the browser has nothing to load again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.adapters.tables import settings
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotFound

MINUTES: Final = 15  # a link is good for so long at least, and for twice as long at most
_STEP: Final = MINUTES * 60
_DIGITS: Final = 12  # hexadecimal, of an instant in any time to come
_KEY: Final = "link_key"


def made(app: App, actor: Actor, evidence_id: str) -> str:
    """The last part of the picture's address, for this viewer."""
    until = (int(app.now().timestamp()) // _STEP + 2) * _STEP
    return f"{evidence_id}.{until:x}.{_signature(app, actor, evidence_id, until)}"


def opened(app: App, actor: Actor, link: str) -> str:
    """The picture of a link that is this viewer's and still good; `NotFound` for everything else."""
    evidence_id, _, rest = link.partition(".")
    digits, _, signature = rest.partition(".")
    if len(digits) > _DIGITS:
        raise NotFound()
    try:
        until = int(digits, 16)
    except ValueError:
        raise NotFound() from None
    is_theirs = hmac.compare_digest(signature.encode(), _signature(app, actor, evidence_id, until).encode())
    if not is_theirs or datetime.fromtimestamp(min(until, 2**40), UTC) <= app.now():
        raise NotFound()
    return evidence_id


def _signature(app: App, actor: Actor, evidence_id: str, until: int) -> str:
    told = "\n".join((evidence_id, str(until), actor.role, actor.id, actor.order_no or ""))
    digest = hmac.new(_key(app), told.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest[:18]).decode()


def _key(app: App) -> bytes:
    """Made once and shared by all processes of the database."""
    if app.link_key is None:
        query = select(settings.c.value).where(settings.c.key == _KEY)
        with app.read() as conn:
            found = conn.execute(query).scalar_one_or_none()
        if found is None:
            try:
                with app.begin() as conn:
                    conn.execute(settings.insert().values(key=_KEY, value=secrets.token_hex(32)))
            except IntegrityError:
                pass  # another process was quicker
            with app.read() as conn:
                found = conn.execute(query).scalar_one()
        app.link_key = bytes.fromhex(found)
    return app.link_key


def renew_key(app: App) -> None:
    """A new key: every link that is out is worth nothing; other processes have to start anew."""
    with app.begin() as conn:
        conn.execute(settings.delete().where(settings.c.key == _KEY))
    app.link_key = None
