"""Finance on screen: what is stuck and why, a bill and its differences for two people, the books (R6.2)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import worker
from core.adapters.channels import NoticeRefused, Outcome
from core.domain.actors import Actor
from core.services import circuits, finance, hearing, identity, reconciliation
from core.services.finance import Money
from tests.core.services.test_negotiations import transfer_agreed
from tests.core.services.test_reconciliation import external
from tests.ledgers import bill_of
from tests.pages.conftest import OpenPage, html, words
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


def stuck(shop: Shop) -> Money:
    """Sent, and the answer lost; asked, and the channel's funds do not suffice."""
    shop.apply(shop.order())
    shop.alipay.faults.append("lose_before")
    worker.run_once(shop.app)
    [money], _ = finance.under_way(shop.app, FINANCE)
    return money


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_with_nothing_there_each_view_says_what_would_be(open_page: OpenPage, lang: str) -> None:
    said = [
        words(open_page("finance", FINANCE, lang=lang, view=view)) for view in ("money", "bills", "books")
    ]
    for text, expected in zip(
        said,
        ("没有在途的打款", "没有待处理的差异", "到这一天还没有分录")
        if lang == "zh_CN"
        else ("No payout is under way", "No difference is open", "No entry up to this day"),
        strict=True,
    ):
        assert expected in text


@pytest.mark.parametrize("actor", [MEI, REVIEWER, SUPPORT, ARBITER, None], ids=str)
def test_it_is_for_finance_and_leads(open_page: OpenPage, shop: Shop, actor: Actor | None) -> None:
    stuck(shop)
    page = open_page("finance", actor)
    assert "在途的钱" not in words(page) and not page.get("file_uploader")
    for role in (FINANCE, LEAD):
        assert "在途的钱" in words(open_page("finance", role))


def test_a_payout_says_why_it_waits_and_is_asked_now(open_page: OpenPage, shop: Shop) -> None:
    money = stuck(shop)
    assert money.state == "unknown"
    page = open_page("finance", FINANCE)
    said = words(page)
    assert "¥100.00" in said and "没有回执" in said and "渠道没有回应" in said and money.case_no in said
    asked = len(shop.alipay.asked)
    page.button(key=f"now-{money.id}").click().run()
    assert not page.exception and page.button(key=f"now-{money.id}").disabled
    worker.run_once(shop.app)
    assert len(shop.alipay.asked) == asked + 1  # the first act of a retry is a query


