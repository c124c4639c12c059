"""`facts`: what `decide` and `simulate` work on: of a stored order, an example, or a made-up history."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.answer import AddCommand, Answer, Usage, count, minor
from core.cli.opening import opened
from core.domain.actors import SYSTEM
from core.domain.errors import ReasonInvalid
from core.domain.facts import REASONS

if TYPE_CHECKING:
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("facts", facts, tx("cli.help.facts"))
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--order", metavar="NO", help=tx("cli.help.facts_order"))
    which.add_argument("--example", action="store_true", help=tx("cli.help.facts_example"))
    which.add_argument("--rows", type=count, metavar="N", help=tx("cli.help.rows"))
    command.add_argument("--out", metavar="FILE", help=tx("cli.help.out"))
    command.add_argument(
        "--reason", default=REASONS[0], metavar="R", help=tx("cli.help.reason", reasons=", ".join(REASONS))
    )
    command.add_argument("--amount-minor", metavar="N", help=tx("cli.help.facts_amount"))


def facts(arguments: Namespace) -> Answer:
    if (arguments.rows is None) != (arguments.out is None):
        raise Usage("cli.usage.rows_and_out")
    if arguments.rows is not None:
        return _history(arguments.rows, Path(arguments.out))
    found = _example() if arguments.example else _of_order(arguments)
    return Answer(json=lambda tx: found, lines=lambda tx: _indented(found))


def _history(rows: int, path: Path) -> Answer:
    from core.adapters import history

    path.open("wb").close()  # before the work
    history.write_parts(history.made_up(rows), path)
    data = {"rows": rows, "file": str(path), "bytes": path.stat().st_size}
    return Answer(json=lambda tx: data, lines=lambda tx: [tx("cli.facts.done", **data)])


def _of_order(arguments: Namespace) -> dict[str, Any]:
    """As the rules would see a claim on it now, without evidence."""
    from core.services import orders, policies

    if arguments.reason not in REASONS:
        raise ReasonInvalid(reason=arguments.reason[:40])
    app = opened()
    order = orders.get(app, SYSTEM, arguments.order)
    wanted = order.refundable_minor if arguments.amount_minor is None else minor(arguments.amount_minor)
    now = app.now()
    with app.read() as conn:
        _, policy = policies.in_force(app, conn, now)
        found = orders.facts_for(
            conn,
            order.order_no,
            reason=arguments.reason,
            requested_minor=wanted,
            evidence=(),
            policy=policy,
            at=now,
        )
    return found.as_dict()


def _example() -> dict[str, Any]:
    """Every field that a facts file may have, on an order that was paid in two ways."""
    from datetime import datetime, timedelta

    from core.domain.facts import Facts, Tender
    from core.domain.workdays import ZONE

    paid_at = datetime(2026, 9, 1, 10, 0, tzinfo=ZONE)
    found = Facts(
        at=paid_at + timedelta(days=2),
        reason="not_as_described",
        kind="game_card",
        delivery="code_viewed",
        paid_at=paid_at,
        currency="CNY",
        requested_minor=1800,
        tenders=(
            Tender(payment_id=1, channel="alipay", paid_minor=1500, refundable_minor=1500, paid_at=paid_at),
            Tender(payment_id=2, channel="balance", paid_minor=300, refundable_minor=300, paid_at=paid_at),
        ),
        delivery_at=paid_at + timedelta(minutes=5),
        completed_at=paid_at + timedelta(minutes=5),
        evidence=frozenset({"product_page", "product_shown"}),
    )
    return found.as_dict()


def _indented(found: dict[str, Any]) -> list[str]:
    return json.dumps(found, ensure_ascii=False, indent=2).split("\n")
