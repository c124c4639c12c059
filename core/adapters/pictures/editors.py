"""Which program wrote a file, where it says so itself and is one that edits pictures. Needs no decoder.

Cameras, telephones, viewers, screenshot tools and servers write their names too; those are no sign. So only
known editors count, by name.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final

# Written as the programs write themselves, lower case; a longer name first.
EDITORS: Final = (
    "adobe photoshop",
    "photoshop",
    "adobe imageready",
    "adobe illustrator",
    "adobe indesign",
    "adobe fireworks",
    "gimp",
    "paint.net",
    "affinity photo",
    "affinity designer",
    "pixelmator",
    "acorn",
    "krita",
    "inkscape",
    "coreldraw",
    "corel photo-paint",
    "paintshop",
    "paint shop pro",
    "photoscape",
    "photo pos",
    "photofiltre",
    "snapseed",
    "picsart",
    "pics art",
    "photodirector",
    "airbrush",
    "facetune",
    "vsco",
    "polarr",
    "lightleap",
    "canva",
    "fotor",
    "pixlr",
    "befunky",
    "photopea",
    "figma",
    "sketch",
    "meitu",
    "美图",
    "醒图",
    "hypic",
    "xingtu",
    "beautyplus",
    "faceu",
    "天天p图",
    "pitu",
    "稿定",
    "gaoding",
    "创客贴",
    "剪映",
    "capcut",
    "黄油相机",
    "泼辣修图",
    "光影魔术手",
    "neoimaging",
    "可牛影像",
    "isee图片专家",
    "图怪兽",
    "inshot",
    "picmonkey",
    "ps express",
)
_NAME: Final = re.compile(
    "(?<![a-z])(" + "|".join(re.escape(name) for name in EDITORS) + ')(?![a-z])[^\x00-\x1f<"]{0,24}',
    re.IGNORECASE,
)
_LONGEST: Final = 64
_MOST_TEXT: Final = 256 * 1024  # of a packed text that is looked at
_XMP: Final = re.compile(
    rb"(?:xmp:CreatorTool|stEvt:softwareAgent|tiff:Software|photoshop:\w*Software)\s*(?:=\s*[\"']|>)([^\"'<]{1,120})"
)
_OURS: Final = (0x0406, 0x0421)  # resources that Photoshop alone writes: its JPEG settings, its version


def editor_of(data: bytes, kind: str) -> str | None:
    """The editor's name as it stands in the file, at most some words of it; None where none is named."""
    for said in _said(data, kind):
        if (found := _NAME.search(said)) is not None:
            return " ".join(found.group(0).split())[:_LONGEST]
    return None


def _said(data: bytes, kind: str) -> Iterator[str]:
    """What the file says of the program that wrote it."""
    try:
        if kind == "jpeg":
            yield from _of_jpeg(data)
        elif kind == "png":
            yield from _of_png(data)
        elif kind == "webp":
            yield from _of_webp(data)
    except (IndexError, ValueError, zlib.error):
        return  # broken there: the picture itself may be good


def _of_jpeg(data: bytes) -> Iterator[str]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in (0xD9, 0xDA) or size < 2:
            return
        body = data[at + 4 : at + 2 + size]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            yield from _of_exif(body[6:])
        elif marker == 0xE1 and body.startswith(b"http://ns.adobe.com/xap/"):
            yield from _of_xmp(body)
        elif marker == 0xEC and body.startswith(b"Ducky"):
            yield "Adobe Photoshop"  # 'Save for web'
        elif marker == 0xED and body.startswith(b"Photoshop 3.0\0"):
            yield from _of_resources(body[14:])
        elif marker == 0xFE:
            yield body.decode("utf-8", "replace")
        at += 2 + size


def _of_resources(body: bytes) -> Iterator[str]:
    """Others write captions in this place: only what none but the program itself writes counts."""
    at = 0
    while body[at : at + 4] == b"8BIM" and at + 12 <= len(body):
        number = int.from_bytes(body[at + 4 : at + 6], "big")
        if number in _OURS:
            yield "Adobe Photoshop"
        named = at + 6 + (body[at + 6] + 2) // 2 * 2
        size = int.from_bytes(body[named : named + 4], "big")
        at = named + 4 + (size + 1) // 2 * 2


def _of_png(data: bytes) -> Iterator[str]:
    at = 8
    while at + 12 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + size]
        if name in (b"tEXt", b"zTXt", b"iTXt"):
            key, _, rest = body.partition(b"\0")
            text = _unpacked(name, rest)
            if key == b"XML:com.adobe.xmp":
                yield from _of_xmp(text)
            elif key.lower() in (b"software", b"creator tool", b"comment"):
                yield text.decode("utf-8", "replace")
        elif name == b"eXIf":
            yield from _of_exif(body)
        elif name == b"IEND":
            return
        at += 12 + size


def _unpacked(name: bytes, rest: bytes) -> bytes:
    if name == b"tEXt":
        return rest
    if name == b"zTXt":
        return zlib.decompressobj().decompress(rest[1:], _MOST_TEXT)
    is_packed, rest = rest[0] == 1, rest[2:].split(b"\0", 2)[2]
    return zlib.decompressobj().decompress(rest, _MOST_TEXT) if is_packed else rest


def _of_webp(data: bytes) -> Iterator[str]:
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"EXIF":
            yield from _of_exif(body.removeprefix(b"Exif\0\0"))
        elif name == b"XMP ":
            yield from _of_xmp(body)
        at += 8 + (size + 1) // 2 * 2


def _of_xmp(body: bytes) -> Iterator[str]:
    for said in _XMP.findall(body[:_MOST_TEXT]):
        yield said.decode("utf-8", "replace")


def _of_exif(body: bytes) -> Iterator[str]:
    """`Software` (0x0131) and `ProcessingSoftware` (0x000B) of the first directory."""
    order = "little" if body[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        if at + size > len(body):
            raise ValueError("cut off")
        return int.from_bytes(body[at : at + size], "little" if order == "little" else "big")

    start = number(4, 4)
    for entry in range(min(number(start, 2), 200)):
        at = start + 2 + 12 * entry
        if number(at, 2) in (0x0131, 0x000B) and number(at + 2, 2) == 2:
            size = number(at + 4, 4)
            place = at + 8 if size <= 4 else number(at + 8, 4)
            yield body[place : place + min(size, 200)].decode("utf-8", "replace")
