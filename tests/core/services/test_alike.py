"""R2.4: pictures that were sent before, and signs of editing, are shown to who decides and to none other."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, insert, select, text, update

from core.adapters.tables import customers, fingerprint_keys, fingerprints, near_pictures
from core.adapters.tables import evidence as table
from core.domain.actors import Actor
from core.domain.errors import NotAllowed, NotFound
from core.domain.pictures import Doubt
from core.services import alike, cases, desk, evidence, keeping, look_alikes
from tests.plans import scans
from tests.screens import AMOUNT, SIBLING, again, cropped, jpeg, png, resized, retyped, screen
from tests.shop import MEI, REVIEWER, WEI, Shop


def sent(shop: Shop, image: Image.Image, customer: Actor = MEI, kind: str = "other") -> str:
    """A case at the desk with one picture."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, customer=customer.id)
    draft = cases.open_draft(shop.app, customer, order_no).case_no
    evidence.add(shop.app, customer, draft, kind, png(image))
    return shop.apply(order_no, reason="other", actor=customer).case_no


def compared(shop: Shop) -> None:
    """What the worker does of it."""
    for number in alike.due(shop.app, shop.app.now(), 100):
        assert alike.attend(shop.app, number)


def near(shop: Shop, case_no: str) -> list[tuple[str, bool]]:
    hints = alike.sent_before(shop.app, REVIEWER, case_no)
    return [(hint.case_no, hint.is_same_customer) for hint in hints if hint.is_near]


def count(shop: Shop, of: Any) -> int:
    with shop.app.read() as conn:
        number: int = conn.execute(select(func.count()).select_from(of)).scalar_one()
    return number


def test_nearly_the_same_picture_of_another_case(shop: Shop) -> None:
    """From both sides, by whomever, with its time; the worker finds it."""
    first = sent(shop, screen())
    shop.clock.advance(timedelta(hours=2))
    own = sent(shop, again(screen(), 60))
    shop.clock.advance(timedelta(hours=1))
    foreign = sent(shop, again(cropped(screen()), 80), WEI)
    assert near(shop, foreign) == [], "not before the worker has looked"
    shop.work()
    assert near(shop, foreign) == [(first, False), (own, False)]
    assert near(shop, own) == [(first, True), (foreign, False)]
    assert near(shop, first) == [(own, True), (foreign, False)]
    (hint,) = [hint for hint in alike.sent_before(shop.app, REVIEWER, own) if hint.is_same_customer]
    assert hint.at == shop.clock.at - timedelta(hours=3)
    assert shop.audit() == [] and alike.due(shop.app, shop.app.now(), 10) == []


def test_another_order_in_the_same_app_is_no_hint(shop: Shop) -> None:
    """Not even where nearly everything on both screens is the same."""
    sent(shop, screen())
    others = [sent(shop, image, WEI) for image in (screen(SIBLING), again(resized(screen(SIBLING), 0.6), 70))]
    shop.work()
    assert [near(shop, other) for other in others[:1]] == [[]] or near(shop, others[0]) == [(others[1], True)]
    assert count(shop, near_pictures) == 1, "the two of the second order, and nothing with the first"


def test_to_the_pixel_is_said_once_and_as_that(shop: Shop) -> None:
    first, same = sent(shop, screen()), sent(shop, screen(), WEI)
    shop.work()
    (hint,) = alike.sent_before(shop.app, REVIEWER, same)
    assert (hint.case_no, hint.is_near) == (first, False) and count(shop, near_pictures) == 0


def test_in_the_same_case_it_is_none(shop: Shop) -> None:
    """Who sends a better picture of the same thing re-uses nothing."""
    case_no = sent(shop, screen())
    evidence.add(shop.app, MEI, case_no, "other", jpeg(screen(), 70))
    shop.work()
    assert len(shop.view(case_no).evidence) == 2
    assert alike.sent_before(shop.app, REVIEWER, case_no) == [] and count(shop, near_pictures) == 0


