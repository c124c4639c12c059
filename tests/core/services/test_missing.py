"""R5.4, R5.5: a refund that its customer does not find: their own bill, and tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from core.adapters.channels import Outcome
from core.adapters.tables import bill_rows, commands, notices, ticket_answers, tickets
from core.domain.actors import Actor
from core.domain.errors import (
    BillUnknown,
    CommandReused,
    NoBillToRead,
    NotAllowed,
    NotFound,
    NothingMissing,
    OwnCase,
    TextRequired,
    TextTooLong,
    TicketIsClosed,
    TicketIsOpen,
    TicketTooEarly,
)
from core.domain.workdays import ZONE
from core.services import cases, missing, payouts, policies, sending
from core.services.missing import Lost, TicketView
from tests.core.services.test_negotiations import transfer_agreed
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, SUPPORT, WEI, Shop


def sent(shop: Shop, **more: Any) -> tuple[str, int]:
    """(case, payout) of a refund that the channel has taken."""
    case_no = shop.apply(shop.order(**more)).case_no
    shop.work()
    return case_no, shop.payouts(case_no)[0].id


def lost(shop: Shop) -> tuple[str, int]:
    """Past the limit, and the channel still has not delivered it."""
    shop.alipay.settles_after = timedelta(days=400)
    case_no, payout_id = sent(shop)
    shop.work(days=10)
    return case_no, payout_id


def opened(shop: Shop) -> tuple[str, int, int]:
    """(case, payout, ticket)."""
    case_no, payout_id = lost(shop)
    return (
        case_no,
        payout_id,
        missing.open_ticket(shop.app, MEI, case_no, payout_id, "银行也说没有", "open-1"),
    )


def told(shop: Shop, case_no: str) -> list[str]:
    query = select(notices.c.kind).where(notices.c.case_no == case_no).order_by(notices.c.id)
    with shop.app.read() as conn:
        return list(conn.execute(query).scalars())


def the_ticket(shop: Shop, case_no: str) -> TicketView:
    return missing.look(shop.app, MEI, case_no).tickets[0]


def count(shop: Shop, table: Any) -> int:
    with shop.app.read() as conn:
        found: int = conn.execute(select(func.count()).select_from(table)).scalar_one()
    return found


# --- the bill ---------------------------------------------------------------------------------------------

HEAD = (
    "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,"
)


def bill(*rows: tuple[str, str, str], begins: str = "2026-09-01", ends: str = "2026-09-30") -> bytes:
    """An Alipay personal bill: (time, amount, number) of each refund."""
    above = [
        "支付宝账户：someone@example.com",
        f"起始时间：[{begins} 00:00:00]    终止时间：[{ends} 23:59:59]",
        "----------------电子客户回单----------------",
        HEAD,
    ]
    below = [
        f"{at},退款,某店,/,退款-点卡,不计收支,{amount},余额,退款成功,{number}\t,X9\t,,"
        for at, amount, number in rows
    ]
    return "\r\n".join([*above, *below, ""]).encode("gb18030")


def ours(shop: Shop, case_no: str) -> str:
    """The number that Alipay's personal bill gives this refund."""
    payout = shop.payouts(case_no)[0]
    return f"{shop.payment(shop.view(case_no).order.order_no).trade_no}_{payout.key}"


def test_found_by_its_number_with_line_day_and_amount(shop: Shop) -> None:
    case_no, payout_id = sent(shop)
    data = bill(
        ("2026-09-02 09:10:00", "12.00", "other"), ("2026-09-02 12:00:00", "100.00", ours(shop, case_no))
    )
    found = missing.check_bill(shop.app, MEI, case_no, payout_id, "bill.csv", data)
    assert (found.said, found.by, found.is_same_amount) == ("found", "refund_number", True)
    assert found.row is not None and (found.row.line, found.row.amount_minor) == (6, 10_000)
    assert found.row.at == datetime(2026, 9, 2, 12, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bill(ends="2026-09-30"), "missing"),
        (bill(ends="2026-09-02"), "ends_before_due"),
        (bill(begins="2026-08-01", ends="2026-08-31"), "ends_before_sent"),
        (bill(begins="2026-09-03"), "begins_later"),
        (bill(("2026-09-02 09:00:00", "100.00", "a"), ("2026-09-02 10:00:00", "100.00", "b")), "several"),
    ],
)
def test_not_there_says_what_that_is_worth(sqlite_shop: Shop, data: bytes, said: str) -> None:
    case_no, payout_id = sent(sqlite_shop)
    assert missing.check_bill(sqlite_shop.app, MEI, case_no, payout_id, "b.csv", data).said == said


