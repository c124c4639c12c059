"""R2.4: the same shot is recognised whatever was done to its file; another order in the same app is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from core.adapters.pictures import fingerprints, words
from core.adapters.pictures.fingerprints import is_same_shot
from core.adapters.pictures.raster import dhash
from tests.screens import PAGE, SIBLING, again, brightened, cropped, resized, screen

AGAIN: dict[str, Callable[[Image.Image], Image.Image]] = {
    "fine JPEG": lambda image: again(image, 85),
    "coarse JPEG": lambda image: again(image, 45),
    "half as large": lambda image: resized(image, 0.5),
    "larger": lambda image: resized(image, 1.5),
    "cropped": cropped,
    "without the status bar": lambda image: cropped(image, 0, 60, 0, 0),
    "darker": lambda image: brightened(image, 0.7),
    "brighter": lambda image: brightened(image, 1.2),
    "all of it": lambda image: again(brightened(resized(cropped(image), 0.7), 0.8), 70),
}
OTHERS = {
    "another order": screen(SIBLING),
    "only the number": screen(replace(PAGE, number=SIBLING.number)),
    "only figures at its end": screen(replace(PAGE, number=PAGE.number[:-4] + "1047")),
    "only the time": screen(replace(PAGE, paid_at=SIBLING.paid_at)),
    "only the amount": screen(replace(PAGE, amount="CNY 49.90")),
    "only the account": screen(replace(PAGE, account="player_731902")),
}


@dataclass(frozen=True)
class Print:
    words: bytes
    dhash: str
    keys: list[int]


def seen(image: Image.Image) -> Print:
    """As a picture's is taken (`raster.picture`)."""
    grey = words.small(image)
    ink, bits = fingerprints.of(grey, words.found(grey)), dhash(grey)
    return Print(ink, bits, fingerprints.keys(ink, bits))


MINE = seen(screen())


def is_told(mine: Print, other: Print) -> bool:
    """Found by a key and called the same."""
    shares = bool(set(mine.keys) & set(other.keys))
    return shares and is_same_shot(mine.words, mine.dhash, other.words, other.dhash)


@pytest.mark.parametrize("change", AGAIN.values(), ids=AGAIN)
def test_the_same_shot(change: Callable[[Image.Image], Image.Image]) -> None:
    other = seen(change(screen()))
    assert is_told(MINE, other) and is_told(other, MINE)


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("change", [lambda image: image, *AGAIN.values()], ids=["as it is", *AGAIN])
def test_two_orders_of_one_app_are_two_pictures(
    change: Callable[[Image.Image], Image.Image], other: Image.Image
) -> None:
    """Their screens are a few bits apart (FACTS): one word that says something else is enough."""
    its = seen(change(other))
    assert not is_same_shot(MINE.words, MINE.dhash, its.words, its.dhash)
    assert not is_same_shot(its.words, its.dhash, MINE.words, MINE.dhash)


def test_that_trap_is_real() -> None:
    """By the hash of the whole screen alone, another order would pass for the same shot."""
    one, two = (int(seen(screen(page)).dhash, 16) for page in (PAGE, SIBLING))
    assert (one ^ two).bit_count() <= fingerprints.NEAR_BITS


def test_other_words_in_other_places_are_another_page() -> None:
    """Head and foot are the app's on every page; that alone is no picture sent again."""
    mine, other = screen(), screen()
    ImageDraw.Draw(other).rectangle((0, 160, 720, 700), fill="#FFFFFF")
    pen, font = ImageDraw.Draw(other), ImageFont.load_default(28)
    for place in range(5):
        pen.text((90, 210 + place * 93), f"Something else is told here {place}", fill="#16211E", font=font)
    one, two = seen(mine), seen(other)
    assert not is_same_shot(one.words, one.dhash, two.words, two.dhash)


def compared(mine: Print, other: Print) -> fingerprints.Compared:
    ink, other_ink = (np.frombuffer(one.words, fingerprints._WORD) for one in (mine, other))
    return fingerprints.compared(ink, other_ink)


def test_a_word_cut_off_by_the_crop_is_no_other_word() -> None:
    """`CNY 160` without its last figure says nothing."""
    for off in (56, 72, 80):
        found = compared(MINE, seen(cropped(screen(), 0, 0, off, 0)))
        assert found.others == 0 and found.same >= 15, off


def test_what_tells_two_orders_apart_must_be_there() -> None:
    """A crop through all values leaves what every page of the app shows: that is no picture sent again."""
    for off in (200, 260, 320, 400):
        cut = seen(cropped(screen(SIBLING), 0, 0, off, 0))
        assert not is_same_shot(MINE.words, MINE.dhash, cut.words, cut.dhash), off
        assert not is_same_shot(cut.words, cut.dhash, MINE.words, MINE.dhash), off


def photo(seed: int) -> Image.Image:
    """Without words."""
    noise = Image.frombytes("RGB", (24, 18), random.Random(seed).randbytes(24 * 18 * 3))
    return noise.resize((1200, 900), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(3))


def test_a_photo_is_recognised_by_its_light() -> None:
    mine = seen(photo(1))
    assert mine.keys and mine.words == b""
    for image in (again(photo(1), 60), resized(photo(1), 0.5), brightened(photo(1), 0.8)):
        assert is_told(mine, seen(image))
    assert not is_told(mine, seen(photo(2)))


def few(*said: str) -> Image.Image:
    """A page with little on it, on a ground like a photo's."""
    image = photo(3)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(60)
    for place, told in enumerate(said):
        pen.rectangle((100, 100 + 200 * place, 900, 220 + 200 * place), fill="#FFFFFF")
        pen.text((130, 120 + 200 * place), told, fill="#000000", font=font)
    return image


def test_few_words_count_as_well() -> None:
    """What is too little to be compared by its words alone must not say something else all the same."""
    mine = seen(few("Paid CNY 98.00", "to shop 204617"))
    assert is_told(mine, seen(again(few("Paid CNY 98.00", "to shop 204617"), 70)))
    other = seen(few("Paid CNY 49.90", "to shop 731902"))
    assert (int(mine.dhash, 16) ^ int(other.dhash, 16)).bit_count() <= fingerprints.NEAR_BITS
    assert not is_told(mine, other)


@pytest.mark.parametrize("colour", ["white", "black", "#E2231A"])
def test_a_plain_picture_is_like_none(colour: str) -> None:
    assert seen(Image.new("RGB", (720, 1280), colour)).keys == []


@pytest.mark.parametrize("size", [(64, 64), (64, 2560), (1080, 20_000), (2560, 64), (3000, 2000)])
def test_any_shape_has_a_fingerprint(size: tuple[int, int]) -> None:
    found = seen(screen().resize(size))
    assert len(found.dhash) == 64 and all(0 < key < 2**63 for key in found.keys)
    assert is_same_shot(found.words, found.dhash, found.words, found.dhash)


def test_a_picture_full_of_specks_takes_no_time() -> None:
    """As many words as there is room for, and no more."""
    image = Image.new("RGB", (1080, 20_000), "white")
    speck = Image.new("RGB", (24, 12), "black")
    for top in range(0, 20_000, 40):
        for left in range(0, 1080, 60):
            image.paste(speck, (left, top))
    found = seen(image)
    assert len(found.words) <= fingerprints.MOST_WORDS * 128 and len(found.keys) <= 24
