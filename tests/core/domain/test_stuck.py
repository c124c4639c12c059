"""R5.6: support has a true sentence for every state of a case and every mix of payouts, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from core import texts
from core.domain.deadlines import ESCALATED_TO, EXPIRE, SECOND
from core.domain.lifecycle import CASE, PAYOUT
from core.domain.stuck import CODES, Payment, Stuck, stuck

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
SOON, PAST = NOW + timedelta(days=2), NOW - timedelta(days=2)


def where(
    state: str,
    *payouts: Payment,
    due: datetime | None = SOON,
    action: str = "",
    owner: str | None = None,
    is_theirs: bool = False,
) -> Stuck:
    return stuck(
        state, since=PAST, due_at=due, due_action=action or None, owner=owner, payouts=payouts, now=NOW,
        is_theirs=is_theirs,
    )  # fmt: skip


def test_every_state_has_a_sentence_and_every_sentence_a_state() -> None:
    reached = set()
    mixes = [(), *[(state,) for state in PAYOUT.states], *product(PAYOUT.states, repeat=2)]
    for state, mix in product(CASE.states, mixes):
        for channel, cause, eta in product(("alipay", "transfer"), (None, "no_channel"), (None, SOON, PAST)):
            payouts = [Payment(channel, each, cause, SOON, eta) for each in mix]
            for action, owner, due in (
                ("", None, SOON), ("escalate", None, PAST), (EXPIRE, None, SOON),
                ("escalate", SECOND, SOON), ("escalate", ESCALATED_TO, SOON),
            ):  # fmt: skip
                found = where(state, *payouts, due=due, action=action, owner=owner)
                reached.add(found.code)
                for language in texts.LANGUAGES:
                    words = texts.of(language)(f"stuck.{found.code}", channel="X")
                    assert words and "{" not in words
    reached.add(looked_for("completed").code)
    reached.add(where("negotiating", is_theirs=True).code)
    assert reached == set(CODES)


@pytest.mark.parametrize("owner", [None, "finance", ESCALATED_TO])
def test_talks_that_wait_for_the_customer_are_nobody_elses(owner: str | None) -> None:
    """R4.5, R5.6: their silence is no lateness of the shop's, whatever the clock says."""
    found = where("negotiating", owner=owner, action="escalate", due=PAST, is_theirs=True)
    assert (found.code, found.waits_for) == ("talks_theirs", "customer")
    ours = where("negotiating", owner=owner, action="escalate", due=PAST)
    assert (ours.code, ours.waits_for) == ("talks_late", "lead")


def looked_for(state: str) -> Stuck:
    return stuck(
        state, since=PAST, due_at=None, due_action=None, owner=None, payouts=[Payment("alipay", "arrived")],
        now=NOW, missing=(PAST, SOON),
    )  # fmt: skip


@pytest.mark.parametrize("state", CASE.states)
def test_what_its_customer_does_not_find_waits_for_support(state: str) -> None:
    """R5.4, R5.6: 'arrived' is no answer to who does not find it; what was never sent is not missing."""
    found = looked_for(state)
    is_sent = state in ("paying", "completed")
    assert (found.code == "missing") == is_sent
    if is_sent:
        assert (found.waits_for, found.since, found.by) == ("support", PAST, SOON)


@pytest.mark.parametrize(
    ("state", "payout", "code", "waits_for", "by"),
    [
        ("paying", Payment("alipay", "accepted", None, SOON, SOON), "at_channel", "channel", SOON),
        ("paying", Payment("alipay", "accepted", None, SOON, PAST), "channel_late", "finance", PAST),
        ("paying", Payment("alipay", "unknown", "no_answer", SOON), "asking", "portal", SOON),
        ("paying", Payment("card", "unknown", "no_channel", SOON), "no_channel", "finance", SOON),
        ("paying", Payment("transfer", "accepted", None, SOON, PAST), "by_hand_late", "finance", PAST),
    ],
)
def test_money_on_its_way(state: str, payout: Payment, code: str, waits_for: str, by: datetime) -> None:
    found = where(state, payout)
    assert (found.code, found.waits_for, found.by) == (code, waits_for, by)


def test_of_several_the_one_that_is_least_far() -> None:
    found = where(
        "paying", Payment("wechat", "arrived"), Payment("alipay", "unknown"), Payment("card", "accepted")
    )
    assert (found.code, found.params["channel"]) == ("asking", "alipay")


def test_a_state_that_is_none() -> None:
    with pytest.raises(ValueError, match="invented"):
        where("invented")
