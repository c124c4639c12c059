"""`make stack`: a person sees the address, and nothing of it outlives the one who started it."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.request

import pytest

from tests import postgres
from tests.processes import ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.stack, pytest.mark.torture]
GONE_SECONDS = 60


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_it(how: signal.Signals) -> None:
    words = ["-m", "tests.stack", "--warm", "--webs", "1", "--workers", "1", "--demo", "8"]
    with subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True) as shop:
        assert shop.stdout is not None
        told = []
        for line in shop.stdout:
            told.append(line)
            if "Ctrl+C" in line:
                break
        if not told:
            postgres.skip_or_fail("nginx or PostgreSQL is not installed")
        pids = [int(found[1]) for line in told if (found := re.match(r"  \w+ +(\d+)  /", line))]
        assert len(pids) == 4 and all(map(is_there, pids)), told
        stranger = ssl.create_default_context()
        stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
        address = told[0].split()[0]
        with urllib.request.urlopen(f"{address}/readyz", timeout=30, context=stranger) as answer:
            assert answer.read().startswith(b"ready")
        shop.send_signal(how)
        shop.wait(timeout=GONE_SECONDS)
    until = time.monotonic() + GONE_SECONDS
    while left := [pid for pid in pids if is_there(pid)]:
        assert time.monotonic() < until, f"{left} of {told} are still there"
        time.sleep(0.05)
