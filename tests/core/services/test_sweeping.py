"""Bytes that no row leads to: found within two days, and never one that a row leads to or may lead to yet."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection

from core import worker
from core.adapters.evidence_store import EvidenceStore, Page
from core.services import cases, evidence, sweeping
from tests.buckets import Bucket
from tests.core.services.test_evidence import screenshot
from tests.shop import MEI, WEI, Shop, open_shop

OLD = timedelta(days=1, minutes=1)
YOUNG = timedelta(hours=23)


class Plot:
    """A shop whose store can be looked into and whose files can be made older."""

    def __init__(self, shop: Shop, bucket: Bucket | None) -> None:
        self.shop, self.app, self.bucket = shop, shop.app, bucket
        if bucket:
            shop.app.store = EvidenceStore(bucket.url)

    def names(self) -> set[str]:
        return {each.name for each in self.app.store.page("", 1_000).lying} - {sweeping.OWNER}

    def age(self, name: str, by: timedelta) -> None:
        if self.bucket:
            self.bucket.make_older(name, by)
            return
        path = Path(self.app.store.url.removeprefix("file://"), name)
        at = path.stat().st_mtime - by.total_seconds()
        os.utime(path, (at, at))

    def plant(self, by: timedelta, name: str = "") -> str:
        name = name or secrets.token_urlsafe(18)
        self.app.store.put(name, b"bytes without a row")
        self.age(name, by)
        return name

    def picture(self, colour: str, by: timedelta = OLD) -> str:
        order_no = self.shop.order()
        case_no = cases.open_draft(self.app, MEI, order_no).case_no
        kept = evidence.add(self.app, MEI, case_no, "other", screenshot(colour)).id
        self.age(kept, by)
        return kept


@pytest.fixture(params=["folder", "s3"])
def plot(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> Plot:
    bucket = request.getfixturevalue("bucket") if request.param == "s3" else None
    return Plot(open_shop(sqlite_url, tmp_path / "evidence"), bucket)


def test_orphans_go_and_nothing_else(plot: Plot) -> None:
    """Planted: old ones without a row, one on its way, good ones, one taken back, what is not ours."""
    good = {plot.picture("red"), plot.picture("blue", YOUNG)}
    taken_back = plot.picture("green")
    plot.app.store.discard = lambda *names: None  # type: ignore[method-assign] # its process died there
    evidence.remove(plot.app, MEI, taken_back)
    on_its_way = plot.plant(YOUNG)
    foreign = plot.plant(OLD * 100, "not-ours")
    orphans = {plot.plant(OLD) for _ in range(3)}
    with structlog.testing.capture_logs() as lines:
        assert worker.run_until_idle(plot.app) == 4 + len(good)  # which are compared, once
    assert plot.names() == good | {on_its_way, foreign}
    (told,) = [line for line in lines if line["event"] == "store_swept"]
    assert told["deleted"] == 4 and told["seen"] == len(good) + 1 + 1 + 1 + len(orphans)
    assert plot.shop.audit() == []
    plot.age(on_its_way, timedelta(hours=2))
    assert worker.run_until_idle(plot.app) == 0  # looked at once a day
    plot.shop.work(hours=25)
    assert plot.names() == good | {foreign}


def test_a_demo_clock_makes_nothing_old(plot: Plot) -> None:
    """It jumps by days while somebody uploads."""
    on_its_way = plot.plant(timedelta())
    plot.picture("red")
    for _ in range(4):
        plot.shop.work(days=3)
    assert on_its_way in plot.names()


def test_in_bounded_batches(plot: Plot) -> None:
    """A page a round, so that nothing else waits; the next round goes on where it ended."""
    good = plot.picture("red")
    for _ in range(7):
        plot.plant(OLD)
    assert sweeping.sweep(plot.app, most=3) <= 4
    left = plot.names()
    assert len(left) >= 8 - 3 and good in left
    rounds = 0
    while sweeping.sweep(plot.app, most=3):
        rounds += 1
    assert plot.names() == {good} and rounds <= 3
    assert sweeping.sweep(plot.app, most=3) == 0


def test_what_died_half_way_is_taken_up(plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page was claimed by a worker that is gone."""
    plot.picture("red")
    orphan = plot.plant(OLD)
    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(plot.app.store, "delete", _dies)
        sweeping.sweep(plot.app)
    assert sweeping.sweep(plot.app) == 0 and orphan in plot.names()
    plot.shop.clock.advance(sweeping.AGAIN)
    assert sweeping.sweep(plot.app) == 1 and orphan not in plot.names()


