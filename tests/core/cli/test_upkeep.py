"""A worker that is told to stop, and the sandbox's own books beside ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from core.adapters.tables import payouts, sandbox_refunds, worker_beats

Line = Any  # the fixture's CommandLine

ROOT = Path(__file__).parents[3]
# The worker as an operator starts it, but the far end takes its time: it answers when the test says so.
WORKER = """
import sys
from core.adapters.channels.sandbox import SandboxChannel
from core.cli import main

take = SandboxChannel.refund

def slow(channel, request):
    print("asked", file=sys.stderr, flush=True)
    sys.stdin.readline()
    return take(channel, request)

SandboxChannel.refund = slow
sys.exit(main(["worker", "--json"]))
"""


# The signal comes while the worker goes to sleep: it holds the lock of what it waits for.
GOES_TO_SLEEP = """
import signal
from core.cli.upkeep import stop_signal

stop = stop_signal()
with stop._cond:
    signal.raise_signal(signal.SIGTERM)
stop.wait()
"""


def test_a_worker_hears_its_end_while_it_goes_to_sleep():
    subprocess.run([sys.executable, "-c", GOES_TO_SLEEP], cwd=ROOT, timeout=30, check=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_stopped_finishes_its_round(line: Line, number: signal.Signals):
    """What it has begun is written down, what else was due is done, and no lease stays behind."""
    cases = [line.apply(line.shop.order(customer="mei"))["case_no"] for _ in range(3)]
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stderr is not None
    try:
        while "asked" not in (said := process.stderr.readline()):
            assert said, "it ended before it asked the channel"
        process.send_signal(number)
        out, err = process.communicate("\n" * len(cases), timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert json.loads(out) == {"done": 2 * len(cases)}, "each case, and each payout"
    with line.shop.app.read() as conn:
        found = conn.execute(select(payouts.c.state, payouts.c.leased_until)).all()
        assert conn.execute(select(worker_beats.c.worker)).all()
    assert [(row.state, row.leased_until) for row in found] == [("accepted", None)] * 3
    assert line.ask("audit")["clean"]


@pytest.fixture
def paid_out(line: Line) -> Line:
    """Two refunds that the sandbox has taken."""
    for amount in ("10000", "300"):
        line.apply(line.shop.order(), amount)
    line("worker", "--until-idle")
    assert line.ask("audit")["clean"]
    return line


def first_key(line: Line) -> Any:
    with line.shop.app.read() as conn:
        return conn.execute(select(sandbox_refunds.c.key).order_by(sandbox_refunds.c.key)).scalars().first()


SPOILT = {
    "channel_never_saw": lambda key: delete(sandbox_refunds).where(sandbox_refunds.c.key == key),
    "channel_differs": lambda key: (
        update(sandbox_refunds)
        .where(sandbox_refunds.c.key == key)
        .values(amount_minor=sandbox_refunds.c.amount_minor + 1)
    ),
    "channel_knows_more": lambda key: insert(sandbox_refunds).from_select(
        [column.name for column in sandbox_refunds.c],
        select(
            *(("X" + column).label("key") if column.name == "key" else column for column in sandbox_refunds.c)
        ).where(sandbox_refunds.c.key == key),
    ),
}


@pytest.mark.parametrize("code", SPOILT)
def test_the_channels_books_beside_ours(paid_out: Line, code: str):
    """Invariant 11: what the sandbox has is what we sent, once, to the fen."""
    key = first_key(paid_out)
    with paid_out.shop.app.begin() as conn:
        conn.execute(SPOILT[code](key))
    found = paid_out.ask("audit", code=1)["findings"]
    assert [(one["invariant"], one["code"]) for one in found] == [(11, code)]
    assert key in found[0]["subject"]
