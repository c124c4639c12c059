"""R5.3: one true sentence about the money for every state and every mix of payouts, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import texts, wording
from core.domain.deadlines import ESCALATED_TO, SECOND
from core.domain.lifecycle import CASE, PAYOUT
from core.domain.locator import (
    DISPUTED,
    KEYS,
    OWN,
    BillRow,
    Kept,
    Located,
    Piece,
    Talks,
    Ticket,
    locate,
)
from core.domain.settlement import HERE, WHY

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
DUE = datetime(2026, 12, 1, 15, 59, 59, tzinfo=UTC)


def piece(state: str, channel: str = "alipay", amount: int = 10_000, eta: datetime = DUE) -> Piece:
    return Piece(
        channel,
        "138****2046",
        amount,
        state,
        eta if state in ("accepted", "arrived") else None,
        NOW if state == "arrived" else None,
        NOW + timedelta(days=365) if channel in HERE and state == "arrived" else None,
        kept=Kept(amount) if channel in HERE and state == "arrived" else None,
    )


def where(
    state: str,
    *pieces: Piece,
    amount: int | None = 10_000,
    due: datetime | None = DUE,
    through: int = 2026,
    owner: str | None = None,
    **more: Any,
) -> Located:
    return locate(
        state,
        amount_minor=amount,
        currency="CNY",
        due_at=due,
        pieces=pieces,
        now=NOW,
        published_through=through,
        channels=("alipay",),
        owner=owner,
        **more,
    )


def zh(located: Located) -> str:
    return wording.sentence(texts.of("zh_CN"), located, NOW)


@pytest.mark.parametrize(
    ("state", "pieces", "sentence"),
    [
        ("paying", (piece("accepted"),), "¥100.00 已交给支付宝，预计最晚 12月1日（周二）到账"),
        ("paying", (piece("unknown"),), "¥100.00 已发往支付宝，对方还没回执"),
        ("paying", (piece("planned", "wechat"),), "¥100.00 正在交给微信支付"),
        ("completed", (piece("arrived"),), "¥100.00 已于 11月28日（周六）退到你的支付宝 138****2046"),
        (
            "completed",
            (piece("arrived", "balance"),),
            "¥100.00 已于 11月28日（周六）退到你的平台余额，有效至 2027年11月28日（周日）",
        ),
        (
            "completed",  # paid by two means, so there are two credits
            (piece("arrived", "balance", 4_000), piece("arrived", "balance", 6_000)),
            "¥100.00 已于 11月28日（周六）退到你的平台余额，有效至 2027年11月28日（周日）",
        ),
        (
            "completed",
            (replace(piece("arrived"), in_wallet=True),),
            "¥100.00 已于 11月28日（周六）退到你的支付宝余额，因为付款的银行卡收不了款",
        ),
        (
            "completed",
            (replace(piece("arrived", amount=2_000), in_wallet=True), piece("arrived", "wechat", 8_000)),
            "¥100.00 已全部到账，其中 ¥20.00 在你的支付宝余额里，因为付款的银行卡收不了款",
        ),
        (
            "completed",
            (piece("arrived", "redeem_code"),),
            "¥100.00 已经以兑换码发给你，有效至 2027年11月28日（周日）",
        ),
        ("paying", (piece("planned", "discount"),), "¥100.00 正在开成会员折扣券发给你"),
        ("approved", (), "¥100.00 已批准，马上交给支付宝"),
        ("in_review", (), "¥100.00 还在商家账户，正在人工审核，最晚 12月1日（周二）给你结果"),
        ("withdrawn", (), "¥100.00 仍在商家账户：你撤回了申请，没有退款"),
    ],
)
def test_the_sentence(state: str, pieces: tuple[Piece, ...], sentence: str) -> None:
    assert zh(where(state, *pieces)).startswith(sentence)


@pytest.mark.parametrize(
    ("ends", "sentence", "by"),
    [
        (None, "还没有申请退款，草稿保留到 12月1日（周二）", DUE),
        (DUE + timedelta(days=1), "还没有申请退款，草稿保留到 12月1日（周二）", DUE),
        (DUE - timedelta(days=1), "还没有申请退款，到 11月30日（周一）都可以提交", DUE - timedelta(days=1)),
        (NOW - timedelta(days=1), "还没有申请退款，申请期限到 11月27日（周五）为止，已经过了", None),
    ],
)
def test_a_draft_says_what_ends_first(ends: datetime | None, sentence: str, by: datetime | None) -> None:
    """R1.3: the window to ask, or the time for which the draft is kept; past the window nothing is 'kept'."""
    located = where("draft", ask_until=ends)
    assert (zh(located), located.by) == (sentence, by)


@pytest.mark.parametrize(
    ("ends", "sentence", "after"),
    [
        (DUE, "到 12月1日（周二）都可以申诉，或改正后再申请", "你可以申诉、改正后再申请，或者不再处理"),
        (
            DUE - timedelta(days=1),
            "到 12月1日（周二）都可以申诉，到 11月30日（周一）都可以改正后再申请",
            "你可以申诉、改正后再申请，或者不再处理",
        ),
        (NOW - timedelta(days=1), "到 12月1日（周二）都可以申诉", "不能再重新申请"),
    ],
)
def test_a_refusal_offers_what_is_still_possible(ends: datetime, sentence: str, after: str) -> None:
    """R3.5, R3.6: an appeal has its own time, asking anew ends with the window."""
    located = where("rejected", ask_until=ends)
    assert zh(located).endswith(sentence)
    assert after in wording.next_sentence(texts.of("zh_CN"), located, NOW)
    if ends < NOW:  # nor where the time to appeal is over as well
        assert "再申请" not in zh(where("rejected", ask_until=ends, due=None))


@pytest.mark.parametrize(
    ("state", "pieces"),
    [("approved", ()), ("paying", (piece("accepted"),)), ("completed", (piece("arrived"),))],
)
def test_a_part_is_said_to_be_one(state: str, pieces: tuple[Piece, ...]) -> None:
    whole, part = where(state, *pieces), where(state, *pieces, asked_minor=49_800)
    assert zh(part) == f"{zh(whole)}（你申请了 ¥498.00，批准了一部分）"


@pytest.mark.parametrize(
    ("channel", "kept", "sentence"),
    [
        ("balance", Kept(1), "¥100.00 已于 11月28日（周六）退到你的平台余额，有效至 2027年11月28日（周日）"),
        ("balance", Kept(0), "¥100.00 已于 11月28日（周六）退到你的平台余额，之后已经用掉"),
        (
            "balance",
            Kept(0, 3_000),
            "¥100.00 已于 11月28日（周六）退到你的平台余额，有效期到 2027年11月28日（周日）为止，"
            "没用完的 ¥30.00 已经失效",
        ),
        ("balance", None, "¥100.00 已于 11月28日（周六）退到你的平台余额"),
        ("discount", Kept(10_000), "¥100.00 已经以会员折扣券发给你，有效至 2027年11月28日（周日）"),
        (
            "discount",
            Kept(0, used_at=NOW),
            "¥100.00 已经以会员折扣券发给你，这张券已于 11月28日（周六）使用",
        ),
        (
            "discount",
            Kept(0, 10_000),
            "¥100.00 已经以会员折扣券发给你，有效期到 2027年11月28日（周日）为止，没有使用，已经失效",
        ),
        ("discount", None, "¥100.00 已于 11月28日（周六）以会员折扣券发出"),
    ],
)
def test_what_stayed_here_is_not_said_to_be_there_for_ever(
    channel: str, kept: Kept | None, sentence: str
) -> None:
    """A balance is spent, a voucher is used, both run out; without leave to know nothing of it is said."""
    found = where("completed", replace(piece("arrived", channel), kept=kept))
    assert zh(found).replace("\u2060", "") == sentence


def test_what_the_balance_holds_now_is_said_beside_it() -> None:
    tx = texts.of("zh_CN")
    for left, said in ((700, "¥7.00"), (0, "¥0.00")):
        found = where("completed", piece("arrived", "balance"), balance_minor=left)
        assert said in wording.next_sentence(tx, found, NOW)
    assert "余额" not in wording.next_sentence(tx, where("completed", piece("arrived", "balance")), NOW)


def test_what_ended_as_a_draft_was_never_asked_for() -> None:
    assert {zh(where(state, was_sent=False)) for state in ("withdrawn", "closed")} == {
        "没有申请过退款，草稿已经不在了"
    }


def test_the_part_that_is_behind_speaks() -> None:
    """Two payouts: what has arrived is said, and the rest by its least advanced part."""
    located = where("paying", piece("arrived", "wechat", 4_000), piece("accepted", "alipay", 6_000))
    assert zh(located) == "¥40.00 已到账；另外 ¥60.00 已交给支付宝，预计最晚 12月1日（周二）到账"
    located = where("paying", piece("unknown", "wechat", 4_000), piece("accepted", "alipay", 6_000))
    assert (located.key, located.by) == ("locator.asking", None)


def test_the_latest_date_is_promised() -> None:
    later = DUE + timedelta(days=3)
    located = where("paying", piece("accepted"), piece("accepted", "card", eta=later))
    assert located.by == later
    assert "支付宝、银行卡" in zh(located)


def test_past_the_date_it_is_late() -> None:
    located = where("paying", piece("accepted", eta=NOW - timedelta(hours=1)))
    assert located.key == "locator.with_channel_late"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("in_review", "审核超过了时限，已交给主管，最晚 12月1日（周二）给你结果"),
        ("in_appeal", "审核超过了时限，已交给主管，最晚 12月1日（周二）给你结果"),
        ("in_arbitration", "仲裁超过了时限，主管正在催办，最晚 12月1日（周二）有结果"),
    ],
)
def test_an_overdue_review_says_who_has_it_and_the_new_date(state: str, sentence: str) -> None:
    """R3.2."""
    assert sentence in zh(where(state, owner="lead"))


@pytest.mark.parametrize("owner", [None, "lead"])
@pytest.mark.parametrize("state", CASE.states)
def test_a_date_in_the_past_is_no_promise(state: str, owner: str | None) -> None:
    located = where(state, due=NOW, owner=owner)
    assert located.by is None and "11月28日" not in zh(located)


def test_a_date_beyond_the_published_calendar_is_provisional() -> None:
    """Invariant 16."""
    located = where("paying", piece("accepted"), through=2025)
    assert located.provisional and "暂定" in zh(located)


def test_a_bounced_payout_is_with_the_shop_again() -> None:
    """It stays true when a channel changes the destination."""
    located = where("negotiating", piece("replanned"), due=None)
    assert (located.key, located.holder) == ("locator.bounced", "shop")


@pytest.mark.parametrize("pieces", [(), (piece("replanned"),), (piece("arrived"), piece("replanned"))])
def test_talks_have_a_date(pieces: tuple[Piece, ...]) -> None:
    """R4.5: whoever waits for an arrangement knows until when, and who has it once that has passed."""
    located = where("negotiating", *pieces)
    assert zh(located).endswith("最晚 12月1日（周二）定下来") and located.by == DUE
    late = where("negotiating", *pieces, owner=ESCALATED_TO)
    assert late.by == DUE and "已交给主管" in wording.next_sentence(texts.of("zh_CN"), late, NOW)
    assert where("negotiating", *pieces, through=2025).provisional


@pytest.mark.parametrize(
    ("why", "because"),
    [("escrow", "第三方担保"), ("closed", "付款的账户已经关闭"), ("other", "不能直接退回")],
)
def test_until_they_have_said_how_to_have_it_it_is_the_customers_turn(why: str, because: str) -> None:
    """R4.5: not 'finance is arranging it' while finance waits for them; and why it is asked at all."""
    asked = where("negotiating", talks=Talks(why, is_theirs=True))
    assert because in zh(asked) and "等你说" in zh(asked) and "财务" not in zh(asked)
    assert asked.turn and asked.by == DUE and zh(asked).endswith("请在 12月1日（周二）前选好")
    assert "选一种收款方式" in wording.next_sentence(texts.of("zh_CN"), asked, NOW)
    told = where("negotiating", talks=Talks(why, is_theirs=False))
    assert "财务" in zh(told) and not told.turn
    late = where("negotiating", talks=Talks(why, is_theirs=True), owner=ESCALATED_TO)
    assert late.next_key == "locator.next.your_way", "that a lead presses does not say it for them"
    suggested = where("negotiating", talks=Talks(why, is_theirs=True, is_suggested=True))
    assert (suggested.turn, suggested.key) == (True, asked.key)
    assert "我们建议了一种收款方式" in wording.next_sentence(texts.of("zh_CN"), suggested, NOW)


def test_a_bounced_refund_waits_for_them_as_well() -> None:
    asked = where("negotiating", piece("replanned"), talks=Talks("closed", is_theirs=True))
    assert asked.turn and "没能收下" in zh(asked) and "等你说" in zh(asked)
    told = where("negotiating", piece("replanned"), talks=Talks("closed", is_theirs=False))
    assert not told.turn and "财务" in zh(told)


LOST = Ticket(DUE)


def test_two_who_contradict_each_other_are_both_told() -> None:
    """The channel says that it has arrived and the customer does not find it: no sentence takes a side."""
    lost = where("completed", replace(piece("arrived"), ticket=LOST))
    assert "支付宝 138****2046 记录" in zh(lost) and "你说没有收到" in zh(lost)
    assert (lost.holder, lost.by, lost.sure) == ("channel", DUE, DISPUTED)
    open_ = where("paying", replace(piece("accepted", eta=NOW - timedelta(1)), ticket=LOST))
    assert open_.key == "locator.missing_open" and "还没有确认到账" in zh(open_)


def test_what_finance_has_not_transferred_is_here_and_what_it_has_is_on_its_record() -> None:
    waits = where("paying", replace(piece("accepted"), by_hand=True, ticket=LOST))
    assert (waits.holder, waits.key) == ("shop", "locator.by_hand")
    done = where("completed", replace(piece("arrived", "card"), by_hand=True, ticket=LOST))
    assert zh(done).startswith("财务记录 ¥100.00 已于 11月28日（周六）转到约定的银行卡")


@pytest.mark.parametrize("ticket", [Ticket(NOW - timedelta(1)), Ticket(DUE, is_late=True)])
def test_an_answer_that_is_late_has_its_new_date_or_none(ticket: Ticket) -> None:
    lost = where("completed", replace(piece("arrived"), ticket=ticket))
    assert "答复晚了" in zh(lost) and lost.by in (None, DUE)
    assert ("已由主管接手，最晚" in zh(lost)) is (lost.by is not None)


def test_what_bounced_after_all_is_with_the_shop_whatever_the_ticket_says() -> None:
    located = where("negotiating", replace(piece("replanned"), ticket=LOST))
    assert (located.holder, located.key) == ("shop", "locator.bounced_by")


def test_how_sure_it_is() -> None:
    """On our books, on the channel's word of a day, on the customer's own bill, or only that it was sent."""
    tx = texts.of("zh_CN")
    assert where("in_review").sure == OWN and where("paying", piece("arrived", "balance")).sure == OWN
    heard = where("paying", replace(piece("accepted"), heard_at=NOW))
    assert wording.sure_sentence(tx, heard, NOW) == "依据：渠道 11月28日（周六）的回执"
    arrived = where("completed", replace(piece("arrived"), heard_at=NOW + timedelta(days=2)))
    assert wording.sure_sentence(tx, arrived, NOW) == "依据：渠道的到账回执", "R5.1: one date, not two"
    assert where("paying", piece("unknown")).sure == "locator.sure.sent"
    row = BillRow(12, NOW, 10_000)
    own_bill = where("completed", replace(piece("arrived"), heard_at=NOW, row=row))
    assert wording.sure_sentence(tx, own_bill, NOW) == (
        "依据：你自己账单的第 12 行，11月28日（周六），¥100.00"
    )
    assert where("paying", replace(piece("accepted"), by_hand=True)).sure == "locator.sure.to_transfer"
    assert where("completed", replace(piece("arrived"), by_hand=True)).sure == "locator.sure.finance"


def test_after_a_replan_only_the_live_payout_counts() -> None:
    located = where("paying", piece("replanned"), piece("accepted", "balance"))
    assert located.params["channels"] == ("balance",) and located.params["amount_minor"] == 10_000


def test_a_state_that_is_none() -> None:
    with pytest.raises(ValueError, match="unknown state"):
        where("asleep")


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_state_and_every_mix_has_its_sentence(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Total: every state, no amount or one, a clock or none, every pair of payout states."""
    monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
    tx = texts.of(language)
    mixes = [(), *[(piece(a),) for a in PAYOUT.states]]
    mixes += [(piece(a), piece(b, "wechat")) for a, b in product(PAYOUT.states, repeat=2)]
    for state, pieces, amount, due in product(CASE.states, mixes, (None, 10_000), (None, DUE)):
        located = where(state, *pieces, amount=amount, due=due)
        assert located.key in KEYS and located.next_key in KEYS
        for sentence in (wording.sentence(tx, located, NOW), wording.next_sentence(tx, located, NOW)):
            assert sentence and "{" not in sentence and "None" not in sentence, (state, pieces)


