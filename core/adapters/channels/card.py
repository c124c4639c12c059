"""Cards, through Stripe's library: refunds under an Idempotency-Key, found again by what we wrote into them.

Stripe has no question 'what became of this key', so each refund carries our key in its metadata and the query
looks through the refunds of the payment.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import structlog

from core.adapters.channels import (
    NOTICE_CLOCK,
    Capabilities,
    ChannelSilent,
    Notice,
    NoticeRefused,
    Outcome,
    RefundRequest,
)
from core.adapters.clock import Clock
from core.domain.workdays import ZONE

log = structlog.get_logger(__name__)

GATEWAY: Final = "https://api.stripe.com"
TIMEOUT: Final = 15
OUR_KEY: Final = "refund_key"
# `succeeded` means that the bank was told, and `failed` may follow. After so long the money stands on the
# statement: the five working days that a card takes at most.
POSTED_AFTER: Final = timedelta(days=7)
PAGE: Final = 100
# Stripe writes these with two digits that ISO 4217 does not have.
_IN_HUNDREDTHS: Final = frozenset({"ISK", "UGX"})
_CLOSED: Final = frozenset({"lost_or_stolen_card", "expired_or_canceled_card"})
_REFUSALS: Final = {
    "charge_already_refunded": "beyond_paid",
    "charge_disputed": "disputed",
    "resource_missing": "trade_unknown",
}
_COLUMNS: Final = (
    "id", "created", "status", "amount", "currency", "charge", "payment_intent", "balance_transaction",
    OUR_KEY,
)  # fmt: skip


@dataclass(frozen=True)
class CardKeys:
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    gateway: str = GATEWAY


class CardChannel:
    name = "card"
    remembers = timedelta(hours=24)  # an Idempotency-Key; later the same key would be a new refund
    # Its limit for one kind of call; in all it takes 100 a second, of test keys 25.
    capabilities = Capabilities(timedelta(days=180), None, timedelta(0), (3, 5), calls_a_second=25)
    thanks = ""

    def __init__(self, keys: CardKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock

    def refund(self, request: RefundRequest) -> Outcome:
        about = _payment(request.trade_no)
        if about is None:
            return Outcome("refused", cause="trade_unknown")
        params = {**about, "amount": _units(request), "metadata": {OUR_KEY: request.key}}
        try:
            found = self._client.v1.refunds.create(params, {"idempotency_key": request.key})
            return self._outcome(_plain(found), request)
        except Exception as error:
            return self._verdict(error)

    def query(self, request: RefundRequest) -> Outcome:
        about = _payment(request.trade_no)
        if about is None:
            return Outcome("never_seen")
        try:
            listed = self._client.v1.refunds.list({**about, "limit": PAGE})
            found = [_plain(refund) for refund in listed.auto_paging_iter()]
        except Exception as error:
            outcome = self._verdict(error)
            if outcome.cause == "trade_unknown":
                return Outcome("never_seen")
            return Outcome("unknown", cause="not_understood") if outcome.kind == "refused" else outcome
        ours = [refund for refund in found if (refund.get("metadata") or {}).get(OUR_KEY) == request.key]
        # One that failed or was canceled may stand beside the one that took its place.
        moving = [refund for refund in ours if refund.get("status") not in ("failed", "canceled")]
        if len(moving) > 1:
            return Outcome("unknown", cause="sent_twice")
        return self._outcome((moving or ours)[0], request) if ours else Outcome("never_seen")

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        from stripe import SignatureVerificationError, WebhookSignature

        told = {name.lower(): value for name, value in headers.items()}
        signature = told.get("stripe-signature", "")
        try:
            WebhookSignature.verify_header(body.decode(), signature, self._keys.webhook_secret, None)
            sent_at = _signed_at(signature)
        except (SignatureVerificationError, ValueError, IndexError, OverflowError):
            raise NoticeRefused("unsigned") from None
        if abs(self._clock.now() - sent_at) > NOTICE_CLOCK:
            raise NoticeRefused("stale")
        try:
            event = json.loads(body)
            found = event["data"]["object"]
            if found["object"] != "refund" or not (found.get("metadata") or {}).get(OUR_KEY):
                raise NoticeRefused("other_kind")  # about a charge, or a refund that is not from here
            amount = _minor(found)
            numbers = tuple(str(found[name]) for name in ("payment_intent", "charge") if found.get(name))
            return Notice(str(event["id"]), found["metadata"][OUR_KEY], numbers, amount, self._word(found))
        except (ValueError, KeyError, TypeError):
            raise NoticeRefused("unreadable") from None

    def fetch_bill(self, day: date, folder: Path) -> Path | None:
        """Stripe gives no file, so one is written from its list: the refunds that were made that day."""
        start = int(datetime.combine(day, time(0), ZONE).timestamp())
        params = {"created": {"gte": start, "lt": start + 86_400}, "limit": PAGE}
        try:
            refunds = [_plain(refund) for refund in self._client.v1.refunds.list(params).auto_paging_iter()]
        except Exception as error:
            log.warning("channel_silent", channel=self.name, call="list", problem=type(error).__name__)
            raise ChannelSilent from None
        if not refunds:
            return None
        path = folder / f"card-{day.isoformat()}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, _COLUMNS, extrasaction="ignore")
            rows.writeheader()
            for refund in refunds:
                rows.writerow({**refund, OUR_KEY: (refund.get("metadata") or {}).get(OUR_KEY, "")})
        return path

    # --- the library -------------------------------------------------------------------------------------

    @cached_property
    def _client(self) -> Any:
        """Imported at the first call: no page and no command waits for it. It never tries again by itself."""
        import stripe

        stripe.enable_telemetry = False
        return stripe.StripeClient(
            self._keys.secret_key,
            base_addresses={"api": self._keys.gateway},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
        )

    def _verdict(self, error: Exception) -> Outcome:
        import stripe

        code, status = getattr(error, "code", None), getattr(error, "http_status", None)
        if isinstance(error, stripe.IdempotencyError):
            if status == 409:  # the first try is still at work
                return Outcome("unknown", cause="undecided")
            return Outcome("refused", cause="key_reused")
        if isinstance(error, stripe.RateLimitError):
            return Outcome("unknown", cause="too_soon")
        if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
            log.error("channel_misconfigured", channel=self.name, status=status)
            return Outcome("unknown", cause="misconfigured")
        if isinstance(error, stripe.InvalidRequestError) and status in (400, 404):
            if code in ("insufficient_funds", "balance_insufficient"):
                return Outcome("unknown", cause="low_funds")
            usual = "beyond_paid" if error.param == "amount" else "not_refundable"
            return Outcome("refused", cause=_REFUSALS.get(str(code), usual))
        log.warning("channel_silent", channel=self.name, call="refunds", problem=type(error).__name__)
        raise ChannelSilent from None

    def _outcome(self, found: dict[str, Any], request: RefundRequest) -> Outcome:
        """Of a refund as Stripe shows it; one that is not ours in all its parts decides nothing."""
        is_ours = (
            (found.get("metadata") or {}).get(OUR_KEY) == request.key
            and request.trade_no in (found.get("payment_intent"), found.get("charge"))
            and found.get("amount") == _units(request)
            and str(found.get("currency")).upper() == request.currency
        )
        return self._word(found) if is_ours else Outcome("unknown", cause="differs")

    def _word(self, found: Mapping[str, Any]) -> Outcome:
        reference, status = str(found["id"]), found.get("status")
        at = datetime.fromtimestamp(int(found["created"]), UTC)
        if status == "succeeded":
            if self._clock.now() >= at + POSTED_AFTER:
                return Outcome("arrived", reference, at=at + POSTED_AFTER)
            return Outcome("accepted", reference, at=at)
        if status in ("pending", "requires_action"):
            return Outcome("accepted", reference, at=at)
        if status == "failed":
            reason = str(found.get("failure_reason") or "returned")
            return Outcome("returned", reference, "account_closed" if reason in _CLOSED else reason[:40])
        if status == "canceled":
            return Outcome("refused", reference, "canceled")
        return Outcome("unknown", reference, "not_understood")


def _payment(trade_no: str) -> dict[str, str] | None:
    """By payment intent or by charge; None for a number that is neither."""
    if trade_no.startswith("pi_"):
        return {"payment_intent": trade_no}
    return {"charge": trade_no} if trade_no.startswith(("ch_", "py_")) else None


def _units(request: RefundRequest) -> int:
    return request.amount_minor * (100 if request.currency in _IN_HUNDREDTHS else 1)


def _minor(found: Mapping[str, Any]) -> int:
    amount = found["amount"]
    if type(amount) is not int:
        raise TypeError("amount")
    return amount // (100 if str(found["currency"]).upper() in _IN_HUNDREDTHS else 1)


def _plain(refund: Any) -> dict[str, Any]:
    """What was answered, as plain values; `ChannelSilent` when it is no refund."""
    found: dict[str, Any] = refund.to_dict()
    if found.get("object") != "refund" or not isinstance(found.get("id"), str):
        raise ChannelSilent
    return found


def _signed_at(signature: str) -> datetime:
    [told] = [part[2:] for part in signature.split(",") if part.startswith("t=")]
    return datetime.fromtimestamp(int(told), UTC)
