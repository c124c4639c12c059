"""The settings of signing in: what is wrong or missing is told by name at the start, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import texts
from core.app import Settings, build, from_environment
from core.domain.errors import SettingInvalid, SettingMissing, SettingsExclude

SECRET = "the-clients-secret-XYZ"
WHOLE = {
    "PUBLIC_URL": "https://refund.example",
    "OIDC_ISSUER": "https://id.example/realms/shop",
    "OIDC_CLIENT_ID": "refund-portal",
    "OIDC_CLIENT_SECRET": SECRET,
    "OIDC_CUSTOMER_CLAIM": "customer_id",
    "OIDC_ROLE_CLAIM": "groups",
    "OIDC_ROLES": "lead=refund-lead reviewer=refund-review",
    "OIDC_STAFF_ACR": "mfa phrh",
}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFUND_DATABASE_URL", f"sqlite:///{tmp_path}/x.db")


def told(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"REFUND_{name}", value)
    return from_environment()


def test_without_settings_nobody_signs_in() -> None:
    assert build(from_environment()).provider is None


def test_the_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    for secret in (SECRET, file.as_uri()):
        found = build(told(monkeypatch, **{**WHOLE, "OIDC_CLIENT_SECRET": secret})).provider
        assert found is not None and found.redirect_uri == "https://refund.example/session/callback"
        assert found.rules.roles == (("lead", "refund-lead"), ("reviewer", "refund-review"))
        assert found.rules.staff_acr == ("mfa", "phrh") and found._secret == SECRET
    assert SECRET not in repr(told(monkeypatch, **WHOLE))


@pytest.mark.parametrize(
    ("lacking", "beside"),
    [
        ("OIDC_ISSUER", "OIDC_CLIENT_ID"),
        ("OIDC_CLIENT_ID", "OIDC_ISSUER"),
        ("OIDC_CLIENT_SECRET", "OIDC_ISSUER"),
        ("PUBLIC_URL", "OIDC_ISSUER"),
        ("OIDC_STAFF_ACR", "OIDC_ROLES"),
    ],
)
def test_what_is_missing_is_told_by_name(lacking: str, beside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingMissing) as missing:
        told(monkeypatch, **{name: value for name, value in WHOLE.items() if name != lacking})
    assert missing.value.params == {"variable": f"REFUND_{lacking}", "beside": f"REFUND_{beside}"}


def test_roles_alone_are_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingMissing) as missing:
        told(monkeypatch, OIDC_ROLES=WHOLE["OIDC_ROLES"])
    assert missing.value.params["variable"] == "REFUND_OIDC_ISSUER"


WRONG = {
    "OIDC_ISSUER": [
        "id.example",
        "http://id.example",
        "https://id.example?x=1",
        "ftp://id.example",
        "https://",
    ],
    "OIDC_CLIENT_ID": ["with a space", "客户"],
    "OIDC_CLIENT_SECRET": ["file:///nowhere/secretXYZ"],
    "OIDC_CUSTOMER_CLAIM": ["email", "preferred_username", "phone_number", "two words"],
    "OIDC_ROLES": ["lead", "lead=", "king=all", "customer=x", "guest=x", "system=x", "lead=a boss=b"],
    "OIDC_SCOPE": ["profile", "openidprofile"],
    "PUBLIC_URL": ["http://refund.example"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, all_ in WRONG.items() for value in all_])
def test_what_is_wrong_is_told_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingInvalid) as invalid:
        told(monkeypatch, **{**WHOLE, name: value})
    assert invalid.value.params["variable"] == f"REFUND_{name}"
    for language in texts.LANGUAGES:
        words = texts.of(language).refusal(invalid.value)
        assert f"REFUND_{name}" in words and "XYZ" not in words


def test_a_provider_on_this_machine_needs_no_https(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"OIDC_ISSUER": "http://localhost:9400", "PUBLIC_URL": "http://127.0.0.1:8501"}
    assert build(told(monkeypatch, **{**WHOLE, **here})).provider is not None


@pytest.mark.parametrize("name", ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"])
def test_a_demo_has_no_real_accounts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Demo identities are for the demo only, and the demo for them."""
    with pytest.raises(SettingsExclude) as refused:
        told(monkeypatch, **{name: WHOLE[name]}, DEMO="1")
    assert refused.value.params["other"] == f"REFUND_{name}"


def test_the_names_that_we_may_be_asked_for_by(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "localhost" in build(from_environment()).hosts
    app = build(told(monkeypatch, PUBLIC_URL="https://refund.example", HOSTS="10.0.0.7 [fd00::7]"))
    assert app.hosts == {"refund.example", "10.0.0.7", "[fd00::7]"}
    for wrong in ("https://refund.example", "refund.example:8501", "*", "a,b"):
        with pytest.raises(SettingInvalid) as invalid:
            told(monkeypatch, HOSTS=wrong)
        assert invalid.value.params["variable"] == "REFUND_HOSTS"
