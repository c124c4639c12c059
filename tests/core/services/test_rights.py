"""Who may do what, to whose case, in which state: a table written by hand, every cell of it tried.

Whoever may not is refused with the right code, and nothing at all is written.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from core.adapters.tables import cases as case_rows
from core.adapters.tables import customers
from core.adapters.tables import evidence as evidence_rows
from core.domain.actors import Actor
from core.domain.errors import AccountOnly, NotFound, Refusal
from core.domain.lifecycle import CASE
from core.domain.settlement import read_payee
from core.services import cases, certificates, desk, evidence, identity, masking, orders, timers
from tests.shop import Shop, open_shop

# --- the table ----------------------------------------------------------------------------------------------
#
# A letter says what becomes of it. One letter for a role, or five for five persons of that role:
#   1 somebody new   2 the customer in person   3 who called it in for the customer   4 who judged it before
#   5 who gave the first of two approvals (somebody new, where there was none)
#
#   + is done          - not_allowed (the role)        t transition_refused (the state)   m money_already_sent
#   o own_case         s same_person                   2 second_approval_needed           h in_other_hands
#   c case_already_open   f settled (for good)         x evidence_refused (no picture: who asks may ask)
#   n mask_refused (no box: who asks may ask)        a account_only (a receipt is not enough)
#
# `command>state`: where it leads. `*`: every state, or every command, without a row of its own. Customers who
# are not the case's, guests of another order and who writes policies are not in the table: they find nothing.
# `owner` is the customer, or a guest in a request of a guest's; `guest` has proved the order of an account
# that made the request itself; `others` is the portal's own name.

MATRIX = """
state                   command                 owner guest support reviewer lead  arbiter finance others

*                       *                       t     a     t       t        t     t       t       t
*                       view                    +     +     +       +        +     +       +       +
*                       look                    +     +     +       +        +     +       +       +
*                       list                    +     +     +       +        +     +       +       +
*                       read_evidence           +     a     +       +        +     +       +       +
*                       open_file               -     a     +       +        +     +       +       +
*                       take                    -     a     -       -        -     -       -       -
*                       give_back               +     +     +       +        +     +       +       +
*                       save_draft              t     a     t       -        -     -       -       -
*                       add_evidence            t     a     t       -        -     -       -       -
*                       remove_evidence         t     a     t       -        -     -       -       -
*                       mask_evidence           t     a     t       -        -     -       -       -
*                       open_draft              c     c     c       -        -     -       -       -

draft                   view                    +     a     +       +        +     +       +       +
draft                   look                    +     a     +       +        +     +       +       +
draft                   list                    +     .     +       +        +     +       +       +
draft                   submit>approved         +     a     +       -        -     -       -       -
draft                   withdraw>withdrawn      +     a     +       -        -     -       -       -
draft                   lapse                   -     a     -       -        -     -       -       -
draft                   save_draft              +     a     +       -        -     -       -       -
draft                   add_evidence            x     a     x       -        -     -       -       -
draft                   remove_evidence         +     a     +       -        -     -       -       -
draft                   mask_evidence           n     a     n       -        -     -       -       -
draft                   open_draft              +     a     +       -        -     -       -       -
draft                   open_file               -     a     .       .        .     .       .       .

draft/again             view                    +     a     +       +        +     +       +       +
draft/again             look                    +     a     +       +        +     +       +       +
draft/again             list                    +     .     +       +        +     +       +       +
draft/again             submit>in_review        +     a     +       -        -     -       -       -
draft/again             withdraw>withdrawn      +     a     +       -        -     -       -       -
draft/again             lapse                   -     a     -       -        -     -       -       -
draft/again             save_draft              +     a     +       -        -     -       -       -
draft/again             add_evidence            x     a     x       -        -     -       -       -
draft/again             open_draft              +     a     +       -        -     -       -       -

screening               approve                 -     a     -       -        -     -       -       -
screening               refer                   -     a     -       -        -     -       -       -
screening               reject                  -     a     -       -        -     -       -       -

in_review               approve>approved        -     a     -       +oo++    +oo++ -       -       -
in_review               endorse                 -     a     -       -oo--    -oo-- -       -       -
in_review               reject>rejected         -     a     -       +oo++    +oo++ -       -       -
in_review               ask>awaiting_customer   -     a     -       +oo++    +oo++ -       -       -
in_review               offer>awaiting_customer -     a     -       +oo++    +oo++ -       -       -
in_review               find_forgery>in_review  -     a     -       +oo++    +oo++ -       -       -
in_review               dispute>in_arbitration  +     a     +       +        +     -       -       -
in_review               escalate                -     a     -       -        -     -       -       -
in_review               withdraw>withdrawn      +     a     +       -        -     -       -       -
in_review               add_evidence            x     a     x       -        -     -       -       -
in_review               take                    -     a     -       +oo++    +oo++ -       -       -

in_review/held          *                       t     a     t       h        h     h       h       h
in_review/held          submit                  t     a     t       t        t     t       t       t
in_review/held          approve                 -     a     -       h        h     h       h       h
in_review/held          endorse                 -     a     -       h        h     h       h       h
in_review/held          reject                  -     a     -       h        h     h       h       h
in_review/held          ask                     -     a     -       h        h     h       h       h
in_review/held          offer                   -     a     -       h        h     h       h       h
in_review/held          find_forgery            -     a     -       h        h     h       h       h
in_review/held          dispute>in_arbitration  +     a     +       h        h     h       h       h
in_review/held          escalate                -     a     -       h        h     h       h       h
in_review/held          withdraw>withdrawn      +     a     +       h        h     h       h       h
in_review/held          add_evidence            x     a     x       -        -     -       -       -
in_review/held          take                    -     a     -       hoohh    hoohh -       -       -

