"""What the analysis found in a policy, in words for whoever is about to publish it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.domain.analysis import Analysis, Contradiction, Region
    from core.domain.policy import Policy
    from core.domain.policy_changes import Changes
    from core.texts import Texts


def said(found: Analysis, policy: Policy, tx: Texts) -> list[str]:
    """A line for each finding; rules that only stand before others are counted."""
    lines = [
        tx("cli.publish.dead_covered", rule=dead.rule, rules=tx.list(dead.covered_by))
        if dead.covered_by
        else tx("cli.publish.dead", rule=dead.rule)
        for dead in found.dead
    ]
    lines += [tx("cli.publish.gap", conditions=_conditions(gap.region, tx)) for gap in found.gaps]
    lines += [_contradiction(item, policy, tx) for item in found.contradictions]
    crossings = sum(not overlap.is_exception for overlap in found.overlaps)
    if crossings:
        lines.append(tx("cli.publish.overlaps", n=crossings))
    return lines


def moved(found: Changes, tx: Texts) -> list[str]:
    """What a changed policy means: a paragraph for each change of the answer, then the figures."""
    if found.is_none:
        return [tx("cli.compare.none")]
    lines: list[str] = []
    for pair in dict.fromkeys((move.before, move.after) for move in found.moves):
        lines.append(" → ".join(tx(f"verdict.{verdict}") for verdict in pair))
        lines += [
            f"  · {_conditions(move.region, tx)}" for move in found.moves if (move.before, move.after) == pair
        ]
    if found.figures or found.fees:
        lines.append(tx("cli.compare.figures"))
        lines += [f"  · {f.place}: {f.before} → {f.after}" for f in (*found.figures, *found.fees)]
    if found.checklists:
        names = tx.list(tx(f"reason_said.{reason}") for reason in found.checklists)
        lines.append(tx("cli.compare.checklists", reasons=names))
    return lines


def _conditions(region: Region, tx: Texts) -> str:
    conditions = [tx.either(tx.test(column, test) for test in tests) for column, tests in region]
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
