"""What the shop holds about a person: the copy is theirs and whole, the erasure leaves nothing that it could
not leave, and money is never lost with it.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Text, func, insert, select, update

from core.adapters import tables as t
from core.domain.errors import (
    AwaitsAnswer,
    CasesUnderWay,
    HoldsMoney,
    HoldsVouchers,
    NotAllowed,
    NotFound,
    Refusal,
)
from core.services import cases, contacts, identity, personal
from core.services.personal.holdings import HOLDINGS, NOBODYS, WITH_THE_PICTURE
from tests.shop import LEAD, MEI, REVIEWER, SUPPORT, WEI, Actor, Shop

SECRET = "梅的秘密-7731"
THEIRS = "别人的秘密-9942"


def ended(shop: Shop, customer: Actor = MEI, words: str = SECRET) -> str:
    """A refund that was asked for in words and with a picture, paid and arrived."""
    order_no = shop.order(customer=customer.id)
    case_no = shop.apply(order_no, 4_000, actor=customer, description=words).case_no
    shop.picture(case_no)
    shop.work()
    shop.work(days=5)
    assert shop.view(case_no).state == "completed"
    return case_no


def everything(shop: Shop, customer: Actor = MEI, words: str = SECRET) -> str:
    """Their words wherever somebody's words are kept."""
    case_no = ended(shop, customer, words)
    contacts.set_mail(shop.app, customer.id, f"{words.encode().hex()[:20]}@example.com")
    identity.open_session(shop.app, "customer", customer.id)
    with shop.app.begin() as conn:
        conn.execute(update(t.customers).where(t.customers.c.id == customer.id).values(name=words))
        conn.execute(
            insert(t.accounts).values(
                issuer="https://id.example", subject=f"sub-{words}", person_id=customer.id, role="customer",
                name=words, signed_in_at=shop.clock.at,
            )
        )  # fmt: skip
        entry = conn.execute(
            insert(t.credit_entries)
            .values(
                customer_id=customer.id, at=shop.clock.at, points=-1, rule="refund_refused",
                made_by="system:portal",
            )
            .returning(t.credit_entries.c.id)
        ).scalar_one()  # fmt: skip
        conn.execute(
            insert(t.credit_appeals).values(
                entry_id=entry, state="refused", words=words, at=shop.clock.at, answer=words,
                answered_by="lead:tang-wei", answered_at=shop.clock.at,
            )
        )  # fmt: skip
        payout = conn.execute(select(t.payouts.c.id).where(t.payouts.c.case_no == case_no)).scalar_one()
        conn.execute(
            insert(t.tickets).values(
                case_no=case_no, payout_id=payout, state="closed", words=words, carries="{}",
                opened_by=str(customer), at=shop.clock.at, closed_at=shop.clock.at,
            )
        )  # fmt: skip
        conn.execute(
            insert(t.guest_tries).values(
                order_no=shop.view(case_no).order.order_no, address=words, at=shop.clock.at
            )
        )
    return case_no


def found(shop: Shop, words: str) -> set[str]:
    """The tables in which these words stand anywhere."""
    where = set()
    with shop.app.read() as conn:
        for table in t.metadata.sorted_tables:
            for column in table.columns:
                if (
                    isinstance(column.type, Text)
                    and conn.execute(
                        select(func.count()).select_from(table).where(column.contains(words))
                    ).scalar_one()
                ):
                    where.add(table.name)
    return where


def copy(shop: Shop, customer_id: str = "", order_no: str = "") -> tuple[dict[str, Any], dict[str, bytes]]:
    packed = io.BytesIO()
    personal.give(shop.app, packed, customer_id, order_no)
    with zipfile.ZipFile(packed) as file:
        assert file.testzip() is None
        data = json.loads(file.read("data.json"))
        return data, {name: file.read(name) for name in file.namelist() if name != "data.json"}


def test_every_table_is_thought_of():
    known = [holding.table.name for holding in HOLDINGS]
    known += [table.name for table in (*WITH_THE_PICTURE, *NOBODYS)]
    assert sorted(known) == sorted(t.metadata.tables), "say in holdings what this table holds of a person"