in_review/endorsed      approve>approved        -     a     -       2oo2s    +oo+s -       -       -
in_review/endorsed      endorse                 -     a     -       -oo--    -oo-- -       -       -
in_review/endorsed      reject>rejected         -     a     -       +oo++    +oo++ -       -       -
in_review/endorsed      ask>awaiting_customer   -     a     -       +oo++    +oo++ -       -       -
in_review/endorsed      offer>awaiting_customer -     a     -       2oo2s    +oo+s -       -       -
in_review/endorsed      find_forgery>in_review  -     a     -       +oo++    +oo++ -       -       -
in_review/endorsed      dispute>in_arbitration  +     a     +       +        +     -       -       -
in_review/endorsed      escalate                -     a     -       -        -     -       -       -
in_review/endorsed      withdraw>withdrawn      +     a     +       -        -     -       -       -
in_review/endorsed      add_evidence            x     a     x       -        -     -       -       -
in_review/endorsed      take                    -     a     -       +oo+s    +oo+s -       -       -

in_review/by-lead       approve>approved        -     a     -       +oo+s    +oo+s -       -       -
in_review/by-lead       endorse                 -     a     -       -oo--    -oo-- -       -       -
in_review/by-lead       reject>rejected         -     a     -       +oo++    +oo++ -       -       -
in_review/by-lead       ask>awaiting_customer   -     a     -       +oo++    +oo++ -       -       -
in_review/by-lead       offer>awaiting_customer -     a     -       +oo+s    +oo+s -       -       -
in_review/by-lead       find_forgery>in_review  -     a     -       +oo++    +oo++ -       -       -
in_review/by-lead       dispute>in_arbitration  +     a     +       +        +     -       -       -
in_review/by-lead       escalate                -     a     -       -        -     -       -       -
in_review/by-lead       withdraw>withdrawn      +     a     +       -        -     -       -       -
in_review/by-lead       add_evidence            x     a     x       -        -     -       -       -
in_review/by-lead       take                    -     a     -       +oo+s    +oo+s -       -       -

awaiting_customer       answer>in_review        +     a     +       -        -     -       -       -
awaiting_customer       dispute>in_arbitration  +     a     +       -        -     -       -       -
awaiting_customer       withdraw>withdrawn      +     a     +       -        -     -       -       -
awaiting_customer       lapse                   -     a     -       -        -     -       -       -
awaiting_customer       accept                  t     a     t       -        -     -       -       -
awaiting_customer       decline                 t     a     t       -        -     -       -       -
awaiting_customer       expire                  -     a     -       -        -     -       -       -
awaiting_customer       add_evidence            x     a     x       -        -     -       -       -
awaiting_customer       take                    -     a     +       +oo++    +oo++ -       -       -
awaiting_customer/offer answer                  t     a     t       -        -     -       -       -
awaiting_customer/offer accept>approved         +     a     +++o+   -        -     -       -       -
awaiting_customer/offer decline>in_review       +     a     +       -        -     -       -       -
awaiting_customer/offer dispute>in_arbitration  +     a     +       -        -     -       -       -
awaiting_customer/offer withdraw>withdrawn      +     a     +       -        -     -       -       -
awaiting_customer/offer lapse                   -     a     -       -        -     -       -       -
awaiting_customer/offer expire                  -     a     -       -        -     -       -       -
awaiting_customer/offer add_evidence            x     a     x       -        -     -       -       -
awaiting_customer/offer take                    -     a     +       +oo++    +oo++ -       -       -

in_arbitration          approve>approved        -     a     -       -        -oos- +oos+   -       -
in_arbitration          endorse                 -     a     -       -        -     -oos-   -       -
in_arbitration          reject>closed           -     a     -       -        -     +oos+   -       -
in_arbitration          find_forgery>in_arbitration -     a     -       -        -     +oos+   -       -
in_arbitration          escalate                -     a     -       -        -     -       -       -
in_arbitration          withdraw>withdrawn      +     a     +       -        -     -       -       -
in_arbitration          add_evidence            x     a     x       -        -     -       -       -
in_arbitration          take                    -     a     -       -        -     +oos+   -       -

in_arbitration/endorsed approve>approved        -     a     -       -        +ooss +ooss   -       -
in_arbitration/endorsed endorse                 -     a     -       -        -     -oos-   -       -
in_arbitration/endorsed reject>closed           -     a     -       -        -     +oos+   -       -
in_arbitration/endorsed find_forgery>in_arbitration -     a     -       -        -     +oos+   -       -
in_arbitration/endorsed escalate                -     a     -       -        -     -       -       -
in_arbitration/endorsed withdraw>withdrawn      +     a     +       -        -     -       -       -
in_arbitration/endorsed add_evidence            x     a     x       -        -     -       -       -
in_arbitration/endorsed take                    -     a     -       -        +ooss +ooss   -       -

approved                pay                     -     a     -       -        -     -       -       -
approved                negotiate>negotiating   -     a     -       +oo++    +oo++ -       -       -
approved                withdraw>withdrawn      +     a     +       -        -     -       -       -

negotiating             agree>paying            -     a     -       -        +oos+ -       +oos+   -
negotiating             counter>negotiating     -     a     -       -        +oos+ -       +oos+   -
negotiating             remind                  -     a     -       -        -     -       -       -
negotiating             propose>negotiating     +     a     +       -        -     -       -       -
negotiating             add_evidence            x     a     x       -        -     -       -       -
negotiating             endorse                 -     a     -       -        -oos- -       -oos-   -
negotiating             escalate                -     a     -       -        -     -       -       -
negotiating             withdraw>withdrawn      +     a     +       -        -     -       -       -
negotiating             take                    -     a     -       -        +oos+ -       +oos+   -

