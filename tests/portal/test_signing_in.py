"""Signing in with an identity provider (invariants 12, 13, 20): what an honest one says opens a session of
our own; whatever a lying one, another site or a stranger tries is refused, and nothing is opened.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from sqlalchemy import func, select

from core.adapters.provider import Provider
from core.adapters.tables import accounts, customers, sessions
from core.domain.actors import Actor
from core.domain.errors import ProofNeeded
from core.domain.sign_in import SIGN_OUT, Rules
from core.services import identity, sign_in
from portal import session, signing_in
from tests.lying_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Claims,
    Lying,
    lying_provider,
    public_jwk,
    query_of,
    rsa_key,
)
from tests.portal.visitor import HOST, Answer, Visitor
from tests.shop import MEI, Shop

MFA = "urn:mfa"
STAFF = {"sub": "s-7", "groups": ["everybody", "refund-review"], "name": "周岚", "acr": MFA}


@pytest.fixture(scope="module")
def far_end() -> Iterator[Lying]:
    with lying_provider() as found:
        yield found


@pytest.fixture
def lying(far_end: Lying, shop: Shop) -> Lying:
    """Honest until told otherwise, with the shop's clock and the shop's customer `mei` at its desk."""
    fresh = Lying(issuer=far_end.issuer, key=far_end.key, now=lambda: shop.clock.at.timestamp())
    fresh.user = {"sub": "u-1", "customer_id": "mei", "name": "梅", "email": "mei@example.com"}
    far_end.__dict__.update(fresh.__dict__)
    shop.app.provider = Provider(
        Rules(
            issuer=far_end.issuer,
            client_id=CLIENT_ID,
            customer_claim="customer_id",
            roles=(("lead", "refund-lead"), ("reviewer", "refund-review")),
            staff_acr=(MFA,),
        ),
        CLIENT_SECRET,
        f"http://{HOST}/session/callback",
    )
    return far_end


def leave(browser: Visitor, path: str = "/session/login") -> str:
    """Through our door to the provider and signed in there: the address that it sends the browser back to."""
    answer = browser.get(path)
    assert answer.status_code == 303, answer.text
    sent = requests.get(answer.headers["location"], allow_redirects=False, timeout=10)
    back = urlsplit(sent.headers["location"])
    return f"{back.path}?{back.query}"


def come_back(browser: Visitor, back: str, **headers: str) -> Answer:
    return browser.get(
        back, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document", **headers}
    )


def who(shop: Shop, browser: Visitor) -> Actor | None:
    held = browser.cookies.get(session.TOKEN_COOKIE, "")
    return identity.who(shop.app, held) if held else None


def opened(shop: Shop) -> int:
    with shop.app.read() as conn:
        return conn.execute(select(func.count()).select_from(sessions)).scalar_one()


def refused(answer: Answer, why: str = "sign_in_failed") -> bool:
    location = urlsplit(answer.headers["location"])
    return answer.status_code == 303 and location.path == "/" and query_of(location.geturl())["why"] == why


# --- what an honest provider says --------------------------------------------------------------------------


def test_a_customer_signs_in_and_is_where_they_were(browser: Visitor, shop: Shop, lying: Lying):
    answer = come_back(browser, leave(browser, "/session/login?to=/track?case=R1"))
    assert answer.status_code == 303 and answer.headers["location"] == "/track?case=R1"
    assert who(shop, browser) == MEI
    cookie = answer.headers.getlist("set-cookie")[0]
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
    assert answer.headers["cache-control"] == "no-store"
    assert browser.cookies[signing_in.BEGUN_COOKIE] == "", "what was kept for the way is gone"


def test_a_customer_who_never_bought_anything_is_known_too(browser: Visitor, shop: Shop, lying: Lying):
    lying.user = {"sub": "u-new", "customer_id": 90210, "name": "新"}
    come_back(browser, leave(browser))
    assert who(shop, browser) == Actor("customer", "90210")
    with shop.app.read() as conn:
        assert conn.execute(select(customers.c.name).where(customers.c.id == "90210")).scalar_one() == "新"


def test_staff_get_their_role_with_a_second_factor(browser: Visitor, shop: Shop, lying: Lying):
    lying.user = STAFF
    asked = query_of(browser.get("/session/login?as=staff").headers["location"])
    assert asked["acr_values"] == MFA
    answer = come_back(browser, leave(browser, "/session/login?as=staff"))
    assert answer.headers["location"] == "/desk"
    assert who(shop, browser) == Actor("reviewer", "s-7")
    lying.user = {**STAFF, "sub": "s-8", "groups": ["refund-review", "refund-lead"]}
    come_back(browser, leave(browser))
    assert who(shop, browser) == Actor("lead", "s-8"), "of several the first of the setting"
    assert {account.person_id: account.name for account in sign_in.people(shop.app)}["s-7"] == "周岚"


def test_staff_who_are_customers_too_are_one_person(browser: Visitor, shop: Shop, lying: Lying):
    """Invariant 13: else they could decide a request of their own."""
    lying.user = {**STAFF, "customer_id": "wei"}
    come_back(browser, leave(browser))
    assert who(shop, browser) == Actor("reviewer", "wei")


def test_the_door_asks_for_all_that_protects_the_way(browser: Visitor, shop: Shop, lying: Lying):
    one, other = (query_of(browser.get("/session/login").headers["location"]) for _ in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert len(one[name]) >= 43 and one[name] != other[name]
    assert one["code_challenge_method"] == "S256" and one["response_type"] == "code"
    assert one["redirect_uri"] == f"http://{HOST}/session/callback"
    again = query_of(browser.get("/session/login?again=1").headers["location"])
    assert again["prompt"] == "login" and again["max_age"] == "0"


def test_the_way_back_is_ours_whatever_host_was_asked(browser: Visitor, lying: Lying):
    answer = browser.get("/session/login", headers={"X-Forwarded-Host": "evil.example"})
    assert query_of(answer.headers["location"])["redirect_uri"] == f"http://{HOST}/session/callback"


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "javascript:alert(1)", "/\\evil"])
def test_nobody_is_sent_elsewhere_afterwards(browser: Visitor, lying: Lying, to: str):
    assert come_back(browser, leave(browser, f"/session/login?to={to}")).headers["location"] == "/"
    back = leave(browser)
    kept = json.loads(base64.urlsafe_b64decode(browser.cookies[signing_in.BEGUN_COOKIE]))
    lie = base64.urlsafe_b64encode(json.dumps([*kept[:3], to]).encode()).decode()
    browser.cookies[signing_in.BEGUN_COOKIE] = lie
    assert come_back(browser, back).headers["location"] == "/", "nor by a cookie that says so"


def test_the_sessions_id_is_a_new_one(browser: Visitor, shop: Shop, lying: Lying):
    """Session fixation: what the browser held before, its own or one that was planted, ends."""
    planted = identity.open_session(shop.app, "customer", "wei")
    browser.cookies[session.TOKEN_COOKIE] = planted
    come_back(browser, leave(browser))
    assert browser.cookies[session.TOKEN_COOKIE] != planted
    assert identity.who(shop.app, planted) is None and who(shop, browser) == MEI


def test_without_a_provider_there_is_no_door(browser: Visitor, shop: Shop):
    for path in ("/session/login", "/session/callback?code=x&state=y"):
        assert browser.get(path).status_code == 404


# --- misuse ------------------------------------------------------------------------------------------------


def test_a_stranger_does_not_make_us_ask_the_provider_for_ever(
    browser: Visitor, shop: Shop, lying: Lying, monkeypatch: pytest.MonkeyPatch
):
    """State and cookie are of their own making: both fit, and the code is nothing."""
    monkeypatch.setattr(sign_in, "TRIES_OF_ADDRESS", 2)
    whole = "s" * 43
    begun = base64.urlsafe_b64encode(json.dumps([whole, whole, whole, "/"]).encode()).decode()
    back = f"/session/callback?code=made-up&state={whole}"
    answers = [come_back(browser, back, Cookie=f"{signing_in.BEGUN_COOKIE}={begun}") for _ in range(4)]
    assert all(refused(answer) for answer in answers[:2])
    assert all(refused(answer, "too_many_sign_ins") for answer in answers[2:])
    assert lying.asked.count("/token") == 2


def _hmac(secret: bytes, alg: str) -> Callable[[Claims], str]:
    """Signed with a shared secret, whatever the header says."""

    def part(told: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=")

    def sign(claims: Claims) -> str:
        body = part({"alg": alg, "kid": "k1", "typ": "JWT"}) + b"." + part(claims)
        mac = hmac.new(secret, body, hashlib.sha256).digest()
        return (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()

    return sign


def _hs256_with_public_key(lying: Lying) -> Callable[[Claims], str]:
    pem = lying.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _hmac(pem, "HS256")


def _signed_under(lying: Lying, alg: str) -> Callable[[Claims], str]:
    """The provider's own signature under a header that names another way."""

    def sign(claims: Claims) -> str:
        told = ({"alg": alg, "kid": "k1"}, claims)
        parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in told]
        mac = lying.key.sign(b".".join(parts), padding.PKCS1v15(), hashes.SHA256())
        return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()

    return sign


