"""Who is who among the staff: names for the ids that events and leases keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from core.adapters.prepared import Prepared
from core.adapters.tables import accounts
from core.adapters.world import App
from core.domain.errors import Refusal
from core.services.identity import DEMO_STAFF

Names = Mapping[str, str]  # by id
_DEMO: Final = {person_id: name for _, person_id, name in DEMO_STAFF}
_NAMES: Final = Prepared(select(accounts.c.person_id, accounts.c.name).where(accounts.c.role != "customer"))


def names(app: App) -> Names:
    """Names by id, as far as the portal knows them: whoever is missing is called by their id. Outside the
    demo they are what the identity provider told at the last sign-in.
    """
    if app.demo:
        return _DEMO
    with app.glance() as conn:
        return {row.person_id: row.name for row in _NAMES.all(conn, {}) if row.name}


def name(known: Names, person: str) -> str:
    """The name of a person, or of a `role:person` as rows keep it; without one, the id."""
    person_id = person.rpartition(":")[2]
    return known.get(person_id, person_id)


def named(refused: Refusal, known: Names) -> Refusal:
    """The same refusal with a colleague's name in place of the id."""
    person = refused.params.get("person")
    if person is None:
        return refused
    return type(refused)(**{**refused.params, "person": name(known, person)})
