"""Payouts a second by four workers on PostgreSQL: beside the same far end called bare in a loop, beside a
no-op durable workflow each (the far end then costs nothing either), and how one's cost grows with the table.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.request import Request, urlopen

from sqlalchemy import func, select, text, update

from bench import Measured, shop
from core import worker
from core.adapters.channels import Capabilities, Outcome, Quiet, RefundRequest
from core.adapters.channels.alipay import AlipayChannel, AlipayKeys
from core.adapters.clock import RealClock
from core.adapters.tables import payouts
from core.app import App
from core.domain.actors import Actor
from core.services import cases, timers
from core.services.payouts import request_of

WORKERS, PAYOUTS = 4, 400
WARM = 80  # before that, not counted
FEW, MANY = 10_000, 1_000_000
ROUNDS, A_ROUND = 12, 40  # of the cost of one, by turns
STORE = Path(tempfile.gettempdir())
ROOT = Path(__file__).parents[1]
DBOS = """no Python with dbos found; `python -m venv var/dbos && var/dbos/bin/pip install dbos`, then
`REFUND_DBOS_PYTHON=var/dbos/bin/python python -m bench payouts` measures it"""


def run() -> list[Measured]:
    from tests import postgres

    try:
        # On a server that keeps what it said was kept, as one with money does.
        with postgres.private_postgres(None, "synchronous_commit=on") as server:
            with _standin() as far:
                app, calling = _ours(server.url(server.create()), far)
                bare = _bare(far, app)
            _, alone = _ours(server.url(server.create()), None)
            durable = _durable(f"postgresql://{server.url(server.create()).partition('://')[2]}")
            flat = _flat(server)
    except postgres.Missing as missing:
        print(missing, file=sys.stderr)
        return []

    def beside(what: str, ours: float, theirs: float, them: str, goal: float | None) -> Measured:
        rates = f"{PAYOUTS / ours:,.0f}/s", f"{PAYOUTS / theirs:,.0f}/s, {them}"
        return Measured(what, *rates, theirs / ours, at_least=goal)

    found = [beside(f"payouts, {WORKERS} workers", calling, bare, "the far end alone in a loop", 0.5)]
    for how, seconds in zip(("called", "from a queue"), durable, strict=False):
        them = f"a no-op workflow of DBOS each, {how}"
        found.append(beside("… to a far end that costs nothing", alone, seconds, them, 2))
    return [*found, flat]


# --- the far end -----------------------------------------------------------------------------------------


@contextmanager
def _standin() -> Iterator[dict[str, Any]]:
    """A process of its own; answers what it says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["--spacing", "0", "--books", f"{folder}/far.db", "--keys", f"{folder}/keys"]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.standin", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(timeout=30)


def _channel(far: dict[str, Any]) -> AlipayChannel:
    keys = far["keys"]
    private, public = (Path(keys[f"alipay_{side}_key"]).read_text() for side in ("private", "public"))
    gateway = f"{far['url']}/gateway.do"
    return AlipayChannel(AlipayKeys(keys["alipay_app_id"], private, public, gateway), RealClock())


def _pay(far: dict[str, Any], trade_no: str) -> None:
    told = {"channel": "alipay", "trade_no": f"2026{trade_no}", "order_no": trade_no, "by_card": True,
            "paid_minor": shop.AMOUNT, "settle_after": -1}  # fmt: skip
    urlopen(Request(f"{far['url']}/standin/payments", json.dumps(told).encode()), timeout=30).read()


class AtOnce(Quiet):
    """A far end that costs nothing."""

    name, remembers = "alipay", timedelta(days=365)
    capabilities = Capabilities(timedelta(days=365), None, timedelta(0), (1, 2))

    def refund(self, request: RefundRequest) -> Outcome:
        return Outcome("accepted", request.key)

    def query(self, request: RefundRequest) -> Outcome:
        return Outcome("accepted", request.key)


# --- payouts a second ------------------------------------------------------------------------------------


def _ours(url: str, far: dict[str, Any] | None) -> tuple[App, float]:
    """Seconds of the workers for `PAYOUTS`, at the stand-in or at a far end that costs nothing."""
    app = shop.opened(url, STORE, RealClock())
    _plan(app, WARM + PAYOUTS, "P")
    if far is not None:
        for number in range(WARM + PAYOUTS):
            _pay(far, f"P{number:06}")
    _make_due(app, WARM)
    spawn = get_context("spawn")
    together = spawn.Barrier(WORKERS + 1)
    team = [spawn.Process(target=_work, args=(url, far, together), daemon=True) for _ in range(WORKERS)]
    for one in team:
        one.start()
    for _ in range(2):
        together.wait(120)
    _make_due(app, PAYOUTS)
    began = time.perf_counter()
    together.wait(120)
    together.wait(600)
    ours = time.perf_counter() - began
    for one in team:
        one.join(30)
    with app.read() as conn:
        states = {state: n for state, n in conn.execute(_STATES)}
    assert states == {"accepted": WARM + PAYOUTS}, states
    return app, ours


_STATES = select(payouts.c.state, func.count()).group_by(payouts.c.state)


def _work(url: str, far: dict[str, Any] | None, together: Any) -> None:
    app = shop.opened(url, STORE, RealClock())
    app.channels = {"alipay": _channel(far) if far else AtOnce()}
    together.wait()  # all are up
    worker.run_until_idle(app)  # rules are read, statements compiled, notices planned
    together.wait()
    together.wait()  # what counts is due
    worker.run_until_idle(app)
    together.wait()


