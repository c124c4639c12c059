"""What goes wrong, by a small table: which call of which channel, and how it is bent.

    seed = 7                    # for rows with a chance
    [[fault]]
    channel = "wechat"          # alipay, wechat, card; left out: any
    op = "refund"               # refund, query, list, bill, notice, …; left out: any
    nth = [1, 3]                # the first and third such call; or chance = 0.2; neither: every one
    do = "lose_reply"

TOML or JSON. What `do` may be is `WORDS`; a row that says anything else is refused when the table is read.
"""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

CHANNELS = ("alipay", "wechat", "card")
WORDS = {
    # of a call: before it counted
    "error_before": "a server error, nothing done",
    "reset_before": "connection reset, nothing done",
    "refuse": "refused with `code`",
    "too_often": "refused for its rate",
    "low_funds": "the shop's funds do not suffice",
    # of a call: it counted
    "lose_reply": "done, and the connection closed without a word",
    "error_after": "done, then a server error",
    "reset_after": "done, then a connection reset",
    "held_up": "done only after `seconds`",
    "slow": "done, answered after `seconds`",
    "malformed": "done, the answer is cut off in the middle",
    "garbled": "of a bill's file: one byte is another",
    "lone_brace": "done, the answer has one brace too many inside a text",
    "wrong_signature": "done, the answer signed by a stranger",
    "unsigned": "done, the answer not signed",
    "forget": "done, and the key forgotten: the same key later is a new refund",
    "again": "a key that is known moves money once more; a query still knows it",
    "pretend_never": "a query answers that it never saw the refund",
    "stuck": "taken, and undecided until it is settled by hand",
    "card_closed": "taken; the customer's account does not exist any more",
    # of a notice
    "drop": "never sent",
    "duplicate": "sent twice",
    "late": "sent after `seconds`",
    "out_of_order": "sent after the next one",
    "forged": "signed by a stranger",
    "stale": "signed ten minutes ago",
    "wrong_amount": "signed, and about another amount",
}


@dataclass
class Fault:
    """One row of the table; `count` is how many calls it was asked about."""

    do: str
    channel: str = ""
    op: str = ""
    nth: tuple[int, ...] = ()
    chance: float | None = None
    code: str = ""
    seconds: float = 1.0
    count: int = field(default=0, compare=False)

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Fault:
        """`ValueError` names what is wrong with the row."""
        unknown = set(row) - {"do", "channel", "op", "nth", "chance", "code", "seconds"}
        if unknown or row.get("do") not in WORDS or row.get("channel", "alipay") not in CHANNELS:
            raise ValueError(f"no such fault: {dict(row)}")
        nth = row.get("nth", ())
        return cls(**{**row, "nth": tuple(nth) if isinstance(nth, list | tuple) else (nth,)})

    def strikes(self, channel: str, op: str, random: Random) -> bool:
        if (self.channel or channel) != channel or (self.op or op) != op:
            return False
        self.count += 1
        if self.nth:
            return self.count in self.nth
        return self.chance is None or random.random() < self.chance


class Faults:
    """The table in force. The first row that strikes is the fault of a call; every fitting row counts it."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = (), seed: int = 0) -> None:
        self._lock = threading.Lock()
        self.replace(rows, seed)

    @classmethod
    def from_file(cls, path: Path) -> Faults:
        text = path.read_text(encoding="utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        if isinstance(table, list):
            table = {"fault": table}
        return cls(table.get("fault", ()), table.get("seed", 0))

    def replace(self, rows: Iterable[Mapping[str, Any]], seed: int = 0) -> None:
        """Put another table in force; counting starts anew."""
        read = [Fault.read(row) for row in rows]
        with self._lock:
            self.rows, self._random = read, Random(seed)

    def of(self, channel: str, op: str) -> Fault | None:
        """The fault of this call, if any. Asking counts."""
        with self._lock:
            found = [row for row in self.rows if row.strikes(channel, op, self._random)]
        return found[0] if found else None
