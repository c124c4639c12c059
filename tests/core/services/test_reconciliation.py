"""R6.2: a channel's bill against payouts and ledger: every difference has a kind, an owner and a correction,
and the same bill changes nothing the second time."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from core import worker
from core.adapters.bills import Mapping
from core.adapters.tables import (
    differences,
    external_refunds,
    ledger_entries,
    metadata,
    payments,
    waiting_refunds,
)
from core.domain import proof
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import (
    BillChannelUnknown,
    BillHoldsNoRefunds,
    BillNotWhole,
    BillOfAPerson,
    BillOfNoChannel,
    BillWithoutTotals,
    CorrectionMissing,
    CorrectionOutdated,
    NotAllowed,
    OwnCase,
    ProofNeeded,
    Refusal,
    SamePerson,
    TextRequired,
    TransitionRefused,
)
from core.domain.lifecycle import ROLES
from core.domain.workdays import ZONE
from core.services import ledger, reconciliation
from tests import ledgers
from tests.ledgers import Row, bill_of
from tests.shop import FINANCE, LEAD, REVIEWER, Shop
from tests.vandal import tampering


def found(shop: Shop) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = defaultdict(list)
    at = reconciliation.COLUMNS.index
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


# --- people ----------------------------------------------------------------------------------------------


def shown(shop: Shop, kind: str, state: str = "open", actor: Actor = FINANCE) -> list[reconciliation.Listed]:
    return reconciliation.listing(shop.app, actor, kind, state)[0]


def drop(shop: Shop, folder: Path, *rows: Row, day: datetime | None = None, name: str = "bill.csv") -> Any:
    return reconciliation.reconcile(shop.app, FINANCE, bill_of(folder / name, rows, day or shop.clock.at))


def external(shop: Shop, order_no: str, minor: int = 3_000, number: str = "CONSOLE-1") -> Row:
    """Made in the merchant console."""
    return Row(shop.payment(order_no).trade_no, order_no, number, minor, shop.clock.at)


def paid(shop: Shop, amount: int = 10_000, of: int = 0) -> tuple[str, Row]:
    """A refund that has arrived, of an order of `of` or as much, and its row in the bill."""
    order_no = shop.order(("alipay", of or amount))
    case_no = shop.apply(order_no, amount).case_no
    at = shop.clock.at
    shop.work()
    shop.work(days=2)
    payout = shop.payouts(case_no)[0]
    assert payout.state == "arrived"
    return case_no, Row(shop.payment(order_no).trade_no, order_no, payout.key, payout.amount_minor, at)


def test_a_refund_that_fits_leaves_nothing_to_do(shop: Shop, tmp_path: Path) -> None:
    _, row = paid(shop)
    done = drop(shop, tmp_path, row, day=row.at)
    assert done.is_clean and done.matched == 1 and not any(done.found.values())
    assert shop.audit() == []


def table_of(folder: Path, number: str = "BANK-1") -> Path:
    path = folder / "table.csv"
    path.write_text(f"refund_amount,refunded_at,refund_no\n12.34,2026-08-20 10:00:00,{number}\n")
    return path


@pytest.mark.parametrize("channel", ["bank_card", "balance", ""])
def test_a_table_of_an_unknown_channel_is_not_taken(shop: Shop, tmp_path: Path, channel: str) -> None:
    before = everything(shop)
    with pytest.raises(BillChannelUnknown if channel else BillOfNoChannel) as refused:
        mapping = Mapping(defaults={"channel": channel})
        reconciliation.reconcile(shop.app, FINANCE, table_of(tmp_path), mapping)
    if channel:
        assert refused.value.params == {"channel": channel, "allowed": "alipay, wechat, card"}
    assert everything(shop) == before


def test_a_table_may_name_its_channel_in_its_own_words(shop: Shop, tmp_path: Path) -> None:
    mapping = Mapping(values={"channel": {"银行卡": "card"}}, defaults={"channel": "银行卡"})
    assert reconciliation.reconcile(shop.app, FINANCE, table_of(tmp_path), mapping).channel == "card"


def test_no_account_of_an_unknown_channel_comes_to_be(shop: Shop, tmp_path: Path) -> None:
    """Neither from a difference that is there from before, nor from one that was proposed before."""
    reconciliation.reconcile(shop.app, FINANCE, table_of(tmp_path), Mapping(defaults={"channel": "card"}))
    [open_one] = shown(shop, "only_theirs")
    with shop.app.begin() as conn:
        conn.execute(update(differences).values(channel="bank_card"))
    [listed] = shown(shop, "only_theirs")
    assert listed.correction is None
    with pytest.raises(CorrectionMissing):
        reconciliation.propose(shop.app, FINANCE, [open_one.id], "渠道后台退的", "c-1")
    with shop.app.begin() as conn:
        conn.execute(update(differences).values(channel="card"))
    reconciliation.propose(shop.app, FINANCE, [open_one.id], "渠道后台退的", "c-2")
    with shop.app.begin() as conn:
        stored = conn.execute(select(differences.c.correction)).scalar_one()
        conn.execute(
            update(differences).values(
                channel="bank_card", correction=stored.replace("channel:card", "channel:bank_card")
            )
        )
    with pytest.raises(CorrectionOutdated):
        reconciliation.post(shop.app, LEAD, [open_one.id], "c-3")
    lines = (("contra_revenue:refunds", 1), ("assets:channel:bank_card", -1))
    with pytest.raises(ValueError, match="bank_card"), shop.app.begin() as conn:
        ledger.corrected(conn, difference_id=1, at=shop.clock.at, currency="CNY", lines=lines, case_no=None)


def test_an_external_refund_is_never_refunded_again(shop: Shop, tmp_path: Path) -> None:
    """Two people book it; then what is left of the payment is all that anybody can ask for."""
    order_no = shop.order()
    done = drop(shop, tmp_path, external(shop, order_no, 7_000))
    assert done.waiting["only_theirs"] == 1 and not done.is_clean
    [it] = shown(shop, "only_theirs")
    assert it.found.payment_id == shop.payment(order_no).id
    assert it.correction is not None
    assert it.correction.lines == (("contra_revenue:refunds", 7_000), ("assets:channel:alipay", -7_000))
    assert shop.payment(order_no).external_minor == 0  # found is not yet posted
    reconciliation.propose(shop.app, FINANCE, [it.id], "商家后台退的，查到了操作人", "p")
    with pytest.raises(ProofNeeded):
        reconciliation.post(shop.app, Actor("lead", LEAD.id, proved_at=proof.NEVER), [it.id], "old")
    assert shop.payment(order_no).external_minor == 0
    reconciliation.post(shop.app, LEAD, [it.id], "q")
    assert shop.payment(order_no).external_minor == 7_000
    assert shop.audit() == []
    with pytest.raises(Refusal):
        shop.apply(order_no, 10_000)
    shop.apply(order_no, 3_000)
    assert drop(shop, tmp_path, external(shop, order_no, 7_000)).is_clean
    assert shop.audit() == []


def test_it_is_known_to_an_import_of_orders(shop: Shop, tmp_path: Path) -> None:
    """What an import has taken up before is booked, and not taken up a second time."""
    order_no = shop.order()
    trade = shop.payment(order_no)
    row = external(shop, order_no)
    with shop.app.begin() as conn:
        conn.execute(
            insert(external_refunds).values(
                payment_id=trade.id, channel="alipay", refund_no=row.number, amount_minor=3_000, at=row.at
            )
        )
        conn.execute(update(payments).where(payments.c.id == trade.id).values(external_minor=3_000))
    drop(shop, tmp_path, row)
    put_right(shop, "only_theirs")
    assert shop.payment(order_no).external_minor == 3_000
    assert shop.audit() == []


def test_of_an_unknown_order_it_waits(shop: Shop, tmp_path: Path) -> None:
    """Its order may be imported later: the refund waits for it, as an import lets it wait."""
    drop(shop, tmp_path, Row("T-ELSEWHERE", "SHOP-77", "CONSOLE-9", 500, shop.clock.at))
    put_right(shop, "only_theirs")
    with shop.app.read() as conn:
        [waits] = conn.execute(select(waiting_refunds)).all()
    assert (waits.order_no, waits.refund_no, waits.amount_minor) == ("SHOP-77", "CONSOLE-9", 500)
    assert shop.audit() == []


def test_whose_order_it_is_is_known_also_when_it_was_imported_later(shop: Shop, tmp_path: Path) -> None:
    """Nobody books a refund of their own order, whichever came first, the bill or the order."""
    later = f"{int(shop.order()[2:]) + 1:05d}"
    drop(shop, tmp_path, Row(f"T{later}-0", f"OD{later}", "CONSOLE-9", 3_000, shop.clock.at))
    [it] = shown(shop, "only_theirs")
    assert it.found.payment_id is None and it.allowed == ("propose",)
    order_no = shop.order()
    assert order_no == f"OD{later}"
    for actor in (Actor("finance", "Mei"), Actor("lead", "mei")):
        assert shown(shop, "only_theirs", actor=actor)[0].allowed == ()
    with pytest.raises(OwnCase):
        reconciliation.propose(shop.app, Actor("finance", "Mei"), [it.id], "n", "own")
    reconciliation.propose(shop.app, FINANCE, [it.id], "后台退的", "p")
    with pytest.raises(OwnCase):
        reconciliation.post(shop.app, Actor("lead", "mei"), [it.id], "own-post")
    reconciliation.post(shop.app, LEAD, [it.id], "q")
    assert shop.payment(order_no).external_minor == 3_000
    assert shop.audit() == []


def put_right(shop: Shop, kind: str) -> int:
    ids = reconciliation.ids(shop.app, FINANCE, kind, "open")
    reconciliation.propose(shop.app, FINANCE, ids, "查过了", f"propose-{kind}")
    return reconciliation.post(shop.app, LEAD, ids, f"post-{kind}")


def test_two_people(shop: Shop, tmp_path: Path) -> None:
    """Whoever proposes does not post, under no role; nor does whoever's order it is; nor others at all."""
    order_no = shop.order()
    drop(shop, tmp_path, external(shop, order_no))
    [it] = shown(shop, "only_theirs")
    assert it.allowed == ("propose",)
    for role in sorted(set(ROLES) - {"finance", "lead"}):
        with pytest.raises(NotAllowed):
            reconciliation.propose(
                shop.app, Actor(role, "x", "O1" if role == "guest" else None), [it.id], "n", role
            )
    with pytest.raises(OwnCase):
        reconciliation.propose(shop.app, Actor("finance", "Mei"), [it.id], "n", "own")
    with pytest.raises(TransitionRefused):
        reconciliation.post(shop.app, LEAD, [it.id], "unproposed")
    with pytest.raises(TextRequired):
        reconciliation.propose(shop.app, FINANCE, [it.id], "  ", "silent")
    reconciliation.propose(shop.app, FINANCE, [it.id], "后台退的", "p")
    assert shown(shop, "only_theirs", "proposed")[0].allowed == ("send_back",)
    assert shown(shop, "only_theirs", "proposed", LEAD)[0].allowed == ("post", "send_back")
    for same in (FINANCE, Actor("lead", FINANCE.id), Actor("finance", " Gu-Ning ")):
        with pytest.raises(SamePerson):
            reconciliation.post(shop.app, same, [it.id], f"post-{same}")
    with pytest.raises(OwnCase):
        reconciliation.post(shop.app, Actor("lead", "mei"), [it.id], "own-post")
    with pytest.raises(NotAllowed):
        reconciliation.post(shop.app, REVIEWER, [it.id], "reviewer")
    reconciliation.post(shop.app, LEAD, [it.id], "q")
    assert shop.audit() == []


