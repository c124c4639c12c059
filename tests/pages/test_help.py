"""Help is written from the policy in force, so it cannot disagree with it (R6.6)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core import texts
from core.domain import policy as documents
from core.domain.table import parse_rule
from core.services import policy_publishing
from portal.blocks import rules_text
from tests import pinned
from tests.pages.conftest import OpenPage, html, words
from tests.shop import MEI, Shop

STANDARD = pinned.TEXT


def test_open_to_everybody(open_page: OpenPage):
    page = words(open_page("help"))
    assert "退款规则与帮助" in page and "第 1 版" in page


@pytest.mark.parametrize(
    ("line", "becomes", "said"),
    [
        ("game_card = 7", "game_card = 11", "游戏点卡 11 天"),
        ("reply = 3", "reply = 6", "6 个工作日内回答"),
        ("appeal = 7", "appeal = 9", "9 个工作日内可以申诉"),
        ("review_most = 3", "review_most = 5", "1–5 个工作日内给结果"),
        ("alipay = [1, 2]", "alipay = [2, 4]", "支付宝 2–4 个工作日"),
        ("other = 500", "other = 250", "买错了，或其他原因 2.5%"),
        ("expires_after_days = 365", "expires_after_days = 200", "200 天后失效"),
        ('counts_from = "code_viewed"', 'counts_from = "code_issued"', "从“已发卡密（未查看）”开始算发货"),
        ("arrival_overdue_working_days = 5", "arrival_overdue_working_days = 8", "超过 8 个工作日"),
    ],
)
def test_a_changed_figure_changes_the_page(
    open_page: OpenPage, shop: Shop, line: str, becomes: str, said: str
):
    assert said not in words(open_page("help"))
    changed = re.sub(rf"(?m)^{re.escape(line)}", becomes, STANDARD)
    assert changed != STANDARD
    with shop.app.begin() as conn:
        policy_publishing.publish(
            shop.app, conn, changed, author="a", approved_by="b", in_force_from=shop.clock.at
        )
    page = words(open_page("help"))
    assert said in page and "第 2 版" in page


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("name", documents.SHIPPED)
def test_every_shipped_policy_can_be_written_out(language: str, name: str, monkeypatch: pytest.MonkeyPatch):
    """Every rule, reason, kind and channel has its words; no placeholder is left over."""
    monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
    policy = documents.load(documents.shipped(name))
    page = rules_text.body(texts.of(language), policy, 3)
    assert page.count('class="if"') == len(policy.rules)
    assert not re.search(r"\{[a-z_]+\}", page)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "zh_CN",
            {
                "redeemed": "商品已于申请前核销。",
                "too_late": "这笔已于期限最后一天截止。",
                "faulty_unproven": "请附上：这个原因要求的凭证。",
                "not_delivered": "这笔订单还不算发货，所以不需要人工审核。",
            },
        ),
        (
            "en",
            {
                "redeemed": "The code was redeemed on an earlier date.",
                "too_late": "for this order that ended on the last of these days.",
                "faulty_unproven": "Please add: the evidence that this reason needs.",
                "not_delivered": "So far the order does not count as delivered, so nobody needs to check.",
            },
        ),
    ],
)
def test_a_rule_reads_as_a_sentence_where_there_is_no_order(language: str, said: dict[str, str]):
    """General words stand where an order's facts would, and nothing in brackets."""
    policy = documents.load(STANDARD)
    page = rules_text.body(texts.of(language), policy, 1)
    assert not re.search("[〔〕]", page)
    for rule in policy.rules:
        assert said.get(rule.id, "") in rules_text.sentence(texts.of(language), rule, policy)


def test_of_other_deliveries_the_rule_says_which():
    rule = parse_rule(
        {
            "id": "seen",
            "when": {"delivery": ["code_viewed", "activated"]},
            "verdict": "review",
            "zh": "{delivery}。",
            "en": "{delivery}.",
        }
    )
    said = rules_text.sentence(texts.of("zh_CN"), rule, documents.load(STANDARD))
    assert said == "卡密已被查看、还没有激活或商品已激活、还没有核销。"


def test_the_decision_table_stands_in_its_order(open_page: OpenPage):
    policy = documents.load(STANDARD)
    page = words(open_page("help"))
    plain = [rule.words["zh"] for rule in policy.rules if "{" not in rule.words["zh"]]
    places = [page.index(sentence) for sentence in plain]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("support", "shown"),
    [
        ("", "在你买东西的地方回复卖家"),
        ("https://shop.test/help?a=1&b=2", 'href="https://shop.test/help?a=1&amp;b=2"'),
        ("help@shop.test", 'href="mailto:help@shop.test"'),
        ("每天 9–18 点在店铺里留言", "<bdi>每天 9–18 点在店铺里留言</bdi>"),
        ("javascript:alert(1)", "<bdi>javascript:alert(1)</bdi>"),
        ('https://x"><script>', 'href="https://x&quot;&gt;&lt;script&gt;"'),
    ],
)
def test_where_to_write_and_what_to_quote(open_page: OpenPage, shop: Shop, support: str, shown: str):
    shop.app.support = support
    page = open_page("help")
    assert shown in html(page) and "请写上订单号" in words(page)
    assert html(page).count("<script") == 1, "the one that scrolls to a section"


@pytest.mark.parametrize(("points", "said"), [(500, "5"), (250, "2.5"), (25, "0.25"), (10_000, "100")])
def test_basis_points_as_percent(points: int, said: str):
    assert rules_text.percent(points) == said


def test_the_demo_shop_has_somebody_to_write_to(open_page: OpenPage, shop: Shop):
    shop.app.demo = True
    assert "客服微信 xingdian-help" in words(open_page("help"))
    shop.app.support = "help@shop.test"
    assert "xingdian-help" not in words(open_page("help")), "what the operator set comes first"


def test_the_way_to_support_leads_to_the_contact(open_page: OpenPage, shop: Shop):
    assert 'href="/help#contact"' in html(open_page("request", MEI, order=shop.order()))
    assert '<section id="contact">' in html(open_page("help"))


def test_help_says_when_arbitration_can_be_asked_for(open_page: OpenPage):
    """As `rights.DISPUTABLE` has it: a question, a refusal, or nobody in time."""
    assert "审核员问过你问题，审核超过了时限，或没有通过后你重新申请了" in words(open_page("help"))


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_an_older_purchase_is_told_of_once_there_is_one(open_page: OpenPage, shop: Shop, lang: str):
    """R6.3: with the rules and in the agreement; not before, nor where today's alone count."""
    said = texts.of(lang)("help.kinder")
    assert said not in words(open_page("help", lang=lang))
    for number, more in enumerate(("", "\nkinder_version = false")):
        changed = STANDARD.replace("[limits]", f"[limits]{more}", 1) + f"\n# {number}"
        changed = re.sub(r"(?m)^kinder_version = true.*$", "", changed) if more else changed
        shop.clock.advance(timedelta(days=1))
        with shop.app.begin() as conn:
            policy_publishing.publish(
                shop.app, conn, changed, author="a", approved_by="b", in_force_from=shop.clock.at
            )
        assert words(open_page("help", lang=lang)).count(said) == (0 if more else 2)
