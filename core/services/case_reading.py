"""Reading cases: one with all that belongs to it, or many as cards. A handful of queries each, no N+1."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Integer, and_, bindparam, func, or_, select

from core import texts, wording
from core.adapters import tables
from core.adapters.channels import balance
from core.adapters.prepared import Prepared
from core.adapters.tables import (
    balance_lots,
    bill_rows,
    case_events,
    cases,
    circuits,
    evidence,
    lot_uses,
    payments,
    payouts,
    tickets,
    vouchers,
)
from core.adapters.world import App
from core.domain import routes
from core.domain.actors import BUYERS, SYSTEM, Actor
from core.domain.deadlines import ESCALATED_TO, EXPIRE
from core.domain.facts import Facts
from core.domain.lifecycle import CASE, public_status, waiting_for
from core.domain.locator import BillRow, Kept, Located, Piece, Talks, Ticket, locate
from core.domain.money import share
from core.domain.policy import Policy
from core.domain.rights import allowed
from core.domain.routes import RouteOption
from core.domain.settlement import HERE
from core.domain.wallet import is_good
from core.services import applying, asking, drafts, expected, orders, policies, talks
from core.services.applying import Applying
from core.services.case_views import CaseCard, CaseView, EventView, PayoutView, Versions
from core.services.evidence import view_of
from core.services.record import COLUMNS, Case, onlooks
from core.services.sealing import erased_at

_NO: Final[BindParameter[str]] = bindparam("case_no")
_EVENTS: Final = Prepared(select(case_events).where(case_events.c.case_no == _NO).order_by(case_events.c.seq))
_EVIDENCE: Final = Prepared(
    select(evidence)
    .where(evidence.c.case_no == _NO, evidence.c.removed_at.is_(None))
    .order_by(evidence.c.added_at, evidence.c.id)
)
_PAYOUT_COLUMNS: Final = (
    select(
        payouts,
        func.coalesce(balance_lots.c.expires_at, vouchers.c.expires_at).label("expires_at"),
        balance_lots.c.remaining_minor.label("lot_left"),
        lot_uses.c.amount_minor.label("lot_ended"),
        vouchers.c.state.label("voucher_state"),
        vouchers.c.closed_at.label("voucher_closed_at"),
        payments.c.account,
        bill_rows.c.line.label("row_line"),
        bill_rows.c.at.label("row_at"),
        bill_rows.c.amount_minor.label("row_minor"),
        tickets.c.due_at.label("ticket_due_at"),
        tickets.c.owner.label("ticket_owner"),
        circuits.c.next_at.label("away_at"),
    )
    .join(payments, payments.c.id == payouts.c.payment_id)
    .outerjoin(vouchers, vouchers.c.payout_id == payouts.c.id)
    .outerjoin(balance_lots, and_(balance_lots.c.payout_id == payouts.c.id, payouts.c.channel == "balance"))
    .outerjoin(lot_uses, and_(lot_uses.c.lot_id == balance_lots.c.id, lot_uses.c.spend_id.is_(None)))
    .outerjoin(bill_rows, bill_rows.c.payout_id == payouts.c.id)
    .outerjoin(circuits, circuits.c.channel == payouts.c.channel)
    .outerjoin(tickets, and_(tickets.c.payout_id == payouts.c.id, tickets.c.state == "open"))
)
_PAYOUTS: Final = Prepared(_PAYOUT_COLUMNS.where(payouts.c.case_no == _NO).order_by(payouts.c.id))
MAY_ASK: Final = ("draft", "rejected")  # where the window to ask still matters


def load(app: App, conn: Connection, case: Case, actor: Actor, holds: Applying | None = None) -> CaseView:
    """The view of a case that `actor` was found to own: at most seven queries, four of a draft never sent;
    one more where money became balance.
    `holds`: the policies that count now, where the caller has read them.
    """
    now = app.now()
    order = orders.load(conn, case.order_no)
    number = {"case_no": case.case_no}
    was_sent = case.last_seq > 0  # before that there is nothing to read
    payout_views = tuple(_payout(app, row) for row in _PAYOUTS.all(conn, number)) if was_sent else ()
    is_outside = onlooks(actor, case)
    if is_outside:
        payout_views = _nameless(payout_views)
    if not _may_look_after(actor, is_outside):
        payout_views = _as_credited(payout_views)
    event_rows = _EVENTS.all(conn, number) if was_sent else []
    bodies = [json.loads(row.body) for row in event_rows]
    history = [(row.event, row.actor_role, row.actor_id) for row in event_rows]
    pictures = tuple(view_of(row) for row in _EVIDENCE.all(conn, number))
    ask_until = None
    if case.state in MAY_ASK:
        holds = holds or applying.at(app, conn, now)
        ask_until = holds.ask_until(order)
    has_ended = CASE.is_final(case.state)
    rate, rated = _fee_rate(policies.get(app, conn, case.policy_version), case, bodies)
    located = _locate(
        app,
        case,
        payout_views,
        now,
        [payment.channel for payment in order.payments],
        _bounds(app, conn, case, holds, ask_until),
        talks.of_case(case, order, history),
        _in_balance(app, conn, case, payout_views),
    )
    is_turn = located.turn and not is_outside  # an onlooker has none
    view = CaseView(
        case_no=case.case_no,
        order=order,
        customer_id=case.customer_id,
        state=case.state,
        public_status="your_turn" if is_turn else public_status(case.state),
        waiting_for="you" if is_turn else waiting_for(case.state),
        reason=case.reason,
        requested_minor=case.requested_minor,
        quantity=case.quantity,
        description=case.description,
        route=case.route,
        step=case.step,
        approved_minor=case.approved_minor,
        fee_minor=case.fee_minor,
        fx_minor=case.fx_minor,
        refund_minor=case.refund_minor,
        currency=case.currency,
        verdict=case.verdict,
        rule=case.rule,
        policy_version=case.policy_version,
        decided_by=case.decided_by,
        due_at=case.due_at,
        due_action=case.due_action,
        owner=case.owner,
        provisional=_is_provisional(app, case.due_at),
        created_at=case.created_at,
        submitted_at=case.submitted_at,
        decided_at=case.decided_at,
        finished_at=case.finished_at,
        payouts=payout_views,
        events=tuple(_event(row, body, actor) for row, body in zip(event_rows, bodies, strict=True)),
        allowed=allowed(case.state, case.customer_id, actor, history, owner=case.owner),
        locator=located,
        evidence=pictures,
        ask_until=ask_until,
        arrived_at=_arrived_at(case, payout_views),
        settled_by=drafts.settled_by(conn, order.customer_id, order.order_no) if has_ended else None,
        fee_basis_points=rate,
        fee_of_minor=rated,
        offer=_offer(app, policies.get(app, conn, case.policy_version), case, bodies),
        says=_says(app, conn, bodies),
        versions=_versions(bodies),
        expected=expected.of_case(app, conn, case, bodies),
    )
    if has_ended and view.finished_at is not None:
        at = erased_at(conn, case.customer_id, case.order_no)
        if at is not None and view.finished_at <= at:
            return replace(_silent(view), erased_at=at)
    return _from_outside(view) if is_outside else view


def _nameless(pieces: Iterable[PayoutView]) -> tuple[PayoutView, ...]:
    """Without the accounts that somebody named for the money; for onlookers before the locator speaks of
    them.
    """
    return tuple(replace(piece, account="") if piece.payee_channel else piece for piece in pieces)


def _may_look_after(actor: Actor, is_outside: bool) -> bool:
    """Whether what became of credits and vouchers since is this reader's business: their owner's and the
    staff's, not that of whoever holds a receipt, nor of a certificate, for which the system reads.
    """
    return not is_outside and actor != SYSTEM


def _as_credited(pieces: Iterable[PayoutView]) -> tuple[PayoutView, ...]:
    return tuple(replace(piece, kept=None) for piece in pieces)


def _in_balance(app: App, conn: Connection, case: Case, pieces: Iterable[PayoutView]) -> int | None:
    """What the customer's balance holds now, where some of this refund went there."""
    if not any(piece.channel == "balance" and piece.kept for piece in pieces):
        return None
    return balance.spendable(conn, case.customer_id, case.currency, app.now())


