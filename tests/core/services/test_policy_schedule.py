"""R6.3: what is to begin later can be called off, and then nothing of it is left in force or in a draft."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import select

from core.adapters.tables import policies as rows
from core.domain.actors import Actor
from core.domain.errors import (
    MeaningRequired,
    NoSuchVersion,
    NotAllowed,
    PolicyBegun,
    PolicyCalledOff,
    PolicyFollowed,
    PolicyMovedOn,
    Refusal,
    TextTooLong,
)
from core.services import policies, policy_drafts, policy_publishing, policy_schedule, policy_trials
from core.services.audit import audit
from tests import pinned
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop

AUTHOR = Actor("policy", "lu-jing")
LONGER = pinned.TEXT.replace("\nmembership = 15", "\nmembership = 20")
LONGEST = LONGER.replace("\ngame_card = 7", "\ngame_card = 9")
DAY = timedelta(days=1)


def scheduled(shop: Shop, start: datetime, document: str = LONGER) -> int:
    draft_id = policy_drafts.ask(shop.app, AUTHOR, document, "会员多给几天", f"ask {start}")
    return policy_drafts.approve(shop.app, LEAD, draft_id, f"yes {start}", start)


def call_off(shop: Shop, version: int, who: Actor = LEAD, name: str = "off") -> int:
    return policy_schedule.call_off(shop.app, who, version, "算错了", name).version


def membership(shop: Shop) -> int:
    return policies.current(shop.app)[1].window_days["membership"]


def test_it_never_begins_and_what_held_holds_on(shop: Shop) -> None:
    tomorrow = shop.clock.at + DAY
    version = scheduled(shop, tomorrow)
    (coming,) = policy_schedule.coming(shop.app, AUTHOR)
    assert (coming.version, coming.begins_at, coming.author, coming.approved_by, coming.meant) == (
        version,
        tomorrow,
        AUTHOR.id,
        LEAD.id,
        "会员多给几天",
    )
    called_at = shop.clock.at
    assert call_off(shop, version) == 1
    assert policy_schedule.coming(shop.app, AUTHOR) == ()
    shop.clock.advance(2 * DAY)
    assert membership(shop) == 15 and policies.last_document(shop.app)[0] == 1
    (gone,) = policy_schedule.called_off(shop.app, AUTHOR)
    assert (gone.version, gone.would_begin, gone.at, gone.by, gone.because, gone.draft_id) == (
        version,
        tomorrow,
        called_at,
        LEAD.id,
        "算错了",
        coming.draft_id,
    )
    draft = policy_drafts.get(shop.app, AUTHOR, gone.draft_id or 0)
    assert draft.is_called_off and draft.begins_at is None and draft.document == LONGER
    assert policies.earlier(shop.app, 5) == (), "nobody goes back to what never was"


def test_its_number_is_never_given_again(shop: Shop) -> None:
    """Cases and drafts name versions by their number."""
    version = scheduled(shop, shop.clock.at + DAY)
    call_off(shop, version)
    assert scheduled(shop, shop.clock.at + 2 * DAY, LONGEST) == version + 1
    assert policies.document(shop.app, version) == LONGER


def test_the_same_text_may_be_scheduled_again(shop: Shop) -> None:
    call_off(shop, scheduled(shop, shop.clock.at + DAY))
    scheduled(shop, shop.clock.at + 2 * DAY)
    shop.clock.advance(3 * DAY)
    assert membership(shop) == 20


def test_what_begins_within_a_minute_stays(shop: Shop) -> None:
    """A request may have read the time already by which it holds."""
    tomorrow = shop.clock.at + DAY
    version = scheduled(shop, tomorrow)
    for early in (timedelta(minutes=1), timedelta(0), -DAY):
        shop.clock.at = tomorrow - early
        with pytest.raises(PolicyBegun) as refused:
            call_off(shop, version, name=f"off {early}")
        assert refused.value.params == {"version": version}
    assert membership(shop) == 20
    with pytest.raises(PolicyBegun):
        call_off(shop, 1, name="the first")
    shop.clock.at = tomorrow - timedelta(minutes=1, microseconds=1)
    assert call_off(shop, version) == 1


def test_the_last_one_goes_first(shop: Shop) -> None:
    """The later one was written on top of the other: it would bring its changes all the same."""
    second = scheduled(shop, shop.clock.at + DAY)
    third = scheduled(shop, shop.clock.at + 2 * DAY, LONGEST)
    assert [each.version for each in policy_schedule.coming(shop.app, LEAD)] == [second, third]
    with pytest.raises(PolicyFollowed) as refused:
        call_off(shop, second)
    assert refused.value.params == {"version": third, "called": second}
    assert [each.followed_by for each in policy_schedule.coming(shop.app, LEAD)] == [third, None]
    begins = shop.clock.at + DAY
    left = policy_schedule.call_off(shop.app, LEAD, third, "算错了", "first")
    assert (left.version, left.coming) == (1, ((second, begins),)), "what is in force, and what still begins"
    left = policy_schedule.call_off(shop.app, LEAD, second, "算错了", "then")
    assert (left.version, left.coming) == (1, ())


def test_one_that_was_put_before_another_goes_alone(shop: Shop) -> None:
    """The command line publishes whole documents: what begins later was there before, and rests on nothing of
    it.
    """
    later = scheduled(shop, shop.clock.at + 3 * DAY)
    with shop.app.begin() as conn:
        between = policy_publishing.publish(
            shop.app, conn, LONGEST, author="mei", approved_by="tao", in_force_from=shop.clock.at + DAY
        )
    assert {each.version: each.followed_by for each in policy_schedule.coming(shop.app, LEAD)} == {
        between: None, later: None,
    }  # fmt: skip
    left = policy_schedule.call_off(shop.app, LEAD, between, "放错了地方", "off")
    assert [version for version, _ in left.coming] == [later]
    shop.clock.advance(4 * DAY)
    assert policies.current(shop.app)[0] == later


def test_every_version_and_what_became_of_it(shop: Shop) -> None:
    past = scheduled(shop, shop.clock.at + DAY)
    shop.clock.advance(2 * DAY)
    gone = scheduled(shop, shop.clock.at + DAY, LONGEST)
    call_off(shop, gone)
    coming = scheduled(shop, shop.clock.at + 2 * DAY, pinned.TEXT)
    found = {each.version: each for each in policy_schedule.versions(shop.app)}
    assert {version: each.state for version, each in found.items()} == {
        1: "past", past: "in_force", gone: "called_off", coming: "coming",
    }  # fmt: skip
    assert (found[gone].called_off_by, found[gone].because) == (LEAD.id, "算错了")
    assert found[gone].begins_at == shop.clock.at + DAY and found[past].called_off_by is None


def test_once_is_enough(shop: Shop) -> None:
    """Invariant 17; and a second person hears that it is done."""
    version = scheduled(shop, shop.clock.at + DAY)
    assert call_off(shop, version) == call_off(shop, version) == 1
    with pytest.raises(PolicyCalledOff):
        call_off(shop, version, AUTHOR, "me too")
    assert len(policy_schedule.called_off(shop.app, LEAD)) == 1


def test_what_is_no_version_is_not_called_off(shop: Shop) -> None:
    draft_id = policy_drafts.ask(shop.app, AUTHOR, LONGER, "share", "ask")
    trial_id = policy_trials.ask_share(shop.app, AUTHOR, draft_id, 50, "share")
    of_trial = policy_trials.agree(shop.app, LEAD, trial_id, "agree")
    for version in (99, of_trial):
        with pytest.raises(NoSuchVersion):
            call_off(shop, version, name=f"off {version}")


def test_never_without_a_reason(shop: Shop) -> None:
    version = scheduled(shop, shop.clock.at + DAY)
    for because, refusal in ((" \n ", MeaningRequired), ("字" * 501, TextTooLong)):
        with pytest.raises(refusal):
            policy_schedule.call_off(shop.app, LEAD, version, because, "off")
    assert len(policy_schedule.coming(shop.app, LEAD)) == 1


@pytest.mark.parametrize("actor", [MEI, REVIEWER, SUPPORT, FINANCE], ids=str)
def test_others_have_no_part_in_it(shop: Shop, actor: Actor) -> None:
    version = scheduled(shop, shop.clock.at + DAY)
    for tried in (
        lambda: call_off(shop, version, actor),
        lambda: policy_schedule.coming(shop.app, actor),
        lambda: policy_schedule.called_off(shop.app, actor),
    ):
        with pytest.raises(NotAllowed):
            tried()
    assert len(policy_schedule.coming(shop.app, LEAD)) == 1


def test_a_draft_that_was_written_on_it_is_not_approved(shop: Shop) -> None:
    """It would bring back what was called off."""
    version = scheduled(shop, shop.clock.at + DAY)
    on_top = policy_drafts.ask(shop.app, AUTHOR, LONGEST, "more", "more", based_on=version)
    call_off(shop, version)
    with pytest.raises(PolicyMovedOn) as refused:
        policy_drafts.approve(shop.app, LEAD, on_top, "yes", shop.clock.at + 2 * DAY)
    assert refused.value.params == {"version": 1}
    with pytest.raises(PolicyMovedOn):
        policy_trials.ask_share(shop.app, AUTHOR, on_top, 10, "share")
    assert membership(shop) == 15


def test_a_case_sent_meanwhile_and_the_books_are_in_order(shop: Shop) -> None:
    version = scheduled(shop, shop.clock.at + DAY)
    before = shop.apply(shop.order()).case_no
    call_off(shop, version)
    shop.clock.advance(2 * DAY)
    after = shop.apply(shop.order()).case_no
    assert [shop.view(each).policy_version for each in (before, after)] == [1, 1]
    assert audit(shop.app) == []


def at_once(*works: Callable[[], object]) -> list[str]:
    """What each answered, begun together."""
    gate, answers = Barrier(len(works)), [""] * len(works)

    def run(place: int) -> None:
        gate.wait()
        try:
            answers[place] = str(works[place]())
        except Refusal as refused:
            answers[place] = refused.code

    threads = [Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_called_off_and_built_upon_at_once(shop: Shop) -> None:
    """Either the other one follows it and it stays, or both are gone: never a version
    in force that brings what was called off.
    """
    for turn in range(1, 9):
        start = shop.clock.at + turn * 10 * DAY
        version = scheduled(shop, start, LONGER.replace("= 20", f"= {20 + turn}", 1))
        text = policies.document(shop.app, version).replace("\ngame_card = 7", "\ngame_card = 9")
        on_top = policy_drafts.ask(shop.app, AUTHOR, text, "more", f"more {turn}")
        off, approved = at_once(
            lambda version=version, turn=turn: call_off(shop, version, name=f"off {turn}"),  # type: ignore[misc]
            lambda on_top=on_top, start=start, turn=turn: policy_drafts.approve(  # type: ignore[misc]
                shop.app, LEAD, on_top, f"yes {turn}", start + DAY
            ),
        )
        last = policies.last_document(shop.app)
        if off == "policy_followed":
            assert last[:2] == (int(approved), text)
            call_off(shop, int(approved), name=f"clean {turn}")
            call_off(shop, version, name=f"clean too {turn}")
        else:
            assert (off, approved, last[0]) == ("1", "policy_moved_on", 1)


def test_who_waited_until_it_began_is_too_late(shop: Shop) -> None:
    """The time counts at which it could be done, not the one at which it was asked for."""
    tomorrow = shop.clock.at + DAY
    version = scheduled(shop, tomorrow)
    answers: list[str] = []
    held, begun = Event(), Event()

    def late() -> None:
        begun.set()
        answers.extend(at_once(lambda: call_off(shop, version)))

    def in_front() -> None:
        with shop.app.begin() as conn:
            policy_publishing.in_line(conn)
            held.set()
            assert begun.wait(30)
            shop.clock.at = tomorrow

    threads = [Thread(target=in_front)]
    threads[0].start()
    assert held.wait(30)
    threads.append(Thread(target=late))
    threads[1].start()
    for thread in threads:
        thread.join()
    assert answers == ["policy_begun"]
    with shop.app.read() as conn:
        assert (
            conn.execute(select(rows.c.in_force_from).where(rows.c.version == version)).scalar() == tomorrow
        )
