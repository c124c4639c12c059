"""The identity provider at the far end of the network (OpenID Connect, code flow with PKCE): where to send a
browser, and what came of the code it brings back. Whether the token is believed is `domain/sign_in`'s matter.

The client secret, codes and tokens are in no log and no error.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import structlog

from core.domain.errors import ProviderSilent, SettingInvalid, SignInFailed
from core.domain.sign_in import Rules

log = structlog.get_logger(__name__)

# Public keys only: a shared secret could be guessed from tokens, `none` is no signature.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
SECONDS: Final = (3.05, 10)  # to connect, to answer
MOST_BYTES: Final = 256 * 1024
KEEP_SECONDS: Final = 300  # of its keys and addresses: one that it takes back is not believed for longer
ASK_AGAIN_SECONDS: Final = 10  # at the soonest, for a key that was not there
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_safe(address: str) -> bool:
    """https, or this machine: nobody on the way reads or changes what is said."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


class Provider:
    """One provider for customers and staff. `redirect_uri` is ours, as it is registered there."""

    def __init__(
        self, rules: Rules, client_secret: str, redirect_uri: str, scope: str = "openid profile"
    ) -> None:
        self.rules = rules
        self.redirect_uri = redirect_uri
        self._secret = client_secret
        self._scope = scope
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, dict[str, Any]] | None = None

    def check(self) -> None:
        """At the start: `SettingInvalid` when somebody else answers there, or one who cannot what we need.
        Silence is logged only: it may be starting as well.
        """
        try:
            self._document()
        except ProviderSilent:
            log.warning("provider_silent", issuer=self.rules.issuer)
        except SignInFailed as refused:
            log.error("provider_unfit", issuer=self.rules.issuer, problem=refused.params["problem"])
            raise SettingInvalid(
                variable="REFUND_OIDC_ISSUER", allowed="OpenID Connect: https://…, code, PKCE S256, RS256"
            ) from None

    def address(
        self, state: str, nonce: str, verifier: str, *, acr: tuple[str, ...] = (), again: bool = False
    ) -> str:
        """Where the browser goes to sign in. `again`: though it is signed in there. `ProviderSilent`."""
        asked = {
            "response_type": "code",
            "client_id": self.rules.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self._scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        if acr:
            asked["acr_values"] = " ".join(acr)
        if again:
            asked |= {"prompt": "login", "max_age": "0"}
        where = str(self._document()["authorization_endpoint"])
        return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"

    def redeem(self, code: str, verifier: str) -> dict[str, Any]:
        """The claims of the token that `code` is good for, its signature checked. `ProviderSilent`,
        `SignInFailed(problem)`.
        """
        document = self._document()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        auth = None
        if "client_secret_basic" in methods:
            auth = (quote(self.rules.client_id, safe=""), quote(self._secret, safe=""))
        else:
            form |= {"client_id": self.rules.client_id, "client_secret": self._secret}
        status, told = _call("POST", str(document["token_endpoint"]), form, auth)
        raw = told.get("id_token") if status == 200 else None
        if not isinstance(raw, str):
            raise SignInFailed(problem="token_refused" if status != 200 else "no_token")
        return self.verified(raw)

    def verified(self, raw: str) -> dict[str, Any]:
        """The claims of a signed token. Keys come from the provider's published set, never from the token."""
        import jwt

        try:
            header = jwt.get_unverified_header(raw)
        except jwt.PyJWTError:
            raise SignInFailed(problem="token_unreadable") from None
        key = self._key(header.get("kid"))
        try:
            claims: dict[str, Any] = jwt.decode(
                raw,
                key=key,  # bound to its own algorithm: what the header names has to be that one
                # What it says is judged by the rules, with the portal's clock.
                options={
                    "verify_aud": False, "verify_iss": False, "verify_exp": False, "verify_iat": False,
                    "verify_nbf": False, "verify_sub": False, "verify_jti": False,
                },
            )  # fmt: skip
        except jwt.PyJWTError:
            raise SignInFailed(problem="signature") from None
        return claims

    def _key(self, kid: Any) -> Any:
        """The provider's key of this name; an unknown one is looked for again, not at every try."""
        for most in (KEEP_SECONDS, ASK_AGAIN_SECONDS):
            keys = self._key_set(most)
            if kid is None and len(keys) == 1:
                return next(iter(keys.values()))
            if isinstance(kid, str) and kid in keys:
                return keys[kid]
        raise SignInFailed(problem="key")

    def _key_set(self, most: float) -> dict[str, Any]:
        import jwt

        with self._lock:
            if self._keys is not None and time.monotonic() - self._keys[0] < most:
                return self._keys[1]
        status, told = _call("GET", str(self._document()["jwks_uri"]))
        if status != 200:
            raise ProviderSilent()
        found: dict[str, Any] = {}
        listed = told.get("keys")
        for number, each in enumerate(listed if isinstance(listed, list) else []):
            if not isinstance(each, dict) or each.get("use", "sig") != "sig":
                continue
            try:
                key = jwt.PyJWK(each)
            except jwt.PyJWTError:
                continue
            if key.algorithm_name in ALGORITHMS:
                found[str(each.get("kid", f"#{number}"))] = key
        with self._lock:
            self._keys = (time.monotonic(), found)
        return found

    def _document(self) -> dict[str, Any]:
        """What the provider tells about itself; `ProviderSilent`, `SignInFailed`."""
        with self._lock:
            if self._known is not None and time.monotonic() - self._known[0] < KEEP_SECONDS:
                return self._known[1]
        status, told = _call("GET", f"{self.rules.issuer.rstrip('/')}/.well-known/openid-configuration")
        if status >= 500:
            raise ProviderSilent()
        problem = "discovery" if status != 200 else unfit(told, self.rules.issuer)
        if problem:
            raise SignInFailed(problem=problem)
        with self._lock:
            self._known = (time.monotonic(), told)
        return told

    @property
    def names_itself(self) -> bool:
        """Whether each answer in the browser's address bears the provider's name (RFC 9207)."""
        return self._document().get("authorization_response_iss_parameter_supported") is True


def challenge(verifier: str) -> str:
    """PKCE's S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def unfit(document: Mapping[str, Any], issuer: str) -> str:
    """What is wrong with a discovery document; '' for nothing."""
    if document.get("issuer") != issuer:
        return "discovery_issuer"
    ends = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if not all(isinstance(document.get(end), str) and is_safe(document[end]) for end in ends):
        return "discovery_endpoints"
    wanted = (
        ("response_types_supported", {"code"}),
        ("id_token_signing_alg_values_supported", set(ALGORITHMS)),
        ("code_challenge_methods_supported", {"S256"}),
    )
    for name, some in wanted:
        listed = document.get(name)  # one that says nothing is asked, and refuses what it cannot
        if isinstance(listed, list) and not some & {each for each in listed if isinstance(each, str)}:
            return f"discovery_{name}"
    return ""


def _call(
    method: str, address: str, form: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of one request; nothing else than its own address is asked. `ProviderSilent`,
    `SignInFailed`.
    """
    import requests

    try:
        with requests.request(
            method,
            address,
            data=form,
            auth=auth,
            headers={"Accept": "application/json"},
            timeout=SECONDS,
            allow_redirects=False,
            stream=True,
        ) as answer:
            body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
            status = answer.status_code
    except Exception as error:
        # Its words may hold the address with a code in it.
        log.warning("provider_call_failed", problem=type(error).__name__)
        raise ProviderSilent() from None
    try:
        told = json.loads(body[:MOST_BYTES]) if body else {}
    except ValueError:
        told = {}
    return status, told if isinstance(told, dict) else {}