def _from_outside(view: CaseView) -> CaseView:
    """Where the refund stands, without a word, a picture or an account of those who speak in it."""
    return replace(_silent(view), allowed=(), offer=None, is_from_outside=True)


def _silent(view: CaseView) -> CaseView:
    """Without a word, a picture or an account of the people in it."""
    return replace(
        view,
        description="",
        events=tuple(replace(event, note="", payee=None, picture=None) for event in view.events),
        payouts=_nameless(view.payouts),
        evidence=(),
    )


@cache
def _listed(role: str, *, of_states: bool) -> Any:
    """The cases that a person of this role may see, newest first: built once, for that costs more than to run
    it.
    """
    o = tables.orders.c
    query = select(
        *COLUMNS,
        o.product,
        o.quantity.label("bought"),
        o.kind,
        o.amount_minor,
        o.paid_at,
        o.completed_at,
        drafts.IS_SETTLED.label("is_settled"),
    ).join(tables.orders, o.order_no == cases.c.order_no)
    if role == "customer":
        # What somebody with the receipt has begun and not sent is not theirs yet.
        is_theirs = or_(cases.c.applicant == "account", cases.c.state != CASE.initial)
        mine = cases.c.customer_id == bindparam("customer_id")
        query = query.where(mine, cases.c.customer_id != "", is_theirs)
    elif role == "guest":
        # A draft of the account's is nobody else's business.
        is_theirs = or_(cases.c.applicant == "guest", cases.c.state != CASE.initial)
        query = query.where(cases.c.order_no == bindparam("order_no"), is_theirs)
    if of_states:
        query = query.where(cases.c.state.in_(bindparam("states", expanding=True)))
    newest = query.order_by(cases.c.created_at.desc(), cases.c.case_no)
    return newest.limit(bindparam("limit", type_=Integer))


