"""`people`: who has signed in with the identity provider; to end their sessions, or to let an account go."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.cli.answer import AddCommand, Answer, columns
from core.cli.opening import opened

if TYPE_CHECKING:
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("people", people, tx("cli.help.people"))
    what = command.add_mutually_exclusive_group()
    what.add_argument("--sign-out", metavar="ID", help=tx("cli.help.sign_out"))
    what.add_argument("--unlink", metavar="ID", help=tx("cli.help.unlink"))


def people(arguments: Namespace) -> Answer:
    from core.services import sign_in

    app = opened()
    person = arguments.sign_out or arguments.unlink
    if person:
        ended = sign_in.sign_out(app, person, forget=bool(arguments.unlink))
        said = "cli.people.unlinked" if arguments.unlink else "cli.people.signed_out"
        return Answer(
            json=lambda tx: {"person_id": person, "sessions_ended": ended},
            lines=lambda tx: [tx(said, person=person, n=ended)],
        )
    known = sign_in.people(app)

    def lines(tx: Texts) -> list[str]:
        rows = [(each.person_id, each.role, each.name) for each in known]
        return columns(rows) or [tx("cli.people.none")]

    return Answer(json=lambda tx: [asdict(each) for each in known], lines=lines)
