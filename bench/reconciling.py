"""A hundred thousand payouts with a thousand planted differences of each kind, held against Alipay's bill.

Beside pandas, which reads the same bill and the same payouts and joins them by number: it knows neither kinds
nor edges nor the ledger, and keeps nothing. Each side is a process of its own, for its peak of memory.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Measured

PAYOUTS, OF_EACH = 100_000, 1_000
SECONDS, MEGABYTES = 60, 512
ROOT = Path(__file__).parents[1]


def run() -> list[Measured]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _in_a_process("make", folder)
        ours, peak, found = _in_a_process("ours", folder)
        again, _, same = _in_a_process("ours", folder)
        theirs, most, _ = _in_a_process("pandas", folder)
    assert found == same == f"{OF_EACH * 8} of {OF_EACH * 8}", found
    return [
        Measured(
            f"{PAYOUTS:,} payouts, against pandas",
            f"{ours:.1f} s",
            f"{theirs:.1f} s",
            ours / theirs,
            at_most=10,
        ),
        Measured("… in seconds", f"{ours:.1f} s", f"{SECONDS} s", ours / SECONDS, at_most=1),
        Measured("… the same bill again", f"{again:.1f} s", f"{ours:.1f} s", again / ours, at_most=0.5),
        Measured("… in memory, at most", f"{peak} MB", f"{MEGABYTES} MB", peak / MEGABYTES, at_most=1),
        Measured("… in memory, against pandas", f"{peak} MB", f"{most} MB", peak / most),
    ]


def _in_a_process(side: str, folder: Path) -> tuple[float, int, str]:
    """Seconds, megabytes at the peak, and what it found."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.reconciling", side, str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, memory, found = done.stdout.strip().splitlines()[-1].split(" ", 2)
    return float(seconds), int(memory), found


def _measure(side: str, folder: Path) -> None:
    url, path = f"sqlite:///{folder / 'shop.db'}", folder / "bill.csv"
    started, found = time.perf_counter(), "-"
    if side == "make":
        from bench.shop import opened
        from tests import ledgers

        ledgers.write(ledgers.make(opened(url, folder / "store"), PAYOUTS, OF_EACH), path)
    elif side == "ours":
        from core.app import Settings, build
        from core.domain.actors import SYSTEM
        from core.services import reconciliation

        app = build(Settings(database_url=url, store_url=(folder / "store").as_uri()))
        started = time.perf_counter()
        done = reconciliation.reconcile(app, SYSTEM, path)
        found = f"{sum(done.found.values())} of {OF_EACH * 8}"
    else:
        import sqlite3

        import pandas

        started = time.perf_counter()
        bill = pandas.read_csv(path, encoding="gb18030", skiprows=2, dtype=str, on_bad_lines="skip")
        bill["key"] = bill["退款批次号/请求号"].str.strip()
        with sqlite3.connect(folder / "shop.db") as conn:
            ours = pandas.read_sql("SELECT key, amount_minor, state FROM payouts", conn)
        found = f"{len(ours.merge(bill, on='key', how='outer'))} rows"
    seconds = time.perf_counter() - started
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, found)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _measure(sys.argv[1], Path(sys.argv[2]))
    else:
        from bench.__main__ import main

        raise SystemExit(main(["reconciling"]))
