"""The portal as the environment names it, for commands that need a database."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import DatabaseUnavailable, SettingInvalid

if TYPE_CHECKING:
    from core.app import App


def opened() -> App:
    """The app on a database that `init` has prepared; `DatabaseUnavailable` on any other."""
    from core.adapters import database

    app, _ = _built()
    url = app.engine.url
    # Connecting would create the file.
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise DatabaseUnavailable(problem=str(url.database))
    found = database.version(app.engine)
    if found != database.HEAD:
        raise DatabaseUnavailable(problem=f"{found or 'empty'} ≠ {database.HEAD}")
    return app


def unopened() -> App:
    """The app on a database that may be empty: for whoever fills it."""
    return _built()[0]


def migrated() -> App:
    """The app on a database that is made, or brought up to date, first."""
    from core.adapters import database

    app, url = _built()
    database.migrate(url)
    return app


def _built() -> tuple[App, str]:
    """The app of the environment, its database not looked at yet, and that database's URL."""
    from sqlalchemy.exc import SQLAlchemyError

    from core import logs
    from core.app import build, from_environment

    logs.to_stderr(least=logging.WARNING)  # who types a command reads its answer
    settings = from_environment()
    if settings.database_url.partition(":")[0].partition("+")[0] not in ("sqlite", "postgresql"):
        raise SettingInvalid(variable="REFUND_DATABASE_URL", allowed="sqlite:///…, postgresql://…")
    try:
        return build(settings), settings.database_url
    except (SQLAlchemyError, ValueError, ImportError, OSError) as error:  # no URL, driver, folder
        raise DatabaseUnavailable(problem=str(error).partition("\n")[0][:200]) from None
