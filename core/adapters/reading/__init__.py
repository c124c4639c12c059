"""Reading pictures, where the extra is installed: `process.Reader` keeps a child that does it (`child`)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

PICTURE_SECONDS: Final = 40.0  # on the wall: half a second, and what it waits for a busy machine
MEMORY_BYTES: Final = 4 * 1024**3  # of addresses: the runtime maps far more than the 380 MB it uses


def is_available() -> bool:
    """Is the extra of `requirements-ocr.txt` there? Nothing of it is imported here."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None
