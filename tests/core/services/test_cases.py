"""A customer's way through a case: draft, submission, the rules' answer, withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import func, select, update

from core.adapters.tables import (
    case_events,
    commands,
    external_refunds,
    orders,
    payments,
)
from core.adapters.tables import (
    cases as case_table,
)
from core.domain import policy as documents
from core.domain.actors import Actor
from core.domain.errors import (
    AmountAboveRemaining,
    AmountInvalid,
    CaseAlreadyOpen,
    CommandReused,
    EvidenceMissing,
    MoneyAlreadySent,
    NotAllowed,
    NotFound,
    NothingLeft,
    QuantityInvalid,
    ReasonInvalid,
    Refusal,
    RouteUnavailable,
    Settled,
    StaleForm,
    TermsNotAccepted,
    TextTooLong,
    TransitionRefused,
    VerdictChanged,
)
from core.services import cases, policy_publishing
from core.services import orders as service
from core.services.record import Change, lock
from tests import pinned
from tests.plans import queries
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, WEI, Shop

GUEST = Actor("guest", order_no="OD00000")


def filled(
    shop: Shop, order_no: str, actor: Actor = MEI, amount: int = 10_000, reason: str = "not_delivered"
) -> str:
    case_no = cases.open_draft(shop.app, actor, order_no).case_no
    cases.save_draft(shop.app, actor, case_no, reason=reason, requested_minor=amount)
    return case_no


def test_a_refund_from_draft_to_arrival(shop: Shop) -> None:
    """R1.4, R3.1, R4.1, R4.7: the rules approve at once, the worker sends, the channel settles, the case
    completes.
    """
    order_no = shop.order()
    case_no = filled(shop, order_no)
    assessment = cases.look(shop.app, MEI, case_no).answer.found
    assert assessment.verdict == "approve"

    sent = cases.submit(shop.app, MEI, case_no, "click", expected_verdict="approve")
    assert (sent.case_no, sent.state, sent.verdict) == (case_no, "approved", "approve")
    assert shop.payment(order_no).reserved_minor == 10_000

    shop.work()
    view = shop.view(case_no, MEI)
    assert (view.state, view.payouts[0].state) == ("paying", "accepted")
    assert view.locator.key == "locator.with_channel"

    shop.work(days=2)
    view = shop.view(case_no, MEI)
    assert (view.state, view.refund_minor, view.payouts[0].state) == ("completed", 10_000, "arrived")
    assert [e.event for e in view.events] == ["submit", "approve", "pay", "complete"]
    payment = shop.payment(order_no)
    assert (payment.reserved_minor, payment.refunded_minor) == (0, 10_000)
    assert shop.alipay.moved(payment.trade_no) == 10_000
    assert shop.audit() == []


def test_five_clicks_are_one_case(shop: Shop) -> None:
    """R2.5, invariant 17: the same command id gives the first answer again and does nothing."""
    case_no = filled(shop, shop.order())
    answers = {cases.submit(shop.app, MEI, case_no, "click") for _ in range(5)}
    assert len(answers) == 1
    assert [e.event for e in shop.view(case_no).events] == ["submit", "approve"]


def test_a_command_id_is_one_command(shop: Shop) -> None:
    """Invariant 17: the id of one command cannot carry another one."""
    first, second = shop.order(), shop.order()
    shop.apply(first, command_id="one")
    with pytest.raises(CommandReused):
        shop.apply(second, command_id="one")
    with pytest.raises(CommandReused):
        shop.apply(first, 5_000, command_id="one")
    assert len(cases.list_for(shop.app, MEI)) == 1


def test_a_draft_is_resumed_with_everything_in_it(shop: Shop) -> None:
    """R2.5: what was saved is there again, from any device."""
    order_no = shop.order()
    case_no = filled(shop, order_no)
    cases.save_draft(
        shop.app, MEI, case_no, step=4, description="没收到卡密 🙁\n第二行", quantity=1, route="balance"
    )
    again = cases.open_draft(shop.app, MEI, order_no)
    assert (again.case_no, again.step, again.reason, again.route) == (case_no, 4, "not_delivered", "balance")
    assert again.description == "没收到卡密 🙁\n第二行"


def test_one_open_case_per_order(shop: Shop) -> None:
    """R2.5, invariant 2: a second claim is pointed to the first."""
    order_no = shop.order()
    case_no = shop.apply(order_no, 4_000).case_no
    for again in (lambda: cases.open_draft(shop.app, MEI, order_no), lambda: shop.apply(order_no, 4_000)):
        with pytest.raises(CaseAlreadyOpen) as refused:
            again()
        assert refused.value.params["case_no"] == case_no
    shop.work()
    shop.work(days=2)
    assert shop.apply(order_no, 6_000).case_no != case_no
    shop.work()
    shop.work(days=2)
    with pytest.raises(NothingLeft):
        shop.apply(order_no, 1)


@pytest.mark.parametrize("amount", [0, -1, 10**15])
def test_impossible_amounts_are_refused(sqlite_shop: Shop, amount: int) -> None:
    """R2.2: and the draft keeps what it had."""
    case_no = filled(sqlite_shop, sqlite_shop.order())
    with pytest.raises(AmountInvalid):
        cases.save_draft(sqlite_shop.app, MEI, case_no, requested_minor=amount)
    assert sqlite_shop.view(case_no).requested_minor == 10_000


def test_never_more_than_is_left(shop: Shop) -> None:
    """R4.8: what other refunds took, here or outside, is no longer there."""
    order_no = shop.order()
    payment = shop.payment(order_no)
    with shop.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.id == payment.id).values(external_minor=2_500))
        conn.execute(
            external_refunds.insert().values(
                payment_id=payment.id, channel="alipay", refund_no="X1", amount_minor=2_500, at=shop.clock.at
            )
        )
    with pytest.raises(AmountAboveRemaining) as refused:
        shop.apply(order_no, 7_501)
    assert refused.value.params == {"remaining_minor": 7_500, "currency": "CNY"}
    assert shop.apply(order_no, 7_500).state == "approved"
    assert shop.audit() == []


def test_the_reservation_itself_refuses_more_than_is_left(sqlite_shop: Shop) -> None:
    """Invariant 1: when facts and payment disagree, the conditional update has the last word."""
    from core.services import reservations
    from core.services.reservations import Hold

    order_no = sqlite_shop.order()
    payment = sqlite_shop.payment(order_no)
    with pytest.raises(AmountAboveRemaining), sqlite_shop.app.begin() as conn:
        reservations.hold(conn, [Hold(payment.id, "original", "alipay", 10_001, 10_001)])  # type: ignore[list-item]
    assert sqlite_shop.payment(order_no).reserved_minor == 0


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"reason": "because"}, ReasonInvalid),
        ({"route": "cash"}, RouteUnavailable),
        ({"description": "长" * 2_001}, TextTooLong),
        ({"quantity": 0}, AmountInvalid),
    ],
)
def test_a_draft_takes_only_what_can_be(
    sqlite_shop: Shop, values: dict[str, object], refusal: type[Refusal]
) -> None:
    """R2.2."""
    case_no = filled(sqlite_shop, sqlite_shop.order())
    before = sqlite_shop.view(case_no)
    with pytest.raises(refusal):
        cases.save_draft(sqlite_shop.app, MEI, case_no, **values)
    assert sqlite_shop.view(case_no) == before


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "'; DROP TABLE cases; --", "\u202egnp.exe", "a\x00b\ud800"]
)
def test_any_text_is_only_text(shop: Shop, words: str) -> None:
    """Whatever is typed is kept and shown as text; what no database can hold is left out."""
    case_no = filled(shop, shop.order())
    cases.save_draft(shop.app, MEI, case_no, description=words)
    cases.submit(shop.app, MEI, case_no, "click")
    kept = shop.view(case_no, MEI).description
    assert kept == words.replace("\x00", "").replace("\ud800", "?")
    assert shop.audit() == []


def test_evidence_that_the_reason_needs(sqlite_shop: Shop) -> None:
    """R2.3: without it nothing is sent; the draft stays."""
    order_no = sqlite_shop.order(delivery="code_viewed")
    case_no = filled(sqlite_shop, order_no, reason="not_as_described")
    with pytest.raises(EvidenceMissing) as refused:
        cases.submit(sqlite_shop.app, MEI, case_no, "click")
    assert refused.value.params["kinds"] == ["product_page", "product_shown"]
    assert sqlite_shop.view(case_no).state == "draft"


def test_terms_first(sqlite_shop: Shop) -> None:
    """R4.6."""
    case_no = filled(sqlite_shop, sqlite_shop.order())
    with pytest.raises(TermsNotAccepted):
        cases.submit(sqlite_shop.app, MEI, case_no, "click", accept_terms=False)


def test_what_changed_since_the_customer_looked(shop: Shop) -> None:
    """R1.5: fresh facts at submission; when the verdict is another, the customer sees it before anything is
    sent.
    """
    order_no = shop.order()
    case_no = filled(shop, order_no)
    with shop.app.begin() as conn:
        conn.execute(update(orders).where(orders.c.order_no == order_no).values(delivery="redeemed"))
    with pytest.raises(VerdictChanged) as refused:
        cases.submit(shop.app, MEI, case_no, "click", expected_verdict="approve")
    assert refused.value.params["verdict"] == "reject"
    assert shop.view(case_no).state == "draft"


def test_more_pieces_than_were_bought(shop: Shop) -> None:
    order_no = shop.order(quantity=2)
    with pytest.raises(QuantityInvalid):
        shop.apply(order_no, quantity=3)


def test_another_tab_changed_the_amount(shop: Shop) -> None:
    """R1.4: what the button promised is what is sent, or nothing is."""
    case_no = filled(shop, shop.order())
    cases.save_draft(shop.app, MEI, case_no, requested_minor=100)
    with pytest.raises(StaleForm):
        cases.submit(shop.app, MEI, case_no, "click", expected_refund_minor=10_000)
    assert shop.view(case_no).state == "draft"
    assert cases.submit(shop.app, MEI, case_no, "click", expected_refund_minor=100).state == "approved"


def test_a_window_that_closes_between_looking_and_sending(shop: Shop) -> None:
    """R1.3, R1.5."""
    completed = shop.clock.at - timedelta(days=7)
    order_no = shop.order(delivery="code_viewed", completed_at=completed)
    case_no = filled(shop, order_no, reason="other")
    before = cases.look(shop.app, MEI, case_no).answer.found
    shop.clock.advance(timedelta(days=1))
    with pytest.raises(VerdictChanged) as refused:
        cases.submit(shop.app, MEI, case_no, "click", expected_verdict=before.verdict)
    assert refused.value.params == {"verdict": "reject", "rule": "too_late"}


def test_a_refused_case_says_why_and_can_be_corrected(shop: Shop) -> None:
    """R3.5: the rule in the policy's words, then a second try with the same case."""
    order_no = shop.order(delivery="redeemed")
    sent = shop.apply(order_no)
    assert (sent.state, sent.rule) == ("rejected", "redeemed")
    view = shop.view(sent.case_no, MEI)
    assert "核销" in view.says["zh"] and "redeemed" in view.says["en"]
    assert set(view.allowed) == {"reapply", "appeal"}

    again = shop.act(sent.case_no, "reapply", MEI)
    assert (again.state, again.verdict, again.step) == ("draft", None, 1)
    cases.save_draft(shop.app, MEI, sent.case_no, reason="other")
    with shop.app.begin() as conn:
        conn.execute(update(orders).where(orders.c.order_no == order_no).values(delivery="pending"))
    assert cases.submit(shop.app, MEI, sent.case_no, "again").state == "approved"
    assert shop.audit() == []


