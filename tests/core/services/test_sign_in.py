"""Signing in on both databases: accounts stay with their person, one sign-in is one session, also in a race.
What an identity provider may say, and what is refused of it: tests/portal/test_signing_in.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from core.adapters.tables import accounts, customers, sessions
from core.domain.actors import Actor
from core.domain.errors import AccountDiffers, NotFound, SignInFailed
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

    def redeem(self, code: str, verifier: str) -> dict[str, Any]:
        now = int(self.shop.clock.at.timestamp())
        told = {"iss": RULES.issuer, "aud": RULES.client_id, "iat": now, "exp": now + 60, "nonce": code}
        return {**told, **self.user}


@pytest.fixture
def provider(shop: Shop) -> Provider:
    found = Provider(shop)
    shop.app.provider = found  # type: ignore[assignment]
    return found


def come(shop: Shop, nonce: str) -> str:
    return sign_in.finish(shop.app, Begun("state", nonce, "verifier"), state="state", code=nonce)[0]


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
