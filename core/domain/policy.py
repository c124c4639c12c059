"""The policy document: what may change about refunds without a programmer. TOML in, one checked value out.

Figures are plain values; units and origins stand in the field descriptions below and in `docs/policy.md`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.domain.diagram import compile_rules
from core.domain.errors import PolicyInvalid
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS
from core.domain.slips import Slip, from_pydantic, missing, not_toml
from core.domain.table import COLUMNS, LANGUAGES, Rule, bounds, parse_rule
from core.domain.why_nots import WhyNots

SHIPPED: Final = ("standard", "strict", "generous", "europe", "korea")
MOST_RULES: Final = 200

Days = Annotated[int, Field(ge=0, le=3650)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]  # ten-thousandths: 500 = 5 %


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Delivered(_Part):
    counts_from: Literal["code_issued", "code_viewed", "activated", "redeemed"] = Field(
        description="delivery state from which an order counts as delivered (R1.2)"
    )


class WorkingDays(_Part):
    """Deadlines in Asia/Shanghai working days; the day on which they start never counts."""

    review_least: int = Field(ge=0, le=30, description="a manual review takes at least so long (R3.2)")
    review_most: int = Field(ge=1, le=30, description="and at most so long, then it is escalated (R3.2)")
    reply: int = Field(ge=1, le=60, description="for the customer to answer a question (R3.3)")
    arbitration: int = Field(
        ge=1, le=60, description="for the arbiter, and to settle a negotiated refund (R3.4)"
    )
    appeal: int = Field(ge=1, le=60, description="after a rejection, to appeal or apply again (R3.6)")
    draft: int = Field(ge=1, le=60, description="an unsent draft is kept so long (R2.5)")
    # With a default: a policy written before there were tickets stays a whole policy.
    ticket: int = Field(2, ge=1, le=30, description="for support to answer a 'not received' (R5.4)")


class Balance(_Part):
    expires_after_days: int = Field(
        ge=30, le=3650, description="calendar days until a balance refund expires (R4.4)"
    )
    fee_waived: bool = Field(description="no fee on money that stays here as balance (R4.6)")


class Limits(_Part):
    description_characters: int = Field(
        ge=50, le=20_000, description="longest text that a person may write (R2.2)"
    )
    second_approval_minor: int = Field(
        ge=0, le=10**12, description="minor units; above this nothing is approved by one alone (invariant 13)"
    )
    look_back_days: int = Field(ge=1, le=730, description="calendar days counted by recent_refunds (R6.5)")
    arrival_overdue_working_days: int = Field(
        ge=1,
        le=60,
        description="working days after the promised date until 'not received' becomes a ticket (R5.4)",
    )
    # With defaults: a policy written before these were figures stays a whole policy.
    appeal_needs_evidence: bool = Field(
        True, description="an appeal shows at least one picture that is new (R3.6)"
    )
    kinder_version: bool = Field(
        True, description="who bought under an older version is answered by the kinder of the two (R6.3)"
    )
    evidence_megabytes: int = Field(10, ge=1, le=50, description="largest file of evidence (R2.3)")
    evidence_files: int = Field(9, ge=1, le=50, description="most pictures of a case, PDF pages too (R2.3)")


class Pictures(_Part):
    """Evidence as pictures. Scores are those of `domain.pictures.Quality`; `python -m bench` shows what they
    tell apart.
    """

    legible_at_least: int = Field(
        35, ge=0, le=100, description="below this a picture counts as blurred (R2.4)"
    )
    bright_at_least: int = Field(15, ge=0, le=255, description="below this it is too dark (R2.4)")
    text_pixels_at_least: int = Field(6, ge=0, le=100, description="smaller print cannot be read (R2.4)")
    filled_at_least: int = Field(
        1, ge=0, le=100, description="per cent; below this it is mostly empty (R2.4)"
    )
    alike_bits: int = Field(
        12, ge=0, le=64, description="of 256, for near-same pictures; no effect yet (R2.4)"
    )
    kept_days: int = Field(
        180, ge=1, le=3650, description="calendar days after the case is final, then they are gone (R2.6)"
    )


class Credit(_Part):
    """Points of an account. Everybody starts with 100; rules may ask for `credit` (R6.5)."""

    least: int = Field(0, ge=0, le=100, description="no account has fewer points (R6.5)")
    most: int = Field(110, ge=100, le=1000, description="and none has more (R6.5)")
    forgery: int = Field(40, ge=0, le=1000, description="lost when a person finds a picture forged (R2.4)")
    upheld: int = Field(2, ge=0, le=100, description="earned when an appeal or an arbiter agrees (R6.5)")
    recovery: int = Field(5, ge=0, le=100, description="come back in each period without a loss (R6.5)")
    recovery_days: int = Field(30, ge=1, le=365, description="calendar days of such a period (R6.5)")


class Policy(_Part):
    """A checked policy. `rules` is the decision table in order; `first_hit` the same, compiled."""

    name: str = Field(min_length=1, max_length=60)
    titles: dict[str, Annotated[str, Field(min_length=1, max_length=60)]]
    delivery: Delivered
    window_days: dict[str, Days] = Field(description="calendar days after completion, by product kind (R1.3)")
    working_days: WorkingDays
    eta_working_days: dict[str, tuple[int, int]] = Field(
        description="working days from sending to arrival, first and last, by channel (R4.1)"
    )
    channel_days: dict[str, Days] = Field(
        description="calendar days after payment in which the channel takes money back (R4.3)"
    )
    fee_basis_points: dict[str, BasisPoints] = Field(description="ten-thousandths kept, by reason (R4.6)")
    fx_borne_by: dict[str, Literal["platform", "customer"]] = Field(
        description="who bears the exchange-rate difference, by reason (R4.6)"
    )
    balance: Balance
    limits: Limits
    # With defaults, for what was written before there was such a section.
    pictures: Pictures = Field(default_factory=Pictures)
    credit: Credit = Field(default_factory=Credit)
    evidence: dict[str, tuple[str, ...]] = Field(description="what each reason needs (R2.3)")
    rules: Annotated[tuple[Rule, ...], Field(max_length=MOST_RULES)]

    @model_validator(mode="after")
    def _complete(self) -> Policy:
        for slip in _wrong_keys({field: getattr(self, field) for field in _KEYS}):
            raise slip
        for reason, kinds in self.evidence.items():
            place = f"evidence.{reason}"
            if len(set(kinds)) < len(kinds):
                raise Slip("value_twice", place)
            for kind in kinds:
                if kind not in EVIDENCE_KINDS:
                    raise Slip("choice", place, value=kind, allowed=", ".join(EVIDENCE_KINDS))
        for channel, (first, last) in self.eta_working_days.items():
            if not 0 <= first <= last <= 60:
                raise Slip("span", f"eta_working_days.{channel}", most=60)
        if self.working_days.review_least > self.working_days.review_most:
            raise Slip("above_other", "working_days.review_least", other="review_most")
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id in seen:
                raise Slip("rule_twice", f"rules.{rule.id}")
            seen.add(rule.id)
        return self

    @cached_property
    def first_hit(self) -> Callable[[Mapping[str, Any]], int]:
        """Row of column values → index of the first rule that hits, or -1."""
        return compile_rules(self.rules)

    @cached_property
    def why_nots(self) -> WhyNots:
        """The explanations of the decision table."""
        return WhyNots(self.rules)

    @cached_property
    def bounds(self) -> dict[str, list[int]]:
        """For each column of numbers where some test of the table changes its answer, ascending."""
        return {
            column.name: bounds(
                [test for rule in self.rules for name, test in rule.tests if name == column.name]
            )
            for column in COLUMNS.values()
            if column.values is None
        }

    @cached_property
    def delivered_states(self) -> frozenset[str]:
        return frozenset(DELIVERIES[DELIVERIES.index(self.delivery.counts_from) :])


_KEYS: Final[dict[str, tuple[str, ...]]] = {  # sections with a line for each of these
    "titles": LANGUAGES,
    "window_days": KINDS,
    "eta_working_days": CHANNELS,
    "channel_days": CHANNELS,
    "fee_basis_points": REASONS,
    "fx_borne_by": REASONS,
    "evidence": REASONS,
}


def _wrong_keys(sections: Mapping[str, Any]) -> Iterator[Slip]:
    """Lines that are missing in these sections, and lines that nobody knows."""
    for field, keys in _KEYS.items():
        given = sections.get(field)
        if isinstance(given, Mapping):
            yield from (missing((field, key), _example()) for key in keys if key not in given)
            for key in sorted(set(given) - set(keys)):
                yield Slip("unknown", f"{field}.{key}", allowed=", ".join(keys))


def load(text: str, *, was_published: bool = False) -> Policy:
    """The policy of a TOML document; `PolicyInvalid(problems=[…])` has a `Slip` for each place that is wrong.

    One that `was_published` may be older than a channel, a kind, a reason or a figure that the code learned
    since: what it does not name is as in the shipped standard policy.
    """
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyInvalid(problems=[not_toml(text, error).as_dict()]) from None
    if was_published:
        for section, figures in tomllib.loads(shipped("standard"), parse_float=Decimal).items():
            if isinstance(figures, dict):
                raw[section] = figures | raw.get(section, {})
    problems: list[Slip] = []
    rules: list[Rule] = []
    rows = raw.pop("rules", None)
    if not isinstance(rows, list) or not rows:
        problems.append(Slip("no_rules", "rules"))
        rows = []
    for number, row in enumerate(rows, 1):
        try:
            rules.append(parse_rule(row))
        except Slip as slip:
            name = row.get("id") if isinstance(row, dict) else None
            problems.append(slip.below(f"rules.{name if isinstance(name, str) else number}"))
    try:
        policy = Policy.model_validate({**_tuples(raw), "rules": tuple(rules)})
        policy.first_hit  # noqa: B018 - compiles the table: one too entangled is refused here, not at the first order
    except ValidationError as error:
        problems += [from_pydantic(item, _example()) for item in error.errors()]
        # pydantic comes to these only where every value fits, and then names the first.
        told = {slip.place for slip in problems}
        problems += [slip for slip in _wrong_keys(raw) if slip.place not in told]
    except Slip as slip:
        problems.append(slip)
    if problems:
        raise PolicyInvalid(problems=[slip.as_dict() for slip in problems])
    return policy


def _tuples(value: Any) -> Any:
    """TOML arrays as tuples, so that a checked policy is immutable."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def shipped(name: str) -> str:
    """The text of a policy that ships with the code; `KeyError` for another name."""
    if name not in SHIPPED:
        raise KeyError(name)
    return resources.files("core.policies").joinpath(f"{name}.toml").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _example() -> dict[str, Any]:
    """A whole document, to show how a missing line is written."""
    return tomllib.loads(shipped("standard"))


@lru_cache(maxsize=64)
def cached(text: str) -> Policy:
    """A published document, remembered: it is immutable and its compilation costs milliseconds."""
    return load(text, was_published=True)
