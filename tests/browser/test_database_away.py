"""PostgreSQL is gone for a moment: a visitor reads a sentence with a way on, never a trace, and goes on when
it is back.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import postgres
from tests.browser.conftest import RunningApp

RECOVERY_SECONDS = 10
SAYS = {"zh_CN": "这一步没有完成", "en": "This step was not completed"}
TRACES = ("Traceback", "psycopg", "sqlalchemy", "SELECT", "OperationalError", "connection")


@dataclass(eq=False)
class Hosted(RunningApp):
    """The demo shop on a PostgreSQL of its own."""

    server: postgres.Postgres | None = None
    name: str = ""

    @property
    def database_url(self) -> str:
        assert self.server is not None
        return self.server.url(self.name)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        with postgres.private_postgres(None, "synchronous_commit=on") as server:
            folder: Path = tmp_path_factory.mktemp("hosted")
            running = Hosted(folder, port, server=server, name=server.create())
            running.core("init", "--demo", "24")
            running.start()
            try:
                yield running
            finally:
                running.stop()
    except postgres.Missing as missing:
        postgres.skip_or_fail(str(missing))


@pytest.mark.postgres
@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_a_sentence_and_never_a_trace(app: Hosted, page_factory: Callable[..., Page], lang: str) -> None:
    page = page_factory(360, lang)
    page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
    page.request.get("/session/demo?as=c03&to=/robots.txt")
    page.goto("/records")
    expect(page.locator("h1")).to_be_visible()
    assert app.server is not None
    app.server.stop()
    try:
        page.goto("/records")
        expect(page.get_by_role("alert")).to_contain_text(SAYS[lang])
        said = page.locator("body").inner_text()
        assert not [word for word in TRACES if word in said]
        assert page.request.get("/readyz").status == 503
        for path in ("/files/records.csv", "/files/certificate/R1.pdf"):
            answer = page.request.get(path)
            assert answer.status == 503 and not [word for word in TRACES if word in answer.text()]
            followed = page.goto(path)  # as a link to it is followed
            assert followed is not None and followed.status == 503
            expect(page.get_by_role("heading", level=1)).to_have_text(SAYS[lang])
    finally:
        app.server.start_again()
    back = time.monotonic()
    page.goto("/records")
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert time.monotonic() - back < RECOVERY_SECONDS
