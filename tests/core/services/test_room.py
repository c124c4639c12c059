"""A refund from elsewhere beside a payout of ours (R6.2): nobody books more than was paid unknowing, and what
is our own payout under the channel's number is known as that.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from core.adapters.tables import payouts
from core.domain.errors import CorrectionMissing, RefundBeyondPaid
from core.services import reconciliation
from tests.core.services.test_reconciliation import drop, external, found, shown
from tests.shop import FINANCE, LEAD, Shop


def under_way(shop: Shop, amount: int = 9_500) -> tuple[str, str]:
    """An order of ¥100.00 with a payout that its channel has accepted: (order, case)."""
    order_no = shop.order()
    case_no = shop.apply(order_no, amount).case_no
    shop.work()
    assert shop.payouts(case_no)[0].state == "accepted"
    return order_no, case_no


def test_more_than_was_paid_is_booked_by_nobody_unknowing(shop: Shop, tmp_path: Path) -> None:
    """It can be booked, for it is a fact; both have to know, and the audit names it ever after."""
    order_no, case_no = under_way(shop)
    drop(shop, tmp_path, external(shop, order_no, 9_000))
    [it] = shown(shop, "only_theirs")
    assert it.room is not None and it.room.says == "stop" and it.room.left_minor == 500
    assert it.room.running == ((case_no, 9_500),)
    with pytest.raises(RefundBeyondPaid):
        reconciliation.propose(shop.app, FINANCE, [it.id], "后台退的", "p-1")
    reconciliation.propose(shop.app, FINANCE, [it.id], "后台退的", "p-2", knowing=[it.id])
    assert shown(shop, "only_theirs", "proposed", LEAD)[0].room == it.room
    with pytest.raises(RefundBeyondPaid):
        reconciliation.post(shop.app, LEAD, [it.id], "q-1")
    assert shop.audit() == [] and shop.payment(order_no).external_minor == 0
    reconciliation.post(shop.app, LEAD, [it.id], "q-2", knowing=[it.id])
    assert [finding.code for finding in shop.audit()] == ["beyond_paid_elsewhere"]


def test_to_explain_it_nobody_has_to_know(shop: Shop, tmp_path: Path) -> None:
    drop(shop, tmp_path, external(shop, under_way(shop)[0], 9_000))
    [it] = shown(shop, "only_theirs")
    reconciliation.propose(shop.app, FINANCE, [it.id], "就是在途那笔", "p", book=False)
    reconciliation.post(shop.app, LEAD, [it.id], "q")
    assert shop.audit() == []


def test_a_payout_is_known_by_the_channels_number(shop: Shop, tmp_path: Path) -> None:
    """The same order, amount and number is the same money; another amount is not."""
    order_no, case_no = under_way(shop)
    [payout] = shop.payouts(case_no)
    row = external(shop, order_no, payout.amount_minor, payout.reference)
    assert payout.reference != payout.key
    drop(shop, tmp_path, row._replace(minor=400), name="other.csv")
    assert found(shop)["only_theirs"] == [payout.reference]
    done = drop(shop, tmp_path, row)
    assert done.matched == 1 and not any(done.found.values())


def test_what_only_the_channel_had_is_ours_once_it_is_named(shop: Shop, tmp_path: Path) -> None:
    order_no, case_no = under_way(shop)
    [payout] = shop.payouts(case_no)
    with shop.app.begin() as conn:
        conn.execute(update(payouts).values(reference=None))
    drop(shop, tmp_path, external(shop, order_no, payout.amount_minor, "CH-9"))
    [it] = shown(shop, "only_theirs")
    assert it.room is not None and it.room.running == ((case_no, payout.amount_minor),)
    with shop.app.begin() as conn:
        conn.execute(update(payouts).values(reference="CH-9"))
    assert shown(shop, "only_theirs")[0].correction is None
    with pytest.raises(CorrectionMissing):
        reconciliation.propose(shop.app, FINANCE, [it.id], "后台退的", "p", knowing=[it.id])
    drop(shop, tmp_path, external(shop, shop.order(), 100, "CONSOLE-2"), name="next.csv")
    assert shown(shop, "only_theirs", "settled")[0].note == "named_ours"
    assert shop.audit() == []
