"""R6.3: what a second person is told of a draft before the button that puts it in force; what its author
is told while writing it.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest

from core.domain.actors import Actor
from core.domain.errors import PolicyEntangled
from core.domain.workdays import ZONE, local_date
from core.services import policies, policy_drafts, policy_publishing
from portal import session
from tests.pages.conftest import OpenPage, html, words
from tests.pages.filling import press
from tests.pages.test_lab import button, cell, edited, limit, look, pick, table, text
from tests.shop import LEAD, Shop

AUTHOR = Actor("policy", "lu-jing")
LAST_RULE = '[[rules]]\nid = "to_a_person"'


def ask(shop: Shop, *changes: tuple[str, str], key: str = "ask") -> int:
    version, document, _ = policies.last_document(shop.app)
    for old, new in changes:
        assert old in document
        document = document.replace(old, new, 1)
    faults = policy_publishing.faults(document)
    return policy_drafts.ask(
        shop.app, AUTHOR, document, f"meant {key}", key, based_on=version, despite=faults
    )


def test_what_waits_for_a_person_stands_at_the_top(open_page: OpenPage, shop: Shop) -> None:
    draft_id = ask(shop, ("membership = 15", "membership = 20"))
    first = html(open_page("lab", LEAD)).split('key="lab-base"')[0].split("从哪一份开始")[0]
    assert f'href="/lab?draft={draft_id}"' in first and "等你批准或退回：meant ask" in first
    assert "等你批准" not in words(open_page("lab", AUTHOR)), "nobody approves their own"
    policy_drafts.send_back(shop.app, LEAD, draft_id, "too long", "back")
    assert "你的草稿被退回了，打开看原因：meant ask" in words(open_page("lab", AUTHOR))
    assert "被退回了" not in words(open_page("lab", LEAD))
    ask(shop, ("membership = 15", "membership = 18"), key="again")
    assert "被退回了" not in words(open_page("lab", AUTHOR)), "another one was asked for since"


def test_what_a_draft_changes_stands_before_the_button(open_page: OpenPage, shop: Shop) -> None:
    """Figures, rules as they are written, whom it is harder on; findings that are to be mended."""
    _, document, _ = policies.last_document(shop.app)
    gone = document[document.index(LAST_RULE) :]
    limits = "order_refund_minor = { up_to = 50000 }"
    draft_id = ask(
        shop, (gone, ""), ("membership = 15", "membership = 20"), (limits, limits.replace("500", "90"))
    )
    page = open_page("lab", LEAD, draft=str(draft_id))
    said = words(page).split("线上试行")[0].split("改了什么")[1]
    assert "会员：15 天 → 20 天" in said and "window_days" not in said
    assert "not_delivered：这笔订单累计退款：最多 ¥500.00 → 这笔订单累计退款：最多 ¥90.00" in said
    assert "删掉规则 to_a_person（人工审核：" in said
    assert said.index("对顾客更严的") < said.index("直接通过 → 人工审核：") < said.index("对顾客更宽的")
    assert "发布之前请先处理" in said and "没有规则接住这种订单" in said


FEE = ("other = 500", "other = 1000")


@pytest.mark.parametrize(
    ("lang", "harder", "says", "kinder"),
    [
        ("zh_CN", "对顾客更严的", "5% → 10%：本店 1 笔申请会少到账，合计最多少 ¥5.00", "对顾客更宽的"),
        ("en", "Harder on customers", "5% → 10%: 1 request of this shop would get less, at most ¥5.00",
         "Kinder to customers"),
    ],
)  # fmt: skip
def test_a_higher_fee_is_harder_and_a_lower_one_kinder(
    open_page: OpenPage, shop: Shop, lang: str, harder: str, says: str, kinder: str
) -> None:
    """Fees change no answer, and yet whoever decides is told who gets less, and how much."""
    shop.apply(shop.order(delivery="code_viewed"), reason="other")
    draft_id = ask(shop, FEE, ("up_to = 2000 }", "up_to = 10000 }"))
    said = words(open_page("lab", LEAD, lang=lang, draft=str(draft_id)))
    assert said.index(harder) < said.index(says) < said.index(kinder)
    draft_id = ask(shop, ("other = 500", "other = 100"), key="lower")
    said = words(open_page("lab", LEAD, lang=lang, draft=str(draft_id)))
    assert kinder in said and harder not in said and "5% → 1%" in said


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("zh_CN", "1 笔申请里 0 笔换结果；0 笔比现有的好，1 笔比现有的差。 "
         "其中 1 笔结论没变，批准后到账更少。"),
        ("en", "Of 1 request 0 changes; 0 better off, 1 worse off than so far. 1 of these keeps its "
               "answer and would get less if approved."),
    ],
)  # fmt: skip
def test_the_headline_counts_money_not_only_answers(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    shop.apply(shop.order(delivery="code_viewed"), reason="other")
    page = edited(open_page, shop, *FEE, lang)
    assert says in words(page)
    assert ("批准后到账 ¥95.00 → ¥90.00" if lang == "zh_CN" else "if approved, ¥95.00 → ¥90.00") in words(
        page
    )


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("zh_CN", "历史里没有人为这样的订单申请过；按规则算，有 2 种订单的结论不同，其中 2 种更严。"),
        ("en", "Nobody in the history asked for such an order; by the rules 2 kinds of orders are answered "
               "otherwise, 2 of them harder."),
    ],
)  # fmt: skip
def test_the_headline_tells_what_no_request_shows(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    """The history holds none of the orders that are answered otherwise; a link leads to which they are."""
    shop.apply(shop.order())
    page = edited(open_page, shop, "order_refund_minor = { up_to = 50000 }",
                  "order_refund_minor = { up_to = 20000 }", lang)  # fmt: skip
    [gist] = [part for part in html(page).split("\n") if 'class="gist"' in part]
    assert says in words(page)
    assert '<a href="#lab-changes">' in gist and 'id="lab-changes"' in html(page)


@pytest.mark.parametrize(
    ("lang", "column", "headline"),
    [
        ("zh_CN", "第 2 版（明天起）", "1 笔比第 2 版（明天起）的差"),
        ("en", "Version 2 (begins tomorrow)", "1 worse off than under version 2 (begins tomorrow)."),
    ],
)
def test_what_begins_later_is_named(
    open_page: OpenPage, shop: Shop, lang: str, column: str, headline: str
) -> None:
    """Everything is compared with what was published last; where that is not what applies today, no column
    says that it is.
    """
    shop.apply(shop.order(delivery="code_viewed"), reason="other")
    tomorrow = datetime.combine(local_date(shop.clock.at) + timedelta(days=1), time(), ZONE)
    draft_id = ask(shop, ("membership = 15", "membership = 20"))
    policy_drafts.approve(shop.app, LEAD, draft_id, "yes", tomorrow)
    page = edited(open_page, shop, *FEE, lang)
    said = words(page)
    assert column in said and headline in said
    assert "现有" not in said and "than so far" not in said and 'data-label="So far"' not in html(page)
    shop.clock.advance(timedelta(days=1))
    page = edited(open_page, shop, *FEE, lang)
    assert column not in words(page) and re.search('data-label="(现有|So far)"', html(page))


def test_one_that_is_approved_tells_what_it_changed(open_page: OpenPage, shop: Shop) -> None:
    """Also when others came after it: who wonders why an order is answered so reads it here."""
    shop.apply(shop.order(delivery="code_viewed"), reason="other")
    first = ask(shop, ("membership = 15", "membership = 20"))
    policy_drafts.approve(shop.app, LEAD, first, "yes")
    second = ask(shop, ("game_card = 7", "game_card = 9"), key="more")
    policy_drafts.approve(shop.app, LEAD, second, "yes too")
    said = words(open_page("lab", LEAD, draft=str(first))).split("改了什么")[1]
    assert "会员：15 天 → 20 天" in said and "→ 9 天" not in said
    page = open_page("lab", LEAD, lang="en", draft=str(second))
    said = words(page).split("What it changes")[1]
    assert "7 days → 9 days" in said and "→ 20 days" not in said
    assert 'data-label="Version 2"' in html(page) and 'data-label="So far"' not in html(page)
    assert "lab-approve" not in {each.proto.form_id for each in page.button}


def test_a_table_that_nobody_can_read_is_not_asked_for(
    open_page: OpenPage, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it leaves open cannot be told, so nobody can mean it so."""
    _, document, _ = policies.last_document(shop.app)
    changed = document.replace("membership = 15", "membership = 19", 1)
    monkeypatch.setattr("core.domain.regions.MOST_BOXES", 5)
    policy_publishing._analysed.cache_clear()
    page = open_page("lab", AUTHOR, lang="en")
    look(page, "text")
    page.text_area[0].set_value(changed).run()
    page.text_input(key="lab-meant").set_value("tangled")
    button(page, "lab-ask").click().run()
    assert not page.exception and policy_drafts.drafts(shop.app, AUTHOR) == ()
    assert "cross each other too often" in words(page)
    for ask_for in (
        lambda: policy_drafts.ask(shop.app, AUTHOR, changed, "tangled", "ask", despite=0),
        lambda: policy_publishing.faults(changed),
    ):
        with pytest.raises(PolicyEntangled):
            ask_for()
    policy_publishing._analysed.cache_clear()


