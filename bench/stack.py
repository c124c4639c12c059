"""The hosted portal under load: 200 customers on two replicas behind nginx, each from the first page to
Track, 3 seconds of thought between two clicks; undisturbed, while a replica is killed, and while a new
version is rolled out. Their clicks against the same clicks of one customer alone, in the same run.

All of it shares this machine: replicas, workers, nginx, PostgreSQL, the S3 server and those who click.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from bench import Measured, shop
from bench.customers import LINE_ERRORS, Customer, Lost, Seen

if TYPE_CHECKING:
    from core.app import App
    from tests.stack.rig import Stack

CUSTOMERS = int(os.environ.get("REFUND_BENCH_CUSTOMERS", "200"))
THINK = 3.0
ALONE = 12  # requests of the one who is alone
ALONE_THINK = 0.1
RAMP = 30.0  # seconds in which they all come
LOAD_SECONDS = 60.0  # with all of them there
PATIENCE_SECONDS = 180.0  # until everybody must be through
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Plan:
    """What the side that clicks needs to know: each customer's token and orders."""

    address: str
    certificate: str
    people: list[tuple[str, list[str]]]
    think: float
    ramp: float
    seconds: float  # nobody begins another request after so long


@dataclass
class Load:
    """What a run of many showed."""

    seen: list[Seen]
    asked: list[str]  # orders, each request that was begun
    began: float
    cpu: dict[str, float] = field(default_factory=dict)  # shares of a processor, by process
    stolen: float = 0.0  # of all processors, by the machine that this one runs on
    lost: int = 0

    @property
    def errors(self) -> list[str]:
        return [error for one in self.seen for error in one.errors]


def run() -> list[Measured]:
    from tests.stack.rig import stack

    with tempfile.TemporaryDirectory(prefix="stack-") as name, stack(Path(name)) as found:
        prepared = _People(found)
        alone = _walk(found, Plan(*_where(found), prepared.take(1, ALONE), ALONE_THINK, 0, 1e9), None)
        usual = _by_click(alone)
        rows: list[Measured] = []
        for what, happens in DISTURBED.items():
            load = _load(found, prepared, happens)
            load.lost = prepared.lost(load.asked)
            told = [*_rows(what, load, usual), _cpu(load)]
            for row in told:  # all of it takes minutes
                print(f"  {row.what}: {row.ours} ({row.theirs})", file=sys.stderr, flush=True)
            rows += told
        return [*rows, _audited(found, prepared.app)]


def _where(found: Stack) -> tuple[str, str]:
    return found.address, str(found.certificate)


# --- what happens meanwhile --------------------------------------------------------------------------------


def nothing(found: Stack) -> None:
    pass


def a_kill(found: Stack) -> None:
    """A replica dies, and somebody starts another one five seconds later."""
    found.kill("web0")
    time.sleep(5)
    found.start_again("web0")


def a_roll(found: Stack) -> None:
    found.roll()


DISTURBED: dict[str, Callable[[Any], None]] = {
    "undisturbed": nothing, "a replica killed": a_kill, "a rolling restart": a_roll,
}  # fmt: skip


class _People:
    """Customers, their orders and their sessions, made before anything is measured."""

    def __init__(self, found: Stack) -> None:
        self.app = found.opened()
        self.number = 0

    def take(self, people: int, orders: int) -> list[tuple[str, list[str]]]:
        from core.services import identity

        names = [f"load{self.number + n}" for n in range(people)]
        self.number += people
        wanted = {name: [f"{name}-{n}" for n in range(orders)] for name in names}
        shop.add_orders(
            self.app, [(number, name, "pending") for name, numbers in wanted.items() for number in numbers]
        )
        return [(identity.open_session(self.app, "customer", name), wanted[name]) for name in names]

    def lost(self, asked: list[str]) -> int:
        """Of these orders, how many have not exactly one request that was sent."""
        from sqlalchemy import select

        from core.adapters.tables import cases

        sent = select(cases.c.order_no).where(cases.c.state != "draft")
        with self.app.read() as conn:
            found = [number for number in conn.execute(sent).scalars()]
        times = {number: found.count(number) for number in asked}
        return sum(count != 1 for count in times.values())


def _load(found: Stack, people: _People, happens: Callable[[Any], None]) -> Load:
    """Everybody comes, something happens in the middle, everybody goes."""
    plan = Plan(*_where(found), people.take(CUSTOMERS, 4), THINK, RAMP, RAMP + LOAD_SECONDS)
    return _walk(found, plan, happens)


