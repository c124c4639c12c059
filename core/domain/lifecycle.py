"""The lifecycle: two tables, one for a case (decisions), one for a payout (money), and all drawn from them.

Nothing about states lives anywhere else. Guards are not here: rules decide which event fires; the tables say
where an event leads and who may cause it. Terminal states are the visible empty entries of `states`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.errors import TransitionRefused

ROLES = ("customer", "guest", "support", "reviewer", "lead", "arbiter", "finance", "policy", "system")

_BUYER = ("customer", "guest", "support")  # support acts for a customer who called
_REVIEW = ("reviewer", "lead")


@dataclass(frozen=True, slots=True)
class Row:
    """One permitted step: in `source`, `event` caused by one of `roles` leads to `target`."""

    source: str
    event: str
    roles: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class Machine:
    """A lifecycle table. `states` in reading order; a state without rows is final."""

    name: str
    initial: str
    states: tuple[str, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        index: dict[tuple[str, str], Row] = {}
        for row in self.rows:
            if row.source not in self.states or row.target not in self.states:
                raise ValueError(f"{self.name}: unknown state in {row}")
            if (row.source, row.event) in index:
                raise ValueError(f"{self.name}: two rows for {row.source} + {row.event}")
            index[row.source, row.event] = row
        object.__setattr__(self, "_index", index)

    @property
    def final_states(self) -> frozenset[str]:
        return frozenset(self.states) - {row.source for row in self.rows}

    @property
    def events(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.event for row in self.rows))

    def row(self, state: str, event: str) -> Row:
        """The row of `state` and `event`, or `TransitionRefused`."""
        found: Row | None = self._index.get((state, event))  # type: ignore[attr-defined]
        if found is None:
            raise TransitionRefused(self.name, state, event)
        return found

    def step(self, state: str, event: str) -> str:
        """The state that `event` leads to from `state`, or `TransitionRefused`."""
        return self.row(state, event).target

    def allowed(self, state: str, role: str) -> tuple[str, ...]:
        """Events that a person of `role` may cause in `state`: what the buttons show."""
        return tuple(row.event for row in self.rows if row.source == state and role in row.roles)

    def is_final(self, state: str) -> bool:
        return state in self.final_states

    def fold(self, events: Iterable[str]) -> str:
        """The state after these events from the start."""
        state = self.initial
        for event in events:
            state = self.step(state, event)
        return state


CASE = Machine(
    name="case",
    initial="draft",
    states=(
        "draft",
        "screening",
        "in_review",
        "awaiting_customer",
        "in_arbitration",
        "approved",
        "negotiating",
        "paying",
        "rejected",
        "in_appeal",
        "completed",
        "closed",
        "withdrawn",
    ),
    rows=(
        Row("draft", "submit", _BUYER, "screening"),
        Row("draft", "withdraw", _BUYER, "withdrawn"),
        Row("draft", "lapse", ("system",), "closed"),
        # Automatic review answers in the same transaction as the submission.
        Row("screening", "approve", ("system",), "approved"),
        Row("screening", "refer", ("system",), "in_review"),
        Row("screening", "reject", ("system",), "rejected"),
        Row("in_review", "approve", _REVIEW, "approved"),
        # The first of two approvals: what `approve` and `agree` come to while a second person is needed.
        Row("in_review", "endorse", _REVIEW, "in_review"),
        Row("in_review", "reject", _REVIEW, "rejected"),
        Row("in_review", "ask", _REVIEW, "awaiting_customer"),
        Row("in_review", "offer", _REVIEW, "awaiting_customer"),  # another amount or route, to be accepted
        Row("in_review", "dispute", (*_BUYER, *_REVIEW), "in_arbitration"),
        Row("in_review", "find_forgery", _REVIEW, "in_review"),  # a person's finding about one picture
        Row("in_review", "escalate", ("system",), "in_review"),
        Row("in_review", "withdraw", _BUYER, "withdrawn"),
        Row("awaiting_customer", "answer", _BUYER, "in_review"),
        Row("awaiting_customer", "dispute", _BUYER, "in_arbitration"),
        Row("awaiting_customer", "withdraw", _BUYER, "withdrawn"),
        Row("awaiting_customer", "lapse", ("system",), "closed"),
        Row("awaiting_customer", "accept", _BUYER, "approved"),
        Row("awaiting_customer", "decline", _BUYER, "in_review"),
        # An offer that nobody took up is no reason to close: whoever made it decides without it.
        Row("awaiting_customer", "expire", ("system",), "in_review"),
        Row("in_arbitration", "approve", ("arbiter", "lead"), "approved"),  # a lead as the second only
        Row("in_arbitration", "endorse", ("arbiter",), "in_arbitration"),
        Row("in_arbitration", "reject", ("arbiter",), "closed"),
        Row("in_arbitration", "find_forgery", ("arbiter",), "in_arbitration"),
        Row("in_arbitration", "escalate", ("system",), "in_arbitration"),
        Row("in_arbitration", "withdraw", _BUYER, "withdrawn"),
        Row("approved", "pay", ("system",), "paying"),
        Row("approved", "negotiate", ("system", *_REVIEW), "negotiating"),
        Row("approved", "withdraw", _BUYER, "withdrawn"),
        Row("negotiating", "propose", _BUYER, "negotiating"),  # how they would like to have it
        Row("negotiating", "agree", ("lead", "finance"), "paying"),
        Row("negotiating", "endorse", ("lead", "finance"), "negotiating"),
        Row("negotiating", "counter", ("lead", "finance"), "negotiating"),  # another way, to be accepted
        Row("negotiating", "remind", ("system",), "negotiating"),  # the customer has not said how yet
        Row("negotiating", "escalate", ("system",), "negotiating"),
        Row("negotiating", "withdraw", _BUYER, "withdrawn"),
        Row("paying", "transfer", ("lead", "finance"), "paying"),  # made by hand, and recorded
        Row("paying", "complete", ("system",), "completed"),
        Row("paying", "negotiate", ("system",), "negotiating"),
        Row("rejected", "reapply", _BUYER, "draft"),
        Row("rejected", "appeal", _BUYER, "in_appeal"),
        Row("rejected", "lapse", ("system",), "closed"),
        Row("in_appeal", "approve", _REVIEW, "approved"),
        Row("in_appeal", "endorse", _REVIEW, "in_appeal"),
        Row("in_appeal", "reject", _REVIEW, "closed"),
        Row("in_appeal", "find_forgery", _REVIEW, "in_appeal"),
        Row("in_appeal", "escalate", ("system",), "in_appeal"),
        Row("in_appeal", "withdraw", _BUYER, "withdrawn"),
    ),
)

PAYOUT = Machine(
    name="payout",
    initial="planned",
    states=("planned", "sending", "unknown", "accepted", "refused", "returned", "arrived", "replanned"),
    rows=(
        Row("planned", "send", ("system",), "sending"),
        Row("sending", "accept", ("system",), "accepted"),
        Row("sending", "lose", ("system",), "unknown"),  # timeout, crash, unreadable reply: never 'failed'
        Row("sending", "refuse", ("system",), "refused"),
        Row("unknown", "accept", ("system",), "accepted"),  # asked, and the channel knows it
        Row(
            "unknown", "resend", ("system",), "sending"
        ),  # asked, and the channel never saw it: same key, same body
        Row("unknown", "refuse", ("system",), "refused"),
        Row("accepted", "arrive", ("system",), "arrived"),
        Row("accepted", "return", ("system",), "returned"),
        Row("refused", "replan", ("system", "finance"), "replanned"),
        Row("returned", "replan", ("system", "finance"), "replanned"),
    ),
)

MACHINES = (CASE, PAYOUT)

# Events after which money is held for the customer.
GRANTING = frozenset(row.event for row in CASE.rows if row.target == "approved")

# Fewer words for the outside, and who acts next: you (the customer), we, the bank, nobody.
PUBLIC: dict[str, tuple[str, str]] = {
    "draft": ("not_sent", "you"),
    "screening": ("under_review", "we"),
    "in_review": ("under_review", "we"),
    "awaiting_customer": ("your_turn", "you"),
    "in_arbitration": ("under_review", "we"),
    "approved": ("approved", "we"),
    "negotiating": ("approved", "we"),
    "paying": ("paying", "bank"),
    "rejected": ("rejected", "you"),
    "in_appeal": ("under_review", "we"),
    "completed": ("completed", "nobody"),
    "closed": ("closed", "nobody"),
    "withdrawn": ("withdrawn", "nobody"),
}


def public_status(state: str) -> str:
    """What the customer reads instead of the internal state."""
    return PUBLIC[state][0]


def waiting_for(state: str) -> str:
    """Whose move it is: `you`, `we`, `bank` or `nobody`."""
    return PUBLIC[state][1]


def check_sql(machine: Machine) -> str:
    """The CHECK constraint of a state column."""
    return "state IN (" + ", ".join(f"'{state}'" for state in machine.states) + ")"


def mermaid(machine: Machine) -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {machine.initial}"]
    lines += [f"    {row.source} --> {row.target}: {row.event}" for row in machine.rows]
    lines += [f"    {state} --> [*]" for state in machine.states if machine.is_final(state)]
    return "\n".join(lines)
