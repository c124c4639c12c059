"""An identity provider on loopback that can be told to lie. It checks what an honest one checks (client
secret, redirect address, PKCE, a code once), so our side is judged as well; what it signs can be anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID: Final = "refund-portal"
CLIENT_SECRET: Final = "s3cret-of-the-client"

Claims = dict[str, Any]


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public_jwk(key: rsa.RSAPrivateKey, kid: str, **more: str) -> dict[str, Any]:
    told = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {key: value for key, value in told.items() if key != "key_ops"} | {"kid": kid, **more}


@dataclass
class Lying:
    """What goes wrong: `claims` and `document` change what is told, `sign` makes another token of the claims,
    `answer` replaces the answer of the token endpoint. `now` is its clock.
    """

    issuer: str = ""
    now: Callable[[], float] = time.time
    user: Claims = field(default_factory=lambda: {"sub": "u-1"})
    claims: Claims = field(default_factory=dict)
    drop: set[str] = field(default_factory=set)
    document: Claims = field(default_factory=dict)
    answer: tuple[int, bytes] | None = None
    forgives: bool = False  # takes a code twice, without its verifier
    says_iss: str | None = None
    key: rsa.RSAPrivateKey = field(default_factory=rsa_key)
    kid: str | None = "k1"
    keys: list[dict[str, Any]] = field(default_factory=list)
    sign: Callable[[Claims], str] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = self.keys or [public_jwk(self.key, "k1", use="sig", alg="RS256")]

    def token(self, nonce: str) -> str:
        now = int(self.now())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce,
            **self.user, **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if name not in self.drop}
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode(claims, self.key, "RS256", headers={"kid": self.kid} if self.kid else None)

    def discovery(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            **self.document,
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Somebody signs in at once: the address that their browser is sent to."""
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        told = {"code": code, "state": asked["state"]}
        if self.says_iss is not None:
            told["iss"] = self.says_iss
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    def redeem(self, form: dict[str, str], basic: str) -> tuple[int, bytes]:
        if self.answer is not None:
            return self.answer
        asked = self.codes.get(form["code"]) if self.forgives else self.codes.pop(form["code"], None)
        client, _, secret = base64.b64decode(basic.removeprefix("Basic ")).decode().partition(":")
        if (unquote(client), unquote(secret)) != (CLIENT_ID, CLIENT_SECRET):
            return 401, b'{"error": "invalid_client"}'
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, b'{"error": "invalid_grant"}'
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] and not self.forgives:
            return 400, b'{"error": "invalid_grant"}'
        told = {"access_token": "a", "token_type": "Bearer", "id_token": self.token(asked["nonce"])}
        return 200, json.dumps(told).encode()


@contextmanager
def lying_provider() -> Iterator[Lying]:
    """It answers until the end of the block."""
    lying = Lying()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            lying.asked.append(path)
            if path == "/authorize":
                asked = {name: values[0] for name, values in parse_qs(query).items()}
                self.send_response(302)
                self.send_header("Location", lying.authorize(asked))
                self.end_headers()
                return
            told = {
                "/.well-known/openid-configuration": lying.discovery,
                "/jwks": lambda: {"keys": lying.keys},
            }.get(path)
            self._say(404 if told is None else 200, json.dumps(told() if told else {}).encode())

        def do_POST(self) -> None:
            lying.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*lying.redeem(form, self.headers.get("Authorization", "")))

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    lying.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield lying
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
