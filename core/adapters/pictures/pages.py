"""The first pages of a PDF as pictures, with what is filled in. Scripts do not run, for this PDFium is built
without JavaScript; attachments, links and text stay behind.
"""

from __future__ import annotations

import time
from typing import Final

import pypdfium2
from pypdfium2 import raw

from core.adapters.pictures import SECONDS, Picture, Unusable
from core.adapters.pictures.raster import Kept, check_shape, kept_size, picture

DOTS_PER_POINT: Final = 200 / 72  # small print of a receipt stays readable
# No new page is begun later than this, so that the pages which are there are not lost to the clock.
ENOUGH: Final = SECONDS / 3


def rendered(data: bytes, most_pages: int) -> Kept:
    """Up to `most_pages` pages, and a note when there were more."""
    started = time.process_time()
    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()  # else the fields of a form would be blank
    except pypdfium2.PdfiumError as error:
        locked = error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        raise Unusable("pdf_locked" if locked else "damaged") from None
    found: list[Picture] = []
    for number in range(min(len(document), most_pages)):
        if found and time.process_time() - started > ENOUGH:
            break
        found.append(_rendered(document[number]))
    if not found:
        raise Unusable("damaged")
    return tuple(found), ("first_pages_only",) if len(found) < len(document) else ()


def _rendered(page: pypdfium2.PdfPage) -> Picture:
    points = page.get_size()
    width, height = (round(side * DOTS_PER_POINT) for side in points)
    check_shape(width, height)
    size = kept_size(width, height)
    bitmap = page.render(scale=max(size) / max(points), rev_byteorder=True)
    pixels = bitmap.to_pil().convert("RGB")
    bitmap.close()
    return picture(pixels)
