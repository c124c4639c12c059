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
    from core.domain.bulk import Partial, Question
    from core.domain.effects import Seen
    from core.domain.history import History
    from core.domain.spans import Change, Span
    from core.domain.spots import Path as SpotPath
    from core.domain.sweep import Point
    from core.domain.tallies import Compared
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
    command.add_argument("--scheduler", metavar="ADDRESS", help=tx("cli.help.scheduler"))
    command.add_argument("--costs", action="store_true", help=tx("cli.help.costs"))
    command.add_argument("--sweep", metavar="PATH=FROM:TO:STEP", help=tx("cli.help.sweep"))


def simulate(arguments: Namespace) -> Answer:
    """A replay: of a file of facts, or of what customers asked for here."""
    if arguments.orders is None:
        if arguments.scheduler is not None:
            raise Usage("cli.usage.scheduler")
        return _replay(arguments)
    from core.domain import bulk

    policy, other = documents.document(arguments.policy), None
    if arguments.against is not None:
        other = documents.document(arguments.against)
    question = bulk.Question(policy, other, arguments.costs, _swept(arguments, policy))
    started = time.perf_counter()
    found = _of_file(arguments, question)
    data: dict[str, Any] = {"rows": found.rows, "seconds": round(time.perf_counter() - started, 3)}
    data["verdicts"] = found.by_verdict
    data["against"] = found.by_verdict_before
    data["moved"] = None if other is None else found.moved
    costs, curve = found.costs, None
    if costs is not None:
        data["costs"] = _costs(costs)
    if question.swept is not None:
        curve = _told(arguments, found.curve, data)

    def lines(tx: Texts) -> list[str]:
        counts = [found.by_verdict, *([found.by_verdict_before] if found.by_verdict_before else [])]
        table = [
            ("", *_heads(arguments, policy, other)),
            *((tx(f"verdict.{verdict}"), *(count[verdict] for count in counts)) for verdict in counts[0]),
        ]
        done = tx("cli.simulate.done", rows=data["rows"], seconds=data["seconds"])
        return [
            done,
            *columns(table),
            *([] if other is None else [tx("cli.simulate.moved", n=data["moved"])]),
            *_cost_lines(costs, tx),
            *_curve_lines(curve, tx),
        ]

    return Answer(json=lambda tx: data, lines=lines)


def _of_file(arguments: Namespace, question: Question) -> Partial:
    """Part by part here, or on a cluster; the same answer."""
    from core.adapters import history
    from core.domain import bulk

    path = Path(arguments.orders)
    path.stat()  # not there is something else than not recognised
    if arguments.scheduler is not None:
        if history.is_csv(path):
            raise Usage("cli.usage.scheduler")
        from core.adapters import cluster

        return cluster.replay(arguments.scheduler, path, question)
    decide = bulk.replay(question)
    total, parts = history.parts(path)
    found = decide.nothing()
    for part in parts:
        found = found.merge(decide(part, found.rows, total))
    return found


def _replay(arguments: Namespace) -> Answer:
    """The shop's own requests: beside B, or beside what is in force."""
    from core.cli.opening import opened
    from core.domain import effects
    from core.domain.actors import SYSTEM
    from core.services import handling, policies, replay

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
        minutes = handling.measured(app, SYSTEM, since).minutes
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


def _heads(arguments: Namespace, policy: str, other: str | None) -> list[str]:
    """What stands over the columns: the policy's name, and which file where both have the same one."""
    from core.domain.policy import load

    name = load(policy).name
    if other is None:
        return [name]
    beside = load(other).name
    if name != beside:
        return [f"A {name}", f"B {beside}"]
    return [f"A {name} ({arguments.policy})", f"B {beside} ({arguments.against})"]


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


def _swept(arguments: Namespace, text: str) -> tuple[SpotPath, tuple[int, ...]] | None:
    """The figure of `--sweep` and its values; `Usage` for a form that is none."""
    if arguments.sweep is None:
        return None
    from core.domain import spots, sweep

    asked = _SWEEP.fullmatch(arguments.sweep)
    if asked is None:
        raise Usage("cli.usage.sweep", value=arguments.sweep[:60])
    return spots.path_of(spots.read(text), asked[1]), sweep.values(*map(int, asked.group(2, 3, 4)))


def _curve(
    arguments: Namespace, history: History, seen: Seen, data: dict[str, Any]
) -> tuple[str, tuple[Point, ...]] | None:
    """The points of `--sweep` over the shop's own requests, which go into `data`."""
    if arguments.sweep is None:
        return None
    from core.domain import sweep

    text = documents.document(arguments.policy)
    asked = _swept(arguments, text)
    assert asked is not None
    return _told(arguments, sweep.sweep(history, seen, text, *asked), data)


def _told(
    arguments: Namespace, points: tuple[Point, ...], data: dict[str, Any]
) -> tuple[str, tuple[Point, ...]]:
    from core.domain import sweep

    place = arguments.sweep.rsplit("=", 1)[0]
    data["sweep"] = {"place": place, "points": [sweep.as_dict(point) for point in points]}
    return place, points


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
