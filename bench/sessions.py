"""What many sessions cost one web process, against a bare Streamlit page with as many elements: the first
screen, the memory of a session that is idle, memory after many reruns; and 200 customers who click every 3
seconds on one core.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from statistics import median, quantiles

from websockets.asyncio.client import connect
from websockets.typing import Origin

from bench import Measured
from bench.reruns import ROOT, Visit, bare, prepared
from bench.tab import Page, Tab, cookies_of
from bench.visitor import Server, Visitor, portal

IDLE = 200  # sessions that stay open
RERUNS = int(os.environ.get("REFUND_BENCH_RERUNS", "6000"))  # 100,000 in a night
WARM = 2_000
COLD = 40
ACTIVE, THINK, ACTIVE_SECONDS = 200, 3.0, 45.0


def run() -> list[Measured]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        made = prepared(folder)
        visits = list(made.customers.values())
        track = made.customers["Track"]
        ours = stack.enter_context(portal(ROOT, made.environment))
        seen = []
        for visit in visits:
            visitor = visit.open(ours)
            seen.append(visitor.run())
            visitor.close()
        theirs = stack.enter_context(bare(folder / "bare", seen))
        sides: list[tuple[Server, Callable[[], Visitor]]] = [
            (ours, lambda: track.open(ours)),
            (theirs, lambda: Visitor(theirs.address, "", f"page={visits.index(track)}")),
        ]
        rows = [_cold(sides), _idle(sides), *_growth(sides)]
    with tempfile.TemporaryDirectory() as name:
        made = prepared(Path(name))
        with portal(ROOT, made.environment) as ours, _on_a_core_of_its_own(ours):
            rows += asyncio.run(_active(ours, list(made.customers.values())))
    return rows


def resident(server: Server) -> float:
    """Megabytes that the process has filled itself, in memory or swapped out. Not pages of libraries: they
    are its own or shared as other processes come and go (47 MB of ours).
    """
    text = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    lines = dict(line.split(":", 1) for line in text.splitlines()[1:] if ":" in line)
    return sum(int(lines[name].split()[0]) for name in ("Anonymous", "Swap")) / 1024


def _cold(sides: list[tuple[Server, Callable[[], Visitor]]]) -> Measured:
    """From the first byte of a new visitor until the page stands there."""
    times: list[list[float]] = [[], []]
    for turn in range(COLD):
        for side, (_, open_page) in enumerate(sides):
            began = time.perf_counter()
            visitor = open_page()
            visitor.run()
            if turn >= COLD // 8:
                times[side].append(1000 * (time.perf_counter() - began))
            visitor.close()
    mine, its = (median(each) for each in times)
    return Measured("first screen of Track", f"{mine:.1f} ms", f"{its:.1f} ms bare", mine / its, at_most=1.2)


def _idle(sides: list[tuple[Server, Callable[[], Visitor]]]) -> Measured:
    """Megabytes more for each session that is open."""
    each: list[float] = []
    for server, open_page in sides:
        warm = [open_page() for _ in range(20)]
        for visitor in warm:
            visitor.run()
        before = resident(server)
        held = [open_page() for _ in range(IDLE)]
        for visitor in held:
            visitor.run()
        each.append((resident(server) - before) / IDLE)
        for visitor in [*warm, *held]:
            visitor.close()
    mine, its = each
    return Measured(
        "idle session beyond a bare one's", f"{mine:.3f} MB", f"{its:.3f} MB bare", mine - its, at_most=0.2
    )


def _growth(sides: list[tuple[Server, Callable[[], Visitor]]]) -> Iterator[Measured]:
    """Memory after many reruns of one session against the same after the first of them."""
    for what, (server, open_page) in zip(("Track", "bare page"), sides, strict=True):
        visitor = open_page()
        for _ in range(WARM):
            visitor.run()
        before = resident(server)
        for _ in range(RERUNS):
            visitor.run()
        after = resident(server)
        visitor.close()
        yield Measured(
            f"memory after {RERUNS} reruns more, {what}", f"{after:.0f} MB", f"{before:.0f} MB",
            after / before, at_most=1.1 if what == "Track" else None,
        )  # fmt: skip


@contextmanager
def _on_a_core_of_its_own(server: Server) -> Iterator[None]:
    """The server on one core, everybody else on the others."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("one core more is needed for those who click")
    for thread in Path(f"/proc/{server.process.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores[:1])
    os.sched_setaffinity(0, cores[1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


async def _active(server: Server, visits: list[Visit]) -> list[Measured]:
    """Each has a page of their own and clicks without consequence; from the click to the end of its run."""
    times: list[float] = []
    until = time.monotonic() + ACTIVE_SECONDS

    async def clicks(number: int) -> None:
        random = Random(number)
        visit = visits[number % len(visits)]
        tab = Tab(server.address, visit.path, visit.query)
        await asyncio.sleep(random.uniform(0, 5))
        async with connect(
            f"{server.address.replace('http', 'ws', 1)}/_stcore/stream",
            additional_headers={"Cookie": cookies_of({"refund_session": visit.token})},
            origin=Origin(server.address),
            max_size=None,
            compression=None,
        ) as socket:
            first = True
            while time.monotonic() < until:
                began = time.perf_counter()
                await socket.send(tab.rerun().SerializeToString())
                page: Page | None = Page()
                while page is not None:
                    page = tab.take(bytes(await socket.recv()), page)  # type: ignore[arg-type]
                if not first:
                    times.append(1000 * (time.perf_counter() - began))
                first = False
                await asyncio.sleep(random.uniform(0.5, 1.5) * THINK)

    before = server.cpu_seconds()
    await asyncio.gather(*(clicks(number) for number in range(ACTIVE)))
    busy = (server.cpu_seconds() - before) / ACTIVE_SECONDS
    half, slow = median(times), quantiles(times, n=20)[-1]
    load = f"{len(times) / ACTIVE_SECONDS:.0f} clicks/s, {busy:.2f} of the core"
    return [
        Measured(f"{ACTIVE} customers on one core, p95", f"{slow:.0f} ms", "100 ms", slow / 100, at_most=1.0),
        Measured("… median", f"{half:.0f} ms", load, half / 100),
    ]