negotiating/called      agree>negotiating       -     a     -       -        +oos+ -       +oos+   -
negotiating/called      counter>negotiating     -     a     -       -        +oos+ -       +oos+   -
negotiating/called      remind                  -     a     -       -        -     -       -       -
negotiating/called      propose>negotiating     +     a     +       -        -     -       -       -
negotiating/called      add_evidence            x     a     x       -        -     -       -       -
negotiating/called      endorse                 -     a     -       -        -oos- -       -oos-   -
negotiating/called      escalate                -     a     -       -        -     -       -       -
negotiating/called      withdraw>withdrawn      +     a     +       -        -     -       -       -
negotiating/called      take                    -     a     -       -        +oos+ -       +oos+   -

negotiating/bounced     agree>negotiating       -     a     -       -        +oo++ -       +oo++   -
negotiating/bounced     counter>negotiating     -     a     -       -        +oo++ -       +oo++   -
negotiating/bounced     remind                  -     a     -       -        -     -       -       -
negotiating/bounced     propose>negotiating     +     a     +       -        -     -       -       -
negotiating/bounced     add_evidence            x     a     x       -        -     -       -       -
negotiating/bounced     endorse                 -     a     -       -        -oo-- -       -oo--   -
negotiating/bounced     escalate                -     a     -       -        -     -       -       -
negotiating/bounced     withdraw                m     a     m       -        -     -       -       -
negotiating/bounced     take                    -     a     -       -        +oo++ -       +oo++   -

negotiating/endorsed    agree>paying            -     a     -       -        +oo+s -       +oo+s   -
negotiating/endorsed    counter>negotiating     -     a     -       -        +oo++ -       +oo++   -
negotiating/endorsed    remind                  -     a     -       -        -     -       -       -
negotiating/endorsed    propose>negotiating     +     a     +       -        -     -       -       -
negotiating/endorsed    add_evidence            x     a     x       -        -     -       -       -
negotiating/endorsed    endorse                 -     a     -       -        -oo-- -       -oo--   -
negotiating/endorsed    escalate                -     a     -       -        -     -       -       -
negotiating/endorsed    withdraw                m     a     m       -        -     -       -       -
negotiating/endorsed    take                    -     a     -       -        +oo+s -       +oo+s   -

negotiating/suggested   agree>negotiating       -     a     -       -        +oo++ -       +oo++   -
negotiating/suggested   counter>negotiating     -     a     -       -        +oo++ -       +oo++   -
negotiating/suggested   remind                  -     a     -       -        -     -       -       -
negotiating/suggested   propose>negotiating     +     a     ++++o   -        -     -       -       -
negotiating/suggested   add_evidence            x     a     x       -        -     -       -       -
negotiating/suggested   endorse                 -     a     -       -        -oo-- -       -oo--   -
negotiating/suggested   escalate                -     a     -       -        -     -       -       -
negotiating/suggested   withdraw                m     a     m       -        -     -       -       -
negotiating/suggested   take                    -     a     -       -        +oo++ -       +oo++   -

paying                  complete                -     a     -       -        -     -       -       -
paying                  negotiate               -     a     -       -        -     -       -       -
paying                  transfer                -     a     -       -        toott -       toott   -
paying                  withdraw                m     a     m       m        m     m       m       m
paying/by-hand          complete                -     a     -       -        -     -       -       -
paying/by-hand          negotiate               -     a     -       -        -     -       -       -
paying/by-hand          transfer>completed      -     a     -       -        +oo++ -       +oo++   -
paying/by-hand          withdraw                m     a     m       m        m     m       m       m
paying/by-hand          take                    -     a     -       -        +oo++ -       +oo++   -

rejected                reapply>draft           +     a     +       -        -     -       -       -
rejected                appeal>in_appeal        +     a     +       -        -     -       -       -
rejected                lapse                   -     a     -       -        -     -       -       -
rejected                add_evidence            x     a     x       -        -     -       -       -

in_appeal               approve>approved        -     a     -       +oos+    +oos+ -       -       -
in_appeal               endorse                 -     a     -       -oos-    -oos- -       -       -
in_appeal               reject>closed           -     a     -       +oos+    +oos+ -       -       -
in_appeal               find_forgery>in_appeal  -     a     -       +oos+    +oos+ -       -       -
in_appeal               escalate                -     a     -       -        -     -       -       -
in_appeal               withdraw>withdrawn      +     a     +       -        -     -       -       -
in_appeal               add_evidence            x     a     x       -        -     -       -       -
in_appeal               take                    -     a     -       +oos+    +oos+ -       -       -

in_appeal/endorsed      approve>approved        -     a     -       2ooss    +ooss -       -       -
in_appeal/endorsed      endorse                 -     a     -       -oos-    -oos- -       -       -
in_appeal/endorsed      reject>closed           -     a     -       +oos+    +oos+ -       -       -
in_appeal/endorsed      find_forgery>in_appeal  -     a     -       +oos+    +oos+ -       -       -
in_appeal/endorsed      escalate                -     a     -       -        -     -       -       -
in_appeal/endorsed      withdraw>withdrawn      +     a     +       -        -     -       -       -
in_appeal/endorsed      add_evidence            x     a     x       -        -     -       -       -
in_appeal/endorsed      take                    -     a     -       +ooss    +ooss -       -       -

