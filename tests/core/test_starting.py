"""Who starts lets those who serve go first, and serves as anybody."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core import starting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="niceness of single threads is Linux's")
ROOT = Path(__file__).parents[2]


def of_each_thread() -> set[int]:
    return {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in Path("/proc/self/task").iterdir()}


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
