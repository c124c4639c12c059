"""`make run`: the port is ours before the address is told, and nobody chooses the address they come from."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from portal import serve
from tests.buckets import Bucket

ROOT = Path(__file__).parents[2]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portal.serve", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(("language", "says"), [("zh_CN", "已被别的程序占用"), ("en", "is in use by")])
def test_a_busy_port_is_told_before_any_address(language: str, says: str) -> None:
    with socket.socket() as other:
        other.bind((serve.HOST, 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run("--port", port, REFUND_LANG=language)
    assert done.returncode == 1 and done.stdout == ""
    assert says in done.stderr and port in done.stderr and "make run PORT=" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["99999", "８６００", "-1", "http"])
def test_what_is_no_port_is_told(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main([f"--port={port}"]) == 1
    told = capsys.readouterr()
    assert told.out == "" and port in told.err and told.err.count("\n") == 1


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_key_that_is_wrong_or_missing_is_told_by_its_name(
    language: str,
    variable: str,
    bucket: Bucket,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Invariant 20: by its name, never by what it holds."""
    monkeypatch.setenv("REFUND_LANG", language)
    monkeypatch.setenv("REFUND_STORE_URL", bucket.url)
    for value in ("wrongwrongwrong", ""):
        monkeypatch.setenv(variable, value)
        assert serve.main(["--port=0"]) == 1
        told = capsys.readouterr()
        assert told.out == "" and variable in told.err
        for secret in ("wrongwrongwrong", bucket.s3.secret, bucket.s3.key):
            assert secret not in told.err


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_wrong_setting_is_told_before_any_address(
    language: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUND_LANG", language)
    monkeypatch.setenv("REFUND_DEMO", "2")
    assert serve.main(["--port=0"]) == 1
    told = capsys.readouterr()
    assert told.out == "" and "REFUND_DEMO" in told.err and "1, 0" in told.err and told.err.count("\n") == 1


async def _whose_address(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["client"][0].encode()})


def _address_that_counts(proxies: list[str]) -> str:
    """Of a visitor from this machine who says that it is 6.6.6.6."""
    listening = serve.listen("0")
    server = uvicorn.Server(serve.config(_whose_address, proxies))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        port = listening.getsockname()[1]
        asked = urllib.request.Request(f"http://{serve.HOST}:{port}/", headers={"X-Forwarded-For": "6.6.6.6"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return str(answer.read().decode())
    finally:
        server.should_exit = True
        thread.join()


def test_a_visitor_cannot_choose_the_address_that_tries_are_counted_by() -> None:
    assert _address_that_counts([]) == _address_that_counts(["10.9.8.7"]) == serve.HOST


def test_the_proxy_in_front_says_where_visitors_come_from() -> None:
    assert _address_that_counts([serve.HOST]) == "6.6.6.6"


def test_behind_a_proxy_nobody_waits_for_a_replica_that_is_starting() -> None:
    """The proxy is refused and asks another one; alone, a visitor waits the seconds until it is up."""
    for behind_proxy in (True, False):
        listening = serve.listen("0", behind_proxy=behind_proxy)
        try:
            socket.create_connection(listening.getsockname(), timeout=5).close()
            assert not behind_proxy
        except ConnectionRefusedError:
            assert behind_proxy
        finally:
            listening.close()


def test_make_run_serves_this_way() -> None:
    recipe = re.search(r"^run:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None and "-m portal.serve --port $(PORT)" in recipe[1] and "uvicorn" not in recipe[1]


def test_nothing_that_is_sent_waits_for_an_answer() -> None:
    """Nagle's algorithm holds a second write back until the first one is acknowledged, 40 ms later."""

    async def run() -> int:
        at = asyncio.get_running_loop()
        came: asyncio.Future[asyncio.BaseTransport] = at.create_future()

        class Line(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                came.set_result(transport)

        listening = serve.listen("0")
        server = await at.create_server(Line, sock=listening)
        _, writer = await asyncio.open_connection(*listening.getsockname())
        line = (await came).get_extra_info("socket")
        told: int = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        server.close()
        return told

    assert asyncio.run(run())
