"""The life of the web process: what is built and warmed at its start, and the worker beside the pages."""

from __future__ import annotations

import asyncio
import gc
import importlib
import pkgutil
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import structlog

from core import cli, logs, starting, texts, worker
from core.app import App
from core.domain.errors import Refusal
from core.domain.workdays import china
from portal import blocks, pagefile, parts, session, tuning

_LOG = structlog.get_logger(__name__)
SCRIPT: Final = Path(__file__).parent / "navigation.py"


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
    """Build the App once, warm what every page needs; with an embedded database, run the worker too."""
    # Streamlit puts the script's folder first on the path during a run, unless it is there already.
    # First, our html.py would hide Python's from whoever imports it then, child processes included.
    sys.path.append(str(SCRIPT.parent))
    logs.take_over()
    try:
        app = session.core()
        await asyncio.to_thread(_warm)
        await asyncio.to_thread(app.store.check)  # what cannot keep a picture does not open
        if app.provider is not None:
            await asyncio.to_thread(app.provider.check)
    except Refusal as refused:
        logs.to_stderr()
        # uvicorn's own line has the code only; which setting it is stands here.
        _LOG.error("cannot_start", words=texts.of(cli.language()).refusal(refused), **refused.as_dict())
        raise
    gc.collect()
    gc.freeze()  # what start-up made stays: a collection looks only at what requests make
    starting.step_up()
    # Hosted, on PostgreSQL, workers are processes of their own.
    with working(app) if app.engine.dialect.name == "sqlite" else nullcontext():
        yield {"core": app}
    app.engine.dispose()


@contextmanager
def working(app: App) -> Iterator[threading.Thread]:
    """A worker in a thread of this process, stopped and waited for at the end."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(app, stop), name="worker")
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def _warm() -> None:
    """First uses that cost: the calendar, the catalogs, the pages' modules, the first HTML file."""
    china()
    tuning.tune()
    shop = session.core().shop_name
    for language in texts.LANGUAGES:
        pagefile.page(language, shop)
        pagefile.not_found(language, shop)
    modules = ["portal.shell", "portal.doors", "portal.boundary", "babel.numbers"]
    for room in (blocks, parts):
        modules += [found.name for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}.")]
    for module in modules:
        importlib.import_module(module)
