"""The command that holds a channel's bill against our payouts and ledger."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.answer import AddCommand, Answer, columns
from core.cli.opening import opened

if TYPE_CHECKING:
    from core.services.reconciliation import Listed, Reconciled
    from core.texts import Texts

SHOWN = 20  # of one kind, in the text for people


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("reconcile", reconcile, tx("cli.help.reconcile"))
    command.add_argument("file", metavar="FILE", help=tx("cli.help.bill"))
    command.add_argument("--mapping", metavar="FILE", help=tx("cli.help.mapping"))


def reconcile(arguments: Namespace) -> Answer:
    """Found something (exit code 1) while people still have to see to a difference that the bill shows."""
    from core.adapters.bills import Mapping
    from core.domain.actors import SYSTEM
    from core.services import reconciliation

    path = Path(arguments.file)
    path.open("rb").close()  # not there is something else than not recognised
    mapping = None if arguments.mapping is None else Mapping.load(Path(arguments.mapping))
    app = opened()
    done = reconciliation.reconcile(app, SYSTEM, path, mapping)
    waiting = list(reconciliation.waiting(app, SYSTEM, done.bill_id))
    return Answer(
        json=lambda tx: _data(done, waiting),
        lines=lambda tx: _lines(done, waiting, tx),
        found=not done.is_clean,
    )


def _data(done: Reconciled, waiting: list[Listed]) -> dict[str, Any]:
    covers = done.covers
    return {
        "bill": done.bill_id,
        "kind": done.kind,
        "channel": done.channel,
        "covers": covers
        and {"from": covers.begins.isoformat(), "to": covers.ends.isoformat(), "stated": covers.is_said},
        "new": done.is_new,
        "refunds": done.refunds,
        "matched": done.matched,
        "found": done.found,
        "waiting": done.waiting,
        "differences": [_one(each) for each in waiting],
    }


def _one(listed: Listed) -> dict[str, Any]:
    found, wanted = listed.found, listed.correction
    return {
        "id": listed.id,
        "kind": found.kind,
        "cause": found.cause,
        "owner": found.owner,
        "state": listed.state,
        "refund_no": found.refund_no,
        "trade_no": found.trade_no,
        "order_no": found.order_no,
        "case_no": found.case_no,
        "ours_minor": found.ours_minor,
        "theirs_minor": found.theirs_minor,
        "currency": found.currency,
        "at": found.at and found.at.isoformat(),
        "line": found.line,
        "correction": wanted
        and {
            "lines": [{"account": account, "amount_minor": minor} for account, minor in wanted.lines],
            "takes_up_minor": wanted.takes_up,
        },
    }


def _lines(done: Reconciled, waiting: list[Listed], tx: Texts) -> Iterator[str]:
    if not done.is_new:
        yield tx("cli.reconcile.known", when=f"{done.read_at:%Y-%m-%d %H:%M}")
    yield tx(
        "cli.reconcile.read", kind=tx(f"bill_kind.{done.kind}"), refunds=done.refunds, matched=done.matched
    )
    for kind, count in done.found.items():
        if count:
            still = done.waiting[kind]
            yield tx("cli.reconcile.kind", kind=tx(f"difference.{kind}"), n=count, waiting=still)
    if done.is_clean:
        yield tx("cli.reconcile.clean")
        return
    yield ""
    head = ("kind", "refund_no", "ours", "theirs", "owner", "id")
    shown: dict[str, int] = {}
    rows = []
    for each in waiting:
        kind = each.found.kind
        shown[kind] = shown.get(kind, 0) + 1
        if shown[kind] <= SHOWN:
            rows.append(_row(each, tx))
    yield from columns([tuple(tx(f"cli.head.{name}") for name in head), *rows])
    if len(rows) < len(waiting):
        yield tx("cli.bill.more", n=len(waiting) - len(rows))
    yield tx("cli.reconcile.next")


def _row(listed: Listed, tx: Texts) -> tuple[object, ...]:
    found = listed.found

    def money(minor: int | None) -> str:
        return "" if minor is None else tx.money(minor, found.currency)

    ours, theirs = money(found.ours_minor), money(found.theirs_minor)
    number = found.refund_no or found.trade_no
    return tx(f"difference.{found.kind}"), number, ours, theirs, tx(f"role.{found.owner}"), listed.id
