"""Evidence: kept as our own picture, for the eyes of the case only."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from core import texts
from core.adapters.tables import evidence as table
from core.adapters.tables import evidence_views
from core.domain.actors import Actor
from core.domain.errors import EvidenceMissing, EvidenceRefused, NotAllowed, NotFound, TransitionRefused
from core.services import alike, cases, evidence, keeping, links, policy_publishing
from tests import pinned
from tests.core.adapters.odd_pictures import pdf
from tests.shop import LEAD, MEI, REVIEWER, SUPPORT, WEI, Shop


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
    assessment = cases.look(shop.app, MEI, case_no).answer.found
    assert assessment.missing_evidence == ()
    assert cases.submit(shop.app, MEI, case_no, "first").state == "in_review"
    assert {e.kind for e in shop.view(case_no, MEI).evidence} == {"product_page", "product_shown"}
    assert evidence.read(shop.app, REVIEWER, page.id)[1] == "image/png"
    assert shop.audit() == []


def test_the_same_picture_twice_is_one(shop: Shop, case_no: str) -> None:
    """A second click on upload."""
    first = evidence.add(shop.app, MEI, case_no, "product_page", screenshot())
    again = evidence.add_file(shop.app, MEI, case_no, "product_page", screenshot())
    assert again == evidence.Added((first,), (evidence.ALREADY_HERE,))
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


def test_what_is_refused_leaves_no_file(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    case_no = cases.open_draft(shop.app, MEI, shop.order()).case_no
    allow(shop, files=2)
    for colour in ("red", "blue"):
        evidence.add(shop.app, MEI, case_no, "other", screenshot(colour))
    for kind, data, reason in (
        ("other", screenshot("green"), "too_many"),
        ("other", b"%PDF-1.7", "damaged"),
        ("other", b"GIF89a", "gif"),
        ("selfie", screenshot("green"), "kind"),
    ):
        with pytest.raises(EvidenceRefused) as refused:
            evidence.add(shop.app, MEI, case_no, kind, data)
        assert refused.value.params["reason"] == reason
    assert len(files(shop)) == 2
    assert shop.audit() == []


def test_the_policy_says_how_large_and_how_many(sqlite_shop: Shop) -> None:
    """R2.3: 10 MB a file and 9 files a case, unless the shop says otherwise; the words say the figure."""
    shop = sqlite_shop
    case_no = cases.open_draft(shop.app, MEI, shop.order()).case_no
    large = screenshot() + bytes(2 * 1024 * 1024)
    evidence.add(shop.app, MEI, case_no, "other", large)
    allow(shop, megabytes=2, files=1)
    with pytest.raises(EvidenceRefused) as refused:
        evidence.add(shop.app, MEI, case_no, "other", large)
    assert "超过 2 MB" in texts.of("zh_CN").refusal(refused.value)
    with pytest.raises(EvidenceRefused) as refused:
        evidence.add(shop.app, MEI, case_no, "other", screenshot("red"))
    assert refused.value.params == {"reason": "too_many", "limit": 1}


def test_each_page_of_a_pdf_is_a_picture_of_the_case(shop: Shop, case_no: str) -> None:
    """Sent twice it is there once; what there is no room for is said."""
    document = pdf(*(colour + b" rg 0 0 300 300 re f" for colour in (b"1 0 0", b"0 1 0", b"0 0 1")))
    added = evidence.add_file(shop.app, MEI, case_no, "product_page", document)
    assert (len(added.pictures), added.notes) == (3, ())
    again = evidence.add_file(shop.app, MEI, case_no, "product_page", document)
    assert again == evidence.Added(added.pictures, (evidence.ALREADY_HERE,))
    assert shop.view(case_no).evidence == added.pictures  # in the order of the pages
    assert len(files(shop)) == 3
    allow(shop, files=4)
    more = evidence.add_file(shop.app, MEI, case_no, "other", document)
    assert (len(more.pictures), more.notes) == (1, ("first_pages_only",))
    assert len(shop.view(case_no).evidence) == len(files(shop)) == 4
    assert shop.audit() == []


def files(shop: Shop) -> list[Path]:
    return list(Path(shop.app.store.url.removeprefix("file://")).iterdir())


def allow(shop: Shop, *, megabytes: int = 10, files: int = 9) -> None:
    """A policy with other limits, in force from now on."""
    changed = pinned.TEXT.replace("evidence_megabytes = 10", f"evidence_megabytes = {megabytes}")
    changed = changed.replace("evidence_files = 9", f"evidence_files = {files}")
    assert changed != pinned.TEXT
    with shop.app.begin() as conn:
        policy_publishing.publish(
            shop.app, conn, changed, author="a", approved_by="b", in_force_from=shop.app.now()
        )


def sent(shop: Shop, colour: str = "white", customer: Actor = MEI) -> str:
    """A case with one picture."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, customer=customer.id)
    draft = cases.open_draft(shop.app, customer, order_no).case_no
    evidence.add(shop.app, customer, draft, "other", screenshot(colour))
    return shop.apply(order_no, reason="other", actor=customer).case_no


def test_what_was_seen_in_it_is_kept(shop: Shop, case_no: str) -> None:
    """R2.4: fingerprints of the pixels, the quality, who sent it."""
    kept = evidence.add(shop.app, MEI, case_no, "product_page", screenshot())
    with shop.app.read() as conn:
        row = conn.execute(select(table).where(table.c.id == kept.id)).one()
    assert len(row.pixels_sha256) == len(row.dhash) == 64 and row.added_by == "customer:mei"
    assert set(json.loads(row.looks)) == {"quality", "warnings", "doubts"}


