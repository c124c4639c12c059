"""Who is who among the staff: names for the ids that events and leases keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.adapters.world import App
from core.services.identity import DEMO_STAFF

_DEMO: Final = {person_id: name for _, person_id, name in DEMO_STAFF}


def names(app: App) -> Mapping[str, str]:
    """Names by id, as far as the portal knows them: whoever is missing is called by their id."""
    return _DEMO if app.demo else {}


def name(known: Mapping[str, str], person: str) -> str:
    """The name of a person, or of a `role:person` as rows keep it; without one, the id."""
    person_id = person.rpartition(":")[2]
    return known.get(person_id, person_id)
