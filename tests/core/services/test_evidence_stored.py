"""Evidence over both kinds of store, end to end; and what a customer is told when the far end does not do its
part: nothing half-done, no row without bytes.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette

from core import texts, worker
from core.adapters import evidence_store
from core.adapters.evidence_store import EvidenceStore
from core.adapters.tables import evidence as table
from core.domain.errors import NotFound, StoreUnavailable
from core.services import cases, evidence, identity, keeping, links, reading
from core.services.audit import audit
from portal import session, web
from tests.buckets import Bucket
from tests.core.adapters.odd_pictures import LINES, pdf
from tests.core.services.test_evidence import screenshot
from tests.core.services.test_reading import FakeReader
from tests.portal.visitor import Visitor
from tests.shop import MEI, REVIEWER, Shop, open_shop


@pytest.fixture(params=["folder", "s3"])
def shop(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> Shop:
    opened = open_shop(sqlite_url, tmp_path / "evidence")
    if request.param == "s3":
        opened.app.store = EvidenceStore(request.getfixturevalue("bucket").url)
    return opened


@pytest.fixture
def remote(sqlite_url: str, tmp_path: Path, bucket: Bucket) -> Shop:
    opened = open_shop(sqlite_url, tmp_path / "evidence")
    opened.app.store = EvidenceStore(bucket.url)
    return opened


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_store, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(evidence_store, "TRIES_SECONDS", 0.5)


def draft(shop: Shop) -> str:
    return cases.open_draft(shop.app, MEI, shop.order()).case_no


def count(shop: Shop) -> int:
    with shop.app.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def stored(shop: Shop) -> set[str]:
    return {each.name for each in shop.app.store.page("").lying}


def visitor(shop: Shop, language: str = "zh_CN") -> Visitor:
    session.use(shop.app)
    token = identity.open_session(shop.app, MEI.role, MEI.id)
    app = Starlette(routes=web.routes())
    return Visitor(app, {session.TOKEN_COOKIE: token, session.LANG_COOKIE: language})


def test_from_the_upload_to_its_end(shop: Shop) -> None:
    """Kept, shown by the route, taken back, deleted when its time is over."""
    app, case_no = shop.app, draft(shop)
    first, second = (evidence.add(app, MEI, case_no, "other", screenshot(c)) for c in ("red", "blue"))
    pages = evidence.add_file(app, MEI, case_no, "other", pdf(LINES, LINES + b" 0 0 9 9 re f")).pictures
    assert stored(shop) == {first.id, second.id, *(page.id for page in pages)}
    shown = visitor(shop).get(f"/files/evidence/{links.made(app, MEI, first.id)}")
    assert shown.status_code == 200 and shown.content == app.store.get(first.id)
    evidence.remove(app, MEI, first.id)
    assert not app.store.has(first.id)
    with pytest.raises(NotFound):
        evidence.read(app, MEI, first.id)
    assert evidence.read(app, REVIEWER, second.id)[1] == "image/png"
    cases.save_draft(app, MEI, case_no, reason="other", requested_minor=10_000)
    cases.submit(app, MEI, case_no, "sent")
    shop.act(case_no, "withdraw", MEI)
    shop.work(days=181)
    assert stored(shop) == {"owner"} and audit(app) == []


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("fault", ["500", "hang", "hang_up", "403"])
def test_an_upload_that_cannot_be_kept_is_refused_as_a_whole(
    remote: Shop, bucket: Bucket, fault: str
) -> None:
    case_no = draft(remote)
    bucket.fault = fault
    with pytest.raises(StoreUnavailable) as refused:
        evidence.add(remote.app, MEI, case_no, "other", screenshot())
    for language, word in (("zh_CN", "过几分钟再试"), ("en", "try again in a few minutes")):
        assert word in texts.of(language).refusal(refused.value)
    assert count(remote) == 0 and bucket.names() == []
    bucket.fault = ""
    assert evidence.add(remote.app, MEI, case_no, "other", screenshot())
    assert count(remote) == 1 and audit(remote.app) == []


@pytest.mark.usefixtures("hurried")
def test_the_second_page_cannot_be_kept(remote: Shop, bucket: Bucket) -> None:
    """… so the first is not kept either."""
    case_no = draft(remote)
    real = remote.app.store.put

    def second_fails(name: str, data: bytes) -> None:
        if bucket.names():
            bucket.faults.extend(["500"] * 3)
        real(name, data)

    remote.app.store.put = second_fails  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        evidence.add_file(remote.app, MEI, case_no, "other", pdf(LINES, LINES + b" 0 0 9 9 re f"))
    assert count(remote) == 0 and bucket.names() == []


@pytest.mark.usefixtures("hurried")
def test_taken_back_while_the_store_is_away(remote: Shop, bucket: Bucket) -> None:
    """It is taken back for its sender; the bytes are the sweep's."""
    case_no = draft(remote)
    kept = evidence.add(remote.app, MEI, case_no, "other", screenshot())
    bucket.fault = "500"
    evidence.remove(remote.app, MEI, kept.id)
    with pytest.raises(NotFound):
        evidence.read(remote.app, MEI, kept.id)
    bucket.fault = ""
    assert bucket.names() == [kept.id] and audit(remote.app) == []


