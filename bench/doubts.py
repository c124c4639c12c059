"""How many re-used and edited pictures are told, and how many honest ones are called so by mistake: on
made-up apps that no limit was chosen on.

Weak, and measured here as well: what was edited before the first compression, or was compressed more coarsely
after it; a mark drawn around something, which is told as if it were an edit; photos that were cropped; a page
that is the same for everybody and shows nothing of the order, which is the same shot in every respect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from PIL import Image

from bench import Measured, spoilt
from bench.orders_drawn import App, an_app, an_order, drawn, later
from bench.screens import fonts
from bench.spoilt import again, brightened, cropped, photographed, resized
from core.adapters.pictures import Picture, editors, raster
from core.adapters.pictures.fingerprints import is_same_shot
from core.adapters.pictures.kinds import kind_of

COUNT: Final = 40  # of each kind
HELD_OUT: Final = 20_261_128  # a seed that no limit was chosen on; 1 to 99 are for choosing

# What is done to a picture before it is sent again.
AGAIN: Final[dict[str, Callable[[Random, Image.Image], Image.Image]]] = {
    "encoded anew": lambda rng, image: again(image, rng.randint(45, 90)),
    "resized": lambda rng, image: resized(image, rng.uniform(0.5, 0.95)),
    "brighter or darker": brightened,
    "cropped up to 3 %": lambda rng, image: cropped(rng, image, 0.03),
    "cropped up to 6 %": lambda rng, image: cropped(rng, image, 0.06),
    "cropped, smaller, coarser": lambda rng, image: again(
        resized(cropped(rng, image, 0.03), rng.uniform(0.6, 0.95)), rng.randint(60, 85)
    ),
    "all of it": lambda rng, image: again(
        brightened(rng, resized(cropped(rng, image, 0.03), rng.uniform(0.6, 0.95))), rng.randint(60, 85)
    ),
}
EDITORS: Final = (
    ("Adobe Photoshop 25.1 (Windows)", "exif"),
    ("Adobe Photoshop Lightroom", "app13"),
    ("Snapseed 2.0", "exif"),
    ("PicsArt", "exif"),
    ("美图秀秀", "xmp"),
    ("醒图", "xmp"),
    ("GIMP 2.10.36", "png"),
    ("Adobe ImageReady", "png"),
    ("paint.net 5.0", "png"),
    ("Pixelmator Pro 3.5", "xmp"),
    ("Canva", "xmp"),
    ("Photopea", "png"),
)
NO_EDITORS: Final = (
    ("17.1.1", "exif"),
    ("G991BXXU5CVF1", "exif"),
    ("HDR+ 1.0.345618096zd", "exif"),
    ("MediaTek Camera", "exif"),
    ("Google", "exif"),
    ("Windows Photo Viewer 10", "exif"),
    ("Snipaste", "png"),
    ("gnome-screenshot", "png"),
    ("Greenshot", "png"),
    ("ShareX", "png"),
    ("HUAWEI Camera", "exif"),
    ("XMP Core 6.0.0", "xmp"),
)


@dataclass(slots=True)
class Counted:
    """How many of one kind, and of how many something was told."""

    told: list[bool] = field(default_factory=list)

    def line(self, what: str, *, at_least: float | None = None, at_most: float | None = None) -> Measured:
        share = sum(self.told) / max(1, len(self.told))
        return Measured(what, f"{sum(self.told)} of {len(self.told)}", "", share, at_least, at_most)


def run() -> list[Measured]:
    if not fonts():
        return []
    return [*reuse(COUNT, HELD_OUT), *edits(COUNT, HELD_OUT)]


def taken(image: Image.Image | bytes) -> Picture:
    """As the child takes it in."""
    data = image if isinstance(image, bytes) else spoilt.png(image)
    (one,), _ = raster.kept(data, kind_of(data))
    return one


def is_told(mine: Picture, other: Picture) -> bool:
    """Found among others by a key, and called the same shot."""
    shares = bool(set(mine.keys) & set(other.keys))
    return shares and is_same_shot(mine.words, mine.dhash, other.words, other.dhash)


def reuse(count: int, seed: int) -> list[Measured]:
    """Each picture against what became of it, and against what is only like it."""
    rng, known = Random(seed), fonts()
    same: dict[str, Counted] = defaultdict(Counted)
    other: dict[str, Counted] = defaultdict(Counted)
    for _ in range(count):
        app = an_app(rng, known)
        order = an_order(rng)
        image = drawn(app, order).image
        mine, photo = taken(image), photographed(rng, image)
        shot = taken(spoilt.jpeg(photo, 92))
        for way, change in AGAIN.items():
            same[f"screen {way}"].told.append(is_told(mine, taken(change(rng, image))))
            same[f"photo {way}"].told.append(is_told(shot, taken(spoilt.jpeg(change(rng, photo), 85))))
        for way, image in _only_alike(rng, app, known, order):
            other[way].told.append(is_told(mine, taken(image)))
        sibling = photographed(rng, drawn(app, an_order(rng, order)).image)
        other["photo of another order in the same app"].told.append(is_told(shot, taken(sibling)))
        second = photographed(rng, drawn(app, order).image)
        other["second photo of the same screen"].told.append(is_told(shot, taken(second)))
    return [
        *(
            found.line(f"re-used: {way}", at_least=None if way.startswith("photo") else 0.9)
            for way, found in same.items()
        ),
        *(
            found.line(f"not re-used: {way}", at_most=0.01 if "other" in way else None)
            for way, found in other.items()
        ),
    ]


def _only_alike(rng: Random, app: App, known: list[str], order: object) -> Iterator[tuple[str, Image.Image]]:
    for _ in range(2):
        sibling = drawn(app, an_order(rng, order)).image  # type: ignore[arg-type]
        yield "another order in the same app", sibling
        yield "… forwarded smaller", again(resized(sibling, rng.uniform(0.6, 0.95)), rng.randint(60, 85))
        yield "… cropped", cropped(rng, sibling, 0.06)
    yield "the same order some minutes later", drawn(app, later(rng, order)).image  # type: ignore[arg-type]
    yield "another app", drawn(an_app(rng, known), an_order(rng)).image


def edits(count: int, seed: int) -> list[Measured]:
    """Signs of editing in edited and in honest pictures, each of an app of its own."""
    rng, known = Random(seed + 1), fonts()
    honest: dict[str, Counted] = defaultdict(Counted)
    edited: dict[str, Counted] = defaultdict(Counted)
    for _ in range(count):
        for way, make in spoilt.HONEST.items():
            screen = drawn(an_app(rng, known), an_order(rng))
            honest[way].told.append(bool(taken(make(rng, screen)).doubts))
        for way, edit in spoilt.EDITED.items():
            app, order = an_app(rng, known), an_order(rng)
            screen, other = drawn(app, order), drawn(app, an_order(rng, order))
            edited[way].told.append(bool(taken(edit(rng, screen, other, known)).doubts))
    marked = {way for way in honest if way.startswith("marked")}
    all_honest = Counted([told for way, found in honest.items() if way not in marked for told in found.told])
    image = drawn(an_app(rng, known), an_order(rng)).image.resize((200, 400))
    return [
        _software(image, EDITORS).line("told: saved by an editor that says so", at_least=1.0),
        _software(image, NO_EDITORS).line("not told: cameras, telephones, screenshot tools", at_most=0.0),
        *(found.line(f"told: {way}") for way, found in edited.items()),
        all_honest.line("honest pictures that are called edited", at_most=0.01),
        *(found.line(f"… {way}") for way, found in honest.items()),
    ]


def _software(image: Image.Image, names: tuple[tuple[str, str], ...]) -> Counted:
    files = (spoilt.with_software(image, name, place) for name, place in names)
    return Counted([editors.editor_of(data, kind_of(data)) is not None for data in files])


if __name__ == "__main__":
    from bench.__main__ import main

    raise SystemExit(main(["doubts"]))
