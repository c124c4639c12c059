"""A shop where everybody writes payloads, filled by the services: the demo's whole story with other words,
and what it does not tell: orders that are imported, talks, bills, drafts of policies, purchases.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from core import worker
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.terms import Terms
from core.domain.workdays import ZONE
from core.services import (
    cases,
    certificates,
    credit,
    demo,
    order_intake,
    policies,
    policy_drafts,
    policy_trials,
    reconciliation,
    wallet,
)
from core.services.demo import desk_story, scenes, story
from tests.browser.payloads import Sinks
from tests.ledgers import Row, bill_of

REVIEWER, LEAD, ARBITER = Actor("reviewer", "qian-yu"), Actor("lead", "tang-wei"), Actor("arbiter", "shen-bo")
FINANCE, POLICY, SUPPORT = Actor("finance", "gu-ning"), Actor("policy", "lu-jing"), Actor("support", "he-min")
NOTHING = "null"  # a person's name and a product's, as they stand


@dataclass
class Hostile:
    """`paths`: what each person looks at, beside what everybody sees of their own."""

    sinks: Sinks
    app: App
    buyer: str = ""
    paths: dict[str, list[str]] = field(default_factory=dict)
    certificate: str = ""
    numbers: Any = field(default_factory=count)

    def act(self, case_no: str, actor: Actor, event: str, terms: Terms | None = None, sink: str = "") -> None:
        said = replace(terms or Terms(), note=self.sinks.text(sink or f"note of {event}"))
        cases.act(self.app, actor, case_no, event, f"hostile-{next(self.numbers)}", said)

    def of(self, customer: str, state: str) -> str:
        """The number of a request of theirs in this state."""
        found = cases.list_for(self.app, Actor("customer", customer))
        return next(view.case_no for view in found if view.state == state)

    def work(self, **later: float) -> None:
        for moved in (timedelta(), timedelta(**later)):
            self.app.demo_clock().advance(moved)
            worker.run_until_idle(self.app)


def fill(app: App, folder: Path) -> Hostile:
    shop = Hostile(Sinks(), app)
    with pytest.MonkeyPatch.context() as patch:
        _retell(patch, shop.sinks)
        demo.seed(app, 60)
    _import(shop, folder)
    _talk(shop)
    _judge(shop)
    _wait(shop)
    _reconcile(shop, folder)
    _draft(shop)
    worker.run_until_idle(app)
    return shop


def _retell(patch: pytest.MonkeyPatch, sinks: Sinks) -> None:
    """The demo's story, its words replaced on their way into the services."""

    def apply(*given: Any, description: str = "", **more: Any) -> Any:
        return cases.apply(*given, description=sinks.text("description"), **more)

    def act(app: App, actor: Actor, case_no: str, event: str, command: str, terms: Terms | None = None,
            note: str = "") -> Any:  # fmt: skip
        said = replace(terms or Terms(), note=sinks.text(f"note of {event}"))
        if said.payee is not None:
            said = replace(said, payee=replace(said.payee, holder=sinks.text("payee's holder", 40, 8)))
        return cases.act(app, actor, case_no, event, command, said)

    def appeal(app: App, actor: Actor, entry_id: int, words: str, command: str) -> Any:
        return credit.appeal(app, actor, entry_id, sinks.text("credit appeal"), command)

    told = SimpleNamespace(apply=apply, act=act, view=cases.view, open_draft=cases.open_draft)
    patch.setattr(story, "cases", told)
    patch.setattr(desk_story, "cases", told)
    patch.setattr(desk_story, "credit", SimpleNamespace(account=credit.account, appeal=appeal))
    turns = count()
    people = [
        (who, NOTHING if who == "c06" else sinks.text("customer's name", 200, 2 * next(turns)), points)
        for who, _, points in scenes.PEOPLE
    ]
    patch.setattr(demo, "PEOPLE", tuple(people))
    by_hand, grid = demo.by_hand, demo.grid

    def renamed(made: Iterable[scenes.Scene]) -> Iterator[scenes.Scene]:
        for place, scene in enumerate(made):
            named = NOTHING if place == 7 else sinks.text("product", 200, 2 * place)
            yield replace(scene, product=named)

    patch.setattr(demo, "by_hand", lambda: list(renamed(by_hand())))
    patch.setattr(demo, "grid", lambda window: renamed(grid(window)))


def _import(shop: Hostile, folder: Path) -> None:
    """A file of orders with payloads in every cell that holds text."""
    text, now = shop.sinks.text, shop.app.now().astimezone(ZONE)
    paid = (now - timedelta(days=1)).isoformat(timespec="seconds")
    shop.buyer = text("customer's id", 64, 5, ascii_only=True)
    rows = [
        {
            "order_no": text("order's number", 64, turn, ascii_only=True),
            "customer_id": shop.buyer,
            "customer_name": text("imported customer's name", 100, 3),
            "product": text("imported product", 200, turn),
            "kind": "software_key", "quantity": 1, "amount": "900.00", "channel": channel,
            "trade_no": text("trade number", 64, turn, ascii_only=True),
            "account": text("paying account", 60, turn),
            "paid_at": paid, "delivery": "pending", "delivery_at": paid, "escrow": "false",
        }
        for turn, channel in ((2, "alipay"), (6, "card"), (8, "wechat"))
    ]  # fmt: skip
    path = folder / "orders.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({key: _printable(str(cell)) for key, cell in row.items()} for row in rows)
    found = order_intake.import_orders(shop.app, path)
    assert found.imported == len(rows), found
    customer = Actor("customer", shop.buyer)
    for row in rows[:2]:
        sent = cases.apply(
            shop.app, customer, str(row["order_no"]), "other", 90_000,
            command_id=f"import-{next(shop.numbers)}", description=text("imported description"),
        )  # fmt: skip
        shop.paths.setdefault(shop.buyer, []).append(f"/track?case={sent.case_no}")
        for staff in ("zhou-lan",):
            shop.paths.setdefault(staff, []).append(f"/desk?case={sent.case_no}")
    shop.paths[shop.buyer].append(f"/request?{urlencode({'order': rows[2]['order_no']})}")


