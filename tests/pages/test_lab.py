"""The policy lab on screen: what is wrong, what changes, who moves; nothing is published by looking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from core.adapters.tables import policies as rows
from core.domain.actors import Actor
from core.domain.workdays import local_date
from core.services import policies, policy_drafts, replay
from tests.pages.conftest import OpenPage, html, words
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop

POLICY = Actor("policy", "lu-jing")


def edited(open_page: OpenPage, shop: Shop, old: str, new: str, lang: str = "zh_CN"):  # type: ignore[no-untyped-def]
    page = open_page("lab", POLICY, lang=lang)
    _, document = policies.last_document(shop.app)[:2]
    assert page.text_area[0].value == document and old in document
    page.text_area[0].set_value(document.replace(old, new, 1))
    return page.run()


def limit(shop: Shop) -> str:
    return f"second_approval_minor = {policies.current(shop.app)[1].limits.second_approval_minor}"


def test_untouched_it_is_what_is_in_force(open_page: OpenPage, shop: Shop) -> None:
    shop.apply(shop.order())
    said = words(open_page("lab", LEAD))
    assert "还没有改动" in said and "没有一笔申请换结果" in said and "没有漏洞" in said


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("zh_CN", ("直接通过 → 人工审核", "1 笔，申请共 ¥100.00", "limits.second_approval_minor")),
        ("en", ("Approve at once → A person decides", "1 request for ¥100.00", "second_approval_minor")),
    ],
)
def test_a_changed_figure_tells_who_moves(
    open_page: OpenPage, shop: Shop, lang: str, says: tuple[str, ...]
) -> None:
    """R6.3: kinds of orders, the shop's own requests with their money, and a link to each."""
    case_no = shop.apply(shop.order()).case_no
    page = edited(open_page, shop, limit(shop), "second_approval_minor = 100", lang)
    assert [part for part in says if part not in words(page)] == []
    assert f'href="/desk?case={case_no}"' in html(page)
    with shop.app.read() as conn:
        assert conn.execute(select(func.count()).select_from(rows)).scalar_one() == 1, "nothing is published"


def test_what_is_wrong_is_named_and_nothing_is_replayed(open_page: OpenPage, shop: Shop) -> None:
    page = edited(open_page, shop, limit(shop), "second_approval_minor = many")
    assert "写错了" in words(page) and "重放" not in words(page)


def test_a_gap_is_to_be_mended(open_page: OpenPage, shop: Shop) -> None:
    """A rule that catches everything at the end is taken out: some orders are answered by nobody."""
    _, document = policies.last_document(shop.app)[:2]
    last = document.rindex("[[rules]]")
    page = open_page("lab", POLICY)
    page.text_area[0].set_value(document[:last])
    assert "发布之前请先处理" in words(page.run())


def test_words_of_a_document_are_words(open_page: OpenPage, shop: Shop) -> None:
    page = edited(open_page, shop, "[[rules]]", '[[rules]]\nid = "<img src=x>"')
    assert "<img" not in html(page).replace("&lt;img", "")


@pytest.mark.parametrize("actor", [MEI, REVIEWER, SUPPORT, FINANCE, None], ids=str)
def test_others_do_not_see_it(open_page: OpenPage, actor: Actor | None) -> None:
    page = open_page("lab", actor)
    assert not page.text_area and "规则全文" not in words(page)


def test_it_is_asked_for_and_approved_by_another(open_page: OpenPage, shop: Shop) -> None:
    """R6.3: draft, a second person, in force; its author is offered no approval."""
    page = edited(open_page, shop, limit(shop), "second_approval_minor = 100")
    page.text_input(key="lab-meant").set_value("大额要两个人")
    page = button(page, "lab-ask").click().run()
    assert not page.exception
    [draft] = policy_drafts.drafts(shop.app, POLICY)
    own = open_page("lab", POLICY, draft=str(draft.id))
    assert "等另一个人批准" in words(own) and not_offered(own)
    seen = open_page("lab", LEAD, draft=str(draft.id))
    assert seen.text_area[0].value == draft.document and seen.text_area[0].disabled
    assert "直接通过 → 人工审核" in words(seen)
    seen.selectbox(key="lab-from").set_value(local_date(shop.clock.at))
    button(seen, "lab-approve").click().run()
    assert policies.current(shop.app)[1].limits.second_approval_minor == 100
    assert "第 2 版" in words(open_page("lab", POLICY))


def test_it_may_begin_on_another_day(open_page: OpenPage, shop: Shop) -> None:
    _, document = policies.last_document(shop.app)[:2]
    changed = document.replace(limit(shop), "second_approval_minor = 100")
    draft_id = policy_drafts.ask(shop.app, POLICY, changed, "以后", "a")
    page = open_page("lab", LEAD, draft=str(draft_id))
    button(page, "lab-approve").click().run()  # tomorrow is what it says first
    assert policies.current(shop.app)[0] == 1
    shop.clock.advance(timedelta(days=1))
    assert policies.current(shop.app)[0] == 2


