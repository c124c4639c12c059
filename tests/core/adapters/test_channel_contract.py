"""One contract for every channel: the sandbox, the platform balance, and the real ones against the stand-in.

The truth is what the far end's own books say, never what an adapter answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.adapters import database
from core.adapters.channels import (
    UNDECIDED,
    Capabilities,
    Channel,
    ChannelSilent,
    Outcome,
    RefundRequest,
    balance,
)
from core.adapters.channels.alipay import AlipayChannel, AlipayKeys
from core.adapters.channels.card import CardChannel, CardKeys
from core.adapters.channels.sandbox import SandboxChannel
from core.adapters.channels.wechat import WechatChannel, WechatKeys
from core.adapters.tables import balance_lots, sandbox_refunds
from core.domain.facts import CHANNELS
from core.domain.policy import SHIPPED, load, shipped
from tests.shop import open_shop
from tests.standin import keys as keys_
from tests.standin.server import Spacing, Standin, running

REAL = ("alipay", "wechat", "card")
TRADES = {
    "alipay": "2026112022001400000000000001",
    "wechat": "4200001000202611200000000001",
    "card": "pi_3Pq0001",
}


class MovedClock:
    """The machine's time, and as much more as it was moved: keys and notices have real times in them."""

    def __init__(self, by: timedelta = timedelta(0)) -> None:
        self.by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass
class Far:
    """A channel and its far end: `moved` is what left for good by the far end's books."""

    channel: Channel
    request: RefundRequest
    moved: Callable[[], int]
    settle: Callable[[], None]
    clock: MovedClock
    standin: Standin | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(2))

    def another(self, amount_minor: int) -> RefundRequest:
        return replace(self.request, key=f"R1-1-{next(self.numbers)}", amount_minor=amount_minor)

    def lie(self, word: str, op: str = "refund", **more: object) -> None:
        """The next such call is bent."""
        assert self.standin is not None
        self.standin.faults.replace([{"op": op, "nth": 1, "do": word, **more}])


def _sandbox(url: str) -> Far:
    clock, engine = MovedClock(), database.engine(url)
    channel = SandboxChannel("alipay", engine, clock)

    def moved() -> int:
        with engine.connect() as conn:
            return int(
                conn.execute(select(func.coalesce(func.sum(sandbox_refunds.c.amount_minor), 0))).scalar_one()
            )

    def settle() -> None:
        clock.by += timedelta(days=12)

    request = RefundRequest("R1-1-1", "alipay", "T1", 4_000, "CNY", 10_000)
    return Far(channel, request, moved, settle, clock)


def adapter(standin: Standin, name: str, clock: MovedClock) -> Channel:
    keys = standin.keys
    if name == "alipay":
        gateway = f"{standin.url}/gateway.do"
        told = (keys_.APP_ID, keys.shop_private_pem, keys.channel_public_pem, gateway)
        return AlipayChannel(AlipayKeys(*told), clock)
    if name == "wechat":
        return WechatChannel(
            WechatKeys(
                keys_.MCH_ID, keys.shop_serial, keys.shop_private_pem, keys.api_v3_key, keys_.PUBLIC_KEY_ID,
                keys.channel_public_pem, gateway=standin.url,
            ),
            clock,
        )  # fmt: skip
    return CardChannel(CardKeys(keys.card_key, keys.card_webhook_secret, standin.url), clock)


def _real(standin: Standin, name: str) -> Far:
    clock, trade_no = MovedClock(), TRADES[name]
    currency = "USD" if name == "card" else "CNY"
    standin.books.pay(name, trade_no, 10_000, currency=currency, by_card=name == "card")
    request = RefundRequest("R1-1-1", name, trade_no, 4_000, currency, 10_000)

    def settle() -> None:
        standin.settle(name)
        clock.by += timedelta(days=8)

    channel = adapter(standin, name, clock)
    return Far(channel, request, lambda: standin.books.refunded(name, trade_no), settle, clock, standin)


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    with running(tmp_path / "far.db", spacing=Spacing(0, 0)) as up:
        yield up


@pytest.fixture(params=("sandbox", *REAL))
def far(request: pytest.FixtureRequest) -> Far:
    """Every channel with a far end."""
    if request.param == "sandbox":
        return _sandbox(request.getfixturevalue("sqlite_url"))
    return _real(request.getfixturevalue("standin"), request.param)


@pytest.fixture(params=REAL)
def real(request: pytest.FixtureRequest, standin: Standin) -> Far:
    return _real(standin, request.param)


def told(call: Callable[[RefundRequest], Outcome], request: RefundRequest) -> str:
    """The kind of the outcome; silence is `unknown`, as the worker takes it."""
    try:
        return call(request).kind
    except ChannelSilent:
        return "unknown"


# --- what every channel does -----------------------------------------------------------------------------


def test_a_refund_moves_its_amount_once(far: Far) -> None:
    """Any number of times under one key."""
    first = far.channel.refund(far.request)
    assert first.kind in ("accepted", "arrived") and first.reference
    assert far.moved() == 4_000
    again = far.channel.refund(far.request)
    assert again.kind in ("accepted", "arrived") and again.reference == first.reference
    assert far.moved() == 4_000


