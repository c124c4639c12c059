"""`make stack`: the hosted shop on this machine until Ctrl+C; nothing of it outlives this process."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.postgres import Missing as NoPostgres
from tests.stack.rig import Missing, stack


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stack", description=__doc__)
    parser.add_argument("--webs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--demo", type=int, default=240, metavar="ORDERS")
    parser.add_argument("--warm", action="store_true", help="forked from one process, up sooner")
    told = parser.parse_args()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _end)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="stack-") as folder,
            stack(
                Path(folder),
                *(["--warm"] if told.warm else []),
                webs=told.webs,
                workers=told.workers,
                demo_orders=told.demo,
            ) as found,
        ):
            print(f"{found.address}  (made for today: the browser asks whether you believe its certificate)")
            for name, pid in found.pids.items():
                print(f"  {name:<8} {pid:>7}  {found.logs[name]}")
            print(f"  {'postgres':<8} {found.server.process.pid:>7}  {found.server.directory / 'log'}")
            print("Ctrl+C ends all of it.", flush=True)
            signal.pause()
    except (Missing, NoPostgres) as missing:
        print(missing, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def _end(*_: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
