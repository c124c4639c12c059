"""The policy document: everything about refunds that may change without a programmer. TOML in, one checked value out.

Figures are plain values; their units and origins stand in the field descriptions below, which the help pages, the
policy lab and `docs/policy.md` read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.domain.errors import PolicyInvalid
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS
from core.domain.table import COLUMNS, PLACEHOLDERS, VERDICTS, Rule, compile_rules, parse_test

LANGUAGES: Final = ("zh", "en")
SHIPPED: Final = ("standard", "strict", "generous")

Days = Annotated[int, Field(ge=0, le=3650)]
Points = Annotated[int, Field(ge=0, le=10_000, description="basis points")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Delivered(_Part):
    counts_from: Literal["code_issued", "code_viewed", "activated", "redeemed"] = Field(
        description="delivery state from which an order counts as delivered (R1.2)"
    )


class WorkingDays(_Part):
    review_least: int = Field(ge=0, le=30, description="R3.2")
    review_most: int = Field(ge=1, le=30, description="R3.2")
    reply: int = Field(ge=1, le=60, description="R3.3")
    arbitration: int = Field(ge=1, le=60, description="R3.4")
    appeal: int = Field(ge=1, le=60, description="R3.6")
    draft: int = Field(ge=1, le=60, description="R2.5: an unsent draft is kept so long")


class Balance(_Part):
    expires_after_days: int = Field(ge=30, le=3650, description="R4.4")
    fee_waived: bool = Field(description="no fee for money that stays here")


class Limits(_Part):
    description_characters: int = Field(ge=50, le=20_000)
    second_approval_minor: int = Field(ge=0, description="above this a second person approves (invariant 13)")
    look_back_days: int = Field(ge=1, le=730, description="for the column recent_refunds")
    arrival_overdue_working_days: int = Field(ge=1, le=60, description="R5.4")


class Policy(_Part):
    """A checked policy. `rules` is the decision table in order; `first_hit` the same, compiled."""

    name: str = Field(min_length=1, max_length=60)
    titles: dict[Literal["zh", "en"], str]
    delivery: Delivered
    window_days: dict[str, Days]
    working_days: WorkingDays
    eta_working_days: dict[str, tuple[int, int]]
    channel_days: dict[str, Days]
    fee_basis_points: dict[str, Points]
    fx_borne_by: dict[str, Literal["platform", "customer"]]
    balance: Balance
    limits: Limits
    evidence: dict[str, tuple[str, ...]]
    rules: tuple[Rule, ...]

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)

    @model_validator(mode="after")
    def _complete(self) -> Policy:
        for field, keys in (
            ("titles", LANGUAGES),
            ("window_days", KINDS),
            ("eta_working_days", CHANNELS),
            ("channel_days", CHANNELS),
            ("fee_basis_points", REASONS),
            ("fx_borne_by", REASONS),
            ("evidence", REASONS),
        ):
            given = set(getattr(self, field))
            for key in keys:
                if key not in given:
                    raise ValueError(f"[{field}] needs a line for {key}")
            if given - set(keys):
                raise ValueError(f"[{field}]: unknown {', '.join(sorted(given - set(keys)))}")
        for reason, kinds in self.evidence.items():
            for kind in kinds:
                if kind not in EVIDENCE_KINDS:
                    raise ValueError(f"[evidence] {reason}: {kind!r} is not one of {', '.join(EVIDENCE_KINDS)}")
        for channel, (first, last) in self.eta_working_days.items():
            if not 0 <= first <= last <= 60:
                raise ValueError(f"[eta_working_days] {channel}: from {first} to {last} makes no sense")
        if self.working_days.review_least > self.working_days.review_most:
            raise ValueError("[working_days] review_least is above review_most")
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id in seen:
                raise ValueError(f"two rules are called {rule.id!r}")
            seen.add(rule.id)
        return self

    @cached_property
    def first_hit(self) -> Callable[[Mapping[str, Any]], int]:
        """Row of column values → index of the first rule that hits, or -1."""
        return compile_rules(self.rules)

    @cached_property
    def delivered_states(self) -> frozenset[str]:
        return frozenset(DELIVERIES[DELIVERIES.index(self.delivery.counts_from) :])


def load(text: str) -> Policy:
    """The policy of a TOML document; `PolicyInvalid(problems=[…])` names every place that is wrong."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise PolicyInvalid(problems=[f"not TOML: {error}"]) from None
    problems: list[str] = []
    rules: list[Rule] = []
    rows = raw.pop("rules", None)
    if not isinstance(rows, list) or not rows:
        problems.append("the document needs at least one [[rules]]")
    else:
        for number, row in enumerate(rows, 1):
            try:
                rules.append(_rule(row))
            except ValueError as error:
                problems.append(f"rule {number} ({row.get('id', 'without id')}): {error}" if isinstance(row, dict) else f"rule {number}: not a table")
    try:
        policy = Policy.model_validate({**_tuples(raw), "rules": tuple(rules)})
    except ValidationError as error:
        for item in error.errors():
            place = ".".join(str(part) for part in item["loc"])
            problems.append(f"{place}: {item['msg']}" if place else item["msg"].removeprefix("Value error, "))
        raise PolicyInvalid(problems=problems) from None
    if problems:
        raise PolicyInvalid(problems=problems)
    return policy


