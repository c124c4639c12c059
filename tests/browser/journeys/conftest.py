"""A customer in a real browser, and a shop that puts orders of its own into the running app."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from core import texts, worker
from core.adapters.clock import REMEMBER_SECONDS
from core.adapters.world import App
from core.domain.actors import SYSTEM
from core.domain.money import plain
from core.domain.workdays import ZONE
from core.services import cases
from tests.browser.conftest import RunningApp

LOOKS = [(360, "zh_CN"), (1280, "zh_CN"), (360, "en"), (1280, "en")]
_numbers, _visitors = count(1), count()
TRIES = 5
# How often a run of this page has begun or ended since somebody asked first.
RUNS = """() => {
  if (!window.runsSeen) {
    let seen = 0;
    const watch = new MutationObserver(() => { seen += 1; });
    watch.observe(document.querySelector(".stApp"), { attributeFilter: ["data-test-script-state"] });
    window.runsSeen = () => seen;
  }
  return window.runsSeen();
}"""


def move_clock(core: App, by: timedelta) -> None:
    """Also in the shop that is being served, once this returns: it looks at the clock every so often, and who
    signs in before it did is signed out by the days that pass then.
    """
    core.demo_clock().advance(by)
    time.sleep(REMEMBER_SECONDS)


def until_paid(core: App, case_no: str) -> None:
    """The shop's own worker may have the payout in hand, or have asked the channel too early: minutes go by
    until it is told.
    """
    for _ in range(TRIES * 20):
        if cases.view(core, SYSTEM, case_no).state == "completed":
            return
        core.demo_clock().advance(timedelta(minutes=3))
        time.sleep(0.1)
        worker.run_until_idle(core)
    raise AssertionError(f"{case_no} was not paid: {cases.view(core, SYSTEM, case_no)}")


@dataclass
class Order:
    """What was imported: with a time of completion the window runs."""

    order_no: str
    person: str
    paid_minor: int
    delivery_at: datetime


@dataclass
class Shop:
    """Puts orders of its own into the running app, the way a shop would: `import-orders`."""

    app: RunningApp
    folder: Path
    person: str

    def now(self) -> datetime:
        return datetime.fromisoformat(self.app.core("clock", "advance", "0h")["now"])

    def order(
        self,
        delivery: str = "pending",
        *,
        minor: int = 19_990,
        quantity: int = 1,
        days_ago: int = 1,
        kind: str = "game_card",
        escrow: bool = False,
    ) -> Order:
        now = self.now()
        number = f"J{next(_numbers):03d}{now:%H%M%S%f}"
        paid = (now - timedelta(days=days_ago)).astimezone(ZONE)
        row = {
            "order_no": number,
            "customer_id": self.person,
            "product": 'Game card <b>100</b> & "月卡"',
            "kind": kind,
            "quantity": quantity,
            "amount": plain(minor),
            "channel": "alipay",
            "trade_no": f"T{number}",
            "account": "13800002046",
            "paid_at": paid.isoformat(timespec="seconds"),
            "delivery": delivery,
            "delivery_at": paid.isoformat(timespec="seconds"),
            "escrow": "true" if escrow else "false",
            "completed_at": "" if delivery == "pending" else paid.isoformat(timespec="seconds"),
        }
        text = io.StringIO()
        writer = csv.DictWriter(text, row)
        writer.writeheader()
        writer.writerow(row)
        path = self.folder / f"{number}.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        assert self.app.core("import-orders", str(path))["imported"] == 1
        return Order(number, self.person, minor, paid)


@pytest.fixture
def shop(app: RunningApp, tmp_path: Path) -> Shop:
    """The shop and one of its trusted customers: another for each test, for many refunds make people look."""
    trusted = {row[0] for row in rows(app, "SELECT id FROM customers WHERE credit = 100")}
    customers = sorted({order["customer_id"] for order in app.core("orders")} & trusted)
    return Shop(app, tmp_path, customers[next(_visitors) % len(customers)])


@dataclass
class Visit:
    """One customer at one screen. Words come from the catalogs: a test reads the same in both languages."""

    page: Page
    tx: texts.Texts
    reads_every_step: bool = (
        False  # axe takes its time: the journeys in all looks do, the others look where they differ
    )

    def go(self, path: str) -> None:
        self.page.goto(path)
        self.settle()

    def settle(self) -> None:
        """Until the run is over, what it showed has come (the code of a field is fetched with the first one),
        and nothing fades any more: half-faded words have half the contrast.
        """
        expect(self.page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.page.locator("[data-stale=true], [data-testid=stSkeleton]")).to_have_count(0)
        self.page.wait_for_function(
            "document.getAnimations().every("
            "a => a.playState !== 'running' || a.effect.getTiming().iterations > 1)"
        )

    def sees(self, text: str) -> None:
        expect(self.page.locator(".stMain")).to_contain_text(text)

    def step(self, number: int) -> None:
        expect(self.page).to_have_url(re.compile(rf"[?&]step={number}(&|$)"))
        self.settle()
        if self.reads_every_step:
            self.is_sound()

    def next(self) -> None:
        self.page.locator(".st-key-next button").click()

    def choose(self, card: str) -> None:
        self.page.locator('[class*="st-key-cards-"] label', has_text=card).click()
        self.settle()

    def is_sound(self) -> None:
        """Nothing serious for axe, nothing wider than the screen, no key in place of a word."""
        for _ in range(TRIES):
            self.settle()
            runs = self.page.evaluate(RUNS)
            found = Axe().run(self.page).response["violations"]
            if self.page.evaluate(RUNS) == runs:
                break  # else the page looked again by itself meanwhile: what is on its way out is half-faded
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
        assert not serious, serious
        widths = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], widths
        seen = self.page.locator(".stMain").inner_text()
        assert not re.search(r"\b(request|track|locator|refusal|law)\.[a-z_.]+\b", seen), seen


OpenVisit = Callable[..., Visit]


@pytest.fixture
def visit(page_factory: Callable[..., Page], shop: Shop) -> OpenVisit:
    """`visit(width, lang)`: the shop's customer, signed in."""

    def opened(width: int = 1280, lang: str = "zh_CN", *, reads_every_step: bool = False) -> Visit:
        page = page_factory(width, lang)
        page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
        page.request.get(f"/session/demo?as={shop.person}&to=/robots.txt")
        return Visit(page, texts.of(lang), reads_every_step)

    return opened


