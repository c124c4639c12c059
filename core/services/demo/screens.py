"""Screenshots of the demo's customers: drawn, with nobody's data on them."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_INK, _MUTED, _GROUND, _BAR = "#16211E", "#5C6B66", "#FFFFFF", "#EDF1EF"
SIZE: Final = (720, 1280)


def screen(title: str, rows: list[tuple[str, str]], accent: str = "#0F766E") -> bytes:
    """A page of some app as PNG: a title and rows of label and value, in letters that any machine has."""
    image = Image.new("RGB", SIZE, _GROUND)
    draw = ImageDraw.Draw(image)
    small, large = ImageFont.load_default(26), ImageFont.load_default(40)
    draw.rectangle((0, 0, SIZE[0], 120), fill=accent)
    draw.text((40, 40), title, fill=_GROUND, font=large)
    for place, (label, value) in enumerate(rows):
        top = 180 + place * 110
        draw.rectangle((32, top, SIZE[0] - 32, top + 92), fill=_BAR)
        draw.text((56, top + 12), label, fill=_MUTED, font=small)
        draw.text((56, top + 46), value, fill=_INK, font=small)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
