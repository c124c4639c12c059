"""A rule's own words, filled in; a law's from the catalogs; never an empty or a half sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core import texts, wording
from core.domain.eligibility import LAWS
from core.domain.facts import Facts, Tender
from core.domain.policy import load, shipped

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
