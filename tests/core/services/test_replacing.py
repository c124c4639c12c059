"""A picture in the place of another: while the case is a draft, in one transaction (R2.3, R2.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.actors import Actor
from core.domain.errors import EvidenceRefused, NotAllowed, NotFound, TransitionRefused
from core.services import cases, evidence
from tests.core.services.test_evidence import allow, screenshot
from tests.shop import MEI, REVIEWER, WEI, Shop


@pytest.fixture
def case_no(shop: Shop) -> str:
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    number = cases.open_draft(shop.app, MEI, order_no).case_no
    cases.save_draft(shop.app, MEI, number, reason="not_as_described", requested_minor=10_000)
    return number


def add(shop: Shop, case_no: str, colour: str) -> str:
    shop.clock.advance(timedelta(seconds=1))
    return evidence.add(shop.app, MEI, case_no, "product_page", screenshot(colour)).id


def ids(shop: Shop, case_no: str) -> list[str]:
    return [item.id for item in shop.view(case_no).evidence]


def test_it_takes_the_place_and_the_kind_and_the_other_is_gone(shop: Shop, case_no: str) -> None:
    first, second = add(shop, case_no, "red"), add(shop, case_no, "green")
    shop.clock.advance(timedelta(seconds=1))
    (new,) = evidence.replace(shop.app, MEI, first, screenshot("blue")).pictures
    assert ids(shop, case_no) == [new.id, second] and new.kind == "product_page"
    with pytest.raises(NotFound):
        evidence.read(shop.app, MEI, first)
    with pytest.raises(FileNotFoundError):
        shop.app.store.get(first)
    assert shop.audit() == []


def test_what_cannot_be_used_changes_nothing(shop: Shop, case_no: str) -> None:
    kept = add(shop, case_no, "red")
    with pytest.raises(EvidenceRefused):
        evidence.replace(shop.app, MEI, kept, b"hello")
    assert ids(shop, case_no) == [kept] and evidence.read(shop.app, MEI, kept)


def test_by_a_picture_that_is_there_already_nothing_goes(shop: Shop, case_no: str) -> None:
    first, second = add(shop, case_no, "red"), add(shop, case_no, "green")
    with pytest.raises(EvidenceRefused) as refused:
        evidence.replace(shop.app, MEI, first, screenshot("green"))
    assert refused.value.params["reason"] == "there_already"
    assert ids(shop, case_no) == [first, second] and evidence.read(shop.app, MEI, first)
    assert shop.audit() == []


def test_a_full_case_can_still_be_bettered(shop: Shop, case_no: str) -> None:
    allow(shop, files=1)
    kept = add(shop, case_no, "red")
    (new,) = evidence.replace(shop.app, MEI, kept, screenshot("blue")).pictures
    assert ids(shop, case_no) == [new.id]


def test_by_itself_it_stays_one(shop: Shop, case_no: str) -> None:
    kept = add(shop, case_no, "red")
    evidence.replace(shop.app, MEI, kept, screenshot("red"))
    assert len(ids(shop, case_no)) == 1 and shop.audit() == []


def test_only_its_sender_and_only_before_it_is_sent(shop: Shop, case_no: str) -> None:
    """Later it is part of the file; a stranger learns nothing."""
    kept = add(shop, case_no, "red")
    evidence.add(shop.app, MEI, case_no, "product_shown", screenshot("white"))
    for stranger, refusal in ((WEI, NotFound), (Actor("guest", order_no="OD99999"), NotFound)):
        with pytest.raises(refusal):
            evidence.replace(shop.app, stranger, kept, screenshot("blue"))
    with pytest.raises(NotAllowed):
        evidence.replace(shop.app, REVIEWER, kept, screenshot("blue"))
    cases.submit(shop.app, MEI, case_no, "sent")
    with pytest.raises(TransitionRefused):
        evidence.replace(shop.app, MEI, kept, screenshot("blue"))
    assert kept in ids(shop, case_no)


def test_sent_meanwhile_it_stays(shop: Shop, case_no: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case is asked again inside the transaction: reading the file takes its time."""
    kept = add(shop, case_no, "red")
    evidence.add(shop.app, MEI, case_no, "product_shown", screenshot("white"))
    real = evidence.intake

    def slow(*given, **more):  # type: ignore[no-untyped-def]
        cases.submit(shop.app, MEI, case_no, "sent")
        return real(*given, **more)

    monkeypatch.setattr(evidence, "intake", slow)
    with pytest.raises(TransitionRefused):
        evidence.replace(shop.app, MEI, kept, screenshot("blue"))
    assert kept in ids(shop, case_no) and shop.audit() == []
