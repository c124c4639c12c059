"""WeChat Pay v3, through wechatpayv3: refunds, queries, encrypted notices, the day's bill.

The SDK signs, verifies and decrypts; it does not look at a notice's time, so that is done here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
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

log = structlog.get_logger(__name__)

GATEWAY: Final = "https://api.mch.weixin.qq.com"
TIMEOUT: Final = (5, 15)
_TRANSACTION_ID: Final = re.compile(r"4[0-9]{27}")
# Words of the channel that settle it: this refund was not made and will not be.
_REFUSALS: Final = {
    "USER_ACCOUNT_ABNORMAL": "account_closed",
    "RESOURCE_NOT_EXISTS": "trade_unknown",
    "INVALID_REQUEST": "not_refundable",  # too much, too late, too often: its words alone tell them apart
}
_UNDECIDED: Final = {
    "NOT_ENOUGH": "low_funds",
    "FREQUENCY_LIMITED": "too_soon",
    "RATELIMIT_EXCEEDED": "too_soon",
    "SYSTEM_ERROR": "no_answer",
    "PARAM_ERROR": "misconfigured",
    "SIGN_ERROR": "misconfigured",
    "NO_AUTH": "misconfigured",
    "MCH_NOT_EXISTS": "misconfigured",
}
_WHEN: Final = {"SUCCESS": "success_time", "PROCESSING": "create_time"}


@dataclass(frozen=True)
class WechatKeys:
    """The shop's merchant account. `private_key` is the shop's, `public_key` WeChat Pay's, both PEM."""

    mch_id: str
    serial: str  # of the shop's certificate
    private_key: str = field(repr=False)
    api_v3_key: str = field(repr=False)
    public_key_id: str
    public_key: str = field(repr=False)
    notify_url: str = ""
    gateway: str = GATEWAY