def test_nothing_at_all_is_written_by_looking(shop: Shop) -> None:
    """R5.5: neither the bill nor that there was one."""
    case_no, payout_id = sent(shop)
    before = {table: count(shop, table) for table in (bill_rows, tickets, commands, notices)}
    missing.check_bill(
        shop.app, MEI, case_no, payout_id, "b.csv", bill(("2026-09-02 12:00:00", "100.00", "x"))
    )
    with pytest.raises(BillUnknown):
        missing.check_bill(shop.app, MEI, case_no, payout_id, "b.csv", b"name,age\nmei,30\n")
    assert before == {table: count(shop, table) for table in before}


def test_one_line_is_kept_with_consent_and_staff_see_it(shop: Shop) -> None:
    case_no, payout_id = sent(shop)
    data = bill(
        ("2026-09-02 12:00:00", "100.00", ours(shop, case_no)), ("2026-09-03 12:00:00", "55.00", "private")
    )
    found = missing.check_bill(shop.app, MEI, case_no, payout_id, "b.csv", data)
    for _ in range(3):
        missing.keep_row(shop.app, MEI, case_no, payout_id, found, "keep-1")
    with shop.app.read() as conn:
        [row] = conn.execute(select(bill_rows)).all()
    assert (row.line, row.amount_minor, row.known_by, row.kept_by) == (
        5,
        10_000,
        "refund_number",
        "customer:mei",
    )
    assert "private" not in str(row)
    located = shop.view(case_no, SUPPORT).locator
    assert (located.sure, located.params["line"]) == ("locator.sure.bill", 5)
    kept = missing.look(shop.app, SUPPORT, case_no).pieces[0].row
    assert kept is not None and (kept.line, kept.amount_minor) == (5, 10_000)
    missing.keep_row(shop.app, MEI, case_no, payout_id, replace(found, kind="wechat_personal"), "keep-2")
    assert missing.look(shop.app, MEI, case_no).pieces[0].row == kept, "the first one stays"
    assert shop.audit() == []


