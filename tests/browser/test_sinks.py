"""Whatever people write is shown as they wrote it, on every page that shows it, and nothing else happens: no
script runs, nothing is asked of another host, nothing becomes a link, a picture or a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page, expect

from core import texts
from core.app import App, Settings, build
from tests.browser.conftest import RunningApp, serving
from tests.browser.hostile_shop import NOTHING, Hostile, fill
from tests.browser.journeys.conftest import Visit
from tests.browser.payloads import AWAY, PAYLOADS

Pages = Callable[..., Page]

# Everything there is to read, also what is folded away, spoken or in a field.
SHOWN = """() => {
  const said = [document.title, document.body.textContent];
  for (const e of document.body.querySelectorAll("*")) {
    for (const name of ["aria-label", "title", "alt", "placeholder", "data-label"]) {
      if (e.hasAttribute(name)) said.push(e.getAttribute(name));
    }
    if (e.matches("input, textarea")) said.push(e.value);
  }
  return said.join("\\n");
}"""
# What a text of somebody's has become that it must not become.
MADE = """away => {
  const bad = [];
  if (window.hit) bad.push("script: " + window.hit);
  for (const e of document.querySelectorAll("*")) {
    for (const {name, value} of e.attributes) {
      if (/^on/i.test(name)) bad.push(`<${e.localName} ${name}>`);
      if (/^(href|src|action|srcdoc|data|poster|formaction|xlink:href)$/i.test(name) &&
          (/^\\s*(javascript|data:text)/i.test(value) || new URL(value, location).host.includes(away))) {
        bad.push(`<${e.localName} ${name}=${value}>`);
      }
    }
    if (e.matches(".katex, iframe[srcdoc], base")) bad.push(`<${e.localName} class=${e.className}>`);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const field = node.parentElement.closest("textarea");  // one's own words, as they are typed
    if (!field && /[\\u202a-\\u202e\\u2066-\\u2069]/.test(node.textContent)) bad.push("turned around");
  }
  return bad;
}"""
WIDE = "() => document.documentElement.scrollWidth - innerWidth"

OF_BUYERS = ("/", "/?view=orders", "/track", "/records", "/notices", "/wallet", "/credit")
OF_STAFF = {
    "zhou-lan": ("/desk", "/desk?queue=appeal", "/credit?customer=c10"),
    "tang-wei": ("/credit", "/figures", "/finance?view=bills&kind=only_theirs"),
    "gu-ning": ("/finance", "/finance?view=bills&kind=only_theirs", "/finance?view=books"),
    "lu-jing": ("/help",),
}
# Whatever an address holds, and the page that reads it.
# On no page: people are known by name, payments by their order; accounts are masked as they are taken in.
NOWHERE = {"customer's id", "trade number", "paying account"}
ASKED = ("/track?case=", "/evidence?case=", "/request?order=", "/records?status=", "/verify?c=", "/?view=")
ASKED_BY_STAFF = ("/desk?case=", "/desk?queue=", "/lab?draft=", "/credit?customer=", "/wallet?customer=")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A shop of its own, empty at first, under a name that is a payload as well."""
    folder = tmp_path_factory.mktemp("sinks")
    with serving(folder, hosted=lambda port: {"REFUND_DEMO": "1"}) as running:
        yield running


@pytest.fixture(scope="module")
def shop(app: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    settings = Settings(database_url=app.database_url, store_url=app.env["REFUND_STORE_URL"], demo=True)
    here: App = build(settings)
    return fill(here, tmp_path_factory.mktemp("files"))


class Watch:
    """One person's browser, and all that went wrong in it."""

    def __init__(self, page: Page, app: RunningApp, shop: Hostile, lang: str) -> None:
        self.visit = Visit(page, texts.of(lang))
        self.shop = shop
        self.seen: set[str] = set()
        self.wrong: list[str] = []
        self.asked = 0
        self._where = ""
        self._home = app.url
        page.context.on("request", lambda request: self._request(request.url))
        page.on("websocket", lambda socket: self._request(socket.url.replace("ws:", "http:", 1)))
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))

    def _request(self, url: str) -> None:
        self.asked += 1
        ours = url.startswith((f"{self._home}/", "data:", "blob:"))
        if not ours or AWAY in url.partition("?")[0]:
            self.wrong.append(f"{self._where}: asked for {url}")

    def look(self, where: str) -> None:
        """At what stands there now."""
        page = self.visit.page
        self.visit.settle()
        seen, wrong = self.shop.sinks.read(page.evaluate(SHOWN), where)
        self.seen |= seen
        self.wrong += wrong
        self.wrong += [f"{where}: {made}" for made in page.evaluate(MADE, AWAY)]
        if page.evaluate(WIDE) > 0:
            self.wrong.append(f"{where}: wider than the screen")
        if page.locator(".stException, .alert [href='/']").count():
            self.wrong.append(f"{where}: {page.locator('.stMain').inner_text()[:300]}")

    def go(self, path: str) -> None:
        self._where = path[:60]
        self.visit.page.goto(path)
        # A page whose run has not begun looks like one that is done: each shows the frame first.
        expect(self.visit.page.locator("header.bar").first).to_be_visible(timeout=60_000)
        if "?case=R" in path:
            self.visit.sees(path.partition("=")[2])
        self.look(path[:60])


