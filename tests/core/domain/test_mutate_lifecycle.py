"""No row of the lifecycle tables can be changed without a test of the services noticing it."""

from __future__ import annotations

import pytest

from core.domain.lifecycle import MACHINES
from tests.core.domain.mutate_lifecycle import slips, unnoticed


def test_each_row_is_changed_in_each_way() -> None:
    tables = {machine.name: machine for machine in MACHINES}
    names = set()
    for slip in slips():
        table = tables[slip.machine.name]
        one = {(row.source, row.event, frozenset(row.roles), row.target) for row in table.rows}
        other = {(row.source, row.event, frozenset(row.roles), row.target) for row in slip.machine.rows}
        assert len(one ^ other) == (1 if slip.name.endswith(":dropped") else 2), slip.name
        names.add(slip.name)
    ways = {"case": ("dropped", "aimed", "closed", "opened"), "payout": ("dropped", "aimed")}
    assert names == {
        f"{table.name}:{row.source}+{row.event}:{way}"
        for table in MACHINES
        for row in table.rows
        for way in ways[table.name]
    }


@pytest.mark.torture
def test_every_slip_is_noticed() -> None:
    assert [slip.name for slip, passed in unnoticed(slips()) if passed] == []
