"""Which real channels there are, and their keys: from the environment, each a value or a `file:///…` with it.

A channel is there when all its variables are set. A wrong or missing one is told at the start by its name;
what it holds is never shown.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from core.adapters.channels import Channel, alipay, card, wechat
from core.adapters.clock import Clock
from core.domain.errors import SettingInvalid, SettingMissing

FILE: Final = "file://"
LONGEST_FILE: Final = 20_000  # characters; a key has two thousand
_NEEDED: Final = {
    "alipay": ("alipay_app_id", "alipay_private_key", "alipay_public_key"),
    "wechat": (
        "wechat_mch_id", "wechat_serial", "wechat_private_key", "wechat_api_v3_key", "wechat_public_key_id",
        "wechat_public_key",
    ),
    "card": ("card_secret_key", "card_webhook_secret"),
}  # fmt: skip
NAMES: Final = tuple(name for names in _NEEDED.values() for name in names)
_SHAPES: Final = {
    "alipay_app_id": r"[0-9]{16}",
    "wechat_mch_id": r"[0-9]{8,10}",
    "wechat_serial": r"[0-9A-Fa-f]{32,40}",
    "wechat_public_key_id": r"PUB_KEY_ID_[0-9A-Za-z]{1,64}",
    "wechat_api_v3_key": r"[\x21-\x7e]{32}",
    "card_secret_key": r"(sk|rk)_(test|live)_[0-9A-Za-z]{8,255}",
    "card_webhook_secret": r"whsec_[0-9A-Za-z+/=_-]{8,255}",
}
ALLOWED: Final = {  # what each may be, in names that both languages have
    "alipay_app_id": "[0-9]{16}",
    "alipay_private_key": "appPrivateKey (PEM, base64, file:///…)",
    "alipay_public_key": "alipayPublicKey_RSA2 (PEM, base64, file:///…)",
    "wechat_mch_id": "[0-9]{8,10}",
    "wechat_serial": "[0-9A-F]{40}",
    "wechat_private_key": "apiclient_key.pem (PEM, base64, file:///…)",
    "wechat_public_key_id": "PUB_KEY_ID_…",
    "wechat_public_key": "pub_key.pem (PEM, base64, file:///…)",
    "wechat_api_v3_key": "APIv3 (32, file:///…)",
    "wechat_notify_url": "https://…",
    "card_secret_key": "sk_…, rk_…, file:///…",
    "card_webhook_secret": "whsec_…, file:///…",
    **dict.fromkeys(
        ("alipay_calls_a_second", "wechat_calls_a_second", "card_calls_a_second"), "1, 2, 3 …, 1000"
    ),
    **dict.fromkeys(("alipay_gateway", "wechat_gateway", "card_gateway"), "https://…"),
}


class ChannelSettings(BaseSettings):
    """REFUND_ALIPAY_…, REFUND_WECHAT_…, REFUND_CARD_…; docs/operations.md has the table."""

    alipay_app_id: str = ""
    alipay_private_key: SecretStr = SecretStr("")
    alipay_public_key: SecretStr = SecretStr("")
    alipay_gateway: str = Field(alipay.GATEWAY, pattern=r"^https?://\S+[^/]$")
    alipay_calls_a_second: int | None = Field(None, ge=1, le=1000)
    wechat_mch_id: str = ""
    wechat_serial: str = ""
    wechat_private_key: SecretStr = SecretStr("")
    wechat_api_v3_key: SecretStr = SecretStr("")
    wechat_public_key_id: str = ""
    wechat_public_key: SecretStr = SecretStr("")
    wechat_notify_url: str = Field("", pattern=r"^(https?://\S+)?$")
    wechat_gateway: str = Field(wechat.GATEWAY, pattern=r"^https?://\S+[^/]$")
    wechat_calls_a_second: int | None = Field(None, ge=1, le=1000)
    card_secret_key: SecretStr = SecretStr("")
    card_webhook_secret: SecretStr = SecretStr("")
    card_gateway: str = Field(card.GATEWAY, pattern=r"^https?://\S+[^/]$")
    card_calls_a_second: int | None = Field(None, ge=1, le=1000)

    @field_validator(
        "alipay_private_key", "alipay_public_key", "wechat_private_key", "wechat_public_key",
        "wechat_api_v3_key", "card_secret_key", "card_webhook_secret", mode="before",
    )  # fmt: skip
    @classmethod
    def _from_file(cls, told: Any) -> Any:
        return content(told) if isinstance(told, str) and told.startswith(FILE) else told

    @field_validator("alipay_private_key", "wechat_private_key", "alipay_public_key", "wechat_public_key")
    @classmethod
    def _is_a_key(cls, told: SecretStr, info: ValidationInfo) -> SecretStr:
        text = told.get_secret_value().strip()
        is_private = str(info.field_name).endswith("private_key")
        return SecretStr(pem(text, is_private=is_private)) if text else told

    @field_validator(*_SHAPES)
    @classmethod
    def _has_its_shape(cls, told: Any, info: ValidationInfo) -> Any:
        text = (told.get_secret_value() if isinstance(told, SecretStr) else told).strip()
        if text and re.fullmatch(_SHAPES[str(info.field_name)], text) is None:
            raise ValueError("not of its shape")
        return SecretStr(text) if isinstance(told, SecretStr) else text


def check(settings: ChannelSettings) -> list[str]:
    """The channels that are set up; `SettingMissing` names what a half set up one lacks."""
    found = []
    for channel, names in _NEEDED.items():
        there = [name for name in names if is_set(settings, name)]
        lacking = [name for name in names if name not in there]
        if there and lacking:
            raise SettingMissing(variable=variable(lacking[0]), beside=variable(there[0]))
        if there:
            found.append(channel)
    if "alipay" in found and _same_key(settings.alipay_private_key, settings.alipay_public_key):
        # The mistake that everybody makes once: answers could be verified by no such key.
        name = "alipay_public_key"
        raise SettingInvalid(variable=variable(name), allowed=ALLOWED[name])
    return found


def real_channels(settings: ChannelSettings, clock: Clock) -> dict[str, Channel]:
    """The channels of the environment. Nobody is called yet."""
    made: dict[str, Channel] = {}
    for name in check(settings):
        if name == "alipay":
            made[name] = alipay.AlipayChannel(
                alipay.AlipayKeys(
                    settings.alipay_app_id,
                    settings.alipay_private_key.get_secret_value(),
                    settings.alipay_public_key.get_secret_value(),
                    settings.alipay_gateway,
                ),
                clock,
            )
        elif name == "wechat":
            made[name] = wechat.WechatChannel(
                wechat.WechatKeys(
                    mch_id=settings.wechat_mch_id,
                    serial=settings.wechat_serial,
                    private_key=settings.wechat_private_key.get_secret_value(),
                    api_v3_key=settings.wechat_api_v3_key.get_secret_value(),
                    public_key_id=settings.wechat_public_key_id,
                    public_key=settings.wechat_public_key.get_secret_value(),
                    notify_url=settings.wechat_notify_url,
                    gateway=settings.wechat_gateway,
                ),
                clock,
            )
        else:
            keys = (settings.card_secret_key, settings.card_webhook_secret)
            told = [key.get_secret_value() for key in keys]
            made[name] = card.CardChannel(card.CardKeys(told[0], told[1], settings.card_gateway), clock)
        rate = getattr(settings, f"{name}_calls_a_second")
        if rate is not None:  # as was agreed with the channel
            made[name].capabilities = replace(made[name].capabilities, calls_a_second=rate)
    return made


def variable(name: str) -> str:
    return f"REFUND_{name.upper()}"


def pem(text: str, *, is_private: bool) -> str:
    """An RSA key as PEM (PKCS#8 or SPKI), from PEM or from the bare base64 that Alipay's tools give."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import rsa

    is_pem = text.startswith("-----BEGIN")
    load: Any = {
        (True, True): lambda told: s.load_pem_private_key(told, None),
        (True, False): lambda told: s.load_der_private_key(told, None),
        (False, True): s.load_pem_public_key,
        (False, False): s.load_der_public_key,
    }[is_private, is_pem]
    try:
        key = load(text.encode() if is_pem else base64.b64decode("".join(text.split()), validate=True))
    except Exception:
        raise ValueError("no key") from None  # the library's words may quote it
    if not isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) or key.key_size < 2048:
        raise ValueError("no RSA key of 2048 bits")
    if isinstance(key, rsa.RSAPrivateKey):
        coded = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    else:
        coded = key.public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    return coded.decode()


def content(address: str) -> str:
    """What the file of a `file:///…` holds; ValueError."""
    try:
        text = Path(address.removeprefix(FILE)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ValueError("no such file") from None
    if not text.strip() or len(text) > LONGEST_FILE:
        raise ValueError("no key in the file")
    return text


def is_set(settings: BaseSettings, name: str) -> bool:
    told = getattr(settings, name)
    return bool(told.get_secret_value() if isinstance(told, SecretStr) else told)


def _same_key(private: SecretStr, public: SecretStr) -> bool:
    from cryptography.hazmat.primitives import serialization as s

    ours: Any = s.load_pem_private_key(private.get_secret_value().encode(), None)
    theirs: Any = s.load_pem_public_key(public.get_secret_value().encode())
    return bool(ours.public_key().public_numbers() == theirs.public_numbers())
