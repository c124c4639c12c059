"""Reading as due work: once by whoever comes first, given up after some tries, shown to who may see it."""

from __future__ import annotations

import json
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, select, update

from core import texts
from core.adapters.reading.process import Unreadable
from core.adapters.tables import evidence as table
from core.domain.errors import NotFound
from core.domain.reading import Line
from core.services import cases, desk, evidence, reading
from portal.parts.reading import reading_said
from tests.core.services.test_evidence import screenshot
from tests.shop import MEI, REVIEWER, WEI, Shop

SECRET = "AB12-CD34-EF56"


@dataclass
class FakeReader:
    """Reads what it was told, or fails; counts."""

    says: tuple[str, ...] = ()
    count: int = 0
    fails: bool = False

    def read(self, data: bytes) -> tuple[Line, ...]:
        self.count += 1
        if self.fails:
            raise Unreadable("MemoryError")
        return tuple(Line(text, (10, 40 * place, 300, 30)) for place, text in enumerate(self.says))


@pytest.fixture
def reader(shop: Shop) -> FakeReader:
    shop.app.reader = FakeReader()  # type: ignore[assignment]
    return shop.app.reader  # type: ignore[return-value]


@pytest.fixture
def case_no(shop: Shop) -> str:
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    number = cases.open_draft(shop.app, MEI, order_no).case_no
    cases.save_draft(shop.app, MEI, number, reason="not_as_described", requested_minor=10_000)
    return number


def row(shop: Shop, evidence_id: str) -> tuple[str | None, object]:
    with shop.app.read() as conn:
        return tuple(  # type: ignore[return-value]
            conn.execute(select(table.c.reading, table.c.read_due_at).where(table.c.id == evidence_id)).one()
        )


def add(shop: Shop, case_no: str) -> str:
    return evidence.add(shop.app, MEI, case_no, "product_page", screenshot()).id


def test_without_the_extra_nothing_is_due_or_said(shop: Shop, case_no: str) -> None:
    number = add(shop, case_no)
    assert row(shop, number) == (None, None)
    assert shop.work() == 1  # it is compared with others, that is all
    assert row(shop, number) == (None, None)
    assert reading.findings(shop.app, MEI, case_no) == {}
    assert reading.proposals(shop.app, MEI, number) == ()


def test_read_by_the_worker_and_laid_beside_the_order(shop: Shop, case_no: str, reader: FakeReader) -> None:
    order_no = shop.view(case_no).order.order_no
    reader.says = (f"订单编号 {order_no.replace('0', 'O')}", "实付 ¥99.00", f"卡密 {SECRET}", "13800138000")
    number = add(shop, case_no)
    assert shop.work() == 2 and shop.work() == 0 and reader.count == 1  # and compared with others
    (said,) = reading.findings(shop.app, MEI, case_no).values()
    assert [finding.code for finding in said] == ["same_order", "other_amount"]
    assert [item.kind for item in reading.proposals(shop.app, MEI, number)] == ["card_code", "phone"]
    kept, due = row(shop, number)
    assert due is None and SECRET not in str(kept) and "13800138000" not in str(kept)
    assert shop.audit() == []


def test_the_reviewer_reads_it_beside_the_picture(shop: Shop, case_no: str, reader: FakeReader) -> None:
    reader.says = ("实付 ¥99.00",)
    add(shop, case_no)
    shop.work()
    cases.save_draft(shop.app, MEI, case_no, reason="other")
    shop.act(case_no, "submit", MEI)
    file = desk.open_file(shop.app, REVIEWER, case_no)
    for language, words in (
        ("zh_CN", "图上的金额是 ¥99.00，订单是 ¥100.00"),
        ("en", "says ¥99.00, the order ¥100.00"),
    ):
        (line,) = reading_said(texts.of(language), file.view, file.said, now=shop.clock.at)
        assert words in line


