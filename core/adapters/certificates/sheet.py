"""The sheet: words and a QR code on one page, as PDF with its fonts inside and selectable text, or as PNG.

It is given words and knows none. The PNG is the PDF's page, so that the two cannot differ.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

MARGIN, WIDTH, HEIGHT = 18.0, 210.0, 297.0  # millimetres: A4
INK, QUIET, JADE, LINE, SOFT = (28, 36, 35), (96, 108, 106), (15, 118, 110), (222, 228, 226), (240, 247, 245)
QR_SIDE: Final = 62.0
DOTS_PER_POINT: Final = 150 / 72
_FONT: Final = "Sans"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on it. `rows`: label and value; `table`: its head, then a row for each payout."""

    shop: str
    title: str
    amount: str
    says: str
    rows: tuple[tuple[str, str], ...]
    table: tuple[tuple[str, ...], ...]
    how: tuple[str, ...]
    code: str  # in the QR code
    at: datetime
    language: str


@lru_cache(maxsize=32)
def pdf(sheet: Sheet) -> bytes:
    """One A4 page."""
    from fpdf import FPDF

    page = FPDF(format="A4")
    page.set_auto_page_break(False)
    page.set_margins(MARGIN, MARGIN)
    page.add_font(_FONT, fname=str(_font()))
    page.set_title(sheet.title)
    page.set_author(sheet.shop)
    page.set_subject(sheet.code)
    page.set_lang("en" if sheet.language == "en" else "zh-CN")
    page.set_creation_date(sheet.at)  # the same sheet is the same file
    page.add_page()
    y = _head(page, sheet)
    y = _rows(page, sheet.rows, y + 8)
    _table(page, sheet.table, y + 8)
    _code(page, sheet)
    return bytes(page.output())


@lru_cache(maxsize=32)
def png(sheet: Sheet) -> bytes:
    """The page at 150 dots an inch."""
    import pypdfium2
    from PIL.Image import Quantize

    document = pypdfium2.PdfDocument(pdf(sheet))
    try:
        image = document[0].render(scale=DOTS_PER_POINT).to_pil().convert("RGB")
    finally:
        document.close()
    out = io.BytesIO()
    # Few colours by the octree: the median cut takes ten times as long, for a larger file.
    image.quantize(64, Quantize.FASTOCTREE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _font() -> Path:
    """Noto Sans SC, under the Open Font License: found without running the package that brings it."""
    spec = find_spec("pylopdf_fonts_zh_cn")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("pylopdf_fonts_zh_cn")
    return Path(spec.origin).parent / "NotoSansSC-Regular.otf"


def _write(page: Any, size: float, colour: tuple[int, int, int]) -> None:
    page.set_font(_FONT, size=size)
    page.set_text_color(*colour)


def _head(page: Any, sheet: Sheet) -> float:
    """Whose it is, what it is, how much; answers where it ends."""
    page.set_fill_color(*JADE)
    page.rect(0, 0, WIDTH, 3, style="F")
    page.set_xy(MARGIN, 16)
    _write(page, 11, QUIET)
    page.multi_cell(WIDTH - 2 * MARGIN, 6, sheet.shop)
    _write(page, 24, INK)
    page.set_x(MARGIN)
    page.multi_cell(WIDTH - 2 * MARGIN, 13, sheet.title)
    _write(page, 30, JADE)
    page.set_xy(MARGIN, page.get_y() + 4)
    page.multi_cell(WIDTH - 2 * MARGIN, 15, sheet.amount)
    _write(page, 12, INK)
    page.set_x(MARGIN)
    page.multi_cell(WIDTH - 2 * MARGIN, 7, sheet.says, align="L")
    return float(page.get_y())


def _rows(page: Any, rows: Sequence[tuple[str, str]], y: float) -> float:
    page.set_draw_color(*LINE)
    label, line = 48.0, 7.0
    for name, value in rows:
        page.line(MARGIN, y, WIDTH - MARGIN, y)
        page.set_xy(MARGIN, y + 1.5)
        _write(page, 10.5, QUIET)
        page.multi_cell(label, line, name, align="L")
        below = page.get_y()
        page.set_xy(MARGIN + label, y + 1.5)
        _write(page, 10.5, INK)
        page.multi_cell(WIDTH - 2 * MARGIN - label, line, value, align="L")
        y = max(below, page.get_y()) + 1.5
    page.line(MARGIN, y, WIDTH - MARGIN, y)
    return y


def _table(page: Any, table: Sequence[tuple[str, ...]], y: float) -> None:
    from fpdf.enums import TableBordersLayout
    from fpdf.fonts import FontFace

    page.set_xy(MARGIN, y)
    page.set_fill_color(255, 255, 255)
    _write(page, 9, INK)
    head = FontFace(color=QUIET, fill_color=SOFT, emphasis="")
    with page.table(
        col_widths=(34, 24, 42, 46, 28), width=int(WIDTH - 2 * MARGIN), line_height=5.5, padding=1.5,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES, headings_style=head, text_align="LEFT",
    ) as drawn:  # fmt: skip
        for row in table:
            drawn.row(row)


def _code(page: Any, sheet: Sheet) -> None:
    """The QR code at the foot, and how it is checked beside it."""
    import segno

    code = segno.make(sheet.code, error="l", micro=False)
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=6, border=4)
    picture.seek(0)
    top = HEIGHT - MARGIN - QR_SIDE
    page.image(picture, MARGIN - 2, top, QR_SIDE, QR_SIDE, link=sheet.code if "://" in sheet.code else "")
    x = MARGIN + QR_SIDE + 4
    page.set_xy(x, top + 6)
    for place, line in enumerate(sheet.how):
        _write(page, 11 if place == 0 else 9, INK if place == 0 else QUIET)
        page.set_x(x)
        page.multi_cell(WIDTH - MARGIN - x, 6, line, align="L")
        page.set_y(page.get_y() + 1.5)
