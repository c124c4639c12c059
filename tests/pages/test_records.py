"""Records: everything the customer ever asked for, and the file of it (R5.1)."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from core import texts
from core.services import cases, certificates, missing
from portal.blocks import record_table
from tests.pages.conftest import OpenPage, html, words
from tests.shop import MEI, REVIEWER, SUPPORT, WEI, Shop

ZH = texts.of("zh_CN")


def test_only_for_somebody(open_page: OpenPage):
    assert "先找到订单" in words(open_page("records"))


def test_staff_is_not_a_customer(open_page: OpenPage):
    assert "你现在的身份看不了这一页" in words(open_page("records", REVIEWER))


def test_without_requests_the_page_says_how_they_come(open_page: OpenPage):
    assert "还没有退款记录" in words(open_page("records", WEI))


def test_a_record_has_time_status_amount_and_arrival(open_page: OpenPage, shop: Shop):
    case = shop.apply(shop.order())
    shop.work()
    page = open_page("records", MEI)
    assert all(word in words(page) for word in ("退款中", "9月1日 12:00", "¥100.00", "预计"))
    assert f'href="/track?case={case.case_no}"' in html(page)
    shop.work(days=3)
    assert all(word in words(open_page("records", MEI)) for word in ("已完成", "到账 ¥100.00"))


def test_a_refusal_names_its_reason(open_page: OpenPage, shop: Shop):
    """R3.5: the reviewer's words, or the rule's."""
    shop.apply(shop.order(delivery="redeemed", completed_at=shop.clock.at - timedelta(days=1)))
    assert "核销" in words(open_page("records", MEI))
    case = shop.apply(shop.order(("alipay", 90_000), delivery="code_viewed"), 90_000)
    shop.act(case.case_no, "reject", REVIEWER, note="截图里的账号不是这笔订单的")
    assert "截图里的账号不是这笔订单的" in words(open_page("records", MEI))


def test_a_part_that_arrived_counts_while_the_rest_is_on_its_way(open_page: OpenPage, shop: Shop):
    """R4.3: Home, Track and Records say the same."""
    shop.wechat.settles_after = timedelta(days=5)
    shop.apply(shop.order(("alipay", 2_550), ("wechat", 7_450)))
    shop.work()
    shop.work(days=2)
    page = words(open_page("records", MEI))
    assert "到账 ¥25.50" in page and "¥25.50 已到账" in page


def test_a_refusal_that_can_be_contested_says_until_when(open_page: OpenPage, shop: Shop):
    """R3.6."""
    case = shop.apply(shop.order(("alipay", 90_000), delivery="code_viewed"), 90_000)
    shop.act(case.case_no, "reject", REVIEWER, note="账号不是你的")
    page = words(open_page("records", MEI))
    assert "账号不是你的" in page and "都可以申诉" in page


def test_others_records_are_not_here(open_page: OpenPage, shop: Shop):
    case = shop.apply(shop.order())
    assert case.case_no not in html(open_page("records", WEI))


def test_an_order_that_was_only_looked_at_is_no_record(open_page: OpenPage, shop: Shop):
    number = shop.order()
    draft = cases.open_draft(shop.app, MEI, number)
    assert draft.case_no not in html(open_page("records", MEI))
    cases.save_draft(shop.app, MEI, draft.case_no, reason="not_delivered")
    assert draft.case_no in html(open_page("records", MEI))


def test_filters(open_page: OpenPage, shop: Shop):
    done = shop.apply(shop.order())
    shop.work()
    shop.work(days=3)
    draft = cases.open_draft(shop.app, MEI, shop.order())
    page = open_page("records", MEI)
    page.button_group(key="records_status").set_value("done").run()
    assert done.case_no in html(page) and draft.case_no not in html(page)
    page.button_group(key="records_status").set_value("ended").run()
    assert "这个条件下没有记录" in words(page)


def test_the_period_counts_from_now(shop: Shop):
    case = shop.apply(shop.order())
    cards = cases.list_for(shop.app, MEI)
    assert [c.case_no for c in record_table.matching(cards, "all", "month", shop.clock.at)] == [case.case_no]
    later = shop.clock.at + timedelta(days=31)
    assert record_table.matching(cards, "all", "month", later) == []
    assert record_table.matching(cards, "all", "nonsense", later) == cards


@pytest.mark.parametrize("bad", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_no_cell_of_the_file_is_a_formula(shop: Shop, bad: str):
    shop.apply(shop.order())
    card = replace(cases.list_for(shop.app, MEI)[0], product=bad)
    file = record_table.as_csv(ZH, [card], {}, now=shop.clock.at)
    assert file.startswith(b"\xef\xbb\xbf"), "Excel needs the mark to read UTF-8"
    _, row = csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""))
    assert row[2] == f"'{bad}"


def test_the_file_has_plain_amounts_and_local_times(shop: Shop):
    shop.apply(shop.order())
    shop.work()
    shop.work(days=3)
    file = record_table.as_csv(ZH, cases.list_for(shop.app, MEI), {}, now=shop.clock.at).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(file, newline=""))
    found = dict(zip(head, row, strict=True))
    assert (
        found["实际到账"] == "100.00" and found["申请时间"] == "2026-09-01 12:00" and found["币种"] == "CNY"
    )


def test_what_is_expected_and_what_has_happened_are_two_columns(shop: Shop):
    shop.apply(shop.order())
    shop.work()

    def columns() -> tuple[str, str]:
        file = record_table.as_csv(ZH, cases.list_for(shop.app, MEI), {}, now=shop.clock.at)
        head, row = csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""))
        found = dict(zip(head, row, strict=True))
        return found["预计到账"], found["实际到账时间"]

    assert columns() == ("2026-09-03", "")
    shop.work(days=3)
    expected, arrived = columns()
    assert expected == "" and arrived.startswith("2026-09-0")


def test_a_draft_says_once_that_it_was_not_sent(open_page: OpenPage, shop: Shop):
    draft = cases.open_draft(shop.app, MEI, shop.order())
    cases.save_draft(shop.app, MEI, draft.case_no, reason="not_delivered")
    said = words(open_page("records", MEI))
    assert said.count("还没提交") == 1 and "9月1日 12:00 开始填写" in said


@pytest.mark.parametrize(
    ("lang", "name"), [("zh_CN", "会员一直没开通"), ("en", "The membership never started")]
)
def test_a_reason_has_one_name_on_every_screen(open_page: OpenPage, shop: Shop, lang: str, name: str):
    order_no = shop.order(kind="membership")
    case = shop.apply(order_no)
    assert name in words(open_page("start", MEI, lang=lang))
    assert name in words(open_page("records", MEI, lang=lang))
    assert name in words(open_page("track", MEI, lang=lang, case=case.case_no))
    draft = cases.open_draft(shop.app, MEI, shop.order(kind="membership"))
    cases.save_draft(shop.app, MEI, draft.case_no, reason="not_delivered", requested_minor=10_000, step=2)
    assert name in words(open_page("request", MEI, lang=lang, order=draft.order.order_no, step="2"))
    file = record_table.as_csv(texts.of(lang), cases.list_for(shop.app, MEI), {}, now=shop.clock.at)
    assert name in file.decode("utf-8-sig")


def test_drafts_stand_last_and_are_no_refunds_under_way(shop: Shop):
    sent = shop.apply(shop.order()).case_no
    shop.clock.advance(timedelta(minutes=1))
    draft = cases.open_draft(shop.app, MEI, shop.order())
    cases.save_draft(shop.app, MEI, draft.case_no, reason="not_delivered")
    cards = cases.list_for(shop.app, MEI)

    def left(status: str) -> list[str]:
        return [card.case_no for card in record_table.matching(cards, status, "all", shop.clock.at)]

    assert left("all") == [sent, draft.case_no] and left("open") == [sent] and not left("turn")
    assert record_table.sent(cards) == 1


def test_the_head_counts_what_is_shown_and_nothing_waits_that_is_too_late(open_page: OpenPage, shop: Shop):
    """R5.1: a form is counted as one, and a draft that can no longer be sent does not wait for anybody."""
    shop.apply(shop.order())
    draft = cases.open_draft(shop.app, MEI, shop.order(delivery="code_viewed", completed_at=shop.clock.at))
    cases.save_draft(shop.app, MEI, draft.case_no, reason="other")
    shop.clock.advance(timedelta(days=8))
    page = open_page("records", MEI)
    assert "共 1 笔" in words(page) and "另有 1 份申请表没有提交" in words(page)
    assert html(page).count("<tr><td") == 2
    page.button_group(key="records_status").set_value("turn").run()
    assert draft.case_no not in html(page) and "这个条件下没有记录" in words(page)


def test_a_draft_says_until_when_it_can_be_sent(open_page: OpenPage, shop: Shop):
    """R1.3: the end of the window, where that comes before the draft is given up."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    draft = cases.open_draft(shop.app, MEI, order_no)
    cases.save_draft(shop.app, MEI, draft.case_no, reason="other")
    assert "到 9月8日（周二）都可以提交" in words(open_page("records", MEI))


