"""Money on its way: intent committed, then the call, then its outcome. One function records outcomes, whoever
tells them.

No channel is ever called inside a transaction, every try carries the same key and body, and the first act
after a lost answer is to ask (invariants 5 to 7).
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection, bindparam, insert, select, update

from core.adapters.channels import Outcome, RefundRequest
from core.adapters.channels.balance import credit
from core.adapters.prepared import Prepared
from core.adapters.tables import payments, payouts
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.deadlines import due
from core.domain.lifecycle import PAYOUT
from core.domain.located import IN_WALLET
from core.domain.missing import ASKABLE
from core.domain.missing import BY_HAND as BY_HAND
from core.domain.notices import PART_ARRIVED
from core.domain.policy import Policy
from core.domain.settlement import HERE, Payee
from core.domain.wallet import lasts_until
from core.services import ledger, policies, reservations, wallet
from core.services.record import Case, Change, canonical, lock
from core.services.reservations import Hold

log = structlog.get_logger(__name__)

# A notice may never come (FACTS), so the channel is asked: 1 min ×5, then 5/10/20/30 min, then every 6 hours.
ASK_AGAIN: Final = (*(timedelta(minutes=m) for m in (1, 1, 1, 1, 1, 5, 10, 20, 30)), timedelta(hours=6))
GONE: Final = frozenset({"account_closed"})  # causes after which this account takes no more money
NEW_NUMBER: Final = frozenset({"new_number_needed"})  # the channel wants the same refund under a new key
DONE: Final = PAYOUT.final_states
WORDS: Final = frozenset({"accepted", "arrived", "refused", "returned", "never_seen"})  # silence is none

_p = payouts.c
# What outcomes change of a payout.
_MOVING: Final = (
    "state", "reference", "cause", "heard", "heard_at", "tries", "due_at", "accepted_at", "eta_at",
    "arrived_at", "leased_until", "worker",
)  # fmt: skip
_OF_CASE: Final = Prepared(select(payouts).where(_p.case_no == bindparam("case_no")).order_by(_p.id))
_LOCK: Final = Prepared(select(payouts).where(_p.id == bindparam("id")).with_for_update())
_SAVE: Final = Prepared(
    update(payouts).where(_p.id == bindparam("this_id")).values({name: bindparam(name) for name in _MOVING})
)
_PAYMENTS: Final = select(
    payments.c.id, payments.c.channel, payments.c.trade_no, payments.c.paid_minor
).where(payments.c.order_no == bindparam("order_no"))


def start(
    app: App,
    change: Change,
    event: str,
    actor: Actor,
    at: datetime,
    policy: Policy,
    legs: list[Hold] | None = None,
    body: dict[str, Any] | None = None,
    payee: Payee | None = None,
) -> None:
    """`pay` or `agree`: plan a payout for every leg that has none, and let the case wait for the money.

    `payee`: whom people transfer to by hand; until they have, the case is finance's.
    """
    legs = unpaid(change.conn, change.case) if legs is None else legs
    keys = plan(change.conn, change.case, legs, at, payee)
    next_due = due("paying", policy, app.calendar, at)
    if any(leg.channel == BY_HAND for leg in legs):
        next_due = replace(next_due, owner="finance")
    change.step(event, actor, at, next_due, {**(body or {}), "payouts": keys})


def unpaid(conn: Connection, case: Case) -> list[Hold]:
    taken = {
        row.payment_id for row in _OF_CASE.all(conn, {"case_no": case.case_no}) if row.state != "replanned"
    }
    return [leg for leg in reservations.holds(conn, case.case_no) if leg.payment_id not in taken]


def plan(
    conn: Connection, case: Case, legs: list[Hold], at: datetime, payee: Payee | None = None
) -> list[str]:
    """Write the intents: key, amount and body, before any channel hears of them. Answers the keys."""
    if not legs:
        return []
    before = [row.payment_id for row in _OF_CASE.all(conn, {"case_no": case.case_no})]
    trades = {row.id: row for row in conn.execute(_PAYMENTS, {"order_no": case.order_no})}
    rows: list[dict[str, Any]] = []
    for leg in legs:
        trade = trades[leg.payment_id]
        key = f"{case.case_no}-{leg.payment_id}-{before.count(leg.payment_id) + 1}"
        request = RefundRequest(
            key, leg.channel, trade.trade_no, leg.amount_minor, case.currency, trade.paid_minor
        )
        rows.append(
            {
                "case_no": case.case_no,
                "payment_id": leg.payment_id,
                "route": leg.route,
                "channel": leg.channel,
                "reserved_minor": leg.reserved_minor,
                "amount_minor": leg.amount_minor,
                "currency": case.currency,
                "state": PAYOUT.initial,
                "key": key,
                "request": canonical(asdict(request)),
                "payee_channel": payee.channel if payee and leg.channel == BY_HAND else "",
                "payee_account": payee.masked if payee and leg.channel == BY_HAND else "",
                "tries": 0,
                "due_at": at,
                "created_at": at,
            }
        )
    conn.execute(insert(payouts), rows)
    return [row["key"] for row in rows]


def record_outcome(app: App, payout_id: int, outcome: Outcome, case_no: str | None = None) -> str:
    """What the channel said, by whatever way, any number of times, in any order; answers the payout's state
    now. `case_no`: whose it is, for who knows.

    Words that no longer fit (a refusal after the arrival) change nothing and are logged.
    """
    with app.begin() as conn:
        if case_no is None:
            case_no = conn.execute(select(_p.case_no).where(_p.id == payout_id)).scalar_one()
        change = Change(conn, lock(conn, case_no, SYSTEM))
        return take(app, change, payout_id, outcome)


def take(app: App, change: Change, payout_id: int, outcome: Outcome) -> str:
    """`record_outcome` inside a transaction that holds the case, with what else belongs into it."""
    payout = Movement(app, change, locked(change.conn, payout_id))
    payout.hear(outcome)
    change.write()
    return payout.state


def locked(conn: Connection, payout_id: int) -> Any:
    """The payout's row, held until the transaction ends; who holds its case comes first."""
    row = _LOCK.first(conn, {"id": payout_id})
    assert row is not None, payout_id
    return row


