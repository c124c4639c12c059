"""The lifecycle tables against an independent copy, from the requirements; and the page drawn from them.

`python -m tests.core.domain.test_lifecycle` draws `docs/lifecycle.md` again.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import TransitionRefused
from core.domain.lifecycle import (
    CASE,
    MACHINES,
    PAYOUT,
    PUBLIC,
    ROLES,
    Machine,
    Row,
    check_sql,
    mermaid,
    public_status,
    waiting_for,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "lifecycle.md"

# Row by row, in words of the requirement and not of the code: `source event → target: who`.
EXPECTED = {
    "case": {
        "R2.1 a customer, a guest or support sends the request; a draft can be dropped or runs out": """
            draft submit → screening: customer guest support
            draft withdraw → withdrawn: customer guest support
            draft lapse → closed: system
        """,
        "R3.1 automatic review answers at once or hands over to a person": """
            screening approve → approved: system
            screening refer → in_review: system
            screening reject → rejected: system
        """,
        "R3.2 a reviewer or a lead decides, and an overdue case is escalated": """
            in_review approve → approved: reviewer lead
            in_review reject → rejected: reviewer lead
            in_review escalate → in_review: system
        """,
        "R3.3 the reviewer asks, the customer answers, silence closes": """
            in_review ask → awaiting_customer: reviewer lead
            awaiting_customer answer → in_review: customer guest support
            awaiting_customer lapse → closed: system
        """,
        "R4.2 a reviewer offers another amount or route: taken up, declined, or the review goes on": """
            in_review offer → awaiting_customer: reviewer lead
            awaiting_customer accept → approved: customer guest support
            awaiting_customer decline → in_review: customer guest support
            awaiting_customer expire → in_review: system
        """,
        "R3.4 either side may take a dispute to the arbiter, and only the arbiter ends it": """
            in_review dispute → in_arbitration: customer guest support reviewer lead
            awaiting_customer dispute → in_arbitration: customer guest support
            in_arbitration approve → approved: arbiter lead
            in_arbitration reject → closed: arbiter
            in_arbitration escalate → in_arbitration: system
        """,
        "invariant 13: the first of two approvals; a lead confirms an arbiter's, and decides no dispute": """
            in_review endorse → in_review: reviewer lead
            in_arbitration endorse → in_arbitration: arbiter
            in_appeal endorse → in_appeal: reviewer lead
            negotiating endorse → negotiating: lead finance
        """,
        "R2.4 a person finds a picture to be forged; the case stays where it is": """
            in_review find_forgery → in_review: reviewer lead
            in_arbitration find_forgery → in_arbitration: arbiter
            in_appeal find_forgery → in_appeal: reviewer lead
        """,
        "R3.5 after a rejection the customer corrects and applies again": """
            rejected reapply → draft: customer guest support
        """,
        "R3.6 or appeals in time; the appeal's answer is the last": """
            rejected appeal → in_appeal: customer guest support
            rejected lapse → closed: system
            in_appeal approve → approved: reviewer lead
            in_appeal reject → closed: reviewer lead
            in_appeal escalate → in_appeal: system
        """,
        "R3.7 the customer withdraws until money has been sent": """
            in_review withdraw → withdrawn: customer guest support
            awaiting_customer withdraw → withdrawn: customer guest support
            in_arbitration withdraw → withdrawn: customer guest support
            in_appeal withdraw → withdrawn: customer guest support
            approved withdraw → withdrawn: customer guest support
            negotiating withdraw → withdrawn: customer guest support
        """,
        "R4.1 approved money is queued and paid by the portal": """
            approved pay → paying: system
            paying complete → completed: system
        """,
        "R4.5 where neither the original route nor the balance works, people agree on another": """
            approved negotiate → negotiating: system reviewer lead
            paying negotiate → negotiating: system
            negotiating propose → negotiating: customer guest support
            negotiating counter → negotiating: lead finance
            negotiating remind → negotiating: system
            negotiating agree → paying: lead finance
            negotiating escalate → negotiating: system
            paying transfer → paying: lead finance
        """,
    },
    "payout": {
        "invariant 5: the intent is committed before the channel is called": """
            planned send → sending: system
        """,
        "R4.7 the channel accepts, later the money arrives": """
            sending accept → accepted: system
            accepted arrive → arrived: system
        """,
        "invariant 6: no answer is unknown, never failed; the channel is asked before sending again": """
            sending lose → unknown: system
            unknown accept → accepted: system
            unknown refuse → refused: system
            unknown resend → sending: system
        """,
        "R4.2 what the channel refuses or sends back takes the next route": """
            sending refuse → refused: system
            accepted return → returned: system
            refused replan → replanned: system finance
            returned replan → replanned: system finance
        """,
    },
}

FINAL = {"case": {"completed", "closed", "withdrawn"}, "payout": {"arrived", "replanned"}}


def expected_rows(machine: Machine) -> list[Row]:
    lines = "\n".join(EXPECTED[machine.name].values()).split("\n")
    found = []
    for line in filter(None, map(str.strip, lines)):
        match = re.fullmatch(r"(\w+) (\w+) → (\w+): ([\w ]+)", line)
        assert match, line
        found.append(Row(match[1], match[2], tuple(match[4].split()), match[3]))
    return found


def as_set(rows: list[Row] | tuple[Row, ...]) -> set[tuple[str, str, frozenset[str], str]]:
    return {(row.source, row.event, frozenset(row.roles), row.target) for row in rows}


def agrees(machine: Machine) -> bool:
    """Whether the table is the expected one; itself tested on altered tables below."""
    expected = expected_rows(machine)
    return as_set(machine.rows) == as_set(expected) and len(machine.rows) == len(expected)


def rows_of(machines: tuple[Machine, ...] = MACHINES) -> list[object]:
    return [
        pytest.param(machine, row, id=f"{machine.name}:{row.source}+{row.event}")
        for machine in machines
        for row in expected_rows(machine)
    ]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_table_is_the_one_the_requirements_ask_for(machine: Machine):
    assert as_set(machine.rows) - as_set(expected_rows(machine)) == set(), "rows that nothing asks for"
    assert as_set(expected_rows(machine)) - as_set(machine.rows) == set(), "rows that are missing"
    assert agrees(machine)


@pytest.mark.parametrize(("machine", "row"), rows_of())
def test_each_step_leads_where_it_should(machine: Machine, row: Row):
    assert machine.step(row.source, row.event) == row.target
    for role in ROLES:
        assert (row.event in machine.allowed(row.source, role)) is (role in row.roles), role


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_whatever_has_no_row_is_refused(machine: Machine):
    present = {(row.source, row.event) for row in expected_rows(machine)}
    for state, event in product(machine.states, (*machine.events, "invented", "")):
        if (state, event) in present:
            continue
        with pytest.raises(TransitionRefused) as refused:
            machine.step(state, event)
        assert refused.value.params == {"machine": machine.name, "state": state, "event": event}
        assert not any(event in machine.allowed(state, role) for role in ROLES)


def altered(machine: Machine) -> Iterator[tuple[str, Machine]]:
    """Every table one slip away: a row dropped, aimed elsewhere, open to one role more or one fewer."""
    for index, row in enumerate(machine.rows):
        others = machine.rows[:index], machine.rows[index + 1 :]
        rest = (*others[0], *others[1])
        yield f"{row} dropped", replace(machine, rows=rest)
        for target in set(machine.states) - {row.target}:
            yield f"{row} aimed at {target}", replace(machine, rows=(*rest, replace(row, target=target)))
        for role in ROLES:
            roles = tuple(set(row.roles) ^ {role})
            yield f"{row} with roles {roles}", replace(machine, rows=(*rest, replace(row, roles=roles)))
        for source in set(machine.states) - {row.source}:
            if (source, row.event) not in {(other.source, other.event) for other in rest}:
                yield f"{row} moved to {source}", replace(machine, rows=(*rest, replace(row, source=source)))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_no_slip_in_a_table_passes_unseen(machine: Machine):
    slips = [name for name, table in altered(machine) if agrees(table)]
    assert not slips


def test_a_table_that_contradicts_itself_cannot_be_built():
    row = Row("a", "go", ("system",), "b")
    with pytest.raises(ValueError, match="two rows"):
        Machine("toy", "a", ("a", "b"), (row, replace(row, target="a")))
    with pytest.raises(ValueError, match="unknown state"):
        Machine("toy", "a", ("a",), (row,))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_final_states_are_the_empty_rows(machine: Machine):
    assert machine.final_states == FINAL[machine.name]
    for state in machine.states:
        assert machine.is_final(state) is (state in FINAL[machine.name])
        assert any(machine.allowed(state, role) for role in ROLES) is not machine.is_final(state)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_is_reached_and_none_is_a_trap(machine: Machine):
    def reach(starts: set[str], steps: dict[str, set[str]]) -> set[str]:
        seen, new = set(starts), set(starts)
        while new := {target for state in new for target in steps.get(state, ())} - seen:
            seen |= new
        return seen

    forward: dict[str, set[str]] = {}
    backward: dict[str, set[str]] = {}
    for row in machine.rows:
        forward.setdefault(row.source, set()).add(row.target)
        backward.setdefault(row.target, set()).add(row.source)
    assert reach({machine.initial}, forward) == set(machine.states)
    assert reach(set(machine.final_states), backward) == set(machine.states)


def test_every_role_in_a_row_is_a_role():
    assert {role for machine in MACHINES for row in machine.rows for role in row.roles} <= set(ROLES)


def test_policy_staff_move_no_case_and_no_money():
    """Invariant 13."""
    assert not any("policy" in row.roles for machine in MACHINES for row in machine.rows)


def test_nobody_pays_by_hand():
    """R4.1: only the portal sends money; people only choose another route for what came back."""
    human = {(row.source, row.event) for row in PAYOUT.rows if set(row.roles) - {"system"}}
    assert human == {("refused", "replan"), ("returned", "replan")}


def test_a_customer_withdraws_until_money_has_been_sent():
    """R3.7: from every state of an undecided or unpaid case, from none in which money moves or has moved."""
    can = {state for state in CASE.states if "withdraw" in CASE.allowed(state, "customer")}
    undecided = {"draft", "in_review", "awaiting_customer", "in_arbitration", "in_appeal"}
    assert can == undecided | {"approved", "negotiating"}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ("", "draft"),
        ("submit approve pay complete", "completed"),
        ("submit refer ask answer approve pay complete", "completed"),
        ("submit refer escalate ask lapse", "closed"),
        ("submit refer dispute reject", "closed"),
        ("submit refer endorse escalate endorse approve negotiate endorse agree", "paying"),
        ("submit reject reapply submit approve pay", "paying"),
        ("submit reject appeal approve withdraw", "withdrawn"),
        ("submit approve pay negotiate escalate agree complete", "completed"),
    ],
)
def test_a_case_is_the_fold_of_its_events(events: str, state: str):
    """Invariant 4."""
    assert CASE.fold(events.split()) == state


def test_a_lost_reply_ends_paid_once():
    assert PAYOUT.fold(["send", "lose", "resend", "accept", "arrive"]) == "arrived"
    with pytest.raises(TransitionRefused):
        PAYOUT.fold(["send", "lose", "send"])


@given(st.lists(st.sampled_from(CASE.events), max_size=12))
def test_a_final_case_takes_no_event(events: list[str]):
    """Invariant 9."""
    state = CASE.initial
    for event in events:
        try:
            state = CASE.step(state, event)
        except TransitionRefused:
            continue
        assert state in CASE.states
    if CASE.is_final(state):
        for event in CASE.events:
            with pytest.raises(TransitionRefused):
                CASE.step(state, event)


def test_the_customer_reads_fewer_words():
    """R5.1, R5.2: one public status and one holder of the next move for every state."""
    assert {state: f"{public_status(state)}, {waiting_for(state)}" for state in CASE.states} == {
        "draft": "not_sent, you",
        "screening": "under_review, we",
        "in_review": "under_review, we",
        "awaiting_customer": "your_turn, you",
        "in_arbitration": "under_review, we",
        "approved": "approved, we",
        "negotiating": "approved, we",
        "paying": "paying, bank",
        "rejected": "rejected, you",
        "in_appeal": "under_review, we",
        "completed": "completed, nobody",
        "closed": "closed, nobody",
        "withdrawn": "withdrawn, nobody",
    }
    assert set(PUBLIC) == set(CASE.states)
    for state in CASE.states:
        assert (waiting_for(state) == "nobody") is CASE.is_final(state)
        assert waiting_for(state) != "you" or CASE.allowed(state, "customer")


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_database_takes_these_states_only(machine: Machine):
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE TABLE t (state TEXT NOT NULL CHECK ({check_sql(machine)}))")
    for state in machine.states:
        database.execute("INSERT INTO t VALUES (?)", (state,))
    for state in ("", "Draft", "invented"):
        with pytest.raises(sqlite3.IntegrityError):
            database.execute("INSERT INTO t VALUES (?)", (state,))


# --- docs/lifecycle.md ------------------------------------------------------------------------------------


def who(machine: Machine) -> str:
    lines = ["| in | event | by | leads to |", "|---|---|---|---|"]
    for row in machine.rows:
        lines.append(f"| `{row.source}` | {row.event} | {', '.join(row.roles)} | `{row.target}` |")
    return "\n".join(lines)


def public() -> str:
    lines = ["| state | the customer reads | whose move |", "|---|---|---|"]
    lines += [f"| `{state}` | {public_status(state)} | {waiting_for(state)} |" for state in CASE.states]
    return "\n".join(lines)


def drawn(text: str) -> str:
    """The page with everything between its `<!-- … -->` and `<!-- end -->` marks drawn anew."""
    parts = {"public": public()}
    for machine in MACHINES:
        parts[f"{machine.name} diagram"] = f"```mermaid\n{mermaid(machine)}\n```"
        parts[f"{machine.name} rows"] = who(machine)
    for name, part in parts.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        text, count = mark.subn(lambda found, part=part: found[1] + part + found[2], text)
        assert count == 1, f"one place for '{name}', found {count}"
    return text


def test_the_page_in_the_docs_is_current():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == drawn(text), "run python -m tests.core.domain.test_lifecycle"


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_diagram_shows_every_row(machine: Machine):
    lines = mermaid(machine).split("\n")
    assert lines[0] == "stateDiagram-v2"
    arrows = {line.strip() for line in lines[1:]}
    assert arrows == (
        {f"[*] --> {machine.initial}"}
        | {f"{row.source} --> {row.target}: {row.event}" for row in expected_rows(machine)}
        | {f"{state} --> [*]" for state in FINAL[machine.name]}
    )


if __name__ == "__main__":
    DOCUMENT.write_text(drawn(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
