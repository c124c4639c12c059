"""The pages: address, file, icon and title of each, in the order of the menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.domain.actors import STAFF
from core.services import credit, figures, finance, queues, replay, support


@dataclass(frozen=True, slots=True)
class Place:
    """`name` is the URL path and the file's stem; `title` and `short` are keys of the catalogs.

    `menu`: whose menu it is in: `buyers`, `staff`, both or nobody's; a phone's tab bar holds five.
    """

    name: str
    icon: str
    title: str
    short: str
    menu: tuple[str, ...] = ("buyers",)
    roles: tuple[str, ...] = ()  # of the staff whom it lets in and has something for; () for all

    @property
    def path(self) -> str:
        return "/" if self is PLACES[0] else f"/{self.name}"


NOTICES: Final = "notices"
PLACES: Final = (
    Place("start", "home", "shell.page.start", "shell.tab.start"),
    Place("request", "assignment_return", "shell.page.request", "shell.tab.request"),
    Place("track", "local_shipping", "shell.page.track", "shell.tab.track"),
    Place("records", "history", "shell.page.records", "shell.tab.records"),
    Place("desk", "inbox", "shell.page.desk", "shell.tab.desk", ("staff",), queues.ROLES),
    Place("support", "support_agent", "shell.page.support", "shell.tab.support", ("staff",), support.ROLES),
    Place("finance", "account_balance", "shell.page.finance", "shell.tab.finance", ("staff",), finance.ROLES),
    Place("figures", "monitoring", "shell.page.figures", "shell.tab.figures", ("staff",), figures.ROLES),
    Place("lab", "science", "shell.page.lab", "shell.tab.lab", ("staff",), replay.ROLES),
    Place("credit", "verified_user", "shell.page.credit", "shell.tab.credit", ("staff",), credit.ANSWERERS),
    Place("wallet", "account_balance_wallet", "shell.page.wallet", "shell.page.wallet", menu=()),
    Place("help", "help", "shell.page.help", "shell.tab.help", menu=("buyers", "staff")),
    Place("verify", "verified", "shell.page.verify", "shell.page.verify", menu=()),
    Place("evidence", "add_photo_alternate", "evidence.title", "evidence.title", menu=()),
    Place(NOTICES, "notifications", "notices.title", "notices.title", menu=()),
)
PATHS: Final = frozenset(place.path for place in PLACES)
# For `st.switch_page`, which starts from the folder of the entry script, portal/.
REQUEST: Final = "../pages/request.py"
_HOMES: Final = ("desk", "lab")  # where staff begin: at the first of these that lets them in


def home(role: str) -> Place:
    """Where this role arrives after signing in: buyers at the start, staff at their work."""
    return next((place for place in PLACES if place.name in _HOMES and _lets_in(place, role)), PLACES[0])


def file(place: Place) -> str:
    """For `st.switch_page`."""
    return f"../pages/{place.name}.py"


def menu(role: str | None) -> tuple[Place, ...]:
    """Of a visitor, who may be nobody yet: what their role may open."""
    if role not in STAFF:
        return tuple(place for place in PLACES if "buyers" in place.menu)
    return tuple(place for place in PLACES if _lets_in(place, role))


def _lets_in(place: Place, role: str) -> bool:
    return role in STAFF and "staff" in place.menu and (not place.roles or role in place.roles)
