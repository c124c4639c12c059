"""The store of evidence: one contract over a folder and over S3, and a far end that does not do its part."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from core.adapters import evidence_store
from core.adapters.evidence_store import EvidenceStore, Page, missing
from core.app import from_environment
from core.domain.errors import SettingMissing, StoreRefuses, StoreUnavailable
from tests.buckets import Bucket

DATA = bytes(range(256)) * 4_000


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    if request.param == "folder":
        return EvidenceStore((tmp_path / "kept here").as_uri())
    return EvidenceStore(request.getfixturevalue("bucket").url)


def names(page: Page) -> list[str]:
    return [each.name for each in page.lying]


# --- the contract ------------------------------------------------------------------------------------------


def test_what_was_put_is_there(store: EvidenceStore) -> None:
    """… in full, also in another process, under its name only, until it is deleted."""
    large = DATA * 8  # more than what libraries send in parts
    store.put("Az09_-", DATA)
    store.put("large", large)
    store.put("empty", b"")
    again = EvidenceStore(store.url)
    assert (again.get("Az09_-"), again.get("large"), again.get("empty")) == (DATA, large, b"")
    assert again.has("Az09_-") and not again.has("Az09") and not again.has("az09_-")
    store.delete("Az09_-")
    assert not again.has("Az09_-") and again.has("large")


def test_what_is_not_there(store: EvidenceStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.get("nothing")
    assert not store.has("nothing")
    store.delete("nothing", "neither")  # as good as removed
    store.put("one", b"1")
    store.delete("nothing", "one", "neither")
    assert not store.has("one")
    store.delete()


def test_put_again_takes_the_place(store: EvidenceStore) -> None:
    store.put("name", DATA)
    store.put("name", b"short")
    assert store.get("name") == b"short"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../up", "a/b", "/etc/passwd", "a\\b", "a b", "a\n", "名字", "a%2Fb", "a?b", "a#1",
     ".hidden", "a\0b", "x" * 65],
)  # fmt: skip
def test_an_odd_name_reaches_nothing(store: EvidenceStore, name: str, tmp_path: Path) -> None:
    calls: list[Callable[[str], Any]] = [lambda n: store.put(n, b"x"), store.get, store.has]
    if name != "a#1":  # what a broken put leaves in a folder may be removed
        calls.append(store.delete)
    for call in calls:
        with pytest.raises(ValueError, match="no name of ours"):
            call(name)
    assert list(tmp_path.rglob("*")) == [] and names(store.page("")) == []


def test_pages_come_in_order_and_end(store: EvidenceStore) -> None:
    assert store.page("") == Page((), None)
    wanted = sorted(["b", "B", "a", "-", "_", "0", "aa"])
    for name in wanted:
        store.put(name, name.encode() * 3)
    seen, after, rounds = [], "", 0
    while after is not None and rounds < 9:
        page = store.page(after, 3)
        seen += page.lying
        after, rounds = page.after, rounds + 1  # type: ignore[assignment]
    assert [each.name for each in seen] == wanted
    assert {each.size for each in seen} == {3, 6}
    assert all(timedelta(seconds=-5) < each.age < timedelta(minutes=1) for each in seen)


# --- a folder ----------------------------------------------------------------------------------------------


def test_a_page_of_a_folder_shows_leftovers_and_nothing_else(tmp_path: Path) -> None:
    """A crash in the middle of a put leaves `name#1`; what is not ours is left alone."""
    store = EvidenceStore(tmp_path.as_uri())
    store.put("kept", DATA)
    (tmp_path / "kept#1").write_bytes(b"half")
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "read me.txt").touch()
    assert names(store.page("")) == ["kept", "kept#1"]
    store.delete("kept#1")
    assert names(store.page("")) == ["kept"] and (tmp_path / "read me.txt").exists()


def test_a_put_is_on_the_disk_before_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, then the folder that names it: or a power cut leaves a row without its picture."""
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(stat.S_ISDIR(os.fstat(fd).st_mode)))
    EvidenceStore(tmp_path.as_uri()).put("name", DATA)
    assert synced == [False, True]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """At the start, by the setting's name."""
    (tmp_path / "evidence").write_bytes(b"a file")
    store = EvidenceStore((tmp_path / "evidence").as_uri())
    with pytest.raises(StoreUnavailable):
        store.put("name", DATA)
    with pytest.raises(StoreRefuses) as refused:
        store.check()
    assert refused.value.params["variable"] == "REFUND_STORE_URL"


# --- a far end that does not do its part -------------------------------------------------------------------

CALLS: dict[str, Callable[[EvidenceStore], Any]] = {
    "put": lambda store: store.put("name", DATA),
    "get": lambda store: store.get("kept"),
    "has": lambda store: store.has("kept"),
    "delete": lambda store: store.delete("kept"),
    "page": lambda store: store.page(""),
}


