"""Commands about what comes in: orders and bills."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import texts
from core.cli.answer import AddCommand, Answer, columns, count
from core.cli.opening import opened
from core.domain.actors import SYSTEM

if TYPE_CHECKING:
    from core.texts import Texts


LIMIT = 10_000


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("import-orders", import_orders, tx("cli.help.import_orders"))
    command.add_argument("file", metavar="FILE", help=tx("cli.help.orders_source"))
    command.add_argument("--mapping", metavar="FILE", help=tx("cli.help.mapping"))
    command.add_argument("--dry-run", action="store_true", help=tx("cli.help.dry_run"))

    command = add("orders", orders, tx("cli.help.orders"))
    command.add_argument("--customer", metavar="ID", help=tx("cli.help.customer"))
    command.add_argument("--limit", type=count, default=LIMIT, metavar="N", help=tx("cli.help.limit"))


def import_orders(arguments: Namespace) -> Answer:
    from core.services import order_intake

    Path(arguments.file).open("rb").close()  # not there is something else than not recognised
    found = order_intake.import_orders(opened(), arguments.file, arguments.mapping, arguments.dry_run)

    def data(tx: Texts) -> dict[str, Any]:
        return {
            "kind": found.kind,
            "rows": found.rows,
            "imported": found.imported,
            "updated": found.updated,
            "unchanged": found.unchanged,
            "skipped": found.skipped,
            "errors": [
                {
                    "line": problem.line,
                    "code": problem.code,
                    "message": tx(f"import_problem.{problem.code}", **problem.params),
                }
                for problem in found.errors
            ],
            "error_count": found.error_count,
            "orders": found.orders,
            "refunds": {
                "rows": found.refunds,
                "matched": found.refunds_matched,
                "ours": found.refunds_ours,
                "unmatched": found.refunds_unmatched,
            },
            "notices": [
                {"code": notice.code, "message": tx(f"import_notice.{notice.code}", **notice.params)}
                for notice in found.notices
            ],
            "dry_run": found.dry_run,
        }

    def lines(tx: Texts) -> Iterator[str]:
        told = data(tx)
        for problem in told["errors"]:
            yield tx("cli.import.line", line=problem["line"], message=problem["message"])
        for notice in told["notices"]:
            yield notice["message"]
        for refund in found.unmatched:
            amount = tx.money(refund.amount_minor, refund.currency)
            yield tx("cli.import.unmatched", line=refund.line, trade_no=refund.trade_no, amount=amount)
        if found.error_count:
            yield tx("cli.import.refused", n=found.error_count)
            return
        yield tx("cli.import.done", **told)
        if found.refunds:
            yield tx("cli.import.refunds", **told["refunds"])
        if found.dry_run:
            yield tx("cli.import.dry")

    return Answer(json=data, lines=lines, found=bool(found.error_count))


def orders(arguments: Namespace) -> Answer:
    from core.services import orders as shop

    app = opened()
    found = shop.list_for(app, SYSTEM, customer_id=arguments.customer, limit=arguments.limit)
    if len(found) == arguments.limit:
        print(texts.of(arguments.lang)("cli.orders.more", n=len(found)), file=sys.stderr)
    now = app.now()

    def lines(tx: Texts) -> list[str]:
        rows = [
            (
                order.order_no,
                order.customer_id,
                order.product,
                tx.money(order.amount_minor, order.currency),
                tx(f"delivery.{order.delivery}") if order.delivery_known else "",
                tx.when(order.completed_at, now) if order.completed_at else "",
                tx.money(order.refundable_minor, order.currency),
            )
            for order in found
        ]
        head = ("order", "customer", "product", "amount", "delivery", "completed", "refundable")
        return (
            columns([tuple(tx(f"cli.head.{name}") for name in head), *rows])
            if rows
            else [tx("cli.orders.none")]
        )

    return Answer(
        json=lambda tx: [
            {
                "order_no": order.order_no,
                "customer_id": order.customer_id,
                "product": order.product,
                "amount_minor": order.amount_minor,
                "currency": order.currency,
                "delivery": order.delivery,
                "completed_at": order.completed_at.isoformat() if order.completed_at else None,
                "refundable_minor": order.refundable_minor,
            }
            for order in found
        ],
        lines=lines,
    )
