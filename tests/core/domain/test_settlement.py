"""R4.5: where a negotiated refund may go, what is typed for it, and what of it is ever shown."""

from __future__ import annotations

import pytest

from core.domain.errors import PayeeInvalid, PayeeMissing, ProofOfClosureMissing, Refusal, RouteUnavailable
from core.domain.settlement import PROOF, Payee, check_way, masked, read_payee


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("6222021234561234", "****1234"),
        ("123456", "****56"),
        ("123456789", "****789"),
        ("mei@example.com", "m***@example.com"),
        ("@example.com", "***@example.com"),
    ],
)
def test_a_third_of_an_account_at_most_is_shown(account: str, shown: str) -> None:
    """Invariant 20: also of a short one."""
    assert masked(account) == shown


@pytest.mark.parametrize(
    ("channel", "holder", "account", "field"),
    [
        ("cash", "梅雨", "6222021234561234", "channel"),
        ("card", "梅", "6222021234561234", "holder"),
        ("card", "\u200b\u200b梅", "6222021234561234", "holder"),
        ("card", "梅雨", "12345", "account"),
        ("card", "梅雨", "6222 <b> 1234", "account"),
        ("card", "梅雨", "1" * 65, "account"),
    ],
)
def test_what_is_wrong_is_named(channel: str, holder: str, account: str, field: str) -> None:
    with pytest.raises(PayeeInvalid) as refused:
        read_payee(channel, holder, account)
    assert refused.value.params == {"field": field}


def test_spaces_and_wide_signs_are_no_part_of_a_number() -> None:
    assert read_payee("card", " 梅  雨 ", "６２２２ 0212-3456 1234") == Payee(
        "card", "梅 雨", "6222021234561234"
    )


@pytest.mark.parametrize(
    ("way", "facts", "refusal"),
    [
        ("account", {"is_open": False}, RouteUnavailable),
        ("balance", {"has_account": False}, RouteUnavailable),
        ("elsewhere", {}, RouteUnavailable),
        ("transfer", {"evidence": ()}, ProofOfClosureMissing),
        ("transfer", {"has_payee": False}, PayeeMissing),
        ("redeem_code", {"is_open": False, "evidence": ()}, ProofOfClosureMissing),
        ("discount", {"is_open": False, "evidence": ()}, ProofOfClosureMissing),
    ],
)
def test_ways_that_are_closed(way: str, facts: dict[str, object], refusal: type[Refusal]) -> None:
    usual: dict[str, object] = {
        "is_open": True, "has_account": True, "has_payee": True, "evidence": (PROOF,),
    }  # fmt: skip
    check_way(way if way != "elsewhere" else "account", **usual)  # type: ignore[arg-type]
    with pytest.raises(refusal):
        check_way(way, **(usual | facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["redeem_code", "discount"])
def test_a_voucher_needs_no_account(way: str) -> None:
    """R4.5: where nothing is closed (a third party holds it) there is nothing to prove; a guest has no
    balance and may have a voucher.
    """
    check_way(way, is_open=True, has_account=False, has_payee=False, evidence=())
    check_way(way, is_open=False, has_account=False, has_payee=False, evidence=(PROOF,))