@pytest.mark.parametrize(
    ("lang", "says"), [("zh_CN", "等财务转账"), ("en", "Waiting for finance to transfer")]
)
def test_a_transfer_that_nobody_made_is_finances_own(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    """No channel has accepted it; late, finance is not told to press finance."""
    transfer_agreed(shop)
    said = words(open_page("finance", FINANCE, lang=lang))
    assert said.count(says) >= 2 and "渠道已受理" not in said and "accepted" not in said.lower()
    shop.clock.at += timedelta(days=40)
    said = words(open_page("finance", FINANCE, lang=lang))
    assert "请催财务" not in said and "press finance" not in said
    assert ("请现在转" if lang == "zh_CN" else "please make it now") in said


@pytest.mark.parametrize(
    ("lang", "says"), [("zh_CN", "等我们的财务转账"), ("en", "waiting for our finance team")]
)
def test_of_a_transfer_that_nobody_made_its_customer_reads_of_no_record(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    case_no = transfer_agreed(shop)
    said = words(open_page("track", MEI, lang=lang, case=case_no))
    assert says in said
    for wrong in ("渠道处理中", "渠道已受理", "财务的转账记录", "record of the transfer"):
        assert wrong not in said, wrong


def test_a_payout_is_given_to_a_person(open_page: OpenPage, shop: Shop) -> None:
    money = stuck(shop)
    identity.open_session(shop.app, "lead", LEAD.id)
    page = open_page("finance", FINANCE)
    page.selectbox(key=f"care-{money.id}-").set_value(LEAD.id).run()
    assert not page.exception
    assert finance.under_way(shop.app, FINANCE)[0][0].care == LEAD.id
    page = open_page("finance", LEAD)
    assert page.selectbox(key=f"care-{money.id}-{LEAD.id}").value == LEAD.id


def dropped(page: AppTest, path: Path) -> AppTest:
    page.get("file_uploader")[0].set_value((path.name, path.read_bytes(), "text/csv")).run()
    assert not page.exception, page.exception
    return page


def test_a_bill_its_difference_and_two_people(open_page: OpenPage, shop: Shop, tmp_path: Path) -> None:
    """Dropped by finance, proposed by finance, posted by a lead; the same bill again is no news."""
    order_no = shop.order()
    path = bill_of(tmp_path / "bill.csv", [external(shop, order_no, 7_000)], shop.clock.at)
    page = dropped(open_page("finance", FINANCE, view="bills"), path)
    said = words(page)
    assert "账单读完了" in said and "只有渠道有 1 条" in said and "归财务" in said
    [it], _ = reconciliation.listing(shop.app, FINANCE, "only_theirs", "open")

    page = open_page("finance", FINANCE, view="bills", kind="only_theirs")
    said = words(page)
    assert "CONSOLE-1" in said and order_no in said and "这笔付款有 ¥70.00 不能再退" in said
    assert page.button(key="propose-True").disabled
    page.checkbox(key=f"diff-open-{it.id}").check().run()
    page.button(key="propose-True").click().run()
    assert "请写几句说明" in words(page)
    assert reconciliation.listing(shop.app, FINANCE, "only_theirs", "proposed")[0] == []
    page.text_area(key="diff-why-only_theirs").set_value("后台手工退的").run()
    page.button(key="propose-True").click().run()
    assert not page.exception
    [proposed], _ = reconciliation.listing(shop.app, FINANCE, "only_theirs", "proposed")
    assert proposed.note == "后台手工退的"

    page.pills(key="finance_state_only_theirs").set_value("proposed").run()
    assert "要由另一个人入账" in words(page) and not [b for b in page.button if b.key == "post"]

    page = open_page("finance", LEAD, view="bills", kind="only_theirs")
    page.pills(key="finance_state_only_theirs").set_value("proposed").run()
    page.checkbox(key=f"diff-proposed-{it.id}").check().run()
    page.button(key="post").click().run()
    assert not page.exception
    assert shop.payment(order_no).external_minor == 7_000
    assert shop.audit() == []

    page = dropped(open_page("finance", LEAD, view="bills"), path)
    assert "以前读过" in words(page)
    assert shop.payment(order_no).external_minor == 7_000


def test_both_are_told_that_it_is_more_than_was_paid(open_page: OpenPage, shop: Shop, tmp_path: Path) -> None:
    """Before one proposes and before the other posts: the sums, the payout under way, and a tick for it."""
    order_no = shop.order()
    case_no = shop.apply(order_no, 9_500).case_no
    shop.work()
    row = external(shop, order_no, 9_000)
    reconciliation.reconcile(shop.app, FINANCE, bill_of(tmp_path / "bill.csv", [row], shop.clock.at))
    [it], _ = reconciliation.listing(shop.app, FINANCE, "only_theirs", "open")
    for actor, state, button in ((FINANCE, "open", "propose-True"), (LEAD, "proposed", "post")):
        page = open_page("finance", actor, view="bills", kind="only_theirs")
        page.pills(key="finance_state_only_theirs").set_value(state).run()
        said = words(page)
        assert "收到 ¥100.00，已退 ¥0.00，还在途 ¥95.00，这一条再记 ¥90.00" in said and case_no in said
        assert "这笔付款有 ¥5.00 不能再退" in said
        page.checkbox(key=f"diff-{state}-{it.id}").check().run()
        if state == "open":
            page.text_area(key="diff-why-only_theirs").set_value("后台手工退的").run()
        assert page.button(key=button).disabled
        page.checkbox(key=f"diff-beyond-{it.id}").check().run()
        page.button(key=button).click().run()
        assert not page.exception
    assert shop.payment(order_no).external_minor == 9_000


@pytest.mark.parametrize("is_known", [True, False])
def test_what_cannot_be_refunded_again_is_said_of_a_payment_that_was_found(
    open_page: OpenPage, shop: Shop, tmp_path: Path, is_known: bool
) -> None:
    row = external(shop, shop.order())
    if not is_known:
        row = row._replace(trade_no="NOBODY", order_no="NOBODYS")
    reconciliation.reconcile(shop.app, FINANCE, bill_of(tmp_path / "bill.csv", [row], shop.clock.at))
    said = words(open_page("finance", FINANCE, view="bills", kind="only_theirs"))
    assert ("这笔付款有 ¥30.00 不能再退" in said) == is_known
    assert ("没有找到对应的付款" in said) != is_known


def test_a_bill_that_cannot_be_taken_says_why(open_page: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "letter.csv"
    path.write_text("hello")
    said = words(dropped(open_page("finance", FINANCE, view="bills"), path))
    assert "没有对账" in said


def test_the_books_of_a_day_sum_to_zero(open_page: OpenPage, shop: Shop) -> None:
    shop.apply(shop.order(), route="balance")
    shop.work()
    said = words(open_page("finance", FINANCE, view="books"))
    assert "合计为零" in said and "退款冲减收入" in said and "总账不平" not in said
    assert "平台余额 ¥100.00" in said


def test_the_books_say_first_what_is_owed_in_all(open_page: OpenPage, shop: Shop) -> None:
    """Not the smallest part: of ¥100.00 granted and ¥30.00 kept as balance it is ¥130.00."""
    shop.apply(shop.order(("balance", 3_000)), 3_000)
    shop.work()
    shop.apply(shop.order())
    said = html(open_page("finance", FINANCE, view="books"))
    assert '<p class="big">¥130.00</p>' in said
    assert 0 < said.index("批准了，还没到账") < said.index("平台余额</dt>") < said.index("有余额的客户")


def test_nobodys_html(open_page: OpenPage, shop: Shop, tmp_path: Path) -> None:
    """What a bill says is a stranger's."""
    row = external(shop, shop.order(), number="<b>X</b>")
    path = bill_of(tmp_path / "<i>bill.csv", [row], shop.clock.at)
    page = dropped(open_page("finance", FINANCE, view="bills", kind="only_theirs"), path)
    assert (
        "<b>X</b>" not in html(page) and "&lt;b&gt;X&lt;/b&gt;" in html(page) and "<i>bill" not in html(page)
    )


@pytest.mark.parametrize(
    ("lang", "waits", "odd"),
    [
        ("zh_CN", ("支付宝从", "连续 5 次没有成功", "先不再呼叫"), "1 条冒充支付宝的通知"),
        ("en", ("5 calls in a row", "left alone until"), "1 notice in 7 days was not signed by it"),
    ],
)
def test_a_channel_that_does_not_answer_is_told_and_what_it_said_that_is_odd(
    open_page: OpenPage, shop: Shop, lang: str, waits: tuple[str, ...], odd: str
) -> None:
    for _ in range(4):
        circuits.heard(shop.app, "alipay", Outcome("unknown", cause="no_answer"))
    assert "st-key-card-channels" not in html(open_page("finance", FINANCE, lang=lang))
    circuits.heard(shop.app, "alipay", Outcome("unknown", cause="no_answer"))
    with pytest.raises(NoticeRefused):
        hearing.hear(shop.app, "alipay", {}, b"")
    said = words(open_page("finance", FINANCE, lang=lang))
    assert all(part in said for part in (*waits, odd))
    shop.clock.advance(timedelta(days=8))
    circuits.heard(shop.app, "alipay", Outcome("accepted"))
    said = words(open_page("finance", FINANCE, lang=lang))
    assert odd not in said and waits[0] not in said
