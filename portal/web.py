"""What answers without Streamlit's script: cookies, evidence and export files, health, the demo's clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, quote

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core import texts
from core.adapters.channels import NoticeRefused
from core.domain.actors import Actor
from core.domain.errors import NotFound, Refusal, StoreUnavailable
from core.domain.workdays import ZONE
from core.services import cases, certificates, contacts, evidence, hearing, identity, links
from portal import answers, exports, metrics, places, session, signing_in, style
from portal.blocks import open_cases, record_table, rules_text

_LOG = structlog.get_logger(__name__)
_MONTH: Final = 30 * 24 * 3600
_SECURITY_TXT_HOLDS: Final = timedelta(days=180)  # read anew long before: it is made at each question
_ANY: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
MOVES: Final = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "3d": timedelta(days=3)}


# ---- routes -----------------------------------------------------------------------------------------------


def routes() -> list[Route]:
    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics.metrics),
        Route("/robots.txt", robots),
        Route("/session/demo", enter_demo),
        Route("/session/open", keep_session, methods=["POST"]),
        Route("/session/end", end_session, methods=["POST"]),
        Route("/session/lang", choose_language),
        Route("/session/clock", move_clock, methods=["POST"]),
        *signing_in.routes(),
        Route("/files/evidence/{link}", evidence_file),
        Route("/files/records.csv", records_file),
        Route("/files/ledger.{kind}", exports.ledger_file),
        Route("/files/differences.{kind}", exports.differences_file),
        Route("/files/certificate/{name}", certificate_file),
        Route("/.well-known/jwks.json", public_keys),
        Route("/.well-known/security.txt", security_txt),
        Route("/hooks/{channel}", channel_notice, methods=["POST"]),
        *(Route(asset.path, asset_file) for asset in style.assets()),
        # Whatever else stands below these is nothing: Streamlit would answer with a page.
        *(
            Route(f"/{room}/{{rest:path}}", nothing, methods=_ANY)
            for room in ("session", "files", "assets", "hooks")
        ),
    ]


async def healthz(request: Request) -> Response:
    return PlainTextResponse("ok")


def readyz(request: Request) -> Response:
    """503 when this process cannot serve. `?all`: also when the store is away or no worker is heard, which
    keeps no customer from reading, asking and being told.
    """
    closed, amiss = session.watch().look()
    everything = [*closed, *amiss]
    if everything:
        _LOG.warning("not_ready" if closed else "amiss", problems=everything)
    if closed or (amiss and "all" in request.query_params):
        return PlainTextResponse(f"not ready: {', '.join(everything)}", status_code=503)
    return PlainTextResponse(f"ready, without: {', '.join(amiss)}" if amiss else "ready")


async def robots(request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nAllow: /help\nDisallow: /\n")


async def security_txt(request: Request) -> Response:
    """Where to report a weakness (RFC 9116): the shop's contact, if it is an address."""
    app = session.core()
    contact = rules_text.link_to(app.support)
    if not contact:
        return await nothing(request)
    until = datetime.now(UTC) + _SECURITY_TXT_HOLDS
    lines = [f"Contact: {contact}", f"Expires: {until:%Y-%m-%dT%H:00:00Z}", "Preferred-Languages: zh, en"]
    if app.public_url:
        lines.append(f"Canonical: {app.public_url.rstrip('/')}/.well-known/security.txt")
    return PlainTextResponse("\n".join(lines) + "\n")


async def nothing(request: Request) -> Response:
    return PlainTextResponse("Not Found", status_code=404)


async def asset_file(request: Request) -> Response:
    asset = next(asset for asset in style.assets() if asset.path == request.url.path)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"}
        )
    return Response(asset.body, media_type=asset.media_type, headers=headers)


def enter_demo(request: Request) -> Response:
    """Demo mode only: be this person of the demo shop."""
    app = session.core()
    wanted = request.query_params.get("as", "")
    person = next((person for person in session.people() if person.id == wanted), None)
    if not app.demo or person is None:
        raise HTTPException(404)
    answers.end(request)
    _remember_language(
        Actor(person.role, person.id), request.cookies.get(session.cookie(session.LANG_COOKIE))
    )
    answer = answers.go(request, default=places.home(person.role).path)
    return answers.with_token(request, answer, identity.open_session(app, person.role, person.id))


async def keep_session(request: Request) -> Response:
    """A page hands over the token it was given; from here on only the cookie holds it."""
    answers.same_site(request)
    token = (await request.body())[:256].decode("ascii", "replace")
    if await asyncio.to_thread(identity.who, session.core(), token) is None:
        return Response(status_code=404)
    await asyncio.to_thread(answers.end, request)
    return answers.with_token(request, Response(status_code=204), token)


def end_session(request: Request) -> Response:
    answers.same_site(request)
    answers.end(request)
    return answers.signed_out(request)


def choose_language(request: Request) -> Response:
    answer = answers.go(request)
    wanted = session.choose_language(request.query_params.get("lang"), None)
    answer.set_cookie(
        session.cookie(session.LANG_COOKIE),
        wanted,
        max_age=12 * _MONTH,
        httponly=True,
        samesite="lax",
        secure=answers.is_secure(request),
    )
    _remember_language(answers.visitor(request), wanted)
    return answer