@pytest.mark.parametrize(
    ("lang", "says"), [("zh_CN", "处要先处理，写在结果的最后"), ("en", "in the rules themselves")]
)
def test_a_finding_in_the_rules_is_told_beside_the_edit(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    _, document, _ = policies.last_document(shop.app)
    assert says not in words(edited(open_page, shop, "membership = 15", "membership = 16", lang))
    assert says in words(edited(open_page, shop, document[document.index(LAST_RULE) :], "", lang))


def test_a_broken_text_tells_nothing_of_the_one_before_and_is_not_asked_for(
    open_page: OpenPage, shop: Shop
) -> None:
    shop.apply(shop.order())
    page = edited(open_page, shop, limit(shop), "second_approval_minor = 100")
    assert 'class="gist"' in html(page) and button(page, "lab-ask")
    assert "关掉就没了" in words(page), "it is kept nowhere else"
    assert "关掉就没了" not in words(open_page("lab", AUTHOR)), "nothing to lose"
    page.text_area[0].set_value(text(page).replace("membership = 15", "membership = many")).run()
    assert 'class="gist"' not in html(page)
    assert not [each for each in page.button if each.proto.form_id == "lab-ask"]


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("zh_CN", "手续费 · 买错了，或其他原因：不能大于 100%，现在是 150%"),
        ("en", "Fees · Wrong purchase, or something else: write at most 100%, it is 150%"),
    ],
)
def test_a_slip_in_a_field_is_told_in_the_fields_unit(open_page: OpenPage, lang: str, says: str) -> None:
    page = open_page("lab", AUTHOR, lang=lang)
    page.selectbox(key="lab-section").set_value("fee_basis_points").run()
    page.number_input(key="lab-fig-fee_basis_points.other-lab-doc-last-1").set_value(150.0).run()
    assert words(page).count(says) == 2, "at the field and in the list"
    assert "15000" not in words(page)
    assert "15000" in words(look(page, "text")), "there it is the document's"


