"""R6.3, invariant 13: a policy is written by one and put in force by another, once."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from core.adapters.tables import policy_drafts as rows
from core.domain.actors import Actor
from core.domain.errors import (
    DraftDecided,
    MeaningRequired,
    NotAllowed,
    NotFound,
    PolicyFromThePast,
    PolicyInvalid,
    PolicyMovedOn,
    PolicySaysTheSame,
    PolicyUnsound,
    Refusal,
    SamePerson,
    TextTooLong,
)
from core.services import policies, policy_drafts, policy_publishing
from tests import pinned
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop

AUTHOR = Actor("policy", "lu-jing")
LONGER = pinned.TEXT.replace("\nmembership = 15", "\nmembership = 20")


def asked(shop: Shop, document: str = LONGER, name: str = "ask") -> int:
    return policy_drafts.ask(shop.app, AUTHOR, document, "会员多给几天", name)


def test_it_is_in_force_once_another_person_approved(shop: Shop) -> None:
    draft_id = asked(shop)
    before, policy = policies.current(shop.app)
    assert policy.window_days["membership"] == 15, "asking changes nothing"
    version = policy_drafts.approve(shop.app, LEAD, draft_id, "yes")
    now, changed = policies.current(shop.app)
    assert (now, changed.window_days["membership"]) == (version, 20)
    draft = policy_drafts.get(shop.app, AUTHOR, draft_id)
    assert (draft.state, draft.version, draft.decided_by, draft.based_on) == (
        "approved",
        version,
        LEAD.id,
        before,
    )


def test_it_may_begin_later_and_never_earlier(shop: Shop) -> None:
    draft_id, tomorrow = asked(shop), shop.clock.at + timedelta(days=1)
    with pytest.raises(PolicyFromThePast):
        policy_drafts.approve(shop.app, LEAD, draft_id, "past", shop.clock.at - timedelta(minutes=1))
    policy_drafts.approve(shop.app, LEAD, draft_id, "yes", tomorrow)
    case_no = shop.apply(shop.order()).case_no
    assert policies.current(shop.app)[1].window_days["membership"] == 15
    shop.clock.advance(timedelta(days=1))
    assert policies.current(shop.app)[1].window_days["membership"] == 20
    assert policy_drafts.get(shop.app, LEAD, draft_id).begins_at == tomorrow
    assert policy_drafts.drafts(shop.app, LEAD)[0].begins_at == tomorrow
    assert shop.view(case_no).policy_version == 1, "a case keeps the version it was made under"


def test_no_version_is_taken_back_by_an_edit_of_an_older_one(shop: Shop) -> None:
    """Two write at once, or one begins tomorrow: the second is told, and nothing is lost silently."""
    first, second = asked(shop), asked(shop, LONGER.replace("\ngame_card = 7", "\ngame_card = 9"), "other")
    tomorrow = shop.clock.at + timedelta(days=1)
    version = policy_drafts.approve(shop.app, LEAD, first, "yes", tomorrow)
    for start in (None, tomorrow, tomorrow + timedelta(days=1)):
        with pytest.raises(PolicyMovedOn) as refused:
            policy_drafts.approve(shop.app, LEAD, second, "yes too", start)
        assert refused.value.params["version"] == version
    with pytest.raises(PolicyMovedOn):
        policy_drafts.ask(shop.app, AUTHOR, LONGER, "…", "old", based_on=1)
    third = policy_drafts.ask(shop.app, AUTHOR, pinned.TEXT, "…", "new", based_on=version)
    with pytest.raises(PolicyMovedOn):
        policy_drafts.approve(shop.app, LEAD, third, "before it begins")
    assert policy_drafts.approve(shop.app, LEAD, third, "after", tomorrow + timedelta(days=1)) == version + 1


def test_what_was_published_before_can_be_gone_back_to(shop: Shop) -> None:
    """Every version but the one that holds last, the newest first; also while that one is still to begin."""
    first = policies.last_document(shop.app)[:2]
    assert policies.earlier(shop.app, 5) == ()
    tomorrow = shop.clock.at + timedelta(days=1)
    second = policy_drafts.approve(shop.app, LEAD, asked(shop), "yes", tomorrow)
    assert policies.earlier(shop.app, 5) == (first[0],)
    assert policies.document(shop.app, first[0]) == first[1] and policies.document(shop.app, second) == LONGER
    shop.clock.at += timedelta(days=2)
    policy_drafts.approve(shop.app, LEAD, asked(shop, pinned.TEXT, "back"), "yes again")
    assert policies.earlier(shop.app, 5) == (second, first[0]) and policies.earlier(shop.app, 1) == (second,)
    with pytest.raises(NotFound):
        policies.document(shop.app, 99)


@pytest.mark.parametrize("who", [AUTHOR, Actor("lead", "lu-jing"), Actor("policy", " LU-JING ")], ids=str)
def test_its_author_does_not_approve_it(shop: Shop, who: Actor) -> None:
    """Invariant 13: in no role and in no spelling; nor may they send it back to themselves."""
    draft_id = asked(shop)
    for decide in (policy_drafts.approve, lambda *a: policy_drafts.send_back(*a[:3], "不", a[3])):
        with pytest.raises(SamePerson):
            decide(shop.app, who, draft_id, "own")
    assert policies.current(shop.app)[0] == 1 and policy_drafts.get(shop.app, who, draft_id).state == "open"


def test_the_database_wants_two_people_as_well(shop: Shop) -> None:
    draft_id = asked(shop)
    alone = {"state": "approved", "decided_by": AUTHOR.id, "decided_at": shop.clock.at, "version": 1}
    with pytest.raises(IntegrityError), shop.app.begin() as conn:
        conn.execute(update(rows).where(rows.c.id == draft_id).values(alone))


def test_what_is_decided_is_decided(shop: Shop) -> None:
    draft_id = asked(shop)
    policy_drafts.send_back(shop.app, LEAD, draft_id, "  太长了 ", "no")
    assert policy_drafts.get(shop.app, AUTHOR, draft_id).says == "太长了"
    with pytest.raises(DraftDecided):
        policy_drafts.approve(shop.app, LEAD, draft_id, "yes")
    with pytest.raises(DraftDecided):
        policy_drafts.withdraw(shop.app, AUTHOR, draft_id, "mine")
    other = asked(shop, name="again")
    with pytest.raises(NotAllowed):
        policy_drafts.withdraw(shop.app, LEAD, other, "not mine")
    policy_drafts.withdraw(shop.app, AUTHOR, other, "mine")
    assert [draft.state for draft in policy_drafts.drafts(shop.app, LEAD)] == ["withdrawn", "sent_back"]


def test_the_same_click_is_one_version(shop: Shop) -> None:
    """Invariant 17."""
    assert asked(shop) == asked(shop)
    draft_id = asked(shop)
    assert {policy_drafts.approve(shop.app, LEAD, draft_id, "yes") for _ in range(3)} == {2}
    assert policies.newest(shop.app) == 2


def test_two_who_approve_at_once_make_one_version(shop: Shop) -> None:
    draft_id, gate, answers = asked(shop), Barrier(2), []

    def decide(who: Actor) -> None:
        gate.wait()
        try:
            answers.append(str(policy_drafts.approve(shop.app, who, draft_id, f"yes-{who.id}")))
        except Refusal as refused:
            answers.append(refused.code)

    threads = [Thread(target=decide, args=(Actor("lead", name),)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["2", "draft_decided"] and policies.newest(shop.app) == 2


def test_what_cannot_be_published_is_not_asked_for(shop: Shop) -> None:
    with pytest.raises(PolicyInvalid):
        asked(shop, "name = 1")
    with pytest.raises(MeaningRequired):
        policy_drafts.ask(shop.app, AUTHOR, LONGER, "  ", "a")
    with pytest.raises(TextTooLong):
        policy_drafts.ask(shop.app, AUTHOR, LONGER, "字" * 501, "b")
    _, document = policies.last_document(shop.app)[:2]
    for same in (document, f"# only a comment\n{document}", document.replace(" = ", "  =  ", 1)):
        with pytest.raises(PolicySaysTheSame) as refused:
            asked(shop, same, f"same {len(same)}")
        assert refused.value.params == {"version": 1}
    assert policy_drafts.drafts(shop.app, LEAD) == ()
    words = (
        document.replace("人工审核", "专人审核", 1)
        if "人工审核" in document
        else document.replace("。", "！", 1)
    )
    assert policy_drafts.get(shop.app, LEAD, asked(shop, words, "words")).state == "open", (
        "words are no comment"
    )


REFUSES = """[[rules]]
id = "nobody"
when = {}
verdict = "reject"
zh = "不退。"
en = "No."

