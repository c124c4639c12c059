"""Commands about rules, without a database: the lifecycle tables, one decision, a replay."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.answer import AddCommand, Answer, columns
from core.domain.errors import FactsInvalid, PolicyInvalid

if TYPE_CHECKING:
    from core.domain.eligibility import Assessment
    from core.domain.facts import Facts
    from core.domain.policy import Policy
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
        lines=lambda tx: _sentences(found, facts, policy, tx),
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
        names = [policy.name, *([other.name] if other else [])]
        counts = [outcome.verdicts(), *([before.verdicts()] if before else [])]
        table = [
            ("", *names),
            *((tx(f"verdict.{verdict}"), *(count[verdict] for count in counts)) for verdict in counts[0]),
        ]
        done = tx("cli.simulate.done", rows=data["rows"], seconds=data["seconds"])
        return [done, *columns(table), *([tx("cli.simulate.moved", n=data["moved"])] if before else [])]

    return Answer(json=lambda tx: data, lines=lines)


def _facts(name: str) -> Facts:
    """The facts of a file; `-` is standard input."""
    from core.domain.facts import Facts

    try:
        return Facts.from_dict(json.loads(_text(name)))
    except RecursionError:
        problem = "nested too deeply"
    except (ValueError, TypeError, AttributeError, OverflowError) as error:  # JSON errors are ValueErrors
        problem = str(error)
    raise FactsInvalid(problem=problem[:300]) from None


def _policy(name: str) -> Policy:
    """A shipped policy by its name, or the document of a file."""
    from core.domain import policy

    if name in policy.SHIPPED:
        return policy.load(policy.shipped(name))
    try:
        return policy.load(_text(name))
    except UnicodeDecodeError:
        raise PolicyInvalid(problems=["not text in UTF-8"]) from None


def _text(name: str) -> str:
    if name == "-":
        return sys.stdin.read(LARGEST_FILE)
    with Path(name).open("rb") as file:
        return file.read(LARGEST_FILE).decode("utf-8-sig")


def _sentences(found: Assessment, facts: Facts, policy: Policy, tx: Texts) -> list[str]:
    """Verdict, rule and money, the way a customer would read them; then what stood in each rule's way."""
    from core import wording

    lines = [
        tx("cli.decide.policy", name=policy.name),
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
        (trace.rule, tx(f"verdict.{trace.verdict}"), tx.list(tx(f"column.{name}") for name in trace.why_not))
        for trace in found.traces
        if trace.rule != found.rule
    ]
    return [*lines, tx("cli.decide.why_not"), *(f"  {line}" for line in columns(why_not))]
