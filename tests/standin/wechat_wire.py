"""WeChat Pay's way of writing: signed requests and answers, what is encrypted, its errors and its notices."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.standin import keys
from tests.standin.wire import Request, Slant

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCHEME = "WECHATPAY2-SHA256-RSA2048"
CLOCK_SECONDS = 300
STATUS = {
    "processing": "PROCESSING",
    "succeeded": "SUCCESS",
    "abnormal": "ABNORMAL",
    "failed": "CLOSED",
    "canceled": "CLOSED",
}
_SUMMARIES = {"REFUND.SUCCESS": "退款成功", "REFUND.ABNORMAL": "退款异常", "REFUND.CLOSED": "退款关闭"}
_HTTP = {
    "SIGN_ERROR": 401,
    "NOT_ENOUGH": 403,
    "USER_ACCOUNT_ABNORMAL": 403,
    "NO_AUTH": 403,
    "RESOURCE_NOT_EXISTS": 404,
    "MCH_NOT_EXISTS": 404,
    "FREQUENCY_LIMITED": 429,
    "SYSTEM_ERROR": 500,
}
_PAIR = re.compile(r'(\w+)="([^"]*)"')
_PARTS = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}


class Trouble(Exception):
    """An answer that is no: `code` as WeChat names it, its status and words."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code, self.message = code, message or code
        self.status = _HTTP.get(code, 400)


def check(secret: keys.Keys, request: Request) -> None:
    """Who sent it, when, and that the body is what was signed."""
    if not request.headers.get("user-agent") or not request.headers.get("accept"):
        raise Trouble("PARAM_ERROR", "Http头缺少Accept或User-Agent")
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    told = dict(_PAIR.findall(rest))
    if scheme != SCHEME or not told.keys() >= _PARTS:
        raise Trouble("SIGN_ERROR", "Http头Authorization值格式错误")
    if told["mchid"] != keys.MCH_ID:
        raise Trouble("MCH_NOT_EXISTS", "商户号不存在")
    if told["serial_no"] != secret.shop_serial:
        raise Trouble("SIGN_ERROR", "商户证书序列号有误")
    if not told["timestamp"].isdigit() or abs(time.time() - int(told["timestamp"])) > CLOCK_SECONDS:
        raise Trouble("SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    parts = (request.method, request.target, told["timestamp"], told["nonce_str"], request.body.decode())
    try:
        signature = base64.b64decode(told["signature"], validate=True)
    except ValueError:
        signature = b""
    if not keys.is_signed(secret.shop, "".join(f"{part}\n" for part in parts), signature):
        raise Trouble("SIGN_ERROR", "错误的签名，验签失败")


def notice(
    secret: keys.Keys, kind: str, refund: Any, trade: Any, slant: Slant
) -> tuple[dict[str, str], bytes]:
    paid, back = trade["paid_minor"], refund["amount_minor"] + slant.more_minor
    plain: dict[str, Any] = {
        "mchid": keys.MCH_ID,
        "transaction_id": trade["trade_no"],
        "out_trade_no": trade["order_no"],
        "refund_id": refund["reference"],
        "out_refund_no": refund["key"],
        "refund_status": STATUS[refund["state"]],
        "user_received_account": account(trade),
        "amount": {"total": paid, "refund": back, "payer_total": paid, "payer_refund": back},
    }
    if refund["state"] == "succeeded":
        plain["success_time"] = iso(refund["settled_at"])
    text = json.dumps(plain, ensure_ascii=False)
    told = {
        "id": str(uuid.uuid4()),
        "create_time": iso(time.time() - slant.seconds_ago),
        "resource_type": "encrypt-resource",
        "event_type": kind,
        "summary": _SUMMARIES[kind],
        "resource": encrypted(secret.api_v3_key, text.encode(), "refund") | {"original_type": "refund"},
    }
    body = json.dumps(told, ensure_ascii=False)
    signer = secret.stranger if slant.forged else secret.channel
    headers = signature_headers(signer, keys.PUBLIC_KEY_ID, body, slant.seconds_ago)
    return {"Content-Type": "application/json"} | headers, body.encode()


def signature_headers(signer: Any, serial: str, body: str, seconds_ago: int) -> dict[str, str]:
    timestamp, nonce = str(int(time.time()) - seconds_ago), secrets.token_hex(16)
    signature = keys.sign(signer, f"{timestamp}\n{nonce}\n{body}\n")
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": SCHEME,
    }


def encrypted(api_v3_key: str, plain: bytes, about: str) -> dict[str, str]:
    """AES-256-GCM under the shop's APIv3 key."""
    nonce = secrets.token_hex(6)
    cipher = AESGCM(api_v3_key.encode()).encrypt(nonce.encode(), plain, about.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": about,
        "ciphertext": base64.b64encode(cipher).decode(),
    }


def account(trade: Any) -> str:
    return "招商银行信用卡0403" if trade["by_card"] else "支付用户零钱"


def iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), SHANGHAI).isoformat()
