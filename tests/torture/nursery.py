"""Starts the processes of a run, cold or forked from a warm one, and ends them when its starter is gone.

Reads lines of JSON (`command`, `log`, `env`), answers each with the process's number; `adopt` is the number
of one that was started elsewhere and ends with the others. `--warm`:
the command runs in a fork that has imported everything, up in half a second instead of three. `--hasty`:
minutes of waiting are seconds. `--without GUARD` takes one guard out of every process: then a run must go
wrong.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import runpy
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

WARM = ("core", "portal.serve")
HASTY_LEASE_SECONDS = 4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("--hasty", action="store_true")
    parser.add_argument("--without", choices=sorted(GUARDS))
    told = parser.parse_args()
    if told.warm:
        warm()
    if told.hasty:
        hurry()
    if told.without:
        GUARDS[told.without]()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends is gone at once
    children: list[int] = []  # by handle: the number of one that has ended may be a stranger's by now
    for line in sys.stdin:  # ends with whoever started us, however that ended
        wanted = json.loads(line)
        children = [handle for handle in children if _told(handle, 0)]
        pid = wanted.get("adopt") or os.fork()
        if pid == 0:
            _become(wanted, told.warm)
        with suppress(ProcessLookupError):  # it has ended already
            children.append(os.pidfd_open(pid))
        print(pid, flush=True)
    for handle in children:
        _told(handle, signal.SIGKILL)


def _told(handle: int, what: int) -> bool:
    """Whether this process was there to be told; else the handle is closed."""
    try:
        signal.pidfd_send_signal(handle, what)
    except ProcessLookupError:
        os.close(handle)
        return False
    return True


def _become(wanted: dict[str, Any], is_warm: bool) -> None:
    """The child's part: never comes back."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for old, new in ((null, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        os.environ.update(wanted["env"])
        faulthandler.register(signal.SIGUSR1)  # whoever hangs can be asked where
        module, *words = wanted["command"]
        if module.startswith("/"):  # a program that is no module of Python's
            os.execv(module, [module, *words])
        if not (is_warm and module in WARM):
            os.execv(sys.executable, [sys.executable, "-m", module, *words])
        sys.argv = [module, *words]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def warm() -> None:
    """Import all that workers and the web process need; open nothing."""
    import alipay  # noqa: F401
    import stripe  # noqa: F401
    import wechatpayv3  # noqa: F401

    import core.cli.opening
    import core.worker  # noqa: F401
    import streamlit_app  # noqa: F401
    from core import texts
    from core.domain.workdays import china
    from core.services import audit  # noqa: F401
    from portal import boundary, doors, serve, shell  # noqa: F401

    china()
    for language in texts.LANGUAGES:
        texts.of(language)


def hurry() -> None:
    """Shorter waits, and each still longer than any answer of the stand-in."""
    from core import worker
    from core.domain import circuit
    from core.services import circuits, payouts, sending

    sending.LEASE = timedelta(seconds=HASTY_LEASE_SECONDS)  # type: ignore[misc]
    payouts.ASK_AGAIN = (timedelta(seconds=1),)  # type: ignore[misc,assignment]
    circuit.PAUSES = (timedelta(seconds=1),)  # type: ignore[misc,assignment]
    circuits.PROBE = timedelta(seconds=HASTY_LEASE_SECONDS)  # type: ignore[misc]
    worker.IDLE_SECONDS = 0.1  # type: ignore[misc]
    worker.AFTER_ACCIDENT_SECONDS = 0.5  # type: ignore[misc]


# --- guards taken out --------------------------------------------------------------------------------------


def without_key() -> None:
    """Each try goes out under a key of its own."""
    from core.services import sending

    real, numbers = sending.request_of, count()

    def request_of(row: Any) -> Any:
        return replace(real(row), key=f"{row.key}-{os.getpid()}-{next(numbers)}")

    sending.request_of = request_of


def without_query() -> None:
    """Nobody asks: what has no answer is sent again."""
    from core.adapters.channels import Outcome
    from core.services import sending

    real = sending._heard

    def heard(call: Any, request: Any) -> Outcome:
        return Outcome("never_seen") if call.__name__ == "query" else real(call, request)

    sending._heard = heard


def without_lease() -> None:
    """A payout that somebody is about to send looks lost to the next one who comes by."""
    from core.services import sending

    sending.LEASE = timedelta(seconds=-1)  # type: ignore[misc]


GUARDS: dict[str, Callable[[], None]] = {
    "key": without_key, "query": without_query, "lease": without_lease,
}  # fmt: skip


if __name__ == "__main__":
    main()