def test_posting_twice_books_once(shop: Shop, tmp_path: Path) -> None:
    order_no = shop.order()
    drop(shop, tmp_path, external(shop, order_no))
    ids = reconciliation.ids(shop.app, FINANCE, "only_theirs", "open")
    for _ in range(2):
        assert reconciliation.propose(shop.app, FINANCE, ids, "后台退的", "p") == 1
    for _ in range(2):
        assert reconciliation.post(shop.app, LEAD, ids, "q") == 1
    with pytest.raises(TransitionRefused):
        reconciliation.post(shop.app, LEAD, ids, "another command")
    assert shop.payment(order_no).external_minor == 3_000
    assert shop.audit() == []


def test_sent_back_it_is_open_again(shop: Shop, tmp_path: Path) -> None:
    drop(shop, tmp_path, external(shop, shop.order()))
    [it] = shown(shop, "only_theirs")
    reconciliation.propose(shop.app, FINANCE, [it.id], "后台退的", "p")
    reconciliation.send_back(shop.app, LEAD, [it.id], "请附上操作人", "b")
    [again] = shown(shop, "only_theirs")
    assert (again.state, again.proposed_by, again.note) == ("open", "", "请附上操作人")
    assert shop.audit() == []
    put_right(shop, "only_theirs")
    assert shop.audit() == []


