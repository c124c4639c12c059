"""`python -m tests.standin --port N --faults FILE`: the stand-in as a process of its own, until Ctrl+C."""

from __future__ import annotations

import argparse
import json
import threading
from contextlib import suppress
from pathlib import Path

from tests.standin.faults import Faults
from tests.standin.server import Spacing, running


def main() -> None:
    """Prints one line of JSON when it is up: its address, its books and the shop's side of the keys."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--faults", type=Path, help="table of faults, TOML or JSON")
    parser.add_argument("--books", type=Path, default=Path("var/standin/books.db"))
    parser.add_argument(
        "--keys", type=Path, default=Path("var/standin/keys"), help="folder to write keys into"
    )
    parser.add_argument("--spacing", type=float, help="seconds between refunds of one trade, of any channel")
    told = parser.parse_args()
    told.books.parent.mkdir(parents=True, exist_ok=True)
    faults = Faults.from_file(told.faults) if told.faults else Faults()
    spacing = Spacing() if told.spacing is None else Spacing(told.spacing, told.spacing)
    with running(told.books, faults=faults, port=told.port, spacing=spacing) as standin:
        ready = {"url": standin.url, "books": str(told.books), "keys": standin.keys.write(told.keys)}
        print(json.dumps(ready), flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


main()
