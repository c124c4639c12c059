"""The door to the identity provider and back: what the browser holds meanwhile, and what it is told."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Final
from urllib.parse import parse_qs, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from core.adapters.sign_in_settings import CALLBACK
from core.domain.errors import (
    AccountDiffers,
    ProviderSilent,
    Refusal,
    SecondFactorNeeded,
    SignInFailed,
    TooManySignIns,
)
from core.services import identity, sign_in
from core.services.sign_in import Begun
from portal import answers, places, session

BEGUN_COOKIE: Final = "refund_begun"
# What a page may say of a sign-in that came to nothing, by the code in its address.
TOLD: Final = {
    refused.code: refused
    for refused in (SignInFailed, SecondFactorNeeded, AccountDiffers, ProviderSilent, TooManySignIns)
}


def routes() -> list[Route]:
    return [
        Route("/session/login", login),
        Route(CALLBACK, callback),
        Route("/session/end-all", end_all, methods=["POST"]),
        Route("/session/backchannel", backchannel, methods=["POST"]),
    ]


def login(request: Request) -> Response:
    """To the provider. `as=staff`: with a second factor; `again=1`: though signed in there."""
    app, asked = session.core(), request.query_params
    if app.provider is None:
        raise HTTPException(404)
    to = answers.came_from(request)
    try:
        address, begun = sign_in.begin(
            app, as_staff=asked.get("as") == "staff", again=asked.get("again") == "1"
        )
    except (ProviderSilent, SignInFailed) as refused:
        return _told(refused, to)
    answer = RedirectResponse(address, status_code=303)
    answer.set_cookie(
        session.cookie(BEGUN_COOKIE), _packed(begun, to), max_age=sign_in.MINUTES * 60, httponly=True,
        samesite="lax", secure=answers.is_secure(request),
    )  # fmt: skip
    return _unkept(answer)


def callback(request: Request) -> Response:
    """Back from the provider: a new session, whatever this browser held before; or words why not."""
    app, asked = session.core(), request.query_params
    # A browser comes here as a whole, from the provider; nobody's picture, frame or script does.
    if app.provider is None or request.headers.get("sec-fetch-dest", "document") != "document":
        raise HTTPException(404)
    if "origin" in request.headers:
        raise HTTPException(403)
    begun, to = _unpacked(request.cookies.get(session.cookie(BEGUN_COOKIE), ""))
    try:
        token, role = sign_in.finish(
            app,
            begun,
            state=asked.get("state", ""),
            code=asked.get("code", ""),
            address=request.client.host if request.client else "",
            issuer=asked.get("iss"),
            denied=asked.get("error", ""),
        )
    except Refusal as refused:
        answer = _told(refused, to)
    else:
        answers.end(request)
        home = places.home(role).path
        answer = RedirectResponse(home if to == "/" else to, status_code=303)
        answers.with_token(request, answer, token)
    answer.delete_cookie(session.cookie(BEGUN_COOKIE), secure=answers.is_secure(request), httponly=True)
    return _unkept(answer)


def end_all(request: Request) -> Response:
    """Sign out on every device."""
    answers.same_site(request)
    found = answers.visitor(request)
    if found is not None:
        identity.end_all(session.core(), found)
    answers.end(request)
    return answers.signed_out(request)


async def backchannel(request: Request) -> Response:
    """From the provider itself, not from a browser: what it signed says whom it signs out."""
    app = session.core()
    if app.provider is None:
        raise HTTPException(404)
    form = parse_qs((await request.body()).decode("ascii", "replace"))
    try:
        await asyncio.to_thread(sign_in.hear_sign_out, app, form.get("logout_token", [""])[0])
    except ProviderSilent:
        return _unkept(PlainTextResponse("not heard", status_code=503))
    except Refusal:
        return _unkept(PlainTextResponse("not heard", status_code=400))
    return _unkept(PlainTextResponse("heard"))


def _told(refused: Refusal, to: str) -> Response:
    why = refused.code if refused.code in TOLD else SignInFailed.code
    return _unkept(
        RedirectResponse(f"/?{urlencode({'view': 'sign_in', 'why': why, 'to': to})}", status_code=303)
    )


def _unkept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"  # the code in the address stays here
    return answer


def _packed(begun: Begun, to: str) -> str:
    told = json.dumps([begun.state, begun.nonce, begun.verifier, to])
    return base64.urlsafe_b64encode(told.encode()).decode()


def _unpacked(held: str) -> tuple[Begun | None, str]:
    """What `_packed` made; whatever else a cookie holds is nothing."""
    try:
        told = json.loads(base64.urlsafe_b64decode(held)) if len(held) < 4000 else None
    except ValueError:
        told = None
    if not isinstance(told, list) or len(told) != 4 or not all(isinstance(each, str) for each in told):
        return None, "/"
    state, nonce, verifier, to = told
    whole = all(len(each) >= 43 for each in (state, nonce, verifier))
    return (Begun(state, nonce, verifier) if whole else None), answers.local_path(to)