def test_explained_without_booking(shop: Shop, tmp_path: Path) -> None:
    """Two people as well: what one person could close alone would be a way to hide it."""
    drop(shop, tmp_path, external(shop, shop.order()))
    [it] = shown(shop, "only_theirs")
    reconciliation.propose(shop.app, FINANCE, [it.id], "渠道已经撤销", "p", book=False)
    with pytest.raises(SamePerson):
        reconciliation.post(shop.app, FINANCE, [it.id], "q")
    reconciliation.post(shop.app, LEAD, [it.id], "r")
    assert shown(shop, "only_theirs", "posted")[0].state == "posted"
    assert shop.audit() == []


def test_another_amount(shop: Shop, tmp_path: Path) -> None:
    """Less: the customer is owed the rest. More: it is gone from the payment."""
    first, row = paid(shop)
    second, other = paid(shop, 20_000, of=30_000)
    less, more = row._replace(minor=row.minor - 400), other._replace(minor=other.minor + 250)
    drop(shop, tmp_path, less, name="a.csv", day=row.at)
    drop(shop, tmp_path, more, name="b.csv", day=other.at)
    assert [(it.found.case_no, it.found.cause) for it in shown(shop, "amount")] == [
        (first, "less"), (second, "more"),
    ]  # fmt: skip
    before = balance(shop)
    put_right(shop, "amount")
    moved = {account: minor - before.get(account, 0) for account, minor in balance(shop).items()}
    assert moved == {
        "assets:channel:alipay": 400 - 250,
        "liabilities:customer_refunds": -400,
        "contra_revenue:refunds": 250,
    }
    assert shop.payment(other.order_no).external_minor == 250
    assert shop.audit() == []


