"""The child that reads one customer's bill: bytes from stdin, one line of JSON to stdout, then it ends.

Nothing of the bill is written anywhere; nothing in here is trusted by the other side.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from core.adapters import bills
from core.adapters.confined import give_up, start_clocks
from core.domain.bills import ReadBill
from core.domain.errors import FileUnreadable

MEMORY_BYTES: Final = 512 * 1024 * 1024  # of address space, so also of memory
LARGEST_ANSWER: Final = 32 * 1024 * 1024
# Opened anew it begins at its start, again and again: a file in memory that has no name in any folder.
_GIVEN: Final = Path("/dev/stdin")
NAMELESS: Final = _GIVEN.name


def main() -> None:
    """`argv`: seconds on a processor, seconds on the wall."""
    seconds, at_most = float(sys.argv[1]), float(sys.argv[2])
    give_up(seconds, MEMORY_BYTES, LARGEST_ANSWER)
    start_clocks(seconds, at_most)
    try:
        answer = _told(bills.read(_GIVEN))
    except FileUnreadable as refused:
        answer = {"refused": refused.code, "params": refused.params}
    except MemoryError:
        answer = {"refused": "bill_too_much", "params": {}}
    except Exception:
        # Whatever a reader stumbles over: the bytes were not what they said they are.
        answer = {"refused": "file_damaged", "params": {"seen": NAMELESS}}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing to clean up, and no library's farewell


def _told(bill: ReadBill) -> dict[str, Any]:
    covers = bill.covers
    return {
        "kind": bill.kind,
        "channel": bill.channel,
        "rows": bill.rows,
        "covers": covers and [covers.begins.isoformat(), covers.ends.isoformat(), covers.is_said],
        "unread": [line for warning in bill.warnings if warning.is_problem for line in warning.lines],
        "refunds": [
            [
                refund.line,
                refund.trade_no,
                refund.refund_no,
                refund.order_no,
                refund.amount_minor,
                refund.currency,
                refund.at.isoformat(),
                refund.status,
            ]
            for refund in bill.refunds
        ],
    }
