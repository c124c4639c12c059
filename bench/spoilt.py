"""What honest people and others do to a screenshot before they send it, as files: labelled by what was
done.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, PngImagePlugin

from bench.orders_drawn import Box, Screen

Edit = Callable[[Random, Screen, Screen, list[str]], bytes]


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A file with what was done to it."""

    data: bytes
    way: str
    is_edited: bool


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def jpeg(image: Image.Image, quality: int, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, **more)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def again(image: Image.Image, quality: int) -> Image.Image:
    return opened(jpeg(image, quality))


def resized(image: Image.Image, scale: float) -> Image.Image:
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC)


def cropped(rng: Random, image: Image.Image, most: float = 0.06) -> Image.Image:
    """A little off each side."""
    left, top, right, bottom = (rng.uniform(0, most) for _ in range(4))
    wide, tall = image.size
    return image.crop((int(left * wide), int(top * tall), int((1 - right) * wide), int((1 - bottom) * tall)))


def brightened(rng: Random, image: Image.Image) -> Image.Image:
    by = rng.choice((rng.uniform(0.7, 0.92), rng.uniform(1.08, 1.3)))
    return ImageEnhance.Brightness(image).enhance(by)


def photographed(rng: Random, image: Image.Image) -> Image.Image:
    """By another telephone: a little askew and blurred, with grain and a gradient of light, on a desk."""
    tall, wide = image.height, image.width
    turned = image.rotate(rng.uniform(-3, 3), Image.Resampling.BICUBIC, expand=True, fillcolor="#5A4B3C")
    desk = Image.new("RGB", (round(wide * 1.25), round(tall * 1.15)), "#5A4B3C")
    desk.paste(turned, ((desk.width - turned.width) // 2, (desk.height - turned.height) // 2))
    shot = np.asarray(desk.filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 1.2))), np.float32)
    light = np.linspace(rng.uniform(0.75, 1.0), rng.uniform(0.9, 1.1), shot.shape[0])[:, None, None]
    grain = np.random.default_rng(rng.randrange(2**32)).normal(0, rng.uniform(1.5, 4), (*shot.shape[:2], 1))
    return Image.fromarray(np.clip(shot * light + grain, 0, 255).astype(np.uint8))


# --- what honest people send ------------------------------------------------------------------------------


def _covered(rng: Random, screen: Screen, image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).rectangle(
        screen.places["订单编号"], fill=rng.choice(("#000000", "#FFFFFF", "#333333"))
    )
    return image


