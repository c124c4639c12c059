"""Pages in Streamlit's own test harness, on a real database, as a person of the shop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button, WidgetList

from core.domain.actors import Actor
from core.services import identity
from portal import session
from tests.shop import Shop, open_shop

ROOT = Path(__file__).parents[2]
OpenPage = Callable[..., AppTest]


class Buttons(WidgetList[Button]):
    """A button that settles something has at the end of its key what it is about: `do-accept-4`. Tests name
    the button.
    """

    def __call__(self, key: str) -> Button:
        keys = [button.key for button in self if button.key]
        about = [found for found in keys if re.fullmatch(rf"{re.escape(key)}-[0-9]+", found)]
        return super().__call__(key if key in keys or not about else about[0])


class Page(AppTest):
    @property
    def button(self) -> WidgetList[Button]:
        return Buttons(list(super().button))


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The shop that the pages read."""
    opened = open_shop(sqlite_url, tmp_path / "evidence")
    session.use(opened.app)
    yield opened
    session.use(None)


@pytest.fixture
def open_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """`open_page("start", actor, lang="en", view="orders")`: the page after its first run."""
    monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
    monkeypatch.setattr(identity, "IDLE", timedelta(days=30))  # tests move the clock between two clicks

    def opened(name: str, actor: Actor | None = None, *, lang: str = "zh_CN", **query: str) -> AppTest:
        at = Page(str(ROOT / "pages" / f"{name}.py"), default_timeout=30)
        if actor is not None:
            at.session_state["session_token"] = identity.open_session(
                shop.app, actor.role, actor.id, actor.order_no, minutes=60 * 24 * 30
            )
        at.session_state["language"] = lang
        for key, value in query.items():
            at.query_params[key] = value
        at.run()
        assert not at.exception, at.exception
        return at

    return opened


def html(at: AppTest) -> str:
    """Every block of HTML on the page, in order."""
    return "\n".join(element.proto.body for element in at.get("html"))


def words(at: AppTest) -> str:
    """What a reader sees of the HTML; what only keeps a line together is left out."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html(at))).replace("\u2060", "").split())
