"""The demo shop: made-up orders in every state that the rules tell apart, laid out around today.

The same `n` on the same day makes the same shop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any, Final

from sqlalchemy import insert, select

from core.adapters.channels.sandbox import SETTLES_AFTER_WORKING_DAYS, SandboxChannel
from core.adapters.tables import customers, exchange_rates, external_refunds, orders, payments
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.facts import DELIVERIES
from core.domain.workdays import ZONE, local_date
from core.services import cases, sending, timers
from core.services.orders import load

PEOPLE: Final = (
    ("c01", "林晓", 100),
    ("c02", "陈曦", 100),
    ("c03", "王梓涵", 96),
    ("c04", "李思远", 88),
    ("c05", "赵一诺", 100),
    ("c06", "Ana Lopes", 100),
    ("c07", "周子墨", 52),
    ("c08", "吴桐", 100),
    ("c09", "徐若溪", 74),
    ("c10", "孙浩然", 100),
)

GOODS: Final = {
    "game_card": (
        ("游戏点卡 100 元", 10_000),
        ("游戏点卡 50 元", 4_980),
        ("Steam 充值卡 20 美元", 14_350),
        ("手游月卡", 3_000),
    ),
    "top_up": (("手机话费 50 元", 4_990), ("手机话费 100 元", 9_985), ("流量包 10GB", 1_500)),
    "membership": (("视频会员年卡 365 天", 23_800), ("音乐会员月卡", 1_500), ("网盘会员季卡", 6_800)),
    "software_key": (("办公软件密钥", 16_800), ("杀毒软件一年版", 9_900), ("设计软件季度授权", 61_800)),
    "other": (("代充服务", 8_800), ("游戏皮肤礼包", 12_345)),
}

RATES: Final = (
    ("USD", 7_052_000),
    ("HKD", 905_000),
)  # today's; the orders were charged at slightly better ones


@dataclass(frozen=True, slots=True)
class Scene:
    """One order. Days are whole days back from today's Shanghai midnight; `hour` is when it was paid."""

    customer: str
    kind: str
    product: str
    amount_minor: int
    delivery: str
    days: int
    channel: str = "alipay"
    hour: int = 10
    quantity: int = 1
    balance_minor: int = 0  # of the amount, paid from the platform balance
    charged: tuple[str, int] | None = None
    escrow: bool = False
    is_open: bool = True
    external_minor: int = 0
    charges: int = 1  # 2: the same order was charged twice
    closed: bool = False  # closed in the books although nothing was ever sent
    story: str = ""  # what happened since; told by `seed_cases`


def seed(app: App, n: int = 240) -> int:
    """The hand-made scenes and others, `n` orders in all; again, it changes nothing. How many were added."""
    with app.begin() as conn:
        if conn.execute(select(customers.c.id).limit(1)).first():
            return 0
        now = app.now()
        midnight = datetime.combine(local_date(now), datetime.min.time(), ZONE)
        conn.execute(
            insert(customers),
            [_customer(*person, created=midnight - timedelta(days=400)) for person in PEOPLE],
        )
        conn.execute(
            insert(exchange_rates), [{"currency": c, "micro_rate": r, "at": midnight} for c, r in RATES]
        )
        by_hand = _by_hand()
        scenes = [*by_hand, *islice(_grid(), max(0, n - len(by_hand)))]
        rows = [_rows(number, scene, midnight, now) for number, scene in enumerate(scenes, 1)]
        conn.execute(insert(orders), [order for order, _ in rows])
        conn.execute(insert(payments), [tender for _, tenders in rows for tender in tenders])
        refunded = conn.execute(
            select(payments.c.id, payments.c.channel, payments.c.external_minor, payments.c.paid_at).where(
                payments.c.external_minor > 0
            )
        ).all()
        if refunded:
            conn.execute(
                insert(external_refunds),
                [
                    {
                        "payment_id": row.id,
                        "channel": row.channel,
                        "refund_no": f"HAND{row.id:06d}",
                        "amount_minor": row.external_minor,
                        "at": row.paid_at + timedelta(hours=1),
                    }
                    for row in refunded
                ],
            )
    told = {scene.story: order["order_no"] for scene, (order, _) in zip(scenes, rows, strict=True)}
    seed_cases(app, told, midnight)
    return len(scenes)


