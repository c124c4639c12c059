"""`cases`: which refund requests there are, by state or as a queue of the desk, what is due first on top."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from core import texts
from core.cli.answer import AddCommand, Answer, columns, count
from core.cli.opening import opened
from core.domain.actors import SYSTEM, Actor
from core.domain.lifecycle import CASE

if TYPE_CHECKING:
    from core.app import App
    from core.services.case_views import CaseCard
    from core.services.queues import DeskCard
    from core.texts import Texts

# As in `services.queues`, which is too heavy to ask for each command's arguments.
QUEUES: Final = ("review", "second", "appeal", "arbitration", "talks", "transfers", "waiting")
LIMIT: Final = 10_000
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("cases", cases, tx("cli.help.cases"))
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--state", choices=CASE.states, metavar="S", help=tx("cli.help.state", states=", ".join(CASE.states))
    )
    which.add_argument(
        "--queue", choices=QUEUES, metavar="Q", help=tx("cli.help.queue", queues=", ".join(QUEUES))
    )
    command.add_argument("--limit", type=count, default=LIMIT, metavar="N", help=tx("cli.help.limit"))


def cases(arguments: Namespace) -> Answer:
    app = opened()
    found = _found(app, arguments)
    if len(found) > arguments.limit:
        print(texts.of(arguments.lang)("cli.cases.more", n=arguments.limit), file=sys.stderr)
    found = found[: arguments.limit]
    now = app.now()
    return Answer(
        json=lambda tx: [_as_json(card) for card in found],
        lines=lambda tx: _as_lines(found, tx, now),
    )


def _found(app: App, arguments: Namespace) -> list[CaseCard] | list[DeskCard]:
    """One more than asked for, where there are more."""
    if arguments.queue is not None:
        from core.services import queues

        role = next(queue.roles[0] for queue in queues.QUEUES if queue.name == arguments.queue)
        return queues.queue(app, Actor(role, SYSTEM.id), arguments.queue, limit=arguments.limit + 1)
    from core.services import cases

    states = None if arguments.state is None else (arguments.state,)
    # All of them, or what is due first might be among those that were left out.
    cards = cases.list_for(app, SYSTEM, states=states, limit=max(LIMIT, arguments.limit) + 1)
    return sorted(cards, key=lambda card: card.due_at or _NEVER)


def _as_json(card: CaseCard | DeskCard) -> dict[str, Any]:
    return {
        "case_no": card.case_no,
        "state": card.state,
        "due_at": card.due_at.isoformat() if card.due_at else None,
        "reason": card.reason,
        "requested_minor": card.requested_minor,
        "currency": card.currency,
        "order_no": card.order_no,
        "product": card.product,
        "customer_id": card.customer_id,
    }


def _as_lines(found: list[CaseCard] | list[DeskCard], tx: Texts, now: datetime) -> list[str]:
    if not found:
        return [tx("cli.cases.none")]
    rows = [
        (
            card.case_no,
            tx(f"state.{card.state}"),
            _due(card.due_at, tx, now),
            tx(f"reason_said.{card.reason}") if card.reason else "",
            "" if card.requested_minor is None else tx.money(card.requested_minor, card.currency),
            card.customer_id or tx("role.guest"),
            card.order_no,
            card.product,
        )
        for card in found
    ]
    head = ("case", "state", "due", "reason", "amount", "customer", "order", "product")
    return columns([tuple(tx(f"cli.head.{name}") for name in head), *rows])


def _due(at: datetime | None, tx: Texts, now: datetime) -> str:
    if at is None:
        return ""
    return tx("cli.cases.late", until=tx.until(at, now)) if at <= now else tx.until(at, now)
