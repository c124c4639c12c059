"""What channels tell by themselves (invariant 10): heard once, about our refunds only, in any order with the
worker's own questions.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.adapters.channels import Notice, NoticeRefused, Outcome
from core.adapters.tables import channel_notices, refused_notices
from core.domain.errors import NotAllowed, NotFound
from core.domain.workdays import local_date
from core.services import hearing, payouts
from tests.shop import FINANCE, MEI, REVIEWER, Shop


def sent(shop: Shop) -> str:
    """A refund of ¥100.00 that Alipay has accepted."""
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    assert shop.payouts(case_no)[0].state == "accepted"
    return case_no


def notice(shop: Shop, case_no: str, kind: str = "arrived", number: str = "n-1", **other: object) -> Notice:
    row = shop.payouts(case_no)[0]
    request = payouts.request_of(row)
    at = shop.clock.at - timedelta(seconds=5)
    told = Notice(
        number,
        request.key,
        (request.trade_no, "another number of the same trade"),
        request.amount_minor,
        Outcome(kind, "ref-told", "account_closed" if kind == "returned" else None, at),  # type: ignore[arg-type]
    )
    return replace(told, **other)  # type: ignore[arg-type]


def hear(shop: Shop, told: Notice) -> str:
    shop.alipay.says = told
    found = hearing.hear(shop.app, "alipay", {}, b"")
    assert found.thanks == "success"
    return found.verdict


def test_the_money_is_there_before_anybody_has_asked(shop: Shop) -> None:
    case_no = sent(shop)
    asked = len(shop.alipay.asked)
    assert hear(shop, notice(shop, case_no)) == "heard"
    [payout] = shop.payouts(case_no)
    assert payout.state == "arrived" and shop.view(case_no).state == "completed"
    assert payout.arrived_at == shop.clock.at - timedelta(seconds=5), "when it says, not when it was heard"
    assert len(shop.alipay.asked) == asked and shop.audit() == []


def test_told_twice_it_happens_once_and_both_are_thanked(shop: Shop) -> None:
    case_no = sent(shop)
    told = notice(shop, case_no)
    assert [hear(shop, told) for _ in range(3)] == ["heard", "twice", "twice"]
    assert shop.audit() == []
    with shop.app.read() as conn:
        assert conn.execute(select(channel_notices.c.times)).scalars().all() == [3]


def test_of_many_at_once_one_is_heard(shop: Shop) -> None:
    case_no = sent(shop)
    shop.alipay.says = notice(shop, case_no)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: hearing.hear(shop.app, "alipay", {}, b"").verdict, range(16)))
    assert sorted(found) == ["heard"] + ["twice"] * 15
    assert shop.view(case_no).state == "completed" and shop.audit() == []


def test_of_many_about_no_refund_of_ours_one_is_noted(shop: Shop) -> None:
    shop.alipay.says = notice(shop, sent(shop), key="R000000-XXXXXX-1-1")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: hearing.hear(shop.app, "alipay", {}, b"").verdict, range(16)))
    assert sorted(found) == ["twice"] * 15 + ["unknown"]


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ({"key": "R000000-XXXXXX-1-1"}, "unknown"),
        ({"amount_minor": 9_999}, "differs"),
        ({"amount_minor": 10_001}, "differs"),
        ({"trade_nos": ("2026000000",)}, "differs"),
    ],
)
def test_what_is_not_about_this_refund_changes_nothing(
    shop: Shop, other: dict[str, object], verdict: str
) -> None:
    case_no = sent(shop)
    before = shop.payouts(case_no)
    assert hear(shop, notice(shop, case_no, **other)) == verdict
    assert shop.payouts(case_no) == before and shop.view(case_no).state == "paying"
    assert shop.audit() == []


def test_another_channels_word_about_our_key_is_nobodys(shop: Shop) -> None:
    case_no = sent(shop)
    shop.wechat.says = notice(shop, case_no)
    assert hearing.hear(shop.app, "wechat", {}, b"").verdict == "unknown"
    assert shop.view(case_no).state == "paying"


def test_a_return_leads_to_talks(shop: Shop) -> None:
    case_no = sent(shop)
    assert hear(shop, notice(shop, case_no, "returned")) == "heard"
    assert shop.view(case_no).state == "negotiating" and shop.audit() == []


@pytest.mark.parametrize(("first", "then"), [("arrived", "returned"), ("returned", "arrived")])
def test_what_comes_too_late_to_be_true_is_noted_for_people(shop: Shop, first: str, then: str) -> None:
    case_no = sent(shop)
    assert hear(shop, notice(shop, case_no, first)) == "heard"
    state = shop.view(case_no).state
    assert hear(shop, notice(shop, case_no, then, "n-2")) == "contradicts"
    assert hear(shop, notice(shop, case_no, first, "n-3")) == "heard", "said again under another number"
    assert shop.view(case_no).state == state and shop.audit() == []
    [odd] = hearing.odd(shop.app, FINANCE, local_date(shop.clock.at))
    assert (odd.channel, odd.why, odd.times) == ("alipay", "contradicts", 1)


def test_nothing_is_known_of_what_was_never_sent(shop: Shop) -> None:
    case_no = shop.apply(shop.order()).case_no
    shop.alipay.faults.extend(["lose_before"] * 9)
    shop.app.channels = {}
    shop.work()  # planned, and no channel to send it with
    shop.app.channels = {"alipay": shop.alipay}
    with shop.app.begin() as conn:
        conn.exec_driver_sql("UPDATE payouts SET state = 'planned', sent_at = NULL, cause = NULL")
    assert hear(shop, notice(shop, case_no)) == "contradicts"
    assert shop.payouts(case_no)[0].state == "planned"


def test_it_comes_while_the_request_itself_is_on_its_way(shop: Shop) -> None:
    """The channel's notice overtakes its own answer, which changes nothing any more."""
    case_no = shop.apply(shop.order()).case_no
    found: list[str] = []
    shop.alipay.before_answer = lambda: found.append(hear(shop, notice(shop, case_no)))
    shop.work()
    assert found == ["heard"] and shop.view(case_no).state == "completed"
    [payout] = shop.payouts(case_no)
    assert payout.state == "arrived" and payout.due_at is None and shop.audit() == []
    shop.alipay.before_answer = lambda: None
    shop.work(days=3)
    assert shop.alipay.asked == []