@dataclass
class _Then:
    """A clock that stands where the story is."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def seed_cases(app: App, told: Mapping[str, str], midnight: datetime) -> None:
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
        _work(past)
    apply(app, "late", lin, "not_delivered", "充了一个小时还没到账。")
    apply(app, "split", lin, "not_delivered", "")
    apply(app, "escrow", lin, "service_failed", "说好当天充，到现在没有动静。")
    apply(app, "wrong", chen, "other", "买错版本了，密钥没看过。")


def _work(app: App) -> None:
    """What a worker does, at the time of the story."""
    for case_no in timers.due_numbers(app, app.now(), 100):
        timers.run_due(app, case_no)
    for payout_id in sending.due_ids(app, app.now(), 100):
        sending.attend(app, payout_id, "demo")


def _by_hand() -> list[Scene]:
    """What the first customers find: one order for each thing worth showing."""
    lin, chen, ana = "c01", "c02", "c06"
    return [
        Scene(lin, "game_card", "游戏点卡 100 元", 20_000, "code_issued", 1, quantity=2, hour=17),
        Scene(lin, "game_card", "游戏点卡 50 元", 4_980, "redeemed", 3, "wechat", hour=14),
        Scene(lin, "membership", "视频会员年卡 365 天", 23_800, "activated", 5),
        Scene(lin, "top_up", "手机话费 50 元", 4_990, "pending", 0, "wechat", hour=0, story="late"),
        Scene(lin, "software_key", "办公软件密钥", 16_800, "code_viewed", 12, "card"),
        Scene(lin, "game_card", "手游月卡", 3_000, "pending", 1, "balance"),
        Scene(lin, "game_card", "游戏点卡 100 元", 10_000, "pending", 2, balance_minor=2_550, story="split"),
        Scene(lin, "membership", "音乐会员月卡", 1_500, "activated", 8, "wechat", charges=2),
        Scene(lin, "top_up", "流量包 10GB", 1_500, "code_viewed", 6, "wechat"),
        Scene(lin, "software_key", "设计软件季度授权", 61_800, "code_issued", 2, "card"),
        Scene(lin, "other", "代充服务", 8_800, "pending", 4, escrow=True, story="escrow"),
        Scene(lin, "other", "游戏皮肤礼包", 12_345, "code_issued", 9),
        Scene(chen, "software_key", "办公软件密钥", 16_800, "pending", 1, "card", story="wrong"),
        Scene(chen, "game_card", "游戏点卡 50 元", 4_980, "pending", 2, external_minor=4_980),
        Scene(chen, "game_card", "游戏点卡 50 元", 4_980, "code_issued", 3, "wechat", external_minor=1_980),
        Scene(chen, "membership", "网盘会员季卡", 6_800, "code_issued", 4, is_open=False),
        Scene(
            ana, "game_card", "Steam 充值卡 20 美元", 14_350, "code_issued", 2, "card", charged=("USD", 2_000)
        ),
        Scene(
            ana,
            "game_card",
            "Steam 充值卡 20 美元",
            14_350,
            "code_viewed",
            2,
            "card",
            charged=("HKD", 15_600),
        ),
        # The same order placed twice within minutes; one closed in the books without ever being sent;
        # a guest's whose account is gone.
        Scene("c03", "top_up", "手机话费 100 元", 9_985, "pending", 1, "wechat", hour=9),
        Scene("c03", "top_up", "手机话费 100 元", 9_985, "pending", 1, "wechat", hour=9),
        Scene("c04", "other", "代充服务", 8_805, "pending", 20, closed=True),
        Scene("", "game_card", "游戏点卡 50 元", 4_975, "code_issued", 2, is_open=False),
        # What the last weeks left behind.
        Scene(lin, "game_card", "手游月卡", 3_003, "pending", 16, story="arrived"),
        Scene(lin, "game_card", "游戏点卡 50 元", 4_980, "redeemed", 11, "wechat", story="refused"),
        Scene(lin, "software_key", "杀毒软件一年版", 9_899, "code_viewed", 6, story="asked"),
        Scene(
            chen, "top_up", "流量包 10GB", 1_501, "code_issued", 4, "wechat", story="withdrawn", escrow=True
        ),
    ]


def _grid() -> Iterator[Scene]:
    """Every kind × delivery × age around its window's edge, again and again with other goods and people."""
    ages = {
        "game_card": (0, 6, 7, 8),
        "top_up": (1, 6, 7, 8),
        "membership": (2, 14, 15, 16),
        "software_key": (3, 14, 15, 16),
        "other": (1, 6, 7, 8),
    }
    channels = ("alipay", "wechat", "card", "balance", "alipay", "wechat")
    cells = [(kind, delivery, days) for kind in GOODS for delivery in DELIVERIES for days in ages[kind]]
    for place in count():
        kind, delivery, days = cells[place % len(cells)]
        turn = place // len(cells)
        product, price = GOODS[kind][(place + turn) % len(GOODS[kind])]
        quantity = 1 + (place % 7 == 0) * (1 + place % 3)
        channel = channels[(place + turn) % len(channels)]
        yield Scene(
            ""
            if place % 13 == 9 and channel != "balance"
            else PEOPLE[1 + (place + turn) % (len(PEOPLE) - 1)][0],
            kind,
            product,
            price * quantity,
            delivery,
            days,
            channel,
            hour=(place * 5) % 24,
            quantity=quantity,
            balance_minor=price // 3 if place % 11 == 5 and place % 13 != 9 and channel != "balance" else 0,
            is_open=place % 17 != 3,
            escrow=place % 19 == 7,
        )


