"""The command about bills: what does this file say of refunds? It needs no database."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.answer import AddCommand, Answer, columns

if TYPE_CHECKING:
    from core.domain.bills import BillRefund, BillWarning, ReadBill
    from core.texts import Texts

SHOWN = 20  # refunds, and warnings, in the text for people


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("read-bill", read_bill, tx("cli.help.read_bill"))
    command.add_argument("file", metavar="FILE", help=tx("cli.help.bill"))
    command.add_argument("--mapping", metavar="FILE", help=tx("cli.help.mapping"))


def read_bill(arguments: Namespace) -> Answer:
    """Found something (exit code 1) when there were lines that could not be read: the total may lack them."""
    from core.adapters import bills

    path = Path(arguments.file)
    path.open("rb").close()  # not there is something else than not recognised
    mapping = None if arguments.mapping is None else bills.Mapping.load(Path(arguments.mapping))
    bill = bills.read(path, mapping)
    return Answer(json=lambda tx: _data(bill, tx), lines=lambda tx: _lines(bill, tx), found=not bill.is_whole)


def _data(bill: ReadBill, tx: Texts) -> dict[str, Any]:
    """`refund_total_minor` is null for several currencies, `covers` when no day is known."""
    totals = bill.totals
    covers = bill.covers
    return {
        "kind": bill.kind,
        "rows": bill.rows,
        "refunds": [
            {
                "line": refund.line,
                "trade_no": refund.trade_no,
                "refund_no": refund.refund_no,
                "amount_minor": refund.amount_minor,
                "currency": refund.currency,
                "at": refund.at.isoformat(),
                "status": refund.status,
            }
            for refund in bill.refunds
        ],
        "refund_total_minor": sum(totals.values()) if len(totals) < 2 else None,
        "covers": covers
        and {
            "from": covers.begins.isoformat(),
            "to": covers.ends.isoformat(),
            "stated": covers.is_said,
        },
        "warnings": [
            {
                "code": warning.key.partition(".")[2],
                "lines": list(warning.lines),
                "message": tx(warning.key, **warning.params),
            }
            for warning in bill.warnings
        ],
    }


def _lines(bill: ReadBill, tx: Texts) -> Iterator[str]:
    for warning in bill.warnings[:SHOWN]:
        yield _warned(warning, tx)
    if len(bill.warnings) > SHOWN:
        yield tx("cli.bill.more_warnings", n=len(bill.warnings) - SHOWN)
    if bill.warnings:
        yield ""
    yield tx("cli.bill.summary", kind=tx(f"bill_kind.{bill.kind}"), rows=bill.rows)
    if bill.covers is not None:
        said = {
            "begins": f"{bill.covers.begins:%Y-%m-%d %H:%M}",
            "ends": f"{bill.covers.ends:%Y-%m-%d %H:%M}",
        }
        yield tx("cli.bill.covers", **said) if bill.covers.is_said else tx("cli.bill.rows_cover", **said)
    if not bill.refunds:
        yield tx("cli.bill.none")
        return
    yield ""
    head = ("line", "at", "amount", "refund_no", "trade_no", "bill_status")
    rows = [_row(refund, tx) for refund in bill.refunds[:SHOWN]]
    yield from columns([tuple(tx(f"cli.head.{name}") for name in head), *rows])
    if len(bill.refunds) > SHOWN:
        yield tx("cli.bill.more", n=len(bill.refunds) - SHOWN)
    yield ""
    amounts = tx.list(tx.money(minor, currency) for currency, minor in bill.totals.items())
    yield tx("cli.bill.total", n=len(bill.refunds), amount=amounts)


def _warned(warning: BillWarning, tx: Texts) -> str:
    message = tx(warning.key, **warning.params)
    if warning.is_problem:
        return tx("cli.import.line", line=warning.lines[0], message=message)
    return message


def _row(refund: BillRefund, tx: Texts) -> tuple[object, ...]:
    amount = tx.money(refund.amount_minor, refund.currency)
    at = f"{refund.at:%Y-%m-%d %H:%M:%S}"
    return refund.line, at, amount, refund.refund_no, refund.trade_no, refund.status
