"""R1: may this be refunded, why, why not, and what would change it. Named claims are in tests/policies."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.eligibility import Assessment, Flip, assess, columns_of, days_left, verdict_of
from core.domain.facts import EVIDENCE_KINDS, Facts
from core.domain.policy import Policy
from core.domain.table import COLUMNS
from core.domain.why_nots import RANK
from core.domain.workdays import ZONE, china
from tests.claims import (
    FAULTY,
    NOW,
    POLICIES,
    STANDARD,
    ago,
    claim,
    claims,
    decide,
    paid,
    rule,
    tables,
    with_rules,
)


def test_the_wizard_is_told_everything_before_it_sends() -> None:
    """R1.4: verdict, the rule and its words, what stood in the other rules' way, what is missing."""
    found = decide(claim(evidence=frozenset({"product_shown"})))
    assert (found.verdict, found.rule, found.missing_evidence) == (
        "needs_evidence",
        "faulty_unproven",
        ("product_page",),
    )
    assert found.words["zh"].startswith("请附上")
    assert [trace.rule for trace in found.traces] == [each.id for each in STANDARD.rules]
    why_not = {trace.rule: trace.why_not for trace in found.traces}
    assert why_not["too_late"] == ("days_left",)
    assert why_not["not_delivered"] == ("delivered",)
    assert why_not["faulty_unproven"] == ()
    assert [trace.rule for trace in found.traces if not trace.reached] == [
        "faulty_small",
        "delivered_not_received",
        "delivered_changed_mind",
        "to_a_person",
    ]


def test_the_columns_are_those_of_the_table() -> None:
    """R6.4: what the rules look at is what is shown and stored."""
    row = columns_of(claim(paid(6_000, refundable_minor=5_000), paid(7_000, "wechat")), STANDARD)
    assert list(row) == list(COLUMNS)
    assert row["amount_minor"] == 12_000
    assert row["order_refund_minor"] == 13_000
    assert row["channel"] == "wechat"


def test_more_than_two_people_may_approve_is_never_approved_by_none() -> None:
    """Invariant 13: above the policy's limit the rules alone approve nothing, whatever the table says."""
    policy = with_rules(rule("all", "approve"))
    limit = policy.limits.second_approval_minor
    assert verdict_of(claim(paid(limit)), policy) == ("approve", "all")
    assert verdict_of(claim(paid(limit + 1)), policy) == ("review", "law.second_approval")


def test_a_large_amount_in_slices_is_still_a_large_amount() -> None:
    """Invariant 13: the limit is of the order, earlier refunds included."""
    policy = with_rules(rule("all", "approve"))
    limit = policy.limits.second_approval_minor
    order = paid(2 * limit, refundable_minor=limit + 1)  # limit − 1 was refunded before
    assert verdict_of(claim(order, requested_minor=1), policy) == ("approve", "all")
    assert verdict_of(claim(order, requested_minor=2), policy) == ("review", "law.second_approval")


def test_what_no_rule_answers_goes_to_a_person() -> None:
    """R3.1: everything that is not settled automatically."""
    found = decide(claim(), with_rules(rule("none", "reject", kind="other")))
    assert (found.verdict, found.rule, found.words) == ("review", "law.no_rule", {})
    assert found.review_due is not None
    assert all(trace.reached for trace in found.traces)


def test_a_fee_that_takes_everything_is_a_refusal() -> None:
    """R4.6: nothing is approved of which nothing arrives."""
    policy = with_rules(rule("all", "approve", 10_000))
    assert verdict_of(claim(has_account=False), policy) == ("reject", "law.nothing_after_fee")
    assert decide(claim(), policy).options[0].route == "balance", "the fee is waived on balance"


def test_a_rule_may_name_its_own_fee() -> None:
    """R4.6: the fee of the rule that decided, instead of that of the reason."""
    option = decide(claim(), with_rules(rule("all", "approve", 1_000))).options[0]
    assert (option.breakdown.fee, option.breakdown.fee_basis_points) == (1_000, 1_000)


def test_a_law_is_no_rule_and_reaches_none() -> None:
    """R4.8: what is not there cannot be refunded, and no rule is asked."""
    found = decide(claim(paid(100, refundable_minor=0), requested_minor=100))
    assert (found.verdict, found.rule, found.options, found.flip) == ("reject", "law.nothing_left", (), None)
    assert not any(trace.reached for trace in found.traces)


