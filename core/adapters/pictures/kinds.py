"""What a file is by its content; its name says nothing. Looks at the first bytes only and decodes nothing."""

from __future__ import annotations

from typing import Final

# What is told apart from pictures, because another sentence helps: `picture.<code>` says what to do instead.
LOOKS: Final = ("gif", "heic", "other_format", "drawing", "web_page", "archive", "video", "not_a_picture")
_HEAD: Final = 1024
_MARKS: Final = (  # offset, bytes, what it is
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (8, b"WEBP", "webp"),
    (0, b"%PDF-", "pdf"),
    (0, b"GIF8", "gif"),
    (0, b"BM", "other_format"),
    (0, b"II*\0", "other_format"),
    (0, b"MM\0*", "other_format"),
    (0, b"\0\0\1\0", "other_format"),
    (0, b"\0\0\0\x0cjP  ", "other_format"),
    (0, b"\xff\x4f\xff\x51", "other_format"),
    (0, b"\xff\x0a", "other_format"),
    (0, b"\0\0\0\x0cJXL ", "other_format"),
    (0, b"8BPS", "other_format"),
    (0, b"PK\3\4", "archive"),
    (0, b"PK\5\6", "archive"),
    (0, b"Rar!", "archive"),
    (0, b"7z\xbc\xaf", "archive"),
    (0, b"\x1f\x8b", "archive"),
    (0, b"\x1a\x45\xdf\xa3", "video"),
    (8, b"AVI ", "video"),
)
# ISO media files name their brand at byte 8; those not named here are films.
_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "heic"),
    **dict.fromkeys((b"avif", b"avis"), "other_format"),
}
KINDS: Final = ("jpeg", "png", "webp", "pdf")  # what is taken


def kind_of(data: bytes) -> str:
    """One of `KINDS`, or the code of `LOOKS` with which it is refused."""
    head = data[:_HEAD]
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video")
    for offset, mark, what in _MARKS:
        if head.startswith(mark, offset) and (offset == 0 or head.startswith(b"RIFF")):
            return what
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<"):
        if b"<svg" in text:
            return "drawing"
        if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")) or b"<html" in text:
            return "web_page"
    # Readers of PDF allow some bytes before the mark; whatever else the file may be was asked above.
    return "pdf" if b"%PDF-" in head else "not_a_picture"


def looks_like_picture(data: bytes) -> bool:
    """Whether these can be bytes of our own re-encoding, or of a picture that could become it."""
    return kind_of(data) in ("jpeg", "png", "webp")
