"""`credit`: an account's points and what they come from, as their owner sees them."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from core.cli.answer import AddCommand, Answer, columns
from core.cli.opening import opened
from core.domain.actors import SYSTEM

if TYPE_CHECKING:
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("credit", credit, tx("cli.help.credit"))
    command.add_argument("customer", metavar="ID", help=tx("cli.help.customer"))


def credit(arguments: Namespace) -> Answer:
    from core.services import credit as service

    app = opened()
    account = service.account(app, SYSTEM, arguments.customer)
    now = app.now()
    data = {
        "customer_id": account.customer_id,
        "points": account.points,
        "next_at": account.next_at.isoformat() if account.next_at else None,
        "entries": [
            {
                "id": entry.id,
                "at": entry.at.isoformat(),
                "points": entry.points,
                "rule": entry.rule,
                "case_no": entry.case_no,
                "made_by": entry.made_by,
                "appeal": entry.appeal,
            }
            for entry in account.entries
        ],
    }

    def lines(tx: Texts) -> list[str]:
        rows = [
            (
                tx.when(entry.at, now),
                f"{entry.points:+d}",
                tx(f"credit.rule.{entry.rule}"),
                entry.case_no,
                tx(f"credit.appeal.{entry.appeal}", by="") if entry.appeal in ("granted", "refused") else "",
            )
            for entry in account.entries
        ]
        return [tx("cli.credit.points", n=account.points), *(columns(rows) or [tx("credit.none")])]

    return Answer(json=lambda tx: data, lines=lines)