def _walk(found: Stack, plan: Plan, happens: Callable[[Any], None] | None) -> Load:
    """The side that clicks is a process of its own."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    side = context.Process(target=_click_all, args=(plan, theirs), daemon=True)
    side.start()
    cpu, taken = {}, 0.0
    try:
        began = _expect(ours)
        assert side.pid is not None
        pids = {**found.pids, "clicks": side.pid}
        if happens is not None:
            ours.poll(max(0.0, began + plan.ramp + 15 - time.monotonic()))
            before, at, stolen = _cpu_of(pids), time.monotonic(), _stolen()
            happens(found)
            ours.poll(max(0.0, at + 20 - time.monotonic()))
            cpu = {
                name: (spent - before[name]) / (time.monotonic() - at)
                for name, spent in _cpu_of(
                    {n: p for n, p in pids.items() if found.pids.get(n, p) == p}
                ).items()
            }
            taken = (_stolen() - stolen) / (time.monotonic() - at)
        seen, asked = _expect(ours)
    finally:
        side.kill()
        side.join()
    return Load(seen, asked, began, cpu, taken)


def _expect(line: Connection) -> Any:
    if not line.poll(PATIENCE_SECONDS + RAMP + LOAD_SECONDS):
        raise RuntimeError("those who click said nothing")
    return line.recv()


def _cpu_of(pids: dict[str, int]) -> dict[str, float]:
    """Processor seconds so far of those that are there."""
    spent = {}
    for name, pid in pids.items():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        spent[name] = (int(fields[11]) + int(fields[12])) * TICK
    return spent


def _stolen() -> float:
    """Processor seconds that the host has given to others, where it says so."""
    return int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) * TICK


# --- the side that clicks, in a process of its own ---------------------------------------------------------


def _click_all(plan: Plan, line: Connection) -> None:
    line.send(time.monotonic())
    line.send(asyncio.run(_everybody(plan)))


async def _everybody(plan: Plan) -> tuple[list[Seen], list[str]]:
    import gc
    import ssl

    trust = ssl.create_default_context(cafile=plan.certificate)
    began, asked = time.monotonic(), []
    customers = [
        Customer(plan.address, ("__Host-refund_session", token), trust, plan.think, seed)
        for seed, (token, _) in enumerate(plan.people)
    ]
    gc.freeze()

    async def walk(place: int, customer: Customer, numbers: list[str]) -> None:
        await asyncio.sleep(plan.ramp * place / len(plan.people))
        try:
            await customer.open()
            for number in numbers:
                if time.monotonic() - began > plan.seconds:
                    break
                asked.append(number)
                await customer.ask(number)
            await customer.close()
        except (Lost, *LINE_ERRORS) as error:
            customer.seen.errors.append(f"gave up: {error}")

    people = zip(customers, plan.people, strict=True)
    await asyncio.gather(*(walk(place, one, orders) for place, (one, (_, orders)) in enumerate(people)))
    return [customer.seen for customer in customers], asked


# --- what it comes to --------------------------------------------------------------------------------------


def _by_click(alone: Load) -> dict[str, float]:
    """The median of each click, and of all of them under ''."""
    times: dict[str, list[float]] = defaultdict(list)
    for click in alone.seen[0].clicks:
        times[click.what].append(click.seconds)
        times[""].append(click.seconds)
    return {what: median(seconds) for what, seconds in times.items()}


def _rows(what: str, load: Load, usual: dict[str, float]) -> list[Measured]:
    """Of clicks while all are there."""
    there = [
        click
        for one in load.seen
        for click in one.clicks
        if load.began + RAMP <= click.at <= load.began + RAMP + LOAD_SECONDS
    ]
    seconds = sorted(click.seconds for click in there)
    alone = usual[""]
    half, slow = median(seconds), quantiles(seconds, n=20)[-1]
    each = quantiles([click.seconds / usual[click.what] for click in there], n=20)[-1]
    rate = len(there) / LOAD_SECONDS
    signed_out = sum(one.signed_out for one in load.seen)
    again = sum(one.again for one in load.seen)
    broken = sum(one.reconnects for one in load.seen)
    refused = sum(one.refused for one in load.seen)
    for error in sorted(set(load.errors))[:5]:
        print(f"  {what}: {error}", file=sys.stderr)
    clicks = f"{len(there)} clicks, {rate:.0f}/s"
    return [
        Measured(
            f"{what}: click to screen, p95",
            f"{1000 * slow:.0f} ms",
            f"{1000 * alone:.0f} ms, one alone",
            slow / alone,
            at_most=1.5,
        ),
        Measured("… median", f"{1000 * half:.0f} ms", f"{1000 * alone:.0f} ms, one alone", half / alone),
        Measured("… p95 of each click against the same one alone", f"{each:.2f}", "1", each),
        Measured("… errors", f"{len(load.errors)}", clicks, float(len(load.errors)), at_most=0),
        Measured("… requests lost", f"{load.lost}", f"{len(load.asked)} sent", float(load.lost), at_most=0),
        Measured(
            "… signed out", f"{signed_out}", f"{len(load.seen)} customers", float(signed_out), at_most=0
        ),
        Measured(
            "… connections that came back",
            f"{broken}, {refused} not at the first try",
            f"{again} clicks made again",
            float(broken),
        ),
    ]


def _cpu(load: Load) -> Measured:
    told = ", ".join(f"{name} {share:.2f}" for name, share in sorted(load.cpu.items()) if share > 0.005)
    there = f"{os.cpu_count()} there, {load.stolen:.2f} taken by the host"
    return Measured("… processors in use", told, there, sum(load.cpu.values()))


def _audited(found: Stack, app: App) -> Measured:
    """Once everything that is due is done."""
    from core.services import timers
    from core.services.audit import audit

    found.wait_until(lambda: not timers.due_numbers(app, app.now(), 1), "the workers have done it")
    os.environ.update({name: v for name, v in found.environment.items() if name.startswith("AWS_")})
    wrong = audit(app)
    for finding in wrong[:5]:
        print(f"  {finding}", file=sys.stderr)
    return Measured(
        "after all of it: the audit's findings", f"{len(wrong)}", "0", float(len(wrong)), at_most=0
    )


if __name__ == "__main__":
    from bench.__main__ import main

    raise SystemExit(main(["stack"]))