def test_sent_back_with_a_word_why(open_page: OpenPage, shop: Shop) -> None:
    _, document = policies.last_document(shop.app)[:2]
    changed = document.replace(limit(shop), "second_approval_minor = 100")
    draft_id = policy_drafts.ask(shop.app, POLICY, changed, "<b>以后</b>", "a")
    page = open_page("lab", LEAD, draft=str(draft_id))
    page = button(page, "lab-back").click().run()
    assert policy_drafts.get(shop.app, LEAD, draft_id).state == "open", "not without a word"
    page.text_input(key="lab-why").set_value("太严了")
    button(page, "lab-back").click().run()
    back = open_page("lab", POLICY, draft=str(draft_id))
    assert "太严了" in words(back) and "已退回" in words(back) and "<b>以后" not in html(back)
    assert not_offered(back)


@pytest.mark.parametrize(
    ("section", "place", "typed", "line"),
    [
        ("window_days", "window_days.membership", 21, "membership = 21"),
        ("fee_basis_points", "fee_basis_points.other", 2.5, "other = 250"),
        ("limits", "limits.second_approval_minor", 1234.56, "second_approval_minor = 123456"),
    ],
)
def test_a_figure_rewrites_its_value_in_the_text(
    open_page: OpenPage, shop: Shop, section: str, place: str, typed: float, line: str
) -> None:
    """Form and text are one document: comments stay, and what is typed into the text stands in the form."""
    page = open_page("lab", POLICY)
    document = page.text_area[0].value
    page.selectbox(key="lab-section").set_value(section).run()
    page.number_input(key=f"lab-fig-{place}").set_value(typed).run()
    before, after = document.split("\n"), page.text_area[0].value.split("\n")
    assert [new for old, new in zip(before, after, strict=True) if old != new] == [line]
    assert "已改" in words(page) and "标准规则" in words(page)
    page.text_area[0].set_value(document).run()
    assert page.number_input(key=f"lab-fig-{place}").value != typed and "已改" not in words(page)


def test_what_is_wrong_stands_beside_the_figure_and_by_its_line(open_page: OpenPage, shop: Shop) -> None:
    page = open_page("lab", POLICY)
    page.number_input(key="lab-fig-window_days.membership").set_value(5000).run()
    text = page.text_area[0].value.split("\n")
    line = text.index("membership = 5000") + 1
    assert f"第 {line} 行 membership = 5000" in words(page)
    beside = html(page).split("card-lab-invalid")[0]
    assert "最大 3650" in beside or "3650" in beside
    page.text_area[0].set_value("name = \n").run()
    assert "第 1 行" in words(page) and "先改好" in words(page)


def test_an_emptied_field_takes_nothing_out(open_page: OpenPage, shop: Shop) -> None:
    page = open_page("lab", POLICY)
    document = page.text_area[0].value
    page.number_input(key="lab-fig-window_days.membership").set_value(None).run()
    assert page.text_area[0].value == document
    assert page.number_input(key="lab-fig-window_days.membership").value is not None


def test_one_that_was_sent_back_can_be_gone_on_from(open_page: OpenPage, shop: Shop) -> None:
    """Who sent it back and why, and the same text to go on with."""
    _, document = policies.last_document(shop.app)[:2]
    changed = document.replace(limit(shop), "second_approval_minor = 100")
    draft_id = policy_drafts.ask(shop.app, POLICY, changed, "以后", "a")
    policy_drafts.send_back(shop.app, LEAD, draft_id, "太严了", "b")
    page = open_page("lab", POLICY, draft=str(draft_id))
    assert "退回：" in words(page) and "太严了" in words(page)
    page.button(key="lab-go-on").click().run()
    assert not page.exception and page.text_area[0].value == changed and not page.text_area[0].disabled
    assert dict(page.query_params) == {"from": str(draft_id)}


def test_an_approved_one_says_from_when_and_by_whom(open_page: OpenPage, shop: Shop) -> None:
    _, document = policies.last_document(shop.app)[:2]
    changed = document.replace(limit(shop), "second_approval_minor = 100")
    draft_id = policy_drafts.ask(shop.app, POLICY, changed, "以后", "a")
    start = shop.clock.at + timedelta(days=3)
    policy_drafts.approve(shop.app, LEAD, draft_id, "b", start)
    said = words(open_page("lab", POLICY, draft=str(draft_id)))
    assert "批准，从" in said and f"{local_date(start).month}月{local_date(start).day}日" in said


