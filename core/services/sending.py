"""The worker's side of payouts: claim one under a lease, do what its state asks for, hand the outcome
over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection, bindparam, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from core import logs
from core.adapters import database
from core.adapters.channels import Channel, ChannelSilent, Outcome
from core.adapters.prepared import Prepared
from core.adapters.tables import payouts
from core.adapters.world import App
from core.domain.actors import SYSTEM
from core.domain.lifecycle import PAYOUT
from core.domain.vouchers import KINDS as VOUCHERS
from core.services import circuits, pacing
from core.services.payouts import BY_HAND, Movement, locked, record_outcome, request_of
from core.services.record import Change, lock

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=2)  # longer than any channel's timeout
KEEP_TRIES: Final = 5

_p = payouts.c
_NOW: Final = bindparam("now", type_=_p.due_at.type)
_FREE: Final = or_(_p.leased_until.is_(None), _p.leased_until < _NOW)
_DUE: Final = (
    select(_p.id).where(_p.due_at <= _NOW, _FREE).order_by(_p.due_at, _p.id).limit(bindparam("limit"))
)
_other = payouts.alias("other")
_CLAIM: Final = Prepared(
    select(
        payouts,
        select(func.max(_other.c.sent_at))
        .where(_other.c.payment_id == _p.payment_id, _other.c.id != _p.id)
        .scalar_subquery()
        .label("trade_sent_at"),
        circuits.failures_of(_p.channel).label("failures"),
    )
    .where(_p.id == bindparam("id"), _p.due_at <= _NOW, _FREE)
    .with_for_update(skip_locked=True, of=payouts)
)
_TAKEN: Final = ("state", "sent_at", "cause", "tries", "leased_until", "worker")
_TAKE: Final = Prepared(
    update(payouts).where(_p.id == bindparam("this_id")).values({name: bindparam(name) for name in _TAKEN})
)


def due_ids(app: App, at: datetime, limit: int) -> list[int]:
    """Payouts that something should be done about now, longest waiting first; those of channels that are left
    alone for now wait.
    """
    alone = circuits.left_alone(app, at)
    due = _DUE.where(_p.channel.not_in(alone)) if alone else _DUE
    with app.read() as conn:
        return list(conn.execute(due, {"now": at, "limit": limit}).scalars())


def attend(app: App, payout_id: int, worker: str) -> bool:
    """Claim the payout and do what is due. False when another worker has it or nothing is due any more."""
    row = claim(app, payout_id, worker)
    if row is None:
        return False
    logs.about(case_no=row.case_no)
    if row.channel == "balance":
        return credit(app, payout_id, worker)
    if row.channel in VOUCHERS:
        return _here(app, payout_id, worker, Movement.issue_voucher, ("sending", "unknown"))
    if row.channel == BY_HAND:
        return _here(app, payout_id, worker, Movement.hand_over, ("sending", "unknown", "accepted"))
    outcome = _outcome(app, row, worker)
    if row.channel in app.channels:
        circuits.heard(app, row.channel, outcome, was_failing=row.failures is not None)
    _keep(app, row, outcome)
    return True


def _keep(app: App, row: Any, outcome: Outcome) -> None:
    """Who loses a race tries again at once: a word that is not kept must be asked for after the lease."""
    for attempt in range(KEEP_TRIES):
        try:
            record_outcome(app, row.id, outcome, row.case_no)
            return
        except SQLAlchemyError as error:
            if attempt == KEEP_TRIES - 1 or not database.lost_a_race(error):
                raise


def claim(app: App, payout_id: int, worker: str) -> Any | None:
    """Take the lease and commit the step that comes before any call. Answers the payout's row as it is now,
    with `trade_sent_at`, when another refund of its trade last went out, and `failures` of its channel.

    Found `sending`: whoever sent it died or is stuck, so the answer is lost and the refund unknown.
    """
    at = app.now()
    with app.begin() as conn:
        row = _CLAIM.first(conn, {"id": payout_id, "now": at})
        if row is None:
            return None
        if row.channel in app.channels and not _may_call(app, conn, row, at):
            return None
        values: dict[str, Any] = {"leased_until": at + LEASE, "worker": worker}
        if row.state == "planned":
            values |= {"state": PAYOUT.step("planned", "send"), "sent_at": at, "tries": 0}
        elif row.state == "sending":
            values |= {"state": PAYOUT.step("sending", "lose"), "cause": "no_answer", "tries": 0}
        row = row._replace(**values)
        _TAKE.change(conn, {**{name: getattr(row, name) for name in _TAKEN}, "this_id": row.id})
        return row


def _may_call(app: App, conn: Connection, row: Any, at: datetime) -> bool:
    """Whether the channel wants to hear from us now: two refunds of one trade keep its distance, and a
    channel that does not answer is left alone.
    """
    if row.state == "planned" and row.trade_sent_at is not None:
        free_at = row.trade_sent_at + app.channels[row.channel].capabilities.spacing
        if free_at > at:
            conn.execute(update(payouts).where(_p.id == row.id).values(due_at=free_at))
            return False
    return row.failures is None or circuits.may_call(conn, row.channel, at)


def _is_one_too_many(app: App, row: Any, most: int | None) -> bool:
    """Whether the channel takes no further refund of this trade; those that it refused count for nothing."""
    if most is None:
        return False
    before = (_p.payment_id == row.payment_id, _p.id != row.id, _p.accepted_at.is_not(None))
    with app.read() as conn:
        count: int = conn.execute(select(func.count()).select_from(payouts).where(*before)).scalar_one()
    return count >= most


def _outcome(app: App, row: Any, worker: str) -> Outcome:
    """Call the channel, outside any transaction: send what was planned, ask about everything else."""
    channel = app.channels.get(row.channel)
    if channel is None:
        return Outcome("unknown", cause="no_channel")
    request = request_of(row)
    if row.state == "sending":
        if _is_one_too_many(app, row, channel.capabilities.most_refunds):
            return Outcome("refused", cause="no_more_refunds")
        return _called(app, channel, channel.refund, request)
    outcome = _called(app, channel, channel.query, request)
    if row.state != "unknown" or outcome.kind != "never_seen":
        return outcome
    if app.now() - row.sent_at > channel.remembers:
        return Outcome(
            "unknown", cause="key_expired"
        )  # it may have been paid and forgotten: people look (inv. 7)
    if not _resend(app, row, worker):
        return Outcome("unknown", cause="no_answer")
    return _called(app, channel, channel.refund, request)


def _called(app: App, channel: Channel, call: Any, request: Any) -> Outcome:
    """At the channel's pace: who would have to wait too long for a turn asks another time."""
    if not pacing.wait(app, channel):
        return Outcome("unknown", cause="too_soon")
    return _heard(call, request)


