"""The channels' settings: from values or files; what is wrong or missing is told by name and never shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from core import texts
from core.app import Settings, build, from_environment
from core.domain.errors import Refusal, SettingInvalid, SettingMissing, SettingsExclude
from tests.standin import keys as keys_

KEYS = keys_.make()
BARE = "".join(KEYS.shop_private_pem.splitlines()[1:-1])  # as Alipay's tool gives it
WHOLE = {
    "ALIPAY_APP_ID": keys_.APP_ID,
    "ALIPAY_PRIVATE_KEY": BARE,
    "ALIPAY_PUBLIC_KEY": KEYS.channel_public_pem,
    "WECHAT_MCH_ID": keys_.MCH_ID,
    "WECHAT_SERIAL": KEYS.shop_serial,
    "WECHAT_PRIVATE_KEY": KEYS.shop_private_pem,
    "WECHAT_API_V3_KEY": KEYS.api_v3_key,
    "WECHAT_PUBLIC_KEY_ID": keys_.PUBLIC_KEY_ID,
    "WECHAT_PUBLIC_KEY": KEYS.channel_public_pem,
    "CARD_SECRET_KEY": KEYS.card_key,
    "CARD_WEBHOOK_SECRET": KEYS.card_webhook_secret,
}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in WHOLE:
        monkeypatch.delenv(f"REFUND_{name}", raising=False)
    monkeypatch.setenv("REFUND_DATABASE_URL", f"sqlite:///{tmp_path}/x.db")


def told(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"REFUND_{name}", value)
    return from_environment()


def test_without_settings_there_is_no_channel() -> None:
    assert build(from_environment()).channels == {}


def test_all_channels_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    app = build(told(monkeypatch, **WHOLE))
    assert {name: channel.name for name, channel in app.channels.items()} == {
        "alipay": "alipay",
        "wechat": "wechat",
        "card": "card",
    }


def test_one_channel_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    card = {name: value for name, value in WHOLE.items() if name.startswith("CARD_")}
    assert set(build(told(monkeypatch, **card)).channels) == {"card"}


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_demo_does_not_start_beside_a_real_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can be anybody there: one key of one channel is enough to stay closed."""
    with pytest.raises(SettingsExclude) as refused:
        told(monkeypatch, **{name: WHOLE[name]}, DEMO="1")
    assert refused.value.params == {"variable": "REFUND_DEMO", "other": f"REFUND_{name}"}
    for language in texts.LANGUAGES:
        words = texts.of(language).refusal(refused.value)
        assert "REFUND_DEMO" in words and f"REFUND_{name}" in words and WHOLE[name] not in words


def test_the_demo_never_calls_a_real_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    app = build(told(monkeypatch, DEMO="1"))
    assert {type(channel).__name__ for channel in app.channels.values()} == {"SandboxChannel"}


def test_secrets_as_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a container's secrets: with a line's end after them, as editors leave one."""
    files = {}
    for name, value in WHOLE.items():
        if "KEY_ID" in name or name.endswith(("APP_ID", "MCH_ID", "SERIAL")):
            files[name] = value
            continue
        (tmp_path / name).write_text(value + "\n")
        files[name] = (tmp_path / name).as_uri()
    from_files = told(monkeypatch, **files)
    from_values = told(monkeypatch, **WHOLE)
    assert from_files == from_values
    assert set(build(from_files).channels) == {"alipay", "wechat", "card"}


@pytest.mark.parametrize("lacking", sorted(WHOLE))
def test_what_is_missing_is_told_by_name(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {name: value for name, value in WHOLE.items() if name != lacking}
    with pytest.raises(SettingMissing) as missing:
        told(monkeypatch, **values)
    assert missing.value.params["variable"] == f"REFUND_{lacking}"
    beside = missing.value.params["beside"].removeprefix("REFUND_")
    assert beside in values and beside.split("_")[0] == lacking.split("_")[0]
    for language in texts.LANGUAGES:
        assert f"REFUND_{lacking}" in texts.of(language).refusal(missing.value)


WEAK = keys_.public_pem(rsa.generate_private_key(65537, 1024))  # too short to be trusted
WRONG = {
    "ALIPAY_APP_ID": ["applicationXYZ", "20210001999900019"],
    "ALIPAY_PRIVATE_KEY": ["nokeyXYZ", BARE[:-40], KEYS.channel_public_pem, "file:///nowhere/key.pem"],
    "ALIPAY_PUBLIC_KEY": ["nokeyXYZ", WEAK, KEYS.shop_private_pem, keys_.public_pem(KEYS.shop)],
    "WECHAT_MCH_ID": ["merchantXYZ"],
    "WECHAT_SERIAL": ["5157F0"],
    "WECHAT_PRIVATE_KEY": ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"],
    "WECHAT_API_V3_KEY": ["short", "ä" * 32],
    "WECHAT_PUBLIC_KEY_ID": ["5157F09EFDC096DE15EBE81A47057A72"],
    "WECHAT_PUBLIC_KEY": ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
    "WECHAT_NOTIFY_URL": ["shop.example/hooks/wechat"],
    "CARD_SECRET_KEY": ["pk_test_51H8secretsecret", "secretsecretsecret"],
    "CARD_WEBHOOK_SECRET": ["secretsecretsecret"],
    "WECHAT_CALLS_A_SECOND": ["5001", "-7", "many"],
    "CARD_GATEWAY": ["api.stripe.com", "https://api.stripe.com/"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_what_is_wrong_is_told_by_name_and_never_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingInvalid) as wrong:
        told(monkeypatch, **{**WHOLE, name: value})
    assert wrong.value.params["variable"] == f"REFUND_{name}"
    assert _says_nothing_of(value, wrong.value)
    try:
        Settings()
    except ValidationError as error:
        assert value[:20] not in str(error)


def test_the_pace_is_the_channels_unless_another_was_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    app = build(told(monkeypatch, **WHOLE, CARD_CALLS_A_SECOND="90"))
    paces = {name: channel.capabilities.calls_a_second for name, channel in app.channels.items()}
    assert paces == {"alipay": None, "wechat": 80, "card": 90}


def test_the_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    said = repr(told(monkeypatch, **WHOLE)) + repr(build())
    for name, value in WHOLE.items():
        if name.endswith(("PRIVATE_KEY", "API_V3_KEY", "SECRET_KEY", "WEBHOOK_SECRET")):
            assert value.splitlines()[-2 if "\n" in value else 0] not in said, name


def test_the_command_line_says_it_in_the_operators_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUND_CARD_SECRET_KEY", "pk_live_notthisone")
    done = subprocess.run(
        [sys.executable, "-m", "core", "cases", "--lang", "zh_CN"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 1 and "REFUND_CARD_SECRET_KEY" in done.stdout
    assert "notthisone" not in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_nobody_waits_for_the_sdks_at_the_start() -> None:
    late = ("alipay", "wechatpayv3", "stripe", "requests", "cryptography")
    code = f"import sys, core.app, core.worker; print([name for name in {late} if name in sys.modules])"
    done = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=Path(__file__).parents[3])
    assert done.strip() == "[]"


def _says_nothing_of(value: str, refused: Refusal) -> bool:
    said = str(refused.params) + "".join(texts.of(language).refusal(refused) for language in texts.LANGUAGES)
    return value not in said and (len(value) < 24 or value[:24] not in said)
