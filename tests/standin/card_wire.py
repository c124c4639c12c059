"""Stripe's way of writing: refunds as objects, errors, keys of access and webhooks signed `t=…,v1=…`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from typing import Any

from tests.standin import keys
from tests.standin.wire import Request, Slant

STATUS = {
    "asked": "requires_action",
    "processing": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "canceled",
}
_DOC = "https://stripe.com/docs/error-codes/"
_METADATA = re.compile(r"metadata\[([^\]]+)\]")


class Trouble(Exception):
    """An error object, and the HTTP status it comes with."""

    def __init__(self, status: int, kind: str, message: str, code: str = "", param: str = "") -> None:
        self.status = status
        self.error: dict[str, str] = {"message": message, "type": kind}
        if code:
            self.error |= {"code": code, "doc_url": _DOC + code.replace("_", "-")}
        if param:
            self.error["param"] = param
        # Of access, of rate, of how the request is written, or of the key itself: no work had begun.
        self.is_kept = status == 400 and kind == "invalid_request_error" and not code.startswith("parameter_")


def missing(what: str, number: str, param: str = "id") -> Trouble:
    return Trouble(404, "invalid_request_error", f"No such {what}: '{number}'", "resource_missing", param)


def check(secret: keys.Keys, request: Request) -> None:
    """The secret key, as a bearer's token or as the name of basic access."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        token = base64.b64decode(token).decode().partition(":")[0]
    if token != secret.card_key:
        raise Trouble(401, "invalid_request_error", f"Invalid API Key provided: {token[:8]}****")


def note(told: dict[str, str], is_short: bool) -> str:
    """What the books keep of a request, for showing it later."""
    metadata = {m[1]: value for name, value in told.items() if (m := _METADATA.fullmatch(name))}
    by = "pi" if told.get("payment_intent") else "ch"
    return json.dumps({"metadata": metadata, "reason": told.get("reason"), "short": is_short, "by": by})


def shown(refund: Any, payment: Any) -> dict[str, Any]:
    note = json.loads(refund["note"])
    status = STATUS[refund["state"]]
    intent = f"pi_{payment['trade_no'].partition('_')[2]}"
    found: dict[str, Any] = {
        "id": refund["reference"],
        "object": "refund",
        "amount": refund["amount_minor"],
        "balance_transaction": f"txn_{refund['id']:024d}" if status == "succeeded" else None,
        "charge": charge_of(payment),
        "created": int(refund["asked_at"]),
        "currency": payment["currency"].lower(),
        "metadata": note["metadata"],
        "payment_intent": intent if note["by"] == "pi" else None,
        "reason": note["reason"],
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if status == "pending":
        found["pending_reason"] = "insufficient_funds" if note["short"] else "processing"
    if status == "failed":
        found["failure_reason"] = "expired_or_canceled_card"
        found["failure_balance_transaction"] = f"txn_f{refund['id']:023d}"
    return found


def notice(secret: keys.Keys, kind: str, about: dict[str, Any], slant: Slant) -> tuple[dict[str, str], bytes]:
    """An event about a refund or a charge."""
    at = int(time.time()) - slant.seconds_ago
    event = {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "api_version": "2020-08-27",
        "created": at,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "type": kind,
    }
    body = json.dumps(event, indent=2)
    signer = "whsec_of_a_stranger" if slant.forged else secret.card_webhook_secret
    signature = hmac.new(signer.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "Stripe-Signature": f"t={at},v1={signature}"}, body.encode()


def charge_of(payment: Any) -> str:
    return f"ch_{payment['trade_no'].partition('_')[2]}"


def asked(request: Request) -> str:
    """What an Idempotency-Key is bound to."""
    return json.dumps([request.method, request.path, sorted(request.form.items())])
