"""Many processes, few orders: random submissions, withdrawals and worker steps over a channel that loses
answers.

    python -m tests.race --url sqlite:///var/race.db --processes 8 --actions 200 --orders 20

prints what happened as JSON and exits 1 when anything but refusals went wrong or the books do not agree.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import traceback
from collections import Counter
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from core import worker
from core.adapters import database
from core.adapters.channels.sandbox import SandboxChannel
from core.adapters.clock import DemoClock
from core.adapters.evidence_store import EvidenceStore
from core.adapters.tables import cases as case_table
from core.adapters.tables import customers, orders, payments, payouts, sandbox_refunds
from core.app import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.domain.lifecycle import CASE
from core.services import cases
from core.services.audit import audit
from tests import pinned
from tests.fakes import LossyChannel

ME = Actor("support", "racer")  # who may act for every customer
STEPS = ("submit",) * 4 + ("twice",) * 2 + ("withdraw",) * 2 + ("work",) * 3 + ("judge",) + ("later",) * 2


def open_app(url: str, random: Random | None = None) -> App:
    """The portal in one process; with `random` its line to the sandbox is bad."""
    engine = database.engine(url)
    clock = DemoClock(engine)
    channels: dict[str, Any] = {name: SandboxChannel(name, engine, clock) for name in ("alipay", "wechat")}
    if random is not None:
        channels = {name: LossyChannel(channel, random) for name, channel in channels.items()}
    store = EvidenceStore(Path(tempfile.gettempdir(), "race-evidence").as_uri())
    return App(engine=engine, clock=clock, channels=channels, store=store, demo=True)


def set_up(url: str, how_many: int) -> None:
    """Migrate and put the orders in: every third was paid in two parts, every fourth needs a person."""
    database.migrate(url)
    app = open_app(url)
    pinned.publish(app)
    now = app.now()
    with app.begin() as conn:
        for number in range(how_many):
            conn.execute(insert(customers).values(id=f"racer{number}", name="racer", created_at=now))
            parts = [("alipay", 10_000)] if number % 3 else [("alipay", 4_000), ("wechat", 6_000)]
            conn.execute(
                insert(orders).values(
                    order_no=f"RACE{number}",
                    customer_id=f"racer{number}",
                    product="game card",
                    kind="game_card",
                    quantity=1,
                    amount_minor=10_000,
                    currency="CNY",
                    delivery="code_viewed" if number % 4 == 0 else "code_issued",
                    delivery_at=now,
                    paid_at=now - timedelta(days=number % 20),
                    source="shop",
                    digest="",
                )
            )
            for place, (channel, minor) in enumerate(parts):
                conn.execute(
                    insert(payments).values(
                        order_no=f"RACE{number}",
                        channel=channel,
                        trade_no=f"RACE{number}-{place}",
                        currency="CNY",
                        paid_minor=minor,
                        paid_at=now - timedelta(days=number % 20),
                    )
                )


def run(url: str, seed: int, actions: int, how_many: int) -> Counter[str]:
    """One process's share."""
    random = Random(seed)
    app = open_app(url, random)
    seen: Counter[str] = Counter()
    for _ in range(actions):
        step = random.choice(STEPS)
        try:
            done = one(app, random, step, how_many)
            seen[f"{step}: {done}"] += 1
        except Refusal as refused:
            seen[f"{step}: refused {refused.code}"] += 1
        except Exception as error:
            seen[f"error in {step}: {type(error).__name__}: {str(error)[:120]}"] += 1
            traceback.print_exc()
    return seen


