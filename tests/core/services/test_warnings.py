"""Who has to answer or may appeal is warned before the time is over: twice at most, never too late (R5.8)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core import worker
from core.adapters import database
from core.adapters.tables import cases
from core.domain.deadlines import warnings
from core.domain.notices import ANSWER_DUE_SOON, APPEAL_DUE_SOON, DUE_SOON
from core.services import notices, timers
from tests.shop import MEI, REVIEWER, Shop

SECOND = timedelta(seconds=1)


def asked(shop: Shop) -> str:
    """Tuesday noon; the answer is due at the end of Friday."""
    viewed = {"delivery": "code_viewed", "completed_at": shop.clock.at}
    case_no = shop.apply(shop.order(**viewed), reason="other").case_no  # type: ignore[arg-type]
    shop.act(case_no, "ask", REVIEWER, note="什么时候买的？")
    return case_no


def rejected(shop: Shop) -> str:
    """Tuesday noon; an appeal is possible until the end of Thursday of next week."""
    return shop.apply(shop.order(delivery="redeemed"), reason="other").case_no


WARNED = pytest.mark.parametrize(
    ("start", "kind", "half", "last", "end"),
    [
        (asked, ANSWER_DUE_SOON, "09-02T21:59:59.5", "09-03T15:59:59", "09-04T15:59:59"),
        (rejected, APPEAL_DUE_SOON, "09-05T21:59:59.5", "09-09T15:59:59", "09-10T15:59:59"),
    ],
    ids=["answer", "appeal"],
)
Start = Callable[[Shop], str]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def told(shop: Shop) -> list[str]:
    """The warnings so far."""
    return [line.kind for line in reversed(notices.inbox(shop.app, MEI)) if line.kind in DUE_SOON.values()]


def told_by(shop: Shop, when: datetime) -> list[str]:
    """The warnings after the worker has run at `when`, twice."""
    shop.clock.at = when
    shop.work()
    shop.work()
    assert shop.audit() == []
    return told(shop)


def planned(shop: Shop, case_no: str) -> datetime | None:
    with shop.app.read() as conn:
        return conn.execute(select(cases.c.warn_at).where(cases.c.case_no == case_no)).scalar_one()


def plan(shop: Shop, case_no: str, when: datetime | None) -> None:
    with shop.app.begin() as conn:
        conn.execute(update(cases).where(cases.c.case_no == case_no).values(warn_at=when))


@WARNED
def test_at_half_time_and_one_working_day_before_the_end(
    shop: Shop, start: Start, kind: str, half: str, last: str, end: str
) -> None:
    case_no = start(shop)
    assert shop.view(case_no).due_at == at(end)
    assert told_by(shop, at(half) - SECOND) == []
    assert told_by(shop, at(half)) == [kind]
    assert told_by(shop, at(last) - SECOND) == [kind]
    assert told_by(shop, at(last)) == [kind, kind]
    assert told_by(shop, at(end) - SECOND) == [kind, kind]
    assert shop.view(case_no).due_at == at(end), "people are shown the deadline, not the worker's plans"
    lines = [line for line in notices.inbox(shop.app, MEI) if line.kind == kind]
    assert {line.by_at for line in lines} == {at(end)}
    assert told_by(shop, at(end)) == [kind, kind]
    assert shop.view(case_no).state == "closed"


@WARNED
def test_a_worker_that_slept_over_both_warns_once(
    shop: Shop, start: Start, kind: str, half: str, last: str, end: str
) -> None:
    case_no = start(shop)
    assert told_by(shop, at(end) - SECOND) == [kind]
    assert planned(shop, case_no) is None


@WARNED
def test_never_after_the_deadline(
    shop: Shop, start: Start, kind: str, half: str, last: str, end: str
) -> None:
    """Not even when warnings come first in a round."""
    case_no = start(shop)
    shop.clock.at = at(end)
    assert timers.run_warning(shop.app, case_no)
    assert told_by(shop, at(end)) == []
    assert shop.view(case_no).state == "closed"


def test_who_has_acted_is_not_warned(shop: Shop) -> None:
    answered, appealed = asked(shop), rejected(shop)
    shop.act(answered, "answer", MEI, note="昨天")
    shop.picture(appealed)
    shop.act(appealed, "appeal", MEI, note="不是我")
    assert (planned(shop, answered), planned(shop, appealed)) == (None, None)
    shop.work(days=2)
    assert told(shop) == []


def test_asked_again_is_warned_again(shop: Shop) -> None:
    case_no = asked(shop)
    assert told_by(shop, at("09-03T00:00:00")) == [ANSWER_DUE_SOON]
    shop.act(case_no, "answer", MEI, note="昨天")
    shop.act(case_no, "ask", REVIEWER, note="在哪里买的？")
    assert told_by(shop, at("09-03T00:00:01")) == [ANSWER_DUE_SOON]
    assert told_by(shop, at("09-06T00:00:00")) == [ANSWER_DUE_SOON] * 2


def test_two_workers_that_saw_the_same_warn_once(shop: Shop) -> None:
    case_no = asked(shop)
    shop.clock.at = at("09-03T00:00:00")
    assert timers.numbers_to_warn(shop.app, shop.clock.at, 9) == [case_no]
    assert timers.run_warning(shop.app, case_no) is True
    assert timers.run_warning(shop.app, case_no) is False
    plan(shop, case_no, shop.clock.at)  # and if its plan were lost
    assert timers.run_warning(shop.app, case_no) is True
    assert told(shop) == [ANSWER_DUE_SOON]


def test_an_accident_delays_the_warning_and_not_the_deadline(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = sqlite_shop
    case_no = asked(shop)
    real, broken = notices.warn, [case_no]

    def once_broken(*arguments: Any) -> None:
        if broken:
            raise RuntimeError(broken.pop())
        real(*arguments)

    monkeypatch.setattr(notices, "warn", once_broken)
    assert told_by(shop, at("09-03T00:00:00")) == []
    assert shop.view(case_no).due_at == at("09-04T15:59:59")
    assert told_by(shop, at("09-03T00:00:00") + worker.PUT_OFF) == [ANSWER_DUE_SOON]


def test_a_deadline_that_was_put_off_by_an_accident_is_not_warned_of(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`due_at` is the worker's next try then, and no time that the customer still has."""
    shop = sqlite_shop
    case_no = asked(shop)
    with monkeypatch.context() as broken:
        broken.setattr(timers, "due", lambda *_: 1 / 0)
        assert told_by(shop, at("09-04T15:59:59")) == []
    assert shop.view(case_no).due_at == shop.clock.at + worker.PUT_OFF
    assert told_by(shop, shop.clock.at + worker.PUT_OFF) == []
    assert shop.view(case_no).state == "closed"


