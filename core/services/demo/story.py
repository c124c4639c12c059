"""What happened in the demo shop before today: refunds through the same commands as everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from core.adapters.channels.sandbox import SETTLES_AFTER_WORKING_DAYS, SandboxChannel
from core.adapters.world import App
from core.domain.actors import Actor
from core.services import cases, notices, sending, timers
from core.services.demo.desk_story import Desk
from core.services.orders import load


@dataclass
class _Then:
    """A clock that stands where the story is."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def tell(app: App, told: Mapping[str, str], midnight: datetime) -> None:
    """Refunds of the last weeks and of today, through the same commands as everybody's.

    `told` gives the order of each story. The past is lived day by day, so that every record has its distance.
    """
    then = _Then(midnight)
    channels = {
        name: SandboxChannel(name, app.engine, then, app.calendar) for name in SETTLES_AFTER_WORKING_DAYS
    }
    past = replace(app, clock=then, channels=channels)
    lin, chen = Actor("customer", "c01"), Actor("customer", "c02")
    reviewer = Actor("reviewer", "zhou-lan")
    cases_of: dict[str, str] = {}
    desk = Desk(told)

    def apply(at: App, story: str, actor: Actor, reason: str, words: str) -> None:
        with at.read() as conn:
            order = load(conn, told[story])
        wanted = order.refundable_minor
        sent = cases.apply(
            at, actor, order.order_no, reason, wanted, command_id=f"demo-{story}", description=words
        )
        cases_of[story] = sent.case_no

    def act(story: str, actor: Actor, event: str, note: str = "") -> None:
        cases.act(past, actor, cases_of[story], event, f"demo-{story}-{event}", note=note)

    for day in range(16, 0, -1):
        then.at = (midnight - timedelta(days=day) + timedelta(hours=20, minutes=10)).astimezone(UTC)
        if day == 15:
            apply(past, "arrived", lin, "not_delivered", "等了一天还没有发货。")
        elif day == 9:
            apply(past, "refused", lin, "other", "买多了一张，想退掉。")
        elif day == 3:
            apply(past, "asked", lin, "other", "重复买了，这张密钥没有用过。")
            apply(past, "withdrawn", chen, "not_delivered", "一直没收到流量。")
        elif day == 2:
            act("asked", reviewer, "ask", "请说明这张密钥是什么时候查看的，有没有在别处登记过。")
            act("withdrawn", chen, "withdraw", "刚刚到账了，不用退了。")
        desk.on(day, past)
        _work(past)
        if day == 4:  # what came before was read, so that the bell speaks of what is new
            for who in (lin, chen):
                for newest in notices.inbox(past, who, 1):
                    notices.mark_read(past, who, newest.id)
    apply(app, "late", lin, "not_delivered", "充了一个小时还没到账。")
    apply(app, "split", lin, "not_delivered", "")
    apply(app, "escrow", lin, "service_failed", "说好当天充，到现在没有动静。")
    apply(app, "wrong", chen, "other", "买错版本了，密钥没看过。")
    desk.today(app)


def _work(app: App) -> None:
    """What a worker does, at the time of the story."""
    for case_no in timers.due_numbers(app, app.now(), 100):
        timers.run_due(app, case_no)
    for payout_id in sending.due_ids(app, app.now(), 100):
        sending.attend(app, payout_id, "demo")