def _unsigned(claims: Claims) -> str:
    return jwt.encode(claims, None, "none")


def _own_key_in_header(claims: Claims) -> str:
    key = rsa_key()
    return jwt.encode(claims, key, "RS256", headers={"kid": "k1", "jwk": public_jwk(key, "k1")})


def _changed(lying: Lying) -> Callable[[Claims], str]:
    """A good signature under other claims."""

    def sign(claims: Claims) -> str:
        head, _, mac = jwt.encode(claims, lying.key, "RS256", headers={"kid": "k1"}).split(".")
        other = json.dumps({**claims, "customer_id": "wei"}).encode()
        return f"{head}.{base64.urlsafe_b64encode(other).rstrip(b'=').decode()}.{mac}"

    return sign


def _crit(lying: Lying) -> Callable[[Claims], str]:
    return lambda claims: jwt.encode(
        claims, lying.key, "RS256", headers={"kid": "k1", "crit": ["b65"], "b65": True}
    )


def _secret_published(lying: Lying, alg: str) -> None:
    """A shared secret among the public keys: everybody could sign with it."""
    octets = base64.urlsafe_b64encode(b"k" * 32).rstrip(b"=").decode()
    lying.keys = [{"kty": "oct", "k": octets, "kid": "k1", "alg": "HS256"}]
    lying.sign = _hmac(b"k" * 32, alg)


