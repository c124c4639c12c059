"""A policy over a history: verdicts, what it costs, and one figure through a range."""

from __future__ import annotations

import re
import time
from argparse import Namespace
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.cli import documents
from core.cli.answer import AddCommand, Answer, Usage, columns, instant

if TYPE_CHECKING:
    from core.domain.effects import Compared, Seen
    from core.domain.history import History
    from core.domain.policy import Policy
    from core.domain.spans import Change, Span
    from core.domain.sweep import Point
    from core.texts import Texts

YEAR: Final = timedelta(days=365)
_SWEEP: Final = re.compile(
    r"([A-Za-z0-9_.<>=-]{1,120})=(-?[0-9]{1,12}):(-?[0-9]{1,12}):([0-9]{1,12})", re.ASCII
)


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("simulate", simulate, tx("cli.help.simulate"))
    command.add_argument("--policy", required=True, metavar="A", help=tx("cli.help.policy"))
    command.add_argument("--against", metavar="B", help=tx("cli.help.against"))
    command.add_argument("--orders", metavar="FILE", help=tx("cli.help.orders_file"))
    command.add_argument("--since", type=instant, metavar="ISO", help=tx("cli.help.since"))

    command.add_argument("--costs", action="store_true", help=tx("cli.help.costs"))
    command.add_argument("--sweep", metavar="PATH=FROM:TO:STEP", help=tx("cli.help.sweep"))


def simulate(arguments: Namespace) -> Answer:
    """A replay: of a file of facts, or of what customers asked for here."""
    if arguments.orders is None:
        return _replay(arguments)
    from core.adapters import history
    from core.domain import effects, simulation

    policy = documents.policy(arguments.policy)
    other = None if arguments.against is None else documents.policy(arguments.against)
    Path(arguments.orders).open("rb").close()  # not there is something else than not recognised
    orders = history.read(Path(arguments.orders))
    started = time.perf_counter()
    outcome = simulation.simulate(orders, policy)
    before = None if other is None else simulation.simulate(orders, other)
    data = {
        "rows": len(orders),
        "seconds": round(time.perf_counter() - started, 3),  # of the decisions, the file not counted
        "verdicts": outcome.verdicts(),
        "against": before and before.verdicts(),
        "moved": before and int(outcome.moved(before).sum()),
    }
    seen = effects.Seen.nothing(len(orders))  # of a file of facts nobody knows what people made of it
    more = None
    if arguments.costs:
        after = effects.effect(orders, policy, outcome, seen)
        beside = after if other is None or before is None else effects.effect(orders, other, before, seen)
        more = effects.compare(orders, beside, after)
        data["costs"] = _costs(more)
    curve = _curve(arguments, orders, seen, data)

    def lines(tx: Texts) -> list[str]:
        names = _heads(arguments, policy, other)
        counts = [outcome.verdicts(), *([before.verdicts()] if before else [])]
        table = [
            ("", *names),
            *((tx(f"verdict.{verdict}"), *(count[verdict] for count in counts)) for verdict in counts[0]),
        ]
        done = tx("cli.simulate.done", rows=data["rows"], seconds=data["seconds"])
        return [
            done,
            *columns(table),
            *([tx("cli.simulate.moved", n=data["moved"])] if before else []),
            *_cost_lines(more, tx),
            *_curve_lines(curve, tx),
        ]

    return Answer(json=lambda tx: data, lines=lines)


def _replay(arguments: Namespace) -> Answer:
    """The shop's own requests: beside B, or beside what is in force."""
    from core.cli.opening import opened
    from core.domain import effects
    from core.domain.actors import SYSTEM
    from core.services import policies, replay

    after, app = documents.policy(arguments.policy), opened()
    since = arguments.since or app.now() - YEAR
    before = policies.current(app)[1] if arguments.against is None else documents.policy(arguments.against)
    sent = replay.sent_since(app, SYSTEM, since)
    started = time.perf_counter()
    found = replay.replay(sent, before, after)
    data = {
        "rows": len(sent.history),
        "seconds": round(time.perf_counter() - started, 3),
        "verdicts": found.after.verdicts(),
        "against": found.before.verdicts(),
        "moved": sum(move.rows for move in found.moves),
        "since": since.isoformat(),
        "moves": [
            {
                "before": move.before,
                "after": move.after,
                "rows": move.rows,
                "asked_minor": move.asked_minor,
                "cases": list(move.case_nos),
            }
            for move in found.moves
        ],
    }
    more, minutes = None, 0
    if arguments.costs:
        more = effects.compare(sent.history, found.was, found.will)
        minutes = replay.handling(app, SYSTEM, since).minutes
        data["costs"] = _costs(more) | {"minutes_per_decision": minutes}
    curve = _curve(arguments, sent.history, sent.seen, data)

    def lines(tx: Texts) -> list[str]:
        was, will = found.before.verdicts(), found.after.verdicts()
        table = [("", after.name, before.name), *((tx(f"verdict.{v}"), will[v], was[v]) for v in will)]
        moves = [
            tx(
                "cli.replay.move",
                before=tx(f"verdict.{move.before}"),
                after=tx(f"verdict.{move.after}"),
                n=move.rows,
                asked=tx.list(tx.money(minor, currency) for currency, minor in move.asked_minor.items()),
                cases=tx.list(move.case_nos),
            )
            for move in found.moves
        ]
        done = tx("cli.replay.done", rows=data["rows"], since=tx.day_long(since))
        costs = [*_cost_lines(more, tx, minutes), *_curve_lines(curve, tx)]
        return [done, *columns(table), *moves, tx("cli.replay.never_sent"), *costs]

    return Answer(json=lambda tx: data, lines=lines)


