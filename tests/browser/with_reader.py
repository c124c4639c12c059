"""`portal.serve` with a reader that reads the same from every picture: the extra need not be installed."""

from __future__ import annotations

import os
import sys

from core import app
from core.domain.reading import Line
from portal import serve

LINES = ("实付 ¥99.00",)


class Reader:
    def read(self, data: bytes) -> tuple[Line, ...]:
        return tuple(Line(text, (10, 40 * place, 300, 30)) for place, text in enumerate(LINES))


if __name__ == "__main__":
    os.environ["REFUND_READING"] = "1"  # tests do without, but for this one
    app.Reader, app.is_available = Reader, lambda: True  # type: ignore[misc,assignment]
    serve.main(sys.argv[1:])