def test_the_copy_shows_columns_that_are_there_and_no_secrets():
    for holding in HOLDINGS:
        told = holding.told.split()
        assert set(told) <= set(holding.table.columns.keys()), holding.table.name
        assert not [name for name in told if "sha256" in name or "hash" in name or name == "secret"]


def test_nothing_is_left_but_what_has_to_stay(shop: Shop):
    case_no = everything(shop)
    other = everything(shop, WEI, THEIRS)
    before, audited = found(shop, THEIRS), shop.audit()
    assert {"customers", "accounts", "credit_appeals", "tickets", "guest_tries", "case_events"} <= before
    done = personal.erase(shop.app, LEAD, MEI.id)
    assert done.pictures == 1 and done.gone["contacts"] == done.gone["accounts"] == 1
    assert found(shop, SECRET) == {"cases", "case_events"}, "the log, which nobody can change"
    assert {end for end, _ in done.stays.values()} <= {"books", "log", "stone"}
    shop.work()
    with shop.app.read() as conn:
        left = conn.execute(select(t.evidence).where(t.evidence.c.case_no == case_no)).one()
    assert left.size == 0 and not shop.app.store.has(left.id)
    # Whoever looks, sees neither words nor pictures; the money and its dates stay.
    for actor in (MEI, REVIEWER, SUPPORT, LEAD):
        view = cases.view(shop.app, actor, case_no)
        assert SECRET not in repr(view) and not view.evidence and view.erased_at is not None
        assert view.refund_minor == 4_000 and view.payouts
    # Nobody else lost anything.
    assert found(shop, THEIRS) == before and THEIRS in shop.view(other).description
    assert shop.view(other).evidence and shop.view(other).erased_at is None
    assert shop.audit() == audited, "the books and the chains are as they were"


def test_sessions_end_at_once(shop: Shop):
    everything(shop)
    token = identity.open_session(shop.app, "customer", MEI.id)
    personal.erase(shop.app, LEAD, MEI.id)
    assert identity.who(shop.app, token) is None


def test_again_changes_nothing(shop: Shop):
    everything(shop)
    personal.erase(shop.app, LEAD, MEI.id)
    audited = shop.audit()
    again = personal.erase(shop.app, LEAD, MEI.id)
    assert (again.gone, again.emptied, again.pictures) == ({}, {}, 0)
    assert shop.audit() == audited


def test_who_comes_back_has_words_again(shop: Shop):
    """Sealed is what had ended by then; a request of later is like anybody's."""
    old = everything(shop)
    personal.erase(shop.app, LEAD, MEI.id)
    shop.clock.advance(timedelta(days=1))
    new = ended(shop)
    assert shop.view(new).description == SECRET and shop.view(old).description == ""
    personal.erase(shop.app, LEAD, MEI.id)
    assert shop.view(new).description == ""


def refused(shop: Shop, kind: type[Refusal], **who: str) -> Refusal:
    """Refused, and nothing was changed by it."""
    before = found(shop, SECRET)
    with pytest.raises(kind) as caught:
        personal.erase(shop.app, LEAD, **(who or {"customer_id": MEI.id}))
    assert found(shop, SECRET) == before
    return caught.value


def test_not_while_a_request_is_under_way(shop: Shop):
    everything(shop)
    case_no = shop.apply(shop.order(), 4_000).case_no
    assert refused(shop, CasesUnderWay).params == {"cases": [case_no]}
    shop.work()
    shop.work(days=5)
    personal.erase(shop.app, LEAD, MEI.id)


def test_not_while_money_is_on_its_way(shop: Shop):
    case_no = everything(shop)
    with shop.app.begin() as conn:
        back = {"state": "returned", "due_at": shop.clock.at}
        conn.execute(update(t.payouts).where(t.payouts.c.case_no == case_no).values(back))
    assert refused(shop, CasesUnderWay).params == {"cases": [case_no]}


def test_not_while_there_is_balance(shop: Shop):
    case_no = shop.apply(shop.order(), 4_000, route="balance").case_no
    shop.work()
    assert shop.view(case_no).state == "completed"
    assert refused(shop, HoldsMoney).params == {"amount_minor": 4_000, "currency": "CNY"}


