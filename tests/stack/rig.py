"""The hosted shop on one machine, without containers: web replicas behind nginx, workers, PostgreSQL, an S3
server. nginx runs the file that deploy/ ships; only addresses and the certificate are made here.
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import postgres
from tests.buckets import REGION, S3, s3_server
from tests.processes import ROOT, Processes, free_port, nursery
from tests.stack.certificate import made

SHIPPED = ROOT / "deploy" / "nginx"
HOST = "127.0.0.1"
NGINX = "nginx"
SPARE = "spare"  # a replica that nginx knows and that runs while a new version comes only
BUCKET = "evidence"
FOUND_AGAIN = "max_fails=0"  # as deploy/ ships it
START_SECONDS = 240  # all at once, cold, on a machine that is busy with other tests
# What was committed must be there after a restart, as in any database that keeps money.
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
MAIN = """
# The least that lets deploy/nginx/portal.conf run as anybody.
daemon off;
master_process off;  # one process: what kills it leaves nothing behind
error_log stderr warn;
pid nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    include {shipped}/portal.conf;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
}}
"""

TEMPORARY = ("body", "proxy", "fastcgi", "uwsgi", "scgi")


class Missing(Exception):
    """No nginx is installed."""


@dataclass
class Stack(Processes):
    """Processes by name: `web0` …, `worker0` …, `nginx`. `address` is where customers come in."""

    server: postgres.Postgres = field(kw_only=True)
    s3: S3 = field(kw_only=True)
    port: int = field(default_factory=free_port)
    plain_port: int = field(default_factory=free_port)
    ports: dict[str, int] = field(default_factory=dict)  # of each web replica

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.folder / "nginx" / "portal" / "fullchain.pem"

    def trust(self) -> ssl.SSLContext:
        """Of a visitor: believes this certificate and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))

    @property
    def webs(self) -> list[str]:
        return [name for name in self.commands if name.startswith("web")]

    @property
    def workers(self) -> list[str]:
        return [name for name in self.commands if name.startswith("worker")]

    # --- making ------------------------------------------------------------------------------------------

    def make(self, webs: int, workers: int, demo_orders: int) -> None:
        """Settings, a database with the demo's orders, an empty bucket, nginx's folder. Starts nothing."""
        self.url = self.server.url(self.server.create())
        self.s3.backend().create_bucket(BUCKET, REGION)
        self.environment = {
            "REFUND_DATABASE_URL": self.url,
            "REFUND_STORE_URL": f"s3://{BUCKET}/shop",
            "REFUND_PUBLIC_URL": self.address,
            "REFUND_DEMO": "1",
            "REFUND_READING": "0",
            "AWS_ENDPOINT_URL": f"http://{HOST}:{self.s3.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.s3.key,
            "AWS_SECRET_ACCESS_KEY": self.s3.secret,
        }
        self.ports = {name: free_port() for name in [*(f"web{number}" for number in range(webs)), SPARE]}
        self.commands |= {name: self._serve(name) for name in self.ports if name != SPARE}
        self.commands |= {f"worker{number}": ["core", "worker"] for number in range(workers)}
        self.commands[NGINX] = [nginx(), *self._lay_out_nginx()]
        self.core("init", "--demo", str(demo_orders))

    def _serve(self, name: str) -> list[str]:
        return ["portal.serve", "--port", str(self.ports[name]), "--proxy", HOST]

    def _lay_out_nginx(self) -> list[str]:
        """Its folder, and the words it is started with."""
        home = self.folder / "nginx"
        parts = home / "portal"
        parts.mkdir(parents=True)
        for part in TEMPORARY:
            (home / part).mkdir()
        certificate, key = made(HOST)
        self.certificate.write_bytes(certificate)
        (parts / "privkey.pem").write_bytes(key)
        (parts / "privkey.pem").chmod(0o600)
        replicas = [f"server {HOST}:{port} {FOUND_AGAIN};" for port in self.ports.values()]
        (parts / "replicas.conf").write_text("\n".join(replicas))
        (parts / "address.conf").write_text(
            f"listen {HOST}:{self.port} ssl http2;\nserver_name {HOST};\n"
            f"ssl_certificate {parts}/fullchain.pem;\nssl_certificate_key {parts}/privkey.pem;\n"
        )
        (parts / "plain.conf").write_text(f"listen {HOST}:{self.plain_port};\nserver_name {HOST};\n")
        (home / "nginx.conf").write_text(MAIN.format(shipped=SHIPPED))
        return ["-p", str(home), "-c", str(home / "nginx.conf"), "-e", "stderr"]

    def core(self, *words: str) -> Any:
        """The operator's command line, its answer as JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "core", *words, "--json"],
            cwd=ROOT, env={**os.environ, **self.environment}, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return json.loads(done.stdout)

    # --- running -----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Everything is started, and up."""
        self.adopt(self.server.process.pid)
        for name, command in self.commands.items():
            self.start(name, command)
        for name in self.commands:
            up = lambda name=name: self.is_up(name)  # noqa: E731
            self.wait_until(up, f"{name} is up", START_SECONDS)

    def is_up(self, name: str) -> bool:
        """A worker says so first of all; a replica is ready; nginx leads to one that is alive."""
        if self.is_gone(name):
            raise RuntimeError(f"{name} has ended: {self.logs[name].read_text()[-2000:]}")
        if name in self.ports:
            return _answers(f"http://{HOST}:{self.ports[name]}/readyz")
        if name == NGINX:
            return _answers(f"{self.address}/healthz", self.trust())
        return self.logs[name].stat().st_size > 0

    def start_again(self, name: str) -> None:
        """In the place of one that was killed or has ended."""
        self.kills += 1
        self.start(name, self.commands[name])
        self.wait_until(lambda: self.is_up(name), f"{name} is up")

    def restart(self, name: str) -> None:
        """As an operator does it."""
        self.ask_to_end(name)
        self.start_again(name)

    def roll(self) -> None:
        """A new version comes, as docs/deploy.md has it: a spare replica stands in, so that as many as ever
        serve; each in turn, the next one when this one is ready; then the workers.
        """
        self.start(SPARE, self._serve(SPARE))
        self.wait_until(lambda: self.is_up(SPARE), "the spare one is up")
        for name in self.webs:
            self.restart(name)
        self.ask_to_end(SPARE)
        for name in self.workers:
            self.restart(name)

    def restart_database(self) -> None:
        self.server.restart()
        self.adopt(self.server.process.pid)

    def stored(self) -> list[str]:
        """Names of what lies in the bucket, by the S3 server's own books."""
        return sorted(self.s3.backend().buckets[BUCKET].keys)


@contextmanager
def stack(
    folder: Path, *words: str, s3: S3 | None = None, webs: int = 2, workers: int = 2, demo_orders: int = 24
) -> Iterator[Stack]:
    """A shop that is up; none of its processes outlives it. `words`: the nursery's; `s3`: a server that is
    there already, one a process. `Missing`, `postgres.Missing`.
    """
    nginx()
    with ExitStack() as opened:
        server = opened.enter_context(postgres.private_postgres(None, *DURABLE))
        s3 = s3 or opened.enter_context(s3_server())
        found = Stack(folder, opened.enter_context(nursery(*words)), server=server, s3=s3)
        found.make(webs, workers, demo_orders)
        found.open()
        yield found


def nginx() -> str:
    """Debian keeps it where only root's path leads."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Missing("nginx is not installed (Debian: apt-get install nginx).")
    return found


def _answers(address: str, trust: ssl.SSLContext | None = None) -> bool:
    with suppress(OSError), urllib.request.urlopen(address, timeout=5, context=trust) as answer:
        return bool(answer.status == 200)
    return False