def _marked(rng: Random, screen: Screen, image: Image.Image) -> Image.Image:
    """A red ring around the amount and an arrow, as the telephone's own markup draws."""
    image = image.copy()
    left, top, right, bottom = screen.places["实付金额"]
    pen, wide = ImageDraw.Draw(image), max(4, image.width // 180)
    pen.ellipse((left - 24, top - 18, right + 24, bottom + 18), outline="#FF3B30", width=wide)
    pen.line((left - 120, bottom + 140, left - 10, bottom + 30), fill="#FF3B30", width=wide)
    return image


HONEST: Final[dict[str, Callable[[Random, Screen], bytes]]] = {
    "as it was, PNG": lambda rng, s: png(s.image),
    "as it was, JPEG": lambda rng, s: jpeg(s.image, rng.randint(80, 98)),
    "forwarded": lambda rng, s: jpeg(again(s.image, rng.randint(60, 92)), rng.randint(60, 92)),
    "forwarded smaller": lambda rng, s: jpeg(
        resized(again(s.image, rng.randint(75, 95)), rng.uniform(0.5, 0.95)), rng.randint(60, 90)
    ),
    "saved finer": lambda rng, s: jpeg(again(s.image, rng.randint(55, 80)), rng.randint(85, 98)),
    "JPEG saved as PNG": lambda rng, s: png(again(s.image, rng.randint(55, 95))),
    "cropped, PNG": lambda rng, s: png(cropped(rng, s.image, 0.15)),
    "cropped JPEG": lambda rng, s: jpeg(
        cropped(rng, again(s.image, rng.randint(60, 95)), 0.15), rng.randint(70, 96)
    ),
    "cropped JPEG as PNG": lambda rng, s: png(cropped(rng, again(s.image, rng.randint(60, 95)), 0.15)),
    "photographed": lambda rng, s: jpeg(photographed(rng, s.image), rng.randint(75, 95)),
    "photograph forwarded": lambda rng, s: jpeg(
        again(resized(photographed(rng, s.image), 0.8), 85), rng.randint(60, 85)
    ),
    "number covered": lambda rng, s: jpeg(
        _covered(rng, s, again(s.image, rng.randint(60, 95))), rng.randint(85, 96)
    ),
    "marked in red": lambda rng, s: jpeg(
        _marked(rng, s, again(s.image, rng.randint(60, 95))), rng.randint(85, 96)
    ),
}


# --- what others send -------------------------------------------------------------------------------------


def _retyped(rng: Random, screen: Screen, image: Image.Image, fonts: list[str]) -> Image.Image:
    """The amount painted over and typed anew, a font and a size of the editor's."""
    image = image.copy()
    left, top, right, bottom = screen.places["实付金额"]
    pen = ImageDraw.Draw(image)
    ground = image.getpixel((left - 6, top - 4)) if rng.random() < 0.5 else screen.ground
    pen.rectangle((left - 4, top - 4, right + 4, bottom + 4), fill=ground)
    size = round(screen.app.print * rng.uniform(0.95, 1.08))
    font = ImageFont.truetype(rng.choice([screen.app.font, rng.choice(fonts)]), size)
    ink = "#E8EAED" if screen.app.is_dark else "#1A1A1A"
    colour = screen.app.accent if screen.app.amount_in == "accent" else ink
    pen.text((left, top), f"¥{rng.randint(100, 999)}.00", font=font, fill=colour, anchor="lt")
    return image


def _pasted(rng: Random, screen: Screen, image: Image.Image, other: Image.Image, box: Box) -> Image.Image:
    """The amount of another picture laid over this one's, some pixels off as a hand does it."""
    image = image.copy()
    left, top, right, bottom = box
    piece = other.crop((left - 6, top - 6, right + 6, bottom + 6))
    image.paste(piece, (left - 6 + rng.randint(-3, 3), top - 6 + rng.randint(-2, 2)))
    return image


def _moved(rng: Random, screen: Screen, image: Image.Image) -> Image.Image:
    """Figures of the order's number laid over the amount."""
    image = image.copy()
    left, top, right, bottom = screen.places["订单编号"]
    to = screen.places["实付金额"]
    wide = min(to[2] - to[0], (right - left) // 3)
    at = left + rng.randint(0, right - left - wide)
    piece = image.crop((at, top - 2, at + wide, bottom + 2))
    image.paste(piece, (to[2] - wide, to[1] - 2 + rng.randint(-1, 1)))
    return image


def _out(rng: Random, image: Image.Image, least: int = 80) -> bytes:
    """As an editor saves: PNG, or JPEG finer than what came."""
    return png(image) if rng.random() < 0.5 else jpeg(image, rng.randint(least, 98))


EDITED: Final[dict[str, Edit]] = {
    "retyped on a JPEG, saved finer": lambda rng, s, o, f: _out(
        rng, _retyped(rng, s, again(s.image, rng.randint(55, 80)), f), 88
    ),
    "… sent on, as coarse as it came": lambda rng, s, o, f: jpeg(
        again(_retyped(rng, s, again(s.image, rng.randint(70, 85)), f), 95), rng.randint(60, 75)
    ),
    "retyped on a PNG": lambda rng, s, o, f: png(_retyped(rng, s, s.image, f)),
    "piece of a JPEG on a PNG": lambda rng, s, o, f: _out(
        rng, _pasted(rng, s, s.image, again(o.image, rng.randint(55, 85)), o.places["实付金额"]), 92
    ),
    "piece of a JPEG on a JPEG": lambda rng, s, o, f: _out(
        rng,
        _pasted(
            rng,
            s,
            again(s.image, rng.randint(55, 85)),
            again(o.image, rng.randint(55, 85)),
            o.places["实付金额"],
        ),
        92,
    ),
    "figures moved, on a JPEG": lambda rng, s, o, f: _out(
        rng, _moved(rng, s, again(s.image, rng.randint(55, 85))), 92
    ),
    "figures moved, on a PNG": lambda rng, s, o, f: png(_moved(rng, s, s.image)),
}


# --- what programs write into files -----------------------------------------------------------------------


def with_software(image: Image.Image, name: str, place: str) -> bytes:
    """The picture with `name` where `place` says: exif, xmp, png, app13."""
    if place == "png":
        info, out = PngImagePlugin.PngInfo(), io.BytesIO()
        info.add_text("Software", name)
        image.save(out, "PNG", pnginfo=info, compress_level=1)
        return out.getvalue()
    if place == "xmp":
        return jpeg(image, 90, xmp=_XMP.format(name=name).encode())
    if place == "app13":
        data, body = (
            jpeg(image, 90),
            b"Photoshop 3.0\x00" + b"8BIM\x04\x06\x00\x00\x00\x00\x00\x07" + b"\0" * 8,
        )
        return data[:2] + b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body + data[2:]
    exif = Image.Exif()
    exif[0x0131] = name.encode()
    return jpeg(image, 90, exif=exif)


_XMP: Final = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="{name}"/>'
    "</rdf:RDF></x:xmpmeta>"
)