def test_a_refusal_that_two_changes_would_turn_names_both() -> None:
    """R1.4: contested *and* complete, because this table wants both."""
    policy = with_rules(
        rule("both", "approve", delivery="redeemed", contested=True, evidence_complete=True),
        rule("no", "reject"),
    )
    flip = decide(claim(delivery="redeemed"), policy).flip
    assert flip is not None and flip.in_hand
    assert {change.column for change in flip.changes} == {"evidence_complete", "contested"}


def test_the_amount_of_a_flip_is_the_largest_that_works() -> None:
    """R1.4: the smallest change, so the largest amount, with what was refunded before taken off."""
    policy = with_rules(rule("small", "approve", order_refund_minor={"up_to": 5_000}), rule("no", "reject"))
    flip = decide(claim(paid(10_000, refundable_minor=8_000)), policy).flip
    assert flip is not None
    assert [(change.column, change.was, change.to) for change in flip.changes] == [
        ("amount_minor", 8_000, 3_000)
    ]
    assert flip.until is None, "no window bounds it"


def test_where_no_rule_answers_a_person_looks_and_that_may_be_the_way_out() -> None:
    """R1.4, R3.1: a smaller amount slips out of the only rule there is."""
    flip = decide(claim(), with_rules(rule("no", "reject", amount_minor={"at_least": 5_000}))).flip
    assert flip is not None
    assert (flip.verdict, flip.rule, flip.changes[0].to) == ("review", "law.no_rule", 4_999)


def test_a_flip_lasts_until_the_first_day_on_which_it_fails() -> None:
    """R1.4: it would work with two days left and on the last day, and not in between."""
    proven = rule("even", "approve", evidence_complete=True, days_left=[0, 2])
    policy = with_rules(proven, rule("no", "reject"))
    flip = decide(claim(completed_at=ago(days=5)), policy).flip
    assert flip is not None
    assert flip.until == datetime(2026, 11, 20, 23, 59, 59, tzinfo=ZONE)


def test_nobody_is_told_to_claim_something_else() -> None:
    """R1.4: another reason would do, and is not suggested."""
    policy = with_rules(rule("other", "approve", reason="other"), rule("no", "reject"))
    assert decide(claim(reason="service_failed"), policy).flip is None


def test_what_is_in_hand_comes_before_what_is_not() -> None:
    """R1.4: two things that the customer can do rather than one that is over."""
    policy = with_rules(
        rule("early", "approve", days_left={"at_least": 0}),
        rule("proven", "review", evidence_complete=True, amount_minor={"up_to": 100}),
        rule("no", "reject"),
    )
    flip = decide(claim(completed_at=ago(days=9)), policy).flip
    assert flip is not None and flip.in_hand and flip.verdict == "review" and len(flip.changes) == 2


# --- for every claim ---


@given(claims(), POLICIES)
def test_an_answer_can_be_stored_and_given_again(facts: Facts, policy: Policy) -> None:
    """R6.4, invariant 14: from the stored facts the same answer, to the last date."""
    stored = json.loads(json.dumps(facts.as_dict()))
    again = Facts.from_dict(stored)
    assert again == facts
    first, second = assess(facts, policy, china()), assess(again, policy, china())
    assert first == second
    assert json.loads(json.dumps(first.as_dict())) == json.loads(json.dumps(second.as_dict()))
    assert verdict_of(facts, policy) == (first.verdict, first.rule)


@given(claims(), POLICIES)
def test_no_answer_breaks_the_laws_of_the_house(facts: Facts, policy: Policy) -> None:
    """R4.2, R4.5, invariant 13."""
    found = assess(facts, policy, china())
    routes = [option.route for option in found.options]
    assert (found.verdict == "reject") == (not routes)
    assert (found.review_due is not None) == (found.verdict == "review")
    assert found.flip is None or found.verdict in ("reject", "needs_evidence")
    if found.verdict == "approve":
        assert found.options[0].approvals == 0
        assert facts.requested_minor <= policy.limits.second_approval_minor
    assert facts.has_account or "balance" not in routes
    assert not facts.escrow or routes in ([], ["negotiated"])
    for option in found.options:
        assert option.approvals == (2 if option.route == "negotiated" else 0)


