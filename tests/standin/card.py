"""Stripe's side: refunds with an Idempotency-Key, lists and charges."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from tests.standin import card_wire, keys
from tests.standin.books import Books, TooMuch
from tests.standin.card_wire import Trouble, asked, charge_of, check, missing, note, shown
from tests.standin.faults import Fault
from tests.standin.notices import Notices
from tests.standin.wire import Reply, Request, Slant

KEPT_SECONDS = 86_400  # how long an Idempotency-Key is remembered


class Card:
    name = "card"

    def __init__(self, books: Books, secret: keys.Keys, notices: Notices) -> None:
        self._books, self._keys, self._notices = books, secret, notices

    def op_of(self, request: Request) -> str:
        path, posted = request.path, request.method == "POST"
        if not path.startswith("/v1/"):
            return ""
        if path == "/v1/refunds":
            return "refund" if posted else "list"
        if path.startswith("/v1/refunds/"):
            return "cancel" if posted else "query"
        return "charge" if path.startswith(("/v1/charges", "/v1/payment_intents")) else "other"

    def answer(self, request: Request, op: str, fault: Fault | None) -> Reply:
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        headers = {"Content-Type": "application/json", "Request-Id": f"req_{secrets.token_hex(7)}"}
        told = request.form
        about = told.get("metadata[refund_key]", key)
        try:
            check(self._keys, request)
            with self._books.transaction():
                kept = self._kept(request, key)
                if kept is not None:
                    return Reply(kept[0], kept[1], headers | {"Idempotent-Replayed": "true"}, about)
                body, changed = self._do(request, op, told, about, fault)
                status = 200
                if key and not (fault and fault.do == "forget"):
                    self._keep(request, key, status, body)
            for kind, number in changed:
                self._notices.announce(self, kind, number)
        except Trouble as trouble:
            status, body = trouble.status, {"error": trouble.error}
            # An error after the work had begun is kept as well.
            if key and trouble.is_kept:
                self._keep(request, key, status, body)
        if fault and fault.do == "lone_brace":
            body["description"] = "}"
        return Reply(status, json.dumps(body, indent=2).encode(), headers, about)

    def broken(self) -> Reply:
        body = {
            "error": {"type": "api_error", "message": "Sorry! There was an error while talking to Stripe."}
        }
        return Reply(500, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _kept(self, request: Request, key: str) -> tuple[int, bytes] | None:
        found = self._books.row("SELECT * FROM kept_replies WHERE key = ?", key) if key else None
        if found is None or time.time() - found["at"] > KEPT_SECONDS:
            return None
        if found["request"] != asked(request):
            raise Trouble(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they were first used "
                f"with. Try using a key other than '{key}' if you meant to execute a different request.",
            )
        return found["status"], found["body"].encode()

    def _keep(self, request: Request, key: str, status: int, body: dict[str, Any]) -> None:
        with self._books.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO kept_replies VALUES (?, ?, ?, ?, ?)",
                (key, asked(request), status, json.dumps(body, indent=2), time.time()),
            )

    def _do(
        self, request: Request, op: str, told: dict[str, str], key: str, fault: Fault | None
    ) -> tuple[dict[str, Any], list[tuple[str, int]]]:
        """The answer, and the notices that follow from it."""
        if op == "refund":
            return self._refund(told, key, fault)
        if op == "list":
            return self._list(request.query, fault), []
        if op in ("query", "cancel"):
            number = request.path.split("/")[3]
            found = self._books.row("SELECT * FROM refunds WHERE channel = 'card' AND reference = ?", number)
            if found is None or (fault and fault.do == "pretend_never"):
                raise missing("refund", number)
            if op == "query":
                return self._shown(found), []
            if found["state"] != "asked":
                raise Trouble(400, "invalid_request_error", "This refund cannot be canceled.")
            self._books.set(found["id"], state="canceled", fate="canceled", settled_at=time.time())
            return self._shown(self._books.refund_by_id(found["id"])), [("refund.updated", found["id"])]
        if op == "charge":
            return self._charge(request, told), []
        raise Trouble(404, "invalid_request_error", f"Unrecognized request URL ({request.path}).")

    def _charge(self, request: Request, told: dict[str, str]) -> dict[str, Any]:
        if request.method == "POST":
            if request.path != "/v1/charges" or not told.get("amount", "").isdigit():
                raise Trouble(400, "invalid_request_error", "Invalid integer", "parameter_invalid_integer")
            number = f"ch_{secrets.token_hex(12)}"
            self._books.pay(
                self.name, number, int(told["amount"]), currency=told["currency"].upper(), by_card=True
            )
        else:
            number = request.path.split("/")[3]
        payment = self._payment(number)
        refunded = self._books.refunded(self.name, payment["trade_no"])
        return {
            "id": number,
            "object": "payment_intent" if number.startswith("pi_") else "charge",
            "amount": payment["paid_minor"],
            "amount_refunded": refunded,
            "currency": payment["currency"].lower(),
            "refunded": refunded == payment["paid_minor"],
            "status": "succeeded",
        }

    def _payment(self, number: str) -> Any:
        """A payment by the number of its charge or of its payment intent: both end alike here."""
        kind, _, rest = number.partition("_")
        if kind in ("ch", "pi"):
            for other in (number, f"ch_{rest}", f"pi_{rest}"):
                found = self._books.payment(self.name, other)
                if found is not None:
                    return found
        raise missing("payment_intent" if kind == "pi" else "charge", number)

    def _refund(
        self, told: dict[str, str], key: str, fault: Fault | None
    ) -> tuple[dict[str, Any], list[tuple[str, int]]]:
        number = told.get("payment_intent") or told.get("charge") or ""
        if not number:
            raise Trouble(
                400, "invalid_request_error",
                "One of the following params should be provided: payment_intent or charge.",
                "parameter_missing",
            )  # fmt: skip
        word = fault.do if fault else ""
        if fault and word == "refuse":
            raise Trouble(
                400, "invalid_request_error", "The refund was refused.", fault.code or "charge_disputed"
            )
        if word == "too_often":
            raise Trouble(429, "invalid_request_error", "Request rate limit exceeded.", "rate_limit")
        payment = self._payment(number)
        paid = payment["paid_minor"]
        left = paid - self._books.refunded(self.name, payment["trade_no"])
        if left == 0:
            raise Trouble(
                400, "invalid_request_error", f"Charge {charge_of(payment)} has already been refunded.",
                "charge_already_refunded",
            )  # fmt: skip
        amount = told.get("amount", str(left))
        if not amount.isdigit() or int(amount) < 1:
            raise Trouble(
                400,
                "invalid_request_error",
                "Invalid positive integer",
                "parameter_invalid_integer",
                "amount",
            )
        refund = self._move(payment, key, int(amount), left, told, word)
        kinds = ["refund.created", "charge.refunded"]
        return self._shown(refund), [(kind, refund["id"]) for kind in kinds]

    def _move(self, payment: Any, key: str, amount: int, left: int, told: dict[str, str], word: str) -> Any:
        wait = payment["settle_after"]
        due_at = time.time() + wait if wait >= 0 and word != "stuck" else None
        funds = self._books.row("SELECT available_minor FROM funds WHERE channel = 'card'")
        is_short = word == "low_funds" or (funds is not None and funds["available_minor"] < amount)
        if is_short:  # waits until the shop's balance suffices
            due_at = None
        state, fate = "processing" if is_short or wait != 0 else "succeeded", "succeeded"
        if word == "stuck":
            state = "asked"
        if word == "card_closed":  # first it succeeds, days later the bank gives it back
            state, fate = "succeeded", "failed"
        try:
            return self._books.refund(
                payment,
                key,
                amount,
                state=state,
                fate=fate,
                due_at=due_at,
                note=note(told, is_short),
                without_funds=is_short,
            )
        except TooMuch:
            raise Trouble(
                400,
                "invalid_request_error",
                f"Refund amount (${amount / 100:.2f}) is greater than unrefunded amount on charge "
                f"(${left / 100:.2f})",
                param="amount",
            ) from None

    def _list(self, query: dict[str, str], fault: Fault | None) -> dict[str, Any]:
        number = query.get("payment_intent") or query.get("charge") or ""
        trade_no = self._payment(number)["trade_no"] if number else ""
        found = list(reversed(self._books.refunds(self.name, trade_no)))
        for name, keeps in (("gte", lambda at, n: at >= n), ("gt", lambda at, n: at > n),
                            ("lte", lambda at, n: at <= n), ("lt", lambda at, n: at < n)):  # fmt: skip
            if bound := query.get(f"created[{name}]"):
                found = [row for row in found if keeps(int(row["asked_at"]), int(bound))]
        if fault and fault.do == "pretend_never":
            found = []
        after = query.get("starting_after")
        if after:
            places = [place for place, row in enumerate(found) if row["reference"] == after]
            if not places:
                raise missing("refund", after, "starting_after")
            found = found[places[0] + 1 :]
        limit = int(query.get("limit", "10"))
        return {
            "object": "list",
            "data": [self._shown(row) for row in found[:limit]],
            "has_more": len(found) > limit,
            "url": "/v1/refunds",
        }

    def _shown(self, refund: Any) -> dict[str, Any]:
        return shown(refund, self._books.payment(self.name, refund["trade_no"]))

    def notice(self, kind: str, refund_id: int, slant: Slant) -> tuple[dict[str, str], bytes]:
        refund = self._books.refund_by_id(refund_id)
        about = self._shown(refund)
        if kind == "charge.refunded":
            about = self._charge(Request("GET", f"/v1/charges/{charge_of(refund)}", {}, b""), {})
        else:
            about["amount"] += slant.more_minor
        return card_wire.notice(self._keys, kind, about, slant)
