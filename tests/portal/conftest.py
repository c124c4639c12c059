"""The web process without Streamlit's server: our routes and middleware around a stand-in for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from core.adapters.clock import DemoClock
from core.adapters.tables import customers
from portal import gate, session, web
from tests.portal.visitor import HOST, Visitor
from tests.shop import Shop, open_shop


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(sqlite_url, tmp_path / "evidence")
    opened.app.hosts = frozenset({HOST})
    session.use(opened.app)
    yield opened
    session.use(None)


@pytest.fixture
def demo(shop: Shop) -> Shop:
    """The same shop in demo mode, with a person to be and a clock that can be moved."""
    shop.app.demo = True
    shop.app.clock = DemoClock(shop.app.engine)
    with shop.app.begin() as conn:
        conn.execute(insert(customers).values(id="lin-xiao", name="林晓", created_at=shop.app.now()))
    session.use(shop.app)
    return shop


async def streamlit(request: Request) -> PlainTextResponse:
    """Stands where Streamlit would answer."""
    body = await request.body()
    headers = {"Access-Control-Allow-Origin": "http://localhost:8501"}  # as its uploads do
    return PlainTextResponse(f"streamlit {len(body)}", headers=headers)


@pytest.fixture
def browser(shop: Shop) -> Visitor:
    return Visitor(
        Starlette(
            routes=[
                *web.routes(),
                Route("/{path:path}", streamlit, methods=["GET", "PUT", "POST", "DELETE"]),
            ],
            middleware=gate.middleware(),
        )
    )