def changed(facts: Facts, flip: Flip, policy: Policy) -> Facts:
    """The facts after the customer did what the flip says."""
    for change in flip.changes:
        if change.column == "evidence_complete":
            facts = replace(facts, evidence=facts.evidence | set(policy.evidence[facts.reason]))
        elif change.column == "contested":
            facts = replace(facts, evidence=facts.evidence | {"redemption_record"})
        elif change.column == "amount_minor":
            facts = replace(facts, requested_minor=int(change.to))
        else:
            facts = with_days_left(facts, int(change.to), policy)
    return facts


def with_days_left(facts: Facts, days: int, policy: Policy) -> Facts:
    assert facts.completed_at is not None
    moved = replace(facts, completed_at=facts.completed_at + timedelta(days=days - days_left(facts, policy)))
    assert days_left(moved, policy) == days
    return moved


# A table is dear to compile, so each is tried with several claims.
_ASKING = {**STANDARD.evidence, "other": ("other",), "not_delivered": ("redemption_record", "other")}
ANY_POLICY = st.one_of(
    POLICIES, st.builds(lambda rules: with_rules(*rules, evidence=_ASKING), tables(most=6))
)


@given(st.lists(claims(), min_size=6, max_size=6), ANY_POLICY)
@settings(max_examples=60)
def test_a_flip_really_flips_and_until_then(several: list[Facts], policy: Policy) -> None:
    """R1.4: do what it says, and the verdict is what it promises; until then and not a day longer."""
    for facts in several:
        found = assess(facts, policy, china())
        if found.flip:
            _check_flip(facts, policy, found, found.flip)


def _check_flip(facts: Facts, policy: Policy, found: Assessment, flip: Flip) -> None:
    before = RANK[found.verdict]
    after = changed(facts, flip, policy)
    assert verdict_of(after, policy) == (flip.verdict, flip.rule)
    assert RANK[flip.verdict] > before
    assert flip.in_hand == all(change.column != "days_left" for change in flip.changes)
    if facts.completed_at is None or facts.completed_at > (facts.asked_at or facts.at):
        return
    if flip.until is None:
        assert _rank(with_days_left(after, -500, policy), policy) > before
        return
    assert found.window_ends_at is not None
    last = (found.window_ends_at - flip.until).days
    assert _rank(with_days_left(after, last, policy), policy) > before
    assert _rank(with_days_left(after, last - 1, policy), policy) <= before


def _rank(facts: Facts, policy: Policy) -> int:
    return RANK[verdict_of(facts, policy)[0]]


@given(st.lists(claims(), min_size=4, max_size=4), st.integers(1, 60), ANY_POLICY)
@settings(max_examples=40)
def test_no_smaller_change_would_do(several: list[Facts], asked: int, policy: Policy) -> None:
    """R1.4: against everything that a customer could try by hand."""
    for facts in several:
        facts = replace(facts, tenders=(paid(60),), requested_minor=asked)
        found = assess(facts, policy, china())
        if found.verdict in ("reject", "needs_evidence") and not found.rule.startswith("law."):
            _check_least(facts, policy, found)


def _check_least(facts: Facts, policy: Policy, found: Assessment) -> None:
    changes = found.flip.changes if found.flip and found.flip.in_hand else ()
    evidence = [facts.evidence | set(policy.evidence[facts.reason])]
    if facts.delivery == "redeemed":
        evidence.append(facts.evidence | {"redemption_record"})
    sent = [replace(facts, evidence=more) for more in evidence]
    less = [replace(facts, requested_minor=minor) for minor in range(1, facts.requested_minor)]
    better = [one for one in (*sent, *less) if _rank(one, policy) > RANK[found.verdict]]
    assert not better or len(changes) == 1
    if found.flip and [change.column for change in changes] == ["amount_minor"]:
        assert changes[0].to == max(
            one.requested_minor for one in less if _rank(one, policy) == RANK[found.flip.verdict]
        )
    if not changes:
        both = [
            replace(one, evidence=more) for one in less for more in (*evidence, frozenset().union(*evidence))
        ]
        assert not any(_rank(one, policy) > RANK[found.verdict] for one in both)


