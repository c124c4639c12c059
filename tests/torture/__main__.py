"""`python -m tests.torture`: one run as the tests make them, as JSON; exit code 1 when anything is wrong."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from tests.core.services.schedules import IN_MEMORY
from tests.postgres import private_postgres
from tests.torture.kills import HARD, LIES, run
from tests.torture.nursery import GUARDS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL instead of SQLite")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--refunds", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cold", action="store_true", help="each process by its command, not forked")
    parser.add_argument("--hasty", action="store_true", help="minutes of waiting are seconds")
    parser.add_argument("--without", choices=sorted(GUARDS), help="a guard to take out")
    told = parser.parse_args()
    words = [*([] if told.cold else ["--warm"]), *(["--hasty"] if told.hasty else [])]
    words += ["--without", told.without] if told.without else []
    with (
        tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder,
        private_postgres() if told.postgres else nullcontext() as server,
    ):
        url = server.url(server.create()) if server else f"sqlite:///{folder}/refund.db"
        found = run(
            Path(folder), url, *words, seed=told.seed, kills=told.kills, refunds=told.refunds,
            lies=HARD if told.without else LIES, patience=20 if told.without else 900,
        )  # fmt: skip
    print(json.dumps(asdict(found), indent=2, ensure_ascii=False))
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
