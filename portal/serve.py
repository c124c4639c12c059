"""`python -m portal.serve [--port 8501]`: the web process on this machine, as `make run` starts it.

The port is taken before the address is announced, so nobody is sent to a page that somebody else serves.
"""

from __future__ import annotations

import argparse
import errno
import re
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import uvicorn

from core import cli, texts
from core.adapters import sign_in_settings
from core.adapters.evidence_store import EvidenceStore
from core.app import from_environment, log_to_stderr
from core.domain.errors import PortBusy, PortInvalid, Refusal

HOST: Final = "127.0.0.1"


def main(argv: Sequence[str]) -> int:
    """Serve until stopped; exit code 1 with a sentence when that cannot begin."""
    parser = argparse.ArgumentParser(prog="python -m portal.serve")
    parser.add_argument("--port", default="8501")
    tx = texts.of(cli.language())
    try:
        settings = from_environment()  # a wrong value is told here, not in the trace of a page
        listening = listen(parser.parse_args(argv).port)
        log_to_stderr()
        EvidenceStore(settings.store_url).check()
        provider = sign_in_settings.provider(settings, settings.public_url)
        if provider is not None:
            provider.check()
    except Refusal as refused:
        print(tx.refusal(refused), file=sys.stderr)
        return 1
    address = f"http://localhost:{listening.getsockname()[1]}"
    print(tx("cli.serve.running", address=address), flush=True)
    server = uvicorn.Server(config("streamlit_app:app"))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    return 0 if server.started else 1


def listen(port: str) -> socket.socket:
    """This machine's own `port`, taken; `PortBusy`, `PortInvalid`."""
    if not re.fullmatch("[0-9]{1,5}", port, re.ASCII):
        raise PortInvalid(port=port)
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a restart waits for old connections
    try:
        found.bind((HOST, int(port)))
        found.listen()
    except (OSError, OverflowError) as error:
        found.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortBusy(port=port) from None
        raise PortInvalid(port=port) from None
    return found


def config(target: Any) -> uvicorn.Config:
    """How `target` (module:app) is served. uvicorn, not `streamlit run`: it sets TCP_NODELAY, 40 ms less on
    every click.
    """
    return uvicorn.Config(
        target,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        # Nobody stands in front: a visitor who sends X-Forwarded-For would choose the address that tries of
        # proof are counted by.
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