@given(claims(), POLICIES, st.sampled_from(EVIDENCE_KINDS))
def test_more_evidence_never_harms(facts: Facts, policy: Policy, kind: str) -> None:
    """R2.3: under every shipped policy, what is sent can only help."""
    more = replace(facts, evidence=facts.evidence | {kind})
    assert RANK[verdict_of(more, policy)[0]] >= RANK[verdict_of(facts, policy)[0]]


@given(claims(), POLICIES, st.integers(0, 40))
def test_waiting_never_helps(facts: Facts, policy: Policy, days: int) -> None:
    """R1.3: a later claim on the same facts is never answered better."""
    assume(facts.completed_at is not None)
    assert facts.completed_at is not None
    older = replace(facts, completed_at=facts.completed_at - timedelta(days=days))
    assert RANK[verdict_of(older, policy)[0]] <= RANK[verdict_of(facts, policy)[0]]


@given(claims(), POLICIES, st.data())
def test_asking_for_less_never_harms(facts: Facts, policy: Policy, data: st.DataObject) -> None:
    """R2.2: a part of a refund is answered at least as well as the whole."""
    assume(facts.requested_minor > 1)
    less = replace(facts, requested_minor=data.draw(st.integers(1, facts.requested_minor - 1)))
    assert RANK[verdict_of(less, policy)[0]] >= RANK[verdict_of(facts, policy)[0]]


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    st.timedeltas(timedelta(0), timedelta(days=60)),
    st.timedeltas(timedelta(0), timedelta(days=5)),
    POLICIES,
)
def test_days_left_never_grow(completed: datetime, since: timedelta, more: timedelta, policy: Policy) -> None:
    """R1.3: and the window ends exactly when they pass below zero."""
    completed = completed.replace(tzinfo=ZONE)
    facts = claim(completed_at=completed, at=completed + since)
    later = replace(facts, at=facts.at + more)
    assert days_left(later, policy) <= days_left(facts, policy)
    ends = decide(facts, policy).window_ends_at
    assert ends is not None
    assert (days_left(facts, policy) >= 0) == (facts.at < ends + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"reason": "because"}, "reason: 'because' is not one of"),
        ({"requested_minor": "100"}, "requested_minor: '100' is not a whole number"),
        ({"requested_minor": 1.5}, "requested_minor"),
        ({"requested_minor": True}, "requested_minor"),
        ({"requested_minor": 10**20}, "requested_minor"),
        ({"recent_refunds": -1}, "recent_refunds: -1 is below 0"),
        ({"at": "2026-11-20T10:00:00"}, "at: 2026-11-20T10:00:00 has no time zone"),
        ({"at": "soon"}, "at: 'soon' is not an instant"),
        ({"at": None}, "at: missing"),
        ({"at": "2010-01-01T00:00:00+08:00"}, "at: 2010"),
        ({"completed_at": "9999-12-31T23:59:59+00:00"}, "completed_at: 9999"),
        ({"evidence": ["selfie"]}, "evidence: unknown kinds"),
        ({"tenders": []}, "tenders: an order has at least one payment"),
        (
            {"tenders": [{"payment_id": 1, "channel": "gold", "paid_minor": 1, "refundable_minor": 1}]},
            "channel: 'gold'",
        ),
        (
            {"tenders": [{"payment_id": 1, "channel": "card", "paid_minor": 1, "refundable_minor": 2}]},
            "2 of 1 paid",
        ),
        (
            {"tenders": [{"payment_id": 1, "channel": "card", "paid_minor": -1, "refundable_minor": -1}]},
            "-1 paid",
        ),
        ({"tenders": [{"payment_id": 1, "channel": "card"}]}, "facts incomplete"),
        ({"tenders": ["card"]}, "tender: expected an object"),
        ({"has_account": "yes"}, "has_account: 'yes' is neither true nor false"),
        ({"refund": 3}, "unknown facts: refund"),
    ],
)
def test_facts_with_a_slip_are_refused_by_name(changes: dict[str, object], says: str) -> None:
    """R6.4: no answer is built on a slip."""
    good = claim(at=NOW, evidence=FAULTY).as_dict()
    assert Facts.from_dict(good).evidence == FAULTY
    with pytest.raises(ValueError) as refused:
        Facts.from_dict({**good, **changes})
    assert says in str(refused.value)