def test_it_arrives_and_says_when(far: Far) -> None:
    far.channel.refund(far.request)
    far.settle()
    arrived = far.channel.query(far.request)
    assert (arrived.kind, arrived.cause) == ("arrived", None)
    assert arrived.at is not None and abs(arrived.at - datetime.now(UTC)) < timedelta(days=14)
    assert far.channel.query(far.request) == arrived


def test_one_key_is_one_amount(far: Far) -> None:
    far.channel.refund(far.request)
    other = far.channel.refund(replace(far.request, amount_minor=4_001))
    assert other.kind == "refused" or (other.kind, other.cause) == ("unknown", "differs")
    assert far.moved() == 4_000


def test_what_it_has_under_our_key_is_compared_with_ours(real: Far) -> None:
    """A query about another amount than the one that moved decides nothing."""
    real.channel.refund(real.request)
    asked = real.channel.query(replace(real.request, amount_minor=3_999))
    assert (asked.kind, asked.cause) == ("unknown", "differs")


def test_what_it_never_saw(far: Far) -> None:
    assert far.channel.query(far.request).kind == "never_seen"
    far.channel.refund(far.request)
    assert far.channel.query(far.another(4_000)).kind == "never_seen"


def test_never_beyond_what_was_paid(far: Far) -> None:
    far.channel.refund(far.request)
    assert far.channel.refund(far.another(6_001)).kind == "refused"
    assert far.moved() == 4_000
    assert far.channel.refund(far.another(6_000)).kind in ("accepted", "arrived")
    assert far.moved() == 10_000


def test_a_trade_that_is_nowhere(real: Far) -> None:
    for nowhere in ("NOWHERE", "pi_nowhere", "ch_nowhere"):
        lost = replace(real.request, trade_no=nowhere)
        assert (told(real.channel.refund, lost), told(real.channel.query, lost)) == ("refused", "never_seen")


def test_the_balance_credits_once(database_url: str, tmp_path: Path) -> None:
    """It has no far end and so no unknown: it arrives with its ledger entries, and a second lot for the same
    payout is refused by the database (invariant 19).
    """
    shop = open_shop(database_url, tmp_path)
    case_no = shop.apply(shop.order(), 4_000, route="balance").case_no
    shop.work(minutes=1)
    [payout] = shop.payouts(case_no)
    assert (payout.state, payout.channel) == ("arrived", "balance")
    with shop.app.read() as conn:
        [lot] = conn.execute(select(balance_lots)).all()
        assert balance.spendable(conn, "mei", "CNY", shop.clock.at) == lot.amount_minor == 4_000
    with pytest.raises(IntegrityError), shop.app.begin() as conn:
        balance.credit(
            conn, customer_id="mei", payout_id=payout.id, amount_minor=1, currency="CNY", at=shop.clock.at,
            expires_at=lot.expires_at,
        )  # fmt: skip


# --- what they say of themselves -------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_policies_promise_what_channels_can(name: str) -> None:
    """No shipped policy sends money back later than the channel takes it, or promises it sooner."""
    policy = load(shipped(name))
    real_ones: tuple[type[Any], ...] = (AlipayChannel, WechatChannel, CardChannel)
    found: dict[str, Capabilities] = {kind.name: kind.capabilities for kind in real_ones}
    found["balance"] = balance.CAPABILITIES
    assert set(found) == set(CHANNELS)
    for channel, can in found.items():
        assert timedelta(days=policy.channel_days[channel]) <= can.window, channel
        assert policy.eta_working_days[channel][1] >= can.eta_days[0], channel


# --- lies ------------------------------------------------------------------------------------------------

AFTER = ("lose_reply", "reset_after", "error_after", "malformed", "lone_brace", "wrong_signature")
BEFORE = ("error_before", "reset_before")


@pytest.mark.parametrize("word", AFTER)
def test_an_answer_that_got_lost_is_unknown_and_the_query_finds_the_money(real: Far, word: str) -> None:
    """Invariant 6: never `refused`, never sent under another key; asked, it says what happened."""
    real.lie(word)
    assert told(real.channel.refund, real.request) in ("unknown", "accepted", "arrived")
    assert real.moved() == 4_000
    assert real.channel.query(real.request).kind in ("accepted", "arrived")
    assert real.channel.refund(real.request).kind in ("accepted", "arrived")
    assert real.moved() == 4_000


@pytest.mark.parametrize("word", ["lose_reply", "reset_after", "error_after", "malformed"])
def test_a_query_whose_answer_got_lost_tells_nothing(real: Far, word: str) -> None:
    real.channel.refund(real.request)
    real.lie(word, op="list" if real.channel.name == "card" else "query")
    assert told(real.channel.query, real.request) == "unknown"


@pytest.mark.parametrize("word", ["wrong_signature", "unsigned"])
@pytest.mark.parametrize("name", ["alipay", "wechat"])
def test_an_answer_of_a_stranger_tells_nothing(standin: Standin, name: str, word: str) -> None:
    far = _real(standin, name)
    far.lie(word)
    with pytest.raises(ChannelSilent):
        far.channel.refund(far.request)
    far.lie(word, op="query")
    with pytest.raises(ChannelSilent):
        far.channel.query(far.request)