def hurry(monkeypatch: pytest.MonkeyPatch) -> float:
    """Short limits, for stores that are opened from here on: what is tested is that they hold. Answers their
    sum.
    """
    monkeypatch.setattr(evidence_store, "REQUEST_SECONDS", 0.4)
    monkeypatch.setattr(evidence_store, "TRIES_SECONDS", 0.4)
    return 0.8


@pytest.mark.parametrize("fault", ["hang", "hang_up", "500", "503", "429", "403", "refused"])
@pytest.mark.parametrize("call", CALLS)
def test_it_ends_in_time_as_a_refusal(
    call: str, fault: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never an endless wait, never an error of the library: one refusal that has words."""
    EvidenceStore(bucket.url).put("kept", DATA)
    limit = hurry(monkeypatch)
    if fault == "refused":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    bucket.fault = fault
    store = EvidenceStore(bucket.url)
    assert not store.is_away()
    started = time.monotonic()
    with pytest.raises(StoreUnavailable) as refused:
        CALLS[call](store)
    assert time.monotonic() - started < limit + 4.0  # of a busy machine; the real limits are three times that
    assert store.is_away()
    assert refused.value.__cause__ is None and refused.value.__suppress_context__
    assert "kept" in bucket.names()


def test_the_real_limits_are_short_enough_for_somebody_who_waits() -> None:
    assert evidence_store.MOST_SECONDS <= 15


def test_half_an_answer_is_none(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    EvidenceStore(bucket.url).put("kept", DATA)
    hurry(monkeypatch)
    store = EvidenceStore(bucket.url)
    bucket.fault = "half"
    with pytest.raises(StoreUnavailable):
        store.get("kept")


def test_a_stumble_is_nobodys_business(bucket: Bucket) -> None:
    store = EvidenceStore(bucket.url)
    bucket.faults.extend(["500", "hang_up"])
    store.put("name", DATA)
    assert store.get("name") == DATA and len(bucket.asked) == 4


def test_one_put_is_one_request(bucket: Bucket) -> None:
    """Parts of one that was broken off would stay in the bucket, seen by nobody."""
    EvidenceStore(bucket.url).put("large", DATA * 12)
    assert bucket.asked == [f"PUT /{bucket.name}/some/prefix/large"]


def test_nothing_is_said_of_what_the_far_end_said(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 20: its errors name addresses, keys and what was signed."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret-at-all")
    with structlog.testing.capture_logs() as lines, pytest.raises(StoreUnavailable) as refused:
        EvidenceStore(bucket.url).put("name", DATA)
    assert refused.value.problem == "SignatureDoesNotMatch"
    said = f"{lines} {refused.value!r} {refused.value.as_dict()} {EvidenceStore(bucket.url)._store()!r}"
    for secret in (bucket.s3.secret, bucket.s3.key, "not-the-secret-at-all", "127.0.0.1"):
        assert secret not in said


def test_nothing_travels_in_the_open_unasked(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(StoreUnavailable):
        EvidenceStore(bucket.url).put("name", DATA)
    assert bucket.asked == []


# --- settings, said at the start by name -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODYSKEY"}, "AWS_ACCESS_KEY_ID"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "AWS_SECRET_ACCESS_KEY"),
        ({"bucket": "s3://somebody-elses/x"}, "REFUND_STORE_URL"),
    ],
)
def test_what_is_wrong(
    bucket: Bucket, change: dict[str, str], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    EvidenceStore(bucket.url).check()
    assert bucket.names() == []  # the trial is gone again
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StoreRefuses) as refused:
        EvidenceStore(change.get("bucket", bucket.url)).check()
    assert refused.value.params["variable"] == variable
    assert "wrong" not in str(refused.value.params)


def test_a_far_end_that_is_away_keeps_nobody_from_starting(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be there when the first picture comes."""
    hurry(monkeypatch)
    for fault in ("500", "hang"):
        bucket.fault = fault
        EvidenceStore(bucket.url).check()


def test_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    assert missing("s3://bucket", whole) is None
    assert missing("file:///x", {}) is None
    for name in whole:
        assert missing("s3://bucket", {**whole, name: ""}) == name
    # A key that is lent to the process, as containers are.
    assert missing("s3://bucket", {"AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token"}) is None
    in_the_open = {**whole, "AWS_ENDPOINT_URL": "http://store:9000"}
    assert missing("s3://bucket", in_the_open) == "AWS_ALLOW_HTTP"
    assert missing("s3://bucket", {**in_the_open, "AWS_ALLOW_HTTP": "true"}) is None
    for name in (*whole, "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REFUND_STORE_URL", "s3://bucket/x")
    with pytest.raises(SettingMissing) as refused:
        from_environment()
    assert refused.value.params == {"variable": "AWS_ACCESS_KEY_ID", "beside": "REFUND_STORE_URL"}
