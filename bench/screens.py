"""Order screens of made-up apps and photos of them, with what was done to each: labelled, and made by script.

The truth is a model of the eye, from the parameters alone: print of height h (pixels, as it ends up in the
picture) blurred by a Gaussian of σ pixels cannot be read once σ exceeds 0.16 h, nor below 7 pixels, nor once
its contrast falls under 12 % or under twice the noise.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont

BLUR_OF_HEIGHT: Final = 0.16
SMALLEST: Final = 7.0
LEAST_CONTRAST: Final = 0.12
WAYS: Final = (
    "sharp", "jpeg", "gaussian", "motion", "defocus", "downscaled", "rotated", "glare", "noise", "photo",
    "framed",
)  # fmt: skip
_DESK: Final = "#5A4B3C"
_LIGHT, _DARK = ("#FFFFFF", "#16211E", "#EDF1EF"), ("#10151A", "#E7EDEA", "#20282E")
_ROWS: Final = (
    ("订单编号", "2026112{n:09d}"), ("商品", "游戏点卡 100 元"), ("实付金额", "¥{n}.00"),
    ("付款时间", "2026-11-2{d} 14:0{d}:33"), ("支付方式", "支付宝 138****2046"),
    ("发货状态", "已发货，未查看"), ("收货账号", "player_{n}"), ("备注", "请尽快处理，谢谢"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture. `is_legible`: whether a person can read the order number, by the model above."""

    image: Image.Image
    way: str
    is_legible: bool
    is_sharp: bool  # nothing was done that a person would mind


def fonts() -> list[str]:
    """Chinese fonts of this machine; none: nothing can be drawn."""
    import subprocess

    found = subprocess.run(["fc-list", ":lang=zh-cn", "file"], capture_output=True, text=True, check=False)
    return sorted(
        {line.rstrip(": ").strip() for line in found.stdout.splitlines() if Path(line.rstrip(": ")).exists()}
    )


def shots(count: int, seed: int) -> Iterator[Shot]:
    """`count` pictures, the same for the same seed; each way of spoiling in turn."""
    rng, known = Random(seed), fonts()
    for number in range(count):
        yield _shot(rng, known, WAYS[number % len(WAYS)])


def _shot(rng: Random, known: list[str], way: str) -> Shot:
    height = rng.choice((13, 15, 18, 22, 26, 32))  # of the small print, as the font calls it
    screen = _screen(rng, rng.choice(known), height)
    seen = height * 0.86  # of figures and capitals, and of what is most of a Chinese character
    sigma, contrast, noise = 0.35, 1.0, 0.0
    if way == "gaussian":
        sigma = _either(rng, (0.3, 0.5), (0.02, 0.1)) * seen
        screen = screen.filter(ImageFilter.GaussianBlur(sigma))
    elif way == "defocus":
        radius = _either(rng, (0.5, 0.9), (0.05, 0.18)) * seen
        screen, sigma = screen.filter(ImageFilter.BoxBlur(radius)), (2 * radius + 1) / math.sqrt(12)
    elif way == "motion":
        length = (
            int(rng.uniform(1.1, 2.0) * seen)
            if rng.random() < 0.5
            else max(2, int(rng.uniform(0.1, 0.35) * seen))
        )
        screen, sigma = _moved(screen, length), length / math.sqrt(12)
    elif way == "downscaled":
        scale = rng.uniform(0.12, 0.3) if rng.random() < 0.5 else rng.uniform(0.6, 0.95)
        screen = screen.resize(
            [max(64, round(side * scale)) for side in screen.size], Image.Resampling.LANCZOS
        )
        seen *= scale
        if rng.random() < 0.5:  # and blown up again, as a forwarded thumbnail
            larger = [round(side / scale) for side in screen.size]
            screen = screen.resize(larger, Image.Resampling.BICUBIC)
            sigma, seen = max(sigma, 0.5 / scale), seen / scale
            if seen * scale < SMALLEST:
                sigma = seen
    elif way == "rotated":
        screen = screen.rotate(rng.uniform(-6, 6), Image.Resampling.BICUBIC, expand=True, fillcolor="#3A3A3A")
        sigma = 0.6
    elif way == "glare":
        contrast = _either(rng, (0.03, 0.09), (0.5, 0.9))
        screen = ImageEnhance.Contrast(screen).enhance(contrast)
    elif way == "noise":
        noise = rng.uniform(2, 14)
        screen = _grained(screen, noise, rng)
    elif way == "photo":
        sigma = _either(rng, (0.3, 0.5), (0.03, 0.09)) * seen
        noise = rng.uniform(1, 5)
        screen = _grained(screen.filter(ImageFilter.GaussianBlur(sigma)), noise, rng)
        screen = _on_a_desk(
            screen.rotate(rng.uniform(-4, 4), Image.Resampling.BICUBIC, expand=True, fillcolor="#5A4B3C")
        )
    elif way == "framed":  # a sharp frame around what cannot be read
        sigma = rng.uniform(0.35, 0.5) * seen
        bars = screen.copy()
        screen = screen.filter(ImageFilter.GaussianBlur(sigma))
        screen.paste(bars.crop((0, 0, bars.width, 130)), (0, 0))
    quality = rng.randint(35, 95) if way == "jpeg" or rng.random() < 0.5 else 92
    out = io.BytesIO()
    screen.save(out, "JPEG", quality=quality)
    is_legible = (
        sigma <= BLUR_OF_HEIGHT * seen
        and seen >= SMALLEST
        and contrast >= LEAST_CONTRAST
        and contrast * 200 > 2 * noise
    )
    is_sharp = is_legible and way in ("sharp", "jpeg", "rotated")
    return Shot(Image.open(io.BytesIO(out.getvalue())).convert("RGB"), way, is_legible, is_sharp)


