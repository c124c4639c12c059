"""Who buys what in the demo shop: hand-made scenes, and a grid of everything that the rules tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from core.domain.facts import DELIVERIES

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
    story: str = ""  # what happened since; told by `story.tell`


def by_hand() -> list[Scene]:
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
        # What people have to decide.
        Scene("c05", "membership", "视频会员年卡 365 天", 23_808, "activated", 4, story="offered"),
        Scene("c08", "other", "代充服务", 8_808, "pending", 5, escrow=True, story="talks"),
        Scene("c10", "game_card", "游戏点卡 100 元", 10_008, "code_viewed", 6, "wechat", story="forged"),
        Scene("c04", "software_key", "设计软件季度授权", 61_808, "code_viewed", 7, "card", story="appealed"),
        Scene("c09", "software_key", "办公软件密钥", 16_808, "code_viewed", 3, story="disputed"),
        Scene("c08", "software_key", "杀毒软件一年版", 9_908, "code_viewed", 2, story="alike-1"),
        Scene("c05", "software_key", "杀毒软件一年版", 9_908, "code_viewed", 2, "wechat", story="alike-2"),
        Scene("c10", "software_key", "杀毒软件一年版", 9_908, "code_viewed", 1, story="alike-3"),
        Scene("c03", "software_key", "设计软件季度授权", 161_800, "code_viewed", 2, "card", story="large"),
    ]


def grid(window_days: Mapping[str, int]) -> Iterator[Scene]:
    """Every kind × delivery × age around its window's edge, again and again with other goods and people."""
    newest = {"game_card": 0, "top_up": 1, "membership": 2, "software_key": 3, "other": 1}
    ages = {kind: (newest[kind], days - 1, days, days + 1) for kind, days in window_days.items()}
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
