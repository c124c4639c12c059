"""Finance: which channels are left alone for now, and what they told that does not fit our books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.domain.circuit import Circuit
from core.services.hearing import Odd
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import finance_words


def lines(tx: Texts, circuits: Mapping[str, Circuit], odd: Sequence[Odd], *, now: datetime) -> str:
    """One line each, the channels that do not answer first; '' when all is well."""
    items = [_circuit(tx, name, circuit, now) for name, circuit in sorted(circuits.items())]
    items += [_odd(tx, one) for one in odd]
    if not any(items):
        return ""
    return f'<h2>{esc(tx("finance.channels"))}</h2><ul class="fetches">{"".join(items)}</ul>'


def _circuit(tx: Texts, name: str, circuit: Circuit, now: datetime) -> str:
    state = circuit.state(now)
    if state == "closed":  # a failure or two: the payouts themselves say it
        return ""
    waits = (
        tx("finance.circuit.open", when=tx.when(circuit.next_at, now))
        if state == "open" and circuit.next_at
        else tx("finance.circuit.half_open")
    )
    says = tx(
        "finance.circuit.failed",
        n=circuit.failures,
        channel=finance_words.channel(tx, name),
        since=tx.when(circuit.since, now),
    )
    why = finance_words.cause(tx, circuit.cause)
    return f'<li class="late">{ms("power_off")}<span>{esc(f"{says} {why} {waits}")}</span></li>'


def _odd(tx: Texts, one: Odd) -> str:
    says = tx(f"channel_notice.{one.why}", n=one.times, channel=finance_words.channel(tx, one.channel))
    return f"<li>{ms('mark_email_unread')}<span>{esc(says)}</span></li>"