def test_a_cell_is_refused_at_its_field_and_an_exact_number_is_said(open_page: OpenPage, shop: Shop) -> None:
    page = pick(table(open_page), shop, "not_delivered")
    page.text_input(key=cell(page, "order_refund_minor")).set_value("五百").run()
    assert "没有改成“五百”" in words(page)
    assert html(page).count('<p class="bad" role="alert">') == 1 and '"alert no"' not in html(page)
    assert "没有改成" not in words(page.run()), "told once"
    page.text_input(key=cell(page, "order_refund_minor")).set_value("300").run()
    assert "正好是 300 才算" in words(page)
    page.text_input(key=cell(page, "order_refund_minor")).set_value("≤ 300").run()
    assert "才算；" not in words(page)


def test_a_rule_that_was_taken_out_comes_back_at_a_click(open_page: OpenPage, shop: Shop) -> None:
    page = pick(table(open_page), shop, "too_late")
    before = text(page)
    press(page, "lab-rule-remove")
    assert "删掉了规则 too_late" in words(page) and text(page) != before
    press(page, "lab-rule-back")
    assert text(page) == before and "删掉了规则" not in words(page)


def test_an_earlier_version_is_a_beginning(open_page: OpenPage, shop: Shop) -> None:
    """The way back from a version that was published in error."""
    first = policies.last_document(shop.app)[1]
    draft_id = ask(shop, ("membership = 15", "membership = 20"))
    policy_drafts.approve(shop.app, LEAD, draft_id, "yes")
    page = open_page("lab", AUTHOR)
    page.selectbox(key="lab-base").set_value("version-1").run()
    assert page.session_state["lab-doc-version-1-2"] == first
    assert "会员：20 天 → 15 天" in words(page) or "20 天 → 15 天" in words(page)


def test_a_curve_of_nothing_is_not_drawn(open_page: OpenPage, shop: Shop) -> None:
    shop.apply(shop.order())
    page = open_page("lab", AUTHOR)
    page.selectbox(key="lab-sweep-figure").set_value("window_days.membership").run()
    page = button(page, "lab-sweep-window_days.membership").click().run()
    assert "所以没有曲线" in words(page) and not page.get("vega_lite_chart")
    page.selectbox(key="lab-sweep-figure").set_value("fee_basis_points.not_delivered").run()
    key = "lab-sweep-fee_basis_points.not_delivered"
    page.number_input(key=f"{key}-to").set_value(10.0)
    page.number_input(key=f"{key}-step").set_value(1.0)
    page = button(page, key).click().run()
    assert "只有退款跟着变" in words(page) and page.get("vega_lite_chart")