def _customer(identifier: str, name: str, credit: int, *, created: datetime) -> dict[str, Any]:
    return {"id": identifier, "name": name, "credit": credit, "created_at": created}


def _rows(
    number: int, scene: Scene, midnight: datetime, now: datetime
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    paid_at = min(
        midnight - timedelta(days=scene.days) + timedelta(hours=scene.hour, minutes=number % 60),
        now - timedelta(minutes=30),
    )
    reached = DELIVERIES.index(scene.delivery)
    completed_at = paid_at + timedelta(minutes=3) if reached or scene.closed else None
    delivery_at = min(paid_at + timedelta(minutes=4 * reached), now) if reached else None
    order_no = f"{paid_at:%Y%m%d}{number:06d}"
    order = {
        "order_no": order_no,
        "customer_id": scene.customer,
        "product": scene.product,
        "kind": scene.kind,
        "quantity": scene.quantity,
        "amount_minor": scene.amount_minor,
        "currency": "CNY",
        "delivery": scene.delivery,
        "delivery_at": delivery_at,
        "paid_at": paid_at,
        "completed_at": completed_at,
        "escrow": scene.escrow,
        "source": "demo",
        "digest": hashlib.sha256(repr((order_no, scene)).encode()).hexdigest()[:32],
    }
    return order, list(_tenders(number, order_no, scene, paid_at))


def _tenders(number: int, order_no: str, scene: Scene, paid_at: datetime) -> Iterator[dict[str, Any]]:
    accounts = {
        "alipay": f"138****{2046 + number:04d}",
        "wechat": f"wx_{number:03d}***",
        "card": f"尾号 {6200 + number:04d}",
        "balance": "",
    }
    for charge in range(scene.charges):
        outside = scene.amount_minor - scene.balance_minor
        tenders = [(scene.channel, outside)] + (
            [("balance", scene.balance_minor)] if scene.balance_minor else []
        )
        for channel, minor in tenders:
            charged_currency, charged_minor = scene.charged or (None, None)
            yield {
                "order_no": order_no,
                "channel": channel,
                "trade_no": f"{channel[:2].upper()}{paid_at:%Y%m%d}{number:08d}{charge}",
                "account": accounts[channel],
                "is_open": scene.is_open or channel == "balance",
                "currency": "CNY",
                "paid_minor": minor,
                "external_minor": min(scene.external_minor, minor) if channel == scene.channel else 0,
                "paid_at": paid_at + timedelta(minutes=charge),
                "charged_currency": charged_currency,
                "charged_minor": charged_minor,
            }
