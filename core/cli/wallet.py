"""Commands about what customers hold here: `balance`, `spend`, `vouchers`, `redeem`."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from core.cli.answer import AddCommand, Answer, columns, minor
from core.cli.opening import opened
from core.domain.actors import SYSTEM

if TYPE_CHECKING:
    from core.services.wallet import VoucherView
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("balance", balance, tx("cli.help.balance"))
    command.add_argument("customer", metavar="ID", help=tx("cli.help.customer"))

    command = add("spend", spend, tx("cli.help.spend"))
    command.add_argument("customer", metavar="ID", help=tx("cli.help.customer"))
    command.add_argument(
        "--amount-minor", type=minor, required=True, metavar="N", help=tx("cli.help.spend_amount")
    )
    command.add_argument("--key", required=True, metavar="KEY", help=tx("cli.help.spend_key"))
    command.add_argument("--what", default="", metavar="TEXT", help=tx("cli.help.spend_what"))

    command = add("vouchers", vouchers, tx("cli.help.vouchers"))
    command.add_argument("--customer", default="", metavar="ID", help=tx("cli.help.customer"))
    command.add_argument("--case", default="", metavar="NO", help=tx("cli.help.case_no"))

    command = add("redeem", redeem, tx("cli.help.redeem"))
    command.add_argument("code", metavar="CODE", help=tx("cli.help.redeem_code"))
    to = command.add_mutually_exclusive_group(required=True)
    to.add_argument("--customer", metavar="ID", help=tx("cli.help.redeem_customer"))
    to.add_argument("--key", metavar="KEY", help=tx("cli.help.spend_key"))
    command.add_argument(
        "--amount-minor", type=minor, default=0, metavar="N", help=tx("cli.help.redeem_amount")
    )


def balance(arguments: Namespace) -> Answer:
    from core.services import wallet

    app = opened()
    found = wallet.wallet(app, SYSTEM, arguments.customer)
    now = app.now()
    data = {
        "customer_id": found.customer_id,
        "totals": found.totals,
        "lots": [
            {
                "id": lot.id,
                "case_no": lot.case_no,
                "amount_minor": lot.amount_minor,
                "remaining_minor": lot.remaining_minor,
                "currency": lot.currency,
                "credited_at": lot.credited_at.isoformat(),
                "expires_at": lot.expires_at.isoformat(),
            }
            for lot in found.lots
        ],
        "history": [
            {
                "at": each.at.isoformat(),
                "kind": each.kind,
                "amount_minor": each.amount_minor,
                "currency": each.currency,
                "case_no": each.case_no,
                "what": each.what,
                "key": each.key,
            }
            for each in found.history
        ],
    }

    def lines(tx: Texts) -> list[str]:
        sums = [tx.money(total, currency) for currency, total in (found.totals or {"CNY": 0}).items()]
        rows = [
            (
                tx.money(lot.remaining_minor, lot.currency),
                tx("wallet.until", date=tx.day_long(lot.expires_at)),
                lot.case_no,
            )
            for lot in found.lots
        ]
        moved = [
            (
                tx.when(each.at, now),
                tx(f"wallet.did.{each.kind}"),
                tx.money(each.amount_minor, each.currency),
                each.what or each.key or each.case_no,
            )
            for each in found.history
        ]
        total = tx("cli.balance.total", customer=found.customer_id, amount=tx.list(sums))
        return [total, *columns(rows), *columns(moved)]

    return Answer(json=lambda tx: data, lines=lines)


def spend(arguments: Namespace) -> Answer:
    """The same key again gets the same answer: a shop may ask until it has one."""
    from core.services import wallet

    paid = wallet.spend(
        opened(),
        SYSTEM,
        arguments.customer,
        arguments.amount_minor,
        arguments.key,
        what=arguments.what,
    )
    data = {
        "spend_id": paid.spend_id,
        "customer_id": arguments.customer,
        "key": arguments.key.strip(),
        "amount_minor": paid.amount_minor,
        "currency": paid.currency,
        "left_minor": paid.left_minor,
    }

    def lines(tx: Texts) -> list[str]:
        amount, left = (tx.money(m, paid.currency) for m in (paid.amount_minor, paid.left_minor))
        return [tx("cli.spend.paid", amount=amount, left=left)]

    return Answer(json=lambda tx: data, lines=lines)


def vouchers(arguments: Namespace) -> Answer:
    """Without codes: nobody has them but their owners."""
    from core.services import wallet

    app = opened()
    found = wallet.list_vouchers(app, SYSTEM, customer_id=arguments.customer, case_no=arguments.case)

    def lines(tx: Texts) -> list[str]:
        rows = [
            (
                each.case_no,
                tx(f"channel.{each.kind}"),
                tx.money(each.amount_minor, each.currency),
                tx(f"voucher_state.{each.state}"),
                tx("wallet.until", date=tx.day_long(each.expires_at)),
                tx("wallet.code.tail", tail=each.code_tail) if each.codes else tx("wallet.code.unseen"),
            )
            for each in found
        ]
        return columns(rows) or [tx("cli.vouchers.none")]

    return Answer(json=lambda tx: [_as_json(each) for each in found], lines=lines)


def _as_json(each: VoucherView) -> dict[str, Any]:
    return {
        "id": each.id,
        "case_no": each.case_no,
        "customer_id": each.customer_id,
        "kind": each.kind,
        "amount_minor": each.amount_minor,
        "currency": each.currency,
        "state": each.state,
        "codes": each.codes,
        "code_tail": each.code_tail,
        "issued_at": each.issued_at.isoformat(),
        "expires_at": each.expires_at.isoformat(),
        "closed_at": each.closed_at.isoformat() if each.closed_at else None,
        "used_for": each.used_for or None,
    }


def redeem(arguments: Namespace) -> Answer:
    """`-` reads the code from a pipe, so that it stands in no list of processes and no history."""
    from core.domain import vouchers as codes
    from core.services import wallet

    app = opened()
    typed = sys.stdin.readline() if arguments.code == "-" else arguments.code
    if arguments.customer is not None:
        command_id = f"redeem {arguments.customer} {codes.digest(codes.read(typed))[:32]}"
        found = wallet.redeem(app, SYSTEM, typed, arguments.customer, command_id)
    else:
        found = wallet.use(app, SYSTEM, typed, arguments.amount_minor, arguments.key)
    data = {
        "voucher_id": found.voucher_id,
        "kind": found.kind,
        "amount_minor": found.amount_minor,
        "currency": found.currency,
        "expires_at": found.expires_at.isoformat() if found.expires_at else None,
    }

    def lines(tx: Texts) -> list[str]:
        key = "wallet.entered" if found.kind == "redeem_code" else "cli.redeem.used"
        return [tx(key, amount=tx.money(found.amount_minor, found.currency))]

    return Answer(json=lambda tx: data, lines=lines)
