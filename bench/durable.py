"""`PYTHON bench/durable.py URL NUMBER PROCESSES`: so many no-op durable workflows of DBOS on a PostgreSQL, by
so many processes. Prints the seconds of those that each process calls itself, and of as many in a queue.

Run by its path with any Python that has `dbos`: the project does not depend on it.
"""

from __future__ import annotations

import sys
import time
from multiprocessing import get_context
from typing import Any

import psycopg
from dbos import DBOS

QUEUE = "bench"


@DBOS.workflow()
def nothing(number: int) -> int:
    return number


def start(url: str, *, listens: bool) -> None:
    DBOS(
        config={"name": "bench", "system_database_url": url, "run_admin_server": False, "log_level": "ERROR"}
    )
    if not listens:
        DBOS.listen_queues([])
    DBOS.launch()
    DBOS.register_queue(QUEUE, polling_interval_sec=0.05)


def caller(url: str, number: int, together: Any) -> None:
    start(url, listens=False)
    nothing(0)
    together.wait()
    for place in range(number):
        nothing(place)
    together.wait()
    DBOS.destroy()


def listener(url: str, over: Any) -> None:
    start(url, listens=True)
    over.wait()
    DBOS.destroy()


def called(url: str, number: int, processes: int) -> float:
    spawn = get_context("spawn")
    together = spawn.Barrier(processes + 1)
    share = (url, number // processes, together)
    team = [spawn.Process(target=caller, args=share, daemon=True) for _ in range(processes)]
    for one in team:
        one.start()
    together.wait(60)
    began = time.perf_counter()
    together.wait(600)
    seconds = time.perf_counter() - began
    for one in team:
        one.join(30)
    return seconds


def queued(url: str, number: int, processes: int) -> float:
    """From the first that was taken to the last that was done: all wait before anybody listens."""
    waiting = [DBOS.enqueue_workflow(QUEUE, nothing, place) for place in range(number)]
    spawn = get_context("spawn")
    over = spawn.Event()
    team = [spawn.Process(target=listener, args=(url, over), daemon=True) for _ in range(processes)]
    for one in team:
        one.start()
    for handle in waiting:
        handle.get_result()
    over.set()
    for one in team:
        one.join(30)
    span = "SELECT max(updated_at) - min(started_at_epoch_ms) FROM dbos.workflow_status WHERE queue_name = %s"
    with psycopg.connect(url) as conn:
        row = conn.execute(span, [QUEUE]).fetchone()
    assert row is not None
    return float(row[0]) / 1000


def main() -> None:
    url, number, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    start(url, listens=False)  # makes the tables, before the others need them
    print(called(url, number, processes), queued(url, number, processes))
    DBOS.destroy()


if __name__ == "__main__":
    main()
