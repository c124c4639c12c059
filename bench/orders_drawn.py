"""Order screens of made-up apps, drawn, with the place of each value: what `bench.doubts` spoils and re-uses.

An app is a template: fonts, colours, layout, a product's picture that came as JPEG. Two orders of one app
differ in what two orders differ in: number, time, often amount and product, and the clock of the telephone.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels

_LABELS: Final = ("订单编号", "商品", "实付金额", "付款时间", "支付方式", "发货状态", "收货账号", "备注")
_PRODUCTS: Final = (
    "游戏点卡 100 元",
    "话费充值 50 元",
    "视频会员 月卡",
    "音乐会员 年卡",
    "办公软件 激活码",
    "游戏点卡 30 元",
)
_GROUNDS: Final = (("#FFFFFF", "#1A1A1A", "#8A8A8A", "#F5F6F7"), ("#111315", "#E8EAED", "#8E9297", "#1C1F22"))
_ACCENTS: Final = ("#1677FF", "#07C160", "#FF5000", "#E2231A", "#0F766E", "#7A3FF2", "#F2B400")


@dataclass(frozen=True, slots=True)
class App:
    """A template."""

    font: str
    bold: str
    width: int
    height: int
    print: int  # font size of the rows
    accent: str
    is_dark: bool
    is_right: bool  # values stand at the right
    is_card: bool  # rows on a card of another ground
    has_goods: bool  # a line with the product's picture
    has_banner: bool  # a strip with words in it that came as JPEG
    amount_in: str  # colour of the amount: 'ink' or 'accent'
    rows: tuple[str, ...]
    pitch: float
    seed: int


@dataclass(frozen=True, slots=True)
class Order:
    """What one screen says."""

    number: str
    product: str
    amount: str
    paid_at: str
    way: str
    state: str
    account: str
    note: str
    clock: str
    battery: int


@dataclass(frozen=True, slots=True)
class Screen:
    """A screenshot as the telephone makes it, and where its values stand."""

    image: Image.Image
    app: App
    order: Order
    places: dict[str, Box] = field(default_factory=dict)
    ground: str = "#FFFFFF"


def an_app(rng: Random, fonts: list[str]) -> App:
    """Drawn by lot; at most two of a hundred look alike."""
    width = rng.choice((720, 828, 1080, 1080, 1170))
    rows = list(_LABELS[3:])
    rng.shuffle(rows)
    sans = [name for name in fonts if "Sans" in name] or fonts
    return App(
        font=rng.choice([name for name in fonts if "Bold" not in name] or fonts),
        bold=rng.choice([name for name in sans if "Bold" in name] or sans),
        width=width,
        height=round(width * rng.uniform(1.78, 2.2)),
        print=round(width * rng.uniform(0.03, 0.042)),
        accent=rng.choice(_ACCENTS),
        is_dark=rng.random() < 0.25,
        is_right=rng.random() < 0.5,
        is_card=rng.random() < 0.6,
        has_goods=rng.random() < 0.6,
        has_banner=rng.random() < 0.4,
        amount_in=rng.choice(("ink", "accent")),
        rows=(*_LABELS[:3], *rows[: rng.randint(2, 5)]),
        pitch=rng.uniform(2.0, 2.9),
        seed=rng.randrange(2**31),
    )


def an_order(rng: Random, like: Order | None = None) -> Order:
    """Another order; half of those `like` one are of the same product, amount, way and account."""
    amount = rng.choice((9.9, 30, 49, 50, 98, 100, 128, 198, 300, 648)) * rng.choice((1, 1, 2))
    day = f"2026-11-{rng.randint(1, 28):02d}"
    found = Order(
        number=day.replace("-", "") + f"{rng.randrange(10**14):014d}",
        product=rng.choice(_PRODUCTS),
        amount=f"¥{amount:.2f}",
        paid_at=f"{day} {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}",
        way=rng.choice(("支付宝", "微信支付", f"银行卡（{rng.randrange(10**4):04d}）")),
        state=rng.choice(("已发货", "已发货，未查看", "待发货", "已完成")),
        account=f"138****{rng.randrange(10**4):04d}",
        note=rng.choice(("请尽快处理，谢谢", "无", "尽快发货", "在线等")),
        clock=f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}",
        battery=rng.randint(5, 100),
    )
    if like is not None and rng.random() < 0.5:
        same = ("product", "amount", "way", "account", "state", "note")
        found = replace(found, **{name: getattr(like, name) for name in same})
        if rng.random() < 0.5:  # bought minutes later
            near = f"{int(like.number[-4:]) + rng.randint(1, 900):04d}"[-4:]
            found = replace(
                found, number=like.number[:-4] + near, paid_at=like.paid_at[:-5] + found.paid_at[-5:]
            )
    return found


def later(rng: Random, order: Order) -> Order:
    """The same order's screen, shot again: only the telephone's clock went on."""
    hours, minutes = map(int, order.clock.split(":"))
    total = hours * 60 + minutes + rng.randint(1, 9)
    return replace(order, clock=f"{total // 60 % 24:02d}:{total % 60:02d}")


def drawn(app: App, order: Order) -> Screen:
    """The screen of one order in one app, to the pixel the same each time."""
    ground, ink, soft, other = _GROUNDS[app.is_dark]
    page, card = (other, ground) if app.is_card else (ground, ground)
    image = Image.new("RGB", (app.width, app.height), page)
    pen, places = ImageDraw.Draw(image), {}
    unit = app.width / 360
    small = ImageFont.truetype(app.font, app.print)
    large = ImageFont.truetype(app.bold, round(app.print * 1.5))
    bar = ImageFont.truetype(app.bold, round(11 * unit))
    head = round(80 * unit)
    pen.rectangle((0, 0, app.width, head), fill=app.accent)
    pen.text((14 * unit, 7 * unit), order.clock, font=bar, fill="#FFFFFF")
    places["clock"] = _box(pen, (14 * unit, 7 * unit), order.clock, bar)
    pen.text((app.width - 80 * unit, 7 * unit), f"5G   {order.battery}%", font=bar, fill="#FFFFFF")
    pen.text((app.width / 2, 54 * unit), "订单详情", font=large, fill="#FFFFFF", anchor="mm")
    top, left = head + round(16 * unit), round(16 * unit)
    if app.has_goods:
        side = round(56 * unit)
        if app.is_card:
            edge = (left // 2, top - left // 2, app.width - left // 2, top + side + left // 2)
            pen.rounded_rectangle(edge, 8 * unit, fill=card)
        image.paste(goods(app, side), (left, top))
        pen.text((left + side + 10 * unit, top), order.product, font=small, fill=ink)
        pen.text((left + side + 10 * unit, top + app.print * 1.7), "数量 ×1", font=small, fill=soft)
        top += side + round(24 * unit)
    pitch = round(app.print * app.pitch)
    bottom = top + pitch * len(app.rows)
    if app.is_card:
        pen.rounded_rectangle(
            (left // 2, top - left // 2, app.width - left // 2, bottom), 8 * unit, fill=card
        )
    said = dict(
        zip(
            _LABELS,
            (
                order.number,
                order.product,
                order.amount,
                order.paid_at,
                order.way,
                order.state,
                order.account,
                order.note,
            ),
            strict=True,
        )
    )
    for label in app.rows:
        pen.text((left, top), label, font=small, fill=soft)
        text = said[label]
        wide = pen.textlength(text, font=small)
        at = (app.width - left - wide if app.is_right else left + app.print * 5.5, top)
        colour = app.accent if label == "实付金额" and app.amount_in == "accent" else ink
        pen.text(at, text, font=small, fill=colour)
        places[label] = _box(pen, at, text, small)
        top += pitch
    top += round(10 * unit)
    if app.has_banner:
        image.paste(banner(app, app.width - 2 * left, round(64 * unit)), (left, top))
        top += round(80 * unit)
    pen.text((left, top), "猜你喜欢", font=large, fill=ink)
    top += round(app.print * 2.4)
    rng = Random(app.seed)
    while top < app.height - 110 * unit:  # what every screen of the app shows below
        pen.text((left, top), rng.choice(_PRODUCTS), font=small, fill=ink)
        pen.text((app.width - left, top), f"¥{rng.randint(5, 500)}", font=small, fill=app.accent, anchor="ra")
        pen.line((left, top + pitch * 0.75, app.width - left, top + pitch * 0.75), fill=other, width=2)
        top += pitch
    foot = app.height - round(52 * unit)
    pen.rounded_rectangle((left, foot, app.width - left, foot + 40 * unit), 20 * unit, fill=app.accent)
    pen.text((app.width / 2, foot + 20 * unit), "申请退款", font=small, fill="#FFFFFF", anchor="mm")
    return Screen(image, app, order, places, card)


def goods(app: App, side: int) -> Image.Image:
    """A product's picture as a shop sends it: a JPEG, mostly shown in another size; some are words on
    white.
    """
    if app.seed % 3:
        near = np.random.default_rng(app.seed)
        noise = Image.fromarray(near.integers(0, 256, (9, 9, 3), dtype=np.uint8))
        fine = Image.fromarray(near.integers(0, 256, (200, 200, 3), dtype=np.uint8))
        rough = fine.filter(ImageFilter.GaussianBlur(1))
        shown = Image.blend(noise.resize((200, 200), Image.Resampling.BICUBIC), rough, 0.25)
    else:
        shown = Image.new("RGB", (200, 200), "#FFFFFF")
        pen = ImageDraw.Draw(shown)
        for top, words in ((30, "点卡"), (110, "100 元")):
            pen.text((20, top), words, font=ImageFont.truetype(app.bold, 52), fill="#B01515")
    return _sent(app, shown, (side, side))


def banner(app: App, wide: int, high: int) -> Image.Image:
    """What the shop praises: words on a plain ground, made by somebody else and sent as JPEG."""
    ground, ink = (("#FFFFFF", "#333333"), ("#FFF4E0", "#7A3B00"), ("#103A5C", "#FFFFFF"))[app.seed // 3 % 3]
    shown = Image.new("RGB", (wide, high), ground)
    pen, size = ImageDraw.Draw(shown), round(high * 0.3)
    pen.text((high // 3, high // 6), "新人专享 满100减20", font=ImageFont.truetype(app.bold, size), fill=ink)
    small = ImageFont.truetype(app.font, round(size * 0.7))
    pen.text((high // 3, high * 3 // 5), "每人限领一次 2026-12-31 止", font=small, fill=ink)
    return _sent(app, shown, (wide, high))


def _sent(app: App, image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Over the line as JPEG; a third of the apps show it as it came, the others fit it."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60 + app.seed % 31)
    shown = Image.open(io.BytesIO(out.getvalue())).convert("RGB")
    if app.seed // 9 % 3 == 0 and image.width >= size[0] and image.height >= size[1]:
        return shown.crop((0, 0, *size))
    larger = shown.resize((round(image.width * 1.13), round(image.height * 1.13)), Image.Resampling.BICUBIC)
    return larger.resize(size, Image.Resampling.BICUBIC)


def _box(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, font: ImageFont.FreeTypeFont) -> Box:
    left, top, right, bottom = pen.textbbox(at, text, font=font)
    return int(left), int(top), int(right) + 1, int(bottom) + 1
