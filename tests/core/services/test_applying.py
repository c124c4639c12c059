"""R1.5, R6.3: which version a request is answered by; what is shown before is what it is sent under."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.adapters.tables import case_events
from core.adapters.tables import policies as rows
from core.domain.errors import VerdictChanged
from core.services import applying, asking, cases, desk, orders, policy_publishing
from tests import pinned
from tests.plans import queries
from tests.shop import MEI, REVIEWER, Shop

SHORT = pinned.TEXT.replace("\ngame_card = 7", "\ngame_card = 3")
LONG = pinned.TEXT.replace("\ngame_card = 7", "\ngame_card = 12")
COSTS = pinned.TEXT.replace("\nother = 500", "\nother = 1000")
OFF = SHORT.replace("kinder_version = true", "kinder_version = false")


def publish(shop: Shop, document: str) -> int:
    with shop.app.begin() as conn:
        return policy_publishing.publish(
            shop.app, conn, document, author="lu-jing", approved_by="tang-wei", in_force_from=shop.clock.at
        )


def bought(shop: Shop, days: int = 5) -> str:
    """Never delivered by the books, yet completed five days ago: in time by seven days, not by three."""
    ago = shop.clock.at - timedelta(days=days)
    return shop.order(delivery="code_viewed", completed_at=ago, paid_at=ago)


def drafted(shop: Shop, order_no: str, reason: str = "other") -> str:
    case_no = cases.open_draft(shop.app, MEI, order_no).case_no
    cases.save_draft(shop.app, MEI, case_no, reason=reason, requested_minor=10_000)
    return case_no


def kept(shop: Shop, case_no: str) -> dict[str, object]:
    with shop.app.read() as conn:
        bodies = conn.execute(
            select(case_events.c.body).where(case_events.c.case_no == case_no).order_by(case_events.c.seq)
        ).scalars()
        found = [json.loads(body) for body in bodies]
    return next(body for body in found if "assessment" in body)


def test_who_bought_under_kinder_rules_is_answered_by_them(shop: Shop) -> None:
    """Shown, sent, kept, seen by the desk and looked up later: one version in all of them."""
    order_no = bought(shop)
    assert publish(shop, SHORT) == 2
    case_no = drafted(shop, order_no)
    seen = cases.look(shop.app, MEI, case_no)
    assert seen.answer is not None and seen.answer.other is not None and seen.answer.versions is not None
    assert (seen.version, seen.answer.version, seen.answer.other.version) == (1, 1, 2)
    assert seen.answer.other.found.rule == "too_late" != seen.answer.found.rule
    assert seen.answer.versions.is_of_purchase and seen.answer.versions.differs
    again = asking.rules_say(shop.app, seen.view)
    assert again is not None and (again.version, again.found) == (1, seen.answer.found)
    sent = cases.submit(shop.app, MEI, case_no, "click", expected_verdict=seen.answer.found.verdict)
    view = shop.view(case_no)
    assert (view.policy_version, view.verdict, view.rule) == (1, sent.verdict, seen.answer.found.rule)
    assert view.versions == seen.answer.versions
    assert desk.open_file(shop.app, REVIEWER, case_no).answer.version == 1
    body = kept(shop, case_no)
    assert body["policy_version"] == 1
    assert body["versions"]["other"] == 2 and body["versions"]["rule"] == "too_late"  # type: ignore[index]
    assert shop.audit() == []


def test_a_change_for_the_better_serves_everybody(shop: Shop) -> None:
    order_no = bought(shop, days=9)
    publish(shop, LONG)
    case_no = drafted(shop, order_no)
    found = cases.look(shop.app, MEI, case_no).answer
    assert found is not None and found.versions is not None
    assert (found.version, found.versions.other, found.versions.is_of_purchase) == (2, 1, False)
    assert found.versions.differs and found.versions.rule == "too_late"
    cases.submit(shop.app, MEI, case_no, "click")
    assert shop.view(case_no).policy_version == 2
    assert shop.audit() == []


def test_who_buys_under_the_rules_in_force_meets_only_them(shop: Shop) -> None:
    publish(shop, SHORT)
    ago = shop.clock.at
    shop.clock.advance(timedelta(days=5))
    order_no = shop.order(delivery="code_viewed", completed_at=ago, paid_at=ago)
    found = cases.look(shop.app, MEI, drafted(shop, order_no)).answer
    assert found is not None and (found.version, found.versions) == (2, None)
    assert found.found.rule == "too_late"


def test_switched_off_by_what_is_in_force_only_that_counts(shop: Shop) -> None:
    order_no = bought(shop)
    publish(shop, OFF)
    found = cases.look(shop.app, MEI, drafted(shop, order_no)).answer
    assert found is not None and (found.version, found.versions, found.found.rule) == (2, None, "too_late")
    order = orders.get(shop.app, MEI, order_no)
    ends = applying.now(shop.app).ask_until(order)
    assert ends is not None and ends < shop.clock.at


def test_a_purchase_from_before_the_first_version_meets_todays(shop: Shop) -> None:
    with shop.app.begin() as conn:
        conn.execute(update(rows).values(in_force_from=shop.clock.at - timedelta(days=2)))
    shop.app.policies.clear()
    publish(shop, SHORT)
    found = cases.look(shop.app, MEI, drafted(shop, bought(shop))).answer
    assert found is not None and (found.version, found.versions) == (2, None)


def test_the_time_to_ask_is_the_longer_one_everywhere(shop: Shop) -> None:
    """Orders, drafts, cards and refusals name one end, and until it the request really goes through."""
    order_no = bought(shop)
    publish(shop, SHORT)
    order = orders.get(shop.app, MEI, order_no)
    ends = applying.now(shop.app).ask_until(order)
    assert ends is not None and ends > shop.clock.at + timedelta(days=1)
    case_no = drafted(shop, order_no)
    assert shop.view(case_no).ask_until == ends
    (card,) = cases.list_for(shop.app, MEI)
    assert card.ask_until == ends
    shop.clock.at = ends - timedelta(seconds=1)
    before = cases.look(shop.app, MEI, case_no).answer
    assert before is not None and before.found.rule != "too_late"
    shop.clock.at = ends + timedelta(seconds=1)
    after = cases.look(shop.app, MEI, case_no).answer
    assert after is not None and after.found.rule == "too_late"


def test_a_version_published_in_between_takes_nothing_away(shop: Shop) -> None:
    """The kinder of two is what was seen, so that the form that was shown can still be sent."""
    case_no = drafted(shop, bought(shop))
    seen = cases.look(shop.app, MEI, case_no).answer
    assert seen is not None
    publish(shop, SHORT)
    cases.submit(shop.app, MEI, case_no, "click", expected_verdict=seen.found.verdict)
    assert shop.view(case_no).policy_version == 1
    other = drafted(shop, bought(shop))
    seen = cases.look(shop.app, MEI, other).answer
    assert seen is not None
    publish(shop, OFF)
    with pytest.raises(VerdictChanged):
        cases.submit(shop.app, MEI, other, "click too", expected_verdict=seen.found.verdict)


def test_the_fee_is_that_of_the_version_that_applies(shop: Shop) -> None:
    ago = shop.clock.at - timedelta(days=1)
    order_no = shop.order(delivery="code_issued", completed_at=ago, paid_at=ago)
    publish(shop, COSTS)
    case_no = drafted(shop, order_no)
    seen = cases.look(shop.app, MEI, case_no).answer
    assert seen is not None and seen.found.options[0].breakdown.fee == 500
    cases.submit(shop.app, MEI, case_no, "click", expected_refund_minor=9_500)
    view = shop.view(case_no)
    assert (view.fee_minor, view.fee_basis_points, view.policy_version) == (500, 500, 1)
    assert shop.audit() == []


def test_applied_for_again_it_is_chosen_again(shop: Shop) -> None:
    """A refusal under the kinder version; by then the switch is off, and that counts."""
    order_no = bought(shop, days=9)
    publish(shop, SHORT)
    case_no = drafted(shop, order_no)
    cases.submit(shop.app, MEI, case_no, "click")
    assert shop.view(case_no).policy_version == 1, "both say no; the longer time was kinder"
    publish(shop, OFF)
    shop.act(case_no, "reapply", MEI)
    cases.submit(shop.app, MEI, case_no, "again")
    view = shop.view(case_no)
    assert (view.policy_version, view.versions) == (3, None)
    assert shop.audit() == []


def test_versions_that_count_differently_each_count_their_own_way(shop: Shop) -> None:
    """The facts that are kept are those that the version which applies was given."""
    first = shop.apply(shop.order(), reason="not_delivered")
    assert shop.view(first.case_no).state == "approved"
    shop.clock.advance(timedelta(days=3))
    order_no = bought(shop)
    publish(shop, SHORT.replace("look_back_days = 90", "look_back_days = 1"))
    case_no = drafted(shop, order_no)
    found = cases.look(shop.app, MEI, case_no).answer
    assert found is not None and found.other is not None
    assert (found.version, found.facts.recent_refunds, found.other.facts.recent_refunds) == (1, 1, 0)
    cases.submit(shop.app, MEI, case_no, "click")
    assert "facts" in kept(shop, case_no)["versions"]  # type: ignore[operator]
    assert shop.audit() == []


def test_the_audit_sees_a_choice_that_was_not_the_kinder_one(shop: Shop) -> None:
    """Invariant 14, with the choice."""
    case_no = drafted(shop, bought(shop))
    publish(shop, SHORT)
    cases.submit(shop.app, MEI, case_no, "click")
    shop.app.policies.clear()
    with shop.app.begin() as conn:
        conn.execute(update(rows).where(rows.c.version == 2).values(document=LONG))
    assert {(found.invariant, found.code) for found in shop.audit()} >= {(14, "version_differs")}


def test_it_asks_the_database_no_more_often_than_with_one_version(shop: Shop) -> None:
    case_no = drafted(shop, bought(shop))

    def asked() -> int:
        with queries(shop.app.engine) as seen:
            cases.look(shop.app, MEI, case_no)
        return len(seen)

    asked()
    with_one = asked()
    publish(shop, SHORT)
    asked()  # reads the new document, once
    assert asked() == with_one
