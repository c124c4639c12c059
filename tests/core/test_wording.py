"""A rule's own words, filled in; a law's from the catalogs; never an empty or a half sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import texts, wording
from core.domain.eligibility import LAWS, assess
from core.domain.facts import Facts, Tender
from core.domain.policy import SHIPPED, load, shipped
from core.domain.workdays import china

AT = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
FACTS = Facts(
    at=AT,
    reason="not_as_described",
    kind="game_card",
    delivery="redeemed",
    paid_at=AT - timedelta(days=3),
    currency="CNY",
    requested_minor=12_000,
    tenders=(Tender(1, "alipay", 10_000, 10_000),),
    delivery_at=datetime(2026, 8, 30, 6, 2, tzinfo=UTC),
    completed_at=AT - timedelta(days=2),
)
POLICIES = [load(shipped(name)) for name in ("standard",)]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_rule_and_law_reads_as_a_sentence(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """R1.4: with facts that know everything and with facts that know nothing."""
    monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
    tx = texts.of(language)
    bare = replace(
        FACTS, delivery_at=None, completed_at=None, evidence=frozenset(["product_page", "product_shown"])
    )
    for policy in POLICIES:
        for rule in (*(rule.id for rule in policy.rules), *LAWS):
            for facts in (FACTS, bare):
                sentence = wording.rule_sentence(tx, policy, rule, facts)
                assert len(sentence) > 5 and "{" not in sentence and "None" not in sentence


def test_the_facts_are_in_it() -> None:
    """SCREENS: 'redeemed on 30 Aug at 14:02', in Shanghai's time."""
    tx = texts.of("zh_CN")
    assert "8月30日 14:02" in wording.rule_sentence(tx, POLICIES[0], "redeemed", FACTS)
    assert "¥100.00" in wording.rule_sentence(tx, POLICIES[0], "law.above_remaining", FACTS)
    assert "¥120.00" in wording.rule_sentence(texts.of("en"), POLICIES[0], "law.above_remaining", FACTS)


@pytest.mark.parametrize(
    ("delivery", "zh", "en"),
    [
        ("pending", "这笔订单还没有发货，", "So far nothing was delivered, "),
        (
            "code_issued",
            "卡密已发出、还没有人查看过，",
            "So far the code was issued and nobody has opened it, ",
        ),
    ],
)
def test_the_rule_says_of_the_delivery_what_the_order_beside_it_says(delivery: str, zh: str, en: str) -> None:
    """R1.2: an issued code that nobody has opened does not count, but 'nothing was delivered' is not true."""
    facts = replace(FACTS, delivery=delivery)
    for language, words in (("zh_CN", zh), ("en", en)):
        said = wording.rule_sentence(texts.of(language), POLICIES[0], "not_delivered", facts)
        assert said.startswith(words)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize(
    ("changes", "why", "not_these"),
    [
        ({"requested_minor": 150_000}, "金额较大", ("退款次数", "信用")),
        ({"recent_refunds": 30}, "退款次数较多", ("金额", "信用")),
        ({"credit": 10}, "信用分不够", ("金额", "退款次数")),
    ],
)
def test_a_review_names_the_cause_that_applies(
    name: str, changes: dict[str, int], why: str, not_these: tuple[str, ...]
) -> None:
    """R1.4: why a person looks, and nothing that has no part in it."""
    policy = load(shipped(name))
    tender = Tender(1, "alipay", 150_000, 150_000)
    values: dict[str, Any] = {"requested_minor": 10_000, "tenders": (tender,), **changes}
    facts = replace(FACTS, reason="not_delivered", delivery="pending", **values)
    found = assess(facts, policy, china())
    said = wording.rule_sentence(texts.of("zh_CN"), policy, found.rule, facts)
    assert found.verdict == "review" and why in said
    assert not any(other in said for other in not_these)
