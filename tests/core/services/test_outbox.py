"""Notices on their way out of the portal: never lost, tried again, and the same letter each time."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select

from core import worker
from core.adapters.notifiers import CUSTOMER, Letter, NotDelivered, Notifiers
from core.adapters.tables import notice_deliveries, notices
from core.domain.errors import MailInvalid, NotFound
from core.services import contacts, outbox
from tests.farends import Bot, Mailbox
from tests.shop import MEI, REVIEWER, WEI, Shop, open_shop


def connect(shop: Shop, box: Mailbox, bot: Bot) -> Shop:
    """A mail server for customers, a chat bot for the shop, and Mei's address."""
    shop.app.notifiers = Notifiers(
        {"ops": bot.url.replace("http:", "json:")},
        f"mailto://localhost:{box.port}?from=refund@shop.example",
    )
    contacts.set_mail(shop.app, "mei", "mei@example.com")
    return shop


@pytest.fixture
def reached(shop: Shop, box: Mailbox, bot: Bot) -> Shop:
    return connect(shop, box, bot)


@pytest.fixture
def sqlite_reached(sqlite_shop: Shop, box: Mailbox, bot: Bot) -> Shop:
    return connect(sqlite_shop, box, bot)


def states(shop: Shop) -> list[tuple[str, str, str]]:
    return [(f.kind, d.target, d.state) for f in reversed(outbox.filed(shop.app)) for d in f.deliveries]


def in_review(shop: Shop) -> str:
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    return shop.apply(order_no, reason="other", description="我叫张美，手机 13812342046").case_no


def test_a_customer_with_an_address_gets_every_notice_by_mail(reached: Shop, box: Mailbox) -> None:
    case_no = reached.apply(reached.order()).case_no
    reached.work()
    reached.work(days=2)
    assert [str(mail["Subject"]) for mail in box.taken] == [
        "星点：退款申请通过了",
        "星点：退款开始办理了",
        "星点：退款已全部到账",
    ]
    assert all(case_no in mail.get_content() for mail in box.taken)
    assert {state for _, _, state in states(reached)} == {"sent"}
    assert reached.work(days=9) == 0, "nothing is left to do"


def test_the_shop_hears_where_its_people_have_to_act(sqlite_reached: Shop, bot: Bot) -> None:
    shop = sqlite_reached
    case_no = in_review(shop)
    shop.apply(shop.order())
    shop.work()
    [told] = bot.told
    assert case_no in told["message"] and "审核" in told["message"]


def test_nobody_is_named_and_nothing_of_theirs_is_quoted(
    sqlite_reached: Shop, box: Mailbox, bot: Bot
) -> None:
    shop = sqlite_reached
    case_no = in_review(shop)
    shop.act(case_no, "ask", REVIEWER, note="你的账号 zhangmei@x.example 买的吗？")
    shop.work()
    said = str(bot.told) + "".join(mail.get_content() for mail in box.taken)
    for private in ("张美", "13812342046", "zhangmei", "138****2046", "mei@example.com"):
        assert private not in said


def test_without_an_address_or_a_server_the_inbox_is_all(sqlite_shop: Shop) -> None:
    sqlite_shop.apply(sqlite_shop.order())
    assert sqlite_shop.work() == 2, "the case and its payout"
    assert [f.deliveries for f in outbox.filed(sqlite_shop.app)] == [(), ()]
    contacts.set_mail(sqlite_shop.app, "mei", "mei@example.com")
    sqlite_shop.work(days=3)
    assert states(sqlite_shop) == []


def test_a_mail_is_written_in_the_language_that_was_chosen_last(sqlite_reached: Shop, box: Mailbox) -> None:
    shop = sqlite_reached
    contacts.set_language(shop.app, MEI, "en")
    shop.apply(shop.order())
    shop.work()
    assert str(box.taken[0]["Subject"]) == "星点: Your refund is approved"
    contacts.set_language(shop.app, MEI, "zh_CN")
    shop.work(days=2)
    assert str(box.taken[-1]["Subject"]) == "星点：退款已全部到账"


def test_the_shop_reads_the_language_of_its_operator(sqlite_reached: Shop, bot: Bot) -> None:
    sqlite_reached.app.language = "en"
    in_review(sqlite_reached)
    sqlite_reached.work()
    assert "waiting for a review" in bot.told[0]["message"]


