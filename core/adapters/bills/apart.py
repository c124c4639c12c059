"""A stranger's bill read apart: in a child process under limits, from memory, with nothing kept of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import structlog

from core.adapters.bills.child import LARGEST_ANSWER, NAMELESS
from core.adapters.confined import Turns, in_memory
from core.domain import errors
from core.domain.bills import BillRefund, BillWarning, Coverage, ReadBill

MEGABYTE: Final = 1024 * 1024
LARGEST_MEGABYTES: Final = 10  # a year of a busy person's bill is below 1 MB; the server lets in no more
SECONDS: Final = 4.0  # of a processor; 10 MB take 2 s
BUSY: Final = 5.0  # so many times as long on the wall
START_SECONDS: Final = 10.0
PATIENCE: Final = 20.0
_LONGEST_NAME: Final = 40
_MOST_LETTERS: Final = 64  # of a number or a word in a bill

_log = structlog.get_logger(__name__)
_turns: Final = Turns(1)  # one at a time: the other core is for who looks
# -I: no environment, no user site, no current directory; so the child is told where the code is.
_CHILD: Final = (
    "import os, sys; os.nice(5); sys.path.insert(0, {path!r}); "
    "from core.adapters.bills.child import main; main()"
)
_ROOT: Final = str(Path(__file__).parents[3])


def read_apart(
    data: bytes,
    name: str,
    *,
    seconds: float = SECONDS,
    patience: float = PATIENCE,
    largest_megabytes: int = LARGEST_MEGABYTES,
) -> ReadBill:
    """What the bill says of refunds; `FileUnreadable` of the fitting kind, `BillTooMuch`, or `EvidenceBusy`
    when there was no turn for it. `name`: as refusals call it. Of the warnings only the lines that could not
    be read are told.
    """
    if len(data) > largest_megabytes * MEGABYTE:
        raise errors.FileTooLarge(seen="size", megabytes=largest_megabytes)
    if not data:
        raise errors.FileEmpty(seen="empty")
    with _turns.one(patience):
        return _answer(data, name[:_LONGEST_NAME], seconds)


def _answer(data: bytes, name: str, seconds: float) -> ReadBill:
    command = [sys.executable, "-I", "-c", _CHILD.format(path=_ROOT), str(seconds), str(BUSY * seconds)]
    with in_memory(data) as given, in_memory() as out:
        try:
            done = subprocess.run(
                command, stdin=given, stdout=out, stderr=subprocess.DEVNULL, check=False, env={},
                timeout=BUSY * seconds + START_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise errors.EvidenceBusy() from None
        if -done.returncode == signal.SIGALRM:  # its time on a processor was not over
            raise errors.EvidenceBusy()
        if done.returncode:
            _log.warning("bill_child_died", returncode=done.returncode)
            raise errors.BillTooMuch()
        out.seek(0)
        try:
            return _checked(out, name)
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.warning("bill_child_nonsense")
            raise errors.FileDamaged(seen=name) from None


def _checked(out: BinaryIO, name: str) -> ReadBill:
    """The child's answer as values; anything odd about it raises."""
    answer: dict[str, Any] = json.loads(out.read(LARGEST_ANSWER))
    if "refused" in answer:
        raise _REFUSALS[answer["refused"]](**_params(answer["params"], name))
    covers = answer["covers"]
    unread = tuple(int(line) for line in answer["unread"])
    return ReadBill(
        _word(answer["kind"]),
        _word(answer["channel"]),
        int(answer["rows"]),
        tuple(_refund(*row) for row in answer["refunds"]),
        Coverage(_instant(covers[0]), _instant(covers[1]), bool(covers[2])) if covers else None,
        (BillWarning("import_problem.unread", unread, {}, True),) if unread else (),
    )


def _refund(
    line: Any, trade_no: Any, refund_no: Any, order_no: Any, minor: Any, currency: Any, at: Any, status: Any
) -> BillRefund:
    return BillRefund(
        int(line), _word(trade_no), _word(refund_no), _word(order_no), int(minor), _word(currency),
        _instant(at), _word(status),
    )  # fmt: skip


def _word(text: Any) -> str:
    if not isinstance(text, str):
        raise ValueError("no word")
    return text[:_MOST_LETTERS]


def _instant(text: Any) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("naive datetime")
    return at


def _params(told: dict[str, Any], name: str) -> dict[str, Any]:
    """Codes, numbers and short words, as refusals have them; the file has no name in there."""
    words: dict[str, Any] = {}
    for param, value in told.items():
        if isinstance(value, list):
            words[param] = [str(item)[:_MOST_LETTERS] for item in value[:10]]
        else:
            words[param] = value if isinstance(value, int) else _word(value)
    return words | ({"seen": name} if words.get("seen") == NAMELESS else {})


def _kinds(kind: type[errors.FileUnreadable]) -> dict[str, type[errors.FileUnreadable]]:
    found = {kind.code: kind}
    for below in kind.__subclasses__():
        found |= _kinds(below)
    return found


_REFUSALS: Final = _kinds(errors.FileUnreadable)