def as_kept(piece: Piece) -> Piece:
    """As the database keeps it: what was accepted has a date, what arrived a time (audit, invariant 5)."""
    eta = piece.eta_at or DUE if piece.state in ("accepted", "arrived") else None
    return replace(
        piece, eta_at=eta, arrived_at=NOW - timedelta(days=1) if piece.state == "arrived" else None
    )


PIECES = st.builds(
    Piece,
    channel=st.sampled_from(["alipay", "wechat", "card", *HERE]),
    account=st.sampled_from(["", "138****2046"]),
    amount_minor=st.integers(1, 10**9),
    state=st.sampled_from(PAYOUT.states),
    eta_at=st.sampled_from([None, NOW - timedelta(days=1), NOW, DUE]),
    expires_at=st.sampled_from([None, NOW + timedelta(days=365)]),
    by_hand=st.booleans(),
    heard_at=st.sampled_from([None, NOW - timedelta(hours=3)]),
    row=st.sampled_from([None, BillRow(3, NOW, 1)]),
    is_away=st.booleans(),
    in_wallet=st.booleans(),
    kept=st.sampled_from([None, Kept(1), Kept(0), Kept(0, 1), Kept(0, used_at=NOW)]),
    ticket=st.sampled_from([None, None, LOST, Ticket(NOW - timedelta(days=1)), Ticket(DUE, is_late=True)]),
).map(as_kept)