def test_cases_older_than_the_warnings_are_planned(sqlite_shop: Shop) -> None:
    """The migration knows no calendar, so it sets a time long ago."""
    shop = sqlite_shop
    case_no = asked(shop)
    plan(shop, case_no, datetime(1970, 1, 1, tzinfo=UTC))
    assert told_by(shop, shop.clock.at) == []
    assert planned(shop, case_no) == at("09-02T21:59:59.5")


def test_the_migration_has_the_worker_look(tmp_path: Path) -> None:
    file = tmp_path / "older.db"
    database.migrate(f"sqlite:///{file}", "0001")
    names = "case_no, order_no, customer_id, state, policy_version, currency, created_at, due_at, finished_at"
    row = f"INSERT INTO cases ({names}) VALUES (?, ?, 'mei', ?, 1, 'CNY', 1, 2, 3)"
    states = ["awaiting_customer", "closed", "in_review", "rejected"]
    with sqlite3.connect(file) as driver:  # its foreign keys are off: no order is needed
        driver.executemany(row, [(state, state, state) for state in states])
    database.migrate(f"sqlite:///{file}")
    with sqlite3.connect(file) as driver:
        found = driver.execute("SELECT warn_at FROM cases ORDER BY case_no").fetchall()
    assert found == [(0,), (None,), (None,), (0,)]


def test_the_audit_misses_a_forgotten_warning(sqlite_shop: Shop) -> None:
    case_no = asked(sqlite_shop)
    for wrong in (None, at("09-04T15:59:59")):
        plan(sqlite_shop, case_no, wrong)
        assert [(found.invariant, found.code) for found in sqlite_shop.audit()] == [(21, "warning_differs")]


def test_what_is_to_be_warned_is_found_by_its_index(sqlite_shop: Shop) -> None:
    with sqlite_shop.app.read() as conn:
        query = "EXPLAIN QUERY PLAN " + str(timers._TO_WARN.compile(conn))
        found = conn.exec_driver_sql(query, (0, 50, 0)).all()
    assert [row.detail for row in found] == ["SEARCH cases USING INDEX ix_cases_warn (warn_at<?)"]


@pytest.mark.parametrize(
    ("entered", "end", "expected"),
    [
        # Asked on Monday 28 September, 3 days: half time falls into Golden Week, after the last working
        # day before 8 October.
        ("09-28T02:00:00", "10-08T15:59:59", [("09-30T15:59:59", "last"), ("10-03T08:59:59.5", "half")]),
        # One working day: the day before is the one of the question, so half time is all there is.
        ("09-01T04:00:00", "09-02T15:59:59", [("09-01T21:59:59.5", "half")]),
        # Over a weekend: one working day before Monday night is Friday night.
        ("09-09T04:00:00", "09-14T15:59:59", [("09-11T15:59:59", "last"), ("09-11T21:59:59.5", "half")]),
    ],
)
def test_when(sqlite_shop: Shop, entered: str, end: str, expected: list[tuple[str, str]]) -> None:
    found = warnings("rejected", at(entered), at(end), sqlite_shop.app.calendar)
    assert found == [(at(when), which) for when, which in expected]
    assert warnings("in_review", at(entered), at(end), sqlite_shop.app.calendar) == []