class WechatChannel:
    name = "wechat"
    remembers = timedelta(days=365)
    # It tells 5,000 refunds a minute, of orders older than a month; taken for all.
    capabilities = Capabilities(timedelta(days=365), 50, timedelta(minutes=1), (1, 3), calls_a_second=80)
    thanks = ""

    def __init__(self, keys: WechatKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock

    def refund(self, request: RefundRequest) -> Outcome:
        is_theirs = _TRANSACTION_ID.fullmatch(request.trade_no) is not None
        status, answer = self._call(
            "refund",
            request.key,
            {"refund": request.amount_minor, "total": request.total_minor, "currency": request.currency},
            transaction_id=request.trade_no if is_theirs else None,
            out_trade_no=None if is_theirs else request.trade_no,
            notify_url=self._keys.notify_url or None,
        )
        return _outcome(answer, request) if status == 200 else self._verdict(status, answer)

    def query(self, request: RefundRequest) -> Outcome:
        status, answer = self._call("query_refund", request.key)
        if status == 200:
            return _outcome(answer, request)
        if status == 404 and answer.get("code") == "RESOURCE_NOT_EXISTS":
            return Outcome("never_seen")
        outcome = self._verdict(status, answer)
        return Outcome("unknown", cause="not_understood") if outcome.kind == "refused" else outcome

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        told = {name.lower(): value for name, value in headers.items()}
        try:
            sent_at = datetime.fromtimestamp(int(told["wechatpay-timestamp"]), UTC)
            number, found = self._opened(told, body)
        except NoticeRefused:
            raise
        except Exception:
            raise NoticeRefused("unsigned") from None
        if abs(self._clock.now() - sent_at) > NOTICE_CLOCK:
            raise NoticeRefused("stale")
        try:
            amount = found["amount"]["refund"]
            if type(amount) is not int or found["mchid"] != self._keys.mch_id:
                raise NoticeRefused("unreadable")
            outcome = _word({**found, "status": found["refund_status"]})
            numbers = (str(found["transaction_id"]), str(found["out_trade_no"]))
            return Notice(number, found["out_refund_no"], numbers, amount, outcome)
        except (KeyError, TypeError):
            raise NoticeRefused("unreadable") from None

    def fetch_bill(self, day: date, folder: Path) -> Path | None:
        """The trade bill, checked against the digest that was told with it."""
        status, answer = self._call("trade_bill", day.isoformat(), "ALL", "GZIP")
        if status == 400 and answer.get("code") == "NO_STATEMENT_EXIST":
            return None
        url = str(answer.get("download_url", ""))
        if status != 200 or not url.startswith(f"{self._keys.gateway}/"):
            raise ChannelSilent
        bill = self._file(url)
        if hashlib.sha1(bill).hexdigest() != str(answer.get("hash_value", "")).lower():
            raise ChannelSilent
        path = folder / f"wechat-{day.isoformat()}.csv"
        path.write_bytes(bill)
        return path

    # --- the SDK -----------------------------------------------------------------------------------------

    @cached_property
    def _sdk(self) -> Any:
        """Imported at the first call: no page and no command waits for it."""
        from wechatpayv3 import WeChatPay, WeChatPayType

        keys = self._keys
        sdk = WeChatPay(
            WeChatPayType.NATIVE,
            mchid=keys.mch_id,
            private_key=keys.private_key,
            cert_serial_no=keys.serial,
            appid="",
            apiv3_key=keys.api_v3_key,
            public_key=keys.public_key,
            public_key_id=keys.public_key_id,
            timeout=TIMEOUT,
        )
        sdk._core._gate_way = keys.gateway
        return sdk

    def _call(self, method: str, *told: Any, **named: Any) -> tuple[int, dict[str, Any]]:
        """(status, the object that was answered); `ChannelSilent` for everything else, whatever it was."""
        try:
            status, text = getattr(self._sdk, method)(*told, **named)
            answer = json.loads(text)
        except Exception as error:
            log.warning("channel_silent", channel=self.name, call=method, problem=type(error).__name__)
            raise ChannelSilent from None
        if not isinstance(answer, dict):
            raise ChannelSilent
        return status, answer

    def _file(self, url: str) -> bytes:
        import gzip

        try:
            status, content = self._sdk.download_bill(url)
            if status != 200:
                raise ChannelSilent
            return gzip.decompress(content)
        except Exception:
            raise ChannelSilent from None  # the address is itself a key

    def _opened(self, headers: dict[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
        """Number and plain content of a notice whose signature is WeChat Pay's."""
        # Of an unknown key the SDK would ask WeChat Pay: nobody from outside makes us call.
        is_known = headers.get("wechatpay-serial") == self._keys.public_key_id
        if not is_known or not self._sdk._core._verify_signature(headers, body.decode()):
            raise NoticeRefused("unsigned")
        told = self._sdk.callback(headers, body.decode())
        if not isinstance(told, dict) or not isinstance(told.get("resource"), dict):
            raise NoticeRefused("unreadable")
        if not str(told.get("event_type")).startswith("REFUND."):
            raise NoticeRefused("other_kind")
        return str(told.get("id")), told["resource"]

    def _verdict(self, status: int, answer: dict[str, Any]) -> Outcome:
        code = str(answer.get("code", ""))
        if 400 <= status < 500 and code in _REFUSALS:
            return Outcome("refused", cause=_REFUSALS[code])
        cause = _UNDECIDED.get(code, "too_soon" if status == 429 else "not_understood")
        if cause == "misconfigured":
            log.error("channel_misconfigured", channel=self.name, status=status, code=code[:40])
        return Outcome("unknown", cause=cause)


def _outcome(answer: Mapping[str, Any], request: RefundRequest) -> Outcome:
    """Of a refund as WeChat shows it; one that is not ours in all its parts decides nothing."""
    amount = answer.get("amount")
    if not isinstance(amount, dict):
        raise ChannelSilent
    is_ours = (
        answer.get("out_refund_no") == request.key
        and request.trade_no in (answer.get("transaction_id"), answer.get("out_trade_no"))
        and (amount.get("refund"), amount.get("currency")) == (request.amount_minor, request.currency)
    )
    return _word(answer) if is_ours else Outcome("unknown", cause="differs")


def _word(answer: Mapping[str, Any]) -> Outcome:
    status, reference = str(answer.get("status")), str(answer.get("refund_id") or "") or None
    at = _at(answer.get(_WHEN.get(status, "")))
    if status == "SUCCESS":
        return Outcome("arrived", reference, at=at)
    if status == "PROCESSING":
        return Outcome("accepted", reference, at=at)
    if status == "ABNORMAL":  # the customer's account takes no money; WeChat holds it for the shop to decide
        return Outcome("returned", reference, "account_closed")
    if status == "CLOSED":
        return Outcome("refused", reference, "new_number_needed")
    return Outcome("unknown", reference, "not_understood")


def _at(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
