"""`person`: what the shop holds about one person, the copy they may have, and their erasure."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.answer import AddCommand, Answer, Usage, columns, person
from core.cli.opening import opened

if TYPE_CHECKING:
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("person", about, tx("cli.help.person"))
    command.add_argument("id", nargs="?", default="", metavar="ID", help=tx("cli.help.person_id"))
    command.add_argument("--order", default="", metavar="NO", help=tx("cli.help.person_order"))
    what = command.add_mutually_exclusive_group()
    what.add_argument("--copy", type=Path, metavar="FILE", help=tx("cli.help.person_copy"))
    what.add_argument("--erase", action="store_true", help=tx("cli.help.person_erase"))
    command.add_argument("--as", dest="actor", type=person, metavar="ROLE:ID", help=tx("cli.help.person_as"))


def about(arguments: Namespace) -> Answer:
    if bool(arguments.id) == bool(arguments.order):
        raise Usage("cli.usage.person_or_order")
    if arguments.erase != (arguments.actor is not None):
        raise Usage("cli.usage.erase_as")
    if arguments.copy is not None:
        return _copy(arguments)
    return _erase(arguments) if arguments.erase else _held(arguments)


def _held(arguments: Namespace) -> Answer:
    from core.services import personal

    found = personal.held(opened(), arguments.id, arguments.order)

    def lines(tx: Texts) -> list[str]:
        return columns((name, n, tx(f"erasure.{end}")) for name, (n, end) in found.items())

    return Answer(
        json=lambda tx: {name: {"rows": n, "erasure": end} for name, (n, end) in found.items()}, lines=lines
    )


def _copy(arguments: Namespace) -> Answer:
    """Readable by nobody else, and never over another file."""
    import os

    from core.services import personal

    app, path = opened(), arguments.copy
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            counts = personal.give(app, file, arguments.id, arguments.order)
    except BaseException:
        path.unlink()
        raise
    told = {"file": str(path), "bytes": path.stat().st_size, "rows": counts}
    return Answer(
        json=lambda tx: told,
        lines=lambda tx: [tx("cli.person.copied", file=str(path)), *columns(counts.items())],
    )


def _erase(arguments: Namespace) -> Answer:
    from core.services import personal

    done = personal.erase(opened(), arguments.actor, arguments.id, arguments.order)
    told = {
        "gone": done.gone,
        "emptied": done.emptied,
        "stays": {name: {"rows": n, "erasure": end} for name, (end, n) in done.stays.items()},
        "pictures": done.pictures,
    }

    def lines(tx: Texts) -> list[str]:
        rows = [(name, n, tx("erasure.gone")) for name, n in done.gone.items()]
        rows += [(name, n, tx("erasure.emptied")) for name, n in done.emptied.items()]
        rows += [(name, n, tx(f"erasure.{end}")) for name, (end, n) in done.stays.items()]
        return [tx("cli.person.erased", n=done.pictures), *columns(rows)]

    return Answer(json=lambda tx: told, lines=lines)