def enter(page_factory: Pages, app: RunningApp, shop: Hostile, person: str, width: int, lang: str) -> Watch:
    page = page_factory(width, lang)
    page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
    if person:
        asked = urlencode({"as": person, "to": "/robots.txt"})
        assert page.request.get(f"/session/demo?{asked}").ok
    return Watch(page, app, shop, lang)


def test_what_people_write_is_shown_and_does_nothing(
    app: RunningApp, shop: Hostile, page_factory: Pages
) -> None:
    """Every field at once, every page, every role: as it was typed, nothing run, nothing asked for."""
    looked: list[Watch] = []
    for person in ("c01", "c02", "c04", "c05", "c08", "c09", "c10", shop.buyer):
        watch = enter(page_factory, app, shop, person, 360, "zh_CN")
        for path in (*(OF_BUYERS if person == "c01" else ()), *shop.paths[person]):
            watch.go(path)
        looked.append(watch)
    for person, pages in OF_STAFF.items():
        watch = enter(page_factory, app, shop, person, 1280, "en")
        for path in (*shop.paths.get(person, ()), *pages):
            watch.go(path)
        looked.append(watch)
        if person == "gu-ning":  # whom to transfer to
            watch.go(shop.paths[person][0])
            watch.visit.page.locator(".st-key-do-transfer button").click()
            expect(watch.visit.page.locator(".payee")).to_be_visible()
            watch.look("a transfer by hand")
        if person == "tang-wei":  # what waits for another person
            proposed = watch.visit.page.get_by_text(watch.visit.tx("difference_state.proposed"), exact=True)
            proposed.first.click()
            # A page that has not begun to answer a click looks like one that is done.
            expect(watch.visit.page.locator(".st-key-diff-back-only_theirs")).to_be_visible()
            watch.look("what was proposed")
        if person == "zhou-lan":  # several at once, each with its person's name
            watch.go("/desk")
            watch.visit.page.locator(".st-key-many-0 button").click()
            expect(watch.visit.page.get_by_role("dialog")).to_be_visible()
            watch.look("the list of several")
    nothing = enter(page_factory, app, shop, "c06", 360, "en")
    nothing.go("/")
    nothing.visit.sees(NOTHING)
    _nothing_wrong([*looked, nothing])
    seen = set().union(*(watch.seen for watch in looked))
    unseen = set(shop.sinks.names) - seen
    assert unseen == NOWHERE, sorted(unseen ^ NOWHERE)
    assert len(seen) >= 36


def test_what_is_asked_for_is_shown_as_words_only(
    app: RunningApp, shop: Hostile, page_factory: Pages, tmp_path: Path
) -> None:
    """Parameters of addresses, words searched for, a certificate that is none, a file's name."""
    hostile = " ".join(PAYLOADS)
    staff, buyer = (
        enter(page_factory, app, shop, "tang-wei", 1280, "zh_CN"),
        enter(page_factory, app, shop, "c01", 360, "en"),
    )
    for watch, paths in ((staff, ASKED_BY_STAFF), (buyer, ASKED)):
        for path in paths:
            watch.go(f"{path}{quote(hostile)}")
    page = staff.visit.page
    for name, path, field, press, answer in (
        ("words searched for", "/support", ".st-key-support-asked input", None, ".empty"),
        (
            "text of a certificate", "/verify", ".st-key-verify-text textarea", ".st-key-verify-go button",
            ".proved",
        ),
    ):  # fmt: skip
        staff.go(path)
        expect(page.locator(answer)).to_have_count(0)
        page.locator(field).fill(shop.sinks.text(name, 600))
        page.locator(press).click() if press else page.keyboard.press("Enter")
        expect(page.locator(answer)).to_be_visible()
        staff.look(name)
    staff.go("/finance?view=bills")
    name = shop.sinks.text("name of a file", 180).replace("/", "\u2215")
    shop.sinks.also(name, name)
    file = {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": b"no, bill"}
    page.locator(".st-key-bill-drop input[type=file]").set_input_files(file)
    expect(page.locator(".came-of, .alert, .bad").first).to_be_visible()
    staff.look("name of a file")
    _nothing_wrong([staff, buyer])


def _nothing_wrong(looked: list[Watch]) -> None:
    wrong = sorted({said for watch in looked for said in watch.wrong})
    assert not wrong, "\n".join(wrong[:40])
    assert all(watch.asked > 10 for watch in looked), "requests were counted"