def test_what_is_not_taken_is_tried_again_with_growing_pauses(reached: Shop, box: Mailbox) -> None:
    box.faults.extend(["451 later"] * 3)
    reached.apply(reached.order())
    outbox.plan(reached.app)
    waited = []
    while not box.taken:
        [(notice_id, target)] = outbox.due(reached.app, reached.clock.at, 9)
        assert outbox.deliver(reached.app, notice_id, target, "w")
        if not box.taken:
            [waiting] = outbox.filed(reached.app)[0].deliveries
            assert waiting.state == "planned" and waiting.cause == "not_taken" and waiting.due_at
            waited.append(waiting.due_at - reached.clock.at)
            assert outbox.due(reached.app, reached.clock.at, 9) == []
            reached.clock.at = waiting.due_at
    assert waited == list(outbox.PAUSES[:3])
    assert waited == sorted(waited) and waited[0] < waited[-1]


def test_after_the_last_try_it_stays_to_be_seen(sqlite_reached: Shop, box: Mailbox) -> None:
    shop = sqlite_reached
    box.faults.extend(["550 nobody here"] * 50)
    shop.apply(shop.order())
    shop.work()
    for _ in range(len(outbox.PAUSES) + 3):
        shop.work(days=1)
    failed = [d for f in outbox.filed(shop.app) for d in f.deliveries]
    assert {(d.state, d.cause, d.due_at) for d in failed} == {("failed", "not_taken", None)}
    assert {d.tries for d in failed} == {len(outbox.PAUSES) + 1}
    assert shop.work(days=9) == 0


def test_one_far_end_that_is_away_keeps_no_other_waiting(
    sqlite_reached: Shop, box: Mailbox, bot: Bot
) -> None:
    box.faults.append("451 later")
    in_review(sqlite_reached)
    sqlite_reached.work()
    assert sorted(states(sqlite_reached)) == [
        ("in_review", CUSTOMER, "planned"),
        ("in_review", "ops", "sent"),
    ]


