"""The policy document: what ships, what is refused and in which words, and the page that explains it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from core.domain import policy
from core.domain.errors import PolicyInvalid
from core.domain.policy import SHIPPED, Policy, cached, load, shipped
from core.domain.table import COLUMNS, PLACEHOLDERS, VERDICTS
from tests.claims import STANDARD

TEXT = policy.shipped("standard")
PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


def test_the_standard_policy_has_the_figures_of_the_article() -> None:
    """R1.3, R3.2, R3.6, R4.1, R4.4, R4.6, R5.4: the article's figures are the defaults."""
    assert set(STANDARD.window_days.values()) == {7, 15}
    assert (STANDARD.working_days.review_least, STANDARD.working_days.review_most) == (1, 3)
    assert STANDARD.working_days.appeal == 7
    assert STANDARD.eta_working_days == {
        "alipay": (1, 2),
        "wechat": (1, 2),
        "card": (3, 5),
        "balance": (0, 0),
    }
    assert STANDARD.balance.expires_after_days == 365
    assert STANDARD.fee_basis_points["other"] == 500
    assert STANDARD.limits.arrival_overdue_working_days == 5


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_loads_and_speaks_both_languages(name: str) -> None:
    found = load(policy.shipped(name))
    assert found.name == name
    for rule in found.rules:
        assert re.search(r"[\u4e00-\u9fff]", rule.words["zh"])
        assert rule.words["en"].isascii()
        wanted = {each for each in PLACEHOLDERS if f"{{{each}}}" in rule.words["zh"]}
        assert wanted == {each for each in PLACEHOLDERS if f"{{{each}}}" in rule.words["en"]}


def test_only_what_ships_ships() -> None:
    with pytest.raises(KeyError):
        policy.shipped("../../etc/passwd")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("game_card = 7", "game_card = -1", "window_days.game_card"),
        ("game_card = 7", "game_card = 7.5", "window_days.game_card"),
        ("game_card = 7", "", "[window_days] needs a line for game_card"),
        ("game_card = 7", "game_card = 7\ngift = 3", "[window_days]: unknown gift"),
        ("review_least = 1", "review_least = 4", "review_least is above review_most"),
        ("card = [3, 5]", "card = [5, 3]", "[eta_working_days] card: from 5 to 3"),
        ("card = [3, 5]", "card = [3]", "eta_working_days.card"),
        ('counts_from = "code_viewed"', 'counts_from = "sent"', "delivery.counts_from"),
        ("other = 500", "other = 10001", "fee_basis_points.other"),
        ("other = 500", "other = true", "fee_basis_points.other"),
        ('other = "customer"', 'other = "bank"', "fx_borne_by.other"),
        ('["missing_service"]', '["missing"]', "[evidence] service_failed: 'missing' is not one of"),
        ('["missing_service"]', '["other", "other"]', "[evidence] service_failed: names a kind twice"),
        ("draft = 10", "draft = 10\nlunch = 1", "working_days.lunch"),
        ('id = "redeemed"', 'id = "too_late"', "two rules are called 'too_late'"),
        ("delivered = false,", 'deliverd = false,', "rule 12 (not_delivered): unknown column 'deliverd'"),
        ('verdict = "reject"', 'verdict = "no"', "rule 7 (redeemed): verdict: 'no' is not one of"),
        ("{window_days}", "{days}", "rule 9 (too_late): zh: placeholders may only be"),
        ("[[rules]]", "[[rule]]", "the document needs at least one [[rules]]"),
        ("name =", "name", "not TOML"),
    ],
)  # fmt: skip
def test_a_document_that_is_wrong_says_where(old: str, new: str, says: str) -> None:
    """R6.3: whoever changes a rule is told the place and what would be right."""
    assert old in TEXT
    with pytest.raises(PolicyInvalid) as refused:
        load(TEXT.replace(old, new))
    assert any(says in problem for problem in refused.value.params["problems"]), refused.value.params


def test_every_mistake_is_told_at_once() -> None:
    """R6.3: not one a try."""
    with pytest.raises(PolicyInvalid) as refused:
        load(TEXT.replace("game_card = 7", "game_card = -1").replace('verdict = "reject"', 'verdict = "no"'))
    assert len(refused.value.params["problems"]) == 4  # the window and three rejecting rules


def test_a_checked_policy_cannot_be_changed() -> None:
    """R6.4: a version is what it is."""
    with pytest.raises(ValidationError):
        STANDARD.name = "other"  # type: ignore[misc]
    assert isinstance(STANDARD.rules, tuple)


def test_the_page_explains_every_figure_and_every_column() -> None:
    """R6.3: a newcomer finds each line of the document, each column and each verdict in docs/policy.md."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = {*COLUMNS, *VERDICTS, *PLACEHOLDERS, *(f"[{name}]" for name in _tables()), *_figures(Policy)}
    assert [each for each in sorted(wanted) if f"`{each}`" not in page] == []


def _tables() -> list[str]:
    return [line[1 : line.index("]")] for line in TEXT.splitlines() if re.match(r"\[\w+\]", line)]


def _figures(model: type[BaseModel]) -> set[str]:
    """Names of single figures; those by kind, reason or channel go by their table."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= _figures(kind)
        elif model is not Policy:
            found.add(name)
    return found


def test_a_published_document_outlives_what_the_code_learns_later() -> None:
    """R6.4: old versions decide again, whatever was added since; a new document must be whole."""
    old = "\n".join(line for line in shipped("standard").splitlines() if not line.startswith("card = "))
    with pytest.raises(PolicyInvalid):
        load(old)
    kept = cached(old)
    assert kept.channel_days == load(shipped("standard")).channel_days
