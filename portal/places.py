"""The pages: address, file, icon and title of each, in the order of the menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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
    roles: tuple[str, ...] = ()  # of the staff who have it in their menu; () for all

    @property
    def path(self) -> str:
        return "/" if self is PLACES[0] else f"/{self.name}"


NOTICES: Final = "notices"
PLACES: Final = (
    Place("start", "home", "shell.page.start", "shell.tab.start"),
    Place("request", "assignment_return", "shell.page.request", "shell.tab.request"),
    Place("track", "local_shipping", "shell.page.track", "shell.tab.track"),
    Place("records", "history", "shell.page.records", "shell.tab.records"),
    Place("desk", "inbox", "shell.page.desk", "shell.tab.desk", menu=("staff",)),
    Place("support", "support_agent", "shell.page.support", "shell.tab.support", menu=("staff",)),
    Place(
        "finance",
        "account_balance",
        "shell.page.finance",
        "shell.tab.finance",
        ("staff",),
        roles=("finance", "lead"),
    ),
    Place(
        "figures",
        "monitoring",
        "shell.page.figures",
        "shell.tab.figures",
        ("staff",),
        roles=("lead", "finance", "policy"),
    ),
    Place("lab", "science", "shell.page.lab", "shell.tab.lab", menu=("staff",), roles=("policy", "lead")),
    Place("credit", "verified_user", "shell.page.credit", "shell.tab.credit", menu=("staff",)),
    Place("wallet", "account_balance_wallet", "shell.page.wallet", "shell.page.wallet", menu=()),
    Place("help", "help", "shell.page.help", "shell.tab.help", menu=("buyers", "staff")),
    Place("verify", "verified", "shell.page.verify", "shell.page.verify", menu=()),
    Place("evidence", "add_photo_alternate", "evidence.title", "evidence.title", menu=()),
    Place(NOTICES, "notifications", "notices.title", "notices.title", menu=()),
)
PATHS: Final = frozenset(place.path for place in PLACES)
# For `st.switch_page`, which starts from the folder of the entry script, portal/.
REQUEST: Final = "../pages/request.py"
DESK: Final = "../pages/desk.py"