class Movement:
    """One payout inside a transaction that holds its case: steps of the payout table and what follows from
    them.
    """

    def __init__(self, app: App, change: Change, row: Any) -> None:
        self.app, self.change, self.conn, self.row = app, change, change.conn, row
        self.state: str = row.state
        self.at = app.now()
        self._held = {name: getattr(row, name) for name in _MOVING}
        self._values: dict[str, Any] = {}

    def hear(self, outcome: Outcome) -> None:
        """Take the steps that this outcome means in this state."""
        kind, state = outcome.kind, self.state
        if state == "arrived" and self.row.due_at is not None:
            self._hear_again(outcome)
            return
        if state in DONE or state == "planned":
            log.warning("outcome_ignored", key=self.row.key, state=state, outcome=kind, cause=outcome.cause)
            return
        if outcome.reference:
            self._values["reference"] = outcome.reference
        self._note(kind)
        if kind in ("accepted", "arrived", "returned") and state in ("sending", "unknown"):
            self.accept(outcome.at)
        if kind == "arrived":
            self.arrive(outcome.at, cause=outcome.cause)
        elif kind == "returned" or (kind == "refused" and self.state == "accepted"):
            self.step("return", cause=outcome.cause or "returned")
            self._another_way(outcome.cause)
        elif kind == "refused":
            self.step("refuse", cause=outcome.cause or "refused")
            self._another_way(outcome.cause)
        elif kind == "accepted" and state in ("sending", "unknown"):
            self.save()
        elif state == "sending":
            self.step("lose", cause=outcome.cause or "no_answer")
            self.ask_again(tries=0)
        else:
            if kind != "accepted":
                self._values["cause"] = outcome.cause or kind
            self.ask_again()

    def _note(self, kind: str) -> None:
        if kind in WORDS:
            self._values |= {"heard": kind, "heard_at": self.at}

    def _hear_again(self, outcome: Outcome) -> None:
        """Asked because its customer does not find it: the word is noted for whoever looks into it, and moves
        nothing.
        """
        if outcome.kind not in WORDS:
            self.ask_again()
            return
        if outcome.kind != "arrived":
            log.warning("arrival_contradicted", key=self.row.key, outcome=outcome.kind, cause=outcome.cause)
        self._note(outcome.kind)
        self._values["due_at"] = None
        self.save()

    def step(self, event: str, **values: Any) -> None:
        self.state = PAYOUT.step(self.state, event)
        self._values |= values

    def accept(self, accepted_at: datetime | None) -> None:
        """The channel has it; from here the customer sees a date."""
        when = accepted_at or self.at
        policy = policies.get(self.app, self.conn, self.change.case.policy_version)
        days = policy.working_days.arbitration  # to settle a negotiated refund
        if self.row.channel in HERE:
            days = 0
        elif self.row.channel != BY_HAND:
            _, days = policy.eta_working_days[self.row.channel]
        eta = self.app.calendar.deadline(when, days).at
        self.step("accept", accepted_at=when, eta_at=eta, cause=None, tries=0, due_at=self.at + ASK_AGAIN[0])

    def arrive(self, arrived_at: datetime | None, cause: str | None = None) -> None:
        """The customer has it: settle the reservation, book it, complete the case with its last payout. Of
        causes only that it lies elsewhere is kept (`IN_WALLET`).
        """
        when = arrived_at or self.at
        self.step("arrive", arrived_at=when, due_at=None, cause=cause if cause == IN_WALLET else None)
        self.save()
        row, case = self.row, self.change.case
        reservations.settle(self.conn, row.payment_id, row.reserved_minor)
        ledger.arrived(
            self.conn,
            case_no=case.case_no,
            key=row.key,
            at=self.at,
            currency=row.currency,
            channel=row.channel,
            amount_minor=row.amount_minor,
        )
        finish(self.app, self.change, self.at)
        if self.change.case.state != "completed":
            self.change.tell(PART_ARRIVED, self.at, about=row.key, amount_minor=row.amount_minor)

    def credit_balance(self) -> None:
        """A refund to the platform balance: sent, accepted, arrived and credited in this one transaction."""
        row, case = self.row, self.change.case
        days = policies.get(self.app, self.conn, case.policy_version).balance.expires_after_days
        credit(
            self.conn,
            customer_id=case.customer_id,
            payout_id=row.id,
            amount_minor=row.amount_minor,
            currency=row.currency,
            at=self.at,
            expires_at=lasts_until(self.at, days),
        )
        self.accept(self.at)
        self.arrive(self.at)

    def issue_voucher(self) -> None:
        """A refund by voucher: likewise; good for as long as a balance would be."""
        row, case = self.row, self.change.case
        days = policies.get(self.app, self.conn, case.policy_version).balance.expires_after_days
        wallet.issue(
            self.conn,
            payout_id=row.id,
            case_no=case.case_no,
            order_no=case.order_no,
            customer_id=case.customer_id,
            kind=row.channel,
            amount_minor=row.amount_minor,
            currency=row.currency,
            at=self.at,
            expires_at=lasts_until(self.at, days),
        )
        self.accept(self.at)
        self.arrive(self.at)

    def hand_over(self) -> None:
        """A transfer by hand: people have it from here, and nobody else is asked about it before its date."""
        if self.state in ("sending", "unknown"):
            self.accept(self.at)
        later = self.app.calendar.deadline(self.at, 1).at
        self._values["due_at"] = max(self._values.get("eta_at") or later, later)
        self.save()

    def ask_again(self, tries: int | None = None) -> None:
        tries = self.row.tries if tries is None else tries
        delay = ASK_AGAIN[min(tries, len(ASK_AGAIN) - 1)]
        self._values |= {"tries": tries + 1, "due_at": self.at + delay}
        self.save()

    def save(self) -> None:
        """Write the row and give up the lease."""
        if not self._values.keys() <= self._held.keys():  # the statement would leave it out without a word
            raise KeyError(*sorted(self._values.keys() - self._held.keys()))
        self._held |= {**self._values, "state": self.state, "leased_until": None, "worker": None}
        _SAVE.change(self.conn, {**self._held, "this_id": self.row.id})
        self._values = {}

    def _another_way(self, cause: str | None) -> None:
        """Refused or returned: the reservation stays. A new number on the same way, or people find another
        way.
        """
        self.step("replan", due_at=None)
        self.save()
        row, case = self.row, self.change.case
        if cause in NEW_NUMBER:
            leg = Hold(row.payment_id, row.route, row.channel, row.reserved_minor, row.amount_minor)
            plan(self.conn, case, [leg], self.at)
            return
        if cause in GONE:
            self.conn.execute(update(payments).where(payments.c.id == row.payment_id).values(is_open=False))
        if case.state == "paying":
            policy = policies.get(self.app, self.conn, case.policy_version)
            next_due = due("negotiating", policy, self.app.calendar, self.at)
            self.change.step(
                "negotiate", SYSTEM, self.at, next_due, {"payout": row.key, "cause": cause or "refused"}
            )


