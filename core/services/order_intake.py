"""Taking orders in from a file: all or nothing, bad rows by line, nothing changes the second time (R6.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from core.adapters import bills, database
from core.adapters.bills import Mapping
from core.adapters.bills.rows import Notice, Problem, Refund, Row, Trade
from core.adapters.order_staging import LISTED, Filled, Merged, Staging
from core.adapters.tables import from_micros, to_micros
from core.adapters.world import App
from core.domain.workdays import ZONE

_SHOWN: Final = 10
CLOCKS_DIFFER: Final = timedelta(days=1)  # a file from a machine that is ahead, or in another time zone
_ONE_IMPORT_AT_A_TIME: Final = 7_245_004


@dataclass(frozen=True)
class ImportResult:
    """What an import did, in rows of the file: imported + updated + unchanged + skipped = rows.

    With errors nothing was changed and these are 0; `errors` are the first of `error_count`. The words are
    `import_problem.<code>` for errors and `import_notice.<code>` for notices.
    """

    kind: str
    rows: int
    imported: int = 0  # new payments (of new orders or of known ones) and new refunds made outside
    updated: int = 0  # known orders and payments that moved forward
    unchanged: int = 0
    skipped: int = 0  # left out by the mapping, our own refunds, refunds that match nothing
    orders: int = 0  # different orders in the file
    refunds: int = 0  # refund rows in the file
    refunds_matched: int = 0
    refunds_ours: int = 0
    refunds_unmatched: int = 0  # kept, and applied as soon as their payment is imported
    unmatched: tuple[Refund, ...] = ()  # the first of them
    errors: tuple[Problem, ...] = ()
    error_count: int = 0
    notices: tuple[Notice, ...] = ()
    dry_run: bool = False


def import_orders(
    app: App, path: str | Path, mapping: str | Path | None = None, dry_run: bool = False
) -> ImportResult:
    """Import an order export or a merchant bill; `FileUnreadable` and `MappingInvalid` name what is wrong.

    Rows are staged without holding up other writers; merging them is one transaction. `dry_run` does
    everything and takes it back.
    """
    names = None if mapping is None else Mapping.load(Path(mapping))
    bill = bills.recognise(Path(path), names)
    latest = app.now() + CLOCKS_DIFFER
    with app.engine.connect() as conn:
        staging = Staging(conn)
        try:
            with conn.begin():
                staging.create()
                filled = staging.fill(_until(bill.rows(), to_micros(latest)))
            merged = _merge(app, conn, staging, filled, keep=not dry_run)
        finally:
            with conn.begin():
                staging.drop()
    return _result(bill.kind, filled, merged, tuple(bill.notices), dry_run)


def _until(rows: Iterator[Row], latest_micros: int) -> Iterator[Row]:
    """The rows; a payment or refund after `latest_micros` becomes a problem."""
    for row in rows:
        if isinstance(row, Trade) and row.paid_at > latest_micros:
            yield Problem(row.line, "paid_in_future", {"at": _moment(row.paid_at)})
        elif isinstance(row, Refund) and row.at > latest_micros:
            yield Problem(row.line, "refunded_in_future", {"at": _moment(row.at)})
        else:
            yield row


def _moment(micros: int) -> str:
    return f"{from_micros(micros).astimezone(ZONE):%Y-%m-%d %H:%M}"


def _merge(app: App, conn: Connection, staging: Staging, filled: Filled, *, keep: bool) -> Merged:
    conn.execution_options(writes=True)
    with conn.begin() as transaction:
        database.serialize(conn, _ONE_IMPORT_AT_A_TIME)
        merged = staging.merge(filled, to_micros(app.now()))
        if not keep or filled.problem_count or merged.problem_count:
            transaction.rollback()
    return merged


def _result(
    kind: str, filled: Filled, merged: Merged, notices: tuple[Notice, ...], dry_run: bool
) -> ImportResult:
    told = tuple(
        Notice(code, {"lines": ", ".join(map(str, lines[:_SHOWN])), "n": len(lines)})
        for code, lines in filled.told.items()
    )
    notices = (*notices, *told, *merged.notices)
    error_count = filled.problem_count + merged.problem_count
    if error_count:
        errors = sorted([*filled.problems, *merged.problems], key=lambda problem: problem.line)[:LISTED]
        return ImportResult(
            kind,
            filled.rows,
            errors=tuple(errors),
            error_count=error_count,
            notices=notices,
            refunds=filled.refunds,
            dry_run=dry_run,
        )
    imported = merged.new_payments + merged.new_refunds
    skipped = filled.skipped + merged.our_refunds + merged.waiting_count
    return ImportResult(
        kind=kind,
        rows=filled.rows,
        imported=imported,
        updated=merged.changed,
        unchanged=filled.rows - imported - merged.changed - skipped,
        skipped=skipped,
        orders=merged.orders,
        refunds=filled.refunds,
        refunds_matched=merged.new_refunds + merged.known_refunds,
        refunds_ours=merged.our_refunds,
        refunds_unmatched=merged.waiting_count,
        unmatched=tuple(merged.waiting),
        notices=notices,
        dry_run=dry_run,
    )