def test_not_while_there_is_a_voucher(shop: Shop):
    case_no = everything(shop)
    with shop.app.begin() as conn:
        payout = conn.execute(select(t.payouts).where(t.payouts.c.case_no == case_no)).one()
        conn.execute(
            insert(t.vouchers).values(
                payout_id=payout.id, case_no=case_no, customer_id=MEI.id,
                order_no=shop.view(case_no).order.order_no, kind="redeem_code", amount_minor=100,
                currency="CNY", state="open", issued_at=shop.clock.at, expires_at=shop.clock.at,
            )
        )  # fmt: skip
    assert refused(shop, HoldsVouchers).params == {"count": 1}


@pytest.mark.parametrize("which", ["ticket", "appeal"])
def test_not_while_they_wait_for_an_answer(shop: Shop, which: str):
    everything(shop)
    table, due = (t.tickets, "due_at") if which == "ticket" else (t.credit_appeals, "due_at")
    with shop.app.begin() as conn:
        opened: dict[str, Any] = {"state": "open", due: shop.clock.at}
        if which == "ticket":
            opened["closed_at"] = None
        conn.execute(update(table).values(opened))
    refused(shop, AwaitsAnswer)


def test_a_draft_ends_without_its_words(shop: Shop):
    order_no = shop.order()
    draft = cases.open_draft(shop.app, MEI, order_no)
    cases.save_draft(shop.app, MEI, draft.case_no, description=SECRET)
    picture = shop.picture(draft.case_no)
    personal.erase(shop.app, LEAD, MEI.id)
    shop.work()
    assert shop.view(draft.case_no).state == "closed"
    assert not found(shop, SECRET) and not shop.app.store.has(picture)
    assert shop.audit() == []


def test_a_guest_is_an_order(shop: Shop):
    order_no = shop.order(customer="")
    guest = Actor("guest", order_no=order_no)
    token = identity.open_session(shop.app, "guest", "", order_no)
    case_no = shop.apply(order_no, 4_000, actor=guest, description=SECRET).case_no
    shop.picture(case_no)
    shop.work()
    shop.work(days=5)
    other = shop.order(customer="")
    data, pictures = copy(shop, order_no=order_no)
    assert [case["description"] for case in data["cases"]] == [SECRET] and len(pictures) == 1
    personal.erase(shop.app, LEAD, order_no=order_no)
    assert shop.view(case_no).description == "" and identity.who(shop.app, token) is None
    assert personal.held(shop.app, order_no=other)["orders"] == (1, "books")
    assert shop.audit() == []


def test_the_copy_is_whole_and_only_theirs(shop: Shop):
    case_no = everything(shop)
    everything(shop, WEI, THEIRS)
    data, pictures = copy(shop, MEI.id)
    text = json.dumps(data, ensure_ascii=False)
    assert THEIRS not in text and WEI.id not in text
    assert data["customers"][0]["name"] == data["accounts"][0]["name"] == SECRET
    assert data["cases"][0]["description"] == data["tickets"][0]["words"] == SECRET
    assert data["credit_appeals"][0]["answer"] == SECRET
    assert [case["case_no"] for case in data["cases"]] == [case_no]
    (bytes_,) = pictures.values()
    assert bytes_[:4] == b"\x89PNG"
    assert "tang-wei" not in text and "token_sha256" not in text, "of the staff the role, of us no keys"


def test_after_the_erasure_the_copy_has_what_stayed(shop: Shop):
    everything(shop)
    personal.erase(shop.app, LEAD, MEI.id)
    data, pictures = copy(shop, MEI.id)
    assert SECRET not in json.dumps(data, ensure_ascii=False) and not pictures
    assert data["orders"] and data["erasures"]


@pytest.mark.parametrize(("customer", "order"), [("nobody", ""), ("", "OD99999"), ("", "OD00000")])
def test_nobody_there(shop: Shop, customer: str, order: str):
    """Neither an account nor a guest's order; the order of an account is no guest's."""
    shop.order()
    for ask in (personal.held, lambda *who: personal.erase(who[0], LEAD, *who[1:]), copy_of):
        with pytest.raises(NotFound):
            ask(shop.app, customer, order)


def copy_of(app: Any, *who: str) -> None:
    personal.give(app, io.BytesIO(), *who)


def test_customers_do_not_erase_by_themselves(shop: Shop):
    everything(shop)
    with pytest.raises(NotAllowed):
        personal.erase(shop.app, MEI, MEI.id)