def _tuples(value: Any) -> Any:
    """TOML arrays as tuples, so that a checked policy is immutable."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


_RULE_KEYS: Final = {"id", "when", "verdict", "fee_basis_points", *LANGUAGES}


def _rule(row: dict[str, Any]) -> Rule:
    if set(row) - _RULE_KEYS:
        raise ValueError(f"unknown {', '.join(sorted(set(row) - _RULE_KEYS))}; a rule has {', '.join(sorted(_RULE_KEYS))}")
    identifier = row.get("id")
    if not isinstance(identifier, str) or not identifier.replace("_", "").isalnum() or not identifier.isascii():
        raise ValueError("id: a word of letters, digits and _")
    verdict = row.get("verdict")
    if verdict not in VERDICTS:
        raise ValueError(f"verdict: {verdict!r} is not one of {', '.join(VERDICTS)}")
    when = row.get("when", {})
    if not isinstance(when, dict):
        raise ValueError("when: a table of column = test")
    fee = row.get("fee_basis_points")
    if fee is not None and not (isinstance(fee, int) and not isinstance(fee, bool) and 0 <= fee <= 10_000):
        raise ValueError("fee_basis_points: a whole number from 0 to 10000")
    for language in LANGUAGES:
        words = row.get(language)
        if not isinstance(words, str) or not words.strip():
            raise ValueError(f"{language}: the sentence that the customer reads is missing")
        try:
            words.format_map(dict.fromkeys(PLACEHOLDERS, ""))
        except (KeyError, ValueError, IndexError, AttributeError):
            raise ValueError(f"{language}: placeholders may only be {', '.join('{' + p + '}' for p in PLACEHOLDERS)}") from None
    tests = tuple((column, parse_test(column, test)) for column, test in when.items())
    order = {name: place for place, name in enumerate(COLUMNS)}
    return Rule(
        id=identifier,
        tests=tuple(sorted(tests, key=lambda pair: order[pair[0]])),
        verdict=verdict,
        words={language: row[language] for language in LANGUAGES},
        fee_basis_points=fee,
    )


def shipped(name: str) -> str:
    """The text of a policy that ships with the code; `KeyError` for another name."""
    if name not in SHIPPED:
        raise KeyError(name)
    return resources.files("core.policies").joinpath(f"{name}.toml").read_text(encoding="utf-8")


@lru_cache(maxsize=64)
def cached(text: str) -> Policy:
    """`load`, remembered: a document is immutable and its compilation costs milliseconds."""
    return load(text)