def test_each_look_of_the_staff_is_written_down(shop: Shop) -> None:
    """Before a byte is given out; the customer's own looks are nobody's business."""
    case_no = sent(shop)
    (picture,) = shop.view(case_no).evidence
    evidence.read(shop.app, MEI, picture.id)
    assert keeping.who_looked(shop.app, LEAD, case_no) == []
    for who in (REVIEWER, LEAD):
        evidence.read(shop.app, who, picture.id)
    looks = keeping.who_looked(shop.app, LEAD, case_no)
    assert [(seen.role, seen.person_id, seen.kind) for seen in looks] == [
        ("reviewer", "zhou-lan", "other"), ("lead", "tang-wei", "other"),
    ]  # fmt: skip
    with pytest.raises(NotAllowed):
        keeping.who_looked(shop.app, MEI, case_no)
    with pytest.raises(DBAPIError), shop.app.begin() as conn:  # and nobody takes it back
        conn.execute(delete(evidence_views))
    shop.app.store.delete(picture.id)
    with pytest.raises(NotFound):
        evidence.read(shop.app, SUPPORT, picture.id)
    assert keeping.who_looked(shop.app, LEAD, case_no)[-1].person_id == SUPPORT.id


def test_a_link_is_for_one_viewer_one_picture_and_some_minutes(sqlite_shop: Shop) -> None:
    """Invariant 12: a link alone opens nothing."""
    app, clock = sqlite_shop.app, sqlite_shop.clock
    link = links.made(app, MEI, "picture")
    assert links.opened(app, MEI, link) == "picture" and links.made(app, MEI, "picture") == link
    for stranger in (WEI, REVIEWER, Actor("customer", "mei2"), Actor("guest", "", "OD1")):
        with pytest.raises(NotFound):
            links.opened(app, stranger, link)
    name, until, signature = link.split(".")
    later = f"{int(until, 16) + 3600:x}"
    for forged in (
        "", "picture", f"other.{until}.{signature}", f"{name}.{later}.{signature}", f"{name}.{until}.",
        f"{name}.{until}.{'A' * 24}", f"{name}.zz.{signature}", f"{name}.{until}.{signature}x",
        f"{name}.{'f' * 40}.x",
        "\u4e2d.1.\u4e2d",
    ):  # fmt: skip
        with pytest.raises(NotFound):
            links.opened(app, MEI, forged)
    clock.advance(timedelta(minutes=links.MINUTES))
    assert links.opened(app, MEI, link) == "picture"
    clock.advance(timedelta(minutes=links.MINUTES))
    with pytest.raises(NotFound):
        links.opened(app, MEI, link)
    fresh = links.made(app, MEI, "picture")
    other = replace(app, link_key=None)  # another process of the same shop
    assert links.opened(other, MEI, fresh) == "picture"
    links.renew_key(app)
    with pytest.raises(NotFound):
        links.opened(app, MEI, fresh)


def test_its_time_is_over_some_days_after_the_end(shop: Shop) -> None:
    """R2.6: the bytes and what could recognise them go, the line stays; open cases keep theirs."""
    ended, still_open = sent(shop), sent(shop, "red", WEI)
    shop.act(ended, "withdraw", MEI)
    shop.work(days=179)
    assert shop.view(ended).evidence[0].expired_at is None
    shop.act(still_open, "dispute", WEI, note="…")
    shop.work(days=2)
    (gone,), (kept,) = shop.view(ended).evidence, shop.view(still_open).evidence
    assert gone.expired_at is not None and kept.expired_at is None
    assert not shop.app.store.has(gone.id) and shop.app.store.has(kept.id)
    for who in (MEI, LEAD):
        with pytest.raises(NotFound):
            evidence.read(shop.app, who, gone.id)
    with shop.app.read() as conn:
        row = conn.execute(select(table).where(table.c.id == gone.id)).one()
    assert (row.size, row.sha256, row.dhash, row.pixels_sha256, row.looks) == (0, "", "", "", "{}")
    assert shop.audit() == [] and keeping.expire(shop.app, 10) == 0


def test_a_crash_between_the_row_and_the_bytes_leaves_nothing_for_good(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = sent(shop)
    shop.act(case_no, "withdraw", MEI)
    shop.clock.advance(timedelta(days=181))
    with monkeypatch.context() as broken:
        broken.setattr(shop.app.store, "delete", lambda name: (_ for _ in ()).throw(OSError("gone")))
        with pytest.raises(OSError, match="gone"):
            keeping.expire(shop.app, 10)
    (picture,) = shop.view(case_no).evidence
    assert picture.expired_at is not None and shop.app.store.has(picture.id)
    with pytest.raises(NotFound):  # nobody can reach them meanwhile
        evidence.read(shop.app, MEI, picture.id)
    assert shop.audit() == []
    assert keeping.expire(shop.app, 10) == 1 and not shop.app.store.has(picture.id)


def test_the_same_picture_in_another_case_is_a_hint_for_staff(shop: Shop) -> None:
    """R2.4: by anybody, in any file; another slot of the same case is none."""
    first = sent(shop, "red")
    own, foreign, other = sent(shop, "red"), sent(shop, "red", WEI), sent(shop, "blue", WEI)
    hints = alike.sent_before(shop.app, REVIEWER, foreign)
    assert {(hint.case_no, hint.is_same_customer) for hint in hints} == {(first, False), (own, False)}
    hints = alike.sent_before(shop.app, REVIEWER, own)
    assert {(hint.case_no, hint.is_same_customer) for hint in hints} == {(first, True), (foreign, False)}
    assert alike.sent_before(shop.app, REVIEWER, other) == []
    with pytest.raises(NotAllowed):
        alike.sent_before(shop.app, MEI, own)
