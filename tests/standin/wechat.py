"""WeChat Pay v3: refunds, queries, abnormal refunds, certificates and bills."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import secrets
import time
import uuid
from typing import Any

from tests.standin import bills, keys
from tests.standin.books import Books, NoFunds, TooMuch
from tests.standin.faults import Fault
from tests.standin.notices import Notices
from tests.standin.wechat_wire import (
    SHANGHAI,
    STATUS,
    Trouble,
    account,
    check,
    encrypted,
    iso,
    notice,
    signature_headers,
)
from tests.standin.wire import Reply, Request, Slant

REFUNDS = "/v3/refund/domestic/refunds"
REFUNDABLE_SECONDS = 365 * 86_400
MOST_REFUNDS = 50
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")


class Wechat:
    name = "wechat"

    def __init__(self, books: Books, secret: keys.Keys, notices: Notices, spacing: float, base: str) -> None:
        self._books, self._keys, self._notices = books, secret, notices
        self._spacing, self._base = spacing, base
        self._bills: dict[str, tuple[bytes, bool]] = {}

    def op_of(self, request: Request) -> str:
        path, method = request.path, request.method
        if not path.startswith("/v3/"):
            return ""
        if path == REFUNDS and method == "POST":
            return "refund"
        if path.endswith("/apply-abnormal-refund") and method == "POST":
            return "abnormal"
        if path.startswith(f"{REFUNDS}/") and method == "GET":
            return "query"
        words = {
            "/v3/certificates": "certificates",
            "/v3/bill/tradebill": "bill",
            "/v3/bill/fundflowbill": "bill",
            "/v3/billdownload/file": "bill_file",
        }
        return words.get(path, "other")

    def answer(self, request: Request, op: str, fault: Fault | None) -> Reply:
        key = ""
        try:
            check(self._keys, request)
            if op == "bill_file":
                # A bill is not signed; its digest was told with its address.
                return Reply(200, self._bill_file(request, fault), {"Content-Type": "text/plain"})
            body, key = self._do(request, op, fault)
            status = 200
        except Trouble as trouble:
            status, body = trouble.status, {"code": trouble.code, "message": trouble.message}
        if fault and fault.do == "lone_brace":
            body["user_received_account"] = "招商银行}信用卡0403"
        return self._signed(request, status, json.dumps(body, ensure_ascii=False), key, fault)

    def broken(self) -> Reply:
        body = json.dumps({"code": "SYSTEM_ERROR", "message": "系统异常，请稍后重试"}, ensure_ascii=False)
        return Reply(500, body.encode(), {"Content-Type": "application/json; charset=utf-8"})

    def _signed(self, request: Request, status: int, text: str, key: str, fault: Fault | None) -> Reply:
        # Whoever names the public key's id is answered by it, everybody else by the certificate.
        wanted = request.headers.get("wechatpay-serial", "")
        serial = wanted if wanted == keys.PUBLIC_KEY_ID else self._keys.certificate_serial
        word = fault.do if fault else ""
        signer = self._keys.stranger if word == "wrong_signature" else self._keys.channel
        headers = {"Content-Type": "application/json; charset=utf-8", "Request-ID": uuid.uuid4().hex}
        if word != "unsigned":
            headers |= signature_headers(signer, serial, text, 0)
        return Reply(status, text.encode(), headers, key)

    def _do(self, request: Request, op: str, fault: Fault | None) -> tuple[dict[str, Any], str]:
        if op == "certificates":
            return {"data": [self._certificate()]}, ""
        if op == "bill":
            return self._bill(request), ""
        if op == "query":
            key = request.path.rsplit("/", 1)[1]
            known = self._books.known(self.name, key)
            if known is None or (fault and fault.do == "pretend_never"):
                raise Trouble("RESOURCE_NOT_EXISTS", "退款单不存在")
            return self._shown(known), key
        if op == "other":
            raise Trouble("RESOURCE_NOT_EXISTS", "请求的资源不存在")
        try:
            told = json.loads(request.body)
        except ValueError:
            raise Trouble("PARAM_ERROR", "请求体不是合法的JSON") from None
        key = str(told.get("out_refund_no", ""))
        if op == "abnormal":
            return self._abnormal(request, key, str(told.get("type", ""))), key
        return self._refund(told, key, fault), key

    def _refund(self, told: dict[str, Any], key: str, fault: Fault | None) -> dict[str, Any]:
        amount = told.get("amount") or {}
        asked, total = amount.get("refund"), amount.get("total")
        if not _NUMBER.fullmatch(key) or type(asked) is not int or type(total) is not int or asked < 1:
            raise Trouble("PARAM_ERROR", "参数错误")
        with self._books.transaction():
            trade = self._books.payment(
                self.name, told.get("transaction_id", ""), told.get("out_trade_no", "")
            )
            if trade is None:
                raise Trouble("RESOURCE_NOT_EXISTS", "订单不存在")
            if (total, amount.get("currency")) != (trade["paid_minor"], trade["currency"]):
                raise Trouble("INVALID_REQUEST", "订单金额与原订单不一致")
            known = self._books.known(self.name, key, for_new=fault is not None and fault.do == "again")
            if known is None:
                known = self._move(trade, key, asked, str(told.get("notify_url", "")), fault)
            elif (known["trade_no"], known["amount_minor"]) != (trade["trade_no"], asked):
                raise Trouble("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        if fault and fault.do == "forget":
            self._books.set(known["id"], forgotten=1)
        return self._shown(known)

    def _move(self, trade: Any, key: str, asked: int, notify_url: str, fault: Fault | None) -> Any:
        word = fault.do if fault else ""
        if fault and word == "refuse":
            raise Trouble(fault.code or "SYSTEM_ERROR")
        if word == "low_funds":
            raise Trouble("NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
        now = time.time()
        if now - trade["paid_at"] > REFUNDABLE_SECONDS:
            raise Trouble("INVALID_REQUEST", "订单已超过可退款的最大期限")
        before = self._books.refunds(self.name, trade["trade_no"])
        if len(before) >= MOST_REFUNDS:
            raise Trouble("INVALID_REQUEST", "该订单的部分退款次数已超限")
        if word == "too_often" or any(now - row["asked_at"] < self._spacing for row in before):
            raise Trouble("FREQUENCY_LIMITED", "频率限制")
        wait = trade["settle_after"]
        due_at = now + wait if wait >= 0 and word != "stuck" else None
        fate = "abnormal" if word == "card_closed" else "succeeded"
        try:
            return self._books.refund(
                trade, key, asked, state="processing", fate=fate, due_at=due_at, notify_url=notify_url
            )
        except TooMuch:
            raise Trouble("INVALID_REQUEST", "退款金额大于可退金额") from None
        except NoFunds:
            raise Trouble("NOT_ENOUGH", "基本账户余额不足，请充值后重新发起") from None

    def _abnormal(self, request: Request, key: str, kind: str) -> dict[str, Any]:
        """What could not reach the customer goes to another card, or back to the shop's bank account."""
        reference = request.path.split("/")[-2]
        known = self._books.known(self.name, key)
        if known is None or known["reference"] != reference:
            raise Trouble("RESOURCE_NOT_EXISTS", "退款单不存在")
        if kind not in ("USER_BANK_CARD", "MERCHANT_BANK_CARD"):
            raise Trouble("PARAM_ERROR", "参数错误")
        if known["state"] != "abnormal":
            raise Trouble("INVALID_REQUEST", "退款单状态不是退款异常")
        fate = "succeeded" if kind == "USER_BANK_CARD" else "failed"
        self._books.set(known["id"], state="processing", fate=fate, due_at=time.time(), note=kind)
        return self._shown(self._books.refund_by_id(known["id"]))

    def _shown(self, refund: Any) -> dict[str, Any]:
        trade = self._books.payment(self.name, refund["trade_no"])
        assert trade is not None
        paid, back, status = trade["paid_minor"], refund["amount_minor"], STATUS[refund["state"]]
        found: dict[str, Any] = {
            "refund_id": refund["reference"],
            "out_refund_no": refund["key"],
            "transaction_id": trade["trade_no"],
            "out_trade_no": trade["order_no"],
            "channel": "ORIGINAL",
            "user_received_account": account(trade),
            "create_time": iso(refund["asked_at"]),
            "status": status,
            "funds_account": "AVAILABLE",
            "amount": {
                "total": paid,
                "refund": back,
                "payer_total": paid,
                "payer_refund": back,
                "settlement_refund": back,
                "settlement_total": paid,
                "discount_refund": 0,
                "currency": trade["currency"],
            },
        }
        return found | ({"success_time": iso(refund["settled_at"])} if status == "SUCCESS" else {})

    def _certificate(self) -> dict[str, Any]:
        certificate, pem = self._keys.certificate, self._keys.certificate_pem.encode()
        return {
            "serial_no": self._keys.certificate_serial,
            "effective_time": certificate.not_valid_before_utc.astimezone(SHANGHAI).isoformat(),
            "expire_time": certificate.not_valid_after_utc.astimezone(SHANGHAI).isoformat(),
            "encrypt_certificate": encrypted(self._keys.api_v3_key, pem, "certificate"),
        }

    # --- bills -------------------------------------------------------------------------------------------

    def _bill(self, request: Request) -> dict[str, Any]:
        day, kind = request.query.get("bill_date", ""), request.query.get("bill_type", "ALL")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", day) or kind not in ("ALL", "SUCCESS", "REFUND"):
            raise Trouble("PARAM_ERROR", "参数错误")
        if not bills.has_rows(self._books, self.name, day):
            raise Trouble("NO_STATEMENT_EXIST", "账单文件不存在")
        if request.path.endswith("fundflowbill"):
            bill = bills.wechat_fund(self._books, day)
        else:
            bill = bills.wechat_trade(self._books, day, kind, keys.MCH_ID)
        token = secrets.token_hex(32)
        self._bills[token] = bill, request.query.get("tar_type") == "GZIP"
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(bill).hexdigest(),  # of the text, packed or not
            "download_url": f"{self._base}/v3/billdownload/file?token={token}",
        }

    def _bill_file(self, request: Request, fault: Fault | None) -> bytes:
        try:
            bill, is_packed = self._bills[request.query.get("token", "")]
        except KeyError:
            raise Trouble("RESOURCE_NOT_EXISTS", "账单下载地址已失效") from None
        if fault and fault.do == "garbled":
            bill = bill.replace(b".00", b".01", 1)
        return gzip.compress(bill) if is_packed else bill

    def notice(self, kind: str, refund_id: int, slant: Slant) -> tuple[dict[str, str], bytes]:
        refund = self._books.refund_by_id(refund_id)
        return notice(self._keys, kind, refund, self._books.payment(self.name, refund["trade_no"]), slant)
