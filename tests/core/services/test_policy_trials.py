"""R6.3, invariant 13: a draft is tried beside what is in force, or on a share, and is stopped at once."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import select, update

from core.adapters.tables import policies as versions
from core.adapters.tables import policy_trials as rows
from core.adapters.tables import trial_answers
from core.domain.actors import Actor
from core.domain.errors import (
    DraftDecided,
    NotAllowed,
    PolicyMovedOn,
    PolicyUnsound,
    SamePerson,
    ShareOutOfRange,
    TrialEnded,
    TrialRunning,
    TrialsFull,
)
from core.domain.trials import in_share
from core.services import cases, policies, policy_drafts, policy_publishing, policy_trials, trials
from tests import pinned
from tests.shop import FINANCE, LEAD, MEI, Shop

AUTHOR = Actor("policy", "lu-jing")
THIRD = Actor("policy", "bai-ru")
# A mistaken purchase that is refused by the one in force after seven days, and not by this one.
LONG = pinned.TEXT.replace("\ngame_card = 7", "\ngame_card = 12")
COSTS = pinned.TEXT.replace("\nother = 500", "\nother = 1000")


REFUSES = """[[rules]]
id = "nobody"
when = {}
verdict = "reject"
zh = "不退。"
en = "No."

"""


def asked(shop: Shop, document: str = LONG, name: str = "ask") -> int:
    return policy_drafts.ask(shop.app, AUTHOR, document, "多给几天", name)


def late(shop: Shop) -> str:
    ago = shop.clock.at - timedelta(days=9)
    return shop.order(delivery="code_viewed", completed_at=ago, paid_at=ago)


def sent(shop: Shop, order_no: str) -> str:
    return shop.apply(order_no, reason="other").case_no


def share(shop: Shop, percent: int = 50, document: str = LONG) -> tuple[int, int, int]:
    """Draft, trial and version of a share that is running."""
    draft_id = asked(shop, document)
    trial_id = policy_trials.ask_share(shop.app, AUTHOR, draft_id, percent, "share")
    return draft_id, trial_id, policy_trials.agree(shop.app, LEAD, trial_id, "agree")


def by_arm(shop: Shop, trial_id: int, *, inside: bool) -> str:
    """An order that the share takes, or leaves."""
    with shop.app.read() as conn:
        row = conn.execute(select(rows).where(rows.c.id == trial_id)).one()
    while True:
        order_no = late(shop)
        if in_share(row.secret, order_no, row.percent) == inside:
            return order_no


def test_a_shadow_is_kept_and_touches_nothing(shop: Shop) -> None:
    draft_id = asked(shop)
    trial_id = policy_trials.start_shadow(shop.app, AUTHOR, draft_id, "shadow")
    late_one, early = sent(shop, late(shop)), sent(shop, shop.order())
    view = shop.view(late_one)
    assert (view.verdict, view.rule, view.policy_version) == ("reject", "too_late", 1)
    (trial,) = policy_trials.of_draft(shop.app, LEAD, draft_id)
    seen = policy_trials.seen(shop.app, LEAD, trial)
    assert (trial.id, trial.state, trial.version) == (trial_id, "running", None)
    assert (seen.answers, seen.same, seen.better, seen.worse) == (2, 1, 1, 0)
    ((real, rule, n),) = seen.pairs
    assert (real, n) == ("too_late", 1) and rule != real
    (example,) = seen.examples
    assert example.case_no == late_one and example.real == ("reject", "too_late", None)
    assert example.shadow[0] == "review" and early != late_one
    assert shop.audit() == []


def test_a_fault_of_a_shadow_refuses_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in Python nor in the database, whose transaction goes on."""
    policy_trials.start_shadow(shop.app, AUTHOR, asked(shop), "shadow")

    def broken(*args: object) -> dict[str, object]:
        raise RuntimeError("no such luck")

    with monkeypatch.context() as patch:
        patch.setattr(trials, "_row", broken)
        assert sent(shop, shop.order())
    with monkeypatch.context() as patch:
        patch.setattr(trials, "_row", lambda *args: {"trial_id": -1, "case_no": "nowhere", "seq": 1})
        assert sent(shop, late(shop))
    with shop.app.read() as conn:
        assert conn.execute(select(trial_answers)).all() == []
    assert shop.audit() == []