completed               withdraw                m     a     m       m        m     m       m       m
completed               open_draft              +     +     +       -        -     -       -       -
closed                  open_draft              +     +     +       -        -     -       -       -
closed/settled          open_draft              f     f     f       -        -     -       -       -
withdrawn               open_draft              +     +     +       -        -     -       -       -
"""

CODES = {
    "-": "not_allowed",
    "t": "transition_refused",
    "m": "money_already_sent",
    "o": "own_case",
    "s": "same_person",
    "2": "second_approval_needed",
    "h": "in_other_hands",
    "c": "case_already_open",
    "f": "settled",
    "x": "evidence_refused",
    "n": "mask_refused",
    ".": "not_found",
    "a": "account_only",
}
NOTHING_THERE = {"code": "not_found"}
WRONG_PERSON = ".-os2ha"  # the others say: not now, or not like this

# Every event of the lifecycle in any state, and names that are none.
EVENTS = (
    "submit", "withdraw", "lapse", "approve", "refer", "reject", "endorse", "ask", "dispute", "escalate",
    "answer", "pay", "negotiate", "agree", "complete", "reapply", "appeal", "offer", "accept", "decline",
    "expire", "propose", "transfer", "find_forgery", "counter", "remind",
)  # fmt: skip
# What is said with them, where they ask for more than words.
SAID: dict[str, dict[str, Any]] = {
    "offer": {"amount_minor": 5_000},
    "propose": {"way": "balance"},
    "counter": {"way": "redeem_code"},
    "transfer": {"reference": "T-20261128"},
}
FORGED = ("refund_now", "APPROVE")
PREVIEWED = ("approve", "offer", "agree", "counter", "withdraw")
OTHERS = (
    "save_draft", "add_evidence", "remove_evidence", "read_evidence", "view", "look", "open_file", "take",
    "give_back", "list", "open_draft", "mask_evidence",
)  # fmt: skip
COMMANDS = (*EVENTS, *FORGED, *(f"preview {event}" for event in PREVIEWED), *OTHERS)

# Whoever drops a state, a person or a command has to say so here.
STATES, PERSONS, TRIED, BY_THE_WRONG_PERSON = 26, 33, 38_610, 14_527

# --- the persons --------------------------------------------------------------------------------------------

NEW, CALLER, JUDGE, ENDORSER, HOLDER = "new-one", "he-min", "zhou-lan", "qian-yu", "tang-wei"
COLUMNS = ("owner", "guest", "support", "reviewer", "lead", "arbiter", "finance", "others")
FIVEFOLD = ("support", "reviewer", "lead", "arbiter", "finance")


@dataclass(frozen=True)
class Cell:
    """One case in one state, with all that can be tried on it."""

    name: str
    case_no: str
    order_no: str
    customer: str
    picture: str

    def free(self) -> Cell:
        """The same in nobody's hands."""
        return replace(self, name=self.name.removesuffix("/held"))


def persons(cell: Cell, other: Cell) -> Iterator[tuple[Actor, str, int]]:
    """Whoever may try something: (the actor, the column, the place in it); strangers have no column."""
    yield Actor("customer", cell.customer), "owner", 0
    yield Actor("guest", "", cell.order_no), "guest", 0
    for role in FIVEFOLD:
        for place, person in enumerate((NEW, cell.customer, CALLER, JUDGE, ENDORSER)):
            yield Actor(role, person), role, place
    yield Actor("system", "portal"), "others", 0
    for stranger in (
        Actor("customer", other.customer),
        Actor("customer", ""),
        Actor("policy", NEW),
        Actor("guest", "", other.order_no),
        Actor("guest", cell.customer, None),
    ):
        yield stranger, "", 0


def read_table() -> dict[tuple[str, str], tuple[dict[str, str], str]]:
    """{(state, command): ({role: five letters}, target)}."""
    header, *lines = (line.split() for line in MATRIX.strip().splitlines() if line.strip())
    assert tuple(header[2:]) == COLUMNS
    found = {}
    for state, command, *letters in lines:
        name, _, target = command.partition(">")
        row = {
            role: word * 5 if len(word) == 1 else word for role, word in zip(COLUMNS, letters, strict=True)
        }
        assert (state, name) not in found and all(len(word) == 5 for word in row.values()), (state, name)
        found[state, name] = row, target
    return found


TABLE = read_table()


def expected(cell: str, command: str, column: str, place: int) -> tuple[str, str]:
    """The letter and the target of a try."""
    if not column:
        return ("+" if command == "give_back" else "."), ""
    if command.startswith("preview "):  # whoever has it in hand; it is the decision itself
        cell, command = cell.removesuffix("/held"), command.removeprefix("preview ")
    keys = [(cell, command), ("*", command), (cell, "*"), ("*", "*")]
    row, target = next(TABLE[key] for key in keys if key in TABLE)
    return row[column][place], target


def tries(cells: dict[str, Cell], name: str) -> Iterator[tuple[Actor, str, str, str]]:
    """(who, command, letter, target) of all that is tried on the case."""
    cell, other = cells[name], cells["closed" if name == "withdrawn" else "withdrawn"]
    for actor, column, place in persons(cell, other):
        for command in COMMANDS:
            yield actor, command, *expected(cell.name, command, column, place)


# --- the cases ----------------------------------------------------------------------------------------------