@settings(max_examples=600, deadline=None)
@given(
    state=st.sampled_from(CASE.states),
    pieces=st.lists(PIECES, max_size=3),
    amount=st.sampled_from([None, 10_000]),
    due=st.sampled_from([None, NOW - timedelta(days=1), DUE]),
    owner=st.sampled_from([None, ESCALATED_TO, SECOND, "finance"]),
    talks=st.one_of(st.none(), st.builds(Talks, st.sampled_from(WHY), st.booleans())),
    language=st.sampled_from(texts.LANGUAGES),
)
def test_whatever_is_known_there_is_one_true_sentence(
    state: str,
    pieces: list[Piece],
    amount: int | None,
    due: datetime | None,
    owner: str | None,
    talks: Talks | None,
    language: str,
) -> None:
    """Total, and true: no date that has passed is promised, whose turn it is agrees with what was said, a
    dispute is said wherever there is one and nowhere else, and what is certain is what somebody vouches for.
    """
    tx = texts.of(language)
    found = where(state, *pieces, amount=amount, due=due, owner=owner, talks=talks)
    assert {found.key, found.next_key, found.sure} <= set(KEYS)
    said = [each(tx, found, NOW) for each in (wording.sentence, wording.next_sentence, wording.sure_sentence)]
    for sentence in said:
        assert sentence and "{" not in sentence and "None" not in sentence and "locator" not in sentence
        assert "—" not in sentence.replace(" — ", ""), "a parameter without a value"
    assert found.by is None or found.by > NOW or "_late" in found.key or found.key.endswith("late_rest")
    is_asked = state == "negotiating" and talks is not None and talks.is_theirs
    assert found.turn == is_asked
    if language == "zh_CN":
        assert ("等你说" in said[0]) == is_asked
    live = [piece for piece in pieces if piece.state != "replanned"]
    is_lost = state in ("paying", "completed") and any(
        piece.ticket and (piece.state == "arrived" or not piece.by_hand) for piece in live
    )
    assert (found.sure == DISPUTED) == is_lost == found.key.startswith("locator.missing")
    if found.sure == "locator.sure.channel":
        assert any(piece.heard_at and piece.state in ("accepted", "arrived") for piece in pieces)
    if found.sure == "locator.sure.arrived":
        assert all(piece.state == "arrived" for piece in live if state == "paying")
    if found.sure == "locator.sure.bill":
        assert any(piece.row for piece in pieces)
    if found.key in ("locator.arrived_balance", "locator.arrived_voucher"):
        assert any(p.kept and p.kept.left_minor for p in live), "what is gone is not valid until a day"
    if found.key.startswith("locator.arrived"):
        assert found.params["amount_minor"] == sum(p.amount_minor for p in pieces if p.state == "arrived")
    if state not in ("paying", "completed"):
        assert found.sure == OWN and found.holder != "channel", "money that was never sent is here"


