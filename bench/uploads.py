"""What many uploads at once do to somebody who only looks: Track's rerun on the wall, while nothing happens
and while pictures come in; and how long the uploads themselves wait for their answer.

A real server as `make run` starts it, with the worker inside; who uploads is a process of its own, with less
priority than the server: real visitors bring their own processors.
"""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

from PIL import Image, ImageDraw

from bench import Measured, shop
from bench.reruns import CUSTOMER, ROOT
from bench.visitor import Server, Visitor, portal
from core import worker
from core.domain.actors import Actor
from core.services import cases, identity

AT_ONCE = 24
ROUNDS = 4
QUIET_RERUNS = 40  # before each round
PAUSE = 0.05  # seconds between two reruns of who looks


@dataclass(frozen=True)
class Sent:
    """One upload: what became of it, and after how many seconds."""

    outcome: str
    seconds: float


def run() -> list[Measured]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            "REFUND_DATABASE_URL": f"sqlite:///{folder}/refund.db",
            "REFUND_STORE_URL": (folder / "evidence").as_uri(),
            "REFUND_DEMO": "1",
        }
        token, case_no, tokens = _prepare(environment["REFUND_DATABASE_URL"], folder / "evidence")
        with portal(ROOT, environment) as server:
            looks = Visitor(server.address, "track", f"case={case_no}", {"refund_session": token})
            if not looks.run().html or looks.query != f"case={case_no}":
                raise RuntimeError("Track did not come")
            quiet, busy, sent = _measured(server, looks, tokens)
    taken, told = (
        sum(each.outcome in words for each in sent) for words in (("taken",), ("taken", "refused"))
    )
    slow, usual = (1000 * quantiles(times, n=20)[-1] for times in (busy, quiet))
    ours, theirs = (1000 * median(times) for times in (busy, quiet))
    longest, all_of = max(each.seconds for each in sent), f"{len(sent)} sent"
    what = f"rerun of Track under {AT_ONCE} uploads"
    return [
        Measured(what, f"{ours:.1f} ms", f"{theirs:.1f} ms, none", ours / theirs, at_most=1.5),
        Measured("… the slowest of twenty", f"{slow:.1f} ms", f"{usual:.1f} ms, none", slow / usual),
        Measured("uploads answered in words", f"{told}", all_of, told / len(sent), at_least=1.0),
        Measured("… and taken", f"{taken}", all_of, taken / len(sent)),
        Measured("longest wait for an answer", f"{longest:.1f} s", "60 s", longest / 60, at_most=1.0),
    ]


def _prepare(url: str, store: Path) -> tuple[str, str, list[str]]:
    """A case whose money is on its way and its customer's session; a draft for each of those who upload."""
    app = shop.opened(url, store, demo=True)
    people = [Actor("customer", f"up{number}") for number in range(AT_ONCE)]
    wanted = [("sent", CUSTOMER.id, "pending")]
    wanted += [(f"draft{number}", person.id, "code_viewed") for number, person in enumerate(people)]
    shop.add_orders(app, wanted)
    for number, person in enumerate(people):
        draft = cases.open_draft(app, person, f"draft{number}")
        cases.save_draft(app, person, draft.case_no, reason="not_as_described", requested_minor=shop.AMOUNT)
    sent = cases.apply(app, CUSTOMER, "sent", "not_delivered", shop.AMOUNT, command_id="bench")
    worker.run_until_idle(app)
    token = identity.open_session(app, CUSTOMER.role, CUSTOMER.id)
    tokens = [identity.open_session(app, person.role, person.id) for person in people]
    app.engine.dispose()
    return token, sent.case_no, tokens


def _measured(
    server: Server, looks: Visitor, tokens: list[str]
) -> tuple[list[float], list[float], list[Sent]]:
    """Seconds of each rerun while nothing happens and while uploads do, in turn, and those uploads."""
    quiet: list[float] = []
    busy: list[float] = []
    sent: list[Sent] = []
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    side = context.Process(target=_upload_all, args=(server.address, tokens, theirs), daemon=True)
    side.start()
    try:
        _expect(ours, "ready")
        for _ in range(ROUNDS):
            quiet += [_rerun(looks) for _ in range(QUIET_RERUNS)]
            ours.send("go")
            _expect(ours, "begun")
            while not ours.poll():
                busy.append(_rerun(looks))
            sent += ours.recv()
    finally:
        side.kill()
        side.join()
    return quiet, busy, sent


def _expect(line: Connection, word: str) -> None:
    if not line.poll(180) or (told := line.recv()) != word:
        raise RuntimeError(f"those who upload did not say {word!r}, but {told!r}" if line else word)


def _rerun(visitor: Visitor) -> float:
    time.sleep(PAUSE)
    started = time.perf_counter()
    visitor.run()
    return time.perf_counter() - started


# --- the side that uploads, in a process of its own --------------------------------------------------------


def _upload_all(address: str, tokens: list[str], line: Connection) -> None:
    os.nice(10)
    visitors = [
        Visitor(address, "request", f"order=draft{number}&step=4", {"refund_session": token})
        for number, token in enumerate(tokens)
    ]
    uploaders = [visitor.run().uploaders[0] for visitor in visitors]
    pictures = [[_file(100 * turn + number) for number in range(len(visitors))] for turn in range(ROUNDS)]
    line.send("ready")
    for files in pictures:
        line.recv()
        sent: list[Sent] = []
        threads = [
            threading.Thread(target=_upload, args=(visitors[place], uploaders, place, data, sent))
            for place, data in enumerate(files)
        ]
        for thread in threads:
            thread.start()
        line.send("begun")
        for thread in threads:
            thread.join()
        line.send(sent)


def _upload(visitor: Visitor, uploaders: list[str], place: int, data: bytes, sent: list[Sent]) -> None:
    started, outcome = time.perf_counter(), "lost"
    try:
        page = visitor.upload(uploaders[place], "IMG_0001.jpg", data)
        words = "".join(page.html)
        uploaders[place] = page.uploaders[0]
        refused = 'class="answered"><p class="bad"' in words
        outcome = "refused" if refused else "taken" if "/files/evidence/" in words else "lost"
    except (OSError, IndexError) as error:  # no answer, or a page that is no such step
        print(f"an upload was lost: {type(error).__name__} {error}", file=sys.stderr)
    sent.append(Sent(outcome, time.perf_counter() - started))


@cache
def _scene() -> Image.Image:
    noise = Image.frombytes("RGB", (500, 375), random.Random(7).randbytes(500 * 375 * 3))
    return noise.resize((4_000, 3_000), Image.Resampling.BICUBIC)


def _file(number: int) -> bytes:
    """In turn a phone's photo of 12 megapixels (3 MB) and its screenshot, each unlike the others."""
    image = _scene().copy() if number % 2 else Image.new("RGB", (1_080, 2_400), "white")
    draw = ImageDraw.Draw(image)
    for top in range(20, 2_400, 40):
        draw.text((30, top), f"Order {number * top} paid, not delivered", "black", font_size=24)
    out = io.BytesIO()
    image.save(out, "JPEG" if number % 2 else "PNG", quality=90)
    return out.getvalue()


if __name__ == "__main__":
    from bench.__main__ import main

    raise SystemExit(main(["uploads"]))