def ask_now(conn: Connection, payout_id: int, at: datetime) -> bool:
    """Let the worker ask the channel about it at once. Nothing is sent: asking is all that is ever done to
    what is not planned. False where nobody can be asked.
    """
    can_ask = (_p.state.in_(ASKABLE), _p.channel.not_in((*HERE, BY_HAND)))
    asked = update(payouts).where(_p.id == payout_id, *can_ask).values(due_at=at, tries=0)
    return conn.execute(asked).rowcount == 1


def stop_asking(conn: Connection, payout_id: int) -> None:
    """Nobody waits for another word on what has arrived."""
    conn.execute(update(payouts).where(_p.id == payout_id, _p.state == "arrived").values(due_at=None))


def finish(app: App, change: Change, at: datetime) -> None:
    """Complete the case when every payout of it has arrived."""
    case = change.case
    if case.state != "paying":
        return
    made = _OF_CASE.all(change.conn, {"case_no": case.case_no})
    if {row.state for row in made} <= DONE:
        policy = policies.get(app, change.conn, case.policy_version)
        change.step("complete", SYSTEM, at, due("completed", policy, app.calendar, at))
        if {row.channel for row in made if row.state == "arrived"} <= set(HERE):
            change.tell_instead()


def request_of(row: Any) -> RefundRequest:
    """The body as it was committed."""
    return RefundRequest(**json.loads(row.request))
