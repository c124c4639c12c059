"""What the analysis found in a policy and what a changed one means, for whoever is about to publish it."""

from __future__ import annotations

from core.domain.analysis import Analysis, Contradiction, Region
from core.domain.policy import Policy
from core.domain.policy_changes import Changes
from core.texts import Texts


def findings(found: Analysis, policy: Policy, tx: Texts) -> list[str]:
    """A line for each finding; rules that only stand before others are counted."""
    lines = [
        tx("policy_found.dead_covered", rule=dead.rule, rules=tx.list(dead.covered_by))
        if dead.covered_by
        else tx("policy_found.dead", rule=dead.rule)
        for dead in found.dead
    ]
    lines += [tx("policy_found.gap", conditions=_conditions(gap.region, tx)) for gap in found.gaps]
    lines += [_contradiction(item, policy, tx) for item in found.contradictions]
    crossings = sum(not overlap.is_exception for overlap in found.overlaps)
    if crossings:
        lines.append(tx("policy_found.overlaps", n=crossings))
    return lines


def changed(found: Changes, tx: Texts) -> list[tuple[str, list[str]]]:
    """What a changed policy means: (title, lines) for each change of the answer, then for the figures."""
    if found.is_none:
        return [(tx("policy_change.none"), [])]
    parts = [
        (" → ".join(tx(f"verdict.{verdict}") for verdict in pair), _regions(found, pair, tx))
        for pair in dict.fromkeys((move.before, move.after) for move in found.moves)
    ]
    figures = [f"{each.place}: {each.before} → {each.after}" for each in (*found.figures, *found.fees)]
    if figures:
        parts.append((tx("policy_change.figures"), figures))
    if found.checklists:
        names = tx.list(tx(f"reason_said.{reason}") for reason in found.checklists)
        parts.append((tx("policy_change.checklists", reasons=names), []))
    return parts


def _regions(found: Changes, pair: tuple[str, str], tx: Texts) -> list[str]:
    return [_conditions(move.region, tx) for move in found.moves if (move.before, move.after) == pair]


def _conditions(region: Region, tx: Texts) -> str:
    conditions = [tx.either(tx.test(column, test) for test in tests) for column, tests in region]
    return tx("list.next").join(conditions) or tx("policy_found.any_order")


def _contradiction(item: Contradiction, policy: Policy, tx: Texts) -> str:
    params = item.params
    return tx(
        f"policy_found.{item.code}",
        rule=item.rule,
        reason=tx(f"reason_said.{params['reason']}") if "reason" in params else "",
        channel=tx(f"channel.{params['channel']}") if "channel" in params else "",
        kinds=tx.list(tx(f"kind.{kind}") for kind in params.get("kinds", ())),
        limit=tx.money(policy.limits.second_approval_minor),
    )
