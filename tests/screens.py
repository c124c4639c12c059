"""Order screens of a made-up app, in letters that Pillow brings along: what customers send as evidence."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw, ImageEnhance, ImageFont

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Page:
    """What the screen says."""

    number: str = "20261120183009523679"
    amount: str = "CNY 98.00"
    paid_at: str = "2026-11-20 18:30:09"
    account: str = "player_204617"
    clock: str = "14:02"


PAGE = Page()
# Bought minutes later: the same product, amount and account.
SIBLING = replace(PAGE, number="20261120183544018842", paid_at="2026-11-20 18:35:44", clock="19:47")
AMOUNT: Box = (250, 330, 520, 372)  # where the amount stands, with some ground around


def screen(page: Page = PAGE, size: tuple[int, int] = (720, 1280), shift: int = 0) -> Image.Image:
    """Labels at the left, values beside them, and what every page of the app shows below."""
    image = Image.new("RGB", size, "#FFFFFF")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(28)
    pen.rectangle((0, 0, size[0], 120), fill="#0F766E")
    pen.text((40, 16), page.clock, fill="#FFFFFF", font=font)
    pen.text((40, 66), "Order details", fill="#FFFFFF", font=font)
    rows = (
        ("Number", page.number), ("Product", "Game card 100"), ("Paid", page.amount), ("Time", page.paid_at),
        ("Account", page.account), ("State", "Delivered, not opened"),
    )  # fmt: skip
    for place, (label, value) in enumerate(rows):
        top = 180 + shift + place * 80
        pen.text((40, top), label, fill="#5C6B66", font=font)
        pen.text((260, top), value, fill="#16211E", font=font)
    for place in range(5):
        top = 740 + shift + place * 80
        pen.text((40, top), f"You may also like this {place}", fill="#16211E", font=font)
        pen.text((560, top), f"CNY {place * 37 + 12}", fill="#16211E", font=font)
    return image


def retyped(image: Image.Image, amount: str = "CNY 998.00") -> Image.Image:
    """The amount painted over and typed anew, as an editor does it."""
    image = image.copy()
    pen = ImageDraw.Draw(image)
    pen.rectangle(AMOUNT, fill="#FFFFFF")
    pen.text((260, 340), amount, fill="#16211E", font=ImageFont.load_default(28))
    return image


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def again(image: Image.Image, quality: int) -> Image.Image:
    """Through a JPEG and back, as chats send pictures on."""
    return Image.open(io.BytesIO(jpeg(image, quality))).convert("RGB")


def resized(image: Image.Image, scale: float) -> Image.Image:
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC)


def cropped(
    image: Image.Image, left: int = 11, top: int = 53, right: int = 7, bottom: int = 60
) -> Image.Image:
    return image.crop((left, top, image.width - right, image.height - bottom))


def brightened(image: Image.Image, by: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(by)
