"""What a Prometheus reads at `/metrics`: this process's requests and reruns, and the house as its database
has it. Nothing here names a customer, an order or a case.

Only for whoever holds the token: behind a proxy on the same machine every stranger comes from loopback, so
an address proves nothing. Without a token in the settings there is no such route.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.services import health
from core.services.health import KEPT_SECONDS, Seen
from portal import session
from portal.places import PATHS

_LOG = structlog.get_logger(__name__)
_ROOMS: Final = frozenset(
    {"_stcore", "assets", "component", "files", "hooks", "media", "session", "static", ".well-known"}
)
_Values = Iterable[tuple[tuple[str, ...], float]]
_ALONE: Final = frozenset({"/healthz", "/readyz", "/metrics", "/robots.txt"})

SLOW_SECONDS: Final = 1.0  # told in the log

REGISTRY: Final = CollectorRegistry()
_REQUESTS: Final = Counter("refund_requests", "HTTP answers", ["room", "method", "status"], registry=REGISTRY)
_SECONDS: Final = Histogram(
    "refund_request_seconds",
    "From a request's first byte to its answer's last",
    ["room"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
_SOCKETS: Final = Gauge("refund_sockets", "Pages that are open in browsers", registry=REGISTRY)
_RERUNS: Final = Counter("refund_reruns", "Runs of a page", ["page"], registry=REGISTRY)
_RERUN_SECONDS: Final = Histogram(
    "refund_rerun_seconds",
    "A run of a page, from its first line to its last",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def room(path: str) -> str:
    """One of a few words for any address: strangers must not make labels."""
    if path in PATHS or path in _ALONE:
        return path
    first = path[1:].partition("/")[0]
    return f"/{first}/" if first in _ROOMS else "other"


def answered(path: str, method: str, status: int, seconds: float) -> None:
    where = room(path)
    if status >= 500 or seconds > SLOW_SECONDS or (method not in ("GET", "HEAD") and where != "/_stcore/"):
        _LOG.info("request", room=where, method=method, status=status, ms=round(seconds * 1000))
    _REQUESTS.labels(where, method if method in _METHODS else "other", str(status)).inc()
    _SECONDS.labels(where).observe(seconds)


def opened(by: int) -> None:
    """A browser's socket came (1) or went (-1)."""
    _SOCKETS.inc(by)


def reran(page: str, seconds: float) -> None:
    _RERUNS.labels(page).inc()
    _RERUN_SECONDS.observe(seconds)
    if seconds > SLOW_SECONDS:
        _LOG.warning("slow_rerun", ms=round(seconds * 1000))


def metrics(request: Request) -> Response:
    """`Authorization: Bearer <REFUND_METRICS_TOKEN>`; to everybody else it does not exist."""
    token = session.core().metrics_token
    told = request.headers.get("authorization", "")
    if not token or not hmac.compare_digest(told.encode(), f"Bearer {token}".encode()):
        return PlainTextResponse("Not Found", status_code=404)
    return Response(
        generate_latest(REGISTRY),
        headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"},
    )


class _House(Collector):
    """Read from the database when it is asked for, at most every `KEPT_SECONDS`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[float, object, Seen | None] | None = None

    def collect(self) -> Iterator[Metric]:
        app = session.core()
        with self._lock:
            kept = self._kept
            if kept is None or kept[1] is not app or time.monotonic() - kept[0] >= KEPT_SECONDS:
                kept = self._kept = (time.monotonic(), app, _seen())
        yield _one("refund_database_up", "Whether the database answers", float(kept[2] is not None))
        yield _one("refund_store_away", "Whether the evidence store failed lately", app.store.is_away())
        yield _one(
            "refund_calendar_published_through",
            "The last year whose working days are published",
            app.calendar.published_through,
        )
        if kept[2] is not None:
            yield from _of(kept[2], sorted({*app.channels, *kept[2].circuits}))


def _seen() -> Seen | None:
    try:
        return health.seen(session.core())
    except Exception as error:  # the rest of the answer says that the database is away
        _LOG.warning("metrics_without_database", problem=type(error).__name__)
        return None


def _of(found: Seen, channels: Iterable[str]) -> Iterator[Metric]:
    yield _many("refund_cases", "Cases", ["state"], [((s,), n) for s, n in found.cases.items()])
    yield _many("refund_payouts", "Payouts", ["channel", "state"], found.payouts.items())
    due = [((name,), waiting.count) for name, waiting in found.queues.items()]
    yield _many("refund_queue_due", "What is due and not done", ["queue"], due)
    ages = [((name,), waiting.seconds) for name, waiting in found.queues.items()]
    yield _many("refund_queue_age_seconds", "How long the oldest of it has been due", ["queue"], ages)
    circuits = {name: found.circuits.get(name, ("closed", 0)) for name in channels}
    opens = [((name,), float(state != "closed")) for name, (state, _) in circuits.items()]
    yield _many("refund_circuit_open", "Channels that are left alone", ["channel"], opens)
    failures = [((name,), count) for name, (_, count) in circuits.items()]
    yield _many("refund_circuit_failures", "Calls in a row that came to nothing", ["channel"], failures)
    yield _one("refund_workers", "Workers that were heard lately", found.workers)
    if found.beat is not None:
        age = (found.at - found.beat).total_seconds()
        yield _one("refund_worker_beat_age_seconds", "Since any worker was heard", max(0.0, age))
    if found.audited is not None:
        age = (found.at - found.audited.at).total_seconds()
        yield _one("refund_audit_age_seconds", "Since the last audit", max(0.0, age))
        yield _one("refund_audit_findings", "What the last audit found", found.audited.findings)


def _one(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _many(name: str, says: str, labels: list[str], values: _Values) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for key, value in sorted(values):
        family.add_metric(list(key), value)
    return family


REGISTRY.register(_House())
