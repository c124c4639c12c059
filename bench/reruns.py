"""What a rerun of our pages costs the server: CPU against a bare Streamlit page with as many elements, tuned
as ours is, and as Streamlit comes in an app that imports what ours does.

All are real servers, driven over their websocket; see `bench.visitor`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

from bench import Measured, shop
from bench.tab import Page
from bench.visitor import Server, Visitor, portal, serve, streamlit_run
from core import worker
from core.domain.actors import Actor
from core.services import cases, identity

ROOT = Path(__file__).parents[1]
ROUNDS = 5
RERUNS = 30  # in a round, of each side
RERUNS_BY_DEFAULT = 10  # of the slow one
REQUESTS = 200  # that the lab tries again
CUSTOMER = Actor("customer", "bench")
REVIEWER, AUTHOR = Actor("reviewer", "bench-reviewer"), Actor("policy", "bench-author")
STEPS = {
    "what went wrong": "order=plain&step=1",
    "can it be refunded": "order=plain&step=2",
    "where it goes": "order=plain&step=3",
    "evidence": "order=checklist&step=4",
    "check and send": "order=plain&step=5",
}

# The bare page: one flat script, every element with a word in it, widgets of the same kinds.
BARE = """
import json, pathlib
import streamlit as st

MAKE = {
    "button": lambda key: st.button("word", key=key),
    "button_group": lambda key: st.pills("word", ["a", "b"], key=key),
    "arrow_data_frame": lambda key: st.dataframe({"a": [1]}, key=key),
    "arrow_vega_lite_chart": lambda key: st.vega_lite_chart({"mark": "bar"}, key=key),
    "checkbox": lambda key: st.checkbox("word", key=key),
    "date_input": lambda key: st.date_input("word", key=key),
    "file_uploader": lambda key: st.file_uploader("word", key=key),
    "html": lambda key: st.html("<p>word</p>"),
    "number_input": lambda key: st.number_input("word", key=key),
    "radio": lambda key: st.radio("word", ["a", "b"], key=key),
    "selectbox": lambda key: st.selectbox("word", ["a", "b"], key=key),
    "text_area": lambda key: st.text_area("word", key=key),
    "text_input": lambda key: st.text_input("word", key=key),
    "time_input": lambda key: st.time_input("word", key=key),
}
wanted = json.loads(pathlib.Path(__file__).with_name("wanted.json").read_text())[st.query_params["page"]]
for number in range(wanted["blocks"]):
    st.container()
for kind, count in wanted["elements"].items():
    for number in range(count):
        MAKE.get(kind, lambda key: st.markdown("word"))(f"{kind}{number}")
"""


# An app of its size: Streamlit's collection after each run looks through all that was imported.
IMPORTED = "import authlib.integrations.starlette_client, pandas, PIL.Image, sqlalchemy\n"


@dataclass(frozen=True)
class Visit:
    """A page, and the session of whoever looks at it."""

    path: str
    query: str
    token: str

    def open(self, server: Server) -> Visitor:
        return Visitor(server.address, self.path, self.query, {"refund_session": self.token})


@dataclass(frozen=True)
class Prepared:
    """A shop's settings, and the pages to look at by what they are called in the table."""

    environment: dict[str, str]
    customers: dict[str, Visit]
    staff: dict[str, Visit]


