"""The lines of a sum: what is said of an exchange difference agrees with who bears it by the policy."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core import texts
from portal.parts import amounts, choice
from tests.claims import claim, decide, paid

ZH = texts.of("zh_CN")


@pytest.mark.parametrize(
    ("reason", "loss", "said"),
    [
        ("not_delivered", 120, "汇率差额，由平台承担 ¥0.00"),  # good news: there is one, and it is not yours
        ("not_delivered", 0, ""),
        ("other", 120, "汇率差额，由你承担 −¥1.14"),
        ("other", 0, ""),
        ("other", -80, ""),
    ],
)
def test_a_difference_is_said_where_there_is_one(reason: str, loss: int, said: str) -> None:
    """R4.6: never 'by the platform' of a reason where it is the customer's."""
    found = decide(claim(paid(10_000, fx_loss_bp=loss), reason=reason, delivery="pending"))
    shown = _shown(found.options[0].breakdown, loss)
    assert said in shown if said else "汇率" not in shown


def test_of_the_balance_nothing_is_exchanged() -> None:
    found = decide(claim(paid(10_000, fx_loss_bp=120), reason="other", delivery="pending"))
    balance = next(option for option in found.options if option.route == "balance").breakdown
    assert "汇率" not in _shown(balance, 120)
    assert "由平台承担" in _shown(replace(balance, fx_borne_by="platform"), 120)


def _shown(breakdown: amounts.Breakdown, loss: int) -> str:
    html = amounts.table(ZH, breakdown, "CNY", cross_border=loss > 0)
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def test_a_fee_says_of_which_part_it_is() -> None:
    """R4.6: 5 % of what goes back to Alipay; what stays here as balance is free."""
    facts = claim(
        paid(4_540), paid(2_260, "balance"), reason="other", delivery="pending", requested_minor=6_800
    )
    original = next(option for option in decide(facts).options if option.route == "original")
    assert (original.breakdown.fee, original.breakdown.fee_of) == (227, 4_540)
    assert "手续费 5%，按余额以外的 ¥45.40 收，由你承担 −¥2.27" in _shown(original.breakdown, 0)
    assert choice.fee(ZH, original) == "余额以外的部分收 5% 手续费"
    alone = decide(claim(paid(6_800), reason="other", delivery="pending", requested_minor=6_800)).options[0]
    assert "手续费 5%，由你承担 −¥3.40" in _shown(alone.breakdown, 0)
