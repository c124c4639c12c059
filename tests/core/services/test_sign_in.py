"""Signing in on both databases: accounts stay with their person, one sign-in is one session, also in a race.
What an identity provider may say, and what is refused of it: tests/portal/test_signing_in.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog
from sqlalchemy import func, select

from core.adapters.tables import accounts, customers, sessions, sign_in_tries
from core.domain.actors import Actor
from core.domain.errors import AccountDiffers, NotFound, Refusal, SignInFailed
from core.domain.sign_in import Rules
from core.services import identity, sign_in
from core.services.sign_in import Begun
from tests.shop import MEI, Shop

RULES = Rules(
    "https://id.example", "refund-portal", customer_claim="customer_id",
    roles=(("reviewer", "review"),), staff_acr=("mfa",),
)  # fmt: skip


class Provider:
    """Says what it is told to say of whoever comes."""

    rules = RULES
    names_itself = False

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.user: dict[str, Any] = {"sub": "u-1", "customer_id": "mei"}
        self.refuses = False
        self.asked = 0

    def redeem(self, code: str, verifier: str) -> dict[str, Any]:
        self.asked += 1
        if self.refuses:
            raise SignInFailed(problem="token_refused")
        now = int(self.shop.clock.at.timestamp())
        told = {"iss": RULES.issuer, "aud": RULES.client_id, "iat": now, "exp": now + 60, "nonce": code}
        return {**told, **self.user}


@pytest.fixture
def provider(shop: Shop) -> Provider:
    found = Provider(shop)
    shop.app.provider = found  # type: ignore[assignment]
    return found


def come(shop: Shop, nonce: str, address: str = "203.0.113.7") -> str:
    return sign_in.finish(
        shop.app, Begun("state", nonce, "verifier"), state="state", code=nonce, address=address
    )[0]


def count(shop: Shop, table: Any) -> int:
    with shop.app.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_sign_in_is_one_session(shop: Shop, provider: Provider) -> None:
    assert identity.who(shop.app, come(shop, "n-1")) == MEI
    with pytest.raises(SignInFailed) as refused:
        come(shop, "n-1")
    assert refused.value.params["problem"] == "replayed"
    assert identity.who(shop.app, come(shop, "n-2")) == MEI
    assert (count(shop, accounts), count(shop, sessions), count(shop, customers)) == (1, 2, 2)


def test_a_sign_in_is_told_without_a_name(shop: Shop, provider: Provider) -> None:
    with structlog.testing.capture_logs() as lines:
        come(shop, "nonce-1")
    told = [line for line in lines if line["event"] == "signed_in"]
    assert [line.keys() for line in told] == [{"event", "log_level", "role"}]


def test_an_account_and_its_person_stay_together(shop: Shop, provider: Provider) -> None:
    come(shop, "n-1")
    for user in ({"sub": "u-2", "customer_id": "mei"}, {"sub": "u-1", "customer_id": "wei"}):
        provider.user = user
        with pytest.raises(AccountDiffers):
            come(shop, f"n-{user}")
    assert count(shop, sessions) == 1
    with pytest.raises(NotFound):
        sign_in.sign_out(shop.app, "wei")


def test_a_new_role_ends_the_sessions_of_the_one_before(shop: Shop, provider: Provider) -> None:
    before = come(shop, "n-1")
    provider.user = {"sub": "u-1", "customer_id": "mei", "groups": ["review"], "acr": "mfa"}
    after = come(shop, "n-2")
    assert identity.who(shop.app, before) is None
    assert identity.who(shop.app, after) == Actor("reviewer", "mei")


def test_many_tabs_bring_back_the_same_sign_in(shop: Shop, provider: Provider) -> None:
    """Of those that come at once one opens a session, and there is one account."""

    def one(_: int) -> bool:
        try:
            come(shop, "n-1")
        except SignInFailed:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(6))) == 1
    assert (count(shop, accounts), count(shop, sessions)) == (1, 1)


# --- what strangers may make us ask -------------------------------------------------------------------------


def ends(shop: Shop, nonce: str, address: str = "203.0.113.7") -> str:
    """The code of what refuses it; '' for a session."""
    try:
        come(shop, nonce, address)
    except Refusal as refused:
        return refused.code
    return ""


def test_made_up_codes_reach_the_provider_a_few_times_only(shop: Shop, provider: Provider) -> None:
    provider.refuses = True
    found = [ends(shop, f"n-{place}") for place in range(sign_in.TRIES_OF_ADDRESS + 3)]
    assert found == ["sign_in_failed"] * sign_in.TRIES_OF_ADDRESS + ["too_many_sign_ins"] * 3
    assert provider.asked == sign_in.TRIES_OF_ADDRESS
    provider.refuses = False
    assert ends(shop, "n-home") == "too_many_sign_ins", "from this address even a good one waits …"
    assert ends(shop, "n-away", "198.51.100.4") == "", "… from others nobody does"
    shop.clock.advance(sign_in.WINDOW)
    assert ends(shop, "n-later") == ""


def test_from_many_addresses_as_well(shop: Shop, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "TRIES_OF_ALL", 6)
    provider.refuses = True
    found = [ends(shop, f"n-{place}", f"198.51.100.{place}") for place in range(8)]
    assert found == ["sign_in_failed"] * 6 + ["too_many_sign_ins"] * 2 and provider.asked == 6


def test_who_signs_in_takes_nobodys_room(
    shop: Shop, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TRIES_OF_ADDRESS", 2)
    assert [ends(shop, f"n-{place}") for place in range(6)] == [""] * 6, "a whole office behind one address"
    assert count(shop, sign_in_tries) == 0


def test_at_once_not_one_more_is_asked(
    shop: Shop, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TRIES_OF_ADDRESS", 3)
    provider.refuses = True
    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(lambda place: ends(shop, f"n-{place}"), range(8)))
    assert found == ["sign_in_failed"] * 3 + ["too_many_sign_ins"] * 5 and provider.asked == 3