LIES: dict[str, Callable[[Lying], object]] = {
    "alg none": lambda far: setattr(far, "sign", _unsigned),
    "alg none over a good signature": lambda far: setattr(far, "sign", _signed_under(far, "none")),
    "HS256 over a good signature": lambda far: setattr(far, "sign", _signed_under(far, "HS256")),
    "HS256 with the public key": lambda far: setattr(far, "sign", _hs256_with_public_key(far)),
    "a shared secret among the keys": lambda far: _secret_published(far, "HS256"),
    "a shared secret that says RS256": lambda far: _secret_published(far, "RS256"),
    "another key": lambda far: setattr(
        far, "sign", lambda c: jwt.encode(c, rsa_key(), "RS256", {"kid": "k1"})
    ),
    "a key that it brings itself": lambda far: setattr(far, "sign", _own_key_in_header),
    "an unknown key": lambda far: setattr(far, "kid", "k9"),
    "no key's name among several": lambda far: (
        setattr(far, "kid", None),
        far.keys.append(public_jwk(rsa_key(), "k2")),
    ),
    "a key for encryption": lambda far: setattr(far, "keys", [public_jwk(far.key, "k1", use="enc")]),
    "claims changed after signing": lambda far: setattr(far, "sign", _changed(far)),
    "a header that must be understood": lambda far: setattr(far, "sign", _crit(far)),
    "no token at all": lambda far: setattr(far, "answer", (200, b'{"access_token": "a"}')),
    "a token that is none": lambda far: setattr(far, "answer", (200, b'{"id_token": "x.y.z"}')),
    "an answer that is none": lambda far: setattr(far, "answer", (200, b"<html>")),
    "the code is not taken": lambda far: setattr(far, "answer", (400, b'{"error": "invalid_grant"}')),
    "another issuer": lambda far: far.claims.update(iss="https://evil.example"),
    "the issuer with a slash": lambda far: far.claims.update(iss=f"{far.issuer}/"),
    "for another client": lambda far: far.claims.update(aud="another-client"),
    "for nobody": lambda far: far.drop.add("aud"),
    "for several, given to another": lambda far: far.claims.update(aud=[CLIENT_ID, "other"], azp="other"),
    "for several, given to nobody": lambda far: far.claims.update(aud=[CLIENT_ID, "other"]),
    "over": lambda far: far.claims.update(exp=int(far.now()) - 61),
    "without an end": lambda far: far.drop.add("exp"),
    "an end that is text": lambda far: far.claims.update(exp="9999999999"),
    "an end that is true": lambda far: far.claims.update(exp=True),
    "of an hour ago": lambda far: far.claims.update(iat=int(far.now()) - 3600),
    "of tomorrow": lambda far: far.claims.update(iat=int(far.now()) + 86_400, exp=int(far.now()) + 90_000),
    "not yet good": lambda far: far.claims.update(nbf=int(far.now()) + 600),
    "another's nonce": lambda far: far.claims.update(nonce="n" * 43),
    "without a nonce": lambda far: far.drop.add("nonce"),
    "without a subject": lambda far: far.drop.add("sub"),
    "an empty subject": lambda far: far.claims.update(sub=""),
    "a subject that is a list": lambda far: far.claims.update(sub=["u-1"]),
    "without the shop's number": lambda far: far.user.pop("customer_id"),
    "a number with a role in it": lambda far: far.claims.update(customer_id="lead:mei"),
    "a number that only looks like hers": lambda far: far.claims.update(customer_id="ｍｅｉ"),
    "a number with spaces": lambda far: far.claims.update(customer_id=" mei"),
    "the browser's answer names another": lambda far: setattr(far, "says_iss", "https://evil.example"),
    "it says that it names itself, and does not": lambda far: far.document.update(
        authorization_response_iss_parameter_supported=True
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_opens_nothing(browser: Visitor, shop: Shop, lying: Lying, lie: str, capsys: Any):
    LIES[lie](lying)
    answer = come_back(browser, leave(browser))
    assert refused(answer), answer.headers["location"]
    assert opened(shop) == 0 and who(shop, browser) is None
    said = capsys.readouterr()
    assert CLIENT_SECRET not in said.err and "eyJ" not in said.err, "no secret and no token in the log"


def test_the_same_browser_goes_on_after_a_lie(browser: Visitor, shop: Shop, lying: Lying):
    """The test above would pass where nobody ever got in."""
    LIES["another issuer"](lying)
    come_back(browser, leave(browser))
    lying.claims.clear()
    come_back(browser, leave(browser))
    assert who(shop, browser) == MEI


def test_a_code_brought_to_another_browser_is_worth_nothing(browser: Visitor, shop: Shop, lying: Lying):
    """Login CSRF: a link with somebody else's code and state, clicked by our visitor."""
    back = leave(browser)
    stranger = Visitor(browser.app)
    assert refused(come_back(stranger, back))
    stranger.get("/session/login")
    lying.asked.clear()
    assert refused(come_back(stranger, back)), "nor with a sign-in of their own under way: the state differs"
    assert "/token" not in lying.asked, "the provider is not even asked"
    assert opened(shop) == 0


def test_a_stolen_code_needs_its_verifier(browser: Visitor, shop: Shop, lying: Lying):
    """PKCE: the code of one sign-in under the state of another."""
    code = query_of(leave(browser))["code"]
    thief = Visitor(browser.app)
    state = query_of(leave(thief))["state"]
    assert refused(come_back(thief, f"/session/callback?code={code}&state={state}"))
    lying.forgives = True  # and where the provider does not look, the nonce is another
    thief.get("/session/login")
    state = query_of(leave(thief))["state"]
    code = query_of(leave(browser))["code"]
    assert refused(come_back(thief, f"/session/callback?code={code}&state={state}"))
    assert opened(shop) == 0


def test_a_sign_in_is_good_once(browser: Visitor, shop: Shop, lying: Lying):
    """Replay after signing out, by somebody who kept the address and the cookie, at a provider that takes a
    code twice.
    """
    lying.forgives = True
    back = leave(browser)
    kept = browser.cookies[signing_in.BEGUN_COOKIE]
    come_back(browser, back)
    browser.post("/session/end")
    assert who(shop, browser) is None
    assert refused(come_back(browser, back)), "the cookie is gone"
    browser.cookies[signing_in.BEGUN_COOKIE] = kept
    assert refused(come_back(browser, back)), "and was good for one session only"
    assert opened(shop) == 1 and who(shop, browser) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Dest": "iframe"}, 404),
        ({"Sec-Fetch-Dest": "image"}, 404),
        ({"Sec-Fetch-Dest": "empty"}, 404),
    ],
)
def test_only_a_browser_on_its_way_comes_back(
    browser: Visitor, shop: Shop, lying: Lying, headers: dict[str, str], status: int
):
    assert come_back(browser, leave(browser), **headers).status_code == status
    assert opened(shop) == 0


