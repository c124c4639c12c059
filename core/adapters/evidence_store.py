"""Where evidence lies: a folder or S3-compatible storage under one small interface. Names are ours, never a
customer's. What the far end says in its errors stays here: it may hold addresses and keys.
"""

from __future__ import annotations

import heapq
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import structlog

from core.domain.errors import StoreRefuses, StoreUnavailable

log = structlog.get_logger(__name__)

# Of one request to a bucket, its bytes included; one that was refused or broken off is tried twice more.
REQUEST_SECONDS: Final = 10.0
TRIES_SECONDS: Final = 5.0
MOST_SECONDS: Final = REQUEST_SECONDS + TRIES_SECONDS  # after so long every call has ended
REST_SECONDS: Final = 60.0
# A folder keeps what is being written beside its name, as `name#1`; a crash leaves it there.
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LYING: Final = re.compile(r"[A-Za-z0-9_-]{1,64}(#\d{1,9})?")
_S3_CODE: Final = re.compile("<Code>([A-Za-z0-9]{1,60})</Code>")
# The far end's code → the variable that is wrong.
_BLAMED: Final = {
    "InvalidAccessKeyId": "AWS_ACCESS_KEY_ID",
    "AccessDenied": "AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY",
    "InvalidToken": "AWS_SESSION_TOKEN",
    "ExpiredToken": "AWS_SESSION_TOKEN",
    "AuthorizationHeaderMalformed": "AWS_REGION",
    "PermanentRedirect": "AWS_REGION",
    "NoSuchBucket": "REFUND_STORE_URL",
    "InvalidBucketName": "REFUND_STORE_URL",
}
# Either a key, or what lends one to a process.
_KEY: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_LENDERS: Final = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def missing(url: str, environment: Mapping[str, str]) -> str | None:
    """The variable that a store at `url` needs and that is not set."""
    if urlsplit(url).scheme != "s3":
        return None
    needed = [] if any(environment.get(name) for name in _LENDERS) else [*_KEY]
    if environment.get("AWS_ENDPOINT_URL", "").startswith("http://"):
        needed.append("AWS_ALLOW_HTTP")  # somebody has to have said that pictures may travel in the open
    return next((name for name in needed if not environment.get(name)), None)