def test_comments_alone_are_not_asked_for(open_page: OpenPage, shop: Shop) -> None:
    page = edited(open_page, shop, "[[rules]]", "# 只是注释\n[[rules]]")
    page.text_input(key="lab-meant").set_value("说明一下")
    page = button(page, "lab-ask").click().run()
    assert "只差注释" in words(page) and policy_drafts.drafts(shop.app, POLICY) == ()


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        (
            "zh_CN",
            ("退款 CNY", "¥0.00 到 ¥100.00", "比现有差的 1 笔", "规则 not_delivered 还成立"),
        ),
        ("en", ("Refunds CNY", "¥0.00 to ¥100.00", "1 request is worse off", "Work in hours 0.0 0.3 +0.3")),
    ],
)
def test_what_it_costs_and_who_loses_with_both_rules(
    open_page: OpenPage, shop: Shop, lang: str, says: tuple[str, ...]
) -> None:
    """R6.3: money as a range where people would decide, their hours, and each loser's two explanations."""
    case_no = shop.apply(shop.order()).case_no
    page = edited(open_page, shop, limit(shop), "second_approval_minor = 100", lang)
    said = words(page)
    assert [part for part in says if part not in said] == []
    assert said.count(case_no) >= 2 and "not_delivered" in html(page) and "95" in said
    page.selectbox(key="lab-by").set_value("credit").run()
    assert ("100 分以上" if lang == "zh_CN" else "100 and more") in words(page)


def test_a_point_of_the_curve_is_written_into_the_text(open_page: OpenPage, shop: Shop) -> None:
    """R6.3: pick a point, get the draft."""
    shop.apply(shop.order())
    page = open_page("lab", POLICY)
    page.selectbox(key="lab-sweep-figure").set_value("limits.second_approval_minor").run()
    key = "lab-sweep-limits.second_approval_minor"
    for name, value in (("from", 0.0), ("to", 200.0), ("step", 50.0)):
        page.number_input(key=f"{key}-{name}").set_value(value)
    page = button(page, key).click().run()
    assert "¥50.00" in words(page) and "5 个点" not in words(page) and "6 个点的数字" in words(page)
    page.selectbox(key="lab-sweep-value-limits.second_approval_minor").set_value(5_000).run()
    page.button(key="lab-sweep-write").click().run()
    assert not page.exception and "second_approval_minor = 5000\n" in page.text_area[0].value
    assert "直接通过 → 人工审核" in words(page)


def test_a_range_without_points_is_refused_in_words(open_page: OpenPage, shop: Shop) -> None:
    shop.apply(shop.order())
    page = open_page("lab", POLICY)
    key = "lab-sweep-window_days.membership"
    page.number_input(key=f"{key}-to").set_value(1_000)
    page = button(page, key).click().run()
    assert "最多 61 个点" in words(page)


def test_nothing_is_read_or_worked_out_twice(
    open_page: OpenPage, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rerun that changes nothing reads no requests again; a new request is read."""
    shop.apply(shop.order())
    calls: list[str] = []
    for name in ("sent_since", "replay", "handling"):
        work = getattr(replay, name)
        monkeypatch.setattr(
            replay, name, lambda *given, work=work, name=name: calls.append(name) or work(*given)
        )
    page = open_page("lab", POLICY)
    page.selectbox(key="lab-section").set_value("limits").run()
    assert sorted(calls) == ["handling", "replay", "sent_since"]
    page.number_input(key="lab-fig-limits.second_approval_minor").set_value(1.0).run()
    assert calls[3:] == ["replay"], "the requests are the same"
    shop.apply(shop.order())
    page.run()
    assert sorted(calls[4:]) == ["handling", "replay", "sent_since"]


def test_anothers_draft_is_weighed_and_not_changed(open_page: OpenPage, shop: Shop) -> None:
    shop.apply(shop.order())
    _, document = policies.last_document(shop.app)[:2]
    changed = document.replace(limit(shop), "second_approval_minor = 100")
    draft_id = policy_drafts.ask(shop.app, POLICY, changed, "以后", "a")
    page = open_page("lab", LEAD, draft=str(draft_id))
    assert "要花多少" in words(page) and "谁多拿，谁少拿" in words(page) and "如果换一个数" not in words(page)


def test_a_shipped_one_says_who_would_want_it(open_page: OpenPage) -> None:
    page = open_page("lab", POLICY)
    assert "适合" not in words(page)
    for name in ("strict", "generous"):
        page.selectbox(key="lab-base").set_value(name).run()
        assert "适合" in words(page) and f'name = "{name}"' in page.text_area[0].value


def not_offered(page: AppTest) -> bool:
    """Nobody is asked from when it shall hold."""
    return all(each.key != "lab-from" for each in page.selectbox)


def button(page: AppTest, form: str) -> Any:
    """The button of a form."""
    return next(each for each in page.button if each.proto.form_id == form)
