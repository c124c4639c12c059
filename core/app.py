"""The composition root: settings in, a working `App` out. The only place that decides which outside world is
used.
"""

from __future__ import annotations

import sys
from pathlib import Path

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.adapters import database
from core.adapters.channels import Channel
from core.adapters.channels.sandbox import SETTLES_AFTER_WORKING_DAYS, SandboxChannel
from core.adapters.clock import Clock, DemoClock, RealClock
from core.adapters.evidence_store import EvidenceStore
from core.adapters.world import App

__all__ = ["App", "Settings", "build"]


class Settings(BaseSettings):
    """From the environment: REFUND_DATABASE_URL, REFUND_STORE_URL, REFUND_DEMO, REFUND_SHOP_NAME,
    REFUND_SUPPORT.
    """

    model_config = SettingsConfigDict(env_prefix="REFUND_", frozen=True)

    database_url: str = "sqlite:///var/refund.db"
    store_url: str = Field(default_factory=lambda: (Path.cwd() / "var" / "evidence").as_uri())
    demo: bool = False
    shop_name: str = "星点"  # as customers know it
    support: str = ""  # where customers write to: a web or mail address, or a sentence


def build(settings: Settings | None = None, clock: Clock | None = None) -> App:
    """The app of `settings` (default: the environment). Opens nothing yet; `database.migrate` is the
    caller's.
    """
    settings = settings or Settings()
    log_to_stderr()
    engine = database.engine(settings.database_url)
    if clock is None:
        clock = DemoClock(engine) if settings.demo else RealClock()
    channels: dict[str, Channel] = {}
    if settings.demo:
        channels = {name: SandboxChannel(name, engine, clock) for name in SETTLES_AFTER_WORKING_DAYS}
    return App(
        engine=engine,
        clock=clock,
        channels=channels,
        store=EvidenceStore(settings.store_url),
        demo=settings.demo,
        shop_name=settings.shop_name,
        support=settings.support,
    )


def log_to_stderr() -> None:
    """One JSON object a line on stderr, unless the process has decided otherwise: stdout is for answers."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        # Looked up at each line: a test or a server may put another stream in its place.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
