"""Commands that keep the portal going: set up, work, check the books, move the demo clock."""

from __future__ import annotations

import _thread
import os
import re
import signal
import sys
import threading
from argparse import Namespace
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from core import starting, texts
from core.cli.answer import AddCommand, Answer, Usage, columns, count, instant
from core.cli.opening import migrated, opened
from core.domain.errors import ClockOutside

if TYPE_CHECKING:
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("init", init, tx("cli.help.init"))
    command.add_argument("--demo", type=count, metavar="N", help=tx("cli.help.demo"))

    command = add("worker", worker, tx("cli.help.worker"))
    how = command.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help=tx("cli.help.once"))
    how.add_argument("--until-idle", action="store_true", help=tx("cli.help.until_idle"))

    command = add("audit", audit, tx("cli.help.audit"))
    command.add_argument("--every-picture", action="store_true", help=tx("cli.help.every_picture"))

    command = add("clock", clock, tx("cli.help.clock"))
    move = command.add_subparsers(dest="move", required=True, metavar="set|advance|reset")
    step = move.add_parser("set", help=tx("cli.help.clock_set"))
    step.add_argument("at", type=instant, metavar="ISO")
    step = move.add_parser("advance", help=tx("cli.help.clock_advance"))
    step.add_argument("by", type=_span, metavar="3d4h")
    move.add_parser("reset", help=tx("cli.help.clock_reset"))


def init(arguments: Namespace) -> Answer:
    from core import policy_words
    from core.adapters import database
    from core.domain.analysis import analyse
    from core.services import demo, policies, policy_publishing

    app = migrated()
    published = policies.newest(app)
    changed = policy_publishing.ensure_shipped(app) != published and published is not None
    waiting = policy_publishing.shipped_differs(app)
    added = demo.seed(app, arguments.demo) if arguments.demo else 0
    with app.read() as conn:
        version, policy = policies.in_force(app, conn, app.now())
    name = policy.name
    data = {
        "database": app.engine.url.render_as_string(),  # without its password
        "migration": database.HEAD,
        "policy": {"version": version, "name": name},
        "demo_orders": added,
    }
    return Answer(
        json=lambda tx: data,
        lines=lambda tx: [
            tx("cli.init.done", name=name, version=version),
            *([tx("cli.init.demo", orders=added)] if added else []),
            *([tx("cli.init.waiting")] if waiting else []),
            *(policy_words.findings(analyse(policy), policy, tx) if changed else []),
            # `make` goes on by itself.
            *([] if "MAKELEVEL" in os.environ else [tx("cli.init.next")]),
        ],
    )


def worker(arguments: Namespace) -> Answer:
    with starting.behind():
        from core import logs
        from core import worker as work

        logs.to_stderr()
        logs.take_over()
        app = opened()
        app.store.check()
    if arguments.once:
        done = work.run_once(app)
    elif arguments.until_idle:
        done = work.run_until_idle(app)
    else:
        tx = texts.of(arguments.lang)
        print(tx("cli.worker.running"), file=sys.stderr)
        done = work.run(app, stop_signal())
    return Answer(json=lambda tx: {"done": done}, lines=lambda tx: [tx("cli.worker.done", n=done)])


def stop_signal() -> threading.Event:
    """Set by SIGINT or SIGTERM.

    A signal comes between any two steps of this thread, also while it holds the event's own lock, for which
    `set` would then wait for ever: another thread sets it.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _thread.start_new_thread(stop.set, ()))
    return stop


def audit(arguments: Namespace) -> Answer:
    from core.services import audit as books
    from core.services import health

    app = opened()
    is_off = app.is_off_its_clock()
    findings = books.audit(app, None if arguments.every_picture else books.PICTURES_READ)
    health.audited(app, findings)
    return Answer(
        json=lambda tx: {"clean": not findings, "findings": [asdict(finding) for finding in findings]},
        lines=lambda tx: [
            *([tx("cli.audit.off_its_clock")] if is_off else []),
            *columns((f.invariant, f.code, f.subject, f.detail) for f in findings),
            tx("cli.audit.found", n=len(findings)) if findings else tx("cli.audit.clean"),
        ],
        found=bool(findings),
    )


def clock(arguments: Namespace) -> Answer:
    from core.domain.workdays import FIRST_YEAR, LAST_YEAR, ZONE

    demo = opened().demo_clock()
    if arguments.move == "reset":
        now = demo.reset()
    else:
        target = arguments.at if arguments.move == "set" else demo.now() + arguments.by
        # Deadlines are counted some years ahead of the clock.
        if not FIRST_YEAR <= target.year <= LAST_YEAR - 20:
            raise ClockOutside(first_year=FIRST_YEAR, last_year=LAST_YEAR - 20)
        now = demo.set(target)
    return Answer(
        json=lambda tx: {"now": now.isoformat()},
        lines=lambda tx: [tx("cli.clock.now", day=tx.day_long(now), time=f"{now.astimezone(ZONE):%H:%M}")],
    )


def _span(text: str) -> timedelta:
    found = re.fullmatch("(?:([0-9]{1,4})w)?(?:([0-9]{1,4})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,4})m)?", text)
    if found is None or not text:
        raise Usage("cli.usage.backwards" if text.startswith("-") else "cli.usage.span", value=text[:40])
    weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
