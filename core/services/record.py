"""One case's row and its chain of events: locking, stepping, hashing, folding; and commands that take effect
once.

Every change of a case after it was sent is an event; the row is what its events add up to (invariant 4).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from core import logs
from core.adapters.prepared import Prepared
from core.adapters.tables import case_events, cases, evidence, notices
from core.domain.actors import Actor
from core.domain.asked import is_number
from core.domain.deadlines import Due
from core.domain.errors import AccountOnly, NotAllowed, NotFound, StaleForm
from core.domain.lifecycle import CASE
from core.domain.notices import AFTER, INSTEAD
from core.domain.rights import looks_on


@dataclass(frozen=True, slots=True)
class Case:
    """The row of a case. Names are the columns' names."""

    case_no: str
    order_no: str
    customer_id: str
    state: str
    reason: str | None
    requested_minor: int | None
    quantity: int | None
    description: str
    route: str | None
    step: int
    policy_version: int
    verdict: str | None
    rule: str | None
    approved_minor: int | None
    fee_minor: int | None
    fx_minor: int | None
    refund_minor: int | None
    currency: str
    decided_by: str | None
    due_at: datetime | None
    due_action: str | None
    owner: str | None
    leased_until: datetime | None
    worker: str | None
    tries: int
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    finished_at: datetime | None
    last_seq: int
    last_hash: str
    warn_at: datetime | None = None
    applicant: str = "account"


_NAMES: Final = tuple(f.name for f in fields(Case))
COLUMNS: Final = tuple(cases.c[name] for name in _NAMES)

# What events change. `due_at` is not among the folded ones: the worker may move it without deciding anything.
_CHANGING: Final = (
    "state", "reason", "requested_minor", "quantity", "description", "route", "step", "policy_version",
    "verdict", "rule", "approved_minor", "fee_minor", "fx_minor", "refund_minor", "decided_by", "due_at",
    "due_action", "owner", "tries", "submitted_at", "decided_at", "finished_at", "last_seq", "last_hash",
    "warn_at",
)  # fmt: skip
_CLAIM: Final = frozenset(
    {"reason", "requested_minor", "quantity", "description", "route", "step", "policy_version"}
)
_BOOKKEEPING: Final = frozenset({"due_at", "tries", "last_seq", "last_hash"})

_ONE: Final = select(*COLUMNS).where(cases.c.case_no == bindparam("case_no"))
_LOCK: Final = Prepared(_ONE.with_for_update())
_READ: Final = Prepared(_ONE)
_INSERT_CASE: Final = insert(cases)
_TAKE_OVER: Final = (
    update(cases).where(cases.c.case_no == bindparam("for_case_no")).values(applicant="account")
)
_INSERT_EVENT: Final = Prepared(insert(case_events).inline(), [column.name for column in case_events.columns])
_NOTICE: Final = (
    "case_no", "seq", "kind", "about", "customer_id", "order_no", "amount_minor", "currency", "by_at", "at",
)  # fmt: skip
_INSERT_NOTICE: Final = Prepared(insert(notices).inline(), _NOTICE)
_UPDATE: Final = Prepared(
    update(cases)
    .where(cases.c.case_no == bindparam("for_case_no"), cases.c.last_seq == bindparam("for_last_seq"))
    .values({name: bindparam(name) for name in _CHANGING})
)


def case_of(row: Sequence[Any]) -> Case:
    """A row that was selected as `COLUMNS`."""
    return Case(*row)


def lock(conn: Connection, case_no: str, actor: Actor) -> Case:
    """The case, held until the transaction ends; `NotFound` when it is not there or not this actor's,
    `AccountOnly` for who may only look on. What its account touches is the account's from then on.
    """
    case = _owned(_found(_LOCK, conn, case_no), actor)
    if onlooks(actor, case):
        raise AccountOnly()
    return take_over(conn, case) if actor.role == "customer" else case


def read(conn: Connection, case_no: str, actor: Actor, *, from_outside: bool = False) -> Case:
    """The case as it is now; `NotFound` when it is not there or not this actor's, `AccountOnly` for who may
    only look on, unless it is asked `from_outside`: where what was sent stands, and no more.
    """
    case = _owned(_found(_READ, conn, case_no), actor)
    if onlooks(actor, case) and not (from_outside and case.state != CASE.initial):
        raise AccountOnly()
    return case


def onlooks(actor: Actor, case: Case) -> bool:
    """Whether this is somebody with the order's receipt, and the case another one's: its account's."""
    return looks_on(actor, case.applicant)


def take_over(conn: Connection, case: Case) -> Case:
    """The case is its account's, also where a guest had begun it. No event: the refund is the same."""
    if case.applicant == "account":
        return case
    conn.execute(_TAKE_OVER, {"for_case_no": case.case_no})
    return replace(case, applicant="account")


def _found(statement: Prepared, conn: Connection, case_no: str) -> Sequence[Any] | None:
    return statement.first(conn, {"case_no": case_no}) if is_number(case_no) else None


def _owned(row: Sequence[Any] | None, actor: Actor) -> Case:
    if row is not None:
        found = case_of(row)
        if actor.owns(found.customer_id, found.order_no):
            logs.about(case_no=found.case_no)
            return found
        logs.denied("case", actor.role)
    raise NotFound()


def add(conn: Connection, case: Case) -> None:
    """Insert a new draft."""
    conn.execute(_INSERT_CASE, {name: getattr(case, name) for name in _NAMES})