def test_the_provider_says_no(browser: Visitor, shop: Shop, lying: Lying):
    state = query_of(leave(browser))["state"]
    assert refused(come_back(browser, f"/session/callback?error=access_denied&state={state}"))
    assert opened(shop) == 0


@pytest.mark.parametrize("held", ["", "x", "bnVsbA==", "WzFd", "WyIiLCIiLCIiLCIvIl0=", "é", "a" * 5000])
def test_a_cookie_that_makes_no_sense_is_nothing(browser: Visitor, shop: Shop, lying: Lying, held: str):
    """Also one whose state is empty, as the address's may be."""
    lying.asked.clear()
    assert refused(browser.get("/session/callback?code=x", headers={"Cookie": f"refund_begun={held}"}))
    assert lying.asked == [], "the provider is not asked"
    assert opened(shop) == 0


def test_another_subject_with_the_same_mail_is_another_person(browser: Visitor, shop: Shop, lying: Lying):
    come_back(browser, leave(browser))
    lying.user = {"sub": "u-2", "customer_id": "wei", "email": "mei@example.com", "email_verified": True}
    come_back(browser, leave(browser))
    assert who(shop, browser) == Actor("customer", "wei")


def test_another_subject_with_the_same_number_is_refused(browser: Visitor, shop: Shop, lying: Lying):
    come_back(browser, leave(browser))
    lying.user = {**lying.user, "sub": "u-2"}
    stranger = Visitor(browser.app)
    assert refused(come_back(stranger, leave(stranger)), "account_differs")
    lying.user = {**lying.user, "sub": "u-1", "customer_id": "wei"}
    assert refused(come_back(stranger, leave(stranger)), "account_differs"), "nor does hers become another"
    assert opened(shop) == 1
    assert sign_in.sign_out(shop.app, "mei", forget=True) == 1
    lying.user = {**lying.user, "sub": "u-2", "customer_id": "mei"}
    come_back(stranger, leave(stranger))
    assert who(shop, stranger) == MEI, "until the operator has let her go"