class Cases:
    """Brings one case of a customer of its own into each state, by the services."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.number = count()
        self.judge, self.endorser = Actor("reviewer", JUDGE), Actor("reviewer", ENDORSER)
        self.support = Actor("support", CALLER)

    def build(self) -> dict[str, Cell]:
        reached = {name: self._reach(name) for name in (*REACHED, "screening")}
        assert self.shop.audit() == []
        # No transaction ends in it, so no service can leave a case there.
        screened = case_rows.c.case_no == reached["screening"][0]
        with self.shop.app.begin() as conn:
            conn.execute(update(case_rows).where(screened).values(state="screening"))
        return {name: self._with_picture(name, *found) for name, found in reached.items()}

    def _reach(self, name: str) -> tuple[str, Actor]:
        customer = Actor("customer", f"mei-{next(self.number)}")
        with self.shop.app.begin() as conn:
            conn.execute(insert(customers).values(id=customer.id, name="梅", created_at=self.shop.clock.at))
        return REACHED.get(name, Cases.draft)(self, customer), customer

    def _with_picture(self, name: str, case_no: str, customer: Actor) -> Cell:
        picture = f"picture-{case_no}"
        cell = Cell(name, case_no, self.shop.view(case_no).order.order_no, customer.id, picture)
        self.shop.app.store.put(cell.picture, b"bytes")
        with self.shop.app.begin() as conn:
            conn.execute(
                insert(evidence_rows).values(
                    id=cell.picture, case_no=case_no, kind="product_page", media_type="image/webp",
                    sha256=hashlib.sha256(b"bytes").hexdigest(), width=1, height=1, size=5,
                    added_at=self.shop.clock.at,
                )
            )  # fmt: skip
        return cell

    def draft(self, customer: Actor) -> str:
        case_no = cases.open_draft(self.shop.app, self.support, self.shop.order(customer=customer.id)).case_no
        cases.save_draft(self.shop.app, customer, case_no, reason="not_delivered", requested_minor=10_000)
        return case_no

    def automatic(self, customer: Actor) -> str:
        sent = self.shop.apply(self.shop.order(customer=customer.id), actor=self.support)
        assert sent.state == "approved"
        return sent.case_no

    def asked(self, customer: Actor, amount: int = 10_000, **order: Any) -> str:
        """Called in for the customer; the judge has asked."""
        if not order:
            order = {"delivery": "code_viewed", "completed_at": self.shop.clock.at}
        order_no = self.shop.order(("alipay", amount), customer=customer.id, **order)
        sent = self.shop.apply(order_no, amount, reason="other", actor=self.support)
        assert sent.state == "in_review", sent
        return self.act(sent.case_no, "ask", self.judge)

    def lapsed(self, customer: Actor) -> str:
        case_no = self.asked(customer)
        self.shop.work(days=6)
        return case_no

    def review(self, customer: Actor, amount: int = 10_000, **order: Any) -> str:
        return self.act(self.asked(customer, amount, **order), "answer", customer)

    def offered(self, customer: Actor) -> str:
        case_no = self.review(customer)
        self.shop.act(case_no, "offer", self.judge, note="…", amount_minor=5_000)
        return case_no

    def held(self, customer: Actor) -> str:
        case_no = self.review(customer)
        desk.take(self.shop.app, Actor("lead", HOLDER), case_no)
        return case_no

    def rejected(self, customer: Actor, amount: int = 10_000) -> str:
        return self.act(self.review(customer, amount), "reject", self.judge)

    def appeal(self, customer: Actor, amount: int = 10_000) -> str:
        case_no = self.rejected(customer, amount)
        self.shop.picture(case_no)
        return self.act(case_no, "appeal", customer)

    def dispute(self, customer: Actor, amount: int = 10_000) -> str:
        return self.act(self.asked(customer, amount), "dispute", customer)

    def approved(self, customer: Actor) -> str:
        return self.act(self.review(customer), "approve", self.judge)

    def bounced(self, customer: Actor) -> str:
        """Approved and paid by the portal alone; the account is closed."""
        case_no = self.automatic(customer)
        self.shop.alipay.faults.append("refuse_closed")
        self.shop.work()
        return case_no

    def proposed(self, customer: Actor) -> str:
        case_no = self.bounced(customer)
        self.shop.picture(case_no, "account_closed")
        self.shop.act(case_no, "propose", customer, way="balance")
        return case_no

    def escrowed(self, customer: Actor) -> str:
        case_no = self.act(self.review(customer, escrow=True), "approve", self.judge)
        self.shop.act(case_no, "propose", customer, way="balance")
        return case_no

    def suggested(self, customer: Actor) -> str:
        case_no = self.proposed(customer)
        self.shop.act(case_no, "counter", Actor("finance", ENDORSER), way="redeem_code", note="…")
        return case_no

    def by_hand(self, customer: Actor) -> str:
        """The account is closed; two people agreed on a transfer to another one of the same person."""
        case_no = self.bounced(customer)
        self.shop.picture(case_no, "account_closed")
        payee = read_payee("card", "梅雨", "6222 0212 3456 1234")
        self.shop.act(case_no, "propose", customer, way="transfer", payee=payee)
        for actor in (Actor("finance", "one"), Actor("lead", "two")):
            self.shop.act(case_no, "agree", actor, way="transfer")
        self.shop.work()
        return case_no

    def paying(self, customer: Actor) -> str:
        case_no = self.automatic(customer)
        self.shop.work()
        return case_no

    def completed(self, customer: Actor) -> str:
        """With something left, so that it can be asked for anew."""
        order_no = self.shop.order(("alipay", 20_000), customer=customer.id)
        case_no = self.shop.apply(order_no, actor=self.support).case_no
        self.shop.work()
        self.shop.work(days=2)
        return case_no

    def act(self, case_no: str, event: str, actor: Actor) -> str:
        self.shop.act(case_no, event, actor, note="…")
        return case_no


LARGE = 150_000  # above what one may approve

# In this order: the worker runs before there is a case that it would pay or close.
REACHED: dict[str, Callable[[Cases, Actor], str]] = {
    "closed": Cases.lapsed,
    "completed": Cases.completed,
    "negotiating/bounced": Cases.proposed,
    "negotiating/endorsed": lambda c, mei: c.act(c.proposed(mei), "agree", Actor("finance", ENDORSER)),
    "negotiating/suggested": Cases.suggested,
    "paying/by-hand": Cases.by_hand,
    "paying": Cases.paying,
    "draft": Cases.draft,
    "draft/again": lambda c, mei: c.act(c.rejected(mei), "reapply", mei),
    "in_review": Cases.review,
    "in_review/held": Cases.held,
    "in_review/endorsed": lambda c, mei: c.act(c.review(mei, LARGE), "approve", c.endorser),
    "in_review/by-lead": lambda c, mei: c.act(c.review(mei, LARGE), "approve", Actor("lead", ENDORSER)),
    "awaiting_customer": Cases.asked,
    "awaiting_customer/offer": Cases.offered,
    "in_arbitration": Cases.dispute,
    "in_arbitration/endorsed": lambda c, mei: c.act(
        c.dispute(mei, LARGE), "approve", Actor("arbiter", ENDORSER)
    ),
    "approved": Cases.approved,
    "negotiating": Cases.escrowed,
    "negotiating/called": lambda c, mei: c.act(c.automatic(mei), "negotiate", c.judge),
    "rejected": Cases.rejected,
    "in_appeal": Cases.appeal,
    "in_appeal/endorsed": lambda c, mei: c.act(c.appeal(mei, LARGE), "approve", c.endorser),
    "closed/settled": lambda c, mei: c.act(c.appeal(mei), "reject", c.endorser),
    "withdrawn": lambda c, mei: c.act(c.review(mei), "withdraw", mei),
}


class House:
    """All cases on one SQLite database, which remembers how it was and notices any write."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.path, kept = folder / "refund.db", folder / "kept.db"
        with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(self.path)) as target:
            source.backup(target)
        self.shop = open_shop(f"sqlite:///{self.path}", folder / "evidence")
        self.cells = Cases(self.shop).build()
        self.watch = sqlite3.connect(self.path)
        self.kept = sqlite3.connect(kept)
        self.watch.backup(self.kept)
        self.clicks = count()
        self.seen = self.version()

    def version(self) -> int:
        """Changes with whatever any other connection commits."""
        found: int = self.watch.execute("PRAGMA data_version").fetchone()[0]
        return found

    def restore(self, cell: Cell) -> None:
        with closing(sqlite3.connect(self.path)) as target:
            self.kept.backup(target)
        self.seen = self.version()
        self.shop.app.store.put(cell.picture, b"bytes")

    def give_to_guest(self, cell: Cell) -> None:
        """As if a guest had made the request, and its account had never touched it."""
        with closing(sqlite3.connect(self.path)) as target:
            target.execute("UPDATE cases SET applicant = 'guest' WHERE case_no = ?", (cell.case_no,))
            target.commit()
        self.seen = self.version()

    def state(self, case_no: str) -> str:
        query = "SELECT state FROM cases WHERE case_no = ?"
        found: str = self.watch.execute(query, (case_no,)).fetchone()[0]
        return found

    def last(self, case_no: str) -> list[tuple[str, str]]:
        """Who caused the newest event that was no answer of the portal's."""
        query = "SELECT actor_role, actor_id FROM case_events WHERE case_no = ? AND actor_role <> 'system'"
        return self.watch.execute(f"{query} ORDER BY seq DESC LIMIT 1", (case_no,)).fetchall()

    def attempt(self, actor: Actor, command: str, case_no: str, order_no: str, picture: str) -> Any:
        app, number = self.shop.app, f"click-{next(self.clicks)}"
        if command in EVENTS or command in FORGED:
            said = {"picture": picture} if command == "find_forgery" else SAID.get(command, {})
            return cases.act(app, actor, case_no, command, number, note="…", **said)
        if command.startswith("preview "):
            event = command.removeprefix("preview ")
            return desk.preview(app, actor, case_no, event, note="…", **SAID.get(event, {}))
        match command:
            case "save_draft":
                return cases.save_draft(app, actor, case_no, description=number)
            case "add_evidence":
                return evidence.add(app, actor, case_no, "product_page", b"no picture")
            case "remove_evidence":
                return evidence.remove(app, actor, picture)
            case "mask_evidence":
                return masking.mask(app, actor, picture, [], number)
            case "read_evidence":
                return evidence.read(app, actor, picture)
            case "view":
                return cases.view(app, actor, case_no)
            case "look":
                return cases.look(app, actor, case_no)
            case "open_file":
                return desk.open_file(app, actor, case_no)
            case "take":
                return desk.take(app, actor, case_no)
            case "give_back":
                return desk.give_back(app, actor, case_no)
            case "open_draft":
                return cases.open_draft(app, actor, order_no)
            case "list":
                if case_no not in {card.case_no for card in cases.list_for(app, actor)}:
                    raise NotFound()
                return None
        raise AssertionError(command)

    def letter(self, actor: Actor, command: str, cell: Cell) -> tuple[str, dict[str, Any]]:
        """What became of the try, and the refusal as the person gets it."""
        try:
            self.attempt(actor, command, cell.case_no, cell.order_no, cell.picture)
        except Refusal as refused:
            letters = {code: letter for letter, code in CODES.items()}
            return letters.get(refused.code, refused.code), refused.as_dict()
        return "+", {}

    def wrote(self) -> bool:
        return self.version() != self.seen


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    found = House(sqlite_template, tmp_path_factory.mktemp("rights"))
    yield found
    found.watch.close()
    found.kept.close()
    found.shop.app.engine.dispose()


