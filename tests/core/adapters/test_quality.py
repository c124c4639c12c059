"""R2.4: what a person can read scores high, what they cannot is called by its fault."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from core.adapters.pictures.quality import measure
from core.domain.pictures import Quality, warnings
from core.domain.policy import Pictures

LIMITS = Pictures()


def screen(size: int = 24, ground: str = "#FFFFFF", ink: str = "#16211E", width: int = 720) -> Image.Image:
    """An order screen in letters that Pillow brings along."""
    image = Image.new("RGB", (width, 1280), ground)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for place, top in enumerate(range(30, 1230, round(size * 2.4))):
        pen.text(
            (30, top), f"Order 2026112{place:09d}   CNY {place}9.00   14:0{place % 10}", fill=ink, font=font
        )
    return image


def told(image: Image.Image) -> tuple[str, ...]:
    return warnings(measure(image), LIMITS)


@pytest.mark.parametrize("size", [16, 24, 40])
@pytest.mark.parametrize(("ground", "ink"), [("#FFFFFF", "#16211E"), ("#10151A", "#E7EDEA")])
def test_a_screenshot_is_fine_light_or_dark(size: int, ground: str, ink: str) -> None:
    assert told(screen(size, ground, ink)) == ()


@pytest.mark.parametrize("size", [16, 24, 40])
def test_blur_beside_the_print(size: int) -> None:
    """The same blur ends small print and leaves large print readable."""
    sharp = screen(size)
    assert told(sharp.filter(ImageFilter.GaussianBlur(0.05 * size))) == ()
    assert "blurred" in told(sharp.filter(ImageFilter.GaussianBlur(0.4 * size)))


def test_a_sharp_frame_does_not_help() -> None:
    image = screen()
    blurred = image.filter(ImageFilter.GaussianBlur(9))
    blurred.paste(image.crop((0, 0, 720, 150)), (0, 0))
    pen = ImageDraw.Draw(blurred)
    pen.rectangle((4, 4, 715, 1275), outline="#000000", width=3)
    assert "blurred" in told(blurred)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (ImageEnhance.Brightness(screen()).enhance(0.04), "too_dark"),
        (screen().resize((120, 213)), "blurred"),
        (Image.new("RGB", (720, 1280), "white"), "mostly_empty"),
        (Image.new("RGB", (64, 64), "black"), "mostly_empty"),
    ],
)
def test_each_fault_by_its_name(image: Image.Image, code: str) -> None:
    assert code in told(image)


@pytest.mark.parametrize("shape", [(64, 64), (64, 2560), (1080, 20_000), (33, 1000), (200, 40)])
def test_any_shape_is_measured(shape: tuple[int, int]) -> None:
    for image in (Image.new("RGB", shape, "gray"), screen().resize(shape)):
        found = measure(image)
        assert Quality.of(found.as_dict()) == found
        assert 0 <= found.legible <= 100 and 0 <= found.filled <= 100


@settings(max_examples=25, deadline=None)
@given(st.integers(14, 36), st.floats(0.0, 6.0), st.floats(0.5, 8.0))
def test_what_is_called_blurred_is_not_fine_with_more_blur(size: int, blur: float, more: float) -> None:
    one = screen(size).filter(ImageFilter.GaussianBlur(blur))
    other = one.filter(ImageFilter.GaussianBlur(more))
    assert "blurred" not in told(one) or told(other) != ()


def test_a_page_with_little_on_it_is_fine() -> None:
    """Few words on a wide ground are no blur."""
    image = Image.new("RGB", (720, 1280), "#FFFFFF")
    ImageDraw.Draw(image).text(
        (60, 200), "Status  Closed on 20 Nov", fill="#16211E", font=ImageFont.load_default(26)
    )
    assert told(image) == ()


def test_a_sharp_piece_cut_out_of_a_screen_is_fine() -> None:
    """As the advice says: only the part with the order number."""
    assert told(screen().crop((20, 20, 380, 120))) == ()
