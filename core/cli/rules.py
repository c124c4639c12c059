"""Commands about rules: the lifecycle tables, one decision, a replay."""

from __future__ import annotations

import time
from argparse import Namespace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli import documents
from core.cli.answer import AddCommand, Answer, columns, instant

if TYPE_CHECKING:
    from core.domain.eligibility import Assessment
    from core.domain.facts import Facts
    from core.domain.policy import Policy
    from core.domain.why_nots import Trace
    from core.texts import Texts


YEAR: Final = timedelta(days=365)


def add_commands(add: AddCommand, tx: Texts) -> None:
    add("lifecycle", lifecycle, tx("cli.help.lifecycle"))

    command = add("decide", decide, tx("cli.help.decide"))
    command.add_argument("--facts", required=True, metavar="FILE", help=tx("cli.help.facts_file"))
    command.add_argument("--policy", default="standard", metavar="FILE", help=tx("cli.help.policy"))

    command = add("compare", compare, tx("cli.help.compare"))
    command.add_argument("before", metavar="A", help=tx("cli.help.policy"))
    command.add_argument("after", metavar="B", help=tx("cli.help.policy"))

    command = add("simulate", simulate, tx("cli.help.simulate"))
    command.add_argument("--policy", required=True, metavar="A", help=tx("cli.help.policy"))
    command.add_argument("--against", metavar="B", help=tx("cli.help.against"))
    command.add_argument("--orders", metavar="FILE", help=tx("cli.help.orders_file"))
    command.add_argument("--since", type=instant, metavar="ISO", help=tx("cli.help.since"))


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

    policy = documents.policy(arguments.policy)
    facts = documents.facts(arguments.facts)
    found = assess(facts, policy, china())
    return Answer(
        json=lambda tx: {"policy": policy.name, **found.as_dict()},
        lines=lambda tx: [
            tx("cli.decide.policy", name=documents.title(policy, tx), file=arguments.policy),
            *_sentences(found, facts, policy, tx),
        ],
    )


def compare(arguments: Namespace) -> Answer:
    """What the second policy answers otherwise, as kinds of orders, and the figures that it moves."""
    from core import policy_words
    from core.domain.policy_changes import changes

    found = changes(documents.policy(arguments.before), documents.policy(arguments.after))
    data = {
        "moves": [
            {
                "before": move.before,
                "after": move.after,
                "orders": {column: [test.written() for test in tests] for column, tests in move.region},
                "rules": [list(pair) for pair in move.rules],
                "example": move.example,
            }
            for move in found.moves
        ],
        "figures": {figure.place: [figure.before, figure.after] for figure in (*found.figures, *found.fees)},
        "checklists": list(found.checklists),
    }
    return Answer(json=lambda tx: data, lines=lambda tx: _changed(policy_words.changed(found, tx)))


def _changed(parts: list[tuple[str, list[str]]]) -> list[str]:
    return [line for title, lines in parts for line in (title, *(f"  · {each}" for each in lines))]


def simulate(arguments: Namespace) -> Answer:
    """A replay: of a file of facts, or of what customers asked for here."""
    if arguments.orders is None:
        return _replay(arguments)
    from core.adapters import history
    from core.domain import simulation

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


def _replay(arguments: Namespace) -> Answer:
    """The shop's own requests: beside B, or beside what is in force."""
    from core.cli.opening import opened
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
        return [done, *columns(table), *moves, tx("cli.replay.never_sent")]

    return Answer(json=lambda tx: data, lines=lines)


def _heads(arguments: Namespace, policy: Policy, other: Policy | None) -> list[str]:
    """What stands over the columns: the policy's name, and which file where both have the same one."""
    if other is None:
        return [policy.name]
    if policy.name != other.name:
        return [f"A {policy.name}", f"B {other.name}"]
    return [f"A {policy.name} ({arguments.policy})", f"B {other.name} ({arguments.against})"]


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
