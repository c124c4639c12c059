"""How fast a route is: each payment's own days, and a review's days where a person decides first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core import texts
from core.domain.facts import Facts, Tender
from portal.parts import choice
from tests.claims import FAULTY, NOW, STANDARD, ago, claim, decide, paid

ZH, EN = texts.of("zh_CN"), texts.of("en")
SPLIT = (paid(7_450), paid(2_550, "balance"))


@pytest.mark.parametrize(
    ("facts", "zh", "en"),
    [
        (
            claim(reason="not_delivered", delivery="pending"),
            "1–2 个工作日，预计 11月24日（周二）",
            "1–2 working days, by Tue 24 Nov",
        ),
        (
            claim(*SPLIT, reason="not_delivered", delivery="pending"),
            "支付宝：1–2 个工作日，平台余额：立即到账，预计 11月24日（周二）",
            "Alipay 1–2 working days · Platform balance at once, by Tue 24 Nov",
        ),
        (
            claim(paid(10_000, "balance"), reason="not_delivered", delivery="pending"),
            "立即到账",
            "At once",
        ),
        # A person decides first: three working days of review, then the channel's two.
        (
            claim(evidence=FAULTY),
            "审核通过后 1–2 个工作日，预计 11月27日（周五）",
            "After approval 1–2 working days, by Fri 27 Nov",
        ),
        (
            claim(paid(10_000, "balance"), evidence=FAULTY),
            "审核通过后立即到账，预计 11月25日（周三）",
            "At once after approval, by Wed 25 Nov",
        ),
    ],
)
def test_how_fast_it_is(facts: Facts, zh: str, en: str) -> None:
    """R4.1, R3.2: nothing that waits for a review is dated as if it were approved now."""
    found = decide(facts)
    reviewed = found.verdict != "approve"
    for tx, said in ((ZH, zh), (EN, en)):
        assert choice.speed(tx, found.options[0], STANDARD, now=NOW, reviewed=reviewed) == said


def test_an_agreement_has_no_date() -> None:
    option = decide(claim(paid(10_000, is_open=False), evidence=FAULTY, has_account=False)).options[0]
    assert option.route == "negotiated"
    for tx, said in (
        (ZH, "审核通过后由财务和你商定，你选好收款方式后 5 个工作日内定下来"),
        (EN, "Finance settles with you where it goes, within 5 working days of your choice"),
    ):
        assert choice.speed(tx, option, STANDARD, now=NOW, reviewed=True) == said


@pytest.mark.parametrize(
    ("tender", "said"),
    [
        (paid(10_000), ()),
        (paid(10_000, is_open=False), ("支付宝 已经不能收款，钱退不回原来的账户。",)),
        (paid(10_000, paid_at=ago(days=400)), ("付款太久了，支付宝 已经不接受原路退款。",)),
        (paid(10_000, is_open=False, refundable_minor=0), ()),
    ],
)
def test_why_the_money_cannot_go_back(tender: Tender, said: tuple[str, ...]) -> None:
    order = SimpleNamespace(payments=())
    facts = claim(tender, requested_minor=1)
    assert choice.lost_accounts(ZH, facts, STANDARD, order) == said  # type: ignore[arg-type]


def test_no_days_are_at_once() -> None:
    assert choice.days(ZH, {"alipay": (0, 0)}) == "立即到账"
    assert choice.days(ZH, {"alipay": (0, 1)}) == "最多 1 个工作日"
    assert choice.days(ZH, {"alipay": (2, 2), "wechat": (2, 2)}) == "2 个工作日"