@pytest.mark.parametrize("acr", [None, "", "urn:password", ["urn:mfa"], "URN:MFA"])
def test_staff_without_a_second_factor_stay_outside(browser: Visitor, shop: Shop, lying: Lying, acr: Any):
    lying.user = {**STAFF, "acr": acr}
    assert refused(come_back(browser, leave(browser)), "second_factor_needed")
    assert opened(shop) == 0


@pytest.mark.parametrize(
    "groups", ["refund-reviewer", ["Refund-Review"], {"refund-review": 1}, None, [["refund-review"]]]
)
def test_only_the_very_value_gives_a_role(browser: Visitor, shop: Shop, lying: Lying, groups: Any):
    lying.user = {"sub": "u-1", "customer_id": "mei", "groups": groups, "acr": MFA}
    come_back(browser, leave(browser))
    assert who(shop, browser) == MEI


def test_a_changed_role_ends_what_was_open_in_the_one_before(browser: Visitor, shop: Shop, lying: Lying):
    lying.user = {**STAFF, "groups": ["refund-lead"]}
    come_back(browser, leave(browser))
    assert who(shop, browser) == Actor("lead", "s-7")
    other = Visitor(browser.app)
    lying.user = STAFF
    come_back(other, leave(other))
    assert who(shop, browser) is None and who(shop, other) == Actor("reviewer", "s-7")