@pytest.mark.usefixtures("hurried")
def test_a_picture_that_cannot_be_fetched_is_said_so(remote: Shop, bucket: Bucket) -> None:
    """Not 'not found': it is there, and comes again."""
    case_no = draft(remote)
    kept = evidence.add(remote.app, MEI, case_no, "other", screenshot())
    link = links.made(remote.app, MEI, kept.id)
    bucket.fault = "500"
    for language, word in (("zh_CN", "过几分钟"), ("en", "in a few minutes")):
        answer = visitor(remote, language).get(f"/files/evidence/{link}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60") and word in answer.text
    bucket.fault = ""
    assert visitor(remote).get(f"/files/evidence/{link}").status_code == 200


@pytest.mark.usefixtures("hurried")
def test_money_does_not_wait_for_pictures(
    remote: Shop, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away: the worker pays, and comes back to what is to be deleted and read."""
    app = remote.app
    reader = app.reader = FakeReader()  # type: ignore[assignment]
    case_no = draft(remote)
    evidence.add(app, MEI, case_no, "other", screenshot())
    cases.save_draft(app, MEI, case_no, reason="other", requested_minor=10_000)
    cases.submit(app, MEI, case_no, "sent")
    to_read = draft(remote)
    unread = evidence.add(app, MEI, to_read, "other", screenshot("red"))
    with app.begin() as conn:
        conn.execute(table.update().where(table.c.case_no == case_no).values(read_due_at=None))
    shop_now = remote.clock.at
    remote.act(case_no, "withdraw", MEI)
    remote.clock.advance(timedelta(days=181))
    paid = remote.apply(remote.order(("wechat", 10_000))).case_no
    bucket.fault = "500"
    for _ in range(3):
        worker.run_once(app)
    assert remote.view(paid).state == "paying" and remote.wechat.sent
    assert reader.count == 0 and shop_now < remote.clock.at
    asked = len(bucket.asked)
    worker.run_once(app)
    assert len(bucket.asked) == asked  # it rests a while
    bucket.fault = ""
    monkeypatch.setattr(evidence_store, "REST_SECONDS", 0.0)
    remote.work(hours=1)
    assert bucket.names() == sorted(["owner", unread.id]) and reader.count == 1
    assert keeping.expire(app, 10) == 0 and audit(app) == []


@pytest.mark.usefixtures("hurried")
def test_a_try_that_never_saw_the_picture_does_not_count(
    remote: Shop, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_store, "REST_SECONDS", 0.0)
    reader = remote.app.reader = FakeReader()  # type: ignore[assignment]
    kept = evidence.add(remote.app, MEI, draft(remote), "other", screenshot())
    bucket.fault = "500"
    for _ in range(reading.TRIES + 2):
        assert not reading.attend(remote.app, kept.id)
        remote.clock.advance(reading.AGAIN + timedelta(seconds=1))
    assert reader.count == 0
    bucket.fault = ""
    assert reading.attend(remote.app, kept.id) and reader.count == 1


@pytest.mark.usefixtures("hurried")
def test_the_audit_says_that_it_could_not_look(remote: Shop, bucket: Bucket) -> None:
    evidence.add(remote.app, MEI, draft(remote), "other", screenshot())
    bucket.fault = "500"
    (finding,) = audit(remote.app)
    assert (finding.invariant, finding.code) == (18, "store_unavailable")


def test_the_audit_looks_for_every_picture_and_reads_some(shop: Shop) -> None:
    """By the store's list, a request for many; each is read within so many days, or all at once."""
    app, case_no = shop.app, draft(shop)
    kept = [
        evidence.add(app, MEI, case_no, "other", screenshot(c)).id for c in ("red", "blue", "green", "tan")
    ]
    assert audit(app, 2) == audit(app, None) == []
    app.store.delete(kept[0])
    app.store.put(kept[1], app.store.get(kept[1]) + b"tail")
    data = bytearray(app.store.get(kept[2]))
    data[60] ^= 1  # the size stays
    app.store.put(kept[2], bytes(data))
    (gone, longer) = ((18, "evidence_missing", kept[0]), (18, "evidence_altered", kept[1]))
    same_size = (18, "evidence_altered", kept[2])

    def found(most: int | None) -> set[tuple[int, str, str]]:
        return {(finding.invariant, finding.code, finding.subject) for finding in audit(app, most)}

    assert found(None) == {gone, longer, same_size}
    days = []
    for _ in range(2):
        days.append(found(2))
        shop.clock.advance(timedelta(days=1))
    assert all({gone, longer} <= day for day in days)
    assert sum(same_size in day for day in days) == 1