def _heads(arguments: Namespace, policy: Policy, other: Policy | None) -> list[str]:
    """What stands over the columns: the policy's name, and which file where both have the same one."""
    if other is None:
        return [policy.name]
    if policy.name != other.name:
        return [f"A {policy.name}", f"B {other.name}"]
    return [f"A {policy.name} ({arguments.policy})", f"B {other.name} ({arguments.against})"]


def _costs(found: Compared) -> dict[str, Any]:
    return {
        "refund_minor": {currency: asdict(change) for currency, change in found.refund.items()},
        "fee_minor": {currency: asdict(change) for currency, change in found.fee.items()},
        "people": asdict(found.people),
        "unknown": list(found.unknown),
        "draws": found.draws,
    }


def _cost_lines(found: Compared | None, tx: Texts, minutes: int = 0) -> list[str]:
    """Money and people's work, before and after; a total that is not known is a range."""
    if found is None:
        return []

    def line(what: str, change: Change, said: Any) -> tuple[str, ...]:
        def span(each: Span) -> str:
            return said(each.least) if each.least == each.most else f"{said(each.least)} … {said(each.most)}"

        far = f"{said(change.difference.low)} … {said(change.difference.high)}"
        return (what, span(change.before), span(change.after), span(change.difference), far)

    names = ("lab.col.before", "lab.col.after", "lab.col.difference", "cli.costs.interval")
    rows: list[tuple[str, ...]] = [("", *map(tx, names))]
    for currency in found.refund:
        for name, changes in (("refund", found.refund), ("fee", found.fee)):
            title = f"{tx(f'cli.costs.{name}')} {currency}"
            rows.append(line(title, changes[currency], lambda minor, of=currency: tx.money(minor, of)))
    rows.append(line(tx("cli.costs.people"), found.people, str))
    if minutes:
        rows.append(
            line(tx("cli.costs.hours", n=minutes), found.people, lambda each: f"{each * minutes / 60:.1f}")
        )
    was, now = found.unknown
    return [*columns(rows), *([tx("cli.costs.unknown", was=was, now=now)] if was or now else [])]


def _curve(
    arguments: Namespace, history: History, seen: Seen, data: dict[str, Any]
) -> tuple[str, tuple[Point, ...]] | None:
    """The points of `--sweep`, which go into `data`; `Usage` for a form that is none."""
    if arguments.sweep is None:
        return None
    from core.domain import spots, sweep

    asked = _SWEEP.fullmatch(arguments.sweep)
    if asked is None:
        raise Usage("cli.usage.sweep", value=arguments.sweep[:60])
    text = documents.document(arguments.policy)
    path = spots.path_of(spots.read(text), asked[1])
    points = sweep.sweep(history, seen, text, path, sweep.values(*map(int, asked.group(2, 3, 4))))
    data["sweep"] = {"place": asked[1], "points": [sweep.as_dict(point) for point in points]}
    return asked[1], points


def _curve_lines(curve: tuple[str, tuple[Point, ...]] | None, tx: Texts) -> list[str]:
    if curve is None:
        return []
    place, points = curve
    heads = (place, tx("cli.costs.refund"), tx("cli.costs.people"), tx("cli.sweep.moved"))
    rows: list[tuple[object, ...]] = [heads]
    for point in points:
        money = tx.list(
            tx.money(least, currency)
            if least == most
            else f"{tx.money(least, currency)} … {tx.money(most, currency)}"
            for currency, (least, most) in point.refund.items()
        )
        least, most = point.people
        work = str(least) if least == most else f"{least} … {most}"
        rows.append((f"{point.value}{' ←' if point.is_current else ''}", money, work, point.moved))
    return columns(rows)