"""
UNSOUND = pinned.TEXT.replace("[[rules]]", f"{REFUSES}[[rules]]", 1)


def test_what_is_unsound_is_asked_for_and_approved_by_who_says_so(shop: Shop) -> None:
    """A rule at the top refuses everybody, so no other one decides: each of both people says how many."""
    faults = policy_publishing.faults(UNSOUND)
    assert faults > 5 and policy_publishing.faults(LONGER) == 0
    for despite in (None, 0, 1, faults + 1):
        with pytest.raises(PolicyUnsound) as refused:
            policy_drafts.ask(shop.app, AUTHOR, UNSOUND, "nobody", f"ask {despite}", despite=despite)
        assert refused.value.params == {"faults": faults}
    assert policy_drafts.drafts(shop.app, LEAD) == ()
    draft_id = policy_drafts.ask(shop.app, AUTHOR, UNSOUND, "nobody", "ask", despite=faults)
    for despite in (None, 1):
        with pytest.raises(PolicyUnsound):
            policy_drafts.approve(shop.app, LEAD, draft_id, f"yes {despite}", despite=despite)
    assert policies.current(shop.app)[0] == 1
    policy_drafts.approve(shop.app, LEAD, draft_id, "yes", despite=faults)
    draft = policy_drafts.get(shop.app, LEAD, draft_id)
    assert (draft.state, draft.despite, draft.accepted) == ("approved", faults, faults), "on record"
    sound = policy_drafts.get(shop.app, LEAD, asked(shop, name="sound"))
    assert (sound.despite, sound.accepted) == (None, None)


def test_going_back_to_what_is_unsound_is_no_other_thing(shop: Shop) -> None:
    faults = policy_publishing.faults(UNSOUND)
    draft_id = policy_drafts.ask(shop.app, AUTHOR, UNSOUND, "nobody", "ask", despite=faults)
    version = policy_drafts.approve(shop.app, LEAD, draft_id, "yes", despite=faults)
    policy_drafts.approve(shop.app, LEAD, asked(shop, pinned.TEXT, "back"), "mended")
    earlier = policies.document(shop.app, version)
    with pytest.raises(PolicyUnsound):
        policy_drafts.ask(shop.app, AUTHOR, earlier, "again", "again")
    with pytest.raises(PolicyUnsound), shop.app.begin() as conn:
        policy_publishing.publish(shop.app, conn, earlier, author="one", approved_by="two")


@pytest.mark.parametrize("actor", [MEI, REVIEWER, SUPPORT, FINANCE], ids=str)
def test_others_have_no_part_in_it(shop: Shop, actor: Actor) -> None:
    draft_id = asked(shop)
    for tried in (
        lambda: policy_drafts.drafts(shop.app, actor),
        lambda: policy_drafts.get(shop.app, actor, draft_id),
        lambda: policy_drafts.ask(shop.app, actor, LONGER, "…", "x"),
        lambda: policy_drafts.approve(shop.app, actor, draft_id, "x"),
        lambda: policy_drafts.send_back(shop.app, actor, draft_id, "…", "x"),
        lambda: policy_drafts.withdraw(shop.app, actor, draft_id, "x"),
    ):
        with pytest.raises(NotAllowed):
            tried()
    with pytest.raises(NotFound):
        policy_drafts.get(shop.app, LEAD, draft_id + 1)
