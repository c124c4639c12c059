"""Which rule decided: a customer sees what could be better and no limit on risk, the shop's people all."""

from __future__ import annotations

import re
from html import unescape

import pytest

from core import texts
from core.domain.facts import Facts
from portal.blocks import rules_text
from portal.parts import why
from tests.claims import FAULTY, STANDARD, ago, claim, decide

ZH = texts.of("zh_CN")
LATE = claim(completed_at=ago(days=30), paid_at=ago(days=31), evidence=FAULTY)
POOR = claim(reason="not_delivered", delivery="pending", credit=40)
SMALL = claim(requested_minor=1_000, evidence=FAULTY, credit=70)


def said(facts: Facts, **more: bool) -> str:
    page = why.rules(ZH, decide(facts), STANDARD, currency="CNY", **more)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.mark.parametrize("facts", [LATE, POOR, SMALL])
def test_only_what_would_be_better_stands_beside_the_rule_that_decided(facts: Facts) -> None:
    found = decide(facts)
    rank = ["reject", "needs_evidence", "review", "approve"]
    better = [t for t in found.traces if rank.index(t.verdict) > rank.index(found.verdict)]
    page = why.rules(ZH, found, STANDARD, currency="CNY")
    first, fold = page.split("<details")
    assert first.count('<li class="hit">') == 1 and fold.count('<i aria-hidden="true">') == len(better)
    assert len(better) < len(STANDARD.rules) - 1 and f"（{len(better)} 条）" in fold


@pytest.mark.parametrize("facts", [POOR, SMALL])
def test_a_customer_is_not_told_the_limits_on_risk(facts: Facts) -> None:
    assert "还要看：账户信用" in said(facts)
    assert not re.search(r"(账户信用|退款次数|自动退款)：(至少|最多)", said(facts))
    assert "（你的：40）" not in said(facts) and "（你的：70）" not in said(facts)


def test_the_shops_people_see_every_rule_and_every_figure() -> None:
    page = why.rules(ZH, decide(POOR), STANDARD, currency="CNY", is_full=True)
    assert page.count('<i aria-hidden="true">') == len(STANDARD.rules) and "<details" not in page
    assert "账户信用：至少 60" in said(POOR, is_full=True) and "（这件：40）" in said(POOR, is_full=True)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_help_names_no_limit_on_risk(language: str) -> None:
    tx = texts.of(language)
    page = rules_text.decisions(tx, STANDARD)
    for column in ("credit", "recent_refunds", "unnamed_refunds"):
        name = tx(f"column.{column}")
        assert tx("test.unnamed", column=name) in page
        assert not re.search(re.escape(name) + r"\s*[：:]\s*\S*\s*\d", page)
