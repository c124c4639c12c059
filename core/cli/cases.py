"""Commands about one case: apply as a customer, act as a person of a role, look at it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from core.cli.answer import AddCommand, Answer, Usage, minor, person
from core.cli.case_shown import shown
from core.cli.opening import opened
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import CaseAlreadyOpen, EndorsedByApproving, EventUnknown, ReasonInvalid
from core.domain.facts import EVIDENCE_KINDS, REASONS, ROUTES
from core.domain.lifecycle import CASE
from core.domain.settlement import WAYS, Payee, read_payee
from core.domain.terms import Terms

if TYPE_CHECKING:
    from core.app import App
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("apply", apply, tx("cli.help.apply"))
    command.add_argument("--order", required=True, metavar="NO", help=tx("cli.help.order"))
    command.add_argument(
        "--reason", required=True, metavar="R", help=tx("cli.help.reason", reasons=", ".join(REASONS))
    )
    command.add_argument("--amount-minor", required=True, metavar="N", help=tx("cli.help.amount_minor"))
    command.add_argument("--customer", default="", metavar="ID", help=tx("cli.help.applicant"))
    command.add_argument("--quantity", metavar="N", help=tx("cli.help.quantity"))
    command.add_argument("--description", default="", metavar="TEXT", help=tx("cli.help.description"))
    command.add_argument("--route", metavar="ROUTE", help=tx("cli.help.route"))
    command.add_argument("--evidence", nargs="+", default=[], metavar="FILE", help=tx("cli.help.evidence"))
    command.add_argument("--command-id", metavar="ID", help=tx("cli.help.command_id"))

    command = add("act", act, tx("cli.help.act"))
    command.add_argument("case", metavar="CASE", help=tx("cli.help.case_no"))
    command.add_argument("event", metavar="EVENT", help=tx("cli.help.event"))
    command.add_argument(
        "--as", dest="actor", required=True, type=person, metavar="ROLE:ID", help=tx("cli.help.as")
    )
    command.add_argument("--note", default="", metavar="TEXT", help=tx("cli.help.note"))
    command.add_argument("--amount-minor", metavar="N", help=tx("cli.help.approved_minor"))
    command.add_argument("--route", choices=ROUTES, help=tx("cli.help.offered_route"))
    command.add_argument("--way", choices=WAYS, help=tx("cli.help.way"))
    command.add_argument("--payee", metavar="CHANNEL:HOLDER:ACCOUNT", help=tx("cli.help.payee"))
    command.add_argument("--reference", default="", metavar="TEXT", help=tx("cli.help.reference"))
    command.add_argument("--picture", default="", metavar="ID", help=tx("cli.help.picture"))
    command.add_argument("--command-id", metavar="ID", help=tx("cli.help.command_id"))

    command = add("case", case, tx("cli.help.case"))
    command.add_argument("case", metavar="NO", help=tx("cli.help.case_no"))


def apply(arguments: Namespace) -> Answer:
    from core.services import cases

    app = opened()
    if arguments.reason not in REASONS:
        raise ReasonInvalid(reason=arguments.reason[:40])
    actor = _owner(app, arguments.order, arguments.customer)
    amount = minor(arguments.amount_minor)
    quantity = None if arguments.quantity is None else minor(arguments.quantity)
    command_id = _command_id(arguments)
    if arguments.evidence:
        _attach(app, actor, arguments)
    sent = cases.apply(
        app,
        actor,
        arguments.order,
        arguments.reason,
        amount,
        command_id=command_id,
        quantity=quantity,
        description=arguments.description,
        route=arguments.route,
    )
    data = {"case_no": sent.case_no, "state": sent.state, "verdict": sent.verdict, "rule": sent.rule}
    return Answer(
        json=lambda tx: data,
        lines=lambda tx: [
            tx("cli.apply.sent", case_no=sent.case_no, state=tx(f"state.{sent.state}"), rule=sent.rule),
            tx("cli.apply.next", case_no=sent.case_no),
        ],
    )


def _owner(app: App, order_no: str, customer_id: str) -> Actor:
    """The customer who applies; the guest of an order that belongs to no account, when the id is empty."""
    from core.services import orders

    if customer_id:
        return Actor("customer", customer_id)
    if orders.get(app, SYSTEM, order_no).customer_id:
        raise Usage("cli.usage.customer_missing")  # an operator may list whose orders there are
    return Actor("guest", order_no=order_no)


def _attach(app: App, actor: Actor, arguments: Namespace) -> None:
    """Puts the files on the order's draft, each under its kind, all of them read before the first is kept."""
    from core.services import cases, evidence, policies

    with app.read() as conn:
        _, policy = policies.in_force(app, conn, app.now())
    wanted = policy.evidence.get(arguments.reason, ())
    files = []
    for place, word in enumerate(arguments.evidence):
        kind, _, name = word.partition("=")
        if kind not in EVIDENCE_KINDS:
            kind, name = (wanted[place] if place < len(wanted) else "other"), word
        files.append((kind, Path(name).read_bytes()))
    try:
        draft = cases.open_draft(app, actor, arguments.order)
    except CaseAlreadyOpen:
        return  # the same command once more, or a refusal that `apply` will tell
    for kind, data in files:
        evidence.add(app, actor, draft.case_no, kind, data)


def act(arguments: Namespace) -> Answer:
    from core.services import cases

    app = opened()
    if arguments.event not in CASE.events:
        raise EventUnknown(event=arguments.event[:40], allowed=list(CASE.events))
    if arguments.event == "endorse":
        raise EndorsedByApproving()
    amount = None if arguments.amount_minor is None else minor(arguments.amount_minor)
    view = cases.act(
        app,
        arguments.actor,
        arguments.case,
        arguments.event,
        _command_id(arguments),
        Terms(
            note=arguments.note,
            amount_minor=amount,
            route=arguments.route,
            way=arguments.way,
            payee=_payee(arguments.payee),
            reference=arguments.reference,
            picture=arguments.picture,
        ),
    )
    return shown(app, view)


def _payee(text: str | None) -> Payee | None:
    if text is None:
        return None
    channel, _, rest = text.partition(":")
    holder, _, account = rest.partition(":")
    return read_payee(channel, holder, account)


def case(arguments: Namespace) -> Answer:
    from core.services import cases

    app = opened()
    return shown(app, cases.view(app, SYSTEM, arguments.case))


def _command_id(arguments: Namespace) -> str:
    return arguments.command_id or f"cli-{uuid4().hex}"
