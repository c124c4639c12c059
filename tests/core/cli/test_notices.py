"""What the operator sees of notices."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from core.adapters.notifiers import Notifiers
from core.adapters.tables import contacts, notice_deliveries
from core.services import outbox

Line = Any  # the fixture's CommandLine


def test_notices_with_where_they_went(line: Line) -> None:
    shop = line.shop
    shop.app.notifiers = Notifiers({"ops": "json://127.0.0.1:9/"})
    case_no = line.apply(shop.order(delivery="code_viewed", completed_at=shop.clock.at))["case_no"]
    other = line.apply(shop.order())["case_no"]
    outbox.plan(shop.app)
    assert {row["case_no"] for row in line.ask("notices")} == {case_no, other}
    [row] = line.ask("notices", "--case", case_no)
    assert set(row) == {"id", "case_no", "seq", "kind", "at", "read_at", "deliveries"}
    assert (row["seq"], row["kind"], row["read_at"]) == (2, "in_review", None)
    [delivery] = row["deliveries"]
    assert (delivery["target"], delivery["state"], delivery["tries"]) == ("ops", "planned", 0)
    assert len(line.ask("notices", "--limit", "1")) == 1
    assert "ops:" in line("notices", "--case", case_no).out


def test_one_that_was_given_up_is_a_finding(line: Line) -> None:
    shop = line.shop
    shop.app.notifiers = Notifiers({"ops": "json://127.0.0.1:9/"})
    line.apply(shop.order(delivery="code_viewed", completed_at=shop.clock.at))
    outbox.plan(shop.app)
    with shop.app.begin() as conn:
        conn.execute(update(notice_deliveries).values(state="failed", due_at=None, cause="not_taken"))
    [row] = line.ask("notices", code=1)
    assert row["deliveries"][0]["cause"] == "not_taken"


def test_a_customers_address_is_kept_and_not_shown(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for customer in ("mei", "wei"):
        line.shop.order(customer=customer)
    done = line("contact", "mei", "--mail", "mei@example.com")
    assert done.code == 0 and "mei@" not in done.out
    assert "REFUND_MAIL_URL" in done.out  # nothing goes out without a mail server
    monkeypatch.setenv("REFUND_MAIL_URL", "mailtos://shop:secret@mail.example.com")
    assert "go out by mail" in line("contact", "mei", "--mail", "mei@example.com").out
    assert line.ask("contact", "wei", "--mail", "nowhere", code=1)["code"] == "mail_invalid"
    with line.shop.app.read() as conn:
        assert conn.execute(select(contacts.c.mail)).scalars().all() == ["mei@example.com"]
    assert line.ask("contact", "mei", "--mail", "") == {"customer_id": "mei", "mail": False}


def test_nobody_is_told_of_an_unknown_case_or_customer(line: Line) -> None:
    """An empty answer would look as if nothing had been sent, a kept address as if somebody would read it."""
    assert line.ask("notices", "--case", "none", code=1)["code"] == "not_found"
    assert line.ask("contact", "u999", "--mail", "u@example.com", code=1)["code"] == "not_found"
    with line.shop.app.read() as conn:
        assert conn.execute(select(contacts.c.mail)).all() == []