def test_a_brace_inside_a_text_confuses_nobody(real: Far) -> None:
    """Alipay's SDK counts braces: with it alone such an answer, and each query after it, would be silence."""
    assert real.standin is not None
    real.standin.faults.replace([{"do": "lone_brace"}])
    assert real.channel.refund(real.request).kind == "accepted"
    real.settle()
    assert real.channel.query(real.request).kind == "arrived"


@pytest.mark.parametrize("word", BEFORE)
def test_a_request_that_got_lost_goes_out_again(real: Far, word: str) -> None:
    real.lie(word)
    assert told(real.channel.refund, real.request) == "unknown"
    assert real.moved() == 0
    assert real.channel.query(real.request).kind == "never_seen"
    assert real.channel.refund(real.request).kind in ("accepted", "arrived")
    assert real.moved() == 4_000


def test_a_slow_answer_is_unknown(real: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("alipay", "wechat"):
        monkeypatch.setattr(f"core.adapters.channels.{module}.TIMEOUT", (0.5, 0.5))
    monkeypatch.setattr("core.adapters.channels.card.TIMEOUT", 0.5)
    real.lie("slow", seconds=20)
    with pytest.raises(ChannelSilent):
        real.channel.refund(real.request)
    assert real.moved() == 4_000


@pytest.mark.parametrize(("word", "cause"), [("low_funds", "low_funds"), ("too_often", "too_soon")])
def test_what_passes_by_itself_is_no_refusal(real: Far, word: str, cause: str) -> None:
    """The shop's funds and the rate: the same request goes out again later."""
    real.lie(word)
    outcome = real.channel.refund(real.request)
    waits = real.channel.name == "card" and word == "low_funds"  # Stripe takes it and waits for the funds
    expected = ("accepted", None) if waits else ("unknown", cause)
    if real.channel.name == "alipay" and word == "too_often":
        expected = ("unknown", "no_answer")  # Alipay has no word of its own for it
    assert (outcome.kind, outcome.cause) == expected
    assert outcome.cause is None or outcome.cause in UNDECIDED
    if not waits:
        assert real.channel.refund(real.request).kind in ("accepted", "arrived")
        assert real.moved() == 4_000


def test_a_card_that_is_closed(real: Far) -> None:
    """Alipay keeps it in the customer's balance, WeChat Pay for the shop, Stripe gives it back days later."""
    assert real.standin is not None
    real.lie("card_closed")
    real.channel.refund(real.request)
    real.standin.settle(real.channel.name)
    outcome = real.channel.query(real.request)
    expected = {
        "alipay": ("arrived", "in_wallet"),
        "wechat": ("returned", "account_closed"),
        "card": ("returned", "account_closed"),
    }
    assert (outcome.kind, outcome.cause) == expected[real.channel.name]


def test_what_is_not_decided_yet(real: Far) -> None:
    real.lie("stuck")
    assert real.channel.refund(real.request).kind in ("accepted", "unknown")
    assert real.channel.query(real.request).kind in ("accepted", "never_seen")
    again = real.channel.refund(real.request)
    assert again.kind in ("accepted", "unknown") and again.kind != "refused"
    assert real.moved() == 4_000


def test_a_card_refund_counts_as_arrived_only_when_it_stands_on_the_statement(standin: Standin) -> None:
    """`succeeded` is the bank's being told; `failed` may follow for days."""
    far = _real(standin, "card")
    assert far.channel.refund(far.request).kind == "accepted"
    far.clock.by = timedelta(days=6, hours=23)
    assert far.channel.query(far.request).kind == "accepted"
    far.clock.by = timedelta(days=7, seconds=1)
    assert far.channel.query(far.request).kind == "arrived"


def test_a_forgotten_key_is_found_out(real: Far) -> None:
    """The far end made two refunds of one key. Where both can be seen, nobody is told that all is well."""
    real.lie("forget")
    real.channel.refund(real.request)
    real.channel.refund(real.request)
    assert real.moved() == 8_000
    asked = real.channel.query(real.request)
    assert (asked.kind, asked.cause) == ("unknown", "sent_twice") or real.channel.name != "card"


def test_our_keys_are_not_taken(standin: Standin) -> None:
    """Somebody has to put the settings right; the money stays where it is, and nothing is refused for it."""
    stranger = replace(standin.keys, shop=standin.keys.stranger, card_key="sk_test_" + "0" * 24)
    for name in REAL:
        far = _real(standin, name)
        far.channel = adapter(_With(standin, stranger), name, far.clock)  # type: ignore[arg-type]
        for call in (far.channel.refund, far.channel.query):
            outcome = call(far.request)
            assert (outcome.kind, outcome.cause) == ("unknown", "misconfigured"), name
        assert far.moved() == 0


@dataclass
class _With:
    """A stand-in as somebody with other keys sees it."""

    standin: Standin
    keys: keys_.Keys

    @property
    def url(self) -> str:
        return self.standin.url
