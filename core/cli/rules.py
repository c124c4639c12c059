"""Commands about rules: the lifecycle tables, one decision, what two policies differ in."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from core.cli import documents
from core.cli.answer import AddCommand, Answer, columns

if TYPE_CHECKING:
    from core.domain.eligibility import Assessment
    from core.domain.facts import Facts
    from core.domain.policy import Policy
    from core.domain.why_nots import Trace
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    add("lifecycle", lifecycle, tx("cli.help.lifecycle"))

    command = add("decide", decide, tx("cli.help.decide"))
    command.add_argument("--facts", required=True, metavar="FILE", help=tx("cli.help.facts_file"))
    command.add_argument("--policy", default="standard", metavar="FILE", help=tx("cli.help.policy"))

    command = add("compare", compare, tx("cli.help.compare"))
    command.add_argument("before", metavar="A", help=tx("cli.help.policy"))
    command.add_argument("after", metavar="B", help=tx("cli.help.policy"))


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
