"""How much of drawn order screens is read right, and how long one takes; nothing is compared with others."""

from __future__ import annotations

import io
import random
import time
from itertools import product
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bench import Measured
from core.adapters.reading import is_available
from core.adapters.reading.process import Reader, Unreadable
from core.domain.reading import find

FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SCALES = (1, 2)
QUALITIES = (35, 55, 75, 95)
EACH = 5  # screens of each scale and quality


def run() -> list[Measured]:
    """Shares of order numbers and paid amounts, and seconds a picture without the child's start."""
    if not is_available() or not FONT.exists():
        return [Measured("reading: not installed", "-", "-", 0)]
    chance, reader = random.Random(11), Reader()
    numbers = amounts = 0
    seconds: list[float] = []
    screens = list(product(SCALES, QUALITIES, range(EACH)))
    reader.read(screen("OD1", 100, 1, 95))  # its start is not counted
    try:
        for scale, quality, _ in screens:
            order_no, minor = f"OD{chance.randrange(10**10, 10**11)}", chance.randrange(100, 1_000_000)
            data = screen(order_no, minor, scale, quality)
            started = time.perf_counter()
            try:
                found = find(reader.read(data), order_no)
            except Unreadable:
                continue
            finally:
                seconds.append(time.perf_counter() - started)
            numbers += found.order == "same"
            amounts += found.paid == (minor,)
    finally:
        reader.close()
    whole, middle = len(screens), sorted(seconds)[len(seconds) // 2]
    return [
        Measured("order numbers read right", str(numbers), str(whole), numbers / whole),
        Measured("paid amounts read right", str(amounts), str(whole), amounts / whole),
        Measured("seconds a picture, the middle and the slowest", f"{middle:.2f}", f"{max(seconds):.2f}", 1),
    ]


def screen(order_no: str, minor: int, scale: int, quality: int) -> bytes:
    """An order's page as a phone shows it, 360 points wide."""
    picture = Image.new("RGB", (360 * scale, 640 * scale), "#f5f5f5")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((8 * scale, 60 * scale, 352 * scale, 520 * scale), fill="white")
    font, small = (ImageFont.truetype(str(FONT), size * scale) for size in (14, 12))
    draw.text((150 * scale, 20 * scale), "订单详情", "black", font)
    rows = (
        ("游戏点卡 100元面值", ""), ("商品总价", f"¥{minor / 100 + 5:.2f}"), ("优惠", "-¥5.00"),
        ("实付款", f"¥{minor / 100:.2f}"), ("订单编号", order_no), ("付款时间", "2026-11-03 14:02:05"),
    )  # fmt: skip
    for place, (label, value) in enumerate(rows):
        y = (80 + 60 * place) * scale
        draw.text((20 * scale, y), label, "#666666", small)
        draw.text((340 * scale, y), value, "#222222", small, anchor="ra")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
