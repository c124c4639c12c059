"""What the file of a case tells whoever decides."""

from __future__ import annotations

from datetime import timedelta

from core.domain.actors import Actor
from tests.core.services.test_desk import referred
from tests.pages.conftest import OpenPage, words
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, Shop


def negotiated(shop: Shop) -> str:
    """Approved, and people settle how it is paid."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, escrow=True)
    case_no = shop.apply(order_no, reason="other").case_no
    assert shop.act(case_no, "approve", REVIEWER, note="核实过了").state == "negotiating"
    return case_no


def test_what_is_only_held_is_not_called_refunded(open_page: OpenPage, shop: Shop) -> None:
    case_no = negotiated(shop)
    page = words(open_page("desk", FINANCE, case=case_no))
    assert "已批准，还没到账 ¥100.00" in page and "已退过" not in page
    shop.act(case_no, "agree", FINANCE, way="balance")
    shop.work(days=1)
    page = words(open_page("desk", LEAD, case=case_no))
    assert "已退过 ¥100.00" in page and "还没到账" not in page