def _dies(*_: str) -> None:
    raise KeyboardInterrupt


def test_an_upload_under_way_is_left_alone(plot: Plot) -> None:
    """Its bytes lie there, its row is not committed yet."""
    plot.picture("blue")
    case_no = cases.open_draft(plot.app, WEI, plot.shop.order(customer="wei")).case_no
    real = plot.app.store.put

    def swept_meanwhile(name: str, data: bytes) -> None:
        real(name, data)
        assert sweeping.sweep(plot.app) == 0

    plot.app.store.put = swept_meanwhile  # type: ignore[method-assign]
    kept = evidence.add(plot.app, WEI, case_no, "other", screenshot("red"))
    assert plot.app.store.has(kept.id)


def test_another_databases_store_is_left_alone(plot: Plot, tmp_path: Path) -> None:
    """A new database on a store in use: nothing of it is known there, and nothing is deleted."""
    good = plot.picture("red")
    plot.age(good, OLD)
    unmarked = Plot(_other(plot, tmp_path / "a.db"), plot.bucket)
    unmarked.app.store = EvidenceStore(plot.app.store.url)
    with structlog.testing.capture_logs() as lines:
        assert sweeping.sweep(unmarked.app) == 0
    assert good in plot.names() and "store_of_another_database" in [line["event"] for line in lines]
    assert sweeping.sweep(plot.app) == 0  # now it bears our mark
    marked = Plot(_other(plot, tmp_path / "b.db"), plot.bucket)
    marked.app.store = EvidenceStore(plot.app.store.url)
    assert sweeping.sweep(marked.app) == 0
    assert good in plot.names()


def _other(plot: Plot, path: Path) -> Shop:
    from core.adapters import database

    database.migrate(f"sqlite:///{path}")
    shop = open_shop(f"sqlite:///{path}", path.parent / "elsewhere")
    shop.clock.at = plot.shop.clock.at
    return shop


def test_leftovers_of_a_broken_put_go(sqlite_url: str, tmp_path: Path) -> None:
    """A folder keeps what is being written beside its name."""
    plot = Plot(open_shop(sqlite_url, tmp_path / "evidence"), None)
    good = plot.picture("red")
    half = Path(tmp_path, "evidence", f"{good}#1")
    half.write_bytes(b"half")
    plot.age(half.name, OLD)
    assert sweeping.sweep(plot.app) == 1
    assert plot.names() == {good} and plot.app.store.get(good)


@pytest.mark.parametrize("swept_before", [False, True])
def test_many_workers_sweep_once(swept_before: bool, database_url: str, tmp_path: Path) -> None:
    """All have read that it is due before one says that it is theirs: each page is one worker's, on both
    databases, the first time and every time.
    """
    plot = Plot(open_shop(database_url, tmp_path / "evidence"), None)
    app, good = plot.app, plot.picture("red")
    if swept_before:
        assert sweeping.sweep(app) == 0
        plot.shop.clock.advance(sweeping.EVERY)
    for _ in range(12):
        plot.plant(OLD)
    looked: list[str] = []
    page, begin = app.store.page, app.begin
    together, has_met = threading.Barrier(4), threading.local()

    def seen(after: str, most: int) -> Page:
        looked.append(after)
        return page(after, most)

    def met() -> AbstractContextManager[Connection]:
        if not hasattr(has_met, "once"):
            has_met.once = True
            together.wait(60)
        return begin()

    deleted: list[int] = []
    threads = [
        threading.Thread(target=lambda: deleted.append(sweeping.sweep(app, most=20))) for _ in range(4)
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app.store, "page", seen)
        patched.setattr(app, "begin", met)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(deleted) == [0, 0, 0, 12] and looked == [""]
    assert plot.names() == {good}