def test_the_text_view_reads_from_the_top(open_page: OpenPage, shop: Shop) -> None:
    """Mistakes in the order of their lines, whatever found them."""
    page = edited(open_page, shop, 'verdict = "approve"', 'verdict = "aprove"')
    page.text_area[0].set_value(text(page).replace("membership = 15", "membership = -1")).run()
    said = words(page)
    assert said.index("membership = -1") < said.index('verdict = "aprove"')
    look(page, "form")
    assert "“全文”" not in words(page), "the text can be read"


@pytest.mark.parametrize(
    ("lang", "says"), [("zh_CN", "在这里重新登录后就会回来"), ("en", "sign in again here and they are back")]
)
def test_whose_sign_in_ended_reads_what_became_of_the_text(
    open_page: OpenPage, shop: Shop, monkeypatch: pytest.MonkeyPatch, lang: str, says: str
) -> None:
    """Not that cases are as they were: what was being written is rules."""
    page = open_page("lab", AUTHOR, lang=lang)
    monkeypatch.setattr(session, "here", lambda: "/lab?view=text")
    shop.clock.advance(timedelta(days=31))
    said = words(page.run())
    assert says in said and "没有动过" not in said


def test_those_who_ask_for_less_open_at_a_click(open_page: OpenPage, shop: Shop) -> None:
    """Not only counted: each can be looked at."""
    for minor in range(1_000, 8_000, 1_000):
        shop.apply(shop.order(("alipay", minor), delivery="code_viewed"), minor, reason="other")
    seen = html(edited(open_page, shop, *FEE))
    assert "还有 2 笔，申请金额都更小" in seen.replace("\xa0", " ")
    first, _, more = seen.partition('<details class="more"><summary>还有')
    assert "<small>¥70.00 · " in first and "<small>¥10.00 · " not in first
    assert "<small>¥10.00 · " in more.split("</ul></details>")[0]


def test_from_when_a_window_counts_is_said_at_its_figures(open_page: OpenPage) -> None:
    page = open_page("lab", AUTHOR)
    assert "从订单完成的第二天算起" in words(page)
    page.selectbox(key="lab-section").set_value("limits").run()
    assert "从订单完成的第二天算起" not in words(page)


REFUSES = '[[rules]]\nid = "nobody"\nwhen = {}\nverdict = "reject"\nzh = "不退。"\nen = "No."\n\n'


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_what_is_unsound_takes_a_tick_of_either_person(open_page: OpenPage, shop: Shop, lang: str) -> None:
    """One click is not enough for a rule that refuses everybody: not to ask, and not to approve."""
    page = edited(open_page, shop, "[[rules]]", f"{REFUSES}[[rules]]", lang)
    faults = policy_publishing.faults(text(page))
    tick = page.checkbox(key=f"lab-despite-ask-{faults}")
    assert not tick.value and str(faults) in tick.label
    page.text_input(key="lab-meant").set_value("nobody")
    page = button(page, "lab-ask").click().run()
    assert policy_drafts.drafts(shop.app, LEAD) == () and f"--despite {faults}" in words(page)
    page.checkbox(key=f"lab-despite-ask-{faults}").check()
    button(page, "lab-ask").click().run()
    [draft] = policy_drafts.drafts(shop.app, LEAD)
    second = open_page("lab", LEAD, lang=lang, draft=str(draft.id))
    key = f"lab-despite-approve-{draft.id}-{faults}"
    assert not second.checkbox(key=key).value and str(faults) in second.checkbox(key=key).label
    second = button(second, "lab-approve").click().run()
    assert policies.newest(shop.app) == 1 and f"--despite {faults}" in words(second)
    second.checkbox(key=key).check()
    button(second, "lab-approve").click().run()
    assert policies.newest(shop.app) == 2
    said = words(open_page("lab", AUTHOR, lang=lang, draft=str(draft.id)))
    assert ("仍然批准了" if lang == "zh_CN" else f"Approved although {faults} faults") in said


def test_what_is_sound_needs_no_tick(open_page: OpenPage, shop: Shop) -> None:
    """Rules that cross are no faults."""
    page = edited(open_page, shop, "membership = 15", "membership = 20")
    assert not page.checkbox and button(page, "lab-ask")
