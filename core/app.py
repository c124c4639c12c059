"""The composition root: settings in, a working `App` out. The only place that decides which outside world is
used.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from core import logs, texts
from core.adapters import database, sign_in_settings
from core.adapters.channels import Channel
from core.adapters.channels import settings as channel_settings
from core.adapters.channels.sandbox import SETTLES_AFTER_WORKING_DAYS, SandboxChannel
from core.adapters.clock import Clock, DemoClock, RealClock
from core.adapters.evidence_store import EvidenceStore, missing
from core.adapters.notifiers import Notifiers, targets
from core.adapters.reading import is_available
from core.adapters.reading.process import Reader
from core.adapters.world import App
from core.domain import hosts
from core.domain.errors import SettingInvalid, SettingMissing, SettingsExclude, TokenInvalid

__all__ = ["App", "Settings", "build", "from_environment"]


class Settings(channel_settings.ChannelSettings, sign_in_settings.SignInSettings):
    """From the environment: REFUND_DATABASE_URL, REFUND_STORE_URL, REFUND_DEMO, REFUND_SHOP_NAME,
    REFUND_SUPPORT, REFUND_PUBLIC_URL, REFUND_HOSTS, REFUND_LANG, REFUND_NOTICE_URLS, REFUND_MAIL_URL,
    REFUND_READING, REFUND_METRICS_TOKEN, and those of the channels and of signing in.
    """

    # An empty variable is one that was not set: `REFUND_DEMO= …` switches off.
    model_config = SettingsConfigDict(
        env_prefix="REFUND_", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    database_url: str = "sqlite:///var/refund.db"
    store_url: str = Field(
        default_factory=lambda: (Path.cwd() / "var" / "evidence").as_uri(), pattern="^(file:///|s3://).+"
    )
    demo: bool = False
    shop_name: str = "星点"  # as customers know it
    support: str = ""  # where customers write to: a web or mail address, or a sentence
    public_url: str = Field("", pattern="^(https?://[^?#]+)?$")  # printed on certificates
    metrics_token: SecretStr = SecretStr("")  # of whoever may read /metrics
    hosts: str = Field("", pattern=rf"^({hosts.NAME}( |$))*$")  # further names that it is asked for by
    lang: str = "zh_CN"  # of the operator
    notice_urls: SecretStr = SecretStr("")  # the shop's own mail and chat bots
    mail_url: SecretStr = SecretStr("")  # the server that writes to customers
    reading: bool = True  # pictures are read, where that extra is installed

    @field_validator("lang")
    @classmethod
    def _is_spoken(cls, told: str) -> str:
        """`en_US.UTF-8` as an environment writes it is `en`."""
        spoken = texts.spoken(told)
        if spoken is None:
            raise ValueError("no language of ours")
        return spoken

    @field_validator("notice_urls")
    @classmethod
    def _are_targets(cls, urls: SecretStr) -> SecretStr:
        targets(urls.get_secret_value())
        return urls

    @field_validator("metrics_token", mode="before")
    @classmethod
    def _token_from_file(cls, told: Any) -> Any:
        is_file = isinstance(told, str) and told.startswith(channel_settings.FILE)
        return channel_settings.content(told).strip() if is_file else told

    @field_validator("metrics_token")
    @classmethod
    def _is_a_token(cls, token: SecretStr) -> SecretStr:
        """Long enough that nobody guesses it."""
        if token.get_secret_value() and not re.fullmatch(_TOKEN, token.get_secret_value()):
            raise ValueError("no token")
        return token

    @field_validator("mail_url")
    @classmethod
    def _is_mail(cls, url: SecretStr) -> SecretStr:
        told = url.get_secret_value()
        if told and not told.startswith(("mailto://", "mailtos://")):
            raise ValueError("no mail server")
        return url


_LEAST, _MOST = 24, 200  # characters of a token
_TOKEN: Final = rf"[A-Za-z0-9._~+/=-]{{{_LEAST},{_MOST}}}"
_ALLOWED: Final = {  # of those that can be wrong
    "demo": "1, 0",
    "reading": "1, 0",
    "store_url": "file:///…, s3://…",
    "public_url": "https://…",
    "hosts": "refund.example 10.0.0.7 …",
    "lang": ", ".join(texts.LANGUAGES),
    "notice_urls": "name=dingtalk://…, name=mailtos://…",
    "mail_url": "mailtos://…, mailto://…",
    **channel_settings.ALLOWED,
    **sign_in_settings.ALLOWED,
}


def from_environment() -> Settings:
    """The settings; `SettingInvalid` names the first variable that holds something else than it may,
    `SettingMissing` the first that the store, a channel or the sign-in lacks, `SettingsExclude` what a demo
    cannot have.
    """
    try:
        settings = Settings()
        _demo_is_alone(settings)
        channel_settings.check(settings)
        sign_in_settings.check(settings, settings.public_url)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        if name == "metrics_token":
            raise TokenInvalid(variable="REFUND_METRICS_TOKEN", least=_LEAST, most=_MOST) from None
        raise SettingInvalid(variable=f"REFUND_{name.upper()}", allowed=_ALLOWED.get(name, "UTF-8")) from None
    needed = missing(settings.store_url, os.environ)
    if needed:
        raise SettingMissing(variable=needed, beside="REFUND_STORE_URL")
    return settings


def _demo_is_alone(settings: Settings) -> None:
    """Anybody can be anybody in a demo, and move its clock: nothing real may be within its reach."""
    real = ("oidc_issuer", "oidc_client_id", "oidc_client_secret", *channel_settings.NAMES)
    for name in real if settings.demo else ():
        if channel_settings.is_set(settings, name):
            raise SettingsExclude(variable="REFUND_DEMO", other=channel_settings.variable(name))


def build(settings: Settings | None = None, clock: Clock | None = None) -> App:
    """The app of `settings` (default: the environment). Opens nothing yet; `database.migrate` is the
    caller's.
    """
    settings = settings or from_environment()
    logs.to_stderr()
    engine = database.engine(settings.database_url)
    if clock is None:
        clock = DemoClock(engine) if settings.demo else RealClock()
    channels: dict[str, Channel]
    if settings.demo:
        channels = {name: SandboxChannel(name, engine, clock) for name in SETTLES_AFTER_WORKING_DAYS}
    else:
        channels = channel_settings.real_channels(settings, clock)
    return App(
        engine=engine,
        clock=clock,
        channels=channels,
        store=EvidenceStore(settings.store_url),
        demo=settings.demo,
        shop_name=settings.shop_name,
        support=settings.support,
        public_url=settings.public_url,
        metrics_token=settings.metrics_token.get_secret_value(),
        hosts=hosts.allowed(settings.hosts.split(), settings.public_url, is_demo=settings.demo),
        language=settings.lang,
        notifiers=Notifiers(
            targets(settings.notice_urls.get_secret_value()), settings.mail_url.get_secret_value()
        ),
        provider=None if settings.demo else sign_in_settings.provider(settings, settings.public_url),
        reader=Reader() if settings.reading and is_available() else None,
    )