def rows(app: RunningApp, sql: str, *values: Any) -> list[Any]:
    connection = sqlite3.connect(app.database_url.removeprefix("sqlite:///"))
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def fill_in(v: Visit, order: Order, reason: str = "request.reason.not_delivered.game_card") -> None:
    """Step 1, from the order's own address."""
    v.go(f"/request?order={order.order_no}")
    v.choose(v.tx(reason))
    v.next()
    v.step(2)


def picture(path: Path) -> Path:
    image = Image.new("RGB", (900, 1200), "white")
    pen = ImageDraw.Draw(image)
    for line in range(55):
        pen.text(
            (30, 20 * line + 20), f"{line:02d} redeemed 2026-11-20 14:02 account 138****2046", fill="black"
        )
    image.save(path)
    return path


def upload(v: Visit, kind: str, path: Path) -> None:
    v.page.locator(f".st-key-up-{kind} .take input[multiple]").set_input_files(path)


def at_the_desk(page_factory: Callable[..., Page], width: int, lang: str, person: str) -> Visit:
    """A member of staff, signed in by the demo's door."""
    page = page_factory(width, lang)
    page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
    page.request.get(f"/session/demo?as={person}&to=/robots.txt")
    return Visit(page, texts.of(lang))


def press(seat: Visit, event: str, key: str) -> None:
    """A key for a button that is there by now."""
    expect(seat.page.locator(f".st-key-do-{event} button")).to_be_visible()
    seat.settle()
    seat.page.keyboard.press(key)