def test_every_key_can_be_reached() -> None:
    """No dead words in the catalogs."""
    reached = set()
    states = [*[(piece(a),) for a in PAYOUT.states], ()]
    states += [(piece(a), piece(b)) for a, b in product(PAYOUT.states, repeat=2)]
    states += [(piece("arrived", "balance"),), (piece("arrived", "redeem_code"),)]
    states += [(piece("planned", "discount"),), (piece("arrived"), piece("planned", "discount"))]
    for state, pieces, amount, due in product(CASE.states, states, (None, 1), (None, DUE)):
        for late, owner in product((False, True), (None, ESCALATED_TO, SECOND)):
            moved = [
                Piece(
                    p.channel,
                    p.account,
                    p.amount_minor,
                    p.state,
                    NOW - timedelta(1) if late and p.eta_at else p.eta_at,
                    p.arrived_at,
                    p.expires_at,
                    kept=p.kept,
                )
                for p in pieces
            ]
            located = where(state, *moved, amount=amount, due=due, owner=owner)
            reached |= {located.key, located.next_key, located.sure}
            for why, is_suggested in product(WHY, (False, True)):
                asked = where(state, *moved, due=due, owner=owner, talks=Talks(why, True, is_suggested))
                reached |= {asked.key, asked.next_key}
    for state, ends in product(
        ("draft", "rejected"), (DUE - timedelta(1), DUE + timedelta(1), NOW - timedelta(1))
    ):
        located = where(state, ask_until=ends)
        reached |= {located.key, located.next_key}
    reached.add(where("withdrawn", was_sent=False).key)
    offered = where("awaiting_customer", due=DUE, is_offered=True)
    reached |= {offered.key, offered.next_key}
    for eta, rest in product((DUE, NOW - timedelta(1), None), ((), (piece("arrived"),))):
        by_hand = where("paying", replace(piece("accepted"), eta_at=eta, by_hand=True), *rest)
        reached |= {by_hand.key, by_hand.next_key}
    dates = (Ticket(DUE), Ticket(NOW), Ticket(DUE, is_late=True))
    for state, ticket, by_hand in product(("accepted", "arrived"), dates, (False, True)):
        lost = where("paying", replace(piece(state), ticket=ticket, by_hand=by_hand))
        reached |= {lost.key, lost.next_key, lost.sure}
    sure = (
        replace(piece("accepted"), heard_at=NOW),
        replace(piece("accepted"), row=BillRow(1, NOW, 1)),
        replace(piece("accepted"), by_hand=True),
        replace(piece("arrived"), by_hand=True),
    )
    reached |= {where("paying", each).sure for each in sure}
    reached.add(where("paying", replace(piece("unknown"), is_away=True)).next_key)
    for rest in ((), (piece("arrived"),)):
        closed = where("completed", replace(piece("arrived"), in_wallet=True), *rest)
        reached |= {closed.key, closed.next_key}
    for channel, kept in product(HERE, (None, Kept(0), Kept(0, 1), Kept(0, used_at=NOW))):
        gone = where("completed", replace(piece("arrived", channel), kept=kept), balance_minor=0)
        reached |= {gone.key, gone.next_key}
    assert reached == set(KEYS)


@given(
    st.lists(
        st.tuples(st.sampled_from(["accepted", "arrived"]), st.integers(1, 10**9)), min_size=1, max_size=5
    )
)
def test_the_amounts_add_up(parts: list[tuple[str, int]]) -> None:
    """What has arrived and what is under way is everything that was sent."""
    located = where("paying", *[piece(state, amount=amount) for state, amount in parts])
    told = located.params["amount_minor"] + located.params.get("arrived_minor", 0)
    assert told == sum(amount for _, amount in parts)