def run() -> list[Measured]:
    """Each step of the wizard, Track, the desk with a file and the lab."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        made = prepared(folder)
        ours = stack.enter_context(portal(ROOT, made.environment))
        visits = made.customers | made.staff
        visitors = {what: visit.open(ours) for what, visit in visits.items()}
        seen = {what: visitor.run() for what, visitor in visitors.items()}
        for what, page in seen.items():
            if page.elements["exception"] or page.query != visits[what].query:
                raise RuntimeError(f"{what}: another page came, {page.query!r} with {dict(page.elements)}")
        tuned = stack.enter_context(bare(folder / "bare", seen.values()))
        default = stack.enter_context(bare(folder / "default", seen.values(), as_it_comes=True))
        return [
            row
            for place, (what, visitor) in enumerate(visitors.items())
            for row in _measured(f"rerun, {what}", (ours, visitor), (tuned, default), place, seen[what])
        ]


def prepared(folder: Path) -> Prepared:
    """A shop in `folder` with drafts, a case that is paid, one in review, and many for the lab."""
    environment = {
        "REFUND_DATABASE_URL": f"sqlite:///{folder}/refund.db",
        "REFUND_STORE_URL": (folder / "evidence").as_uri(),
        "REFUND_DEMO": "1",
    }
    app = shop.opened(environment["REFUND_DATABASE_URL"], folder / "evidence", demo=True)
    deliveries = {"plain": "pending", "sent": "pending", "checklist": "code_viewed", "looked": "code_viewed"}
    shop.add_orders(app, ((number, CUSTOMER.id, delivery) for number, delivery in deliveries.items()))
    shop.add_orders(app, ((f"m{n}", f"m{n}", "pending") for n in range(REQUESTS)))
    for number, reason in (("plain", "not_delivered"), ("checklist", "not_as_described")):
        draft = cases.open_draft(app, CUSTOMER, number)
        cases.save_draft(app, CUSTOMER, draft.case_no, reason=reason, requested_minor=shop.AMOUNT)
    sent = cases.apply(app, CUSTOMER, "sent", "not_delivered", shop.AMOUNT, command_id="bench")
    looked = cases.apply(
        app, CUSTOMER, "looked", "other", shop.AMOUNT, command_id="bench-2", description="It does not work."
    )
    for n in range(REQUESTS):
        sender = Actor("customer", f"m{n}")
        cases.apply(app, sender, f"m{n}", "not_delivered", shop.AMOUNT, command_id=f"bench-m{n}")
    worker.run_until_idle(app)
    mine, theirs, hers = (
        identity.open_session(app, actor.role, actor.id) for actor in (CUSTOMER, REVIEWER, AUTHOR)
    )
    app.engine.dispose()
    customers = {
        f"step {place}: {title}": Visit("request", query, mine)
        for place, (title, query) in enumerate(STEPS.items(), 1)
    } | {"Track": Visit("track", f"case={sent.case_no}", mine)}
    staff = {
        "a file on the desk": Visit("desk", f"case={looked.case_no}", theirs),
        "the lab": Visit("lab", "", hers),
    }
    return Prepared(environment, customers, staff)


@contextmanager
def bare(folder: Path, pages: Iterable[Page], *, as_it_comes: bool = False) -> Iterator[Server]:
    """A server of the bare page: with the same settings, or as `streamlit run` has it without any."""
    folder.mkdir()
    wanted = {
        place: {"elements": dict(page.elements), "blocks": page.blocks.total()}
        for place, page in enumerate(pages)
    }
    (folder / "wanted.json").write_text(json.dumps(wanted))
    (folder / "page.py").write_text((IMPORTED if as_it_comes else "") + BARE)
    if as_it_comes:
        with streamlit_run("page.py", folder) as server:
            yield server
        return
    copytree(ROOT / ".streamlit", folder / ".streamlit")
    (folder / "app.py").write_text('import streamlit as st\n\napp = st.App("page.py")\n')
    with serve("app:app", folder, {}) as server:
        yield server


def _measured(
    what: str, ours: tuple[Server, Visitor], others: tuple[Server, Server], place: int, seen: Page
) -> Iterator[Measured]:
    """Against the tuned one, and against the one that is not. `place`: which bare page is as large."""
    bare_ones = [(server, Visitor(server.address, "", f"page={place}")) for server in others]
    counts = (RERUNS, RERUNS, RERUNS_BY_DEFAULT)
    spent = [0.0, 0.0, 0.0]
    for turn in range(ROUNDS + 1):
        for side, (server, visitor) in enumerate((ours, *bare_ones)):
            before = server.cpu_seconds()
            for _ in range(counts[side]):
                visitor.run()
            spent[side] += server.cpu_seconds() - before if turn else 0.0  # the first round warms up
    for _, visitor in bare_ones:
        visitor.close()
    mine, tuned, default = (
        1000 * seconds / (ROUNDS * count) for seconds, count in zip(spent, counts, strict=True)
    )
    elements = seen.elements.total() + seen.blocks.total()
    yield Measured(
        what, f"{mine:.1f} ms", f"{tuned:.1f} ms, {elements} elements bare", mine / tuned, at_most=1.5
    )
    yield Measured(
        "… against Streamlit as it comes", f"{mine:.1f} ms", f"{default:.1f} ms", mine / default, at_most=0.2
    )