def test_a_deleted_draft_is_no_record(open_page: OpenPage, shop: Shop):
    draft = cases.open_draft(shop.app, MEI, shop.order())
    cases.save_draft(shop.app, MEI, draft.case_no, reason="not_delivered")
    shop.act(draft.case_no, "withdraw", MEI)
    for name in ("start", "records", "track"):
        assert draft.case_no not in html(open_page(name, MEI))


def test_nobody_says_that_it_has_arrived_while_it_is_looked_for(shop: Shop) -> None:
    """R5.1, R5.7: neither the records nor a certificate; the one from before is superseded."""
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    shop.work(days=2)
    [payout] = shop.payouts(case_no)
    before = certificates.issue(shop.app, MEI, case_no)
    [card] = cases.list_for(shop.app, MEI)
    assert card.arrived_at and record_table.arrived_minor(card) == 10_000
    shop.clock.advance(timedelta(days=20))
    ticket_id = missing.open_ticket(shop.app, MEI, case_no, payout.id, "", "open-1")
    [card] = cases.list_for(shop.app, MEI)
    assert (card.state, card.is_sought, card.arrived_at) == ("completed", True, None)
    assert (record_table.status_of(card), record_table.received([card])) == ("open", 0)
    csv = record_table.as_csv(ZH, [card], {}, now=shop.clock.at).decode()
    table = record_table.table(ZH, [card], {}, now=shop.clock.at)
    assert "查找中" in csv and "查找中" in table and "已完成" not in csv + table
    issued = certificates.issue(shop.app, MEI, case_no)
    assert [leg.state for leg in issued.certificate.legs] == ["sought"]
    assert certificates.check(shop.app, before.token).verdict == "superseded"
    sheet = certificates.sheet(ZH, issued, "")
    assert "正在查找" in sheet.says and "查找中" in sheet.table[1][-1]
    missing.answer(shop.app, SUPPORT, ticket_id, "已入账", True, "answer-1")
    assert certificates.check(shop.app, before.token).verdict == "genuine"
    assert record_table.received(cases.list_for(shop.app, MEI)) == 10_000


def test_how_many_were_bought_is_said_wherever_the_goods_are(open_page: OpenPage, shop: Shop) -> None:
    """`× 2` on Records and in its file, on Start, in the list of Track and in the notices."""
    case_no = shop.apply(shop.order(quantity=2)).case_no
    shop.apply(shop.order())
    for name in ("records", "start", "track", "notices"):
        said = words(open_page(name, MEI))
        assert said.count("游戏点卡 × 2") >= 1, name
    cards = cases.list_for(shop.app, MEI)
    rows = record_table.as_csv(texts.of("zh_CN"), cards, {}, now=shop.clock.at).decode().splitlines()
    [row] = [row for row in rows if case_no in row]
    assert "游戏点卡 × 2" in row and sum("× 2" in row for row in rows) == 1