def test_withdrawing_gives_back_exactly_what_was_held(shop: Shop) -> None:
    """R3.7: until money has been sent."""
    order_no = shop.order(("alipay", 6_000), ("wechat", 4_000))
    sent = shop.apply(order_no, 7_001)
    with shop.app.read() as conn:
        held = (
            conn.execute(select(payments.c.reserved_minor).where(payments.c.order_no == order_no))
            .scalars()
            .all()
        )
    assert sum(held) == 7_001
    view = shop.act(sent.case_no, "withdraw", MEI)
    assert (view.state, view.approved_minor, view.due_at) == ("withdrawn", None, None)
    with shop.app.read() as conn:
        left = select(func.sum(payments.c.reserved_minor)).where(payments.c.order_no == order_no)
        assert conn.execute(left).scalar_one() == 0
    shop.work(days=5)
    assert shop.alipay.sent == []
    assert shop.audit() == []


def test_too_late_to_withdraw(shop: Shop) -> None:
    """R3.7: once the channel was told, nobody pretends otherwise."""
    sent = shop.apply(shop.order())
    shop.work()
    with pytest.raises(MoneyAlreadySent):
        shop.act(sent.case_no, "withdraw", MEI)
    assert "withdraw" not in shop.view(sent.case_no, MEI).allowed


