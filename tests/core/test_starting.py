"""Who starts lets those who serve go first, and serves as anybody."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from core import starting
from tests.processes import free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="niceness of single threads is Linux's")
ROOT = Path(__file__).parents[2]


def of_each_thread(process: int | str = "self") -> set[int]:
    found = set()
    for thread in Path(f"/proc/{process}/task").iterdir():
        with suppress(ProcessLookupError):
            found.add(os.getpriority(os.PRIO_PROCESS, int(thread.name)))
    return found


needs_a_way_back = pytest.mark.skipif(
    sys.platform == "linux" and not starting._may_come_back(), reason="RLIMIT_NICE closes the way back"
)


@needs_a_way_back
def test_a_start_is_behind_and_what_it_began_is_not_afterwards() -> None:
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    try:
        with starting.behind():
            assert os.getpriority(os.PRIO_PROCESS, 0) == max(usual, starting.BEHIND)
            thread.start()
        assert of_each_thread() == {usual}
    finally:
        stop.set()
        thread.join()


@needs_a_way_back
def test_a_start_that_fails_leaves_nobody_behind() -> None:
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with pytest.raises(ValueError), starting.behind():
        raise ValueError
    assert of_each_thread() == {usual}


def test_where_the_way_back_is_closed_nobody_steps_back() -> None:
    """As for a user whose limit lets nobody go up again; seen in a process of its own."""
    told = """
import os, resource
from core import starting
resource.setrlimit(resource.RLIMIT_NICE, (0, 0))
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
with starting.behind():
    print(os.getpriority(os.PRIO_PROCESS, 0))
print(os.getpriority(os.PRIO_PROCESS, 0))
"""
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    usual = str(os.getpriority(os.PRIO_PROCESS, 0))
    assert done.stdout.split() == [usual, usual]


@needs_a_way_back
@pytest.mark.parametrize("words", [["portal.serve", "--port"], ["core", "worker"]], ids=" ".join)
def test_web_and_worker_start_behind_and_serve_as_anybody(words: list[str], tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "REFUND_DATABASE_URL": f"sqlite:///{tmp_path}/refund.db",
        "REFUND_STORE_URL": (tmp_path / "evidence").as_uri(),
        "REFUND_DEMO": "1",
        "REFUND_READING": "0",
    }

    def command(*these: str) -> list[str]:
        return [sys.executable, "-m", *these]

    made = command("core", "init", "--demo", "1")
    subprocess.run(made, cwd=ROOT, env=environment, capture_output=True, timeout=120, check=True)
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    port = [str(free_port())] if words[-1] == "--port" else []
    process = subprocess.Popen(
        command(*words, *port),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 90
        for wanted in (max(usual, starting.BEHIND), usual):
            while of_each_thread(process.pid) != {wanted}:
                assert process.poll() is None and time.monotonic() < until, wanted
                time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
