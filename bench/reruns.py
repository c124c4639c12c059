"""What a rerun of our pages costs the server: CPU against a bare Streamlit page with as many elements.

Both are real servers as `make run` starts them, driven over their websocket; see `bench.visitor`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import copytree

from bench import Measured, shop
from bench.tab import Page
from bench.visitor import Server, Visitor, serve
from core import worker
from core.domain.actors import Actor
from core.services import cases, identity

ROOT = Path(__file__).parents[1]
ROUNDS = 5
RERUNS = 30  # in a round, of each side
CUSTOMER = Actor("customer", "bench")
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


def run() -> list[Measured]:
    """Each step of the wizard and Track."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        environment, token, case_no = prepared(folder)
        ours = stack.enter_context(serve("streamlit_app:app", ROOT, environment))
        visits = {
            f"rerun, step {place}: {title}": ("request", query)
            for place, (title, query) in enumerate(STEPS.items(), 1)
        } | {"rerun, Track": ("track", f"case={case_no}")}
        visitors = {
            what: Visitor(ours.address, path, query, {"refund_session": token})
            for what, (path, query) in visits.items()
        }
        seen = {what: visitor.run() for what, visitor in visitors.items()}
        for what, page in seen.items():
            if page.elements["exception"] or page.query != visits[what][1]:
                raise RuntimeError(f"{what}: another page came, {page.query!r} with {dict(page.elements)}")
        theirs = stack.enter_context(bare(folder / "bare", seen.values()))
        return [
            _measured(what, ours, visitor, theirs, Visitor(theirs.address, "", f"page={place}"), seen[what])
            for place, (what, visitor) in enumerate(visitors.items())
        ]


def prepared(folder: Path) -> tuple[dict[str, str], str, str]:
    """A shop in `folder` with two drafts, and a case whose money is on its way: its settings, the visitor's
    session and that case.
    """
    environment = {
        "REFUND_DATABASE_URL": f"sqlite:///{folder}/refund.db",
        "REFUND_STORE_URL": (folder / "evidence").as_uri(),
        "REFUND_DEMO": "1",
    }
    app = shop.opened(environment["REFUND_DATABASE_URL"], folder / "evidence", demo=True)
    deliveries = {"plain": "pending", "sent": "pending", "checklist": "code_viewed"}
    shop.add_orders(app, ((number, CUSTOMER.id, delivery) for number, delivery in deliveries.items()))
    for number, reason in (("plain", "not_delivered"), ("checklist", "not_as_described")):
        draft = cases.open_draft(app, CUSTOMER, number)
        cases.save_draft(app, CUSTOMER, draft.case_no, reason=reason, requested_minor=shop.AMOUNT)
    sent = cases.apply(app, CUSTOMER, "sent", "not_delivered", shop.AMOUNT, command_id="bench")
    worker.run_until_idle(app)
    token = identity.open_session(app, CUSTOMER.role, CUSTOMER.id)
    app.engine.dispose()
    return environment, token, sent.case_no


@contextmanager
def bare(folder: Path, pages: Iterable[Page]) -> Iterator[Server]:
    """A server of the bare page, with the same settings."""
    folder.mkdir()
    copytree(ROOT / ".streamlit", folder / ".streamlit")
    wanted = {
        place: {"elements": dict(page.elements), "blocks": page.blocks.total()}
        for place, page in enumerate(pages)
    }
    (folder / "wanted.json").write_text(json.dumps(wanted))
    (folder / "page.py").write_text(BARE)
    (folder / "app.py").write_text('import streamlit as st\n\napp = st.App("page.py")\n')
    with serve("app:app", folder, {}) as server:
        yield server


def _measured(what: str, ours: Server, page: Visitor, theirs: Server, bare: Visitor, seen: Page) -> Measured:
    sides = ((ours, page), (theirs, bare))
    spent = [0.0, 0.0]
    for turn in range(ROUNDS + 1):
        for side, (server, visitor) in enumerate(sides):
            before = server.cpu_seconds()
            for _ in range(RERUNS):
                visitor.run()
            spent[side] += server.cpu_seconds() - before if turn else 0.0  # the first round warms up
    mine, its = (1000 * seconds / (ROUNDS * RERUNS) for seconds in spent)
    elements = seen.elements.total() + seen.blocks.total()
    return Measured(
        what, f"{mine:.1f} ms", f"{its:.1f} ms, {elements} elements bare", mine / its, at_most=1.5
    )