@pytest.mark.parametrize("stranger", [WEI, GUEST, Actor("customer", ""), Actor("guest", order_no="OD99999")])
def test_strangers_find_nothing(sqlite_shop: Shop, stranger: Actor) -> None:
    """Invariant 12: the same answer as for what does not exist."""
    sqlite_shop.order()  # the guest's own
    order_no = sqlite_shop.order()
    case_no = filled(sqlite_shop, order_no)
    for attempt in (
        lambda: cases.view(sqlite_shop.app, stranger, case_no),
        lambda: cases.view(sqlite_shop.app, stranger, "R000000-AAAAAA"),
        lambda: cases.open_draft(sqlite_shop.app, stranger, order_no),
        lambda: cases.save_draft(sqlite_shop.app, stranger, case_no, step=2),
        lambda: cases.submit(sqlite_shop.app, stranger, case_no, "c1"),
        lambda: cases.act(sqlite_shop.app, stranger, case_no, "withdraw", "c2"),
        lambda: cases.look(sqlite_shop.app, stranger, case_no),
        lambda: sqlite_shop.apply(order_no, actor=stranger),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert cases.list_for(sqlite_shop.app, stranger) == []


def test_who_asks_for_what_is_anothers_stands_in_the_log(sqlite_shop: Shop) -> None:
    """By role and thing, without a name or a number; what does not exist is nobody's."""
    order_no = sqlite_shop.order()
    case_no = filled(sqlite_shop, order_no)
    attempts = (
        (lambda: cases.view(sqlite_shop.app, WEI, case_no), "case"),
        (lambda: cases.save_draft(sqlite_shop.app, WEI, case_no, step=2), "case"),
        (lambda: cases.open_draft(sqlite_shop.app, WEI, order_no), "order"),
        (lambda: service.get(sqlite_shop.app, WEI, order_no), "order"),
        (lambda: cases.view(sqlite_shop.app, WEI, "R000000-AAAAAA"), None),
        (lambda: cases.open_draft(sqlite_shop.app, WEI, "NOWHERE"), None),
        (lambda: service.get(sqlite_shop.app, WEI, "NOWHERE"), None),
    )
    for attempt, what in attempts:
        with structlog.testing.capture_logs() as lines, pytest.raises(NotFound):
            attempt()
        wanted = {"event": "not_theirs", "what": what, "role": "customer", "log_level": "warning"}
        assert lines == ([wanted] if what else [])


def test_a_stranger_cannot_fetch_a_result_by_its_command_id(sqlite_shop: Shop) -> None:
    """Invariant 12: whose case it is comes before the command is looked up."""
    case_no = filled(sqlite_shop, sqlite_shop.order())
    cases.submit(sqlite_shop.app, MEI, case_no, "click")
    with pytest.raises(NotFound):
        cases.submit(sqlite_shop.app, WEI, case_no, "click")


def test_a_guest_acts_on_the_proven_order(shop: Shop) -> None:
    """R2.1: a guest's own order, with no balance to refund to."""
    order_no = shop.order(customer="")
    guest = Actor("guest", order_no=order_no)
    sent = shop.apply(order_no, actor=guest)
    assert sent.state == "approved"
    assert [card.case_no for card in cases.list_for(shop.app, guest)] == [sent.case_no]
    with pytest.raises(RouteUnavailable):
        shop.act(sent.case_no, "withdraw", guest)
        shop.apply(order_no, actor=guest, route="balance")


def test_support_speaks_for_a_customer(shop: Shop) -> None:
    """R2.1: the case is the customer's, the event names who did it."""
    sent = shop.apply(shop.order(), actor=SUPPORT)
    view = shop.view(sent.case_no, MEI)
    assert (view.customer_id, view.events[0].role, view.events[0].actor_id) == ("mei", "support", "he-min")


@pytest.mark.parametrize("actor", [REVIEWER, LEAD, ARBITER, FINANCE, Actor("policy", "lu-jing")])
def test_only_buyers_and_support_apply(sqlite_shop: Shop, actor: Actor) -> None:
    with pytest.raises(NotFound if actor.role == "policy" else NotAllowed):
        sqlite_shop.apply(sqlite_shop.order(), actor=actor)


def test_nobody_plays_the_system(sqlite_shop: Shop) -> None:
    """System events are the worker's; a person who calls themselves system is refused."""
    sent = sqlite_shop.apply(sqlite_shop.order())
    with pytest.raises(NotAllowed):
        sqlite_shop.act(sent.case_no, "pay", Actor("system", "me"))
    assert sqlite_shop.view(sent.case_no).allowed == ()


def test_what_the_table_does_not_have_is_refused(sqlite_shop: Shop) -> None:
    sent = sqlite_shop.apply(sqlite_shop.order())
    with pytest.raises(TransitionRefused) as refused:
        sqlite_shop.act(sent.case_no, "reject", REVIEWER, note="no")
    assert refused.value.params == {"machine": "case", "state": "approved", "event": "reject"}
    with pytest.raises(TransitionRefused):
        cases.save_draft(sqlite_shop.app, MEI, sent.case_no, step=1)


def test_the_policy_at_submission_counts(shop: Shop) -> None:
    """R1.5: a draft that was begun under an older policy is sent under the one in force."""
    case_no = filled(shop, shop.order())
    newer = pinned.TEXT.replace("description_characters = 2000", "description_characters = 1000")
    with shop.app.begin() as conn:
        policy_publishing.publish(
            shop.app, conn, newer, author="lu-jing", approved_by="tang-wei", in_force_from=shop.clock.at
        )
    assert shop.view(case_no).policy_version == 1
    cases.submit(shop.app, MEI, case_no, "click")
    assert shop.view(case_no).policy_version == 2
    assert shop.audit() == []


def test_an_unsent_draft_lapses(shop: Shop) -> None:
    """Every state that is not final ends by itself or has a name on it (invariant 8)."""
    case_no = filled(shop, shop.order())
    shop.work(days=30)
    view = shop.view(case_no, MEI)
    assert (view.state, view.locator.key) == ("closed", "locator.never_sent")
    assert shop.audit() == []


def test_a_refusal_leaves_nothing_behind(shop: Shop) -> None:
    """Half-done is not done: events, row, payment, ledger and command stand or fall together."""
    order_no = shop.order()
    case_no = filled(shop, order_no)
    with pytest.raises(RuntimeError, match="power cut"), shop.app.begin() as conn:
        case = lock(conn, case_no, MEI)
        cases._submit(shop.app, conn, case, MEI, None, True)
        raise RuntimeError("power cut")
    assert shop.view(case_no).state == "draft"
    assert shop.payment(order_no).reserved_minor == 0
    with shop.app.read() as conn:
        for table in (case_events, commands):
            assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert shop.audit() == []


def test_two_writers_on_one_row(sqlite_shop: Shop) -> None:
    """The row is written only if it is as it was read (the guard behind the lock)."""
    from core.domain.actors import SYSTEM
    from core.domain.deadlines import Due
    from core.domain.errors import StaleForm

    sent = sqlite_shop.apply(sqlite_shop.order())
    with pytest.raises(StaleForm), sqlite_shop.app.begin() as conn:
        change = Change(conn, lock(conn, sent.case_no, SYSTEM))
        change.step("withdraw", MEI, sqlite_shop.clock.at, Due())
        conn.execute(update(case_table).values(last_seq=7))
        change.write()


def test_a_view_is_a_handful_of_queries(sqlite_shop: Shop) -> None:
    """Screens read at every rerun."""
    sent = sqlite_shop.apply(sqlite_shop.order(("alipay", 5_000), ("wechat", 5_000)))
    sqlite_shop.work()
    with queries(sqlite_shop.app.engine) as seen:
        sqlite_shop.view(sent.case_no)
    assert len(seen) <= 6, seen


def test_a_list_is_two_queries_however_long(sqlite_shop: Shop) -> None:
    for _ in range(4):
        sqlite_shop.apply(sqlite_shop.order())
    sqlite_shop.work()
    with queries(sqlite_shop.app.engine) as seen:
        cards = cases.list_for(sqlite_shop.app, MEI)
    assert len(cards) == 4 and len(seen) <= 2, seen
    assert {card.locator.key for card in cards} == {"locator.with_channel"}
    assert cases.list_for(sqlite_shop.app, MEI, states=["completed"]) == []
    assert len(cases.list_for(sqlite_shop.app, REVIEWER)) == 4


@pytest.mark.parametrize("demo", [True, False])
def test_a_changed_policy_file_counts_at_once_in_the_demo_only(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, demo: bool
) -> None:
    """R6.3: elsewhere it takes two people, and somebody is told that the file waits."""
    changed = documents.shipped("standard") + "\n# changed\n"
    monkeypatch.setattr(documents, "shipped", lambda name: changed)
    app = replace(shop.app, demo=demo)
    with app.begin() as conn:
        before = policy_publishing.publish(
            app,
            conn,
            pinned.TEXT + "\n# as it shipped\n",
            author=policy_publishing.SHIPPED_BY,
            approved_by="setup",
            in_force_from=app.now(),
        )
    assert policy_publishing.ensure_shipped(app) == before + demo
    assert policy_publishing.shipped_differs(app) is not demo


def test_a_changed_policy_file_that_somebody_elses_version_outlives_is_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6.3: in the demo too, where `make run` does not take it any more then."""
    app = replace(shop.app, demo=True)
    with app.begin() as conn:
        theirs = policy_publishing.publish(
            app, conn, pinned.TEXT + "\n# theirs\n", author="mei", approved_by="tao", in_force_from=app.now()
        )
    changed = documents.shipped("standard") + "\n# changed\n"
    monkeypatch.setattr(documents, "shipped", lambda name: changed)
    assert policy_publishing.ensure_shipped(app) == theirs
    assert policy_publishing.shipped_differs(app)
    monkeypatch.setattr(documents, "shipped", lambda name: pinned.TEXT + "\n# theirs\n")
    assert not policy_publishing.shipped_differs(app)


# --- the last word ---


def ruled(shop: Shop, event: str, **more: Any) -> tuple[str, str]:
    """An order and its case after an arbiter's decision."""
    order_no = shop.order(("alipay", 90_000))
    case_no = shop.apply(order_no, 90_000).case_no
    shop.act(case_no, "dispute", MEI, note="我不同意。")
    shop.act(case_no, event, ARBITER, note="证据不足。", **more)
    return order_no, case_no


def refused_again(shop: Shop, order_no: str, case_no: str) -> None:
    for ask in (lambda: cases.open_draft(shop.app, MEI, order_no), lambda: shop.apply(order_no, 1_000)):
        with pytest.raises(Settled) as refused:
            ask()
        assert refused.value.params == {"case_no": case_no}
    assert [card.case_no for card in cases.list_for(shop.app, MEI) if card.is_settled] == [case_no]
    assert shop.audit() == []


def test_after_a_ruling_the_matter_is_closed(shop: Shop) -> None:
    """R3.4: the same order is not asked for again."""
    refused_again(shop, *ruled(shop, "reject"))


def test_what_a_ruling_granted_in_part_leaves_the_rest_settled(shop: Shop) -> None:
    order_no, case_no = ruled(shop, "approve", amount_minor=50_000)
    shop.work()
    shop.work(days=3)
    assert shop.view(case_no).state == "completed"
    refused_again(shop, order_no, case_no)


def test_after_a_lost_appeal_the_matter_is_closed(shop: Shop) -> None:
    """R3.6."""
    order_no = shop.order(("alipay", 90_000))
    case_no = shop.apply(order_no, 90_000).case_no
    shop.act(case_no, "reject", REVIEWER, note="对不上。")
    shop.picture(case_no)
    shop.act(case_no, "appeal", MEI, note="有新凭证。")
    shop.act(case_no, "reject", REVIEWER_2, note="维持。")
    refused_again(shop, order_no, case_no)


@pytest.mark.parametrize("end", ["withdraw", "lapse", "part", "given_up"])
def test_what_nobody_decided_finally_can_be_asked_for_again(shop: Shop, end: str) -> None:
    """R3.5, R3.7: withdrawn, not appealed, granted in part by a reviewer, or given up after a ruling."""
    order_no = shop.order(("alipay", 90_000))
    case_no = shop.apply(order_no, 90_000).case_no
    if end == "withdraw":
        shop.act(case_no, "withdraw", MEI)
    elif end == "lapse":
        shop.act(case_no, "reject", REVIEWER, note="对不上。")
        shop.work(days=30)
    elif end == "part":
        shop.act(case_no, "approve", REVIEWER, amount_minor=40_000, note="一半。")
        shop.work()
        shop.work(days=3)
    else:
        shop.act(case_no, "dispute", MEI, note="我不同意。")
        shop.act(case_no, "approve", ARBITER, note="有道理。")
        shop.act(case_no, "withdraw", MEI)
    assert cases.open_draft(shop.app, MEI, order_no).state == "draft"
