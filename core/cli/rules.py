"""Commands about rules: the lifecycle tables, one decision, a replay, putting a changed policy in force."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import MISSING, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.answer import AddCommand, Answer, columns, instant
from core.domain.errors import FactsInvalid, PolicyInvalid
from core.domain.slips import Slip

if TYPE_CHECKING:
    from core.domain.eligibility import Assessment
    from core.domain.facts import Facts
    from core.domain.policy import Policy
    from core.domain.why_nots import Trace
    from core.texts import Texts

LARGEST_FILE = 5_000_000  # bytes of a facts or policy file; a real one has a few thousand


def add_commands(add: AddCommand, tx: Texts) -> None:
    add("lifecycle", lifecycle, tx("cli.help.lifecycle"))

    command = add("decide", decide, tx("cli.help.decide"))
    command.add_argument("--facts", required=True, metavar="FILE", help=tx("cli.help.facts_file"))
    command.add_argument("--policy", default="standard", metavar="FILE", help=tx("cli.help.policy"))

    command = add("simulate", simulate, tx("cli.help.simulate"))
    command.add_argument("--policy", required=True, metavar="A", help=tx("cli.help.policy"))
    command.add_argument("--against", metavar="B", help=tx("cli.help.against"))
    command.add_argument("--orders", required=True, metavar="FILE", help=tx("cli.help.orders_file"))

    command = add("publish", publish, tx("cli.help.publish"))
    command.add_argument("file", metavar="FILE", help=tx("cli.help.policy"))
    command.add_argument("--author", metavar="ID", required=True, help=tx("cli.help.author"))
    command.add_argument("--approver", metavar="ID", required=True, help=tx("cli.help.approver"))
    command.add_argument("--from", dest="start", type=instant, metavar="ISO", help=tx("cli.help.from"))
    command.add_argument("--dry-run", action="store_true", help=tx("cli.help.dry_run"))


def publish(arguments: Namespace) -> Answer:
    """Check a document, say what the analysis found, and put it in force from now or later."""
    from core.cli import findings
    from core.cli.opening import opened
    from core.domain.actors import same_person
    from core.domain.analysis import analyse
    from core.domain.errors import NotFound, SamePerson
    from core.services import policies

    if same_person(arguments.author, arguments.approver):
        raise SamePerson()
    document = _document(arguments.file)
    found = analyse(policy := _loaded(document))
    data: dict[str, Any] = {
        "name": policy.name,
        "version": None,
        "in_force_from": None,
        "dead": [dead.rule for dead in found.dead],
        "gaps": [dict(gap.example) for gap in found.gaps],
        "contradictions": [[item.code, item.rule] for item in found.contradictions],
        "overlaps": [[item.first, item.second] for item in found.overlaps if not item.is_exception],
        "displaces": None,
        "followed_by": None,
    }
    start, after = None, None
    if not arguments.dry_run:
        app = opened()
        with app.begin() as conn:
            with suppress(NotFound):
                data["displaces"] = policies.in_force(app, conn, arguments.start or app.now())[0]
            data["version"] = policies.publish(
                app,
                conn,
                document,
                author=arguments.author,
                approved_by=arguments.approver,
                in_force_from=arguments.start,
            )
            start = policies.begins(conn, data["version"])
            after = policies.next_after(conn, start)
        data["in_force_from"] = start.isoformat()
        data["followed_by"] = after and after[0]

    def lines(tx: Texts) -> list[str]:
        said = findings.said(found, policy, tx)
        if start is None:
            return [*said, tx("cli.publish.checked", name=_title(policy, tx))]
        said.append(tx("cli.publish.done", name=_title(policy, tx), version=data["version"]))
        said.append(tx("cli.publish.from", at=_moment(start, tx)))
        if data["displaces"] is not None:
            said.append(tx("cli.publish.displaces", version=data["displaces"]))
        if after is not None:
            said.append(tx("cli.publish.followed", version=after[0], at=_moment(after[1], tx)))
        return said

    return Answer(json=lambda tx: data, lines=lines)


def _moment(at: datetime, tx: Texts) -> str:
    from core.domain.workdays import ZONE

    return f"{tx.day_long(at)} {at.astimezone(ZONE):%H:%M}"


def _title(policy: Policy, tx: Texts) -> str:
    return policy.titles["en" if tx.language == "en" else "zh"]


def lifecycle(arguments: Namespace) -> Answer:
    from core.domain.lifecycle import MACHINES

    rows = [
        {
            "machine": machine.name,
            "source": row.source,
            "event": row.event,
            "roles": list(row.roles),
            "target": row.target,
        }
        for machine in MACHINES
        for row in machine.rows
    ]
    return Answer(
        json=lambda tx: rows,
        lines=lambda tx: columns(
            (row["machine"], row["source"], row["event"], "→ " + str(row["target"]), " ".join(row["roles"]))
            for row in rows
        ),
    )


def decide(arguments: Namespace) -> Answer:
    from core.domain.eligibility import assess
    from core.domain.workdays import china

    policy = _policy(arguments.policy)
    facts = _facts(arguments.facts)
    found = assess(facts, policy, china())
    return Answer(
        json=lambda tx: {"policy": policy.name, **found.as_dict()},
        lines=lambda tx: [
            tx("cli.decide.policy", name=_title(policy, tx), file=arguments.policy),
            *_sentences(found, facts, policy, tx),
        ],
    )


def simulate(arguments: Namespace) -> Answer:
    from core.adapters import history
    from core.domain import simulation

    policy = _policy(arguments.policy)
    other = None if arguments.against is None else _policy(arguments.against)
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

    def lines(tx: Texts) -> list[str]:
        names = _heads(arguments, policy, other)
        counts = [outcome.verdicts(), *([before.verdicts()] if before else [])]
        table = [
            ("", *names),
            *((tx(f"verdict.{verdict}"), *(count[verdict] for count in counts)) for verdict in counts[0]),
        ]
        done = tx("cli.simulate.done", rows=data["rows"], seconds=data["seconds"])
        return [done, *columns(table), *([tx("cli.simulate.moved", n=data["moved"])] if before else [])]

    return Answer(json=lambda tx: data, lines=lines)


def _heads(arguments: Namespace, policy: Policy, other: Policy | None) -> list[str]:
    """What stands over the columns: the policy's name, and which file where both have the same one."""
    if other is None:
        return [policy.name]
    if policy.name != other.name:
        return [f"A {policy.name}", f"B {other.name}"]
    return [f"A {policy.name} ({arguments.policy})", f"B {other.name} ({arguments.against})"]


