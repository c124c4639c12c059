"""Evidence: kept as our own picture, for the eyes of the case only."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from core.domain.actors import Actor
from core.domain.errors import EvidenceMissing, EvidenceRefused, NotAllowed, NotFound, TransitionRefused
from core.services import cases, evidence
from tests.shop import MEI, REVIEWER, SUPPORT, WEI, Shop


def screenshot(colour: str = "white", size: tuple[int, int] = (200, 120)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def case_no(shop: Shop) -> str:
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    number = cases.open_draft(shop.app, MEI, order_no).case_no
    cases.save_draft(shop.app, MEI, number, reason="not_as_described", requested_minor=10_000)
    return number


def test_the_checklist_is_filled(shop: Shop, case_no: str) -> None:
    """R2.3: what was missing is there, and the case goes through."""
    with pytest.raises(EvidenceMissing):
        cases.submit(shop.app, MEI, case_no, "first")
    page = evidence.add(shop.app, MEI, case_no, "product_page", screenshot())
    evidence.add(shop.app, MEI, case_no, "product_shown", screenshot("red"))
    _, assessment = cases.assess_draft(shop.app, MEI, case_no)
    assert assessment.missing_evidence == ()
    assert cases.submit(shop.app, MEI, case_no, "first").state == "in_review"
    assert {e.kind for e in shop.view(case_no, MEI).evidence} == {"product_page", "product_shown"}
    assert evidence.read(shop.app, REVIEWER, page.id)[1] == "image/png"
    assert shop.audit() == []


def test_the_same_picture_twice_is_one(shop: Shop, case_no: str) -> None:
    """A second click on upload."""
    first = evidence.add(shop.app, MEI, case_no, "product_page", screenshot())
    assert evidence.add(shop.app, MEI, case_no, "product_page", screenshot()) == first
    assert len(shop.view(case_no).evidence) == 1
    assert len(list(Path(shop.app.store.url.removeprefix("file://")).iterdir())) == 1


def test_strangers_see_no_picture(shop: Shop, case_no: str) -> None:
    """Invariant 12: an id that somebody has seen opens nothing."""
    kept = evidence.add(shop.app, MEI, case_no, "product_page", screenshot())
    for stranger in (WEI, Actor("guest", order_no="OD99999")):
        for attempt in (
            lambda s=stranger: evidence.read(shop.app, s, kept.id),
            lambda s=stranger: evidence.remove(shop.app, s, kept.id),
            lambda s=stranger: evidence.add(shop.app, s, case_no, "other", screenshot()),
        ):
            with pytest.raises(NotFound):
                attempt()
    with pytest.raises(NotFound):
        evidence.read(shop.app, MEI, "../../etc/passwd")


def test_taken_back_while_a_draft(shop: Shop, case_no: str) -> None:
    kept = evidence.add(shop.app, MEI, case_no, "product_page", screenshot())
    evidence.remove(shop.app, MEI, kept.id)
    assert shop.view(case_no).evidence == ()
    with pytest.raises(NotFound):
        evidence.read(shop.app, MEI, kept.id)
    with pytest.raises(NotFound):
        evidence.remove(shop.app, MEI, kept.id)
    assert list(Path(shop.app.store.url.removeprefix("file://")).iterdir()) == []
    assert shop.audit() == []


def test_part_of_the_file_once_it_was_sent(shop: Shop) -> None:
    """R3.4: both sides see the same file, so nothing leaves it; more may come."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    case_no = cases.open_draft(shop.app, MEI, order_no).case_no
    kept = evidence.add(shop.app, MEI, case_no, "other", screenshot())
    shop.apply(order_no, reason="other")
    with pytest.raises(TransitionRefused):
        evidence.remove(shop.app, MEI, kept.id)
    evidence.add(shop.app, SUPPORT, case_no, "other", screenshot("blue"))
    with pytest.raises(NotAllowed):
        evidence.add(shop.app, REVIEWER, case_no, "other", screenshot("green"))
    shop.act(case_no, "withdraw", MEI)
    with pytest.raises(TransitionRefused):
        evidence.add(shop.app, MEI, case_no, "other", screenshot("green"))


def test_what_is_refused_leaves_no_file(sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = sqlite_shop
    case_no = cases.open_draft(shop.app, MEI, shop.order()).case_no
    monkeypatch.setattr(evidence, "MOST_PICTURES", 2)
    for colour in ("red", "blue"):
        evidence.add(shop.app, MEI, case_no, "other", screenshot(colour))
    for kind, data, reason in (
        ("other", screenshot("green"), "too_many"),
        ("other", b"%PDF-1.7", "not_a_picture"),
        ("selfie", screenshot("green"), "kind"),
    ):
        with pytest.raises(EvidenceRefused) as refused:
            evidence.add(shop.app, MEI, case_no, kind, data)
        assert refused.value.params["reason"] == reason
    assert len(list(Path(shop.app.store.url.removeprefix("file://")).iterdir())) == 2
    assert shop.audit() == []
