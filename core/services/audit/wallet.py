"""What customers hold against what made and used it: lots, spends, vouchers, and the ledger's two debts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from core.adapters.tables import (
    balance_lots,
    cases,
    ledger_entries,
    lot_uses,
    notices,
    payouts,
    spends,
    voucher_events,
    vouchers,
)
from core.adapters.world import App
from core.domain.accounts import BALANCE, EXPIRED, SALES, VOUCHERS
from core.domain.notices import OF_BALANCE
from core.domain.vouchers import KINDS
from core.domain.wallet import good_after
from core.services import policies
from core.services.audit.finding import Finding

_l, _u, _s, _v, _p, _e = balance_lots.c, lot_uses.c, spends.c, vouchers.c, payouts.c, ledger_entries.c
# How long after its end the worker may be late before it is a finding; it looks every few seconds.
LATE: Final = timedelta(days=1)
AT_ONCE: Final = timedelta(minutes=1)


def movements(conn: Connection) -> Iterator[tuple[str, dict[str, int]]]:
    """What spends, ends and redemptions call for in the ledger (invariant 3)."""
    for row in conn.execute(select(_s.id, _s.amount_minor, _s.currency)):
        yield f"spend:{row.id}", _lines(BALANCE, SALES, row)
    ends = select(_l.id, _l.currency, _u.amount_minor).join(balance_lots, _l.id == _u.lot_id)
    for row in conn.execute(ends.where(_u.spend_id.is_(None))):
        yield f"expire:lot:{row.id}", _lines(BALANCE, EXPIRED, row)
    for voucher in conn.execute(select(vouchers).where(_v.state != "open")):
        if voucher.state == "expired":
            yield f"expire:voucher:{voucher.id}", _lines(VOUCHERS, EXPIRED, voucher)
        else:
            to = BALANCE if voucher.kind == "redeem_code" else SALES
            yield f"redeem:{voucher.id}", _lines(VOUCHERS, to, voucher)


def _lines(debit: str, credit: str, row: Any) -> dict[str, int]:
    return {f"{debit} {row.currency}": row.amount_minor, f"{credit} {row.currency}": -row.amount_minor}


def check(app: App, conn: Connection) -> Iterator[Finding]:
    """Invariants 19 and 24."""
    lots = conn.execute(select(balance_lots)).all()
    uses = conn.execute(select(lot_uses).order_by(_u.id)).all()
    kept = conn.execute(select(vouchers)).all()
    yield from _used(app, lots, uses)
    yield from _spent(conn, lots, uses)
    yield from _in_order(conn, lots, uses)
    yield from _vouchers(app, conn, kept)
    yield from _codes(conn, kept)
    yield from _owed(conn, lots, kept)
    yield from _told(conn)


def _used(app: App, lots: Any, uses: Any) -> Iterator[Finding]:
    """A lot has left what was never taken; nothing was spent after its end, and none ended before it."""
    taken: Counter[int] = Counter()
    ends = {lot.id: lot.expires_at for lot in lots}
    for use in uses:
        taken[use.lot_id] += use.amount_minor
        end = ends.get(use.lot_id)
        if end is None:
            continue
        is_over = end <= good_after(use.at)
        if use.spend_id is not None and is_over:
            yield Finding(24, "spent_after_its_end", f"lot {use.lot_id}", f"{use.at} after {end}")
        if use.spend_id is None and not is_over:
            yield Finding(19, "ended_too_early", f"lot {use.lot_id}", f"{use.at} before {end}")
    for lot in lots:
        if lot.remaining_minor != lot.amount_minor - taken[lot.id] or lot.remaining_minor < 0:
            detail = f"{lot.remaining_minor} of {lot.amount_minor}, taken {taken[lot.id]}"
            yield Finding(24, "remaining_differs", f"lot {lot.id}", detail)
        if lot.remaining_minor > 0 and lot.expires_at < app.now() - LATE:
            yield Finding(24, "end_forgotten", f"lot {lot.id}", str(lot.expires_at))


def _spent(conn: Connection, lots: Any, uses: Any) -> Iterator[Finding]:
    """A purchase is paid in full, from lots of the one who bought."""
    whose = {lot.id: (lot.customer_id, lot.currency) for lot in lots}
    parts: dict[int, list[Any]] = defaultdict(list)
    for use in uses:
        if use.spend_id is not None:
            parts[use.spend_id].append(use)
    for spend in conn.execute(select(spends)):
        mine = parts.pop(spend.id, [])
        if sum(use.amount_minor for use in mine) != spend.amount_minor:
            yield Finding(24, "spend_differs", spend.key, f"{spend.amount_minor}")
        if any(whose.get(use.lot_id) != (spend.customer_id, spend.currency) for use in mine):
            yield Finding(24, "spent_of_another", spend.key)
    for spend_id in parts:
        yield Finding(24, "use_without_spend", f"spend {spend_id}")


def _in_order(conn: Connection, lots: Any, uses: Any) -> Iterator[Finding]:
    """What ends first was spent first: played again, use by use. A lot that came in that very minute may have
    come too late to be seen.
    """
    left = {lot.id: lot.amount_minor for lot in lots}
    theirs: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for lot in lots:
        theirs[lot.customer_id, lot.currency].append(lot)
    last = {use.spend_id: use for use in uses if use.spend_id is not None}
    paid = {row.id: row for row in conn.execute(select(spends))}
    by_id = {lot.id: lot for lot in lots}
    for use in uses:
        if use.lot_id not in left:
            continue
        left[use.lot_id] -= use.amount_minor
        spend, this = paid.get(use.spend_id), by_id[use.lot_id]
        if spend is None or last[use.spend_id] is not use:
            continue
        for lot in theirs[spend.customer_id, spend.currency]:
            was_there = lot.credited_at < spend.at - AT_ONCE and lot.expires_at > good_after(spend.at)
            if was_there and (lot.expires_at, lot.id) < (this.expires_at, this.id) and left[lot.id] > 0:
                yield Finding(24, "not_first_to_end", spend.key, f"lot {lot.id} ends before {this.id}")


def _vouchers(app: App, conn: Connection, kept: Any) -> Iterator[Finding]:
    """One voucher for each payout that arrived as one, of its amount and for its owner, for as long as the
    policy promised; a redeem code that was redeemed is one lot, which ends no sooner.
    """
    known = {voucher.payout_id: voucher for voucher in kept}
    query = select(payouts, cases.c.customer_id, cases.c.order_no, cases.c.policy_version).join(
        cases, cases.c.case_no == _p.case_no
    )
    lots = {lot.payout_id: lot for lot in conn.execute(select(balance_lots))}
    for row in conn.execute(query.where(_p.channel.in_(KINDS))):
        mine = known.pop(row.id, None)
        if row.state != "arrived":
            if mine is not None:
                yield Finding(24, "voucher_without_arrival", row.key)
            continue
        if mine is None:
            yield Finding(24, "voucher_missing", row.key)
            continue
        same = (mine.kind, mine.amount_minor, mine.currency, mine.case_no, mine.customer_id, mine.order_no)
        if same != (row.channel, row.amount_minor, row.currency, row.case_no, row.customer_id, row.order_no):
            yield Finding(24, "voucher_differs", row.key)
        days = policies.get(app, conn, row.policy_version).balance.expires_after_days
        if mine.expires_at < mine.issued_at + timedelta(days=days):
            yield Finding(19, "expiry_shortened", f"voucher {mine.id}")
        lot = lots.get(row.id)
        became = mine.kind == "redeem_code" and mine.state == "redeemed"
        if became != (lot is not None):
            yield Finding(24, "redeemed_otherwise", f"voucher {mine.id}")
        elif lot is not None and (lot.amount_minor != mine.amount_minor or lot.expires_at < mine.expires_at):
            yield Finding(24, "redeemed_otherwise", f"voucher {mine.id}", f"{lot.amount_minor}")
    for voucher in known.values():
        yield Finding(24, "voucher_without_arrival", f"voucher {voucher.id}")


def _codes(conn: Connection, kept: Any) -> Iterator[Finding]:
    """A voucher is what happened to it; of its code there is only a hash, and nobody but its owner saw it
    (invariant 20).
    """
    e = voucher_events.c
    story: dict[int, list[Any]] = defaultdict(list)
    for row in conn.execute(select(voucher_events).order_by(e.voucher_id, e.seq)):
        story[row.voucher_id].append(row)
    for voucher in kept:
        events = [row.event for row in story[voucher.id]]
        shown = [row for row in story[voucher.id] if row.event in ("shown", "renewed")]
        last = events[-1] if events else ""
        state = last if last in ("redeemed", "expired") else "open"
        if events[:1] != ["issued"] or state != voucher.state or len(shown) != voucher.codes:
            yield Finding(24, "voucher_story_differs", f"voucher {voucher.id}", " ".join(events))
        seen_by = {row.made_by.partition(":") for row in shown}
        if any(
            role not in ("customer", "guest") or (role == "customer" and person != voucher.customer_id)
            for role, _, person in seen_by
        ):
            yield Finding(20, "code_shown_to_another", f"voucher {voucher.id}")
        if voucher.code_sha256 is not None and len(voucher.code_sha256) != 64:
            yield Finding(20, "code_kept", f"voucher {voucher.id}")


def _owed(conn: Connection, lots: Any, kept: Any) -> Iterator[Finding]:
    """The ledger owes what the lots and the open vouchers have left, in each currency."""
    held: dict[tuple[str, str], int] = defaultdict(int)
    for lot in lots:
        held[BALANCE, lot.currency] += lot.remaining_minor
    for voucher in kept:
        if voucher.state == "open":
            held[VOUCHERS, voucher.currency] += voucher.amount_minor
    sums = (
        select(_e.account, _e.currency, func.sum(_e.amount_minor))
        .where(_e.account.in_((BALANCE, VOUCHERS)))
        .group_by(_e.account, _e.currency)
    )
    booked = {(row[0], row[1]): -int(row[2]) for row in conn.execute(sums)}
    for what in sorted({*held, *booked}):
        if held.get(what, 0) != booked.get(what, 0):
            detail = f"{held.get(what, 0)} held, {booked.get(what, 0)} booked"
            yield Finding(24, "liability_differs", " ".join(what), detail)


def _told(conn: Connection) -> Iterator[Finding]:
    """What was told of a balance was told to whoever holds a lot of that refund (invariant 21)."""
    n = notices.c
    held = select(_l.customer_id, _p.case_no).join(payouts, _p.id == _l.payout_id).subquery()
    query = (
        select(n.case_no, n.kind)
        .outerjoin(held, and_(held.c.case_no == n.case_no, held.c.customer_id == n.customer_id))
        .where(n.kind.in_(OF_BALANCE), held.c.customer_id.is_(None))
    )
    for case_no, kind in conn.execute(query):
        yield Finding(21, "notice_astray", case_no, kind)