def _remember_language(actor: Actor | None, chosen: str | None) -> None:
    """What the shop writes to them outside the portal is in the language they chose last in it."""
    if actor is not None and chosen in texts.LANGUAGES:
        contacts.set_language(session.core(), actor, chosen)


async def move_clock(request: Request) -> Response:
    """Demo mode only: move the shop's clock, then let everything happen that is due by then."""
    if not session.core().demo:
        raise HTTPException(404)
    answers.same_site(request)
    move = parse_qs((await request.body())[:200].decode("ascii", "replace")).get("move", [""])[0]
    if move not in (*MOVES, "reset"):
        raise HTTPException(404)
    answer = answers.go(request)
    renewed = await asyncio.to_thread(_move, move, answers.token(request))
    return answers.with_token(request, answer, renewed) if renewed else answer


def _move(move: str, token: str | None) -> str | None:
    """Move, work, and answer a new token when the visitor's own ran out on the way."""
    from core import worker

    app = session.core()
    actor = identity.who(app, token) if token else None
    clock = app.demo_clock()
    if move == "reset":
        clock.reset()
    else:
        clock.advance(MOVES[move])
    worker.run_until_idle(app)
    if actor is None or not token or identity.who(app, token) is not None:
        return None
    return identity.open_session(app, actor.role, actor.id, actor.order_no)


async def channel_notice(request: Request) -> Response:
    """A channel tells what became of a refund; it is thanked after the commit, so a lost one comes again."""
    body = await request.body()
    name, headers = request.path_params["channel"], dict(request.headers)
    try:
        heard = await asyncio.to_thread(hearing.hear, session.core(), name, headers, body)
    except NotFound as refused:
        raise HTTPException(404) from refused
    except NoticeRefused as refused:
        if refused.code == "other_kind":  # signed, and nothing that we wait for: it need not come again
            return PlainTextResponse(session.core().channels[name].thanks)
        return PlainTextResponse("not heard", status_code=400)
    return PlainTextResponse(heard.thanks)


def evidence_file(request: Request) -> Response:
    """A stored picture, by a link that is this visitor's own; never cached, never sniffed, never run."""
    app = session.core()
    actor = answers.visitor(request)
    if actor is None:
        raise HTTPException(404)
    try:
        evidence_id = links.opened(app, actor, request.path_params["link"])
        data, media_type = evidence.read(app, actor, evidence_id)
    except NotFound as refused:
        raise HTTPException(404) from refused
    except StoreUnavailable as refused:
        language = session.choose_language(request.cookies.get(session.cookie(session.LANG_COOKIE)), None)
        words = texts.of(language).refusal(refused)
        return PlainTextResponse(words, status_code=503, headers={"Retry-After": "60"})
    except Refusal as refused:
        raise HTTPException(403) from refused
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type=media_type, headers=headers)


def records_file(request: Request) -> Response:
    """The visitor's records as the page shows them, for a spreadsheet."""
    app = session.core()
    actor = answers.visitor(request)
    if actor is None or actor.role not in session.BUYERS:
        raise HTTPException(404)
    now = app.now()
    language = session.choose_language(request.cookies.get(session.cookie(session.LANG_COOKIE)), None)
    tx = texts.of(language)
    asked = request.query_params
    found = record_table.matching(
        open_cases.begun(cases.list_for(app, actor)),
        asked.get("status", "all"),
        asked.get("period", "all"),
        now,
    )
    name = f"{tx('records.file')}-{now.astimezone(ZONE):%Y%m%d}.csv"
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f"attachment; filename=\"refunds.csv\"; filename*=UTF-8''{quote(name)}",
    }
    reasons = {
        c.case_no: record_table.why(tx, cases.view(app, actor, c.case_no))
        for c in found
        if record_table.refused(c)
    }
    body = record_table.as_csv(tx, found, reasons, now=now)
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def certificate_file(request: Request) -> Response:
    """The certificate of a case of the visitor's, as `<case>.pdf` or `<case>.png`."""
    app = session.core()
    actor = answers.visitor(request)
    case_no, _, kind = request.path_params["name"].rpartition(".")
    if actor is None or kind not in ("pdf", "png"):
        raise HTTPException(404)
    try:
        issued = certificates.issue(app, actor, case_no)
    except NotFound as refused:
        raise HTTPException(404) from refused
    except Refusal as refused:
        raise HTTPException(403) from refused
    tx = texts.of(session.choose_language(request.cookies.get(session.cookie(session.LANG_COOKIE)), None))
    address = app.verify_address or f"{str(request.base_url).rstrip('/')}/verify"
    drawn = certificates.sheet(tx, issued, address)
    name = quote(f"{tx('certificate.title')}-{case_no}.{kind}")
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f"attachment; filename=\"certificate.{kind}\"; filename*=UTF-8''{name}",
    }
    body = certificates.pdf(drawn) if kind == "pdf" else certificates.png(drawn)
    return Response(body, media_type="application/pdf" if kind == "pdf" else "image/png", headers=headers)


def public_keys(request: Request) -> Response:
    """For whoever verifies certificates without us."""
    return JSONResponse(
        certificates.key_set(session.core()), headers={"Cache-Control": "public, max-age=3600"}
    )