def balance(shop: Shop) -> dict[str, int]:
    with shop.app.read() as conn:
        found = ledger.trial_balance(conn)
    assert sum(found.values()) == 0
    return {account: minor for (account, _), minor in found.items() if minor}


def test_every_kind_that_has_a_correction_is_put_right(shop: Shop, tmp_path: Path) -> None:
    """The channel's account then says what its bill says, and the audit of the differences is clean."""
    made = ledgers.make(shop.app, 200, 2)
    reconciliation.reconcile(shop.app, SYSTEM, ledgers.write(made, tmp_path / "bill.csv"))
    for kind in ("amount", "status", "only_ours", "only_theirs", "duplicate", "fee"):
        assert put_right(shop, kind) == 2
    for kind in ("ledger", "timing"):
        [it, _] = shown(shop, kind)
        assert it.correction is None
        with pytest.raises(CorrectionMissing if kind == "ledger" else TransitionRefused):
            reconciliation.propose(shop.app, FINANCE, [it.id], "n", kind)
    # What the ledger lacks of two payouts, what stands at the edge, and what only the bill's fees explain.
    lacking = sum(row[3] for row in made.rows if row[2] in made.planted["ledger"])
    at_the_edge = sum(100 + number(key) % 9_000 for key in made.planted["timing"])
    fees = sum(row[5] for row in made.rows)
    total = sum(row[3] for row in made.rows)
    assert balance(shop)["assets:channel:alipay"] == -(total - lacking + at_the_edge + fees)
    assert [each for each in shop.audit() if each.invariant == 11 and "differ" in each.code] == []


def number(key: str) -> int:
    return int(key.split("-")[1])