def cards(
    app: App, conn: Connection, actor: Actor, states: Collection[str] | None, limit: int
) -> list[CaseCard]:
    """Cards of the actor's cases, newest first: four queries at most."""
    now = app.now()
    given = {"customer_id": actor.id, "order_no": actor.order_no or "", "limit": limit}
    if states is not None:
        given["states"] = list(states)
    rows = conn.execute(_listed(actor.role, of_states=states is not None), given).all()
    width = len(COLUMNS)
    found = [(Case(*row[:width]), row) for row in rows]
    moving = [
        case.case_no for case, _ in found if case.state in ("paying", "completed", "negotiating", "approved")
    ]
    pieces: dict[str, list[PayoutView]] = defaultdict(list)
    if moving:
        for row in conn.execute(_PAYOUT_COLUMNS.where(payouts.c.case_no.in_(moving)).order_by(payouts.c.id)):
            pieces[row.case_no].append(_payout(app, row))
    in_talks = [case.case_no for case, _ in found if case.state == "negotiating"]
    of_talks = talks.of_many(conn, in_talks) if in_talks else {}
    holds = None
    if any(case.state in MAY_ASK for case, _ in found):
        holds = applying.at(app, conn, now)
    for case, _ in found:
        if onlooks(actor, case):
            pieces[case.case_no] = list(_as_credited(_nameless(pieces[case.case_no])))
    return [
        _card(
            app,
            conn,
            case,
            row,
            pieces[case.case_no],
            holds,
            now,
            of_talks.get(case.case_no),
            is_outside=onlooks(actor, case),
        )
        for case, row in found
    ]


def _bounds(
    app: App, conn: Connection, case: Case, holds: Applying | None, ask_until: datetime | None
) -> datetime | None:
    """The window to ask as far as it bounds this case: a draft that the rules still take is not too late."""
    now = app.now()
    if case.state == CASE.initial and holds is not None and ask_until is not None and ask_until < now:
        return None if asking.is_open_late(app, conn, holds, case, now) else ask_until
    return ask_until


