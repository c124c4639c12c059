"""Who is who among the staff: names for the ids that events and leases keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.adapters.world import App
from core.domain.errors import Refusal
from core.services.identity import DEMO_STAFF

Names = Mapping[str, str]  # by id
_DEMO: Final = {person_id: name for _, person_id, name in DEMO_STAFF}


def names(app: App) -> Names:
    """Names by id, as far as the portal knows them: whoever is missing is called by their id."""
    return _DEMO if app.demo else {}


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
