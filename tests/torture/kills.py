"""A run: refunds come in, processes are killed at random points while the line lies, then everything calms
down. What must be afterwards: nothing lost, nothing double, our books equal the channel's, a clean audit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, select

from core import worker
from core.adapters.tables import cases, ledger_entries, payments, payouts
from core.services import sending
from core.services.audit import audit
from tests.core.adapters.test_channel_contract import MovedClock
from tests.standin.books import Books
from tests.torture.nursery import HASTY_LEASE_SECONDS
from tests.torture.rig import ASKED, WEB, WORKERS, Rig, rig

# A call goes wrong one way or another in one of four times, and money moves again for a key that is known:
# only whoever asks first pays once.
LIES: list[dict[str, Any]] = [
    *({"op": "refund", "do": word, "chance": 0.02} for word in (
        "lose_reply", "reset_after", "error_after", "malformed", "reset_before", "error_before",
    )),
    *({"op": "refund", "do": word, "chance": 0.01} for word in ("too_often", "low_funds", "wrong_signature")),
    *({"op": "refund", "do": word, "chance": 0.08, "seconds": 0.4} for word in ("slow", "held_up")),
    *({"op": word, "do": "lose_reply", "chance": 0.05} for word in ("query", "list")),
    *({"op": word, "do": "error_before", "chance": 0.05} for word in ("query", "list")),
    *({"op": "notice", "do": word, "chance": 0.08} for word in (
        "drop", "duplicate", "late", "out_of_order", "forged", "stale", "wrong_amount",
    )),
    {"channel": "card", "op": "refund", "do": "forget"},
    {"op": "refund", "do": "again"},
]  # fmt: skip
CALM = LIES[-2:]
# For guards that are taken out: much is lost or held up on the way, and the money moves again.
HARD: list[dict[str, Any]] = [
    {"op": "refund", "do": "lose_reply", "chance": 0.15},
    {"op": "refund", "do": "held_up", "chance": 0.3, "seconds": 0.4},
    *CALM,
]


@dataclass(frozen=True)
class Kill:
    """So many refunds are asked for, and `after` seconds later `victim` dies."""

    victim: str
    after: float
    refunds: int


def plan(seed: int, kills: int, refunds: int, most_seconds: float) -> list[Kill]:
    """The same for the same seed."""
    random = Random(seed)
    each, more = divmod(refunds, kills)
    return [
        Kill(random.choice([*WORKERS, WEB]), random.uniform(0, most_seconds), each + (n < more))
        for n in range(kills)
    ]


@dataclass
class Run:
    """What was done, and what is `wrong` afterwards: of each kind the numbers that show it."""

    seed: int
    kills: int = 0
    web_kills: int = 0
    refunds: int = 0
    cut_short: int = 0  # refunds whose sender died between its intent and the outcome
    faults: int = 0
    notices_heard: int = 0
    kill_seconds: float = 0
    calm_seconds: float = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)


def run(
    folder: Path, url: str, *words: str, seed: int, kills: int, refunds: int,
    lies: Sequence[dict[str, Any]] = LIES, most_seconds: float = 1.2, patience: float = 900,
) -> Run:  # fmt: skip
    """`words`: how the nursery starts processes. `patience`: seconds after the last kill until all must have
    arrived.
    """
    done, random, cut_short = Run(seed), Random(seed), set[int]()
    lease = timedelta(seconds=HASTY_LEASE_SECONDS) if "--hasty" in words else sending.LEASE
    with rig(folder, url, *words) as shop:
        shop.tell("faults", {"fault": lies, "seed": seed})
        for name in shop.commands:  # or all may have arrived before anybody could hear a notice
            shop.wait_until(lambda name=name: shop.is_up(name), f"{name} is up")  # type: ignore[misc]
        began = time.monotonic()
        for kill in plan(seed, kills, refunds, most_seconds):
            shop.wait_until(lambda who=kill.victim: shop.is_up(who), f"{kill.victim} is up")  # type: ignore[misc]
            cut_short |= shop.cut_short(lease)
            shop.ask(kill.refunds, random)
            time.sleep(kill.after)  # no condition: the random point
            shop.kill(kill.victim)
            done.web_kills += kill.victim == WEB
        done.kills, done.cut_short = shop.kills, len(cut_short)
        done.kill_seconds = round(time.monotonic() - began, 1)
        shop.tell("faults", {"fault": CALM})
        finish(shop, done, patience)
    return done


def finish(shop: Rig, done: Run, patience: float) -> None:
    """Wait until all has arrived, let the processes end, and judge."""
    shop.tell("settle", {})  # what waits there for the shop's funds
    began = time.monotonic()
    try:
        shop.wait_until(shop.is_done, "all has arrived", patience)
    except TimeoutError as late:
        done.wrong["late"] = [str(late)]
    done.calm_seconds, done.refunds = round(time.monotonic() - began, 1), shop.asked
    shop.stop()
    _a_week_later(shop)
    judge(shop, done)


def _a_week_later(shop: Rig) -> None:
    """Cards count as arrived after seven days."""
    app = shop.opened(MovedClock(timedelta(days=8)))  # it runs, or the channels' pace would never be over
    for _ in range(3):
        worker.run_until_idle(app)


def judge(shop: Rig, done: Run) -> None:
    """By the two sides' books; nothing of the portal's own code is believed but its audit."""
    books = Books(shop.books)
    try:
        done.wrong |= {what: found for what, look in _LOOKS.items() if (found := list(look(shop, books)))}
        struck = "SELECT count(*) FROM calls WHERE fault NOT IN ('', 'again', 'forget')"
        done.faults = books.rows(struck)[0][0]
        taken = "SELECT count(*) FROM notices WHERE answer LIKE '200%'"
        done.notices_heard = books.rows(taken)[0][0]
    finally:
        books.close()


def _lost(shop: Rig, _: Books) -> Iterator[str]:
    with shop.app.read() as conn:
        for row in conn.execute(select(cases.c.case_no, cases.c.state).where(cases.c.state != "completed")):
            yield f"{row.case_no} is {row.state}"
        never = select(payouts.c.key, payouts.c.state).where(payouts.c.state != "arrived")
        for row in conn.execute(never):
            yield f"{row.key} is {row.state}"


def _double(_: Rig, books: Books) -> Iterator[str]:
    for row in books.rows(
        "SELECT trade_no, count(*) AS n FROM refunds GROUP BY trade_no HAVING count(*) > 1"
    ):
        yield f"{row['trade_no']} {row['n']} times"


def _differs(shop: Rig, books: Books) -> Iterator[str]:
    """Each payment in our books, and each channel's account in our ledger, against the channels' books."""
    theirs: dict[str, int] = {}
    for row in books.rows("SELECT channel, trade_no FROM payments"):
        channel, trade_no = row
        theirs[trade_no] = books.refunded(channel, trade_no)
    with shop.app.read() as conn:
        paid = select(payments.c.trade_no, payments.c.refunded_minor, payments.c.reserved_minor)
        ours = {row.trade_no: row for row in conn.execute(paid)}
        line = (ledger_entries.c.account, func.sum(ledger_entries.c.amount_minor))
        ledger = {
            name: int(total) for name, total in conn.execute(select(*line).group_by(ledger_entries.c.account))
        }
    for trade_no, row in ours.items():
        if (row.refunded_minor, row.reserved_minor) != (theirs.get(trade_no), 0) or row[1] != ASKED:
            yield f"{trade_no}: {row.refunded_minor}, {row.reserved_minor} held; there {theirs.get(trade_no)}"
    for channel in ("alipay", "wechat", "card"):
        told = -ledger.get(f"assets:channel:{channel}", 0)
        total = sum(books.refunded(channel, r["trade_no"]) for r in _trades(books, channel))
        if told != total:
            yield f"ledger of {channel}: {told}; there {total}"


def _trades(books: Books, channel: str) -> list[Any]:
    return books.rows("SELECT trade_no FROM payments WHERE channel = ?", channel)


def _audit(shop: Rig, _: Books) -> Iterator[str]:
    for found in audit(shop.app):
        yield f"{found.invariant} {found.code} {found.subject} {found.detail}"


_LOOKS: dict[str, Callable[[Rig, Books], Iterator[str]]] = {
    "lost": _lost, "double": _double, "differs": _differs, "audit": _audit,
}  # fmt: skip
