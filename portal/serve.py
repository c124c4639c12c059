"""`python -m portal.serve [--port 8501]`: the web process, as `make run` starts it: for this machine only.

Hosted, `--host` is the address it listens on and `--proxy` whose `X-Forwarded-For` it believes. The port is
taken before the address is announced, so nobody is sent to a page that somebody else serves.
"""

from __future__ import annotations

from core import starting

if __name__ == "__main__":
    starting.step_back()  # what is imported from here on is half of what a start costs

import argparse
import errno
import re
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import uvicorn

from core import cli, logs, texts
from core.adapters import sign_in_settings
from core.adapters.evidence_store import EvidenceStore
from core.app import from_environment
from core.domain.errors import PortBusy, PortInvalid, Refusal
from portal import corked, leaving

HOST: Final = "127.0.0.1"


def main(argv: Sequence[str]) -> int:
    """Serve until stopped; exit code 1 with a sentence when that cannot begin."""
    parser = argparse.ArgumentParser(prog="python -m portal.serve")
    parser.add_argument("--port", default="8501")
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--proxy", action="append", default=[], metavar="ADDRESS")
    tx = texts.of(cli.language())
    try:
        settings = from_environment()  # a wrong value is told here, not in the trace of a page
        told = parser.parse_args(argv)
        listening = listen(told.port, told.host, behind_proxy=bool(told.proxy))
        logs.to_stderr()
        EvidenceStore(settings.store_url).check()
        provider = sign_in_settings.provider(settings, settings.public_url)
        if provider is not None:
            provider.check()
    except Refusal as refused:
        print(tx.refusal(refused), file=sys.stderr)
        return 1
    host = "localhost" if told.host == HOST else told.host
    address = f"http://{host}:{listening.getsockname()[1]}"
    print(tx("cli.serve.running", address=address), flush=True)
    server = leaving.Server(config("streamlit_app:app", told.proxy))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    return 0 if server.started else 1


def listen(port: str, host: str = HOST, *, behind_proxy: bool = False) -> socket.socket:
    """The `port` of this machine's address `host`, taken; `PortBusy`, `PortInvalid`. Behind a proxy nobody is
    let in before uvicorn is ready: the proxy hears at once that another replica has to answer.
    """
    if not re.fullmatch("[0-9]{1,5}", port, re.ASCII):
        raise PortInvalid(port=port)
    # Said to be TCP, or asyncio leaves Nagle's wait on: the second write to a visitor waits for 40 ms.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a restart waits for old connections
    try:
        found.bind((host, int(port)))
        if not behind_proxy:
            found.listen()
    except (OSError, OverflowError) as error:
        found.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortBusy(port=port) from None
        raise PortInvalid(port=port) from None
    return found


def config(target: Any, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """How `target` (module:app) is served behind `proxies` (addresses, networks). uvicorn, not `streamlit
    run`: it sets TCP_NODELAY, 40 ms less on every click.
    """
    return uvicorn.Config(
        target,
        ws=corked.Protocol,
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        # Where nobody stands in front, a visitor who sends X-Forwarded-For would choose the address that
        # tries of proof are counted by.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