def _card(
    app: App,
    conn: Connection,
    case: Case,
    row: Any,
    pieces: list[PayoutView],
    holds: Applying | None,
    now: datetime,
    of_talks: Talks | None,
    *,
    is_outside: bool,
) -> CaseCard:
    ask_until = None
    if holds is not None and case.state in MAY_ASK:
        ask_until = holds.ask_until(row)
    located = _locate(app, case, pieces, now, (), _bounds(app, conn, case, holds, ask_until), of_talks)
    is_turn = located.turn and not is_outside
    return CaseCard(
        case_no=case.case_no,
        order_no=case.order_no,
        product=row.product,
        bought=row.bought,
        kind=row.kind,
        amount_minor=row.amount_minor,
        currency=case.currency,
        state=case.state,
        public_status="your_turn" if is_turn else public_status(case.state),
        waiting_for="you" if is_turn else waiting_for(case.state),
        reason=case.reason,
        requested_minor=case.requested_minor,
        refund_minor=case.refund_minor,
        step=case.step,
        due_at=case.due_at,
        due_action=case.due_action,
        owner=case.owner,
        customer_id=case.customer_id,
        created_at=case.created_at,
        submitted_at=case.submitted_at,
        decided_at=case.decided_at,
        finished_at=case.finished_at,
        ask_until=ask_until,
        arrived_at=_arrived_at(case, pieces),
        is_sought=_is_sought(pieces),
        was_sent=_was_sent(case),
        is_settled=row.is_settled,
        locator=located,
    )


def _was_sent(case: Case) -> bool:
    """A draft that is deleted or lapses has that one event; sending alone is two, with its answer."""
    return case.last_seq > 1


def _is_sought(pieces: Sequence[PayoutView]) -> bool:
    return any(piece.state == "arrived" and piece.ticket for piece in pieces)


def _arrived_at(case: Case, pieces: Sequence[PayoutView]) -> datetime | None:
    """The money's own time: `finished_at` is when we heard of it, which may be days later. None while some
    of it is being looked for.
    """
    if case.state != "completed" or _is_sought(pieces):
        return None
    return max((piece.arrived_at for piece in pieces if piece.arrived_at is not None), default=None)


def _fee_rate(
    policy: Policy, case: Case, bodies: Sequence[Mapping[str, Any]]
) -> tuple[int | None, int | None]:
    """The rate of the rule or of the reason, and what it is of: all, or without what became balance;
    whichever gives the fee that was taken.
    """
    if not case.fee_minor or not case.approved_minor or case.reason is None:
        return None, None
    legs: list[dict[str, Any]] = next(
        (body["option"]["legs"] for body in reversed(bodies) if "option" in body), []
    )
    sent = sum(leg["reserved_minor"] for leg in legs if leg["channel"] != "balance")
    rates = [rule.fee_basis_points for rule in policy.rules if rule.id == case.rule]
    for minor in (case.approved_minor, sent):
        for rate in (*rates, policy.fee_basis_points[case.reason]):
            if rate is not None and share(minor, rate) == case.fee_minor:
                return rate, minor
    return None, None


def _payout(app: App, row: Any) -> PayoutView:
    return PayoutView(
        id=row.id,
        route=row.route,
        channel=row.channel,
        account="" if row.channel in HERE else row.payee_account or row.account,
        amount_minor=row.amount_minor,
        currency=row.currency,
        state=row.state,
        key=row.key,
        reference=row.reference,
        sent_at=row.sent_at,
        accepted_at=row.accepted_at,
        eta_at=row.eta_at,
        provisional=_is_provisional(app, row.eta_at),
        arrived_at=row.arrived_at,
        cause=row.cause,
        expires_at=row.expires_at,
        payee_channel=row.payee_channel,
        heard_at=row.heard_at,
        is_away=row.away_at is not None,
        kept=_kept(app, row),
        row=None if row.row_line is None else BillRow(row.row_line, row.row_at, row.row_minor),
        ticket=None
        if row.ticket_due_at is None
        else Ticket(row.ticket_due_at, row.ticket_owner == ESCALATED_TO),
    )


def _kept(app: App, row: Any) -> Kept | None:
    """What has run out counts as such from the first moment on, before the worker has seen it."""
    if row.expires_at is None:
        return None
    good = is_good(row.expires_at, app.now())
    if row.lot_left is not None:
        return Kept(row.lot_left if good else 0, row.lot_ended or (0 if good else row.lot_left))
    if row.voucher_state == "redeemed":
        return Kept(0, used_at=row.voucher_closed_at)
    is_open = good and row.voucher_state == "open"
    return Kept(row.amount_minor if is_open else 0, 0 if is_open else row.amount_minor)


