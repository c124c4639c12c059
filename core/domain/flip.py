"""The smallest change of the facts that would better a verdict (R1.4).

What the customer can still do comes before what they cannot; then fewer changes, then the better verdict,
then the smaller change. A reason is never among them: nobody is told to claim something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, product
from typing import Any, NamedTuple

from core.domain.facts import Facts
from core.domain.policy import Policy
from core.domain.table import Value
from core.domain.why_nots import RANK


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that would have to be another: `column` from `was` to `to`."""

    column: str
    was: Value
    to: Value


@dataclass(frozen=True, slots=True)
class Flip:
    """The smallest change that betters the verdict. `in_hand`: the customer can still do it.

    `until`: the last second in which it works, or would have worked; None: no window bounds it.
    """

    verdict: str
    rule: str
    changes: tuple[Change, ...]
    in_hand: bool
    until: datetime | None


class FlipSearch(NamedTuple):
    """Where to look. `decide`: a row's verdict, rule and more. `openings`: of the row as it is."""

    facts: Facts
    policy: Policy
    row: Mapping[str, Any]
    verdict: str
    window_ends_at: datetime | None
    openings: tuple[tuple[frozenset[str], ...], ...]
    decide: Callable[[Mapping[str, Any]], tuple[str, str, int, int]]

    def smallest(self) -> Flip | None:
        in_hand = [slot for slot in (self._evidence(), self._contest(), self._less()) if slot]
        late = self._earlier()
        for size in range(1, len(in_hand) + 1):
            found = self._best(combinations(in_hand, size), in_hand=True)
            if found:
                return found
        for size in range(len(in_hand) + 1 if late else 0):
            found = self._best([(late, *slots) for slots in combinations(in_hand, size)], in_hand=False)
            if found:
                return found
        return None

    def ask_for(self, amount: int) -> Flip | None:
        """What asking for `amount` would lead to, unless that is refused as well."""
        change = Change("amount_minor", self.row["amount_minor"], amount)
        return self._flip((change,), in_hand=True, above=self.verdict)

    def _best(
        self,
        choices: Iterable[tuple[list[Change], ...]],
        *,
        in_hand: bool,
    ) -> Flip | None:
        best: Flip | None = None
        for slots in choices:
            columns = {slot[0].column for slot in slots}
            if not any([all([remedy & columns for remedy in remedies]) for remedies in self.openings]):
                continue
            for changes in product(*slots):
                above = best.verdict if best else self.verdict
                best = self._flip(changes, in_hand=in_hand, above=above) or best
        return best

    def _flip(self, changes: tuple[Change, ...], *, in_hand: bool, above: str) -> Flip | None:
        row = self._changed(changes)
        hit = self.policy.first_hit(row)
        if hit >= 0 and RANK[self.policy.rules[hit].verdict] <= RANK[above]:  # no law makes a verdict better
            return None
        verdict, rule, *_ = self.decide(row)
        if RANK[verdict] <= RANK[above]:
            return None
        return Flip(verdict, rule, changes, in_hand, self._until(row))

    def _until(self, row: dict[str, Any]) -> datetime | None:
        """Later and later: when the change no longer helps."""
        if self.window_ends_at is None:
            return None
        for bound in reversed(self.policy.bounds["days_left"]):
            if bound <= row["days_left"]:
                row["days_left"] = bound - 1
                if RANK[self.decide(row)[0]] <= RANK[self.verdict]:
                    return self.window_ends_at - timedelta(days=bound)  # whole days: no summer time
        return None

    def _changed(self, changes: tuple[Change, ...]) -> dict[str, Any]:
        """The row with `changes` and with what follows from them."""
        row = dict(self.row)
        checklist = self.policy.evidence[self.facts.reason]
        for change in changes:
            row[change.column] = change.to
            if change.column == "evidence_complete":
                row["contested"] = row["contested"] or "redemption_record" in checklist
            elif change.column == "contested":
                complete = (self.facts.evidence | {"redemption_record"}).issuperset(checklist)
                row["evidence_complete"] = row["evidence_complete"] or complete
            elif change.column == "amount_minor":
                row["order_refund_minor"] += int(change.to) - int(change.was)
                row["duplicate"] = row["amount_minor"] <= self.facts.duplicate_minor
        return row

    def _evidence(self) -> list[Change]:
        return [] if self.row["evidence_complete"] else [Change("evidence_complete", False, True)]

    def _contest(self) -> list[Change]:
        can = self.row["delivery"] == "redeemed" and not self.row["contested"]
        return [Change("contested", False, True)] if can else []

    def _less(self) -> list[Change]:
        """Smaller amounts just below each bound of the table: between bounds nothing changes."""
        asked, earlier = self.row["amount_minor"], self.row["order_refund_minor"] - self.row["amount_minor"]
        limits = self.policy.bounds
        amounts = {bound - 1 for bound in limits["amount_minor"]}
        amounts.update([bound - 1 - earlier for bound in limits["order_refund_minor"]])
        amounts.update((self.facts.duplicate_minor, self.policy.limits.second_approval_minor - earlier))
        return [Change("amount_minor", asked, to) for to in sorted(amounts, reverse=True) if 0 < to < asked]

    def _earlier(self) -> list[Change]:
        left = self.row["days_left"]
        window = self.policy.window_days[self.facts.kind]
        return [
            Change("days_left", left, bound)
            for bound in self.policy.bounds["days_left"]
            if left < bound <= window
        ]
