"""What people send that no database keeps and no column holds: it is not found, as anything else that is not
there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from core.adapters.tables import guest_tries, payments
from core.adapters.tables import orders as orders_table
from core.domain import vouchers
from core.domain.errors import CodeMistyped, NotFound, PayeeInvalid, TooManyTries
from core.domain.settlement import read_payee
from core.services import cases, certificates, desk, identity, orders, support
from tests.core.services.test_certificates import paying
from tests.core.services.test_decisions import in_review
from tests.core.services.test_identity import DAY, PAID, prove
from tests.shop import MEI, REVIEWER, SUPPORT, Shop

NUL = "\x00"
ASKED: list[Callable[[Shop, str], object]] = [
    lambda shop, number: cases.view(shop.app, MEI, number),
    lambda shop, number: cases.view(shop.app, SUPPORT, number),
    lambda shop, number: cases.act(shop.app, MEI, number, "withdraw", "odd"),
    lambda shop, number: cases.open_draft(shop.app, MEI, number),
    lambda shop, number: orders.get(shop.app, SUPPORT, number),
    lambda shop, number: desk.open_file(shop.app, REVIEWER, number),
    lambda shop, number: prove(shop, number),
]


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("number", [NUL, f"9{NUL}", f"{NUL}OD00000", "\ufffd"])
def test_a_number_with_a_nul_is_not_found(
    shop: Shop, ask: Callable[[Shop, str], object], number: str
) -> None:
    shop.order(customer="", paid_at=PAID)
    with pytest.raises(NotFound):
        ask(shop, number)


@pytest.mark.parametrize("ask", ASKED)
def test_a_number_longer_than_any_is_not_looked_for(
    shop: Shop, ask: Callable[[Shop, str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def note(_conn: object, _cursor: object, _text: str, given: Any, *_more: object) -> None:
        values = given.values() if isinstance(given, dict) else given
        asked.append(max((len(value) for value in values if isinstance(value, str)), default=0))

    event.listen(shop.app.engine, "before_cursor_execute", note)
    try:
        with pytest.raises(NotFound):
            ask(shop, "9" * 100_000)
    finally:
        event.remove(shop.app.engine, "before_cursor_execute", note)
    assert max(asked, default=0) <= 64


def test_an_order_is_not_found_by_more_than_its_number(shop: Shop) -> None:
    """All 64 characters of it and some more are another number."""
    order_no, was = "9" * 64, shop.order(customer="", paid_at=PAID)
    with shop.app.begin() as conn:
        conn.execute(payments.delete().where(payments.c.order_no == was))
        conn.execute(update(orders_table).where(orders_table.c.order_no == was).values(order_no=order_no))
    assert prove(shop, order_no)
    with pytest.raises(NotFound):
        prove(shop, f"{order_no}9")


def test_of_a_text_longer_than_any_certificate_nothing_is_read(shop: Shop) -> None:
    token = certificates.issue(shop.app, MEI, paying(shop)).token
    assert certificates.check(shop.app, f"{token}\n").verdict == "genuine"
    assert certificates.check(shop.app, f"{token}\n{'.' * 20_000}").verdict == "unreadable"
    assert (
        certificates.check(shop.app, certificates.text_in(token.encode() + b"\n" * 30_000)).verdict
        == "genuine"
    )


def test_nobody_types_so_much_of_a_code_or_a_payee() -> None:
    code = vouchers.make(lambda below: below - 1)
    assert vouchers.read(f" {code} ") == code
    with pytest.raises(CodeMistyped):
        vouchers.read(code + " " * 200)
    for typed in (("梅雨" + " " * 200, "6222021234561234"), ("梅雨", "6222021234561234" + " " * 200)):
        with pytest.raises(PayeeInvalid):
            read_payee("card", *typed)


@pytest.mark.parametrize("currency", ["KRW", "CNY", "KWD"])
def test_a_wrong_amount_and_a_wrong_order_answer_and_count_alike(shop: Shop, currency: str) -> None:
    """Invariant 12: not even by parts that the order's currency does not have."""
    order_no = shop.order(customer="", paid_at=PAID)
    with shop.app.begin() as conn:
        conn.execute(
            update(orders_table).where(orders_table.c.order_no == order_no).values(currency=currency)
        )
    for told in (order_no, "OD99999"):
        for _ in range(identity.TRIES):
            with pytest.raises(NotFound):
                prove(shop, told, "1.5")
        with pytest.raises(TooManyTries):
            prove(shop, told, "1.5")


def test_a_try_with_a_nul_counts_as_any_other(shop: Shop) -> None:
    for _ in range(identity.TRIES):
        with pytest.raises(NotFound):
            identity.prove_order(shop.app, f"9{NUL}", "1", DAY, "10.0.0.1")
    with pytest.raises(TooManyTries):
        identity.prove_order(shop.app, f"9{NUL}", "1", DAY, "10.0.0.1")
    with shop.app.read() as conn:
        assert conn.execute(select(func.count()).select_from(guest_tries)).scalar() == identity.TRIES


@pytest.mark.parametrize("text", [NUL, f"{NUL * 8}", f"OD9{NUL}"])
def test_a_search_for_a_nul_finds_nothing(shop: Shop, text: str) -> None:
    shop.order()
    assert support.search(shop.app, SUPPORT, text).hits == ()


def test_the_words_around_a_nul_are_searched_for(shop: Shop) -> None:
    order_no = shop.order()
    assert [hit.order_no for hit in support.search(shop.app, SUPPORT, f"{order_no}{NUL}").hits] == [order_no]


def test_words_with_a_nul_can_be_written(shop: Shop) -> None:
    case_no = in_review(shop)
    asked = shop.act(case_no, "ask", REVIEWER, note=f"什么{NUL}时候？", reference=f"A{NUL}")
    assert asked.events[-1].note == "什么时候？"