def test_a_bill_that_shows_what_we_had_not_heard(shop: Shop, tmp_path: Path) -> None:
    """The channel has it, we do not know yet: nothing to book; it settles itself once we have asked."""
    order_no = shop.order()
    case_no = shop.apply(order_no).case_no
    shop.alipay.faults.append("lose_after")
    worker.run_once(shop.app)
    [payout] = shop.payouts(case_no)
    assert payout.state == "unknown"
    row = Row(shop.payment(order_no).trade_no, order_no, payout.key, payout.amount_minor, shop.clock.at)
    drop(shop, tmp_path, row)
    [it] = shown(shop, "status")
    assert (it.found.cause, it.correction) == ("not_heard", None)
    with pytest.raises(CorrectionMissing):
        reconciliation.propose(shop.app, FINANCE, [it.id], "n", "p")
    shop.work(minutes=5)
    shop.work(days=2)
    drop(shop, tmp_path, name="next.csv")
    assert shown(shop, "status") == [] and shown(shop, "status", "settled")[0].note == "caught_up"
    assert shop.audit() == []


def test_at_the_edge_the_next_bill_tells(shop: Shop, tmp_path: Path) -> None:
    """Sent a minute before midnight: not a difference before the bill of the next day is read as well."""
    shop.clock.at = datetime(2026, 9, 2, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    case_there, there = paid(shop)
    shop.clock.at = datetime(2026, 9, 9, 15, 59, tzinfo=UTC)
    case_gone, gone = paid(shop)
    assert drop(shop, tmp_path, day=there.at).found["timing"] == 1
    assert drop(shop, tmp_path, day=gone.at, name="b.csv").is_clean
    assert {it.found.case_no for it in shown(shop, "timing")} == {case_there, case_gone}
    day = timedelta(days=1)
    after = drop(shop, tmp_path, there._replace(at=there.at + day), day=there.at + day, name="c.csv")
    assert after.is_clean and after.matched == 1
    missed = drop(shop, tmp_path, day=gone.at + day, name="d.csv")
    assert missed.waiting["only_ours"] == 1
    assert [it.found.case_no for it in shown(shop, "only_ours")] == [case_gone]
    assert {it.note for it in shown(shop, "timing", "settled")} == {"found_in_bill", "overdue"}
    assert shop.audit() == []


def test_the_same_rows_in_another_file_are_no_news(shop: Shop, tmp_path: Path) -> None:
    """A month's bill after the days': what was found stays one difference, whatever shows it."""
    order_no = shop.order()
    row = external(shop, order_no)
    drop(shop, tmp_path, row)
    again = reconciliation.reconcile(
        shop.app, FINANCE, bill_of(tmp_path / "month.csv", [row], shop.clock.at, days=3)
    )
    assert again.is_new and again.found["only_theirs"] == 1
    assert len(shown(shop, "only_theirs")) == 1
    put_right(shop, "only_theirs")
    assert reconciliation.result(shop.app, again.bill_id).is_clean  # type: ignore[union-attr]
    assert shop.audit() == []


def test_what_is_half_a_bill_is_refused(shop: Shop, tmp_path: Path) -> None:
    """Nothing is kept of it: of half a bill nobody could say what is missing."""
    row = external(shop, shop.order())
    path = bill_of(tmp_path / "whole.csv", [row], shop.clock.at)
    text = path.read_text("gb18030")
    cut, spoilt = tmp_path / "cut.csv", tmp_path / "spoilt.csv"
    cut.write_text(text.split("#交易合计")[0], "gb18030")
    spoilt.write_text(text.replace("-30.00,-30.00", "-30.0O,-30.00"), "gb18030")
    person = tmp_path / "person.csv"
    person.write_text(
        "交易时间,交易分类,收/支,金额,交易状态\n2026-09-01 10:00:00,退款,不计收支,1.00,退款成功\n"
    )
    table = tmp_path / "table.csv"
    table.write_text("refund_amount,refunded_at,refund_no\n1.00,2026-09-01 10:00:00,X1\n")
    before = everything(shop)
    for file, refused in (
        (cut, BillWithoutTotals), (spoilt, BillNotWhole), (person, BillOfAPerson), (table, BillOfNoChannel),
    ):  # fmt: skip
        with pytest.raises(refused):
            reconciliation.reconcile(shop.app, FINANCE, file)
    with pytest.raises(NotAllowed):
        reconciliation.reconcile(shop.app, REVIEWER, path)
    assert everything(shop) == before


def test_a_table_of_anybodys(shop: Shop, tmp_path: Path) -> None:
    """Its channel is told by the mapping, else by whose payouts it names."""
    _, row = paid(shop)
    table = tmp_path / "table.csv"
    when = f"{row.at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    table.write_text(f"refund_amount,refunded_at,refund_no\n{row.minor / 100:.2f},{when},{row.number}\n")
    done = reconciliation.reconcile(shop.app, FINANCE, table)
    assert (done.channel, done.matched, done.is_clean) == ("alipay", 1, True)


def test_a_bill_of_payments_alone_accuses_nobody(shop: Shop, tmp_path: Path) -> None:
    """WeChat's type SUCCESS looks like ALL and has no refund in it."""
    case_no = shop.apply(shop.order(("wechat", 10_000))).case_no
    shop.clock.advance(timedelta(hours=4))
    shop.work()
    shop.work(days=2)
    sent = shop.payouts(case_no)[0].sent_at.astimezone(ZONE)
    path = tmp_path / "success.csv"
    head = "交易时间,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,商品名称,手续费"
    path.write_text(
        f"{head}\n`{sent:%Y-%m-%d} 12:00:00,`42,`O1,`SUCCESS,`CNY,`1.00,`x,`0.00\n"
        "总交易单数,订单总金额\n`1,`1.00\n", "utf-8"
    )  # fmt: skip
    with pytest.raises(BillHoldsNoRefunds):
        reconciliation.reconcile(shop.app, FINANCE, path)


def test_what_another_bill_has_shown_is_missed_in_none(shop: Shop, tmp_path: Path) -> None:
    """A channel's bills of other kinds need not have it as well."""
    _, row = paid(shop)
    drop(shop, tmp_path, row, day=row.at)
    again = reconciliation.reconcile(shop.app, FINANCE, bill_of(tmp_path / "month.csv", [], row.at, days=2))
    assert again.is_new and again.is_clean and not any(again.found.values())


def test_a_proposal_that_a_later_bill_contradicts_is_not_posted(shop: Shop, tmp_path: Path) -> None:
    """Missed, proposed as owed again, and then it stands in the next bill: the customer has it."""
    _, row = paid(shop)
    drop(shop, tmp_path, day=row.at)
    [it] = shown(shop, "only_ours")
    assert it.correction is not None
    reconciliation.propose(shop.app, FINANCE, [it.id], "渠道查无此单", "p")
    drop(shop, tmp_path, row, day=row.at, name="late.csv")
    with pytest.raises(CorrectionOutdated):
        reconciliation.post(shop.app, LEAD, [it.id], "q")
    reconciliation.send_back(shop.app, LEAD, [it.id], "后来的账单里有", "b")
    assert shop.audit() == []


def test_a_day_that_is_not_over_accuses_nobody(shop: Shop, tmp_path: Path) -> None:
    """Its bill says that it goes to midnight; what was sent after its last row is not missed in it."""
    shop.clock.at = datetime(2026, 9, 9, 4, 0, tzinfo=UTC)
    late = shop.apply(shop.order()).case_no
    worker.run_once(shop.app)
    shop.clock.at = datetime(2026, 9, 9, 8, 0, tzinfo=UTC)
    seen = external(shop, shop.order())._replace(at=datetime(2026, 9, 9, 3, 0, tzinfo=UTC))
    assert shop.payouts(late)[0].state == "accepted"
    done = drop(shop, tmp_path, seen)
    assert done.found["only_ours"] == 0
    shop.clock.at = datetime(2026, 9, 10, 8, 0, tzinfo=UTC)
    whole = drop(
        shop, tmp_path, seen._replace(at=seen.at + timedelta(hours=1)), name="whole.csv", day=seen.at
    )
    assert whole.found["only_ours"] == 1


def test_the_ledger_is_asked_too(shop: Shop, tmp_path: Path) -> None:
    """An arrival that somebody took out of the books does not fit, although payout and bill agree."""
    _, row = paid(shop)
    with tampering(shop.app) as conn:
        conn.execute(delete(ledger_entries).where(ledger_entries.c.movement == f"arrive:{row.number}"))
    done = drop(shop, tmp_path, row, day=row.at)
    assert done.waiting["ledger"] == 1 and done.matched == 0