def _bare(far: dict[str, Any], app: App) -> float:
    """Seconds of the same refunds of other trades, in a loop."""
    channel, others = _channel(far), []
    with app.read() as conn:
        requests = [request_of(row) for row in conn.execute(select(payouts).limit(PAYOUTS))]
    for request in requests:
        others.append(replace(request, key=f"bare-{request.key}", trade_no=f"bare-{request.trade_no}"))
        _pay(far, others[-1].trade_no)
    channel.query(others[0])
    began = time.perf_counter()
    for request in others:
        outcome = channel.refund(request)
        assert outcome.kind == "accepted", outcome
    return time.perf_counter() - began


def _durable(url: str) -> list[float]:
    """Seconds of as many no-op workflows by as many processes: called, and queued; [] where DBOS is not at
    hand.
    """
    python = os.environ.get("REFUND_DBOS_PYTHON", sys.executable)
    if (
        shutil.which(python) is None
        or subprocess.run([python, "-c", "import dbos"], capture_output=True).returncode
    ):
        print(DBOS, file=sys.stderr)
        return []
    done = subprocess.run(
        [python, str(ROOT / "bench" / "durable.py"), url, str(PAYOUTS), str(WORKERS)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [float(seconds) for seconds in done.stdout.split()[-2:]]


# --- the cost of one -------------------------------------------------------------------------------------


def _flat(server: Any) -> Measured:
    """Seconds of one payout with `FEW` and with `MANY` in the table, by turns, in this process."""
    sides = []
    for many in (FEW, MANY):
        app = shop.opened(server.url(server.create()), STORE, RealClock())
        _fill(app, many)
        _plan(app, ROUNDS * A_ROUND, "F")
        app.channels = {"alipay": AtOnce()}
        sides.append(app)
    times = [[_one(app) for app in sides] for _ in range(ROUNDS)][2:]
    few, many = (quantiles(column, n=4)[0] for column in zip(*times, strict=True))
    for app in sides:
        app.engine.dispose()
    return Measured(
        f"… the cost of one, {MANY:,} in the table", f"{many * 1e3:.2f} ms", f"{few * 1e3:.2f} ms, {FEW:,}",
        many / few, at_most=1.2,
    )  # fmt: skip


def _one(app: App) -> float:
    _make_due(app, A_ROUND)
    began = time.perf_counter()
    done = worker.run_once(app, "bench")
    seconds = time.perf_counter() - began
    assert done >= A_ROUND, done
    return seconds / A_ROUND


def _fill(app: App, many: int) -> None:
    """So many payouts that have arrived, each with its order, payment, case, events and entries."""
    statements = _FILL.format(
        many=many, day=86_400_000_000, at=int((app.now() - timedelta(days=30)).timestamp() * 1e6)
    )
    with app.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))  # it fits together by itself
        for statement in statements.split(";"):
            conn.execute(text(statement))
    with app.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE"))


_FILL = """
INSERT INTO customers (id, name, created_at) VALUES ('filled', 'filled', {at});
INSERT INTO orders (order_no, customer_id, product, kind, quantity, amount_minor, currency, delivery, paid_at,
    source, digest)
SELECT 'O' || n, 'filled', 'filled', 'game_card', 1, 5000, 'CNY', 'code_issued', {at} - n, 'shop', 'O' || n
FROM generate_series(1, {many}) n;
INSERT INTO payments (order_no, channel, trade_no, currency, paid_minor, paid_at, refunded_minor)
SELECT 'O' || n, 'alipay', 'T' || n, 'CNY', 5000, {at} - n, 5000 FROM generate_series(1, {many}) n;
INSERT INTO cases (case_no, order_no, customer_id, state, policy_version, currency, created_at, finished_at)
SELECT 'C' || n, 'O' || n, 'filled', 'completed', 1, 'CNY', {at} - n, {at} FROM generate_series(1, {many}) n;
INSERT INTO payouts (case_no, payment_id, route, channel, reserved_minor, amount_minor, currency, state, key,
    request, reference, created_at, sent_at, accepted_at, arrived_at)
SELECT 'C' || substr(trade_no, 2), id, 'original', 'alipay', 5000, 5000, 'CNY', 'arrived', 'K' || id, '{{}}',
    'R' || id, paid_at, paid_at, paid_at, paid_at + {day}
FROM payments WHERE trade_no LIKE 'T%';
INSERT INTO ledger_entries (movement, line, at, currency, case_no, account, amount_minor)
SELECT 'arrive:' || key, line, arrived_at, 'CNY', case_no,
    CASE line WHEN 1 THEN 'liabilities:customer_refunds' ELSE 'assets:channel:alipay' END,
    CASE line WHEN 1 THEN 5000 ELSE -5000 END
FROM payouts, generate_series(1, 2) line WHERE state = 'arrived'
"""


def _make_due(app: App, number: int) -> None:
    with app.begin() as conn:
        waiting = select(payouts.c.id).where(payouts.c.state == "planned").limit(number)
        conn.execute(update(payouts).where(payouts.c.id.in_(waiting)).values(due_at=app.now()))


def _plan(app: App, wanted: int, prefix: str) -> None:
    """So many refunds that were approved and wait to be sent, tomorrow."""
    numbers = [f"{prefix}{place:06}" for place in range(wanted)]
    shop.add_orders(app, ((number, number, "pending") for number in numbers))
    for number in numbers:
        sent = cases.apply(app, Actor("customer", number), number, "not_delivered", shop.AMOUNT,
                           command_id=f"bench-{number}")  # fmt: skip
        assert sent.state == "approved", sent
        timers.run_due(app, sent.case_no)
    with app.begin() as conn:
        waiting = update(payouts).where(payouts.c.state == "planned")
        conn.execute(waiting.values(due_at=app.now() + timedelta(days=1)))


if __name__ == "__main__":
    from bench.__main__ import main

    raise SystemExit(main(["payouts"]))
