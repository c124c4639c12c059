"""Look-alikes settled together: sums that add up, who should be looked at alone, and what came of each."""

from __future__ import annotations

from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core import texts
from core.adapters.tables import evidence
from core.services import desk, look_alikes
from portal.parts import desk_many
from portal.parts.desk_many import Done
from tests.core.services.test_desk import referred
from tests.pages.conftest import OpenPage, html, words
from tests.pages.test_desk_hints import sent
from tests.screens import png, screen
from tests.shop import MEI, REVIEWER, REVIEWER_2, WEI, Shop

ZH, EN = texts.of("zh_CN"), texts.of("en")


def test_the_group_says_what_is_asked_for(open_page: OpenPage, shop: Shop) -> None:
    for _ in range(3):
        referred(shop)
    labels = [button.label for button in open_page("desk", REVIEWER).button]
    assert "买错了，或其他原因 3 件，申请共 ¥300.00" in labels


def test_the_sum_and_the_words_name_the_fee(shop: Shop) -> None:
    rows = look_alikes.weigh(shop.app, REVIEWER, [referred(shop), referred(shop)])
    total = desk_many.total(ZH, rows)
    for figure in ("¥200.00", "−¥10.00", "¥190.00"):
        assert figure in total
    assert desk_many.note(ZH, rows[0]) == (
        "核实过了，情况属实，已批准。按规则扣 5% 手续费 ¥5.00，实际退给你 ¥95.00。"
    )
    assert "a fee of 5%, ¥5.00; you receive ¥95.00" in desk_many.note(EN, rows[0])
    line = desk_many.line(ZH, rows[0])
    assert "客户收到 ¥95.00" in line and "申请 ¥100.00 · 手续费 ¥5.00" in line
    assert f"case={rows[0].card.case_no}" in line


def test_what_should_be_looked_at_alone_is_said(shop: Shop) -> None:
    case_no = referred(shop, customer="wei", actor=WEI)
    shop.act(case_no, "find_forgery", REVIEWER_2, note="改过的", picture=shop.picture(case_no))
    [row] = look_alikes.weigh(shop.app, REVIEWER, [case_no])
    assert "有图片被认定不真实" in desk_many.line(ZH, row)


def test_what_there_is_to_look_at_is_in_the_list(shop: Shop) -> None:
    case_no = referred(shop)
    picture = shop.picture(case_no)
    [row] = look_alikes.weigh(shop.app, REVIEWER, [case_no])
    assert row.doubts == () and [shown.id for shown in row.pictures] == [picture]
    assert 'alt="其他凭证，第 1 张"' in desk_many.line(ZH, row)
    with shop.app.begin() as conn:
        blurred = update(evidence).where(evidence.c.id == picture)
        conn.execute(blurred.values(looks='{"warnings": ["blurred"]}'))
    [row] = look_alikes.weigh(shop.app, REVIEWER, [case_no])
    assert row.doubts == ("pictures",) and "有图片看不清" in desk_many.line(ZH, row)


def test_what_came_of_each_stays_until_it_was_read(open_page: OpenPage, shop: Shop) -> None:
    """Some were not approved: which ones, and why; no toast that is gone."""
    done, held, gone = (referred(shop) for _ in range(3))
    rows = look_alikes.weigh(shop.app, REVIEWER, [done, held, gone])
    desk.take(shop.app, REVIEWER_2, held)
    shop.act(gone, "withdraw", MEI)
    by_case = {row.card.case_no: row for row in rows}
    came_of = look_alikes.approve_all(shop.app, REVIEWER, [done, held, gone], "together")
    page = open_page("desk", REVIEWER)
    page.session_state[desk_many.OUTCOME] = [Done(by_case[case_no], refused) for case_no, refused in came_of]
    said = words(page.run())
    assert "1 件已通过，2 件没有通过" in said
    assert "qian-yu 正在处理这件退款单" in said and "已经有人处理过了" in said
    assert all(f"case={case_no}" in html(page) for case_no in (done, held, gone))
    assert "已通过" in words(page.run())
    page.button(key="outcome-read").click().run()
    assert "2 件没有通过" not in words(page)


def test_what_changed_since_the_list_was_drawn_is_not_approved_with_it(
    open_page: OpenPage, shop: Shop
) -> None:
    def sends() -> None:  # a dialog's button has no run of its own here
        import streamlit as st

        from core import texts
        from portal import session
        from portal.parts import desk_many
        from portal.parts.desk_decide import Seat
        from tests.shop import REVIEWER

        app = session.core()
        seat = Seat(app, REVIEWER, texts.of("zh_CN"), app.now())
        desk_many._send(seat, st.session_state[desk_many.WEIGHED])

    still, changed = referred(shop), referred(shop)
    dialog = AppTest.from_function(sends)
    dialog.session_state[desk_many.MANY] = "together"
    dialog.session_state[desk_many.WEIGHED] = look_alikes.weigh(shop.app, REVIEWER, [still, changed])
    shop.act(changed, "ask", REVIEWER_2, note="什么时候买的？")
    shop.act(changed, "answer", MEI, note="其实已经用掉了")
    assert not dialog.run().exception
    assert shop.view(still).state == "approved" and shop.view(changed).state == "in_review"
    page = open_page("desk", REVIEWER)
    page.session_state[desk_many.OUTCOME] = dialog.session_state[desk_many.OUTCOME]
    said = words(page.run())
    assert "1 件已通过，1 件没有通过" in said and "有了新变化，这次没有提交" in said


def test_the_button_ticks_nothing_that_is_in_doubt(open_page: OpenPage, shop: Shop) -> None:
    """R2.4: a picture that another customer sent stands beside the name, and is looked at alone."""
    referred(shop)
    seen, again = sent(shop, png(screen())), sent(shop, png(screen()), WEI)
    page = open_page("desk", REVIEWER)
    page.button(key="many-0").click().run()
    assert len(page.checkbox) == 3 and page.button(key="many-all").label == ZH("queue.many.all", n=1)
    for row in look_alikes.weigh(shop.app, REVIEWER, [seen, again]):
        line = desk_many.line(ZH, row)
        assert "有图片另一位客户也用过" in line.partition("<span>")[0]