@dataclass(slots=True)
class Change:
    """The events of one transaction on one case, and what its customer hears of them. `case` is the row so
    far; nothing is stored before `write`.
    """

    conn: Connection
    case: Case
    _before: int = field(init=False)
    _events: list[dict[str, Any]] = field(init=False)
    _notices: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._before = self.case.last_seq
        self._events = []
        self._notices = []

    def step(
        self,
        event: str,
        actor: Actor,
        at: datetime,
        due: Due,
        body: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Case:
        """Let `event` happen: the table says where it leads, `changes` are columns, `body` is kept with the
        event.
        """
        case = self.case
        row = CASE.row(case.state, event)
        if actor.role not in row.roles:
            raise NotAllowed(role=actor.role, event=event)
        changes.update(due.as_columns(), state=row.target)
        if CASE.is_final(row.target):
            changes["finished_at"] = at
        seq = case.last_seq + 1
        text = canonical({**(body or {}), "set": {name: plain(value) for name, value in changes.items()}})
        entry: dict[str, Any] = {
            "case_no": case.case_no,
            "seq": seq,
            "at": at,
            "event": event,
            "actor_role": actor.role,
            "actor_id": actor.id,
            "from_state": case.state,
            "to_state": row.target,
            "body": text,
        }
        entry["hash"] = chain(case.last_hash, entry)
        self._events.append(entry)
        changes.update(tries=0, warn_at=due.warn_at)  # the worker's own, kept with no event
        self.case = replace(case, last_seq=seq, last_hash=entry["hash"], **changes)
        kind = AFTER[case.state, event]
        if kind is not None:
            self.tell(kind, at)
        return self.case

    def tell(
        self,
        kind: str,
        at: datetime,
        *,
        about: str = "",
        amount_minor: int | None = None,
        by_at: datetime | None = None,
    ) -> None:
        """Stage a notice of the case as it is now; `amount_minor` where it is of a part of the refund,
        `by_at` where it has a date of its own.
        """
        case = self.case
        self._notices.append(
            {
                "case_no": case.case_no,
                "seq": case.last_seq,
                "kind": kind,
                "about": about,
                "customer_id": case.customer_id,
                "order_no": case.order_no,
                "amount_minor": case.refund_minor if amount_minor is None else amount_minor,
                "currency": case.currency,
                "by_at": by_at or case.due_at,
                "at": at,
            }
        )

    def tell_instead(self) -> None:
        """The last step is told by the kind that says more (`INSTEAD`)."""
        self._notices[-1]["kind"] = INSTEAD[self._notices[-1]["kind"]]

    def tell_until(self, by_at: datetime) -> None:
        """The last step is told with a date that is no deadline of the case."""
        self._notices[-1]["by_at"] = by_at

    def write(self) -> Case:
        """Store the events, the row and the notices; `StaleForm` when another transaction changed the case
        meanwhile.
        """
        if self._events:
            _INSERT_EVENT.insert(self.conn, self._events)
            values = {name: getattr(self.case, name) for name in _CHANGING}
            key = {"for_case_no": self.case.case_no, "for_last_seq": self._before}
            if _UPDATE.change(self.conn, {**values, **key}) != 1:
                raise StaleForm(case_no=self.case.case_no)
        if self._notices:
            _INSERT_NOTICE.insert(self.conn, self._notices)
        return self.case


_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(value: Any) -> str:
    """JSON that is always written the same way."""
    return _CANONICAL.encode(value)


def plain(value: Any) -> Any:
    """A column's value as JSON holds it."""
    return value.isoformat() if isinstance(value, datetime) else value


def chain(previous: str, entry: Mapping[str, Any]) -> str:
    """The hash of an event, which covers the one before it."""
    covered = [
        previous,
        entry["case_no"],
        entry["seq"],
        plain(entry["at"]),
        entry["event"],
        entry["actor_role"],
        entry["actor_id"],
        entry["from_state"],
        entry["to_state"],
    ]
    return hashlib.sha256(f"{canonical(covered)}\n{entry['body']}".encode()).hexdigest()


def fold(bodies: Iterable[Mapping[str, Any]], state: str) -> dict[str, Any]:
    """The columns that these event bodies add up to, as plain values; a draft's claim is still being
    written.
    """
    folded: dict[str, Any] = {}
    for body in bodies:
        folded.update(body.get("set", {}))
    skipped = _BOOKKEEPING | (_CLAIM if state == CASE.initial else frozenset())
    return {name: value for name, value in folded.items() if name not in skipped}


_LAST_BODY: Final = Prepared(
    select(case_events.c.body)
    .where(case_events.c.case_no == bindparam("case_no"), case_events.c.event == bindparam("event"))
    .order_by(case_events.c.seq.desc())
    .limit(1)
)
_PEOPLE: Final = Prepared(
    select(case_events.c.event, case_events.c.actor_role, case_events.c.actor_id)
    .where(case_events.c.case_no == bindparam("case_no"))
    .order_by(case_events.c.seq)
)
_EVIDENCE_KINDS: Final = Prepared(
    select(evidence.c.kind).where(evidence.c.case_no == bindparam("case_no"), evidence.c.removed_at.is_(None))
)


def evidence_kinds(conn: Connection, case_no: str) -> frozenset[str]:
    """Kinds of evidence that the case has now."""
    return frozenset(row.kind for row in _EVIDENCE_KINDS.all(conn, {"case_no": case_no}))


def last_body(conn: Connection, case_no: str, event: str) -> dict[str, Any]:
    """What was kept with the newest `event` of the case; empty when there was none."""
    row = _LAST_BODY.first(conn, {"case_no": case_no, "event": event})
    body: dict[str, Any] = json.loads(row.body) if row else {}
    return body


def people(conn: Connection, case_no: str) -> list[tuple[str, str, str]]:
    """(event, role, person) of everything that happened to the case, in order."""
    return [tuple(row) for row in _PEOPLE.all(conn, {"case_no": case_no})]