def test_customers_are_told_nothing(shop: Shop) -> None:
    case_no = sent(shop, again(screen(), 70), WEI)
    sent(shop, screen())
    shop.work()
    with pytest.raises(NotAllowed):
        alike.sent_before(shop.app, WEI, case_no)
    with pytest.raises(NotFound):
        alike.sent_before(shop.app, REVIEWER, "R0")
    (picture,) = shop.view(case_no, WEI).evidence
    assert not {"doubts", "again", "dhash", "words"} & set(asdict(picture))


def test_what_is_taken_back_or_over_its_time_recognises_nothing(shop: Shop) -> None:
    """R2.6: keys, words and pairs go with the picture."""
    ended = sent(shop, screen())
    open_one = sent(shop, again(screen(), 70), WEI)
    order_no = shop.order()
    draft = cases.open_draft(shop.app, MEI, order_no).case_no
    kept = evidence.add(shop.app, MEI, draft, "other", jpeg(screen(), 55))
    shop.work()
    assert set(near(shop, open_one)) == {(ended, False), (draft, False)}
    evidence.remove(shop.app, MEI, kept.id)
    assert near(shop, open_one) == [(ended, False)] and count(shop, fingerprints) == 2
    shop.act(open_one, "dispute", WEI, note="…")
    shop.act(ended, "withdraw", MEI)
    shop.clock.advance(timedelta(days=181))
    assert keeping.expire(shop.app, 10) == 1
    assert near(shop, open_one) == [] and count(shop, fingerprints) == 1 and count(shop, near_pictures) == 0
    with shop.app.read() as conn:
        owners = set(conn.execute(select(fingerprint_keys.c.evidence_id)).scalars())
    assert owners == {picture.id for picture in shop.view(open_one).evidence}
    assert shop.audit() == []


def test_the_audit_finds_what_would_recognise_a_picture_that_is_gone(shop: Shop) -> None:
    case_no = sent(shop, screen())
    (picture,) = shop.view(case_no).evidence
    with shop.app.begin() as conn:
        conn.execute(update(table).values(removed_at=shop.app.now()))
    assert [(f.invariant, f.code, f.subject) for f in shop.audit()] == [(18, "fingerprint_left", picture.id)]


def test_two_workers_that_meet_at_one_picture(shop: Shop) -> None:
    """One of them writes; a crash before that leaves it due."""
    sent(shop, screen())
    sent(shop, again(screen(), 70), WEI)
    numbers = alike.due(shop.app, shop.app.now(), 10)
    assert len(numbers) == 2 and alike.attend(shop.app, numbers[0]) and not alike.attend(shop.app, numbers[0])
    assert not alike.attend(shop.app, "nobody's")
    alike.put_off(shop.app, numbers[1], shop.app.now() + timedelta(minutes=5))
    assert alike.due(shop.app, shop.app.now(), 10) == []
    shop.clock.advance(timedelta(minutes=6))
    assert alike.due(shop.app, shop.app.now(), 10) == [numbers[1]] and alike.attend(shop.app, numbers[1])
    assert count(shop, near_pictures) == 1, "each has found the other, and the pair is there once"


