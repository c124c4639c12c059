"""How people sign in, from the environment: REFUND_OIDC_…; docs/operations.md has the table.

What is wrong or missing is told at the start by its name; what it holds is never shown.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from core.adapters.channels import settings as channel_settings
from core.adapters.provider import Provider, is_safe
from core.domain.errors import SettingInvalid, SettingMissing
from core.domain.sign_in import NO_IDENTITY, STAFF_ROLES, Rules

CALLBACK: Final = "/session/callback"
_NEEDED: Final = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
ALLOWED: Final = {
    "oidc_issuer": "https://…",
    "oidc_client_id": "OAuth client_id",
    "oidc_client_secret": "OAuth client_secret, file:///…",
    "oidc_scope": "openid …",
    "oidc_customer_claim": "sub, customer_id …",
    "oidc_role_claim": "groups, roles …",
    "oidc_roles": f"role=value, role: {', '.join(STAFF_ROLES)}",
    "oidc_staff_acr": "acr …",
}


class SignInSettings(BaseSettings):
    """REFUND_OIDC_…: all of the first three, or none of them."""

    oidc_issuer: str = ""
    oidc_client_id: str = Field("", pattern=r"^[\x21-\x7e]{0,255}$")
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_scope: str = Field("openid profile", pattern=r"^(\S+ )*openid( \S+)*$")
    oidc_customer_claim: str = Field("sub", pattern=r"^\S{1,128}$")
    oidc_role_claim: str = Field("groups", pattern=r"^\S{1,128}$")
    oidc_roles: str = ""  # reviewer=refund-review lead=refund-lead
    oidc_staff_acr: str = ""  # of a sign-in with a second factor, several with spaces between

    @field_validator("oidc_client_secret", mode="before")
    @classmethod
    def _secret_from_file(cls, told: Any) -> Any:
        if isinstance(told, str) and told.startswith(channel_settings.FILE):
            return channel_settings.content(told).strip()
        return told

    @field_validator("oidc_issuer")
    @classmethod
    def _is_safe(cls, told: str) -> str:
        if told and (not is_safe(told) or any(sign in told for sign in "?# ")):
            raise ValueError("no issuer")
        return told

    @field_validator("oidc_customer_claim")
    @classmethod
    def _is_an_identity(cls, told: str) -> str:
        if told in NO_IDENTITY:
            raise ValueError("changes hands")
        return told

    @field_validator("oidc_roles")
    @classmethod
    def _are_roles(cls, told: str) -> str:
        roles(told)
        return told


def roles(told: str) -> tuple[tuple[str, str], ...]:
    """`reviewer=a lead=b` as pairs; ValueError."""
    found = []
    for each in told.split():
        role, sign, value = each.partition("=")
        if role not in STAFF_ROLES or not sign or not value:
            raise ValueError("no role")
        found.append((role, value))
    return tuple(found)


def check(settings: SignInSettings, public_url: str) -> bool:
    """Whether people can sign in; `SettingMissing` names what a half set up sign-in lacks."""
    there = [name for name in _NEEDED if channel_settings.is_set(settings, name)]
    lacking = [name for name in _NEEDED if name not in there]
    if not there:
        if settings.oidc_roles:
            raise SettingMissing(
                variable=channel_settings.variable(_NEEDED[0]), beside=channel_settings.variable("oidc_roles")
            )
        return False
    if lacking:
        raise SettingMissing(
            variable=channel_settings.variable(lacking[0]), beside=channel_settings.variable(there[0])
        )
    if not public_url:
        raise SettingMissing(variable="REFUND_PUBLIC_URL", beside=channel_settings.variable("oidc_issuer"))
    if not is_safe(public_url):  # the cookie of who is signed in would travel in the open
        raise SettingInvalid(variable="REFUND_PUBLIC_URL", allowed="https://…")
    if settings.oidc_roles and not settings.oidc_staff_acr.split():
        raise SettingMissing(
            variable=channel_settings.variable("oidc_staff_acr"),
            beside=channel_settings.variable("oidc_roles"),
        )
    return True


def provider(settings: SignInSettings, public_url: str) -> Provider | None:
    """The provider of the environment, or None. Nobody is called yet."""
    if not check(settings, public_url):
        return None
    rules = Rules(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        customer_claim=settings.oidc_customer_claim,
        role_claim=settings.oidc_role_claim,
        roles=roles(settings.oidc_roles),
        staff_acr=tuple(settings.oidc_staff_acr.split()),
    )
    secret = settings.oidc_client_secret.get_secret_value()
    return Provider(rules, secret, f"{public_url.rstrip('/')}{CALLBACK}", settings.oidc_scope)