# --- before money moves ------------------------------------------------------------------------------------


def in_review(shop: Shop) -> str:
    """A case that waits for a reviewer: its code was looked at."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    return shop.apply(order_no, reason="other").case_no


@pytest.mark.parametrize("says_when", [True, False])
def test_staff_show_again_who_they_are(browser: Visitor, shop: Shop, lying: Lying, says_when: bool):
    """`auth_time` is the provider's word; where it says nothing, nobody has shown anything."""
    case_no = in_review(shop)
    assert shop.view(case_no).state == "in_review"
    now = int(shop.clock.at.timestamp())
    lying.user = {**STAFF, **({"auth_time": now - 3600} if says_when else {})}
    come_back(browser, leave(browser))
    held = who(shop, browser)
    assert held is not None
    with pytest.raises(ProofNeeded):
        shop.act(case_no, "approve", held, note="同意")
    assert shop.view(case_no).state == "in_review"
    lying.user = {**STAFF, "auth_time": now}
    come_back(browser, leave(browser, "/session/login?as=staff&again=1"))
    held = who(shop, browser)
    assert held is not None
    assert shop.act(case_no, "approve", held, note="同意").state == "approved"


def test_a_time_to_come_is_now(browser: Visitor, shop: Shop, lying: Lying):
    lying.user = {**STAFF, "auth_time": int(shop.clock.at.timestamp()) + 86_400}
    come_back(browser, leave(browser))
    held = who(shop, browser)
    assert held is not None and held.proved_at == shop.clock.at


# --- how it ends -------------------------------------------------------------------------------------------


def test_signing_out_everywhere(browser: Visitor, shop: Shop, lying: Lying):
    phone = Visitor(browser.app)
    for device in (browser, phone):
        come_back(device, leave(device))
    stranger = identity.open_session(shop.app, "customer", "wei")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert browser.post("/session/end-all", headers=headers).status_code == 403
    assert who(shop, phone) == MEI
    assert browser.post("/session/end-all").headers["location"] == "/"
    assert who(shop, browser) is None and who(shop, phone) is None
    assert identity.who(shop.app, stranger) is not None, "others stay"


def test_a_guest_ends_their_own_only(browser: Visitor, shop: Shop):
    other = identity.open_session(shop.app, "guest", "", shop.order())
    browser.cookies[session.TOKEN_COOKIE] = identity.open_session(shop.app, "guest", "", shop.order())
    browser.post("/session/end-all")
    assert who(shop, browser) is None and identity.who(shop.app, other) is not None


def test_the_operator_ends_somebodys_sessions(browser: Visitor, shop: Shop, lying: Lying):
    come_back(browser, leave(browser))
    assert sign_in.sign_out(shop.app, "mei") == 1 and who(shop, browser) is None
    with shop.app.read() as conn:
        assert conn.execute(select(func.count()).select_from(accounts)).scalar_one() == 1


def sign_out_token(lying: Lying, **claims: Any) -> str:
    """As the provider sends it when somebody leaves, or loses a role."""
    now = int(lying.now())
    told = {
        "iss": lying.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": "j-1", "sub": "u-1",
        "events": {SIGN_OUT: {}}, **claims,
    }  # fmt: skip
    told = {name: value for name, value in told.items() if value is not None}
    return lying.sign(told) if lying.sign else jwt.encode(told, lying.key, "RS256", headers={"kid": "k1"})