def test_an_accident_with_one_picture_keeps_no_other_waiting(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = sqlite_shop
    broken, good = sent(shop, screen()), sent(shop, screen(SIBLING), WEI)
    (bad,) = shop.view(broken).evidence
    attend = alike.attend

    def breaks(app: Any, number: str) -> bool:
        if number == bad.id:
            raise RuntimeError("cannot be compared")
        return attend(app, number)

    monkeypatch.setattr(alike, "attend", breaks)
    shop.work()
    with shop.app.read() as conn:
        rows = conn.execute(select(fingerprints.c.evidence_id, fingerprints.c.compare_due_at)).all()
    (other,) = shop.view(good).evidence
    left = {row.evidence_id: row.compare_due_at for row in rows}
    assert left[other.id] is None and left[bad.id] > shop.app.now()


def test_a_page_that_everybody_sends_is_no_hint(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that many have are passed over, however many have them."""
    monkeypatch.setattr(alike, "POPULAR", 2)
    numbers = [sent(shop, again(screen(), quality), WEI) for quality in (90, 80, 70, 60)]
    compared(shop)
    assert near(shop, numbers[-1]) == []
    monkeypatch.setattr(alike, "POPULAR", 40)
    last = sent(shop, again(screen(), 50))
    compared(shop)
    assert len(near(shop, last)) == 4


def test_those_with_most_in_common_are_compared_first(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more than are compared, those that share most keys: the same shot before another order."""
    monkeypatch.setattr(alike, "MOST_COMPARED", 1)
    first = sent(shop, screen())
    sent(shop, screen(SIBLING), WEI)
    compared(shop)
    last = sent(shop, again(screen(), 80), WEI)
    compared(shop)
    assert near(shop, last) == [(first, False)]


def test_signs_of_editing_are_in_the_file_of_the_desk(shop: Shop) -> None:
    """With what was seen and where; the case goes on as any other."""
    case_no = sent(shop, retyped(again(screen(), 70)))
    (picture,) = shop.view(case_no).evidence
    file = desk.open_file(shop.app, REVIEWER, case_no)
    ((number, (doubt,)),) = file.doubts.items()
    assert number == picture.id and doubt.code == "grids" and doubt.place is not None
    assert AMOUNT[0] <= doubt.place[0] * 7.2 <= AMOUNT[2]
    assert file.view.state == "in_review"
    honest = sent(shop, again(screen(SIBLING), 70), WEI)
    assert desk.open_file(shop.app, REVIEWER, honest).doubts == {}


@pytest.mark.parametrize(
    ("seen", "place"),
    [
        ("42 17", (42, 17)),
        ("0 100", (0, 100)),
        ("Photoshop 25", None),
        ("", None),
        ("1 -2", None),
        ("٤ ٥x", None),
    ],
)
def test_a_place_or_a_name(seen: str, place: tuple[int, int] | None) -> None:
    assert Doubt("grids", seen).place == place


def test_finding_what_is_alike_uses_its_indexes(shop: Shop) -> None:
    """Among a million pictures as among ten: no table is read through, on either database."""
    case_no = sent(shop, screen())
    (mine,) = shop.view(case_no).evidence
    with shop.app.begin() as conn:
        row = conn.execute(select(table).where(table.c.id == mine.id)).one()._mapping
        names = [f"other-{place}" for place in range(3_000)]
        conn.execute(insert(table), [{**row, "id": name, "case_no": case_no} for name in names])
        prints = [{"evidence_id": name, "words": b"", "key_list": "[]"} for name in names]
        conn.execute(insert(fingerprints), prints)
        shared = [{"key": at % 7_000, "evidence_id": f"other-{at}"} for at in range(30_000)]
        conn.execute(insert(fingerprint_keys), shared)
    with shop.app.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("ANALYZE"))
    keys = list(range(0, 7_000, 300))
    with shop.app.read() as conn:
        assert scans(conn, alike.sharing(keys), "fingerprint_keys") == []
        found = conn.execute(alike.sharing(keys)).all()
        assert len(found) == sum(len(range(key, 30_000, 7_000)) for key in keys)
        assert scans(conn, alike.due_query(shop.app.now(), 5), "fingerprints") == []
        assert scans(conn, alike._pictures([mine.id, *names[:5]]), "evidence", "fingerprints") == []


def test_what_is_settled_together_is_warned_of_as_alone(shop: Shop) -> None:
    """R2.4: the same picture in another case, signs of editing, credit below what any rule trusts."""
    first, foreign = sent(shop, screen()), sent(shop, screen(), WEI)
    own = sent(shop, screen(SIBLING))
    shop.clock.advance(timedelta(hours=1))
    repeated = sent(shop, screen(SIBLING))
    edited = sent(shop, retyped(again(screen(), 70)))
    with shop.app.begin() as conn:
        conn.execute(update(customers).where(customers.c.id == "wei").values(credit=79))
    rows = look_alikes.weigh(shop.app, REVIEWER, [first, foreign, own, repeated, edited])
    found = {row.card.case_no: row.doubts for row in rows}
    assert found[first] == ("again",) and found[foreign] == ("credit", "again")
    assert found[own] == found[repeated] == ("again_own",)
    assert "edited" in found[edited]