def test_a_line_that_was_not_found_cannot_be_kept(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    case_no, payout_id = sent(shop)
    nothing = missing.check_bill(shop.app, MEI, case_no, payout_id, "b.csv", bill())
    with pytest.raises(NotAllowed):
        missing.keep_row(shop.app, MEI, case_no, payout_id, nothing, "keep-1")


def test_a_transfer_by_hand_is_no_refund_in_any_bill(sqlite_shop: Shop) -> None:
    """Its line is an incoming transfer: 'not among the refunds' would be a false alarm."""
    shop = sqlite_shop
    case_no = transfer_agreed(shop)
    shop.work()
    shop.act(case_no, "transfer", FINANCE, reference="2026090312345")
    [piece] = missing.look(shop.app, MEI, case_no).pieces
    assert not piece.sent.has_bill
    with pytest.raises(NoBillToRead):
        missing.check_bill(shop.app, MEI, case_no, piece.sent.id, "b.csv", bill())


# --- tickets ----------------------------------------------------------------------------------------------


def test_before_the_limit_it_says_from_when_on(shop: Shop) -> None:
    """Promised for 3 Sep, five working days of the policy: to the end of 10 Sep."""
    shop.alipay.settles_after = timedelta(days=400)
    case_no, payout_id = sent(shop)
    last = datetime(2026, 9, 10, 15, 59, 59, tzinfo=UTC)
    [piece] = missing.look(shop.app, MEI, case_no).pieces
    assert (piece.promised_at, piece.opens_at) == (datetime(2026, 9, 3, 15, 59, 59, tzinfo=UTC), last)
    for at in (shop.clock.at, last):
        shop.clock.at = at
        with pytest.raises(TicketTooEarly) as refused:
            missing.open_ticket(shop.app, MEI, case_no, payout_id, "", "early")
        assert refused.value.params == {"opens_at": last}
    assert count(shop, tickets) == 0
    shop.clock.at = last + timedelta(seconds=1)
    assert missing.open_ticket(shop.app, MEI, case_no, payout_id, "", "in time") > 0
    assert shop.audit() == []


def test_it_carries_what_support_needs(shop: Shop) -> None:
    case_no, payout_id = lost(shop)
    checked = missing.check_bill(shop.app, MEI, case_no, payout_id, "b.csv", bill())
    missing.open_ticket(shop.app, MEI, case_no, payout_id, " 银行也说没有 ", "open-1", checked)
    [ticket] = missing.open_tickets(shop.app, SUPPORT)
    payout = shop.payouts(case_no)[0]
    assert (ticket.case_no, ticket.words, ticket.customer_id) == (case_no, "银行也说没有", "mei")
    assert (ticket.reference, ticket.key, ticket.amount_minor) == (f"ref-{payout.key}", payout.key, 10_000)
    assert (ticket.channel, ticket.account, ticket.payout_state) == ("alipay", "138****2046", "accepted")
    assert (ticket.heard, ticket.bill["said"]) == ("accepted", "missing")
    assert ticket.sent_at and ticket.accepted_at and ticket.eta_at and ticket.heard_at
    # Friday 11 Sep and two working days.
    assert ticket.due_at == datetime(2026, 9, 15, 15, 59, 59, tzinfo=UTC)
    assert shop.audit() == []


def test_the_channel_is_asked_at_once_and_nothing_is_sent_twice(shop: Shop) -> None:
    case_no, _, _ = opened(shop)
    asked, sent_before = len(shop.alipay.asked), len(shop.alipay.sent)
    shop.work()
    assert (len(shop.alipay.asked), len(shop.alipay.sent)) == (asked + 1, sent_before)
    ticket = the_ticket(shop, case_no)
    assert (ticket.heard, ticket.heard_at) == ("accepted", shop.clock.at)
    shop.alipay.settles_after = timedelta(days=1)
    shop.work(hours=7)
    assert shop.view(case_no).state == "completed" and the_ticket(shop, case_no).state == "open"
    assert shop.audit() == []


@pytest.mark.parametrize("word", ["arrived", "returned", "never_seen"])
def test_what_is_said_to_have_arrived_is_asked_about_and_moves_nothing(shop: Shop, word: str) -> None:
    """Invariants 5, 9: the case is final; the word is noted for whoever looks, no money moves again."""
    case_no, payout_id = sent(shop)
    shop.work(days=10)
    order_no = shop.view(case_no).order.order_no
    assert shop.view(case_no).state == "completed"
    missing.open_ticket(shop.app, MEI, case_no, payout_id, "", "open-1")
    if word == "returned":
        shop.alipay.give_back(shop.payouts(case_no)[0].key)
    elif word == "never_seen":
        shop.alipay.faults.append("forget")
    before, asked = (shop.payment(order_no), shop.view(case_no).events), len(shop.alipay.asked)
    shop.work()
    assert (len(shop.alipay.asked), len(shop.alipay.sent)) == (asked + 1, 1)
    ticket = the_ticket(shop, case_no)
    assert (ticket.heard, ticket.heard_at, ticket.payout_state) == (word, shop.clock.at, "arrived")
    assert ticket.asks_at is None and (shop.payment(order_no), shop.view(case_no).events) == before
    assert len(shop.payouts(case_no)) == 1 and shop.audit() == []
    assert shop.work() == 0, "and it is asked once"


def test_a_silent_channel_is_asked_again_until_the_ticket_is_closed(shop: Shop) -> None:
    case_no, payout_id = sent(shop)
    shop.work(days=10)
    ticket_id = missing.open_ticket(shop.app, MEI, case_no, payout_id, "", "open-1")
    shop.alipay.faults.extend(["lose_before"] * 3)
    asked = len(shop.alipay.asked)
    shop.work()
    shop.work(minutes=1)
    assert len(shop.alipay.asked) == asked + 2 and the_ticket(shop, case_no).asks_at is not None
    missing.answer(shop.app, SUPPORT, ticket_id, "银行已确认", True, "answer-1")
    shop.work(minutes=30)
    assert len(shop.alipay.asked) == asked + 2 and len(shop.alipay.sent) == 1
    assert shop.audit() == []


def test_a_payout_that_is_being_asked_about_is_left_to_who_has_it(sqlite_shop: Shop) -> None:
    """A worker that holds the lease goes on; the other word comes after it."""
    shop = sqlite_shop
    case_no, payout_id = lost(shop)
    shop.clock.advance(timedelta(hours=7))
    held = sending.claim(shop.app, payout_id, "one")
    assert held is not None
    missing.open_ticket(shop.app, MEI, case_no, payout_id, "", "open-1")
    assert sending.claim(shop.app, payout_id, "two") is None
    payouts.record_outcome(shop.app, payout_id, Outcome("accepted"))
    assert len(shop.alipay.sent) == 1 and shop.audit() == []


def test_five_clicks_are_one_ticket_and_another_is_not_opened_beside_it(shop: Shop) -> None:
    """Invariant 17, and one open ticket for a case."""
    case_no, payout_id = lost(shop)
    found = {missing.open_ticket(shop.app, MEI, case_no, payout_id, "在哪里", "click") for _ in range(5)}
    assert len(found) == 1 and count(shop, tickets) == 1
    with pytest.raises(TicketIsOpen):
        missing.open_ticket(shop.app, MEI, case_no, payout_id, "在哪里", "another")
    with pytest.raises(CommandReused):
        missing.open_ticket(shop.app, SUPPORT, case_no, payout_id, "在哪里", "click")
    assert told(shop, case_no).count("ticket_opened") == 1
    assert shop.audit() == []


def test_a_second_open_ticket_is_refused_by_the_database(shop: Shop) -> None:
    case_no, payout_id, _ = opened(shop)
    with pytest.raises(IntegrityError), shop.app.begin() as conn:
        conn.execute(
            insert(tickets).values(
                case_no=case_no, payout_id=payout_id, state="open", carries="{}", opened_by="customer:mei",
                at=shop.clock.at, due_at=shop.clock.at,
            )
        )  # fmt: skip


def test_answered_looked_into_further_and_closed(shop: Shop) -> None:
    """The customer reads every word, by a notice each time, and the date is a new one."""
    case_no, payout_id, ticket_id = opened(shop)
    assert shop.view(case_no, MEI).locator.key == "locator.missing_open"
    shop.clock.advance(timedelta(days=1))
    missing.answer(shop.app, SUPPORT, ticket_id, "已向支付宝查询", False, "answer-1")
    ticket = the_ticket(shop, case_no)
    assert (ticket.state, ticket.due_at) == ("open", datetime(2026, 9, 15, 15, 59, 59, tzinfo=UTC))
    missing.answer(shop.app, LEAD, ticket_id, "9月11日已入账，尾号 2046", True, "answer-2")
    ticket = the_ticket(shop, case_no)
    assert (ticket.state, ticket.due_at, ticket.closed_at) == ("closed", None, shop.clock.at)
    assert [(a.role, a.words, a.closes) for a in ticket.answers] == [
        ("support", "已向支付宝查询", False), ("lead", "9月11日已入账，尾号 2046", True),
    ]  # fmt: skip
    assert told(shop, case_no)[-3:] == ["ticket_opened", "ticket_answered", "ticket_closed"]
    assert missing.open_tickets(shop.app, SUPPORT) == []
    assert shop.view(case_no, MEI).locator.key != "locator.missing_open"
    with pytest.raises(TicketIsClosed):
        missing.answer(shop.app, SUPPORT, ticket_id, "再说一句", False, "answer-3")
    assert missing.open_ticket(shop.app, MEI, case_no, payout_id, "还是没有", "open-2") != ticket_id
    assert shop.audit() == []


def test_one_click_is_one_answer(shop: Shop) -> None:
    case_no, _, ticket_id = opened(shop)
    for _ in range(4):
        missing.answer(shop.app, SUPPORT, ticket_id, "在查", False, "answer-1")
    assert count(shop, ticket_answers) == 1 and told(shop, case_no).count("ticket_answered") == 1


@pytest.mark.parametrize(
    ("words", "refusal"), [("", TextRequired), ("  ", TextRequired), ("长" * 2001, TextTooLong)]
)
def test_an_answer_has_words(sqlite_shop: Shop, words: str, refusal: type[Exception]) -> None:
    _, _, ticket_id = opened(sqlite_shop)
    with pytest.raises(refusal):
        missing.answer(sqlite_shop.app, SUPPORT, ticket_id, words, True, "answer-1")
    assert count(sqlite_shop, ticket_answers) == 0


def test_an_answer_that_is_late_has_a_name_and_is_told_once(shop: Shop) -> None:
    """R3.2 as for everything that has a date."""
    case_no, _, ticket_id = opened(shop)
    shop.work(days=5)
    ticket = the_ticket(shop, case_no)
    assert ticket.owner == "lead" and ticket.due_at is not None and ticket.due_at > shop.clock.at
    assert shop.view(case_no, MEI).locator.key == "locator.missing_open_late_by"
    shop.work(days=5)
    assert told(shop, case_no).count("ticket_late") == 1
    missing.answer(shop.app, LEAD, ticket_id, "查到了", False, "answer-1")
    assert the_ticket(shop, case_no).owner is None
    assert shop.audit() == []


def test_the_oldest_waits_on_top(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    shop.alipay.settles_after = timedelta(days=400)
    found = [sent(shop) for _ in range(3)]
    shop.work(days=10)
    for place in (1, 0, 2):
        missing.open_ticket(shop.app, MEI, *found[place], "", f"open-{place}")
        shop.clock.advance(timedelta(hours=1))
    waiting = [ticket.case_no for ticket in missing.open_tickets(shop.app, SUPPORT)]
    assert waiting == [found[place][0] for place in (1, 0, 2)]


def test_another_policy_is_another_limit(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    case_no, payout_id = lost(shop)
    version = shop.view(case_no).policy_version
    found = policies.of_version(shop.app, version)
    limits = found.limits.model_copy(update={"arrival_overdue_working_days": 20})
    shop.app.policies[version] = found.model_copy(update={"limits": limits})
    with pytest.raises(TicketTooEarly):
        missing.open_ticket(shop.app, MEI, case_no, payout_id, "", "early")


# --- who may what -----------------------------------------------------------------------------------------

POLICY_STAFF = Actor("policy", "lu-jing")
GUEST = Actor("guest", order_no="OD-OTHER")
# Who               looks  checks opens  answers lists      (+ done, - the role may not, . not found)
RIGHTS = [
    (MEI, "+", "+", "+", "-", "-"),
    (WEI, ".", ".", ".", ".", "-"),
    (GUEST, ".", ".", ".", ".", "-"),
    (SUPPORT, "+", "+", "+", "+", "+"),
    (FINANCE, "+", "-", "-", "+", "+"),
    (LEAD, "+", "-", "-", "+", "+"),
    (REVIEWER, "+", "-", "-", "-", "-"),
    (ARBITER, "+", "-", "-", "-", "-"),
    (POLICY_STAFF, ".", "-", ".", ".", "-"),
    (Actor("support", "mei"), "+", "+", "+", "o", "+"),  # their own money
]


@pytest.mark.parametrize("who", RIGHTS, ids=[str(row[0]) for row in RIGHTS])
def test_who_may_do_what(sqlite_shop: Shop, who: tuple[Any, ...]) -> None:
    """Invariants 12 and 13, and nothing is written by who may not."""
    shop, (actor, *wanted) = sqlite_shop, who
    case_no, payout_id = lost(shop)
    ticket_id = missing.open_ticket(shop.app, MEI, case_no, payout_id, "", "theirs")
    free_case, free_payout = sent(shop, customer="mei")
    shop.clock.advance(timedelta(days=14))

    def letter(what: Any) -> str:
        try:
            what()
        except NotFound:
            return "."
        except NotAllowed:
            return "-"
        except OwnCase:
            return "o"
        return "+"

    before = count(shop, ticket_answers), count(shop, tickets)
    got = [
        letter(lambda: missing.look(shop.app, actor, case_no)),
        letter(lambda: missing.check_bill(shop.app, actor, case_no, payout_id, "b.csv", bill())),
        letter(lambda: missing.open_ticket(shop.app, actor, free_case, free_payout, "", "try")),
        letter(lambda: missing.answer(shop.app, actor, ticket_id, "在查", False, "say")),
        letter(lambda: missing.open_tickets(shop.app, actor)),
    ]
    assert got == wanted
    wrote = count(shop, ticket_answers) - before[0], count(shop, tickets) - before[1]
    assert wrote == (int(wanted[3] == "+"), int(wanted[2] == "+"))
    assert shop.audit() == []


def test_a_guest_who_proved_the_order_may(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    shop.alipay.settles_after = timedelta(days=400)
    order_no = shop.order(customer="")
    guest = Actor("guest", order_no=order_no)
    case_no = shop.apply(order_no, actor=guest).case_no
    shop.work()
    shop.work(days=10)
    payout_id = shop.payouts(case_no)[0].id
    assert missing.check_bill(shop.app, guest, case_no, payout_id, "b.csv", bill()).said == "missing"
    assert missing.open_ticket(shop.app, guest, case_no, payout_id, "没有收到", "open-1")
    assert told(shop, case_no)[-1] == "ticket_opened"


def test_a_payout_of_another_case_is_none_of_this_one(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    case_no, _ = lost(shop)
    foreign = shop.apply(shop.order(customer="wei"), actor=WEI).case_no
    shop.work()
    other = shop.payouts(foreign)[0].id
    for try_it in (
        lambda: missing.check_bill(shop.app, MEI, case_no, other, "b.csv", bill()),
        lambda: missing.open_ticket(shop.app, MEI, case_no, other, "", "open-1"),
    ):
        with pytest.raises(NothingMissing):
            try_it()


def test_a_balance_is_seen_at_once(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    case_no = shop.apply(shop.order(), route="balance").case_no
    shop.work()
    assert missing.look(shop.app, MEI, case_no) == Lost((), ())


# --- whose turn talks are ---------------------------------------------------------------------------------


def test_the_list_and_the_page_say_whose_turn_it_is(shop: Shop) -> None:
    """R4.5: the same sentence on Start, in Records and on Track; finance once the customer has spoken."""
    case_no = shop.apply(shop.order(escrow=True), reason="service_failed").case_no
    shop.act(case_no, "approve", REVIEWER, note="情况属实")

    def seen() -> set[tuple[str, bool]]:
        [card] = [card for card in cases.list_for(shop.app, MEI) if card.case_no == case_no]
        return {(located.key, located.turn) for located in (card.locator, shop.view(case_no, MEI).locator)}

    assert seen() == {("locator.your_way_escrow_by", True)}
    shop.act(case_no, "propose", MEI, way="balance")
    assert seen() == {("locator.negotiating_by", False)}
    shop.act(case_no, "counter", FINANCE, way="account", note="付款的账户还开着，两天到账")
    assert seen() == {("locator.your_way_escrow_by", True)}
