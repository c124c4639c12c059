"""The policy lab on screen: what is wrong, what changes, who moves; nothing is published by looking."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core.adapters.tables import policies as rows
from core.domain.actors import Actor
from core.services import policies
from tests.pages.conftest import OpenPage, html, words
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop

POLICY = Actor("policy", "lu-jing")


def edited(open_page: OpenPage, shop: Shop, old: str, new: str, lang: str = "zh_CN"):  # type: ignore[no-untyped-def]
    page = open_page("lab", POLICY, lang=lang)
    _, document = policies.document_in_force(shop.app)
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
    _, document = policies.document_in_force(shop.app)
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
