"""The secrets of both sides, made anew for each stand-in: the shop's keys and those of the channels."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

APP_ID = "2021000199990001"
MCH_ID = "1900009191"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000091912026112000000000000001"


@dataclass(frozen=True)
class Keys:
    """Keys of one stand-in. `shop` signs what the portal sends, `channel` what Alipay and WeChat Pay send."""

    shop: rsa.RSAPrivateKey
    channel: rsa.RSAPrivateKey
    stranger: rsa.RSAPrivateKey  # signs what is forged
    certificate: x509.Certificate  # WeChat Pay's, over the key `channel`
    shop_serial: str = field(default_factory=lambda: secrets.token_hex(20).upper())
    api_v3_key: str = field(default_factory=lambda: secrets.token_hex(16))
    card_key: str = field(default_factory=lambda: f"sk_test_{secrets.token_hex(16)}")
    card_webhook_secret: str = field(default_factory=lambda: f"whsec_{secrets.token_hex(16)}")

    @property
    def certificate_serial(self) -> str:
        return f"{self.certificate.serial_number:X}"

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def shop_private_pem(self) -> str:
        return private_pem(self.shop)

    @property
    def channel_public_pem(self) -> str:
        return public_pem(self.channel)

    def write(self, folder: Path) -> dict[str, str]:
        """The shop's side as files, as a portal's settings want them; answers name → path or value."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "alipay_private_key": self.shop_private_pem,
            "alipay_public_key": self.channel_public_pem,
            "wechat_private_key": self.shop_private_pem,
            "wechat_public_key": self.channel_public_pem,
            "wechat_platform_certificate": self.certificate_pem,
            "wechat_api_v3_key": self.api_v3_key,
            "card_secret_key": self.card_key,
            "card_webhook_secret": self.card_webhook_secret,
        }
        for name, text in files.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(text)
        return {
            **{name: str(folder / name) for name in files},
            "alipay_app_id": APP_ID,
            "wechat_mch_id": MCH_ID,
            "wechat_serial": self.shop_serial,
            "wechat_public_key_id": PUBLIC_KEY_ID,
            "wechat_platform_serial": self.certificate_serial,
        }


@cache
def make() -> Keys:
    """One set for a process: a key takes a tenth of a second."""
    shop, channel, stranger = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com Root CA (stand-in)")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(channel.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(channel, hashes.SHA256())
    )
    return Keys(shop, channel, stranger, certificate)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def sign(key: rsa.RSAPrivateKey, text: str) -> bytes:
    """RSA with SHA-256, PKCS#1 v1.5: Alipay's RSA2 and WeChat's SHA256-RSA2048."""
    return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())


def is_signed(key: rsa.RSAPrivateKey, text: str, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
