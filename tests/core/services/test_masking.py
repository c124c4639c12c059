"""R2.6: what its sender covers is gone, once, from the store and every row, while the picture is theirs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from core.adapters.tables import evidence as table
from core.domain.actors import Actor
from core.domain.errors import (
    CommandReused,
    EvidenceSeen,
    MaskRefused,
    NotAllowed,
    NotFound,
    Refusal,
    TransitionRefused,
)
from core.domain.reading import Line
from core.services import cases, evidence, links, masking, reading
from core.services.evidence import EvidenceView
from tests.core.services.test_evidence import screenshot
from tests.core.services.test_reading import FakeReader
from tests.shop import MEI, REVIEWER, SUPPORT, WEI, Shop

BOX = (20, 30, 60, 20)
FILLED = (16, 26, 84, 54)  # left, top, right, bottom, with the margin of a PNG


@pytest.fixture
def case_no(shop: Shop) -> str:
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    number = cases.open_draft(shop.app, MEI, order_no).case_no
    cases.save_draft(shop.app, MEI, number, reason="other", requested_minor=10_000)
    return number


@pytest.fixture
def picture(shop: Shop, case_no: str) -> EvidenceView:
    return evidence.add(shop.app, MEI, case_no, "other", screenshot("red"))


def mask(shop: Shop, number: str, command_id: str = "cover", actor: Actor = MEI, **more: Any) -> EvidenceView:
    return masking.mask(shop.app, actor, number, more.get("boxes", [BOX]), command_id)


def row(shop: Shop, number: str) -> Any:
    with shop.app.read() as conn:
        return conn.execute(select(table).where(table.c.id == number)).one()


def stored(shop: Shop) -> set[str]:
    return {path.name for path in Path(shop.app.store.url.removeprefix("file://")).iterdir()}


def at_once(*commands: Callable[[], Any]) -> list[Any]:
    """Run the commands in threads; answers or refusals, in order."""

    def answer(command: Callable[[], Any]) -> Any:
        try:
            return command()
        except Refusal as refused:
            return refused

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(answer, commands))


def test_another_picture_stands_in_its_place(shop: Shop, case_no: str, picture: EvidenceView) -> None:
    """Invariants 18, 20: the old one is gone by every way that led to it."""
    link = links.made(shop.app, MEI, picture.id)
    before = row(shop, picture.id)
    after = mask(shop, picture.id, boxes=[BOX, (100, 70, 30, 30)])
    assert shop.view(case_no, MEI).evidence == (after,)
    assert (after.masks, after.kind, after.added_at) == (2, "other", picture.added_at)
    data, media_type = evidence.read(shop.app, MEI, after.id)
    shown = Image.open(io.BytesIO(data))
    assert (media_type, shown.size) == ("image/png", (200, 120))
    assert shown.crop(FILLED).getcolors() == [(68 * 28, (0, 0, 0))]
    assert shown.getpixel((10, 10)) == (255, 0, 0)
    with pytest.raises(NotFound):
        evidence.read(shop.app, MEI, links.opened(shop.app, MEI, link))
    assert stored(shop) == {after.id}
    new = row(shop, after.id)
    for name in ("sha256", "pixels_sha256", "dhash"):
        assert getattr(new, name) not in (getattr(before, name), "") or name == "dhash"
    assert (new.sha256 != before.sha256, new.added_by) == (True, "customer:mei")
    old = row(shop, picture.id)
    assert (old.sha256, old.pixels_sha256, old.dhash, old.looks, old.reading) == ("", "", "", "{}", None)
    assert shop.audit() == []


def test_a_picture_taken_back_leaves_nothing_that_could_recognise_it(
    shop: Shop, picture: EvidenceView
) -> None:
    evidence.remove(shop.app, MEI, picture.id)
    old = row(shop, picture.id)
    assert (old.sha256, old.pixels_sha256, old.dhash, old.looks, old.reading) == ("", "", "", "{}", None)


def test_covered_again_is_more_covered(shop: Shop, picture: EvidenceView) -> None:
    once = mask(shop, picture.id)
    twice = mask(shop, once.id, "again", boxes=[(100, 70, 30, 30)])
    assert twice.masks == 2 and stored(shop) == {twice.id}
    shown = Image.open(io.BytesIO(evidence.read(shop.app, MEI, twice.id)[0]))
    assert shown.getpixel((50, 40)) == shown.getpixel((110, 80)) == (0, 0, 0)
    assert shop.audit() == []


@pytest.mark.parametrize("boxes", [[], [(0, 0, 0, 5)], [(500, 500, 9, 9)], [(n, 0, 5, 5) for n in range(21)]])
def test_boxes_that_cover_nothing_change_nothing(shop: Shop, picture: EvidenceView, boxes: list[Any]) -> None:
    with pytest.raises(MaskRefused):
        mask(shop, picture.id, boxes=boxes)
    assert stored(shop) == {picture.id} and row(shop, picture.id).masks == 0
    assert mask(shop, picture.id).masks == 1, "a refused click uses up no command"


# --- what was seen in it -----------------------------------------------------


def test_signs_of_editing_stay_those_of_the_file(shop: Shop, picture: EvidenceView) -> None:
    """Covering adds none, and washes none away."""
    with shop.app.begin() as conn:
        looks = json.loads(row(shop, picture.id).looks) | {"doubts": [["editor", "Photoshop"]]}
        conn.execute(update(table).where(table.c.id == picture.id).values(looks=json.dumps(looks)))
    after = json.loads(row(shop, mask(shop, picture.id).id).looks)
    assert after["doubts"] == [["editor", "Photoshop"]]
    assert set(after) == {"quality", "warnings", "doubts"}


def test_what_was_read_is_forgotten_and_read_again(shop: Shop, picture: EvidenceView) -> None:
    """Invariant 20, and the places to cover of the old picture are none of the new."""
    shop.app.reader = FakeReader(("激活码 AB12-CD34-EF56", "实付 ¥99.00"))  # type: ignore[assignment]
    with shop.app.begin() as conn:
        conn.execute(update(table).values(read_due_at=shop.app.now()))
    shop.work()
    found = reading.read_from(shop.app, MEI, picture.id)
    assert found is not None and [item.kind for item in found.covered] == ["card_code"]
    assert [(item.kind, item.box) for item in found.shown] == [("amount", (10, 40, 300, 30))]
    after = mask(shop, picture.id)
    assert reading.read_from(shop.app, MEI, after.id) is None
    assert row(shop, picture.id).read_due_at is None and row(shop, after.id).read_due_at is not None
    shop.app.reader = FakeReader(("实付 ¥99.00",))  # type: ignore[assignment]
    shop.work()
    assert reading.proposals(shop.app, MEI, after.id) == ()
    assert row(shop, picture.id).reading is None


def test_a_reading_that_comes_too_late_is_not_kept(shop: Shop, picture: EvidenceView) -> None:
    """The picture is covered while the old one is being read."""

    class Slow(FakeReader):
        def read(self, data: bytes) -> tuple[Line, ...]:
            mask(shop, picture.id)
            return super().read(data)

    shop.app.reader = Slow(("激活码 AB12-CD34-EF56",))  # type: ignore[assignment]
    with shop.app.begin() as conn:
        conn.execute(update(table).values(read_due_at=shop.app.now()))
    reading.attend(shop.app, picture.id)
    assert row(shop, picture.id).reading is None


# --- who, and how long -----------------------------------------------------


def test_strangers_and_staff_cover_nothing(shop: Shop, picture: EvidenceView) -> None:
    """Invariant 12: a stranger cannot tell whether it is there."""
    for stranger in (WEI, Actor("guest", order_no="OD99999")):
        with pytest.raises(NotFound):
            mask(shop, picture.id, actor=stranger)
    with pytest.raises(NotAllowed):
        mask(shop, picture.id, actor=REVIEWER)
    with pytest.raises(NotFound):
        mask(shop, "no-such-picture")
    assert stored(shop) == {picture.id}
    assert mask(shop, picture.id, actor=SUPPORT).masks == 1  # for a customer who called


def both(shop: Shop, number: str) -> list[str]:
    """What covering and taking back it is refused with."""
    codes = []
    for command in (lambda: mask(shop, number, "late"), lambda: evidence.remove(shop.app, MEI, number)):
        with pytest.raises(Refusal) as refused:
            command()
        codes.append(refused.value.code)
    return codes


def asked(shop: Shop, order_no: str) -> str:
    """A case whose customer was asked something, a minute ago."""
    number = shop.apply(order_no, reason="other").case_no
    shop.act(number, "ask", REVIEWER, note="…")
    shop.clock.advance(timedelta(minutes=1))
    return number


def test_part_of_the_file_once_it_was_sent(shop: Shop, case_no: str, picture: EvidenceView) -> None:
    """R3.4: also when the customer is asked something, and when they apply once more."""
    asked(shop, shop.view(case_no).order.order_no)
    assert both(shop, picture.id) == ["transition_refused"] * 2
    shop.act(case_no, "answer", MEI, note="…")
    shop.act(case_no, "reject", REVIEWER, note="…")
    shop.act(case_no, "reapply", MEI)
    shop.clock.advance(timedelta(minutes=1))
    assert both(shop, picture.id) == ["transition_refused"] * 2
    new = evidence.add(shop.app, MEI, case_no, "other", screenshot("blue"))
    evidence.remove(shop.app, MEI, mask(shop, new.id).id)


def test_in_an_open_case_it_is_theirs_until_it_comes_with_words(shop: Shop, case_no: str) -> None:
    """Not yet sent, it can still be covered or taken back; sent with an answer, no more."""
    asked(shop, shop.view(case_no).order.order_no)
    first, second = (
        evidence.add(shop.app, MEI, case_no, "other", screenshot(colour)) for colour in ("red", "blue")
    )
    evidence.remove(shop.app, MEI, second.id)
    after = mask(shop, first.id)
    shop.act(case_no, "answer", MEI, note="…")
    (sent,) = shop.view(case_no).evidence
    assert (sent.id, sent.masks, sent.said_seq is not None) == (after.id, 1, True)
    assert both(shop, after.id) == ["transition_refused"] * 2
    assert shop.audit() == []


def test_what_a_reviewer_has_seen_is_part_of_the_file(shop: Shop, case_no: str) -> None:
    """R3.4: a look is written down before a byte is given out. Support looks for the customer."""
    asked(shop, shop.view(case_no).order.order_no)
    number = evidence.add(shop.app, MEI, case_no, "other", screenshot("blue")).id
    evidence.read(shop.app, SUPPORT, number)
    number = mask(shop, number).id
    evidence.read(shop.app, REVIEWER, number)
    with pytest.raises(EvidenceSeen):
        mask(shop, number, "late")
    assert both(shop, number) == ["evidence_seen"] * 2
    assert stored(shop) == {number}


def test_a_draft_is_nobody_elses(shop: Shop, picture: EvidenceView) -> None:
    evidence.read(shop.app, REVIEWER, picture.id)
    assert mask(shop, picture.id).masks == 1


def test_a_final_case_stays_as_it_is(shop: Shop, case_no: str) -> None:
    asked(shop, shop.view(case_no).order.order_no)
    number = evidence.add(shop.app, MEI, case_no, "other", screenshot("blue")).id
    shop.act(case_no, "withdraw", MEI)
    with pytest.raises(TransitionRefused):
        mask(shop, number)


# --- once, whatever happens -----------------------------------------------------


def test_the_same_click_twice_is_one_effect(shop: Shop, case_no: str, picture: EvidenceView) -> None:
    """Invariant 17, one after the other and at once."""
    first = mask(shop, picture.id)
    assert mask(shop, picture.id) == first
    assert mask(shop, first.id) == first, "also from a tab that shows the new picture already"
    with pytest.raises(CommandReused):
        mask(shop, picture.id, actor=SUPPORT)
    other = evidence.add(shop.app, MEI, case_no, "other", screenshot("blue"))
    found = at_once(*[lambda: mask(shop, other.id, "click")] * 3)
    assert len({view.id for view in found}) == 1
    assert stored(shop) == {first.id, found[0].id}
    assert [view.masks for view in shop.view(case_no).evidence] == [1, 1]
    assert shop.audit() == []


def test_two_tabs_that_cover_it_differently_are_one_effect(
    shop: Shop, case_no: str, picture: EvidenceView
) -> None:
    found = at_once(*[lambda n=n: mask(shop, picture.id, f"tab-{n}") for n in range(3)])
    assert sorted(type(answer).__name__ for answer in found) == ["EvidenceView", "NotFound", "NotFound"]
    (left,) = shop.view(case_no).evidence
    assert stored(shop) == {left.id} and shop.audit() == []


def test_covering_while_it_is_sent(shop: Shop, case_no: str, picture: EvidenceView) -> None:
    """Either it is covered and sent so, or it was sent before."""
    found, _ = at_once(lambda: mask(shop, picture.id), lambda: cases.submit(shop.app, MEI, case_no, "send"))
    (left,) = shop.view(case_no).evidence
    covered = isinstance(found, EvidenceView)
    assert covered or isinstance(found, TransitionRefused), found
    assert (left.masks, left.id == picture.id) == ((1, False) if covered else (0, True))
    assert stored(shop) == {left.id} and shop.audit() == []


@pytest.mark.parametrize("sent_first", [True, False])
def test_sent_between_looking_and_changing(
    shop: Shop, case_no: str, picture: EvidenceView, monkeypatch: pytest.MonkeyPatch, sent_first: bool
) -> None:
    """The picture is filled outside any transaction: what is true afterwards counts."""
    made = masking.covered

    def meanwhile(*given: Any) -> Any:
        if sent_first:
            cases.submit(shop.app, MEI, case_no, "send")
        else:
            evidence.remove(shop.app, MEI, picture.id)
        return made(*given)

    monkeypatch.setattr(masking, "covered", meanwhile)
    with pytest.raises(TransitionRefused if sent_first else NotFound):
        mask(shop, picture.id)
    assert stored(shop) == ({picture.id} if sent_first else set())
    assert shop.audit() == []


class Killed(BaseException):
    """The process ends here: nothing tidies up."""


@pytest.mark.parametrize("point", ["put", "commit", "delete"])
def test_who_dies_in_between_leaves_no_row_without_bytes(
    shop: Shop, case_no: str, picture: EvidenceView, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """After the new bytes, before the rows, before the old bytes go; and the next click ends it well."""
    delete = shop.app.store.delete

    def killed(*_: Any, **__: Any) -> None:
        raise Killed()

    with monkeypatch.context() as broken:
        if point == "put":
            put = shop.app.store.put
            broken.setattr(shop.app.store, "put", lambda *given: killed(put(*given)))
            broken.setattr(shop.app.store, "delete", lambda name: None)
        elif point == "commit":
            broken.setattr(masking, "once", killed)
            broken.setattr(shop.app.store, "delete", lambda name: None)
        else:
            broken.setattr(shop.app.store, "delete", killed)
        with pytest.raises(Killed):
            mask(shop, picture.id)
    assert shop.audit() == []
    (left,) = shop.view(case_no).evidence
    assert len(stored(shop)) == 2, "bytes that no row leads to, for the sweep"
    if point == "delete":
        assert left.masks == 1
        with pytest.raises(NotFound):
            evidence.read(shop.app, MEI, picture.id)
    else:
        assert left.id == picture.id and evidence.read(shop.app, MEI, picture.id)
    after = mask(shop, picture.id)
    assert shop.view(case_no).evidence == (after,) and picture.id not in stored(shop)
    assert shop.audit() == []
    for name in stored(shop) - {after.id}:
        delete(name)
