"""What routes share: whose request it is, the cookie that says so, the way back, and other sites kept out."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.domain.actors import Actor
from core.services import identity
from portal import session
from portal.places import PATHS

_SITES: Final = (None, "same-origin", "none")


def local_path(to: str, default: str = "/") -> str:
    """`to` when it is a plain path on this server, else `default`: no link sends anybody elsewhere."""
    if not to.startswith("/") or to.startswith("//") or len(to) > 1000 or "\\" in to:
        return default
    if any(ord(letter) < 0x21 or ord(letter) == 0x7F for letter in to):
        return default
    parts = urlsplit(to)
    return default if parts.scheme or parts.netloc or parts.path.startswith("//") else to


def came_from(request: Request, default: str = "") -> str:
    """The asked-for path, else the page that the visitor came from."""
    asked = request.query_params.get("to")
    if asked is None:
        came = urlsplit(request.headers.get("referer", ""))
        here = came.netloc == request.url.netloc and came.path in PATHS
        asked = (
            default or (f"{came.path}?{came.query}" if came.query else came.path) if here or default else "/"
        )
    return local_path(asked)


def go(request: Request, default: str = "") -> Response:
    return RedirectResponse(came_from(request, default), status_code=303)


def same_site(request: Request) -> None:
    """Refuse what another site sends in our visitor's name."""
    origin = request.headers.get("origin")
    told = urlsplit(origin) if origin else None
    is_ours = told is None or (
        told.netloc == request.url.netloc and (told.scheme == "https" or not session.is_https())
    )
    if request.headers.get("sec-fetch-site") not in _SITES or not is_ours:
        raise HTTPException(403)


def token(request: Request) -> str | None:
    return request.cookies.get(session.token_cookie())


def visitor(request: Request) -> Actor | None:
    held = token(request)
    return identity.who(session.core(), held) if held else None


def end(request: Request) -> None:
    held = token(request)
    if held:
        identity.end_session(session.core(), held)


def with_token(request: Request, answer: Response, token: str) -> Response:
    """The cookie goes with the browser; how long the session lasts is written in the database."""
    answer.set_cookie(session.token_cookie(), token, httponly=True, samesite="lax", secure=is_secure(request))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def signed_out(request: Request) -> Response:
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(session.token_cookie(), secure=is_secure(request), httponly=True)
    answer.headers["Clear-Site-Data"] = '"storage"'  # words begun and not sent, which the tab keeps
    return answer


def is_secure(request: Request) -> bool:
    """Whether visitors come by https; a proxy that ends it may not say so."""
    return request.url.scheme == "https" or session.is_https()
