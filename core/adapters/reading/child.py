"""The child: pictures of ours from stdin, each after its length; for each a line of JSON to stdout. It ends
when nobody writes any more.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from typing import Any, Final

from core.adapters.reading import MEMORY_BYTES

PIECE: Final = 1_600  # pixels of a long screenshot read at a time
OVERLAP: Final = 240  # more than two lines: what a cut divides is whole in the next piece
SURE: Final = 0.5


def main() -> None:
    out = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)  # a library's chatter may hold what was read
    os.dup2(nothing, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    engine = _engine()
    while len(head := sys.stdin.buffer.read(4)) == 4:
        data = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        try:
            answer: dict[str, Any] = {"lines": _read(engine, data)}
        except Exception as error:
            answer = {"failed": type(error).__name__}
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()
    os._exit(0)


def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1}
    )


def pieces(height: int) -> list[tuple[int, int, float, float]]:
    """(top, bottom, from, to): read between the first two, keep lines whose middle is between the others."""
    if height <= PIECE:
        return [(0, height, 0, height)]
    found, top = [], 0
    while True:
        bottom = min(top + PIECE, height)
        first = top + OVERLAP / 2 if top else 0
        last = bottom - OVERLAP / 2 if bottom < height else height
        found.append((top, bottom, first, last))
        if bottom == height:
            return found
        top = bottom - OVERLAP


def _read(engine: Any, data: bytes) -> list[list[Any]]:
    import numpy as np
    from PIL import Image

    picture = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]).convert("RGB")
    pixels = np.asarray(picture)[:, :, ::-1]
    lines: list[list[Any]] = []
    for top, bottom, first, last in pieces(picture.height):
        result = engine(np.ascontiguousarray(pixels[top:bottom]))
        if result.boxes is None:
            continue
        for corners, text, sure in zip(result.boxes, result.txts, result.scores, strict=True):
            (left, up), (right, down) = corners.min(axis=0), corners.max(axis=0)
            if sure >= SURE and first <= top + (up + down) / 2 < last:
                lines.append([text, int(left), int(top + up), int(right - left), int(down - up)])
    return lines
