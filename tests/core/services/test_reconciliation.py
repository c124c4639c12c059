"""R6.2: a channel's bill against payouts and ledger: every difference has a kind, an owner and a correction,
and the same bill changes nothing the second time."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.adapters.tables import metadata
from core.domain.actors import SYSTEM
from core.services import reconciliation
from tests import ledgers
from tests.shop import Shop


def found(shop: Shop) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = defaultdict(list)
    at = reconciliation.COLUMNS.index
    from tests.shop import FINANCE

    for row in reconciliation.rows(shop.app, FINANCE):
        kinds[row[at("kind")]].append(row[at("refund_no")])
    return {kind: sorted(numbers) for kind, numbers in kinds.items()}


def everything(shop: Shop) -> dict[str, int]:
    with shop.app.read() as conn:
        return {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def check_planted(shop: Shop, folder: Path, payouts: int, of_each: int) -> reconciliation.Reconciled:
    """Every planted difference is found with its kind, none is invented, and once more changes nothing."""
    bill = ledgers.make(shop.app, payouts, of_each)
    path = ledgers.write(bill, folder / "bill.csv")
    result = reconciliation.reconcile(shop.app, SYSTEM, path)
    assert result.is_new and result.refunds == len(bill.rows)
    assert found(shop) == {kind: sorted(numbers) for kind, numbers in bill.planted.items()}
    assert result.found == {kind: of_each for kind in bill.planted}
    # A fee is booked beside a refund that fits; what has another fault does not fit.
    assert result.matched == payouts - 7 * of_each
    before = everything(shop)
    again = reconciliation.reconcile(shop.app, SYSTEM, path)
    assert not again.is_new and again.bill_id == result.bill_id and again.found == result.found
    assert everything(shop) == before
    return result


def test_every_planted_difference_is_found(shop: Shop, tmp_path: Path) -> None:
    check_planted(shop, tmp_path, 2_000, 20)


@pytest.mark.torture
def test_a_hundred_thousand_payouts(shop: Shop, tmp_path: Path) -> None:
    check_planted(shop, tmp_path, 100_000, 1_000)
