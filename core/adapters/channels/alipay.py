"""Alipay, through python-alipay-sdk: `alipay.trade.refund`, the query after it, deposit-back notices, bills.

The SDK signs and verifies; what it does not do safely is done here: POST instead of GET, the signed part cut
by a JSON reader instead of by counting braces, notices only within their time. Nothing that the channel
answered goes into a log or an error.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

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
from core.domain.errors import AmountInvalid
from core.domain.located import IN_WALLET
from core.domain.money import parse_minor, plain
from core.domain.workdays import ZONE

log = structlog.get_logger(__name__)

GATEWAY: Final = "https://openapi.alipay.com/gateway.do"
TIMEOUT: Final = (5, 15)  # seconds to connect and to answer; two calls stay below a payout's lease
CURRENCY: Final = "CNY"
_DEPOSIT_BACK: Final = "alipay.trade.refund.depositback.completed"
_TRADE_NO: Final = re.compile(r"20[0-9]{26}")
# Words of the channel that settle it: this refund was not made and will not be.
_REFUSALS: Final = {
    "ACQ.TRADE_NOT_EXIST": "trade_unknown",
    "ACQ.TRADE_HAS_FINISHED": "window_closed",
    "ACQ.TRADE_HAS_CLOSE": "not_refundable",
    "ACQ.TRADE_STATUS_ERROR": "not_refundable",
    "ACQ.TRADE_NOT_ALLOW_REFUND": "not_refundable",
    "ACQ.REASON_TRADE_BEEN_FREEZEN": "not_refundable",
    "ACQ.REASON_TRADE_REFUND_FEE_ERR": "beyond_paid",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "beyond_paid",
    "ACQ.REFUND_FEE_ERROR": "beyond_paid",
    "ACQ.DISCORDANT_REPEAT_REQUEST": "key_reused",
}
_UNDECIDED: Final = {"ACQ.SELLER_BALANCE_NOT_ENOUGH": "low_funds", "ACQ.SYSTEM_ERROR": "no_answer"}


@dataclass(frozen=True)
class AlipayKeys:
    """One application of the shop. Keys are PEM; `public_key` is Alipay's, not the application's."""

    app_id: str
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)
    gateway: str = GATEWAY


class AlipayChannel:
    name = "alipay"
    remembers = timedelta(days=365)  # as long as the trade can be refunded
    capabilities = Capabilities(timedelta(days=365), None, timedelta(seconds=3), (1, 2))
    thanks = "success"

    def __init__(self, keys: AlipayKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock

    def refund(self, request: RefundRequest) -> Outcome:
        """`code=10000` means taken; whether money moved says `fund_change`, otherwise the query."""
        if request.currency != CURRENCY:
            return Outcome("refused", cause="currency")
        told = {"refund_amount": plain(request.amount_minor), "out_request_no": request.key}
        answer = self._call("alipay.trade.refund", {**_trade(request), **told})
        if answer.get("code") != "10000":
            return self._verdict(answer)
        if not _is_of(answer, request):
            return Outcome("unknown", cause="differs")
        if answer.get("fund_change") == "Y":
            return Outcome("accepted", answer.get("trade_no"), at=_at(answer.get("gmt_refund_pay")))
        # The same request once more, or one that is not through: the answer alone does not tell.
        outcome = self.query(request)
        return Outcome("unknown", cause="undecided") if outcome.kind == "never_seen" else outcome

    def query(self, request: RefundRequest) -> Outcome:
        told = {
            "out_request_no": request.key,
            "query_options": ["deposit_back_info", "gmt_refund_pay"],
        }
        answer = self._call("alipay.trade.fastpay.refund.query", {**_trade(request), **told})
        if answer.get("code") != "10000":
            outcome = self._verdict(answer)
            return Outcome("never_seen") if outcome.cause == "trade_unknown" else outcome
        if not _is_of(answer, request):
            return Outcome("unknown", cause="differs")
        status = answer.get("refund_status")
        if not status:  # not received, or not through
            return Outcome("never_seen")
        if status != "REFUND_SUCCESS":
            return Outcome("unknown", cause="not_understood")
        if _minor(answer.get("refund_amount")) != request.amount_minor:
            return Outcome("unknown", cause="differs")
        back, reference = answer.get("deposit_back_info") or {}, answer.get("trade_no")
        if str(back.get("has_deposit_back")).lower() != "true":
            return Outcome("arrived", reference, at=_at(answer.get("gmt_refund_pay")))
        return _deposited(back, reference)

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Only deposit-back notices are about one refund; the older kind tells a trade's total, so it is
        `other_kind` and the query's answer is waited for.
        """
        try:
            told = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            if not self._is_signed(dict(told)) or told["app_id"] != self._keys.app_id:
                raise NoticeRefused("unsigned")
            if told.get("msg_method") != _DEPOSIT_BACK:
                raise NoticeRefused("other_kind")
            sent_at = datetime.fromtimestamp(int(told["utc_timestamp"]) / 1000, UTC)
            if abs(self._clock.now() - sent_at) > NOTICE_CLOCK:
                raise NoticeRefused("stale")
            content = json.loads(told["biz_content"])
            numbers = (str(content["trade_no"]), str(content["out_trade_no"]))
            amount = parse_minor(content["dback_amount"])
            outcome = _deposited(content, numbers[0])
            return Notice(told["notify_id"], str(content["out_request_no"]), numbers, amount, outcome)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, AmountInvalid):
            raise NoticeRefused("unreadable") from None

    def fetch_bill(self, day: date, folder: Path) -> Path | None:
        """业务明细 as the zip it comes in."""
        answer = self._call(
            "alipay.data.dataservice.bill.downloadurl.query",
            {"bill_type": "trade", "bill_date": day.isoformat()},
        )
        if answer.get("sub_code") == "isp.bill_not_exist":
            return None
        url = answer.get("bill_download_url")
        if answer.get("code") != "10000" or not url:
            raise ChannelSilent
        import requests

        try:
            file = requests.get(url, timeout=TIMEOUT)
            file.raise_for_status()
            with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
                broken = archive.testzip()
        except (requests.RequestException, zipfile.BadZipFile, zlib.error):
            raise ChannelSilent from None  # the address is itself a key
        if broken:
            raise ChannelSilent
        path = folder / f"alipay-{day.isoformat()}.zip"
        path.write_bytes(file.content)
        return path

    # --- the SDK -----------------------------------------------------------------------------------------

    @cached_property
    def _sdk(self) -> Any:
        """Imported at the first call: no page and no command waits for it."""
        import requests
        from alipay import AliPay

        keys = self._keys

        class Sdk(AliPay):  # type: ignore[misc]
            def verified_sync_response(self, data: dict[str, Any], response_type: str) -> Any:
                answer = requests.post(
                    f"{keys.gateway}?charset=utf-8",
                    data=self.sign_data(data).encode(),
                    headers={"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"},
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
                answer.raise_for_status()
                return self._verify_and_return_sync_response(answer.content.decode(), response_type)

            def _get_string_to_be_signed(self, raw_string: str, response_type: str) -> str:
                start = raw_string.index("{", raw_string.index(f'"{response_type}"'))
                _, end = json.JSONDecoder().raw_decode(raw_string, start)
                return raw_string[start:end]

        return Sdk(
            appid=keys.app_id,
            app_private_key_string=keys.private_key,
            alipay_public_key_string=keys.public_key,
            sign_type="RSA2",
        )

    def _call(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        """The verified answer; `ChannelSilent` for everything else, whatever it was."""
        try:
            answer = self._sdk.server_api(method, content)
        except Exception as error:
            # The SDK's own errors hold the whole reply, so only their kind is told.
            log.warning("channel_silent", channel=self.name, call=method, problem=type(error).__name__)
            raise ChannelSilent from None
        if not isinstance(answer, dict):
            raise ChannelSilent
        return answer

    def _verdict(self, answer: dict[str, Any]) -> Outcome:
        code, why = str(answer.get("code")), str(answer.get("sub_code", ""))
        if code == "40004" and why in _REFUSALS:
            return Outcome("refused", cause=_REFUSALS[why])
        if code in ("40001", "40002", "40003", "40006", "20001"):
            log.error("channel_misconfigured", channel=self.name, code=code, sub_code=why[:60])
            return Outcome("unknown", cause="misconfigured")
        if code == "40005":
            return Outcome("unknown", cause="too_soon")
        if code == "20000":
            return Outcome("unknown", cause="no_answer")
        return Outcome("unknown", cause=_UNDECIDED.get(why, "not_understood"))

    def _is_signed(self, told: dict[str, Any]) -> bool:
        signature = told.pop("sign", "")
        try:
            return bool(signature) and bool(self._sdk.verify(told, signature))
        except Exception:
            return False


def _trade(request: RefundRequest) -> dict[str, str]:
    """By Alipay's number; where only the order's is known, by that."""
    is_theirs = _TRADE_NO.fullmatch(request.trade_no) is not None
    return {"trade_no" if is_theirs else "out_trade_no": request.trade_no}


def _is_of(answer: Mapping[str, Any], request: RefundRequest) -> bool:
    return request.trade_no in (answer.get("trade_no"), answer.get("out_trade_no"))


def _deposited(back: Mapping[str, Any], reference: str | None) -> Outcome:
    """Whether the customer's bank has the money. F: it lies in the customer's Alipay balance instead."""
    status, at = back.get("dback_status"), _at(back.get("bank_ack_time"))
    if status == "P":
        return Outcome("accepted", reference)
    if status in ("S", "F"):
        return Outcome("arrived", reference, IN_WALLET if status == "F" else None, at)
    return Outcome("unknown", reference, "not_understood")


def _minor(text: Any) -> int | None:
    try:
        return parse_minor(str(text))
    except AmountInvalid:
        return None


def _at(text: Any) -> datetime | None:
    """`2026-11-20 15:00:00` of Shanghai."""
    try:
        return datetime.strptime(str(text)[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        return None