def test_lost_before_the_commit_it_comes_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is left, its number neither."""
    case_no = sent(shop)
    told = notice(shop, case_no)
    with monkeypatch.context() as patched:
        patched.setattr(hearing, "take", lambda *_: (_ for _ in ()).throw(RuntimeError("power")))
        with pytest.raises(RuntimeError):
            hear(shop, told)
    assert shop.view(case_no).state == "paying"
    assert hear(shop, told) == "heard" and shop.view(case_no).state == "completed"


@pytest.mark.parametrize("code", ["unsigned", "stale", "unreadable", "other_kind"])
def test_what_must_not_be_believed_is_counted_by_the_day(shop: Shop, code: str) -> None:
    shop.alipay.says = code
    for _ in range(3):
        with pytest.raises(NoticeRefused):
            hearing.hear(shop.app, "alipay", {}, b"")
    with shop.app.read() as conn:
        assert [tuple(row) for row in conn.execute(select(refused_notices))] == [
            ("alipay", local_date(shop.clock.at).isoformat(), code, 3)
        ]
        assert conn.execute(select(channel_notices)).all() == []
    today = local_date(shop.clock.at)
    told = [] if code == "other_kind" else [hearing.Odd("alipay", code, 3)]  # that one is genuine
    assert hearing.odd(shop.app, FINANCE, today) == told
    assert hearing.odd(shop.app, FINANCE, today + timedelta(days=1)) == []
    for stranger in (MEI, REVIEWER):
        with pytest.raises(NotAllowed):
            hearing.odd(shop.app, stranger, today)


def test_no_channel_no_notice(shop: Shop) -> None:
    with pytest.raises(NotFound):
        hearing.hear(shop.app, "balance-of-mine", {}, b"")
