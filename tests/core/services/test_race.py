"""R4.8, invariants 1, 2, 4, 17 under real concurrency, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Any

import pytest

from core.domain.actors import SYSTEM
from core.domain.errors import CaseAlreadyOpen, MoneyAlreadySent, Refusal
from core.services import cases, drafts, timers
from core.services.record import lock
from tests.race import is_clean, race
from tests.shop import MEI, REVIEWER, REVIEWER_2, Shop


def at_once(*commands: Callable[[], Any]) -> list[Any]:
    """Run the commands in threads; answers or refusals, in order."""

    def answer(command: Callable[[], Any]) -> Any:
        try:
            return command()
        except Refusal as refused:
            return refused

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(answer, commands))


def test_who_holds_a_case_is_waited_for(shop: Shop) -> None:
    """Nothing is read from a case that somebody is changing."""
    case_no = shop.apply(shop.order()).case_no
    with ThreadPoolExecutor(1) as pool:
        with shop.app.begin() as conn:
            lock(conn, case_no, SYSTEM)
            waiting = pool.submit(shop.act, case_no, "withdraw", MEI)
            with pytest.raises(NotYet):
                waiting.result(timeout=0.3)
        assert waiting.result(timeout=20).state == "withdrawn"


def test_who_holds_an_order_is_waited_for(shop: Shop) -> None:
    """Two tabs that open the same order stand in line and find one draft."""
    order_no = shop.order()
    with ThreadPoolExecutor(1) as pool:
        with shop.app.begin() as conn:
            drafts.held_order(conn, MEI, order_no)
            waiting = pool.submit(cases.open_draft, shop.app, MEI, order_no)
            with pytest.raises(NotYet):
                waiting.result(timeout=0.3)
        assert waiting.result(timeout=20).state == "draft"


def test_five_tabs_one_draft(shop: Shop) -> None:
    order_no = shop.order()
    found = at_once(*[lambda: cases.open_draft(shop.app, MEI, order_no)] * 5)
    assert len({view.case_no for view in found}) == 1


def test_five_clicks_at_once_are_one_case(shop: Shop) -> None:
    """Invariant 17: all five get the same answer."""
    order_no = shop.order()
    found = at_once(*[lambda: shop.apply(order_no, command_id="click")] * 5)
    assert len(set(found)) == 1 and found[0].state == "approved"
    assert shop.payment(order_no).reserved_minor == 10_000
    assert shop.audit() == []


def test_two_claims_at_once_are_one_case(shop: Shop) -> None:
    """Invariant 2."""
    order_no = shop.order()
    found = at_once(*[lambda: shop.apply(order_no, 6_000)] * 4)
    assert sum(isinstance(answer, CaseAlreadyOpen) for answer in found) == 3
    assert shop.payment(order_no).reserved_minor == 6_000


def test_two_reviewers_at_once(shop: Shop) -> None:
    """R4.8: one decides, the other hears that it is decided."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    case_no = shop.apply(order_no, reason="other").case_no
    found = at_once(
        lambda: shop.act(case_no, "approve", REVIEWER), lambda: shop.act(case_no, "approve", REVIEWER_2)
    )
    assert sum(isinstance(answer, Refusal) for answer in found) == 1
    assert shop.payment(order_no).reserved_minor == 10_000
    assert shop.audit() == []


def test_withdrawal_against_payment(shop: Shop) -> None:
    """R3.7: either withdrawn and never sent, or sent and told so."""
    for _ in range(4):
        order_no = shop.order()
        case_no = shop.apply(order_no).case_no
        answer, _ = at_once(
            lambda case_no=case_no: shop.act(case_no, "withdraw", MEI),
            lambda case_no=case_no: timers.run_due(shop.app, case_no),
        )
        sent = bool(shop.payouts(case_no))
        assert isinstance(answer, MoneyAlreadySent) == sent
        assert shop.view(case_no).state == ("paying" if sent else "withdrawn")
    assert shop.audit() == []


def test_a_small_race(database_url: str) -> None:
    """Nothing refunded twice, no second open case, no error that is not a refusal; the books always agree."""
    result = race(database_url, processes=3, actions=40, how_many=4)
    assert is_clean(result), result
    assert result["after"]["cases"].get("completed", 0) > 0, "a race in which nothing happens proves nothing"


@pytest.mark.torture
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_full_race(database_url: str, seed: int) -> None:
    """8 processes × 200 actions over 20 orders."""
    result = race(database_url, processes=8, actions=200, how_many=20, seed=seed)
    assert is_clean(result), result
