"""Around every HTTP answer: security headers, our own first file for pages, a limit on what is uploaded."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import structlog
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime

from core import logs
from core.adapters import database
from core.domain.hosts import name_of
from core.services import identity
from portal import handshake, leaving, metrics, pagefile, session, whose
from portal.places import PATHS

_LOG = structlog.get_logger(__name__)
UPLOAD_LIMIT: Final = 11 * 1024 * 1024  # a little above the widget's 10 MB: the envelope of a multipart body
HOOK_LIMIT: Final = 256 * 1024  # of what payment channels tell: a whole event of Stripe's
FORM_LIMIT: Final = 16 * 1024  # of every other body: our forms hold a token or a word
_REQUEST_ID: Final = re.compile("[A-Za-z0-9-]{8,64}", re.ASCII)
# Asked by whatever watches over processes, by their address: a word each, and figures for a token.
ANY_HOST: Final = ("/healthz", "/readyz", "/metrics")
UPLOADS: Final = "/_stcore/upload_file/"
_PROTOCOLS: Final = b"sec-websocket-protocol"  # Streamlit's three: its name, a token, the page to go on with
# What one visitor may send in files, in a time: Streamlit keeps each in memory until its session ends.
ALLOWANCE: Final = 120 * 1024 * 1024
ALLOWANCE_SECONDS: Final = 600

_RETRY_SECONDS: Final = "5"  # after a moment without the database

# Streamlit writes inline styles, runs inline scripts, and its charts compile expressions; all that is loaded
# is ours.
CSP: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' "
    "'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; worker-src "
    "'self' blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# What Streamlit's browser side asks first. No page may steer ours from outside, and its dialogs about a lost
# connection, in English, stay away: styles/shell.css says it in the visitor's language.
HOST_CONFIG: Final[dict[str, Any]] = {
    "allowedOrigins": [],
    "useExternalAuthToken": False,
    "enableCustomParentMessages": False,
    "enforceDownloadInNewTab": False,
    "metricsUrl": "",
    "blockErrorDialogs": True,
    "resourceCrossOriginMode": None,
}
HEADERS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=(), payment=()"),
)
# Where customers come by https, their browsers do not come otherwise again.
HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_CROSS: Final = b"access-control-"
# What Streamlit hands out from its memory was made for one visitor.
_UNKEPT: Final = (b"cache-control", b"private, no-store")


def middleware() -> list[Middleware]:
    return [Middleware(Frame)]


class Frame:
    """Around every answer: security headers; our own first file for pages; a limit on what is uploaded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._meters: dict[str, _Meter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not (_is_asked_by_name(scope) and _same_origin(scope)):
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "websocket":
            metrics.opened(1)
            try:
                await leaving.lines.serve(self.app, _resumed(scope), receive, handshake.without_paths(send))
            finally:
                metrics.opened(-1)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _request_id(scope)
        logs.begin(request=request)
        began, status = time.perf_counter(), 500
        has_begun = False

        async def with_headers(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                given = {name.lower() for name, _ in message["headers"]}
                ours = [*HEADERS, *([HSTS] if session.is_https() else [])]
                ours += [_UNKEPT] if scope["path"].startswith("/media/") else []
                message["headers"] = [
                    # Streamlit lets pages of its own address in, which is not ours; ours need no such word.
                    *(pair for pair in message["headers"] if not pair[0].lower().startswith(_CROSS)),
                    *(pair for pair in ours if pair[0] not in given),
                    (b"x-request-id", request.encode()),
                ]
            await send(message)

        try:
            await self._answer(scope, receive, with_headers)
        except Exception as error:
            if has_begun:  # half an answer is none: the server ends the connection
                raise
            # Left to the server it would have no headers of ours, be English, and end a connection on which
            # the next question may be on its way.
            await _accident(scope, error)(scope, receive, with_headers)
        finally:
            metrics.answered(scope["path"], scope["method"], status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, with_headers: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path not in ANY_HOST and not _is_asked_by_name(scope):
            answer = PlainTextResponse("This name is not in REFUND_HOSTS.", status_code=421)
            await answer(scope, receive, with_headers)
            return
        if method in ("GET", "HEAD"):
            page = _page(scope)
            if page is not None:
                await page(scope, receive, with_headers)
                return
        else:
            is_upload = path.startswith(UPLOADS)
            is_hook = path.startswith("/hooks/")
            limit = UPLOAD_LIMIT if is_upload else HOOK_LIMIT if is_hook else FORM_LIMIT
            length = _header(scope, b"content-length")
            if length.isdigit() and int(length) > limit:
                await PlainTextResponse("too large", status_code=413)(scope, receive, with_headers)
                return
            if is_upload and not _is_open_here(path):
                # nginx asks the next replica then (deploy/nginx/portal.conf).
                await PlainTextResponse("another replica", status_code=404)(scope, receive, with_headers)
                return
            if is_upload and not whose.is_theirs(_page_of(path), _cookie(scope, session.token_cookie())):
                await PlainTextResponse("no upload", status_code=403)(scope, receive, with_headers)
                return
            meter = None
            if is_upload and method in ("PUT", "POST"):
                meter = await self._meter(scope)
                if meter is None or not meter.has_room():
                    code = 403 if meter is None else 429
                    await PlainTextResponse("no upload", status_code=code)(scope, receive, with_headers)
                    return
            receive = _limited(receive, limit, meter)
        try:
            await self.app(scope, receive, with_headers)
        except _TooLarge:
            await PlainTextResponse("too large", status_code=413)(scope, receive, with_headers)

    async def _meter(self, scope: Scope) -> _Meter | None:
        """What this visitor has sent lately; None for who has no session or comes from another site."""
        if not _same_origin(scope):
            return None
        token = _cookie(scope, session.token_cookie())
        if not token or await asyncio.to_thread(identity.who, session.core(), token) is None:
            return None
        now = time.monotonic()
        self._meters = {key: meter for key, meter in self._meters.items() if not meter.is_over(now)}
        return self._meters.setdefault(token, _Meter(now))


def _is_open_here(path: str) -> bool:
    """Whether the page that a file is for is open in this process; `path` bears its session's id."""
    return not runtime.exists() or runtime.get_instance().is_active_session(_page_of(path))


def _page_of(path: str) -> str:
    return path.removeprefix(UPLOADS).partition("/")[0]


def _resumed(scope: Scope) -> Scope:
    """As it is, or without the number of the page to go on with, where that is another visitor's: Streamlit
    takes who knows it for whoever had it.
    """
    told = _header(scope, _PROTOCOLS).decode("latin-1")
    parts = [part.strip() for part in told.split(",")]
    if len(parts) < 3 or whose.is_theirs(parts[2], _cookie(scope, session.token_cookie())):
        return scope
    kept = [pair for pair in scope["headers"] if pair[0] != _PROTOCOLS]
    ours = ", ".join(parts[:2])
    return {
        **scope, "headers": [*kept, (_PROTOCOLS, ours.encode("latin-1"))], "subprotocols": parts[:2]
    }  # fmt: skip


@dataclass
class _Meter:
    """Bytes of one visitor's files since `began`."""

    began: float
    sent: int = 0

    def is_over(self, now: float) -> bool:
        return now - self.began > ALLOWANCE_SECONDS

    def has_room(self) -> bool:
        return self.sent < ALLOWANCE


class _TooLarge(Exception):
    pass


def _limited(receive: Receive, limit: int, meter: _Meter | None) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        size = len(message.get("body", b""))
        seen += size
        if meter is not None:
            meter.sent += size
        if seen > limit:
            raise _TooLarge
        return message

    return counted


def _is_asked_by_name(scope: Scope) -> bool:
    """Whether the one `Host` is ours. What a proxy forwards in other headers is not looked at."""
    told = [value for key, value in scope["headers"] if key == b"host"]
    return len(told) == 1 and name_of(told[0].decode("latin-1")) in session.core().hosts


def _same_origin(scope: Scope) -> bool:
    """Whether a page of ours sent this: the browser's word, compared with the host that was asked.

    Streamlit itself lets in every page of this machine, whatever its port; cookies know no ports either.
    """
    origin, host = (_header(scope, name).decode("latin-1") for name in (b"origin", b"host"))
    if not origin:
        return True
    told = urlsplit(origin)
    return told.netloc == host and (told.scheme == "https" or not session.is_https())


_NOT_PAGES: Final = (
    "/_stcore",
    "/media",
    "/component",
    "/static",
    "/session/",
    "/files/",
    "/assets/",
    "/hooks/",
)


def _page(scope: MutableMapping[str, Any]) -> Response | None:
    """Our first file for a page's address; a real 404 for an address that is neither a page nor a file."""
    path: str = scope["path"]
    if path.startswith("/_stcore/metrics"):  # how many are here and how long they wait is not for visitors
        return PlainTextResponse("Not Found", 404)
    if path == "/_stcore/host-config":
        return JSONResponse(HOST_CONFIG, headers={"Cache-Control": "no-cache"})
    known = path in PATHS
    if not known and (
        "." in path or path.startswith(_NOT_PAGES) or b"text/html" not in _header(scope, b"accept")
    ):
        return None
    if not known and (path in ("/healthz", "/readyz", "/metrics") or (len(path) > 1 and path.endswith("/"))):
        return None
    language = _language(scope)
    shop = session.core().shop_name
    body = pagefile.page(language, shop) if known else pagefile.not_found(language, shop)
    return _html(body, language, 200 if known else 404)


def _accident(scope: Scope, error: Exception) -> Response:
    """What is answered where a route broke: whose fault it is and a number to quote, never what broke."""
    number = logs.new_id()
    _LOG.error("accident", id=number, exc_info=error)
    code = 503 if database.is_away(error) else 500
    if b"text/html" in _header(scope, b"accept"):
        language = _language(scope)
        answer = _html(pagefile.broken(language, session.core().shop_name, number), language, code)
    else:
        answer = PlainTextResponse(f"failed: {number}", status_code=code)
    if code == 503:
        answer.headers["Retry-After"] = _RETRY_SECONDS
    return answer


def _html(body: bytes, language: str, code: int) -> Response:
    headers = {
        "Cache-Control": "no-cache",
        "Vary": "Cookie",
        "Content-Language": pagefile.HTML_LANG[language],
    }
    return Response(body, status_code=code, media_type="text/html", headers=headers)


def _request_id(scope: Scope) -> str:
    """As the proxy in front numbered it, so that its log and ours can be read together, else our own."""
    given = _header(scope, b"x-request-id").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else logs.new_id()


def _header(scope: MutableMapping[str, Any], name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def _cookie(scope: MutableMapping[str, Any], name: str) -> str | None:
    try:
        cookies = SimpleCookie(_header(scope, b"cookie").decode("latin-1"))
    except CookieError:
        return None
    return cookies[name].value if name in cookies else None


def _language(scope: MutableMapping[str, Any]) -> str:
    cookie = _cookie(scope, session.cookie(session.LANG_COOKIE))
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
    return session.choose_language(cookie, asked)
