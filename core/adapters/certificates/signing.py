"""Ed25519 signatures over certificates, as JWS in compact form. No words, no database.

A key's name (`kid`) is the beginning of its public half's hash: nobody can give one key another's name.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TYPE: Final = "refund+jwt"  # another kind of token, signed with the same key by mistake, is no certificate
LONGEST: Final = 4000  # characters; a case with ten payments has about 1,500
_TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Altered(Exception):
    """It looks like a certificate, and its signature is not that of its words."""


class KeyUnknown(Exception):
    """It is signed with a key that is none of ours."""


class Unreadable(Exception):
    """It is no certificate."""


def new_key() -> bytes:
    """The private half, 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_of(private: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def name_of(public: bytes) -> str:
    return encoded(hashlib.sha256(public).digest())[:12]


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Strictly: one text for one value, or a signature could be rewritten. `ValueError` for all else."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encoded(data) != text:
        raise ValueError("not canonical")
    return data


def sign(claims: Mapping[str, Any], private: bytes) -> str:
    """The same claims and key give the same text."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    headers = {"kid": name_of(public_of(private)), "typ": TYPE}
    return jwt.encode(dict(claims), key, algorithm="EdDSA", headers=headers, sort_headers=True)


def token_in(text: str) -> str:
    """The certificate in a text or an address, white space or line ends in it or not; `Unreadable`."""
    found = _TOKEN.search("".join(text[: 4 * LONGEST].split()))
    if found is None or len(found[0]) > LONGEST:
        raise Unreadable
    return found[0]


def read(token: str, keys: Mapping[str, bytes]) -> dict[str, Any]:
    """The claims of a token whose signature holds under one of `keys` (name → public half)."""
    head, body, signature = token.split(".")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise Altered from None
    if header.get("alg") != "EdDSA" or header.get("typ") != TYPE:
        raise Altered
    public = keys.get(str(header.get("kid")))
    if public is None:
        raise KeyUnknown
    try:
        given = decoded(signature)
        Ed25519PublicKey.from_public_bytes(public).verify(given, f"{head}.{body}".encode())
        claims = jwt.decode(token, options={"verify_signature": False})
    except (InvalidSignature, ValueError, jwt.PyJWTError):
        raise Altered from None
    return dict(claims)


def jwks(keys: Mapping[str, bytes]) -> dict[str, Any]:
    """Public halves as a JSON Web Key Set (RFC 8037), for whoever checks without us."""
    return {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": name, "x": encoded(public)}
            for name, public in keys.items()
        ]
    }


def keys_of(told: Any) -> dict[str, bytes]:
    """The keys of a JSON Web Key Set; `ValueError` for anything else, and for a key under another's name."""
    try:
        found = {str(key["kid"]): decoded(key["x"]) for key in told["keys"] if key["crv"] == "Ed25519"}
    except (KeyError, TypeError):
        raise ValueError("no key set") from None
    if any(name != name_of(public) for name, public in found.items()):
        raise ValueError("a key under another's name")
    return found