def _printable(cell: str) -> str:
    """A file of orders with any other sign is refused."""
    return "".join(sign for sign in cell if sign.isprintable())


def _talk(shop: Hostile) -> None:
    """A question is answered, an offer declined and taken up, a transfer agreed on and made by hand."""
    asked, offered, talks = (
        shop.of("c01", "awaiting_customer"),
        shop.of("c05", "awaiting_customer"),
        shop.of("c08", "negotiating"),
    )
    shop.act(asked, Actor("customer", "c01"), "answer")
    shop.act(offered, Actor("customer", "c05"), "decline")
    shop.act(talks, FINANCE, "agree", Terms(way="transfer"))
    shop.paths["c08"] = [f"/track?case={talks}"]
    shop.paths["c02"] = [f"/track?case={shop.of('c02', 'withdrawn')}"]
    shop.paths["gu-ning"] = [f"/desk?case={talks}"]
    shop.paths["zhou-lan"].append(f"/desk?case={offered}")
    shop.paths["c05"] = [f"/track?case={offered}"]
    shop.paths["c01"] = [f"/track?case={asked}"]


def _judge(shop: Hostile) -> None:
    """The appeal, the dispute and the forgery of the demo are answered."""
    appealed, disputed, forged = (
        shop.of("c04", "in_appeal"),
        shop.of("c09", "in_arbitration"),
        shop.of("c10", "in_review"),
    )
    shop.act(appealed, REVIEWER, "reject", sink="note of the second reject")
    shop.act(disputed, ARBITER, "reject", sink="note of the arbiter")
    entry = credit.account(shop.app, LEAD, "c10").entries[0]
    credit.answer(
        shop.app, LEAD, entry.id, False, shop.sinks.text("answer to a credit appeal"), "credit-answer"
    )
    for who, case_no in (("c04", appealed), ("c09", disputed), ("c10", forged)):
        shop.paths[who] = [f"/track?case={case_no}"]
        shop.paths.setdefault("tang-wei", []).append(f"/desk?case={case_no}")
    shop.paths["c10"].append("/credit")


def _wait(shop: Hostile) -> None:
    """Some of a balance is spent; a certificate is issued."""
    worker.run_until_idle(shop.app)
    text = shop.sinks.text
    wallet.spend(shop.app, SYSTEM, "c01", 100, "spend-1", what=text("purchase", 300))
    paying = shop.of("c02", "paying")
    shop.certificate = certificates.issue(shop.app, Actor("customer", "c02"), paying).token


def _reconcile(shop: Hostile, folder: Path) -> None:
    """A bill with refunds of nobody's, under a name of its own; of two corrections one comes back."""
    now, text = shop.app.now(), shop.sinks.text
    rows = [
        Row(f"T{turn}", text("order number of a bill", 40, turn, ascii_only=True).replace(",", ""),
            text("refund number of a bill", 60, turn, ascii_only=True).replace(",", ""), 500, now)
        for turn in (2, 6, 7)
    ]  # fmt: skip
    path = bill_of(folder / "bill.csv", rows, now - timedelta(days=30), days=32)
    bill_name = text("name of a bill's file", 100, 6)
    reconciliation.reconcile(shop.app, FINANCE, path, name=bill_name)
    listed = reconciliation.ids(shop.app, FINANCE, "only_theirs", "open")
    reconciliation.propose(
        shop.app, FINANCE, listed[:2], text("note of a correction", 500), "propose-1", book=False
    )
    reconciliation.send_back(shop.app, LEAD, listed[:1], text("why a correction came back", 500), "back-1")


def _draft(shop: Hostile) -> None:
    """A policy whose words are payloads is in force; others are asked for, on trial, sent back."""
    app, text = shop.app, shop.sinks.text
    document = policies.last_document(app)[1]
    turns = count()

    def reworded(found: re.Match[str]) -> str:
        turn, is_title = next(turns), len(found[2]) < 16
        name, room = ("title", 60) if is_title else ("sentence", 600)
        said = text(f"policy's {name} in {found[1]}", room, turn, without="{}")  # those hold figures
        return f"{found[1]} = {_toml(shop.sinks, said)}"

    document = re.sub(r'^(zh|en) = "([^"]*)"$', reworded, document, flags=re.MULTILINE)
    document = document.replace(
        'name = "standard"', f"name = {_toml(shop.sinks, text('policy name', 60, 8))}", 1
    )
    ids = [
        policy_drafts.ask(app, POLICY, document.replace("other = 7", f"other = {days}"),
                          text("what a draft means", 500, days), f"ask-{days}")
        for days in (8, 9, 10)
    ]  # fmt: skip
    policy_drafts.send_back(app, LEAD, ids[0], text("why a draft came back", 500), "draft-back")
    policy_trials.start_shadow(app, POLICY, ids[1], "shadow-1")
    policy_drafts.approve(app, LEAD, ids[2], "approve-1")
    shop.paths.setdefault("lu-jing", []).append(f"/lab?draft={ids[0]}")
    shop.paths["lu-jing"].append(f"/lab?draft={ids[1]}")


def _toml(sinks: Sinks, words: str) -> str:
    """As a string of a policy's text, which the lab shows as well."""
    spelled = json.dumps(words)
    sinks.also(words, spelled[1:-1])
    return spelled
