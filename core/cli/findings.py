"""What the analysis found in a policy, in words for whoever is about to publish it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.domain.analysis import Analysis, Contradiction, Gap
    from core.domain.policy import Policy
    from core.texts import Texts


def said(found: Analysis, policy: Policy, tx: Texts) -> list[str]:
    """A line for each finding; rules that only stand before others are counted."""
    lines = [
        tx("cli.publish.dead_covered", rule=dead.rule, rules=tx.list(dead.covered_by))
        if dead.covered_by
        else tx("cli.publish.dead", rule=dead.rule)
        for dead in found.dead
    ]
    lines += [tx("cli.publish.gap", conditions=_conditions(gap, tx)) for gap in found.gaps]
    lines += [_contradiction(item, policy, tx) for item in found.contradictions]
    crossings = sum(not overlap.is_exception for overlap in found.overlaps)
    if crossings:
        lines.append(tx("cli.publish.overlaps", n=crossings))
    return lines


def _conditions(gap: Gap, tx: Texts) -> str:
    conditions = [tx.either(tx.test(column, test) for test in tests) for column, tests in gap.region]
    return tx("list.next").join(conditions) or tx("cli.publish.any_order")


def _contradiction(item: Contradiction, policy: Policy, tx: Texts) -> str:
    params = item.params
    return tx(
        f"cli.finding.{item.code}",
        rule=item.rule,
        reason=tx(f"reason_said.{params['reason']}") if "reason" in params else "",
        channel=tx(f"channel.{params['channel']}") if "channel" in params else "",
        kinds=tx.list(tx(f"kind.{kind}") for kind in params.get("kinds", ())),
        limit=tx.money(policy.limits.second_approval_minor),
    )