def hear(browser: Visitor, token: str) -> Answer:
    return Visitor(browser.app).post("/session/backchannel", content=f"logout_token={token}")


def test_the_provider_signs_somebody_out_everywhere(browser: Visitor, shop: Shop, lying: Lying):
    phone = Visitor(browser.app)
    for device in (browser, phone):
        come_back(device, leave(device))
    other = identity.open_session(shop.app, "customer", "wei")
    answer = hear(browser, sign_out_token(lying))
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert who(shop, browser) is None and who(shop, phone) is None
    assert identity.who(shop.app, other) is not None
    assert hear(browser, sign_out_token(lying, sub="nobody-here")).status_code == 200


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"}, {"aud": "other"}, {"exp": 1}, {"exp": None}, {"iat": 1},
        {"events": {}}, {"events": None}, {"events": SIGN_OUT}, {"nonce": "n"}, {"sub": None},
    ],
)  # fmt: skip
def test_nobody_else_signs_people_out(browser: Visitor, shop: Shop, lying: Lying, lie: Claims):
    come_back(browser, leave(browser))
    assert hear(browser, sign_out_token(lying, **lie)).status_code == 400
    lying.sign = lambda claims: jwt.encode(claims, rsa_key(), "RS256", {"kid": "k1"})
    assert hear(browser, sign_out_token(lying)).status_code == 400
    for nothing in ("", "x", "a.b.c"):
        assert hear(browser, nothing).status_code == 400
    assert who(shop, browser) == MEI


def test_idle_and_absolute_limits(browser: Visitor, shop: Shop, lying: Lying):
    come_back(browser, leave(browser))
    token = browser.cookies[session.TOKEN_COOKIE]
    for _ in range(12 * 60 // 50):
        shop.clock.advance(timedelta(minutes=50))
        assert identity.greet(shop.app, token, is_act=True) is not None
    shop.clock.advance(timedelta(minutes=50))
    assert identity.greet(shop.app, token, is_act=True) is None, "twelve hours, however busy"

    come_back(browser, leave(browser))
    token = browser.cookies[session.TOKEN_COOKIE]
    for _ in range(5):
        shop.clock.advance(timedelta(minutes=12))
        assert (identity.greet(shop.app, token) is None) == (_ == 4), "a page that looks by itself is no act"


# --- the provider's own state ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": 7},
        {"response_types_supported": ["id_token"]},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_a_provider_that_is_unfit_is_not_gone_to(
    browser: Visitor, shop: Shop, lying: Lying, document: Claims
):
    from core.domain.errors import SettingInvalid

    lying.document = document
    assert refused(browser.get("/session/login"))
    with pytest.raises(SettingInvalid) as said:
        shop.app.provider.check()  # type: ignore[union-attr]
    assert said.value.params["variable"] == "REFUND_OIDC_ISSUER"


def test_a_silent_provider_is_said_and_keeps_nothing_else_closed(browser: Visitor, shop: Shop, lying: Lying):
    shop.app.provider = Provider(
        Rules(issuer="http://127.0.0.1:9", client_id=CLIENT_ID), CLIENT_SECRET, f"http://{HOST}/x"
    )
    shop.app.provider.check()
    assert refused(browser.get("/session/login"), "provider_silent")


def test_a_new_key_is_found_and_an_unknown_one_not_asked_for_at_every_try(
    browser: Visitor, shop: Shop, lying: Lying, monkeypatch: pytest.MonkeyPatch
):
    from core.adapters import provider

    monkeypatch.setattr(provider, "ASK_AGAIN_SECONDS", 0)
    come_back(browser, leave(browser))
    lying.key, lying.kid = rsa_key(), "k2"
    lying.keys = [public_jwk(lying.key, "k2")]
    browser.cookies.clear()
    come_back(browser, leave(browser))
    assert who(shop, browser) == MEI
    monkeypatch.setattr(provider, "ASK_AGAIN_SECONDS", 60)
    lying.asked.clear()
    lying.kid = "k9"
    for _ in range(3):
        assert refused(come_back(browser, leave(browser)))
    assert "/jwks" not in lying.asked