WRITING = {*EVENTS, "save_draft", "remove_evidence", "take"}  # each time it is done
MAY_WRITE = WRITING | {"open_draft", "read_evidence"}  # a draft opened again is none; looks of staff are
NAMES = sorted([*REACHED, "screening"])


@pytest.mark.parametrize("name", NAMES)
def test_everybody_tries_everything(house: House, name: str) -> None:
    """R3.1 to R3.7, invariants 12, 13: done, or refused for its reason, and then nothing is written."""
    cell = house.cells[name]
    wrong: list[str] = []
    for actor, command, want, target in tries(house.cells, name):
        got, said = house.letter(actor, command, cell)
        what = f"{name}: {actor} {command}: {want!r} expected, {got!r} happened {said}"
        if got != want or (got == "." and said != NOTHING_THERE):
            wrong.append(what)
        wrote = house.wrote()
        if wrote and not (got == "+" and command in MAY_WRITE):
            wrong.append(f"{what}, and something was written")
        if got == "+" and command in WRITING and not wrote:
            wrong.append(f"{what}, and nothing was written")
        if got == "+" and command in EVENTS:
            state, by = house.state(cell.case_no), house.last(cell.case_no)
            if (state, by) != (target, [(actor.role, actor.id)]):
                wrong.append(f"{what}, which led to {state} by {by}")
        if wrote:
            house.restore(cell)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_a_guests_own_request(house: House, name: str) -> None:
    """Invariant 12: as the owner's, but that a receipt names no other account for the money."""
    cell, wrong = house.cells[name], []
    guest = Actor("guest", "", cell.order_no)
    house.give_to_guest(cell)
    shown = set(cases.view(house.shop.app, guest, cell.case_no).allowed)
    may = set()
    for command in COMMANDS:
        want, _ = expected(cell.name, command, "owner", 0)
        if command == "propose" and want == "+":
            want = "a"
        got, said = house.letter(guest, command, cell)
        may |= {command} if got == "+" else set()
        if got != want:
            wrong.append(f"{name}: {command}: {want!r} expected, {got!r} happened {said}")
        if house.wrote():
            house.restore(cell)
            house.give_to_guest(cell)
    assert not wrong, "\n".join(wrong)
    assert shown == may & set(EVENTS)
    house.restore(cell)