def _facts(name: str) -> Facts:
    """The facts of a file; `-` is standard input."""
    from core.domain.facts import Facts

    try:
        data = json.loads(_text(name))
        slips = list(_wrong_names(data))
        if not slips:
            return Facts.from_dict(data)
    except RecursionError:
        slips = [Slip("too_deep")]
    except UnicodeDecodeError:
        slips = [Slip("not_utf8")]
    except json.JSONDecodeError as error:
        slips = [Slip("not_json", line=error.lineno, column=error.colno)]
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        slips = [Slip("fact", problem=str(error)[:300])]
    raise FactsInvalid(problem=[slip.as_dict() for slip in slips]) from None


def _wrong_names(data: Any) -> Iterator[Slip]:
    """Facts that nobody knows and facts that are missing, of the order and of its payments."""
    from core.domain.facts import Facts, Tender

    tenders = data.get("tenders") if isinstance(data, dict) else None
    parts: list[tuple[str, Any, type]] = [("", data, Facts)]
    if isinstance(tenders, list):
        parts += [(f"tenders.{number}.", each, Tender) for number, each in enumerate(tenders, 1)]
    for place, part, kind in parts:
        if not isinstance(part, dict):
            yield Slip("fact", problem=f"{place or 'JSON'}: {{…}}")
            continue
        known = {field.name: field.default is MISSING for field in fields(kind)}
        for name in part.keys() - known.keys():
            yield Slip("unknown", f"{place}{name}"[:60], allowed=", ".join(known))
        for name, is_needed in known.items():
            if is_needed and name not in part:
                yield Slip("fact_missing", f"{place}{name}")


def _policy(name: str) -> Policy:
    """A shipped policy by its name, or the document of a file."""
    return _loaded(_document(name))


def _loaded(document: str) -> Policy:
    from core.domain import policy

    return policy.load(document)


def _document(name: str) -> str:
    from core.domain import policy

    if name in policy.SHIPPED:
        return policy.shipped(name)
    try:
        return _text(name)
    except UnicodeDecodeError:
        raise PolicyInvalid(problems=[{"code": "not_utf8", "place": ""}]) from None


def _text(name: str) -> str:
    if name == "-":
        return sys.stdin.read(LARGEST_FILE)
    with Path(name).open("rb") as file:
        return file.read(LARGEST_FILE).decode("utf-8-sig")


def _sentences(found: Assessment, facts: Facts, policy: Policy, tx: Texts) -> list[str]:
    """Verdict, rule and money, the way a customer would read them; then what stood in each rule's way."""
    from core import wording

    lines = [
        f"{tx(f'verdict.{found.verdict}')} · {found.rule}",
        wording.rule_sentence(tx, policy, found.rule, facts),
    ]
    if found.review_due is not None:
        due = found.review_due
        lines.append(tx("cli.decide.review_due", date=tx.date(due.at, facts.at, provisional=due.provisional)))
    if found.flip is not None:
        changes = [
            tx(
                "cli.decide.change",
                column=tx(f"column.{change.column}"),
                was=tx.value(change.column, change.was, facts.currency),
                to=tx.value(change.column, change.to, facts.currency),
            )
            for change in found.flip.changes
        ]
        lines.append(
            tx("cli.decide.flip", verdict=tx(f"verdict.{found.flip.verdict}"), changes=tx.list(changes))
        )
    for option in found.options:
        amounts = option.breakdown
        lines.append(
            tx(
                "cli.decide.option",
                route=tx(f"route.{option.route}"),
                refund=tx.money(amounts.refund, facts.currency),
                fee=tx.money(amounts.fee, facts.currency),
                fx=tx.money(amounts.fx, facts.currency),
                date=tx.date(option.latest, facts.at, provisional=option.provisional),
            )
        )
    why_not = [
        (trace.rule, tx(f"verdict.{trace.verdict}"), _why_not(trace, found.rule, tx))
        for trace in found.traces
        if trace.rule != found.rule
    ]
    return [*lines, tx("cli.decide.why_not"), *(f"  {line}" for line in columns(why_not))]


def _why_not(trace: Trace, decided: str, tx: Texts) -> str:
    """The columns in the rule's way; where none is, what came before it, or a law above it."""
    if trace.why_not:
        return tx.list(tx(f"column.{name}") for name in trace.why_not)
    return tx("cli.decide.overruled" if trace.reached else "cli.decide.earlier", rule=decided)