def _either(rng: Random, bad: tuple[float, float], good: tuple[float, float]) -> float:
    """Half of each way is spoilt for good, half a little."""
    return rng.uniform(*(bad if rng.random() < 0.5 else good))


def _screen(rng: Random, font: str, height: int) -> Image.Image:
    """One of three layouts, light or dark: rows, cards, or a table of two columns."""
    ground, ink, soft = rng.choice((_LIGHT, _DARK))
    width = rng.choice((540, 720, 1080))
    image = Image.new("RGB", (width, round(width * rng.uniform(1.5, 2.1))), ground)
    pen = ImageDraw.Draw(image)
    small, large = ImageFont.truetype(font, height), ImageFont.truetype(font, round(height * 1.6))
    pen.rectangle((0, 0, width, 60), fill=rng.choice(("#1677FF", "#07C160", "#0F766E", "#E2231A", ground)))
    pen.text(
        (24, 14), "14:02   5G   82%", font=ImageFont.truetype(font, 24), fill=rng.choice((ink, "#FFFFFF"))
    )
    pen.text((32, 76), "订单详情", font=large, fill=ink)
    layout, top, pitch = rng.randrange(3), 140, round(height * rng.uniform(2.0, 3.2))
    number = rng.randrange(10**6)
    for place in range(200):
        label, value = _ROWS[place % len(_ROWS)]
        value = value.format(n=number + place, d=place % 10)
        if top > image.height - pitch:
            break
        if layout == 1:
            pen.rounded_rectangle((20, top - 6, width - 20, top + pitch - 10), 12, fill=soft)
        pen.text((36, top), label, font=small, fill=ink)
        left = 36 + height * 6 if layout != 2 else width // 2
        pen.text((left, top), value, font=small, fill=ink)
        top += pitch
    return image


def _moved(image: Image.Image, length: int) -> Image.Image:
    """The camera went sideways while it looked."""
    total = np.zeros((image.height, image.width, 3), np.float32)
    for offset in range(length):
        total += np.asarray(ImageChops.offset(image, offset, 0), np.float32)
    return Image.fromarray((total / length).astype(np.uint8))


def _grained(image: Image.Image, amount: float, rng: Random) -> Image.Image:
    grain = np.random.default_rng(rng.randrange(2**32)).normal(0, amount, (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.asarray(image, np.float32) + grain, 0, 255).astype(np.uint8))


def _on_a_desk(image: Image.Image) -> Image.Image:
    desk = Image.new("RGB", (round(image.width * 1.2), round(image.height * 1.15)), _DESK)
    desk.paste(image, ((desk.width - image.width) // 2, (desk.height - image.height) // 2))
    return desk
