"""The named cases of `tests/policies/*.toml`: a sentence each, with what a customer would be told.

A case names the facts that matter; the rest is an ordinary claim (`tests.claims.claim`). What it expects is
compared word for word, and what it does not expect is not looked at.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.domain.eligibility import LAWS, Assessment
from core.domain.facts import Facts, Tender
from core.domain.policy import SHIPPED
from core.domain.workdays import ZONE
from tests.claims import NOW, claim, decide, shipped

ROOM = Path(__file__).parents[2] / "policies"
SPEC_LINE = re.compile(r"R[1-6]\.\d|invariant \d+")


def _cases() -> Iterator[Any]:
    for path in sorted(ROOM.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            yield pytest.param(case, id=f"{path.stem}: {case['name']}")


CASES = list(_cases())


@pytest.mark.parametrize("case", CASES)
def test_the_policy_answers(case: dict[str, Any]) -> None:
    """R1.4: verdict, rule, amounts, dates and the way out are what the case says."""
    assert set(case) <= {"name", "requirement", "policy", "facts", "expect"}, "unknown keys"
    assert SPEC_LINE.search(case["requirement"]), "names no requirement"
    found = decide(_facts(case.get("facts", {})), shipped(case.get("policy", "standard")))
    assert {name: _seen(found, name) for name in case["expect"]} == case["expect"]


def test_every_rule_and_law_decides_a_case() -> None:
    """Each rule of the standard policy is shown by a case, and each law that can decide under it."""
    shown = {case.values[0]["expect"].get("rule") for case in CASES}
    idle = {"law.no_rule", "law.second_approval", "law.nothing_after_fee"}  # see test_eligibility
    assert {rule.id for rule in shipped("standard").rules} | set(LAWS) - idle <= shown
    assert {case.values[0].get("policy", "standard") for case in CASES} == set(SHIPPED)


def test_cases_are_told_apart_by_name() -> None:
    names = [case.values[0]["name"] for case in CASES]
    assert len(names) >= 60
    assert len(set(names)) == len(names)


def _facts(given: dict[str, Any]) -> Facts:
    """Instants may be TOML's local ones (Shanghai). `paid` is a list of payments, the first at once."""
    values = {name: _instant(value) for name, value in given.items() if name not in ("paid", "evidence")}
    at = values.get("at", NOW)
    if "evidence" in given:
        values["evidence"] = frozenset(given["evidence"])
    if values.pop("completed", True) is False:
        values["completed_at"] = None
    values.setdefault("completed_at", at - timedelta(days=2))
    values.setdefault("paid_at", at - timedelta(days=3))
    return claim(*(_tender(payment, at) for payment in given.get("paid", [])), **values)


def _tender(given: dict[str, Any], at: datetime) -> Tender:
    minor = given["minor"]
    assert set(given) <= {"channel", "minor", "left", "open", "days_ago", "fx_loss_bp"}
    return Tender(
        payment_id=0,
        channel=given.get("channel", "alipay"),
        paid_minor=minor,
        refundable_minor=given.get("left", minor),
        is_open=given.get("open", True),
        paid_at=at - timedelta(days=given["days_ago"]) if "days_ago" in given else None,
        fx_loss_bp=given.get("fx_loss_bp", 0),
    )


def _instant(value: Any) -> Any:
    return value.replace(tzinfo=ZONE) if isinstance(value, datetime) and value.tzinfo is None else value


def _seen(found: Assessment, name: str) -> Any:
    """What the case calls `name`, in the shapes that TOML has; '' where there is nothing."""
    option = found.options[0] if found.options else None
    if name in ("verdict", "rule"):
        return getattr(found, name)
    if name == "missing":
        return list(found.missing_evidence)
    if name == "days_left":
        return found.columns["days_left"]
    if name == "window_ends_at":
        return _local(found.window_ends_at)
    if name == "review_due":
        return _local(found.review_due.at) if found.review_due else ""
    if name == "review_due_provisional":
        return bool(found.review_due and found.review_due.provisional)
    if name == "routes":
        return [each.route for each in found.options]
    if name == "refunds":
        return [each.breakdown.refund for each in found.options]
    if name == "flip":
        return _flip(found)
    if option is None:
        return ""
    if name in ("refund", "fee", "fx", "already", "kept", "approved"):
        return getattr(option.breakdown, name)
    if name == "legs":
        return [[leg.route, leg.channel, leg.amount_minor] for leg in option.legs]
    if name in ("earliest", "latest", "expires_on"):
        return getattr(option, name) or ""
    return {"route": option.route, "provisional": option.provisional, "approvals": option.approvals}[name]


def _flip(found: Assessment) -> Any:
    flip = found.flip
    if flip is None:
        return ""
    changes = {change.column: change.to for change in flip.changes}
    until = {"until": _local(flip.until)} if flip.until else {}
    return {"verdict": flip.verdict, "rule": flip.rule, "changes": changes, "in_hand": flip.in_hand, **until}


def _local(instant: datetime | None) -> Any:
    return instant.astimezone(ZONE).replace(tzinfo=None) if instant else ""
