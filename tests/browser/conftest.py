"""The real app in a process of its own, and a real browser in front of it.

These tests run in pytest processes of their own: Playwright's synchronous interface keeps an event loop
running in the thread. Each process shares one app and one browser.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.postgres import skip_or_fail

ROOT = Path(__file__).parents[2]
expect.set_options(
    timeout=15_000
)  # two browsers and two apps on two cores: five seconds were not always enough
OUTPUT = Path(__file__).parent / "output"
DEMO_ORDERS = 240
START_SECONDS = 60
# The sandbox needs rights that root in a container has not; the rest keeps Chromium from calling home.
CHROMIUM = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
)
CHROMIUM += " --disable-component-update --disable-sync"
LOCALES = {"zh_CN": "zh-CN", "en": "en-US"}


@dataclass(eq=False)
class RunningApp:
    """The served demo shop. `core()` is the operator's command line on the same database."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    module: str = "portal.serve"  # as `make run`
    settings: dict[str, str] = field(default_factory=dict)  # in place of the demo's

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.directory / 'refund.db'}"

    @property
    def env(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("REFUND_")}
        return inherited | {
            "REFUND_DATABASE_URL": self.database_url,
            "REFUND_STORE_URL": (self.directory / "evidence").as_uri(),
            "REFUND_DEMO": "1",
            "REFUND_READING": "0",
            **self.settings,
        }

    def core(self, *arguments: str) -> Any:
        """`python -m core … --json`: the parsed answer; a failure shows what the command said."""
        command = [sys.executable, "-m", "core", *arguments, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def start(self) -> None:
        command = [sys.executable, "-m", self.module, "--port", str(self.port)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The app did not start: {self.log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def restart(self) -> None:
        """The server goes down and comes back at the same address; open pages reconnect by themselves."""
        self.stop()
        self.start()

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self.directory / "app.log"

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """One app for the session: tests take different orders and leave one another's alone."""
    with serving(tmp_path_factory.mktemp("app")) as running:
        yield running


@contextmanager
def serving(
    folder: Path, module: str = "portal.serve", hosted: Callable[[int], dict[str, str]] | None = None
) -> Iterator[RunningApp]:
    """The demo shop, made and served, until the end of the block. `hosted` gives the settings of an empty
    shop at a port instead.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = RunningApp(folder, port, module=module, settings=hosted(port) if hosted else {})
    running.core("init", *([] if hosted else ["--demo", str(DEMO_ORDERS)]))
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = _find_chromium()
    if executable is None:
        skip_or_fail("Chromium is not installed (Debian: apt-get install chromium, or set REFUND_CHROMIUM).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM.split())
        yield browser
        browser.close()


@pytest.fixture
def page_factory(
    browser: Browser, app: RunningApp, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """`page_factory(width, lang, dark=False)`: a new visitor's page; `page.goto("/track?case=…")`.

    `lang` is zh_CN or en; below 600 px it is a phone. Each page is a visitor of its own: no shared cookies.
    What a page asks of another host is refused. A failing test leaves pictures in tests/browser/output.
    """
    pages: list[Page] = []

    def new_page(width: int = 1280, lang: str = "zh_CN", dark: bool = False) -> Page:
        phone = width < 600
        context = browser.new_context(
            base_url=app.url,
            viewport={"width": width, "height": 780 if phone else 900},
            is_mobile=phone,
            has_touch=phone,
            locale=LOCALES[lang],
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        context.route(lambda url: not url.startswith(app.url), _refuse)
        pages.append(context.new_page())
        return pages[-1]

    yield new_page
    failed = request.node.stash.get(FAILED, False)
    for number, page in enumerate(pages):
        if failed and not page.is_closed():
            OUTPUT.mkdir(exist_ok=True)
            name = re.sub(r"[^\w-]+", "-", request.node.name).strip("-")
            page.screenshot(path=OUTPUT / f"{name}-{number}.png")
        page.context.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tells the fixtures that a test failed, and puts the app's last words beside the failure."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
        running = getattr(item, "funcargs", {}).get("app")
        if running is not None and running.log_tail():
            report.sections.append(("the app's log", running.log_tail()))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test; before `-m` selects."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("REFUND_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def _refuse(route: Route) -> None:
    route.abort()
