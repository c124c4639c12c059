"""The life of the web process: what is built and warmed at its start, and the worker beside the pages."""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import structlog

from core.app import App
from portal import pagefile, session

_LOG = structlog.get_logger(__name__)
SCRIPT: Final = Path(__file__).parent / "navigation.py"
IDLE_SECONDS: Final = 1.0  # between two looks for something due
BEAT_SECONDS: Final = 15.0
AFTER_ACCIDENT_SECONDS: Final = 5.0


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
    """Build the App once, warm what every page needs; with an embedded database, run the worker too."""
    # Streamlit puts the script's folder first on the path during a run, unless it is there already.
    # First, our html.py would hide Python's from whoever imports it then, child processes included.
    sys.path.append(str(SCRIPT.parent))
    app = session.core()
    await asyncio.to_thread(_warm)
    gc.collect()
    gc.freeze()  # what start-up made stays: a collection looks only at what requests make
    # Hosted, on PostgreSQL, workers are processes of their own.
    with working(app) if app.engine.dialect.name == "sqlite" else nullcontext():
        yield {"core": app}
    app.engine.dispose()


@contextmanager
def working(app: App) -> Iterator[threading.Thread]:
    """A worker in a thread of this process, stopped and waited for at the end."""
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(app, stop), name="worker")
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def _work(app: App, stop: threading.Event) -> None:
    from core import worker

    name, last_beat = worker.name(), float("-inf")
    while not stop.is_set():
        try:
            if time.monotonic() - last_beat > BEAT_SECONDS:
                worker.beat(app, name)
                last_beat = time.monotonic()
            done = worker.run_once(app, name)
        except Exception as error:
            # The database may be away, or not made yet; what is due stays due.
            _LOG.warning("worker_waits", problem=str(error))
            stop.wait(AFTER_ACCIDENT_SECONDS)
            continue
        if not done:
            stop.wait(IDLE_SECONDS)


def _warm() -> None:
    """First uses that cost: the calendar, the catalogs, the pages' modules, the first HTML file."""
    from core import texts
    from core.domain.workdays import china

    china()
    for language in texts.LANGUAGES:
        pagefile.page(language)
        pagefile.not_found(language)
    for module in ("portal.shell", "portal.doors", "portal.boundary", "core.worker", "babel.numbers"):
        importlib.import_module(module)
