"""An S3 server on this machine (moto, which checks keys and signatures), and a gate before it that can be
told to answer badly.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.request import Request, urlopen

REGION = "us-east-1"
_ALL_OF_S3 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


@dataclass
class S3:
    """The server at `port`, and the only key it accepts."""

    port: int
    key: str
    secret: str
    numbers: Iterator[int] = field(default_factory=count)

    def backend(self) -> Any:
        """Its own books: buckets and what is in them."""
        from moto.core import DEFAULT_ACCOUNT_ID  # type: ignore[attr-defined]
        from moto.s3.models import s3_backends

        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


@contextmanager
def s3_server() -> Iterator[S3]:
    """Some seconds to load: one for all tests of a process."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        yield S3(port, *_only_key(f"http://127.0.0.1:{port}"))
    finally:
        server.stop()


def _only_key(address: str) -> tuple[str, str]:
    """Made while anybody may do anything; from here on only who signs with it."""
    import boto3  # type: ignore[import-untyped]

    iam = boto3.client(
        "iam", endpoint_url=address, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    iam.create_user(UserName="portal")
    iam.put_user_policy(UserName="portal", PolicyName="s3", PolicyDocument=json.dumps(_ALL_OF_S3))
    made = iam.create_access_key(UserName="portal")["AccessKey"]
    asked = Request(f"{address}/moto-api/reset-auth", b"0", {"content-type": "text/plain"}, method="POST")
    urlopen(asked, timeout=10).close()
    return made["AccessKeyId"], made["SecretAccessKey"]


@dataclass
class Bucket:
    """A bucket behind a gate. What the gate does instead of passing a request on: `fault` to every one, those
    of `faults` to the next ones: a status, `hang`, `hang_up`, or `half` of what was asked for.
    """

    s3: S3
    name: str
    port: int = 0
    fault: str = ""
    faults: deque[str] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"s3://{self.name}/some/prefix"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.s3.key,
            "AWS_SECRET_ACCESS_KEY": self.s3.secret,
        }

    def names(self) -> list[str]:
        """What lies in it, by the server's own books."""
        return sorted(name.removeprefix("some/prefix/") for name in self.s3.backend().buckets[self.name].keys)

    def make_older(self, name: str, by: timedelta) -> None:
        self.s3.backend().buckets[self.name].keys[f"some/prefix/{name}"].last_modified -= by


@contextmanager
def gated(s3: S3) -> Iterator[Bucket]:
    """An empty bucket behind its gate."""
    bucket = Bucket(s3, f"pictures-{next(s3.numbers)}")
    s3.backend().create_bucket(bucket.name, REGION)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _gate(bucket))
    server.daemon_threads = True
    bucket.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield bucket
    finally:
        bucket.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _gate(bucket: Bucket) -> type[BaseHTTPRequestHandler]:
    class Gate(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:  # who asked has gone
                self.close_connection = True

        def do_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            bucket.asked.append(f"{self.command} {self.path}")
            fault = bucket.faults.popleft() if bucket.faults else bucket.fault
            if fault == "hang":
                bucket.over.wait()
            if fault in ("hang", "hang_up"):
                self.close_connection = True
            elif fault.isdigit():
                self.answer(int(fault), {}, b"")
            else:
                self.pass_on(body, half=fault == "half")

        def pass_on(self, body: bytes, *, half: bool) -> None:
            line = HTTPConnection("127.0.0.1", bucket.s3.port, timeout=30)
            line.request(self.command, self.path, body, dict(self.headers))
            answer = line.getresponse()
            data = answer.read()
            given = {name: value for name, value in answer.getheaders() if name.lower() not in _HOPS}
            line.close()
            self.answer(answer.status, given, data, half=half)

        def answer(self, status: int, headers: dict[str, str], data: bytes, *, half: bool = False) -> None:
            self.send_response_only(status)
            length = headers.pop("content-length", headers.pop("Content-Length", None))
            size = int(length) if self.command == "HEAD" and length else len(data)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(size))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if half else data)
            self.close_connection = half

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_any

        def log_message(self, *_: object) -> None:
            pass

    return Gate


_HOPS = ("connection", "transfer-encoding", "date", "server")