@dataclass(frozen=True, slots=True)
class Lying:
    """One name in the store, its `size` in bytes, and how long it has lain there by the machine's clock."""

    name: str
    size: int
    age: timedelta


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what lies there, in the order of names; the next page comes after `after`, None: no more."""

    lying: tuple[Lying, ...]
    after: str | None


class EvidenceStore:
    """`url` is file:///path or s3://bucket/prefix; key, region and endpoint of a bucket are the usual AWS_…
    variables. Every call ends within `MOST_SECONDS`; `StoreUnavailable` when the far end did not do it.
    `ValueError` for a name that is not letters, digits, `-` and `_`.

    obstore is loaded at first use: it is not needed to start.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._opened: Any = None
        self._failed_at = -REST_SECONDS

    def put(self, name: str, data: bytes) -> None:
        """All of it or nothing, in the place of what was there; it outlasts a power cut from here on."""
        import obstore

        with self._far_end("put", _ours(name)):
            # Never in parts: those of a put that was broken off would stay, seen and paid for by nobody.
            obstore.put(self._store(), name, data, use_multipart=False)
            if self._folder is not None:
                _to_disk(self._folder / name)
                _to_disk(self._folder)

    def get(self, name: str) -> bytes:
        """The stored bytes; `FileNotFoundError` when there are none."""
        import obstore

        with self._far_end("get", _ours(name)):
            return bytes(obstore.get(self._store(), name).bytes())

    def has(self, name: str) -> bool:
        import obstore

        try:
            with self._far_end("has", _ours(name)):
                obstore.head(self._store(), name)
        except FileNotFoundError:
            return False
        return True

    def delete(self, *names: str) -> None:
        """Remove them; a name that is not there is as good as removed."""
        import obstore

        for name in names:
            _ours(name, _LYING)
        if not names:
            return
        with self._far_end("delete", names[0]):
            if self._folder is None:
                obstore.delete(self._store(), list(names))  # one request for all
            else:
                for name in names:
                    (self._folder / name).unlink(missing_ok=True)

    def discard(self, *names: str) -> None:
        """`delete` of what nobody can reach any more: where it fails the sweep finds them."""
        try:
            self.delete(*names)
        except StoreUnavailable:
            log.warning("left_for_the_sweep", names=len(names))

    def page(self, after: str, most: int = 500) -> Page:
        """At most `most` (up to 1,000) of the names after `after`; leftovers of a broken put among them."""
        import obstore

        with self._far_end("list", after):
            if self._folder is None:
                stream = obstore.list(self._store(), offset=after or None, chunk_size=most)
                chunk = next(iter(stream), [])
                found = [(each["path"], each["size"], each["last_modified"].timestamp()) for each in chunk]
            else:
                found = _in_folder(self._folder, after, most)
        now = time.time()
        lying = [
            Lying(name, size, timedelta(seconds=now - at))
            for name, size, at in found
            if _LYING.fullmatch(name)  # a bucket may hold other things below the prefix
        ]
        return Page(tuple(lying), found[-1][0] if len(found) == most else None)

    def check(self) -> None:
        """At the start of a process: put something, read it, remove it. `StoreRefuses` names the setting that
        is wrong; a far end that is away now may be there when it is needed.
        """
        name = f"start-{secrets.token_hex(8)}"
        try:
            self.put(name, b"start")
            self.get(name)
            self.delete(name)
        except StoreUnavailable as error:
            variable = _BLAMED.get(error.problem, "REFUND_STORE_URL" if self._folder else None)
            if variable:
                raise StoreRefuses(variable=variable, problem=error.problem) from None

    def is_away(self) -> bool:
        """It did not answer a moment ago: what can wait is not tried yet."""
        return time.monotonic() - self._failed_at < REST_SECONDS

    def _store(self) -> Any:
        if self._opened is None:
            from obstore.store import LocalStore, S3Store

            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._opened = LocalStore(self._folder)
            else:
                parts = urlsplit(self.url)
                self._opened = S3Store(
                    parts.netloc,
                    prefix=unquote(parts.path).strip("/") or None,
                    client_options={
                        "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"),
                        "connect_timeout": timedelta(seconds=3),
                        "timeout": timedelta(seconds=REQUEST_SECONDS),
                    },
                    retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=TRIES_SECONDS)},
                )
        return self._opened

    @contextmanager
    def _far_end(self, doing: str, name: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            problem = _problem(error)
            if isinstance(error, FileNotFoundError) and problem not in _BLAMED:
                raise FileNotFoundError(name) from None
            self._failed_at = time.monotonic()
            log.warning("store_unavailable", doing=doing, problem=problem)
            raise StoreUnavailable(problem) from None


def _ours(name: str, pattern: re.Pattern[str] = _NAME) -> str:
    if not pattern.fullmatch(name):
        raise ValueError("no name of ours")
    return name


def _problem(error: BaseException) -> str:
    """The far end's own code, or the kind of error; nothing else of what it says."""
    found = _S3_CODE.search(str(error))
    return found[1] if found else type(error).__name__


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _in_folder(folder: Path, after: str, most: int) -> list[tuple[str, int, float]]:
    """(name, bytes, time of its last change) of the next files."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        later = ((entry.name, entry) for entry in entries if entry.name > after)
        found = [entry for _, entry in heapq.nsmallest(most, later, key=lambda pair: pair[0])]
    told = []
    for entry in found:
        try:
            stat = entry.stat(follow_symlinks=False)
            told.append((entry.name, stat.st_size, stat.st_mtime))
        except FileNotFoundError:  # deleted meanwhile
            told.append((entry.name, 0, time.time()))
    return told