def _heard(call: Any, request: Any) -> Outcome:
    try:
        outcome: Outcome = call(request)
        return outcome
    except ChannelSilent:
        return Outcome("unknown", cause="no_answer")
    except Exception:
        # Whatever broke on the way, the request may have reached the channel.
        log.exception("channel_error", key=request.key, channel=request.channel)
        return Outcome("unknown", cause="channel_error")


def _resend(app: App, row: Any, worker: str) -> bool:
    """Commit that the same key goes out again, if the lease is still this worker's."""
    with app.begin() as conn:
        changed = conn.execute(
            update(payouts)
            .where(
                _p.id == row.id,
                _p.state == "unknown",
                _p.worker == worker,
                _p.leased_until == row.leased_until,
            )
            .values(state=PAYOUT.step("unknown", "resend"), leased_until=app.now() + LEASE)
        ).rowcount
    return changed == 1


def credit(app: App, payout_id: int, worker: str) -> bool:
    """To the customer's balance here."""
    return _here(app, payout_id, worker, Movement.credit_balance, ("sending", "unknown"))


def _here(
    app: App, payout_id: int, worker: str, work: Callable[[Movement], None], states: Collection[str]
) -> bool:
    """What needs no channel is done in one transaction; False when the lease is another's by now."""
    with app.begin() as conn:
        found = conn.execute(select(_p.case_no, _p.state, _p.worker).where(_p.id == payout_id)).one()
        change = Change(conn, lock(conn, found.case_no, SYSTEM))
        row = locked(conn, payout_id)
        if row.worker != worker or row.state not in states:
            return False
        work(Movement(app, change, row))
        change.write()
    return True
