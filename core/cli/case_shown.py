"""One case as `case` and `act` answer it: the fixed JSON, and a page for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.cli import case_staff
from core.cli.answer import Answer, columns

if TYPE_CHECKING:
    from core.app import App
    from core.domain.policy import Policy
    from core.services.case_views import CaseView
    from core.texts import Texts


def shown(app: App, view: CaseView) -> Answer:
    """The case as the answer of a command."""
    from core.services import policies

    now = app.now()
    policy = policies.of_version(app, view.policy_version)
    return Answer(json=lambda tx: _as_json(view, now), lines=lambda tx: _as_lines(view, policy, tx, now))


def _as_json(view: CaseView, now: datetime) -> dict[str, Any]:
    from core import texts, wording

    return {
        "case_no": view.case_no,
        "order_no": view.order.order_no,
        "state": view.state,
        "public_status": view.public_status,
        "policy_version": view.policy_version,
        "requested_minor": view.requested_minor,
        "approved_minor": view.approved_minor,
        "due_at": view.due_at.isoformat() if view.due_at else None,
        "waiting_for": view.waiting_for,
        "events_allowed": case_staff.events_allowed(view),
        "locator": {
            short: wording.sentence(texts.of(language), view.locator, now)
            for short, language in (("zh", "zh_CN"), ("en", "en"))
        },
        "payouts": [
            {
                "route": payout.route,
                "channel": payout.channel,
                "amount_minor": payout.amount_minor,
                "state": payout.state,
                "reference": payout.reference,
            }
            for payout in view.payouts
        ],
        "events": [
            {
                "seq": event.seq,
                "at": event.at.isoformat(),
                "event": event.event,
                "actor": f"{event.role}:{event.actor_id}",
                "from": event.from_state,
                "to": event.to_state,
                "amount_minor": event.amount_minor,
                "hash": event.hash,
            }
            for event in view.events
        ],
    }


def _as_lines(view: CaseView, policy: Policy, tx: Texts, now: datetime) -> list[str]:
    from core import wording

    money = [
        (tx(name), tx.money(minor, view.currency))
        for name, minor in (
            ("cli.case.requested", view.requested_minor),
            ("cli.case.approved", view.approved_minor),
            ("cli.case.fee", view.fee_minor or None),
            ("cli.case.fx", view.fx_minor or None),
            ("cli.case.refund", view.refund_minor),
        )
        if minor is not None
    ]
    facts = [
        (tx("cli.case.order"), f"{view.order.order_no} {view.order.product}"),
        (tx("cli.case.state"), tx(f"state.{view.state}")),
        (tx("column.reason"), tx(f"reason_said.{view.reason}") if view.reason else ""),
        *money,
    ]
    payouts = [
        (
            tx.money(payout.amount_minor, payout.currency),
            tx(f"channel.{payout.channel}"),
            tx(f"payout_state.{payout.state}"),
            payout.reference or "",
        )
        for payout in view.payouts
    ]
    events = [
        (
            event.seq,
            tx.when(event.at, now),
            f"{tx(f'role.{event.role}')} {event.actor_id if event.role != 'system' else ''}".rstrip(),
            tx(f"event.{event.event}"),
            "" if event.amount_minor is None else tx.money(event.amount_minor, view.currency),
            event.note,
        )
        for event in view.events
    ]
    return [
        view.case_no,
        wording.sentence(tx, view.locator, now),
        wording.next_sentence(tx, view.locator, now),
        "",
        *case_staff.lines(view, policy, tx, now),
        "",
        *columns(facts),
        *columns(payouts),
        "",
        *columns(events),
    ]
