"""The whole script of a rerun: frame and page together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import texts
from core.domain.actors import STAFF, Actor
from core.services import identity
from portal import places, session, style, turns
from tests.pages.conftest import html, words
from tests.shop import MEI, REVIEWER, Shop

ROOT = Path(__file__).parents[2]


def open_portal(shop: Shop, actor: Actor | None, lang: str = "zh_CN") -> AppTest:
    at = AppTest.from_file(str(ROOT / "portal" / "navigation.py"), default_timeout=30)
    at.session_state["language"] = lang
    if actor:
        at.session_state["session_token"] = identity.open_session(
            shop.app, actor.role, actor.id, actor.order_no
        )
    at.run()
    assert not at.exception, at.exception
    return at


def test_every_place_is_a_page_and_a_file():
    for place in places.PLACES:
        assert (ROOT / "pages" / f"{place.name}.py").is_file()
    assert [place.path for place in places.PLACES] == [
        "/",
        "/request",
        "/track",
        "/records",
        "/desk",
        "/support",
        "/finance",
        "/figures",
        "/lab",
        "/credit",
        "/wallet",
        "/help",
        "/verify",
        "/evidence",
        "/notices",
    ]


def test_the_frame_has_the_menu_and_says_where_one_is(shop: Shop):
    page = html(open_portal(shop, MEI))
    assert page.count("aria-current=page") == 1 and 'href="/records"' in page and "<h1>" in page


@pytest.mark.parametrize("role", sorted(STAFF - {"system"}))
def test_staff_begin_at_work_of_their_own_and_their_menu_has_no_closed_door(shop: Shop, role: str):
    """Signed in, nobody arrives at 'you cannot see this page', and no link of the menu leads there."""
    tx = texts.of("zh_CN")
    nothing = {tx("shell.door.not_yours"), tx("credit.staff"), tx("start.hello.visitor")}
    at = open_portal(shop, Actor(role, "somebody"))
    assert not [each for each in nothing if each in words(at)]
    [tabs] = re.findall(r'<nav class="tabs".*?</nav>', html(at), re.DOTALL)
    offered = re.findall(r'href="/([a-z]+)"', tabs)
    assert places.home(role).name in offered and f'href="/{places.home(role).name}" aria-current=page' in tabs
    for name in offered:
        at.switch_page(f"../pages/{name}.py").run()
        assert not at.exception and not [each for each in nothing if each in words(at)], name


def test_who_makes_the_rules_begins_in_the_lab():
    assert {role: places.home(role).path for role in ("policy", "lead", "customer", "guest")} == {
        "policy": "/lab", "lead": "/desk", "customer": "/", "guest": "/",
    }  # fmt: skip


def test_the_frame_bears_the_name_of_the_shop(shop: Shop):
    assert "星点 · 退款" in html(open_portal(shop, None))
    shop.app.shop_name = "<b>海风</b>"
    assert "&lt;b&gt;海风&lt;/b&gt; · 退款" in html(open_portal(shop, None))
    assert "&lt;b&gt;海风&lt;/b&gt; · Refunds" in html(open_portal(shop, None, "en"))


def test_runs_share_no_page_object(shop: Shop):
    """Streamlit marks the page that may run; a mark of somebody else's run would stop ours."""

    def script() -> None:
        import streamlit as st

        from portal import shell

        mine, theirs = shell.pages(), shell.pages()
        st.session_state["shared"] = [page for page in mine if any(page is other for other in theirs)]

    at = AppTest.from_function(script, default_timeout=30).run()
    assert not at.exception and at.session_state["shared"] == []


def test_outside_demo_mode_nothing_of_the_demo_shows(shop: Shop):
    page = html(open_portal(shop, None))
    assert "演示" not in page and "/session/demo" not in page and "/session/clock" not in page


def test_in_demo_mode_it_says_so_on_every_page(demo: Shop):
    page = open_portal(demo, None)
    assert (
        "演示" in words(page) and 'href="/session/demo?as=lin-xiao"' in html(page) and "现在" in words(page)
    )


def test_who_is_staff_finds_staff_first(demo: Shop):
    """The menu is longer than a screen; the other group's name stays in sight (styles/shell.css)."""
    for actor, first, second in ((REVIEWER, "演示员工", "演示顾客"), (MEI, "演示顾客", "演示员工")):
        menu = re.search(r'<div id="account".*?</div>', html(open_portal(demo, actor)), re.DOTALL)
        assert menu is not None and menu[0].index(first) < menu[0].index(second)


def test_who_is_here_is_read_once_in_a_rerun(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    real = identity.greet
    monkeypatch.setattr(
        identity, "greet", lambda app, token, **how: asked.append(token) or real(app, token, **how)
    )
    at = open_portal(shop, MEI)
    assert len(asked) == 1
    at.run()
    assert len(asked) == 2, "and again on the next, so that an ended session ends"


def test_the_bell_says_how_many_are_new_until_they_were_opened(shop: Shop):
    """R5.8: seen on every page, counted without a query of its own."""
    assert 'class="act bell"' not in html(open_portal(shop, None))
    assert 'class="act bell"' not in html(open_portal(shop, REVIEWER))
    assert "未读" not in words(open_portal(shop, MEI)) and 'href="/notices"' in html(open_portal(shop, MEI))
    shop.apply(shop.order())
    shop.work()
    at = open_portal(shop, MEI)
    assert "2 通知，2 条未读" in words(at)
    at.switch_page("../pages/notices.py").run()
    bell = re.search(r'<a class="act bell".*?</a>', html(at))
    assert bell is not None and "aria-current" in bell[0] and "未读" not in bell[0]
    assert "未读" not in words(open_portal(shop, MEI))


def test_an_ended_session_is_over_at_the_next_rerun(shop: Shop):
    at = open_portal(shop, MEI)
    identity.end_session(shop.app, at.session_state["session_token"])
    at.run()
    assert session_says_nobody(at)


def session_says_nobody(at: AppTest) -> bool:
    return at.session_state["actor"] is None and "退到哪一步" in words(at)


def test_the_tokens_of_the_style_are_all_defined():
    """A misspelt var() is silently nothing."""
    css = style.sheet().body.decode()
    given = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "portal").rglob("*.py"))
    used = set(re.findall(r"var\((--[a-z]+)", css))
    defined = set(re.findall(r"(--[a-z]+)\s*:", css + given))
    assert used <= defined, used - defined
    assert css.count("{") == css.count("}")


def test_a_language_is_chosen_by_the_visitor_first():
    assert session.choose_language("en", "zh_CN") == "en"
    assert session.choose_language(None, "en") == "en"
    assert session.choose_language("xx", None) == "zh_CN"


def test_a_page_runs_in_its_turn(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first run and what comes after stand in different lines, both in that of their address."""
    at_work: list[tuple[str, str, bool]] = []

    @contextmanager
    def turn(address: str, first: bool) -> Iterator[None]:
        at_work.append(("begins", address, first))
        yield
        at_work.append(("ends", address, first))

    here = "203.0.113.9"
    monkeypatch.setattr(turns, "turn", turn)
    monkeypatch.setattr(session, "address", lambda: here)
    page = open_portal(shop, MEI)
    assert at_work == [("begins", here, True), ("ends", here, True)]
    page.run()
    assert at_work[2:] == [("begins", here, False), ("ends", here, False)]
