"""How a customer with an account is reached: a mail address, where the shop knows one, and a language."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import bindparam, select, text

from core.adapters.prepared import Prepared
from core.adapters.tables import contacts
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import MailInvalid, NotFound

_LANGUAGE: Final = Prepared(
    select(contacts.c.language).where(contacts.c.customer_id == bindparam("customer_id"))
)
# Plain ones only: no names, quotes or comments, nothing that could begin another header line.
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}", re.ASCII)


def set_language(app: App, actor: Actor, language: str) -> None:
    """Remember the customer's last choice for what is written to them outside the portal."""
    if actor.role != "customer":
        return
    with app.glance() as conn:
        row = _LANGUAGE.first(conn, {"customer_id": actor.id})
    if row is None or row.language != language:
        _keep(app, actor.id, "language", language)


def set_mail(app: App, customer_id: str, address: str) -> None:
    """Where this customer's notices go as well; '' for nowhere. `MailInvalid`, `NotFound`."""
    if not customer_id:
        raise NotFound()  # '' stands for every guest
    address = address.strip()
    if address and not (len(address) <= 254 and _MAIL.fullmatch(address)):
        raise MailInvalid()
    _keep(app, customer_id, "mail", address)


def _keep(app: App, customer_id: str, column: str, value: str) -> None:
    with app.begin() as conn:
        conn.execute(
            text(
                f"INSERT INTO contacts (customer_id, {column}) VALUES (:id, :value)"
                f" ON CONFLICT (customer_id) DO UPDATE SET {column} = excluded.{column}"
            ),
            {"id": customer_id, "value": value},
        )
