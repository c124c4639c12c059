"""Files of finance: the ledger of some days, and the differences of a bill or of all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse

from core import texts
from core.adapters import exports
from core.domain.actors import Actor
from core.domain.errors import PeriodInvalid
from core.services import finance, reconciliation
from portal import answers, session

_KINDS: Final = ("csv", "parquet")
_HEADERS: Final = {"Cache-Control": "private, no-store"}


def ledger_file(request: Request) -> Response:
    """`/files/ledger.csv?from=2026-11-01&to=2026-11-30`, or `.parquet`."""
    actor, kind = _finance(request)
    first, last = (_day(request.query_params.get(name, "")) for name in ("from", "to"))
    try:
        rows = finance.entries(session.core(), actor, first, last)
    except PeriodInvalid as refused:
        language = session.choose_language(request.cookies.get(session.cookie(session.LANG_COOKIE)), None)
        return PlainTextResponse(texts.of(language).refusal(refused), status_code=400, headers=_HEADERS)
    return _file(f"ledger-{first:%Y%m%d}-{last:%Y%m%d}", kind, finance.COLUMNS, rows)


def differences_file(request: Request) -> Response:
    """`/files/differences.csv`, with `?bill=3` those that one bill shows."""
    actor, kind = _finance(request)
    asked = request.query_params.get("bill", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 16):
        raise HTTPException(404)
    rows = reconciliation.rows(session.core(), actor, int(asked) if asked else None)
    return _file(f"differences-{asked}" if asked else "differences", kind, reconciliation.COLUMNS, rows)


def _finance(request: Request) -> tuple[Actor, str]:
    """Who asks, and for which kind of file; nobody else learns that there is one."""
    actor = answers.visitor(request)
    kind = request.path_params["kind"]
    if actor is None or actor.role not in finance.ROLES or kind not in _KINDS:
        raise HTTPException(404)
    return actor, kind


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HTTPException(404) from None


def _file(name: str, kind: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    if kind == "csv":
        told = exports.as_csv(columns, rows)
        return StreamingResponse(told, media_type="text/csv; charset=utf-8", headers=headers)
    with tempfile.NamedTemporaryFile(suffix=".parquet", delete=False) as file:
        path = Path(file.name)
    exports.to_parquet(columns, rows, path)
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type="application/vnd.apache.parquet", headers=headers, background=gone)