@pytest.mark.parametrize(
    ("name", "command"), [("awaiting_customer", "answer"), ("draft", "open_draft"), ("draft", "save_draft")]
)
def test_what_its_account_touches_is_the_accounts(house: House, name: str, command: str) -> None:
    """Invariant 12: looking at it changes nothing; from the first command on a receipt is not enough."""
    app, cell = house.shop.app, house.cells[name]
    guest, owner = Actor("guest", "", cell.order_no), Actor("customer", cell.customer)
    house.give_to_guest(cell)
    for looking in ("view", "look", "read_evidence"):
        assert house.letter(owner, looking, cell)[0] == "+"
    assert house.letter(owner, "list", cell)[0] == (
        "." if name == "draft" else "+"
    )  # not sent: not theirs yet
    assert cases.view(app, guest, cell.case_no).allowed
    assert house.letter(owner, command, cell)[0] == "+"
    assert house.letter(guest, "withdraw", cell)[0] == "a"
    assert house.letter(guest, "read_evidence", cell)[0] in "a."
    house.restore(cell)


def test_a_receipt_opens_no_balance_and_leaves_no_draft_behind(house: House) -> None:
    """Invariant 12: nothing that cannot be paid out again, and no words in the account's name."""
    app, cell = house.shop.app, house.cells["withdrawn"]
    guest, owner = Actor("guest", "", cell.order_no), Actor("customer", cell.customer)
    case_no = cases.open_draft(app, guest, cell.order_no).case_no
    cases.save_draft(app, guest, case_no, reason="not_delivered", requested_minor=100, description="别人写的")
    answer = cases.look(app, guest, case_no).answer
    assert answer is not None and not answer.facts.has_account
    assert "balance" not in {option.route for option in answer.found.options}
    assert case_no not in {card.case_no for card in cases.list_for(app, owner)}
    resumed = cases.open_draft(app, owner, cell.order_no)
    assert (resumed.case_no, resumed.reason, resumed.description, resumed.step) == (case_no, None, "", 1)
    assert case_no in {card.case_no for card in cases.list_for(app, owner)}
    assert case_no not in {card.case_no for card in cases.list_for(app, guest)}
    house.restore(cell)


def test_from_outside_nobody_is_heard_or_seen(house: House) -> None:
    """Invariant 12: no word, picture, other account or certificate; where the refund stands is there."""
    app, cell = house.shop.app, house.cells["paying/by-hand"]
    guest, owner = Actor("guest", "", cell.order_no), Actor("customer", cell.customer)
    inside, outside = (cases.view(app, actor, cell.case_no) for actor in (owner, guest))
    assert inside.evidence
    payee = next(event.payee for event in inside.events if event.payee)[1]
    assert not outside.evidence and not any(e.payee or e.picture for e in outside.events)
    assert payee in repr(inside) and payee not in repr(outside)
    assert payee in repr(cases.list_for(app, owner)) and payee not in repr(cases.list_for(app, guest))
    spoken = house.cells["in_review"].case_no, Actor("guest", "", house.cells["in_review"].order_no)
    assert any(event.note for event in house.shop.view(spoken[0]).events)
    assert not any(event.note for event in cases.view(app, spoken[1], spoken[0]).events)
    assert (outside.state, outside.refund_minor, len(outside.events)) == (
        inside.state,
        inside.refund_minor,
        len(inside.events),
    )
    assert outside.is_from_outside and not inside.is_from_outside
    assert {e.by_another for e in outside.events if e.role == "customer"} == {True}
    assert certificates.issue(app, owner, cell.case_no).token
    with pytest.raises(AccountOnly):
        certificates.issue(app, guest, cell.case_no)


