"""The drill: a backup taken while customers send, workers pay and pictures come restores to a house whose
audit is clean and whose cases are those of that moment.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core import worker
from core.adapters import database, dumps
from core.adapters import tables as t
from core.adapters.evidence_store import EvidenceStore
from core.domain.errors import (
    BackupDiffers,
    BackupUnreadable,
    DatabaseNotEmpty,
    Refusal,
    ToolFailed,
    ToolMissing,
)
from core.services import backup
from core.services.audit import audit
from tests.shop import SUPPORT, Shop, open_shop


@pytest.fixture
def empty(shop: Shop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Shop]]:
    """The same shop on an empty database of the same kind, with a store of its own."""
    names: list[str] = []

    def made() -> Shop:
        url = f"sqlite:///{tmp_path / 'restored' / 'refund.db'}"
        if shop.app.engine.dialect.name == "postgresql":
            names.append(server.create("template0"))
            url = server.url(names[-1])
        store = EvidenceStore((tmp_path / "restored" / "evidence").as_uri())
        return replace(shop, app=replace(shop.app, engine=database.engine(url), store=store))

    server = request.getfixturevalue("postgres_server") if "postgresql" in str(shop.app.engine.url) else None
    yield made
    for name in names:
        server.drop(name)


def heads(shop: Shop) -> dict[str, tuple[int, str]]:
    c = t.cases.c
    with shop.app.read() as conn:
        rows = conn.execute(select(c.case_no, c.last_seq, c.last_hash)).all()
    return {row.case_no: (row.last_seq, row.last_hash) for row in rows}


def test_a_backup_under_load_is_a_moment(shop: Shop, empty: Callable[[], Shop], tmp_path: Path):
    before = [shop.apply(shop.order()).case_no for _ in range(3)]
    waiting = [shop.order(customer=f"c{n}") for n in range(60)]
    stop, began = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def customers() -> None:
        for order_no in waiting:
            if stop.is_set():
                return
            sent = shop.apply(order_no, 4_000, actor=SUPPORT)
            shop.picture(sent.case_no)
            began.set()

    def workers() -> None:
        while not stop.is_set():
            worker.run_once(shop.app)

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (customers, workers, workers)]
    for thread in threads:
        thread.start()
    try:
        assert began.wait(60)
        done = backup.make(shop.app, tmp_path / "backup")
        after = heads(shop)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert len(before) < done.moment.cases <= len(after)
    restored = empty()
    assert backup.restore(restored.app, tmp_path / "backup") == done
    found = heads(restored)
    assert len(found) == done.moment.cases and set(before) < set(found)
    # Each case is as it was at one time: its log is the beginning of what became of it.
    e = t.case_events.c
    with shop.app.read() as conn:
        logs = {(row.case_no, row.seq): row.hash for row in conn.execute(select(e.case_no, e.seq, e.hash))}
    assert all(logs.get((number, seq)) == hash_ for number, (seq, hash_) in found.items())
    assert audit(restored.app) == []
    with restored.app.read() as conn:
        pictures = set(conn.execute(select(t.evidence.c.id)).scalars())
    assert pictures and all(restored.app.store.has(name) for name in pictures)
    # And it goes on from there, while the far end knows what went out since: nothing is paid twice.
    shop.work(minutes=10)
    restored.work(minutes=10)
    assert audit(restored.app) == []
    booked = {key: request.amount_minor for key, (request, _) in shop.alipay.books.items()}
    ours = {row.key: row.amount_minor for number in heads(shop) for row in shop.payouts(number)}
    assert booked == ours


def test_a_second_backup_follows_the_first(shop: Shop, empty: Callable[[], Shop], tmp_path: Path):
    """New pictures come, those that were erased go, and those that lie there are not fetched again."""
    folder = tmp_path / "backup"
    case_no = shop.apply(shop.order()).case_no
    first, gone = shop.picture(case_no), shop.picture(case_no)
    backup.make(shop.app, folder)
    with shop.app.begin() as conn:
        conn.execute(update(t.evidence).where(t.evidence.c.id == gone).values(expired_at=shop.clock.at))
    shop.app.store.delete(first)  # no need to fetch it: it lies in the backup
    last = shop.picture(case_no)
    done = backup.make(shop.app, folder)
    assert done.missing == 0
    assert {path.name for path in (folder / "evidence").iterdir()} == {first, last}
    backup.restore(empty().app, folder)


def test_a_picture_that_is_nowhere_is_counted(shop: Shop, tmp_path: Path):
    shop.app.store.delete(shop.picture(shop.apply(shop.order()).case_no))
    assert backup.make(shop.app, tmp_path / "backup").missing == 1


def refused(kind: type[Refusal], work: Callable[[], Any]) -> Refusal:
    with pytest.raises(kind) as caught:
        work()
    return caught.value


def test_nothing_is_restored_over_something(shop: Shop, tmp_path: Path):
    backup.make(shop.app, tmp_path / "backup")
    before = heads(shop)
    refused(DatabaseNotEmpty, lambda: backup.restore(shop.app, tmp_path / "backup"))
    assert heads(shop) == before


def test_a_backup_that_broke_off_is_none(shop: Shop, empty: Callable[[], Shop], tmp_path: Path, monkeypatch):
    folder = tmp_path / "backup"
    backup.make(shop.app, folder)
    shop.picture(shop.apply(shop.order()).case_no)
    monkeypatch.setattr(shop.app.store, "get", lambda name: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backup.make(shop.app, folder)
    refused(BackupUnreadable, lambda: backup.restore(empty().app, folder))


@pytest.mark.parametrize("manifest", [None, "", "[]", "{}", '{"made_at": "yesterday"}'])
def test_without_a_manifest_it_is_none(sqlite_shop: Shop, tmp_path: Path, manifest: str | None):
    folder = tmp_path / "backup"
    backup.make(sqlite_shop.app, folder)
    (folder / "manifest.json").unlink()
    if manifest is not None:
        (folder / "manifest.json").write_text(manifest)
    refused(BackupUnreadable, lambda: backup.restore(sqlite_shop.app, folder))


def test_one_that_does_not_add_up_is_told(shop: Shop, empty: Callable[[], Shop], tmp_path: Path):
    folder = tmp_path / "backup"
    shop.apply(shop.order())
    backup.make(shop.app, folder)
    told = json.loads((folder / "manifest.json").read_text())
    told["moment"]["heads"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(told))
    refused(BackupDiffers, lambda: backup.restore(empty().app, folder))


def test_only_its_owner_reads_it(shop: Shop, tmp_path: Path):
    folder = tmp_path / "backup"
    shop.picture(shop.apply(shop.order()).case_no)
    done = backup.make(shop.app, folder)
    files = [folder / done.file, folder / "manifest.json", *(folder / "evidence").iterdir()]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_a_tool_that_is_not_there_or_refuses_is_named(postgres_url: str, tmp_path: Path, monkeypatch):
    """And the password stands in nothing that is told."""
    shop = open_shop(postgres_url, tmp_path / "evidence")
    wrong = shop.app.engine.url.set(password="s3cret-7731", database="nowhere")
    told = refused(ToolFailed, lambda: dumps._run("pg_dump", wrong, "--schema-only"))
    assert "s3cret-7731" not in repr(told.params) and told.params["says"]
    monkeypatch.setattr(dumps, "_tool", lambda name: None)
    refused(ToolMissing, lambda: backup.make(shop.app, tmp_path / "backup"))