def test_shadows_are_few_and_one_for_a_draft(shop: Shop) -> None:
    for number in range(5):
        days = 20 + number
        document = pinned.TEXT.replace("\ngame_card = 7", f"\ngame_card = {days}")
        draft_id = asked(shop, document, f"ask {number}")
        policy_trials.start_shadow(shop.app, LEAD, draft_id, f"shadow {number}")
    with pytest.raises(TrialRunning):
        policy_trials.start_shadow(shop.app, LEAD, draft_id, "twice")
    with pytest.raises(TrialsFull):
        policy_trials.start_shadow(shop.app, LEAD, asked(shop), "sixth")


def test_a_share_of_what_is_unsound_is_agreed_to_by_who_says_so(shop: Shop) -> None:
    """Customers are answered by it, as by one in force."""
    unsound = pinned.TEXT.replace("[[rules]]", f"{REFUSES}[[rules]]", 1)
    faults = policy_publishing.faults(unsound)
    draft_id = policy_drafts.ask(shop.app, AUTHOR, unsound, "nobody", "ask", despite=faults)
    trial_id = policy_trials.ask_share(shop.app, AUTHOR, draft_id, 10, "share")
    for despite in (None, 0, faults + 1):
        with pytest.raises(PolicyUnsound) as refused:
            policy_trials.agree(shop.app, LEAD, trial_id, f"agree {despite}", despite=despite)
        assert refused.value.params == {"faults": faults}
    assert policy_trials.agree(shop.app, LEAD, trial_id, "agree", despite=faults) == 2
    with shop.app.read() as conn:
        kept = select(versions.c.despite).where(versions.c.version == 2)
        assert conn.execute(kept).scalar_one() == faults, "on record"


def test_a_share_needs_another_person(shop: Shop) -> None:
    """Neither who asked for it nor who wrote it; nobody but policy staff and leads."""
    draft_id = asked(shop)
    for percent in (0, 51, True):
        with pytest.raises(ShareOutOfRange):
            policy_trials.ask_share(shop.app, LEAD, draft_id, percent, f"share {percent}")
    trial_id = policy_trials.ask_share(shop.app, LEAD, draft_id, 10, "share")
    for actor in (LEAD, AUTHOR):
        with pytest.raises(SamePerson):
            policy_trials.agree(shop.app, actor, trial_id, f"agree {actor.id}")
    for actor in (FINANCE, MEI):
        with pytest.raises(NotAllowed):
            policy_trials.agree(shop.app, actor, trial_id, f"agree {actor.id}")
        with pytest.raises(NotAllowed):
            policy_trials.stop(shop.app, actor, trial_id, f"stop {actor.id}")
    with pytest.raises(TrialRunning):
        policy_trials.ask_share(shop.app, THIRD, asked(shop, COSTS, "two"), 10, "another")
    assert policy_trials.agree(shop.app, THIRD, trial_id, "agree") == 2
    with pytest.raises(TrialEnded):
        policy_trials.agree(shop.app, THIRD, trial_id, "agree again")
    assert policies.current(shop.app)[0] == 1, "it is on trial, not in force"
    assert shop.audit() == []


def test_a_share_really_decides_its_orders_and_no_others(shop: Shop) -> None:
    _, trial_id, version = share(shop)
    inside, outside = by_arm(shop, trial_id, inside=True), by_arm(shop, trial_id, inside=False)
    case_no = cases.open_draft(shop.app, MEI, inside).case_no
    cases.save_draft(shop.app, MEI, case_no, reason="other", requested_minor=10_000)
    seen = cases.look(shop.app, MEI, case_no).answer
    assert seen is not None and seen.trial is not None
    assert (seen.version, seen.found.verdict) == (version, "review")
    cases.submit(shop.app, MEI, case_no, "click", expected_verdict="review")
    assert shop.view(case_no).policy_version == version
    other = shop.view(sent(shop, outside))
    assert (other.policy_version, other.rule) == (1, "too_late")
    (trial,) = policy_trials.going_on(shop.app, LEAD)
    assert policy_trials.seen(shop.app, LEAD, trial).cases == 1
    assert shop.audit() == []


def test_asking_again_leads_to_the_same_policy(shop: Shop) -> None:
    """Nobody shops for the better one: the order decides, not the try."""
    _, trial_id, version = share(shop)
    order_no = by_arm(shop, trial_id, inside=True)
    for _ in range(3):
        case_no = sent(shop, order_no)
        assert shop.view(case_no).policy_version == version
        shop.act(case_no, "withdraw", MEI)
    assert shop.audit() == []


