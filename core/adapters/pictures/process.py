"""The portal's side: tells what a file is, waits for its turn, starts a child for it and believes nothing the
child says that is not checked.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import structlog

from core.adapters.confined import Turns, in_memory
from core.adapters.pictures import MOST_KEYS, REFUSALS, SECONDS, Picture, looks_like_picture
from core.adapters.pictures.kinds import KINDS, kind_of
from core.domain.errors import EvidenceBusy, EvidenceRefused
from core.domain.pictures import DOUBTS, Doubt, Quality
from core.domain.reading import Box

LARGEST_MEGABYTES: Final = 10  # where no policy says otherwise
MEGABYTE: Final = 1024 * 1024
MOST_PAGES: Final = 5  # of a PDF: each becomes a picture that somebody has to look at
# At a time in one process: memory is not for strangers' files, and one core stays for who only looks.
CHILDREN: Final = max(1, min(2, len(os.sched_getaffinity(0)) - 1))
NICE: Final = 5  # who looks comes first; who uploads gets a third where both want the same core
PATIENCE: Final = 30.0  # seconds a file waits for its turn; with 2 s a file that is a queue of thirty
# A file may take so many times as long on the wall as on a processor. Who needs that waits for a machine that
# has other things to do: the sender is asked to come again, and the file is not to blame.
BUSY: Final = 10.0
COVER_SECONDS: Final = 3 * SECONDS  # for a picture of ours: it was taken in, on a slow machine as well
START_SECONDS: Final = 10.0  # for starting Python on a busy machine; the child's own clock starts later

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Intake:
    """What a file became: one picture, or one for each page; `notes` (of `NOTES`) on what is left out."""

    pictures: tuple[Picture, ...]
    notes: tuple[str, ...]


_turns = Turns(CHILDREN)


def intake(
    data: bytes,
    *,
    largest_megabytes: int = LARGEST_MEGABYTES,
    most_pages: int = MOST_PAGES,
    seconds: float = SECONDS,
    patience: float = PATIENCE,
) -> Intake:
    """Our own pictures of a stranger's file; `EvidenceRefused(reason=…)` with one of `REFUSALS`, or
    `EvidenceBusy`."""
    if len(data) > largest_megabytes * MEGABYTE:
        raise EvidenceRefused(reason="too_big", limit=largest_megabytes)
    if not data:
        raise EvidenceRefused(reason="empty")
    kind = kind_of(data)
    if kind not in KINDS:
        raise EvidenceRefused(reason=kind)
    with _turns.one(patience):
        return _answer(data, [kind, str(most_pages), "[]", str(seconds)], BUSY * seconds)


def covered(
    data: bytes, regions: Sequence[Box], *, seconds: float = COVER_SECONDS, patience: float = PATIENCE
) -> Picture:
    """One of our own pictures with `regions` filled, made anew; refused as by `intake`."""
    with _turns.one(patience):
        arguments = [kind_of(data), "1", json.dumps(regions), str(seconds)]
        return _answer(data, arguments, BUSY * seconds).pictures[0]


# -I: no environment, no user site, no current directory; so the child is told where the code is.
_CHILD: Final = (
    f"import os, sys; os.nice({NICE}); "
    "sys.path.insert(0, {path!r}); from core.adapters.pictures.child import main; main()"
)
_ROOT: Final = str(Path(__file__).parents[3])


def _answer(data: bytes, arguments: list[str], at_most: float) -> Intake:
    command = [sys.executable, "-I", "-c", _CHILD.format(path=_ROOT), *arguments, str(at_most)]
    with in_memory(data) as given, in_memory() as out:
        try:
            done = subprocess.run(
                command,
                stdin=given,
                stdout=out,
                stderr=subprocess.DEVNULL,
                timeout=at_most + START_SECONDS,
                check=False,
                env={"OPENBLAS_NUM_THREADS": "1"},  # each thread would reserve of the child's memory
            )
        except subprocess.TimeoutExpired:
            raise EvidenceBusy() from None
        if -done.returncode in (signal.SIGPROF, signal.SIGXCPU):
            raise EvidenceRefused(reason="took_too_long")
        if -done.returncode == signal.SIGALRM:  # its time on a processor was not over
            raise EvidenceBusy()
        if done.returncode:  # a decoder's crash; PDFium ends so when its memory is used up
            _log.warning("picture_child_died", returncode=done.returncode, kind=arguments[0])
            raise EvidenceRefused(reason="took_too_much")
        out.seek(0)
        try:
            return _checked(out)
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.warning("picture_child_nonsense", kind=arguments[0])
            raise EvidenceRefused(reason="damaged") from None


def _checked(out: BinaryIO) -> Intake:
    """The child's answer as values; anything odd about it raises."""
    answer: dict[str, Any] = json.loads(out.readline(100_000))
    if "refused" in answer:
        raise EvidenceRefused(reason=answer["refused"] if answer["refused"] in REFUSALS else "damaged")
    pictures = []
    for told in answer["pictures"]:
        data = out.read(told["bytes"])
        if len(data) != told["bytes"] or not looks_like_picture(data):
            raise ValueError("not what was announced")
        pictures.append(
            Picture(
                data,
                {"image/png": "image/png", "image/jpeg": "image/jpeg"}[told["media_type"]],
                int(told["width"]),
                int(told["height"]),
                str(told["pixels_sha256"]),
                str(told["dhash"]),
                Quality.of(told["quality"]),
                tuple(Doubt(_one_of(DOUBTS, code), str(seen)[:200]) for code, seen in told["doubts"]),
                base64.b64decode(told["words"], validate=True),
                tuple(int(key) for key in told["keys"][:MOST_KEYS]),
            )
        )
    if not pictures:
        raise ValueError("no picture")
    return Intake(tuple(pictures), tuple(map(str, answer["notes"])))


def _one_of(known: tuple[str, ...], code: str) -> str:
    if code not in known:
        raise ValueError(code)
    return code
