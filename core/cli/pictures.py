"""The command about evidence: would these files be taken, and as what?"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from argparse import Namespace
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.answer import AddCommand, Answer, columns
from core.domain.errors import EvidenceBusy, EvidenceRefused

if TYPE_CHECKING:
    from core.adapters.pictures.process import Intake
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("check-picture", check_picture, tx("cli.help.check_picture"))
    command.add_argument("files", nargs="+", metavar="FILE")


@dataclass(frozen=True, slots=True)
class _Checked:
    """One file as the portal would take it in."""

    path: Path
    sha256: str  # of the file; empty when it is none
    ms: float
    found: Intake | None = None
    refused: EvidenceRefused | EvidenceBusy | None = None


def check_picture(arguments: Namespace) -> Answer:
    paths = [Path(name) for name in arguments.files]
    for path in paths:
        path.lstat()  # a name that was mistyped is told before anything is done
    checked = [_checked(path) for path in paths]
    return Answer(
        json=lambda tx: [_data(each) for each in checked],
        lines=lambda tx: columns(
            (
                str(each.path),
                tx("cli.picture.refused") if each.refused else tx("cli.picture.accepted"),
                " ".join(_said(each, tx)),
            )
            for each in checked
        ),
        found=any(each.refused for each in checked),
    )


def _checked(path: Path) -> _Checked:
    """Under the limits of the shipped standard policy, for there may be no database."""
    from core.adapters.pictures.process import MEGABYTE, intake
    from core.domain.policy import load, shipped

    largest = load(shipped("standard")).limits.evidence_megabytes
    started = time.perf_counter()
    sha256, found, refused = "", None, None
    try:
        with plain_file(path) as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            data = file.read(largest * MEGABYTE + 1)  # however large it is: one byte more is too much
        started = time.perf_counter()
        found = intake(data, largest_megabytes=largest)
    except (EvidenceRefused, EvidenceBusy) as error:
        refused = error
    return _Checked(path, sha256, round((time.perf_counter() - started) * 1000, 1), found, refused)


def plain_file(path: Path) -> BufferedReader:
    """`path` opened to be read; `EvidenceRefused` for a folder, a device that never ends, a pipe that waits
    for somebody, and what cannot be opened or is gone by now.
    """
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError:
        raise EvidenceRefused(reason="no_file") from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise EvidenceRefused(reason="no_file")
    return file


def _data(each: _Checked) -> dict[str, Any]:
    """`width`, `height` and `sharpness` (0–100) are the first picture's; `warnings` are notes on the file,
    then what its sender is told of each picture.
    """
    pictures = each.found.pictures if each.found else ()
    return {
        "file": str(each.path),
        "verdict": "refused" if each.refused else "accepted",
        "code": each.refused.params.get("reason", each.refused.code) if each.refused else None,
        "width": pictures[0].width if pictures else None,
        "height": pictures[0].height if pictures else None,
        "sharpness": pictures[0].quality.sharpness if pictures else None,
        "sha256": each.sha256 or None,
        "ms": each.ms,
        "warnings": _warnings(each),
    }


def _said(each: _Checked, tx: Texts) -> list[str]:
    if each.refused:
        return [tx.refusal(each.refused)]
    notes = each.found.notes if each.found else ()
    told = [tx(f"picture_note.{note}") for note in notes]
    return told + [tx(f"picture_warning.{code}") for code in _warnings(each) if code not in notes]


def _warnings(each: _Checked) -> list[str]:
    from core.domain.pictures import warnings
    from core.domain.policy import load, shipped

    if each.found is None:
        return []
    limits = load(shipped("standard")).pictures
    seen = [code for picture in each.found.pictures for code in warnings(picture.quality, limits)]
    return list(dict.fromkeys([*each.found.notes, *seen]))