def _event(row: Any, body: Mapping[str, Any], reader: Actor) -> EventView:
    """What the first of two approved is between colleagues until the second has decided; the final event then
    has the words for the customer.
    """
    if row.event == "endorse" and reader.role in BUYERS:
        body = {}
    return EventView(
        seq=row.seq,
        at=row.at,
        event=row.event,
        role=row.actor_role,
        actor_id=row.actor_id,
        from_state=row.from_state,
        to_state=row.to_state,
        note=body.get("note", ""),
        hash=row.hash,
        amount_minor=body.get("option", {}).get("approved"),
        route=body.get("option", {}).get("route"),
        way=body.get("way"),
        payee=(body["channel"], body["account"]) if "account" in body else None,
        given_by=body.get("given_by", ""),
        is_other_name=body.get("is_other_name", False),
        picture=body.get("picture"),
        of=body.get("of", "agree") if row.event == "endorse" else "",
        due_at=datetime.fromisoformat(due_at) if (due_at := body.get("set", {}).get("due_at")) else None,
        by_another={row.actor_role, reader.role} == {"customer", "guest"},
    )


def _locate(
    app: App,
    case: Case,
    pieces: Iterable[PayoutView],
    now: datetime,
    channels: Collection[str],
    ask_until: datetime | None,
    of_talks: Talks | None,
    balance_minor: int | None = None,
) -> Located:
    amount = case.refund_minor if case.refund_minor is not None else case.requested_minor
    if case.route == "balance":
        channels = ("balance",)
    return locate(
        case.state,
        amount_minor=amount,
        currency=case.currency,
        due_at=case.due_at,
        pieces=[
            Piece(
                p.payee_channel or p.channel,
                p.account,
                p.amount_minor,
                p.state,
                p.eta_at,
                p.arrived_at,
                p.expires_at,
                by_hand=bool(p.payee_channel),
                heard_at=p.heard_at,
                row=p.row,
                ticket=p.ticket,
                in_wallet=p.in_wallet,
                is_away=p.is_away,
                kept=p.kept,
            )
            for p in pieces
        ],
        now=now,
        published_through=app.calendar.published_through,
        channels=tuple(channels),
        owner=case.owner,
        ask_until=ask_until,
        asked_minor=case.requested_minor if _is_part(case) else None,
        was_sent=_was_sent(case),
        is_offered=_is_offered(case),
        talks=of_talks,
        balance_minor=balance_minor,
    )


def _is_offered(case: Case) -> bool:
    """A question and an offer end differently when nobody answers."""
    return case.state == "awaiting_customer" and case.due_action == EXPIRE


def _offer(app: App, policy: Policy, case: Case, bodies: Sequence[Mapping[str, Any]]) -> RouteOption | None:
    """The plan that was offered; its dates as of now."""
    if not _is_offered(case):
        return None
    body = bodies[-1]
    facts = replace(Facts.from_dict(body["facts"]), at=app.now())
    promised = body["option"]
    options = routes.plan(facts, policy, app.calendar, approved=promised["approved"])
    return next((option for option in options if option.route == promised["route"]), None)


def _is_part(case: Case) -> bool:
    """Whether less was granted than was asked for."""
    return case.approved_minor is not None and case.approved_minor < (case.requested_minor or 0)


def _says(app: App, conn: Connection, bodies: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The rule's sentence at the newest decision that has one."""
    decided = [body for body in bodies if "assessment" in body]
    if not decided:
        return {}
    body = decided[-1]
    policy = policies.get(app, conn, body["policy_version"])
    facts = Facts.from_dict(body["facts"])
    rule = body["assessment"]["rule"]
    return {
        short: wording.rule_sentence(texts.of(language), policy, rule, facts)
        for short, language in (("zh", "zh_CN"), ("en", "en"))
    }


def _versions(bodies: Iterable[Mapping[str, Any]]) -> Versions | None:
    """What the newest sending chose from."""
    kept = [body for body in bodies if "versions" in body or body.get("set", {}).get("submitted_at")]
    said = kept[-1].get("versions") if kept else None
    if said is None:
        return None
    since = said["bought_since"]
    figures = {name: value for name, value in said.items() if name not in ("bought_since", "facts")}
    return Versions(bought_since=since and datetime.fromisoformat(since), **figures)


def _is_provisional(app: App, at: datetime | None) -> bool:
    return at is not None and at.year > app.calendar.published_through