def test_a_harder_policy_on_trial_is_never_harder_than_that_of_the_purchase(shop: Shop) -> None:
    """The kinder of the two applies in a share as well."""
    short = pinned.TEXT.replace("\ngame_card = 7", "\ngame_card = 3")
    _, trial_id, version = share(shop, document=short)
    while True:
        ago = shop.clock.at - timedelta(days=5)
        order_no = shop.order(delivery="code_viewed", completed_at=ago, paid_at=ago)
        with shop.app.read() as conn:
            (trial,) = trials.running(conn)
        if trial.takes(order_no):
            break
    view = shop.view(sent(shop, order_no))
    assert (trial.id, view.policy_version) == (trial_id, 1) and view.versions is not None
    assert (view.versions.other, view.versions.is_of_purchase) == (version, True)
    assert shop.audit() == []


def test_anybody_of_them_stops_it_and_what_was_sent_keeps_its_version(shop: Shop) -> None:
    _, trial_id, version = share(shop)
    first, second = by_arm(shop, trial_id, inside=True), by_arm(shop, trial_id, inside=True)
    case_no = sent(shop, first)
    shop.clock.advance(timedelta(minutes=1))
    policy_trials.stop(shop.app, AUTHOR, trial_id, "stop")
    policy_trials.stop(shop.app, LEAD, trial_id, "stop too")
    shop.clock.advance(timedelta(minutes=1))
    assert shop.view(sent(shop, second)).policy_version == 1
    assert shop.view(case_no).policy_version == version
    assert shop.audit() == []


def test_stop_and_a_request_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop waits for what is being sent; once it has returned nothing more is sent under the trial."""
    _, trial_id, version = share(shop)
    order_no, later = by_arm(shop, trial_id, inside=True), by_arm(shop, trial_id, inside=True)
    held, may_go, stopped = Event(), Event(), Event()
    hold = trials.hold

    def waits(conn: object, number: int) -> bool:
        is_running = hold(conn, number)  # type: ignore[arg-type]
        held.set()
        may_go.wait(10)
        return is_running

    monkeypatch.setattr(trials, "hold", waits)
    found: list[str] = []
    sending = Thread(target=lambda: found.append(sent(shop, order_no)))
    sending.start()
    assert held.wait(10)

    def stop() -> None:
        policy_trials.stop(shop.app, LEAD, trial_id, "stop")
        stopped.set()

    stopping = Thread(target=stop)
    stopping.start()
    assert not stopped.wait(0.5), "it waits for the request that is under way"
    may_go.set()
    sending.join(10)
    stopping.join(10)
    assert stopped.is_set()
    assert shop.view(found[0]).policy_version == version
    shop.clock.advance(timedelta(seconds=1))
    assert shop.view(sent(shop, later)).policy_version == 1
    assert shop.audit() == []


def test_what_is_decided_is_tried_no_more(shop: Shop) -> None:
    draft_id, _, _ = share(shop)
    policy_trials.start_shadow(shop.app, LEAD, draft_id, "shadow")
    policy_drafts.withdraw(shop.app, AUTHOR, draft_id, "withdraw")
    assert policy_trials.going_on(shop.app, LEAD) == ()
    found = policy_trials.of_draft(shop.app, LEAD, draft_id)
    assert {trial.cause for trial in found} == {"decided"}
    with pytest.raises(DraftDecided):
        policy_trials.start_shadow(shop.app, LEAD, draft_id, "late")


def test_another_version_ends_a_share(shop: Shop) -> None:
    draft_id, trial_id, _ = share(shop)
    other = asked(shop, COSTS, "two")
    version = policy_drafts.approve(shop.app, LEAD, other, "yes")
    assert version == 3, "numbers of versions on trial are used up"
    (trial,) = policy_trials.of_draft(shop.app, LEAD, draft_id)
    assert (trial.id, trial.state, trial.cause) == (trial_id, "ended", "published")
    with pytest.raises(PolicyMovedOn):
        policy_trials.ask_share(shop.app, LEAD, draft_id, 5, "again")


@pytest.mark.parametrize("what", ["not its order", "not yet", "not any more"])
def test_the_audit_sees_a_version_that_was_not_to_decide(shop: Shop, what: str) -> None:
    """Invariant 14: in force when it was sent or bought, or of the share of a trial that was running."""
    _, trial_id, _ = share(shop)
    order_no = by_arm(shop, trial_id, inside=True)
    sent(shop, order_no)
    assert shop.audit() == []
    hour = timedelta(hours=1)
    values = {
        "not its order": {"secret": next(s for s in map(str, range(99)) if not in_share(s, order_no, 50))},
        "not yet": {"begun_at": shop.clock.at + hour},
        "not any more": {"state": "ended", "ended_at": shop.clock.at - hour},
    }
    with shop.app.begin() as conn:
        conn.execute(update(rows).values(values[what]))
    assert "version_not_in_force" in {found.code for found in shop.audit()}