def test_strangers_get_nothing(shop: Shop, case_no: str, reader: FakeReader) -> None:
    """Invariant 12."""
    number = add(shop, case_no)
    with pytest.raises(NotFound):
        reading.proposals(shop.app, WEI, number)
    with pytest.raises(NotFound):
        reading.findings(shop.app, WEI, case_no)


def test_what_cannot_be_read_is_tried_three_times(shop: Shop, case_no: str, reader: FakeReader) -> None:
    reader.fails = True
    number = add(shop, case_no)
    for _ in range(6):
        shop.work(minutes=5)
    assert reader.count == reading.TRIES
    assert row(shop, number)[1] is None
    assert reading.proposals(shop.app, MEI, number) == ()


def test_two_workers_read_it_once(shop: Shop, case_no: str, reader: FakeReader) -> None:
    number = add(shop, case_no)
    first = reading._claim(shop.app, number, shop.clock.at)
    assert first is not None
    assert not reading.attend(shop.app, number) and reader.count == 0
    shop.clock.advance(reading.AGAIN + timedelta(seconds=1))
    assert reading.attend(shop.app, number) and reader.count == 1, "its worker was lost"


def test_two_workers_at_the_same_moment(shop: Shop, case_no: str, reader: FakeReader) -> None:
    """Both have found it due before either has said that it is theirs: one reads. SQLite lets one writer in
    at a time, so there they meet at its door.
    """
    number = add(shop, case_no)
    both, has_met = threading.Barrier(2), threading.local()

    def meet(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE evidence") and not hasattr(has_met, "once"):
            has_met.once = True
            both.wait(60)

    def door() -> AbstractContextManager[Connection]:
        meet(None, None, "UPDATE evidence")
        return begin()

    done: list[bool | BaseException] = []

    def work() -> None:
        try:
            done.append(reading.attend(shop.app, number))
        except BaseException as error:
            done.append(error)

    begin = shop.app.begin
    if shop.app.engine.dialect.name == "sqlite":
        shop.app.begin = door  # type: ignore[method-assign]
    else:
        event.listen(shop.app.engine, "before_cursor_execute", meet)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, done)) == ["False", "True"] and reader.count == 1


def test_who_comes_back_late_overwrites_nothing(shop: Shop, case_no: str, reader: FakeReader) -> None:
    """Another worker has claimed it meanwhile."""
    number = add(shop, case_no)
    real, later = reader.read, shop.clock.at + timedelta(hours=1)

    def slow(data: bytes) -> tuple[Line, ...]:
        with shop.app.begin() as conn:
            conn.execute(update(table).where(table.c.id == number).values(read_due_at=later))
        return real(data)

    reader.read = slow  # type: ignore[method-assign]
    reading.attend(shop.app, number)
    kept, due = row(shop, number)
    assert json.loads(str(kept)) == {"tries": 1} and due == later


def test_what_was_taken_back_is_not_read(shop: Shop, case_no: str, reader: FakeReader) -> None:
    number = add(shop, case_no)
    evidence.remove(shop.app, MEI, number)
    assert shop.work() == 0 and reader.count == 0


def test_its_sender_is_told_what_it_says_and_what_is_still_awaited(
    shop: Shop, case_no: str, reader: FakeReader
) -> None:
    """Nobody waits for a worker that does not come, nor for what was given up or taken back."""
    reader.says = ("实付 ¥99.00",)
    number = add(shop, case_no)
    assert reading.said(shop.app, MEI, case_no) == reading.Said({}, frozenset({number}))
    shop.work()
    said = reading.said(shop.app, MEI, case_no)
    assert [finding.code for finding in said.findings[number]] == ["other_amount"] and not said.awaited
    with pytest.raises(NotFound):
        reading.said(shop.app, WEI, case_no)
    second = evidence.add(shop.app, MEI, case_no, "product_page", screenshot("red")).id
    assert reading.said(shop.app, MEI, case_no).awaited == {second}
    shop.clock.advance(reading.AWAITED)
    assert not reading.said(shop.app, MEI, case_no).awaited
    shop.app.reader = None
    assert reading.said(shop.app, MEI, case_no) == reading.Said()
