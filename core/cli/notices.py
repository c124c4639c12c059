"""Commands about notices: what was told and where it went, and where a customer can be written to."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from core.cli.answer import AddCommand, Answer, columns, count
from core.cli.opening import opened
from core.domain.actors import SYSTEM
from core.domain.errors import NotFound

if TYPE_CHECKING:
    from core.services.outbox import Filed
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("notices", notices, tx("cli.help.notices"))
    command.add_argument("--case", metavar="NO", help=tx("cli.help.case_no"))
    command.add_argument("--limit", type=count, default=200, metavar="N", help=tx("cli.help.limit"))

    command = add("contact", contact, tx("cli.help.contact"))
    command.add_argument("customer", metavar="ID", help=tx("cli.help.customer"))
    command.add_argument("--mail", required=True, metavar="ADDRESS", help=tx("cli.help.contact_mail"))


def notices(arguments: Namespace) -> Answer:
    """Exit code 1 when a delivery was given up: somebody should look at it."""
    from core.services import cases, outbox

    app = opened()
    if arguments.case is not None:
        cases.view(app, SYSTEM, arguments.case)  # one without notices is something else than none
    found = outbox.filed(app, arguments.case, arguments.limit)
    now = app.now()

    def lines(tx: Texts) -> list[str]:
        rows = [
            (
                tx.when(notice.at, now),
                notice.case_no,
                tx(f"notice.{notice.kind}.title"),
                tx("cli.notices.read" if notice.read_at else "cli.notices.unread"),
                " ".join(f"{d.target}:{tx(f'delivery_state.{d.state}')}" for d in notice.deliveries),
            )
            for notice in found
        ]
        return columns(rows) or [tx("notices.none")]

    failed = any(d.state == "failed" for notice in found for d in notice.deliveries)
    return Answer(json=lambda tx: [_as_json(notice) for notice in found], lines=lines, found=failed)


def _as_json(notice: Filed) -> dict[str, Any]:
    return {
        "id": notice.id,
        "case_no": notice.case_no,
        "seq": notice.seq,
        "kind": notice.kind,
        "at": notice.at.isoformat(),
        "read_at": notice.read_at.isoformat() if notice.read_at else None,
        "deliveries": [
            {
                "target": d.target,
                "state": d.state,
                "tries": d.tries,
                "due_at": d.due_at.isoformat() if d.due_at else None,
                "sent_at": d.sent_at.isoformat() if d.sent_at else None,
                "cause": d.cause,
            }
            for d in notice.deliveries
        ],
    }


def contact(arguments: Namespace) -> Answer:
    """The answer names the customer only: an address has no business in a terminal's log."""
    from core.services import contacts, orders

    app = opened()
    if not orders.list_for(app, SYSTEM, customer_id=arguments.customer, limit=1):
        raise NotFound()
    contacts.set_mail(app, arguments.customer, arguments.mail)
    data = {"customer_id": arguments.customer, "mail": bool(arguments.mail.strip())}
    sent = "cli.contact.kept" if app.notifiers.mail_url else "cli.contact.unsent"
    key = sent if data["mail"] else "cli.contact.none"
    return Answer(json=lambda tx: data, lines=lambda tx: [tx(key, customer=arguments.customer)])
