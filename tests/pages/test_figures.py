"""Operations on screen: the chart, its sums in words, tables with bars; nothing there is said as such."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.pages.conftest import OpenPage, html, words
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


@pytest.mark.parametrize(("lang", "says"), [("zh_CN", "没有人申请退款"), ("en", "Nobody asked for a refund")])
def test_with_nothing_there(open_page: OpenPage, lang: str, says: str) -> None:
    page = open_page("figures", LEAD, lang=lang)
    assert says in words(page) and not page.get("vega_lite_chart")


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        (
            "zh_CN",
            ("1 件申请，100% 当场通过", "当场通过", "没收到货", "100%", "通过（占有结果的）", "还算不出"),
        ),
        ("en", ("1 request, 100% approved at once", "Approved at once", "100%", "too few to say")),
    ],
)
def test_what_was_sent_is_drawn_and_said(
    open_page: OpenPage, shop: Shop, lang: str, says: tuple[str, ...]
) -> None:
    shop.apply(shop.order())
    page = open_page("figures", FINANCE, lang=lang, days="7")
    assert [part for part in says if part not in words(page)] == []
    [chart] = page.get("vega_lite_chart")
    assert json.loads(chart.proto.spec)["layer"][0]["encoding"]["x"]["field"] == "day"
    assert 'href="/figures?days=90"' in html(page) and "paid_twice" not in html(page)


@pytest.mark.parametrize(
    ("lang", "says"), [("zh_CN", "商品已经发出。因买错"), ("en", "a person sees whether")]
)
def test_a_rule_is_named_by_its_sentence(open_page: OpenPage, shop: Shop, lang: str, says: str) -> None:
    shop.apply(shop.order(delivery="code_viewed", completed_at=shop.clock.at), reason="other")
    said = words(open_page("figures", LEAD, lang=lang))
    assert says in said
    assert (
        html(open_page("figures", LEAD, lang=lang)).count("delivered_changed_mind") == 1
    )  # small, beside it


@pytest.mark.parametrize(("lang", "says"), [("zh_CN", "没收到货"), ("en", "Nothing arrived")])
def test_a_rule_with_places_in_its_sentence_is_named_by_it_as_well(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    """Not by its id alone, and a reason in the words of the customer's form."""
    shop.apply(shop.order())
    page = open_page("figures", LEAD, lang=lang)
    assert says in words(page) and "<td class=p>not_delivered" not in html(page)
    expected = (
        "这笔订单还不算发货，所以不需要人工审核"
        if lang == "zh_CN"
        else "does not count as delivered, so nobody needs to check"
    )
    assert expected in words(page), words(page)


@pytest.mark.parametrize(("lang", "says"), [("zh_CN", "审核 1 申诉复核 0"), ("en", "Reviews 1 Appeals 0")])
def test_what_should_have_been_decided_is_counted(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    shop.apply(shop.order(delivery="code_viewed", completed_at=shop.clock.at), reason="other")
    none = "都在期限之内" if lang == "zh_CN" else "All are within their time"
    assert none in words(open_page("figures", LEAD, lang=lang))
    shop.clock.at += timedelta(days=30)
    assert says in words(open_page("figures", LEAD, lang=lang))


@pytest.mark.parametrize("actor", [MEI, REVIEWER, SUPPORT, None], ids=str)
def test_others_do_not_see_it(open_page: OpenPage, shop: Shop, actor: object) -> None:
    shop.apply(shop.order())
    assert "当场通过" not in words(open_page("figures", actor))  # type: ignore[arg-type]


@pytest.mark.parametrize("days", ["0", "8", "all", "-7", "9999999999"])
def test_another_period_is_the_usual_one(open_page: OpenPage, shop: Shop, days: str) -> None:
    shop.apply(shop.order())
    assert 'href="/figures?days=30" aria-current=page' in html(open_page("figures", LEAD, days=days))