def one(app: App, random: Random, step: str, how_many: int) -> str:
    """One random action; answers what came of it."""
    order_no = f"RACE{random.randrange(how_many)}"
    if step == "work":
        worker.run_once(app, f"worker-{random.randrange(10**9)}")
        return "done"
    if step == "later":
        clock = app.clock
        assert isinstance(clock, DemoClock)
        clock.advance(timedelta(minutes=random.choice([2, 30, 600])))
        return "done"
    if step in ("submit", "twice"):
        # Some ids are shared by all processes: the same click from many tabs at once.
        command_id = (
            f"shared-{order_no}-{random.randrange(3)}"
            if step == "twice"
            else UUID(int=random.getrandbits(128)).hex
        )
        amount = 700 if step == "twice" else random.randrange(1, 5_000)
        return cases.apply(app, ME, order_no, "not_delivered", amount, command_id=command_id).state
    wanted = ["in_review"] if step == "judge" else ["approved", "in_review"]
    if step == "withdraw" and random.random() < 0.3:
        wanted = ["paying"]  # too late, and it must be said so
    found = cases.list_for(app, ME, states=wanted)
    if not found:
        return "nothing"
    case_no = random.choice(found).case_no
    command_id = UUID(int=random.getrandbits(128)).hex
    if step == "judge":
        reviewer = Actor("reviewer", random.choice(["zhou-lan", "qian-yu"]))
        event = random.choice(["approve", "approve", "reject"])
        return cases.act(app, reviewer, case_no, event, command_id, note="by the record").state
    return cases.act(app, ME, case_no, "withdraw", command_id).state


def settle(url: str) -> None:
    """Let everything that is under way come to its end, over a good line."""
    app = open_app(url)
    for _ in range(12):
        worker.run_until_idle(app)
        assert isinstance(app.clock, DemoClock)
        app.clock.advance(timedelta(days=1))
    worker.run_until_idle(app)


def judge(url: str) -> dict[str, Any]:
    """What the database says afterwards: by the audit, and by counts that do not use the portal's own
    code.
    """
    app = open_app(url)
    with app.read() as conn:
        s, p, c = sandbox_refunds.c, payments.c, case_table.c
        taken = _sums(conn, select(s.trade_no, func.sum(s.amount_minor)).group_by(s.trade_no))
        credited = _sums(
            conn,
            select(payouts.c.payment_id, func.sum(payouts.c.amount_minor))
            .where(payouts.c.state == "arrived", payouts.c.channel == "balance")
            .group_by(payouts.c.payment_id),
        )
        over = [
            row.trade_no
            for row in conn.execute(select(p.id, p.trade_no, p.paid_minor))
            if taken.get(row.trade_no, 0) + credited.get(row.id, 0) > row.paid_minor
        ]
        open_cases = conn.execute(
            select(c.order_no)
            .where(c.state.not_in(sorted(CASE.final_states)))
            .group_by(c.order_no)
            .having(func.count() > 1)
        ).all()
        states = _sums(conn, select(c.state, func.count()).group_by(c.state))
    findings = [f"{f.invariant} {f.code} {f.subject} {f.detail}" for f in audit(app)]
    return {
        "cases": states,
        "refunded_minor": sum((*taken.values(), *credited.values())),
        "over_refunds": over,
        "duplicate_open_cases": [row.order_no for row in open_cases],
        "findings": findings,
    }


def _sums(conn: Connection, query: Any) -> dict[Any, int]:
    return {key: int(total) for key, total in conn.execute(query)}


def race(url: str, *, processes: int, actions: int, how_many: int, seed: int = 1) -> dict[str, Any]:
    """The whole race on an empty database."""
    set_up(url, how_many)
    with get_context("spawn").Pool(processes) as pool:
        shares = pool.starmap(run, [(url, seed * 1000 + n, actions, how_many) for n in range(processes)])
    seen: Counter[str] = sum(shares, Counter())
    during = judge(url)
    settle(url)
    after = judge(url)
    return {
        "actions": sum(seen.values()),
        "outcomes": dict(sorted(seen.items())),
        "errors": sum(n for what, n in seen.items() if what.startswith("error")),
        "during": during,
        "after": after,
    }


def is_clean(result: dict[str, Any]) -> bool:
    """Nothing but refusals went wrong, and the books agree before and after everything has settled."""
    return result["errors"] == 0 and not any(
        result[when][what]
        for when in ("during", "after")
        for what in ("over_refunds", "duplicate_open_cases", "findings")
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--actions", type=int, default=200)
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    result = race(
        given.url, processes=given.processes, actions=given.actions, how_many=given.orders, seed=given.seed
    )
    print(json.dumps(result, indent=2, ensure_ascii=False))
    return 0 if is_clean(result) else 1


if __name__ == "__main__":
    sys.exit(main())