@pytest.mark.parametrize("name", NAMES)
def test_the_buttons_are_what_one_may_do(house: House, name: str) -> None:
    """Nobody is offered what is refused then, and nothing that is open to them is hidden."""
    cell = house.cells[name]
    # That a colleague is at it is told beside the buttons; it is over in some minutes.
    letters = [
        (actor, command, letter)
        for actor, command, letter, _ in tries(house.cells | {name: cell.free()}, name)
    ]
    for actor in {actor for actor, command, letter in letters if (command, letter) == ("view", "+")}:
        may = {command for who, command, letter in letters if who == actor and letter == "+"}
        shown = cases.view(house.shop.app, actor, cell.case_no).allowed
        assert set(shown) == may & set(EVENTS), actor


# What happens when nobody has acted by the due time; of the others nothing does.
THE_CLOCK = {
    "draft": ("lapse", "closed"),
    "draft/again": ("lapse", "closed"),
    "in_review": ("escalate", "in_review"),
    "in_review/held": ("escalate", "in_review"),
    "in_review/endorsed": ("escalate", "in_review"),
    "in_review/by-lead": ("escalate", "in_review"),
    "awaiting_customer": ("lapse", "closed"),
    "awaiting_customer/offer": ("expire", "in_review"),
    "in_arbitration": ("escalate", "in_arbitration"),
    "in_arbitration/endorsed": ("escalate", "in_arbitration"),
    "approved": ("pay", "paying"),
    "negotiating": ("escalate", "negotiating"),
    "negotiating/called": ("remind", "negotiating"),
    "negotiating/suggested": ("remind", "negotiating"),
    "negotiating/bounced": ("escalate", "negotiating"),
    "negotiating/endorsed": ("escalate", "negotiating"),
    "rejected": ("lapse", "closed"),
    "in_appeal": ("escalate", "in_appeal"),
    "in_appeal/endorsed": ("escalate", "in_appeal"),
}


@pytest.mark.parametrize("name", sorted(REACHED))
def test_what_the_clock_does(house: House, name: str) -> None:
    """R3.2, R3.3, R3.6: what nobody decided is closed or gets a name; money is left alone."""
    app, clock, cell = house.shop.app, house.shop.clock, house.cells[name]
    began, before = clock.at, house.shop.view(cell.case_no)
    try:
        clock.at = max(before.due_at or began, began)
        timers.run_due(app, cell.case_no)
        after = house.shop.view(cell.case_no)
        happened = [(event.event, event.to_state) for event in after.events[len(before.events) :]]
        assert happened == ([THE_CLOCK[name]] if name in THE_CLOCK else [])
        assert after.state == THE_CLOCK.get(name, ("", before.state))[1]
    finally:
        clock.at = began
        house.restore(cell)


def test_none_was_forgotten() -> None:
    """Every state of the lifecycle and every event; how much is tried, so that less would be noticed."""
    assert {name.split("/")[0] for name in NAMES} == set(CASE.states)
    assert set(EVENTS) == set(CASE.events)
    assert {state for state, _ in TABLE} <= {*NAMES, "*"}
    assert {command for _, command in TABLE} <= {*COMMANDS, "*"}
    cells = {name: Cell(name, name, f"OD-{name}", f"mei-{name}", "") for name in NAMES}
    letters = Counter(want for name in NAMES for _, _, want, _ in tries(cells, name))
    wrong_person = sum(letters[letter] for letter in WRONG_PERSON)
    print(f"{letters.total()} cells, {wrong_person} tried by the wrong person: {dict(letters)}")
    assert len(NAMES) == STATES and letters.total() == STATES * PERSONS * len(COMMANDS)
    assert (letters.total(), wrong_person) == (TRIED, BY_THE_WRONG_PERSON)


def test_what_is_not_theirs_is_as_if_it_were_not_there(house: House) -> None:
    """Invariant 12: what is not there has the answer that strangers get of every case above."""
    missing = Cell("missing", "R260901-222222", "OD-MISSING", "", "no-picture")
    for actor, command, _, _ in tries(house.cells, "in_review"):
        if command != "give_back":  # there is nothing to give back
            assert house.letter(actor, command, missing) == (".", NOTHING_THERE), (actor, command)
    assert not house.wrote()


def test_a_session_is_worth_nothing_once_it_ended(house: House) -> None:
    """Opened before a role changed or ended, or too long ago: nobody is behind it any more."""
    app, clock, cell = house.shop.app, house.shop.clock, house.cells["in_review"]
    began = clock.at
    try:
        former, kept = (identity.open_session(app, role, NEW) for role in ("reviewer", "lead"))
        paid_at = orders.get(app, Actor("customer", cell.customer), cell.order_no).paid_at
        guest = identity.prove_order(app, cell.order_no, "100.00", paid_at, "10.0.0.1")
        assert identity.who(app, guest) == Actor("guest", "", cell.order_no)
        identity.end_session(app, former)
        assert (identity.who(app, former), identity.who(app, kept)) == (None, Actor("lead", NEW))
        clock.advance(timedelta(minutes=identity.GUEST_MINUTES))
        assert identity.who(app, guest) is None
        clock.advance(timedelta(minutes=identity.SESSION_MINUTES))
        assert identity.who(app, kept) is None
    finally:
        clock.at = began
        house.restore(cell)


def test_a_first_approval_is_given_by_who_may_approve() -> None:
    """Invariant 13: nobody else can be one of two."""
    for row in CASE.rows:
        if row.event == "endorse":
            event = "agree" if row.source == "negotiating" else "approve"
            assert set(row.roles) <= set(CASE.row(row.source, event).roles), row
