"""'Not received?' on Track and its answer on the support page (R5.4, R5.5)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core import texts
from core.domain.actors import Actor
from core.services import missing
from tests.core.services.test_arrivals import arrived
from tests.core.services.test_missing import bill, lost, opened, ours, sent
from tests.core.services.test_negotiations import transfer_agreed
from tests.pages.conftest import OpenPage, html, words
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


def track(open_page: OpenPage, case_no: str, lang: str = "zh_CN", who: Actor = MEI) -> AppTest:
    return open_page("track", who, lang=lang, case=case_no)


def upload(page: AppTest, data: bytes, name: str = "账单.csv") -> AppTest:
    page.file_uploader[-1].set_value((name, data, "text/csv")).run()
    assert not page.exception, page.exception
    return page


@pytest.mark.parametrize(
    ("lang", "said"),
    [("zh_CN", ("交易类型选“退款”", "原付款的交易号")), ("en", ("choose “Refund”", "Number of the payment"))],
)
def test_where_to_look_and_what_to_compare(
    open_page: OpenPage, shop: Shop, lang: str, said: tuple[str, ...]
) -> None:
    case_no, _ = lost(shop)
    told = words(track(open_page, case_no, lang))
    payout = shop.payouts(case_no)[0]
    assert all(each in told for each in said) and payout.reference in told
    assert shop.payment(shop.view(case_no).order.order_no).trade_no in told


def test_a_transfer_by_hand_is_looked_for_among_incoming_transfers(open_page: OpenPage, shop: Shop) -> None:
    case_no = transfer_agreed(shop)
    shop.work()
    shop.act(case_no, "transfer", FINANCE, reference="2026090312345")
    page = track(open_page, case_no)
    assert "收到的转账" in words(page) and "2026090312345" in words(page)
    assert not page.file_uploader, "its line in a bill is no refund"


def test_found_with_line_day_and_amount_and_kept_only_with_consent(open_page: OpenPage, shop: Shop) -> None:
    case_no, payout_id = lost(shop)
    data = bill(("2026-09-02 12:00:00", "100.00", ours(shop, case_no)))
    page = upload(track(open_page, case_no), data)
    told = words(page)
    assert "在账单里找到了" in told and "第 5 行：9月2日 12:00，¥100.00。" in told and "就是这一笔" in told
    box, button = page.checkbox(key=f"keep-{payout_id}"), page.button(key="do-keep")
    assert not box.value and button.disabled
    assert missing.look(shop.app, MEI, case_no).pieces[0].row is None
    box.check().run()
    page.button(key="do-keep").click().run()
    assert not page.exception
    kept = missing.look(shop.app, MEI, case_no).pieces[0].row
    assert kept is not None and kept.line == 5
    assert "保存了你账单的第 5 行" in words(page) and not page.checkbox
    assert "你自己账单的第 5 行" in words(page), "and the sentence on top rests on it"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bill(), ("这份账单里没有", "包含 9月1日（周二） 到 9月30日（周三）", "应在 9月3日（周四）前到账")),
        (bill(ends="2026-09-02"), ("应到账的日子之前就结束了", "请导出到 9月3日（周四）或更晚")),
        (bill(begins="2026-08-01", ends="2026-08-31"), ("退款发出之前就结束了",)),
        (b"name,age\nmei,30\n", ("这不是我们认识的账单", "看到的文件是 账单.csv", "文件开头是“name,age”")),
        (b"%PDF-1.7", ("这不是我们认识的账单", "请上传 CSV 或 XLSX")),
    ],
)
def test_not_there_says_what_that_means_and_what_to_do(
    open_page: OpenPage, shop: Shop, data: bytes, said: tuple[str, ...]
) -> None:
    case_no, _ = lost(shop)
    told = words(upload(track(open_page, case_no), data))
    assert [each for each in said if each not in told] == []
    assert "同意把这一行" not in told


def test_the_file_is_let_go_once_it_was_read(open_page: OpenPage, shop: Shop) -> None:
    case_no, _ = lost(shop)
    page = upload(track(open_page, case_no), bill())
    assert [each.value for each in page.file_uploader] == [None]


def test_a_files_name_is_only_text(open_page: OpenPage, shop: Shop) -> None:
    case_no, _ = lost(shop)
    page = upload(track(open_page, case_no), b"name,age\n<img src=x>,1\n", "<img src=x onerror=alert(1)>.csv")
    assert "<img" not in html(page)


def test_before_the_limit_it_says_from_when_on_and_why(open_page: OpenPage, shop: Shop) -> None:
    shop.alipay.settles_after = timedelta(days=400)
    case_no, _ = sent(shop)
    shop.clock.advance(timedelta(days=4))
    page = track(open_page, case_no)
    told = words(page)
    assert "还不能提交“没有收到”，要等过了 9月10日（周四）" in told and "5 个工作日" in told
    assert "do-ticket" not in [button.key for button in page.button]


def test_past_the_limit_it_is_told_once_and_answered(open_page: OpenPage, shop: Shop) -> None:
    case_no, _ = lost(shop)
    page = upload(track(open_page, case_no), bill())
    assert "最晚 9月15日（周二）给你答复" in words(page) and "账单本身不会" in words(page)
    page.text_area(key=f"ticket-{case_no}").set_value("银行也说没有").run()
    page.button(key="do-ticket").click().run()
    assert not page.exception
    told = words(page)
    assert "客服正在查这笔退款" in told and "银行也说没有" in told
    assert "你说没有收到；客服在查，最晚 9月15日（周二）给你答复" in told
    assert "do-ticket" not in [button.key for button in page.button]
    assert "在这里 " not in told.split("进度")[0], "nobody is sure where it is"
    shop.work()
    assert "又问了支付宝，回执：已受理，还没有入账" in words(track(open_page, case_no))

    desk = open_page("support", SUPPORT)
    seen = words(desk)
    assert "1 件待答复" in seen and "9月15日（周二）前答复" in seen and "银行也说没有" in seen
    assert "支付宝个人账单 · 9月1日（周二） 到 9月30日（周三） · 没有，应到账的日子都在账单里" in seen
    assert shop.payouts(case_no)[0].reference in seen
    [ticket] = missing.open_tickets(shop.app, SUPPORT)
    desk.button(key=f"keep-{ticket.id}").click().run()
    assert "请写几句说明" in words(desk), "no answer without words"
    desk.text_area(key=f"answer-{ticket.id}-0").set_value("已向支付宝提交查询。").run()
    desk.button(key=f"keep-{ticket.id}").click().run()
    assert not desk.exception and "答复已发给客户" in words(desk) and "已向支付宝提交查询。" in words(desk)
    looked_up = open_page("support", SUPPORT)
    looked_up.text_input[0].set_value(case_no).run()
    assert "客户说没有收到，等客服答复" in words(looked_up), "R5.6: not 'with the channel'"
    desk.text_area(key=f"answer-{ticket.id}-1").set_value("9月11日入账，请看尾号 2046。").run()
    desk.button(key=f"close-{ticket.id}").click().run()
    assert "件待答复" not in words(desk)
    told = words(track(open_page, case_no))
    assert "查完了" in told and "9月11日入账，请看尾号 2046。" in told and "已向支付宝提交查询。" in told
    titles = words(open_page("notices", MEI))
    assert "“没有收到”已提交" in titles and "“没有收到”有新的答复" in titles and "“没有收到”查完了" in titles


def test_two_tabs_open_one_ticket(open_page: OpenPage, shop: Shop) -> None:
    case_no, _ = lost(shop)
    first, second = track(open_page, case_no), track(open_page, case_no)
    for page in (first, second):
        page.button(key="do-ticket").click().run()
        assert not page.exception and "客服正在查这笔退款" in words(page)
    assert len(missing.open_tickets(shop.app, SUPPORT)) == 1


def test_a_colleague_was_quicker_and_the_words_are_not_lost(open_page: OpenPage, shop: Shop) -> None:
    _, _, ticket_id = opened(shop)
    desk = open_page("support", SUPPORT)
    missing.answer(shop.app, LEAD, ticket_id, "已处理", True, "quick")
    desk.text_area(key=f"answer-{ticket_id}-0").set_value("我的答复")
    desk.button(key=f"close-{ticket_id}").click().run()
    assert not desk.exception and "同事已经答复并结束了" in words(desk) and "我的答复" in words(desk)


def test_nobody_answers_about_their_own_money(open_page: OpenPage, shop: Shop) -> None:
    opened(shop)
    desk = open_page("support", Actor("support", "mei"))
    assert "由同事答复" in words(desk) and not desk.text_area


def test_who_does_not_answer_sees_no_list(open_page: OpenPage, shop: Shop) -> None:
    opened(shop)
    assert "没有收到退款的" not in words(open_page("support", REVIEWER))


def test_what_customers_write_is_only_text(open_page: OpenPage, shop: Shop) -> None:
    case_no, payout_id = lost(shop)
    missing.open_ticket(shop.app, MEI, case_no, payout_id, "<script>alert(1)</script>", "open-1")
    for page in (open_page("support", SUPPORT), track(open_page, case_no)):
        assert "<script>alert" not in html(page)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh_CN", "规则说的是 1–2 个工作日。 支付宝最近 40 笔退款：半数 1 天内到，九成 3 天内到。"),
        ("en", "The last 40 refunds to Alipay: half arrived within 1 day, nine of ten within 3 days."),
    ],
)
def test_what_was_measured_stands_beside_what_is_promised(
    open_page: OpenPage, shop: Shop, lang: str, said: str
) -> None:
    case_no, _ = sent(shop)
    assert "最近" not in words(track(open_page, case_no)), "few say nothing"
    shop.app.arrivals.clear()
    arrived(shop, [timedelta(hours=20)] * 30 + [timedelta(hours=70)] * 10)
    assert said in words(track(open_page, case_no, lang))


def test_until_they_have_said_how_to_have_it_it_is_their_turn(open_page: OpenPage, shop: Shop) -> None:
    """The sentence on top and the block below say the same, and why."""
    case_no = shop.apply(shop.order(escrow=True), reason="service_failed").case_no
    shop.act(case_no, "approve", REVIEWER, note="情况属实")
    told = words(track(open_page, case_no))
    assert told.count("第三方担保") >= 2 and "财务正在安排" not in told and "等你说怎么收款" in told
    shop.act(case_no, "propose", MEI, way="balance")
    assert "财务正在安排" in words(track(open_page, case_no))


def test_long_words_do_not_push_other_tickets_off_the_screen(open_page: OpenPage, shop: Shop) -> None:
    """On Support as on Track: some lines, and all of them at a click."""
    case_no, _ = lost(shop)
    page = upload(track(open_page, case_no), bill())
    page.text_area(key=f"ticket-{case_no}").set_value("银行也说没有。\n" * 12).run()
    page.button(key="do-ticket").click().run()
    for seen in (page, open_page("support", SUPPORT)):
        assert "展开全部" in words(seen) and '<div class="long"><details><summary>' in html(seen)


def test_a_claim_moves_no_time_of_what_arrived_and_its_late_answer_has_a_date(
    open_page: OpenPage, shop: Shop
) -> None:
    """R3.2, R5.2: the money was there when it was; a promise that was missed is made anew, with its day."""
    case_no, payout_id = sent(shop)
    shop.work(days=5)
    shop.clock.advance(timedelta(days=20))
    before = words(track(open_page, case_no))
    [done] = [event for event in shop.view(case_no).events if event.event == "complete"]
    at = shop.payouts(case_no)[0].arrived_at
    assert at != done.at
    when = texts.of("zh_CN").when(at, shop.clock.at)
    stands = re.compile(re.escape(when) + r" \S+ 退款完成")
    assert stands.search(before)
    missing.open_ticket(shop.app, MEI, case_no, payout_id, "", "open-1")
    assert stands.search(words(track(open_page, case_no)))
    shop.work(days=5)
    late = words(track(open_page, case_no))
    assert late.count("已由主管接手，最晚") == 2, "above, and where the ticket is told"
