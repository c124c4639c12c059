"""Alipay's gateway, GET and POST: refunds, queries of refunds and trades, the day's bill."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from tests.standin import alipay_wire, bills, keys
from tests.standin.alipay_wire import Trouble, biz_content, check, deposit_back, fen, local, yuan
from tests.standin.books import Books, NoFunds, TooMuch
from tests.standin.faults import Fault
from tests.standin.notices import Notices
from tests.standin.wire import Reply, Request, Slant

OPS = {
    "alipay.trade.refund": "refund",
    "alipay.trade.fastpay.refund.query": "query",
    "alipay.trade.query": "trade",
    "alipay.data.dataservice.bill.downloadurl.query": "bill",
}
REFUNDABLE_SECONDS = 365 * 86_400
BILL_SECONDS = 30  # how long a bill's address is good


class Alipay:
    name = "alipay"

    def __init__(self, books: Books, secret: keys.Keys, notices: Notices, spacing: float, base: str) -> None:
        self._books, self._keys, self._notices = books, secret, notices
        self._spacing, self._base = spacing, base
        self._bills: dict[str, tuple[str, float]] = {}

    def op_of(self, request: Request) -> str:
        if request.path == "/bill_download":
            return "bill_file"
        if request.path != "/gateway.do":
            return ""
        return OPS.get({**request.query, **request.form}.get("method", ""), "other")

    def answer(self, request: Request, op: str, fault: Fault | None) -> Reply:
        if op == "bill_file":
            return self._bill_file(request, fault)
        told = {**request.query, **request.form}
        content: dict[str, Any]
        key = ""
        try:
            check(self._keys.shop, told)
            if op == "other":
                raise Trouble("isv.invalid-method", "40002")
            biz = biz_content(told)
            key = str(biz.get("out_request_no", ""))
            content = {"code": "10000", "msg": "Success", **self._do(op, biz, fault)}
        except Trouble as trouble:
            content = dict(trouble.content())
        if fault and fault.do == "lone_brace":
            content["store_name"] = "星点}旗舰店"
        word = fault.do if fault else ""
        signer = self._keys.stranger if word == "wrong_signature" else self._keys.channel
        reply = alipay_wire.reply(signer, told.get("method", ""), content, key)
        if word == "unsigned":
            reply.body = reply.body[: reply.body.rindex(b',"sign"')] + b"}"
        return reply

    def broken(self) -> Reply:
        page = "<html><head><title>502 Bad Gateway</title></head><body>Tengine</body></html>"
        return Reply(502, page.encode(), {"Content-Type": "text/html"})

    def _do(self, op: str, biz: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        if op == "bill":
            return self._bill(biz)
        trade = self._books.payment(self.name, biz.get("trade_no", ""), biz.get("out_trade_no", ""))
        if trade is None:
            raise Trouble("ACQ.TRADE_NOT_EXIST")
        about = {"trade_no": trade["trade_no"], "out_trade_no": trade["order_no"]}
        if op == "refund":
            return about | self._refund(trade, biz, fault)
        if op == "query":
            return about | self._query(trade, biz, fault)
        refunded = self._books.refunded(self.name, trade["trade_no"])
        is_closed = refunded == trade["paid_minor"]
        return about | {
            "buyer_logon_id": trade["account"],
            "trade_status": "TRADE_CLOSED" if is_closed else "TRADE_SUCCESS",
            "total_amount": yuan(trade["paid_minor"]),
            "send_pay_date": local(trade["paid_at"]),
        }

    def _refund(self, trade: Any, biz: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        amount = fen(biz.get("refund_amount"))
        # Without a number the trade's own is taken: such a refund can be made once.
        key = str(biz.get("out_request_no") or trade["trade_no"])
        with self._books.transaction():
            known = self._books.known(self.name, key, for_new=fault is not None and fault.do == "again")
            if known is None:
                known, moved = self._move(trade, key, amount, fault), True
            elif (known["trade_no"], known["amount_minor"]) != (trade["trade_no"], amount):
                raise Trouble("ACQ.DISCORDANT_REPEAT_REQUEST")
            else:
                moved = False
            cumulative = self._books.refunded(self.name, trade["trade_no"])
        if moved:
            self._notices.announce(self, "trade_status_sync", known["id"])
        if fault and fault.do == "forget":
            self._books.set(known["id"], forgotten=1)
        return {
            "buyer_logon_id": trade["account"],
            "fund_change": "Y" if moved and known["state"] != "asked" else "N",
            "refund_fee": yuan(cumulative),
            "gmt_refund_pay": local(known["asked_at"]),
        }

    def _move(self, trade: Any, key: str, amount: int, fault: Fault | None) -> Any:
        word = fault.do if fault else ""
        if fault and word == "refuse":
            raise Trouble(fault.code or "ACQ.SYSTEM_ERROR")
        if word == "low_funds":
            raise Trouble("ACQ.SELLER_BALANCE_NOT_ENOUGH")
        now = time.time()
        if now - trade["paid_at"] > REFUNDABLE_SECONDS:
            raise Trouble("ACQ.TRADE_HAS_FINISHED")
        before = self._books.refunds(self.name, trade["trade_no"])
        is_early = any(now - row["asked_at"] < self._spacing for row in before)
        # The documents demand three seconds between two refunds of a trade and name no code of their own.
        if word == "too_often" or is_early:
            raise Trouble("ACQ.SYSTEM_ERROR")
        wait = trade["settle_after"]
        due_at = now + wait if wait >= 0 else None
        fate = "abnormal" if word == "card_closed" else "succeeded"
        # From a purse it is there at once; to a card it is on its way until the bank has it.
        state = (
            "asked" if word == "stuck" else "processing" if trade["by_card"] or fate != "succeeded" else fate
        )
        try:
            return self._books.refund(
                trade, key, amount, state=state, fate=fate, due_at=None if word == "stuck" else due_at
            )
        except TooMuch:
            raise Trouble("ACQ.REASON_TRADE_REFUND_FEE_ERR") from None
        except NoFunds:
            raise Trouble("ACQ.SELLER_BALANCE_NOT_ENOUGH") from None

    def _query(self, trade: Any, biz: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        key = str(biz.get("out_request_no") or "")
        if not key:
            raise Trouble("ACQ.INVALID_PARAMETER")
        known = self._books.known(self.name, key)
        never = fault is not None and fault.do == "pretend_never"
        if never or known is None or known["trade_no"] != trade["trade_no"] or known["state"] == "asked":
            return {"out_request_no": key}  # no refund_status: not received, or not done (yet)
        found = {
            "out_request_no": key,
            "total_amount": yuan(trade["paid_minor"]),
            "refund_amount": yuan(known["amount_minor"]),
            "refund_status": "REFUND_SUCCESS",
        }
        options = biz.get("query_options") or []
        if "gmt_refund_pay" in options:
            found["gmt_refund_pay"] = local(known["asked_at"])
        if "deposit_back_info" in options and (trade["by_card"] or known["state"] != "succeeded"):
            return found | {"deposit_back_info": deposit_back(known)}
        return found

    # --- bills -------------------------------------------------------------------------------------------

    def _bill(self, biz: dict[str, Any]) -> dict[str, Any]:
        day = str(biz.get("bill_date", ""))
        if biz.get("bill_type") not in ("trade", "signcustomer") or not re.fullmatch(
            r"\d{4}-\d\d(-\d\d)?", day
        ):
            raise Trouble("isv.invalid-parameter", "40002")
        if not bills.has_rows(self._books, self.name, day):
            raise Trouble("isp.bill_not_exist")
        token = secrets.token_hex(16)
        self._bills[token] = (day, time.time() + BILL_SECONDS)
        query = urlencode({"downloadFileName": f"{keys.APP_ID}_{day}.csv.zip", "token": token})
        return {"bill_download_url": f"{self._base}/bill_download?{query}"}

    def _bill_file(self, request: Request, fault: Fault | None) -> Reply:
        day, until = self._bills.get(request.query.get("token", ""), ("", 0.0))
        if time.time() > until:
            return Reply(404, b"expired", {"Content-Type": "text/plain"})
        bill = bytearray(bills.alipay(self._books, day))
        if fault and fault.do == "garbled":
            bill[bill.index(b"PK\x01\x02") + 16] ^= 0xFF  # of the first member's checksum
        return Reply(200, bytes(bill), {"Content-Type": "application/octet-stream"})

    def notice(self, kind: str, refund_id: int, slant: Slant) -> tuple[dict[str, str], bytes]:
        refund = self._books.refund_by_id(refund_id)
        trade = self._books.payment(self.name, refund["trade_no"])
        refunded = self._books.refunded(self.name, refund["trade_no"])
        signer = self._keys.stranger if slant.forged else self._keys.channel
        return alipay_wire.notice(signer, kind, refund, trade, refunded, slant)
