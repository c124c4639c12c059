"""Notices on their way to the shop: sent by their own thread, tried again, bent by the table of faults."""

from __future__ import annotations

import heapq
import itertools
import json
import threading
import time
from collections.abc import Mapping

import requests

from tests.standin.books import Books
from tests.standin.faults import Fault, Faults
from tests.standin.wire import Far, Slant

SLANTS = {
    "forged": Slant(forged=True),
    "stale": Slant(seconds_ago=600),
    "wrong_amount": Slant(more_minor=1),
}


class Notices:
    """`announce` puts a notice on its way; without an address it is only written down."""

    def __init__(self, books: Books, faults: Faults, tries: int = 3, pause: float = 0.5) -> None:
        self.hooks: dict[str, str] = {}
        self._books, self._faults = books, faults
        self._tries, self._pause = tries, pause
        self._wake = threading.Condition()
        self._queue: list[tuple[float, int, int, int, Far, Slant]] = []
        self._order = itertools.count()
        self._held: dict[str, list[tuple[int, Far, Slant]]] = {}
        self._busy = self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join()

    def announce(self, far: Far, kind: str, refund_id: int) -> None:
        refund = self._books.refund_by_id(refund_id)
        fault = self._faults.of(far.name, "notice")
        word = fault.do if fault else ""
        slant = SLANTS.get(word, Slant())
        headers, body = far.notice(kind, refund_id, slant)
        row = self._books.write(
            "notices",
            at=time.time(),
            channel=far.name,
            kind=kind,
            key=refund["key"],
            url=refund["notify_url"] or self.hooks.get(far.name, ""),
            headers=json.dumps(headers),
            body=body.decode(),
            fault=word,
        )
        self._send(row, far, slant, fault)

    def _send(self, row: int, far: Far, slant: Slant, fault: Fault | None) -> None:
        word = fault.do if fault else ""
        if word == "drop":
            return
        if word == "out_of_order":
            self._held.setdefault(far.name, []).append((row, far, slant))
            return
        delay = fault.seconds if fault and word == "late" else 0.0
        for _ in range(2 if word == "duplicate" else 1):
            self._put(delay, row, 1, far, slant)
        for held in self._held.pop(far.name, ()):
            self._put(delay, held[0], 1, held[1], held[2])

    def _put(self, delay: float, row: int, attempt: int, far: Far, slant: Slant) -> None:
        with self._wake:
            heapq.heappush(
                self._queue, (time.monotonic() + delay, next(self._order), row, attempt, far, slant)
            )
            self._wake.notify_all()

    def drain(self, seconds: float = 10.0) -> None:
        """Wait until nothing is on its way; `TimeoutError` after so many seconds."""
        with self._wake:
            if not self._wake.wait_for(lambda: not self._queue and not self._busy, seconds):
                raise TimeoutError("notices are still on their way")

    def _run(self) -> None:
        while True:
            with self._wake:
                self._busy = False
                self._wake.notify_all()
                while not self._closed and (not self._queue or self._queue[0][0] > time.monotonic()):
                    wait = self._queue[0][0] - time.monotonic() if self._queue else None
                    self._wake.wait(wait)
                if self._closed:
                    return
                _, _, row, attempt, far, slant = heapq.heappop(self._queue)
                self._busy = True
            self._deliver(row, attempt, far, slant)

    def _deliver(self, row: int, attempt: int, far: Far, slant: Slant) -> None:
        found = self._books.row("SELECT * FROM notices WHERE id = ?", row)
        if found is None or not found["url"]:
            return
        answer, is_taken = post(found["url"], json.loads(found["headers"]), found["body"].encode())
        with self._books.transaction() as db:
            db.execute("UPDATE notices SET tries = tries + 1, answer = ? WHERE id = ?", (answer, row))
        if not is_taken and attempt < self._tries:
            self._put(self._pause, row, attempt + 1, far, slant)


def post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[str, bool]:
    """(what was answered, whether the shop took it). Alipay wants the word `success`, the others any 2xx."""
    try:
        answer = requests.post(url, data=body, headers=dict(headers), timeout=5, allow_redirects=False)
    except requests.RequestException as error:
        return type(error).__name__, False
    wants_word = headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
    is_taken = answer.ok and (not wants_word or answer.text.strip() == "success")
    return f"{answer.status_code} {answer.text[:80]}", is_taken
