"""`backup` and `restore`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.answer import AddCommand, Answer

if TYPE_CHECKING:
    from core.services.backup import Backup
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("backup", backup, tx("cli.help.backup"))
    command.add_argument("folder", type=Path, metavar="FOLDER", help=tx("cli.help.backup_folder"))
    command = add("restore", restore, tx("cli.help.restore"))
    command.add_argument("folder", type=Path, metavar="FOLDER", help=tx("cli.help.restore_folder"))


def backup(arguments: Namespace) -> Answer:
    from core.cli.opening import opened
    from core.services import backup

    return _told(backup.make(opened(), arguments.folder), "cli.backup.made")


def restore(arguments: Namespace) -> Answer:
    """Into a database that is empty, so none is asked for as other commands do."""
    from core.cli.opening import unopened
    from core.services import backup

    return _told(backup.restore(unopened(), arguments.folder), "cli.backup.restored")


def _told(done: Backup, said: str) -> Answer:
    words = {"cases": done.moment.cases, "pictures": done.moment.pictures, "missing": done.missing}
    return Answer(
        json=lambda tx: {**asdict(done), "made_at": done.made_at.isoformat()},
        lines=lambda tx: [tx(said, at=tx.when(done.made_at), **words)],
        found=False,
    )
