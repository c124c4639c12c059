"""Alipay's way of writing: what is signed and how, amounts and times, words for errors, notices."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tests.standin import keys
from tests.standin.wire import Reply, Slant

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEPOSIT_BACK = "alipay.trade.refund.depositback.completed"
_COMMON = ("app_id", "method", "charset", "sign_type", "sign", "timestamp", "version")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})?")
_MSG = {"10000": "Success", "20000": "Service Currently Unavailable", "40004": "Business Failed"}
_WORDS = {
    "ACQ.TRADE_NOT_EXIST": "交易不存在",
    "ACQ.TRADE_HAS_FINISHED": "交易已完结",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "卖家余额不足",
    "ACQ.REASON_TRADE_REFUND_FEE_ERR": "退款金额无效",
    "ACQ.DISCORDANT_REPEAT_REQUEST": "不一致的请求",
    "ACQ.SYSTEM_ERROR": "系统错误",
    "ACQ.INVALID_PARAMETER": "参数无效",
    "isp.bill_not_exist": "账单不存在",
}


class Trouble(Exception):
    """An answer that is no: `code` is the gateway's, `sub_code` says why."""

    def __init__(self, sub_code: str, code: str = "40004") -> None:
        self.sub_code = sub_code
        self.code = "20000" if "unknow-error" in sub_code else code

    def content(self) -> dict[str, str]:
        return {
            "code": self.code,
            "msg": _MSG.get(self.code, "Invalid Arguments"),
            "sub_code": self.sub_code,
            "sub_msg": _WORDS.get(self.sub_code, self.sub_code),
        }


def check(shop: Any, told: dict[str, str]) -> None:
    """The common parameters, and the shop's signature over all but `sign`; `Trouble` says what is wrong."""
    for name in _COMMON:
        if not told.get(name):
            raise Trouble(f"isv.missing-{name.replace('_', '-')}", "40001")
    if told["app_id"] != keys.APP_ID:
        raise Trouble("isv.invalid-app-id", "40002")
    if told["sign_type"] != "RSA2":
        raise Trouble("isv.invalid-signature-type", "40002")
    text = "&".join(f"{k}={v}" for k, v in sorted(told.items()) if k != "sign" and v)
    try:
        signature = base64.b64decode(told["sign"], validate=True)
    except ValueError:
        raise Trouble("isv.invalid-signature", "40002") from None
    if not keys.is_signed(shop, text, signature):
        raise Trouble("isv.invalid-signature", "40002")
    try:
        datetime.strptime(told["timestamp"], "%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise Trouble("isv.invalid-timestamp", "40002") from None


def reply(signer: Any, method: str, content: dict[str, Any], key: str) -> Reply:
    """The signature covers the text as it is sent, with the solidus escaped."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
    signature = base64.b64encode(keys.sign(signer, text)).decode()
    name = f"{method.replace('.', '_')}_response" if method else "error_response"
    body = f'{{"{name}":{text},"sign":"{signature}"}}'
    headers = {"Content-Type": "text/html;charset=utf-8", "trace_id": secrets.token_hex(16)}
    return Reply(200, body.encode(), headers, key)


def biz_content(told: dict[str, str]) -> dict[str, Any]:
    try:
        biz = json.loads(told.get("biz_content", ""))
    except ValueError:
        biz = None
    if not isinstance(biz, dict):
        raise Trouble("isv.invalid-parameter", "40002")
    return biz


def deposit_back(refund: Any) -> dict[str, str]:
    """Has the bank taken the money? P: on its way, S: yes, F: no, the customer's Alipay balance has it."""
    status = {"processing": "P", "succeeded": "S", "abnormal": "F"}[refund["state"]]
    found = {
        "has_deposit_back": "true",
        "dback_status": status,
        "dback_amount": yuan(refund["amount_minor"]),
        "est_bank_receipt_time": local(refund["asked_at"] + 3 * 86_400),
    }
    return found | ({"bank_ack_time": local(refund["settled_at"])} if refund["settled_at"] else {})


def notice(
    signer: Any, kind: str, refund: Any, trade: Any, refunded: int, slant: Slant
) -> tuple[dict[str, str], bytes]:
    """`refunded`: of the whole trade so far, which is what the older kind of notice tells."""
    at = time.time() - slant.seconds_ago
    about = {"trade_no": trade["trade_no"], "out_trade_no": trade["order_no"]}
    told = {"app_id": keys.APP_ID, "charset": "utf-8", "notify_id": uuid.uuid4().hex, "version": "1.0"}
    if kind == DEPOSIT_BACK:
        content = about | {
            "out_request_no": refund["key"],
            "dback_status": deposit_back(refund)["dback_status"],
            "dback_amount": yuan(refund["amount_minor"] + slant.more_minor),
            "bank_ack_time": local(refund["settled_at"] or at),
        }
        told |= {
            "msg_method": kind,
            "version": "1.1",
            "utc_timestamp": str(int(at * 1000)),
            "biz_content": json.dumps(content, ensure_ascii=False),
        }
    else:
        told |= about | {
            "notify_type": kind,
            "notify_time": local(at),
            "trade_status": "TRADE_CLOSED" if refunded == trade["paid_minor"] else "TRADE_SUCCESS",
            "total_amount": yuan(trade["paid_minor"]),
            "refund_fee": yuan(refunded + slant.more_minor),
            "out_biz_no": refund["key"],
            "gmt_refund": local(refund["asked_at"]) + ".000",
            "buyer_logon_id": trade["account"],
        }
    text = "&".join(f"{k}={v}" for k, v in sorted(told.items()))
    told |= {"sign_type": "RSA2", "sign": base64.b64encode(keys.sign(signer, text)).decode()}
    return {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, urlencode(told).encode()


def fen(text: Any) -> int:
    if _AMOUNT.fullmatch(str(text)) is None or Decimal(str(text)) == 0:
        raise Trouble("ACQ.INVALID_PARAMETER")
    return int(Decimal(str(text)) * 100)


def yuan(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def local(at: float) -> str:
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