def test_a_worker_that_dies_after_the_call_doubles_nothing_for_the_reader(
    reached: Shop, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail goes out twice with one Message-ID; the delivery is settled once."""
    reached.apply(reached.order())
    outbox.plan(reached.app)
    [(notice_id, target)] = outbox.due(reached.app, reached.clock.at, 9)
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "_settle", _die)
        with pytest.raises(KeyboardInterrupt):
            outbox.deliver(reached.app, notice_id, target, "dies")
    assert len(box.taken) == 1
    assert not outbox.deliver(reached.app, notice_id, target, "other"), "the lease holds"
    reached.clock.advance(outbox.LEASE + timedelta(seconds=1))
    assert outbox.deliver(reached.app, notice_id, target, "other")
    assert box.taken[0]["Message-ID"] == box.taken[1]["Message-ID"]
    assert states(reached) == [("approved", CUSTOMER, "sent")]


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_an_outcome_that_comes_after_the_lease_does_not_undo_anothers(
    sqlite_reached: Shop, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = sqlite_reached
    shop.apply(shop.order())
    outbox.plan(shop.app)
    [(notice_id, target)] = outbox.due(shop.app, shop.clock.at, 9)

    class Slow(Notifiers):
        def send(self, target: str, letter: Letter) -> None:
            shop.clock.advance(outbox.LEASE + timedelta(seconds=1))
            shop.app.notifiers = fast
            assert outbox.deliver(shop.app, notice_id, target, "second") == "sent"
            raise NotDelivered("late")

    fast = shop.app.notifiers
    shop.app.notifiers = Slow(fast.shop, fast.mail_url)
    assert outbox.deliver(shop.app, notice_id, target, "first") == "delayed"
    [settled] = outbox.filed(shop.app)[0].deliveries
    assert (settled.state, settled.cause, settled.due_at) == ("sent", None, None)


def test_who_lost_the_lease_does_not_take_it_from_the_next(sqlite_reached: Shop) -> None:
    shop = sqlite_reached
    shop.apply(shop.order())
    outbox.plan(shop.app)
    [(notice_id, target)] = outbox.due(shop.app, shop.clock.at, 9)
    first = outbox._claim(shop.app, notice_id, target, "first")
    shop.clock.advance(outbox.LEASE + timedelta(seconds=1))
    assert outbox._claim(shop.app, notice_id, target, "second") is not None
    assert first is not None
    outbox._again(shop.app, first, "late")
    assert outbox._claim(shop.app, notice_id, target, "third") is None, "the second is still at it"
    shop.clock.advance(outbox.PAUSES[0])
    assert outbox._claim(shop.app, notice_id, target, "third") is None


def test_different_notices_have_different_numbers(sqlite_reached: Shop, box: Mailbox) -> None:
    shop = sqlite_reached
    for _ in range(3):
        shop.apply(shop.order())
    shop.work()
    shop.work(days=2)
    assert len({mail["Message-ID"] for mail in box.taken}) == len(box.taken) == 9


def test_many_workers_deliver_each_notice_once(reached: Shop, box: Mailbox) -> None:
    for _ in range(6):
        reached.apply(reached.order())
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(5):
                worker.run_once(reached.app, name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worker.run_until_idle(reached.app)
    assert errors == []
    assert len(box.taken) == len({mail["Message-ID"] for mail in box.taken}) == 12, "approved and paying"


def test_a_target_that_was_taken_out_of_the_settings(sqlite_reached: Shop, bot: Bot) -> None:
    """It waits: the setting may come back, under the same name and with another secret."""
    shop = sqlite_reached
    in_review(shop)
    outbox.plan(shop.app)
    there, shop.app.notifiers = shop.app.notifiers, Notifiers()
    shop.work()
    assert {d.cause for f in outbox.filed(shop.app) for d in f.deliveries} == {"target_gone"}
    shop.app.notifiers = there
    shop.work(hours=1)
    assert len(bot.told) == 1


def test_no_address_stands_in_the_outbox_or_in_the_log(sqlite_reached: Shop, box: Mailbox) -> None:
    """Invariant 20: names and codes only."""
    shop = sqlite_reached
    box.faults.append("550 mei@example.com is unknown")
    with structlog.testing.capture_logs() as logged:
        shop.apply(shop.order())
        shop.work()
    assert [line["event"] for line in logged if line["event"].startswith("notice")] == ["notice_delayed"]
    with shop.app.read() as conn:
        rows = [tuple(row) for table in (notice_deliveries, notices) for row in conn.execute(select(table))]
    assert "example" not in str(rows) + str(logged)


@pytest.mark.parametrize(
    "address", ["mei", "mei@", "a b@x.cn", "a@b.cn\nBcc: x@y.cn", "<a@b.cn>", "a@b.cn,c@d.cn", "张@x.cn"]
)
def test_only_a_plain_address_is_kept(sqlite_shop: Shop, address: str) -> None:
    with pytest.raises(MailInvalid):
        contacts.set_mail(sqlite_shop.app, "mei", address)


def test_all_guests_have_no_address_in_common(sqlite_shop: Shop) -> None:
    with pytest.raises(NotFound):
        contacts.set_mail(sqlite_shop.app, "", "mei@example.com")


def test_an_address_and_a_language_leave_each_other_alone(shop: Shop) -> None:
    contacts.set_language(shop.app, WEI, "en")
    contacts.set_mail(shop.app, "wei", " wei@example.com ")
    contacts.set_language(shop.app, WEI, "zh_CN")
    contacts.set_language(shop.app, REVIEWER, "en")
    with shop.app.read() as conn:
        rows = conn.execute(select(outbox.contacts)).all()
    assert [tuple(row) for row in rows] == [("wei", "wei@example.com", "zh_CN")]


def test_a_notice_that_breaks_does_not_stop_the_others(
    sqlite_url: str, tmp_path: Path, box: Mailbox, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = connect(open_shop(sqlite_url, tmp_path / "evidence"), box, bot)
    for _ in range(2):
        shop.apply(shop.order())
    outbox.plan(shop.app)
    broken = outbox.due(shop.app, shop.clock.at, 1)[0][0]
    real = outbox._letter

    def letter(app, notice_id, target):  # type: ignore[no-untyped-def]
        if notice_id == broken:
            raise RuntimeError("in our own code")
        return real(app, notice_id, target)

    monkeypatch.setattr(outbox, "_letter", letter)
    worker.run_until_idle(shop.app)
    assert len(box.taken) == 3, "the other's two and the next of the broken one's case"
    assert [d.cause for f in outbox.filed(shop.app) for d in f.deliveries if f.id == broken] == ["accident"]


def test_a_far_end_that_is_away_is_asked_once_in_a_round(sqlite_reached: Shop, box: Mailbox) -> None:
    """Each try may take a quarter of a minute; refunds do not wait for fifty of them."""
    box.faults.extend(["451 later"] * 9)
    for _ in range(5):
        sqlite_reached.apply(sqlite_reached.order())
    assert outbox.run(sqlite_reached.app, "w", 50) == 1
    assert len(box.faults) == 8
