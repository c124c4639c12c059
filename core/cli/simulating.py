"""A policy over a history: verdicts, what it costs, and one figure through a range."""

from __future__ import annotations

import re
import time
from argparse import Namespace
from collections.abc import Mapping
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
    if other is not None:
        data["arrives"] = {name: asdict(part) for name, part in (("less", found.less), ("more", found.more))}
    costs, curve = found.costs, None
    if costs is not None:
        data["costs"] = _costs(costs)
    if question.swept is not None:
        curve = _told(arguments, found.curve, data)

    def lines(tx: Texts) -> list[str]:
        heads = _heads(arguments, tx, None)
        counts = [count for count in (found.by_verdict_before, found.by_verdict) if count]
        table = [
            ("", *heads[-len(counts) :]),
            *((tx(f"verdict.{verdict}"), *(count[verdict] for count in counts)) for verdict in counts[0]),
        ]
        done = tx("cli.simulate.done", rows=data["rows"], seconds=data["seconds"])
        arrives = [
            _arrives(tx, name, part.rows, part.minor)
            for name, part in (("less", found.less), ("more", found.more))
            if part.rows
        ]
        return [
            done,
            *columns(table),
            *([] if other is None else [tx("cli.simulate.moved", n=data["moved"])]),
            *arrives,
            *_cost_lines(costs, tx, heads if other is not None else None),
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
    version, before = policies.current(app)
    if arguments.against is not None:
        before = documents.policy(arguments.against)
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
    paid = dict(zip(("less", "more"), effects.paid(sent.history, found.was, found.will), strict=True))
    cases = {
        name: list(dict.fromkeys(sent.case_nos[row] for row in part.rows[: replay.SHOWN]))
        for name, part in paid.items()
    }
    data["arrives"] = {
        name: {"rows": len(part.rows), "minor": part.minor, "cases": cases[name]}
        for name, part in paid.items()
    }
    more, minutes = None, 0
    if arguments.costs:
        more = effects.compare(sent.history, found.was, found.will)
        minutes = handling.measured(app, SYSTEM, since).minutes
        data["costs"] = _costs(more) | {"minutes_per_decision": minutes}
    curve = _curve(arguments, sent.history, sent.seen, data)

    def lines(tx: Texts) -> list[str]:
        was, will = found.before.verdicts(), found.after.verdicts()
        heads = _heads(arguments, tx, version)
        table = [("", *heads), *((tx(f"verdict.{v}"), was[v], will[v]) for v in will)]
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
        if not data["rows"]:
            return [tx("cli.replay.nothing", since=tx.day_long(since))]
        done = tx("cli.replay.done", rows=data["rows"], since=tx.day_long(since))
        arrives = [
            tx(
                "cli.simulate.such_as",
                said=_arrives(tx, name, len(part.rows), part.minor),
                cases=tx.list(cases[name]),
            )
            for name, part in paid.items()
            if part.minor
        ]
        costs = [*_cost_lines(more, tx, heads, minutes), *_curve_lines(curve, tx)]
        return [done, *columns(table), *moves, *arrives, tx("cli.replay.never_sent"), *costs]

    return Answer(json=lambda tx: data, lines=lines)


def _heads(arguments: Namespace, tx: Texts, version: int | None) -> tuple[str, str]:
    """What stands over the columns: what is there, in force as `version` or named, then what is tried."""
    this = tx("cli.simulate.this", name=arguments.policy)
    if arguments.against is None:
        return tx("cli.simulate.in_force", version=version), this
    return tx("cli.simulate.beside", name=arguments.against), this


def _arrives(tx: Texts, name: str, rows: int, minor: Mapping[str, int]) -> str:
    """Of how many requests `less` or `more` arrives."""
    money = tx.list(tx.money(each, currency) for currency, each in minor.items())
    return tx(f"cli.simulate.{name}", n=rows, money=money)


def _costs(found: Compared) -> dict[str, Any]:
    return {
        "refund_minor": {currency: asdict(change) for currency, change in found.refund.items()},
        "fee_minor": {currency: asdict(change) for currency, change in found.fee.items()},
        "people": asdict(found.people),
        "unknown": list(found.unknown),
        "draws": found.draws,
    }


def _cost_lines(
    found: Compared | None, tx: Texts, heads: tuple[str, str] | None, minutes: int = 0
) -> list[str]:
    """Money and people's work, before and after; a total that is not known is a range. `heads`: of both
    columns, None for a policy beside nothing.
    """
    if found is None:
        return []
    heads = heads or (tx("lab.col.before"), tx("lab.col.after"))

    def line(what: str, change: Change, said: Any) -> tuple[str, ...]:
        def span(each: Span) -> str:
            return said(each.least) if each.least == each.most else f"{said(each.least)} … {said(each.most)}"

        far = f"{said(change.difference.low)} … {said(change.difference.high)}"
        return (what, span(change.before), span(change.after), span(change.difference), far)

    rows: list[tuple[str, ...]] = [("", *heads, tx("lab.col.difference"), tx("cli.costs.interval"))]
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
    unknown = tx("cli.costs.unknown", before=heads[0], was=was, after=heads[1], now=now)
    return [*columns(rows), *([unknown] if was or now else [])]


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
