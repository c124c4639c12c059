"""What the table of faults does to calls and notices; the books stay true whatever is said outside."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from core.adapters.channels import RefundRequest
from tests.core.adapters.test_channel_contract import MovedClock, adapter
from tests.standin.books import Books, TooMuch
from tests.standin.conftest import ALIPAY, CARD, WECHAT
from tests.standin.faults import WORDS, Faults
from tests.standin.server import Standin


def refund(far: Standin, key: str = "R1", amount: int = 4_000, charge: str = CARD) -> requests.Response:
    return requests.post(
        f"{far.url}/v1/refunds",
        data={"charge": charge, "amount": amount, "metadata[refund_key]": key},
        headers={"Authorization": f"Bearer {far.keys.card_key}", "Idempotency-Key": key},
        timeout=10,
    )


@pytest.mark.parametrize("word", ["lose_reply", "reset_after", "error_after", "malformed"])
def test_the_money_moved_and_the_answer_is_lost(far: Standin, word: str) -> None:
    far.faults.replace([{"channel": "card", "op": "refund", "nth": 1, "do": word}])
    if word in ("lose_reply", "reset_after"):
        with pytest.raises(requests.ConnectionError):
            refund(far)
    else:
        answer = refund(far)
        assert answer.status_code == (500 if word == "error_after" else 200)
        assert word == "error_after" or not _is_json(answer.text)
    assert far.books.refunded("card", CARD) == 4_000
    assert refund(far).json()["status"] == "succeeded"
    assert far.books.refunded("card", CARD) == 4_000, "the same key is the same refund"


@pytest.mark.parametrize("word", ["error_before", "reset_before"])
def test_nothing_moved_and_nobody_knows(far: Standin, word: str) -> None:
    far.faults.replace([{"nth": 1, "do": word}])
    if word == "error_before":
        assert refund(far).status_code == 500
    else:
        with pytest.raises(requests.ConnectionError):
            refund(far)
    assert far.books.refunded("card", CARD) == 0


def test_a_forgotten_key_is_a_new_refund(far: Standin) -> None:
    far.faults.replace([{"nth": 1, "do": "forget"}])
    assert refund(far).json()["id"] != refund(far).json()["id"]
    assert far.books.refunded("card", CARD) == 8_000
    assert refund(far, "R9").status_code == 400, "beyond what was paid never"


@pytest.mark.parametrize("channel", ["alipay", "wechat"])
def test_a_known_key_moves_money_again_and_a_query_knows_one(far: Standin, channel: str) -> None:
    """So whoever sends again without asking pays twice, and whoever asks does not."""
    trade_no = {"alipay": ALIPAY, "wechat": WECHAT}[channel]
    request = RefundRequest("R1-1-1", channel, trade_no, 4_000, "CNY", 10_000)
    far.faults.replace([{"op": "refund", "do": "again"}])
    shop = adapter(far, channel, MovedClock())
    for moved in (4_000, 8_000):
        assert shop.refund(request).kind in ("accepted", "arrived")
        assert far.books.refunded(channel, trade_no) == moved
        assert shop.query(request).kind in ("accepted", "arrived")


def test_what_is_held_up_moves_later(far: Standin) -> None:
    """Who asks before that finds nothing, although the request is on its way."""
    far.faults.replace([{"op": "refund", "do": "held_up", "seconds": 30}])
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{far.url}/v1/refunds",
            data={"charge": CARD},
            headers={"Authorization": f"Bearer {far.keys.card_key}"},
            timeout=0.3,
        )
    assert far.books.refunded("card", CARD) == 0


def test_low_funds_let_a_card_refund_wait(far: Standin) -> None:
    far.books.set_funds("card", 1_000)
    waiting = refund(far).json()
    assert (waiting["status"], waiting["pending_reason"]) == ("pending", "insufficient_funds")
    assert refund(far, "R2", 1_000).json()["status"] == "succeeded"
    assert far.books.rows("SELECT available_minor FROM funds")[0][0] == 0


def test_slow_is_slow(far: Standin) -> None:
    far.faults.replace([{"op": "refund", "do": "slow", "seconds": 30}])
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{far.url}/v1/refunds",
            data={"charge": CARD},
            headers={"Authorization": f"Bearer {far.keys.card_key}"},
            timeout=0.3,
        )
    assert far.books.refunded("card", CARD) == 10_000


def test_never_beyond_what_was_paid(far: Standin) -> None:
    """Twenty at once, each of 15.00 of 100.00: six go through."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: refund(far, f"R{n}", 1_500).status_code, range(20)))
    assert sorted(answers) == [200] * 6 + [400] * 14
    assert far.books.refunded("card", CARD) == 9_000


def test_the_books_refuse_by_themselves(tmp_path: Path) -> None:
    books = Books(tmp_path / "books.db")
    books.pay("alipay", "T1", 100)
    trade = books.payment("alipay", "T1")
    assert trade is not None
    books.refund(trade, "R1", 60, state="succeeded", fate="succeeded", due_at=None)
    with pytest.raises(TooMuch):
        books.refund(trade, "R2", 41, state="succeeded", fate="succeeded", due_at=None)
    books.close()
    again = Books(tmp_path / "books.db")
    assert again.refunded("alipay", "T1") == 60, "they outlive the server"
    again.close()


# --- who may ask -----------------------------------------------------------------------------------------


def test_unsigned_calls_are_turned_away(far: Standin) -> None:
    """Of every channel, in its own words, and nothing moves."""
    wechat = requests.post(f"{far.url}/v3/refund/domestic/refunds", json={"out_refund_no": "R1"}, timeout=10)
    assert (wechat.status_code, wechat.json()["code"]) == (401, "SIGN_ERROR")
    told = {"app_id": "2021000199990001", "method": "alipay.trade.refund", "charset": "utf-8", "sign": "eA=="}
    told |= {"sign_type": "RSA2", "timestamp": "2026-11-20 10:00:00", "version": "1.0"}
    told["biz_content"] = json.dumps({"trade_no": ALIPAY, "refund_amount": "1.00", "out_request_no": "R1"})
    alipay = requests.post(f"{far.url}/gateway.do", data=told, timeout=10).json()
    assert alipay["alipay_trade_refund_response"]["sub_code"] == "isv.invalid-signature"
    card = requests.post(f"{far.url}/v1/refunds", data={"charge": CARD}, timeout=10)
    assert (card.status_code, card.json()["error"]["type"]) == (401, "invalid_request_error")
    assert far.books.rows("SELECT * FROM refunds") == []
    assert [row["status"] for row in far.books.rows("SELECT status FROM calls ORDER BY id")] == [
        401,
        200,
        401,
    ]


# --- notices ---------------------------------------------------------------------------------------------


@contextmanager
def listening(answers: list[int] | None = None) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A shop that takes notices: its address and what it got. `answers`: statuses of the first ones."""
    got: list[tuple[dict[str, str], bytes]] = []
    statuses = list(answers or [])

    class Shop(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((dict(self.headers), body))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def told(far: Standin, *words: str, answers: list[int] | None = None) -> list[dict[str, Any]]:
    """What the shop gets about one refund of 1.00 when its first notices are bent so; `valid` by Stripe."""
    rows = [{"op": "notice", "nth": number, "do": word} for number, word in enumerate(words, 1) if word]
    with listening(answers) as (url, got):
        far.notices.hooks["card"] = url
        far.faults.replace(rows)
        refund(far, "R1", 100)
        far.notices.drain()
        return [_opened(far, headers, body) for headers, body in got]


def _opened(far: Standin, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    event = json.loads(body)
    try:
        signature = headers["Stripe-Signature"]
        stripe.Webhook.construct_event(body.decode(), signature, far.keys.card_webhook_secret)
    except stripe.SignatureVerificationError:
        return {"kind": event["type"], "valid": False, "amount": event["data"]["object"]["amount"]}
    return {"kind": event["type"], "valid": True, "amount": event["data"]["object"]["amount"]}


def test_notices_arrive_in_order(far: Standin) -> None:
    assert [(n["kind"], n["valid"]) for n in told(far)] == [
        ("refund.created", True),
        ("charge.refunded", True),
    ]


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("drop", ["charge.refunded"]),
        ("duplicate", ["refund.created", "refund.created", "charge.refunded"]),
        ("late", ["charge.refunded", "refund.created"]),
        ("out_of_order", ["charge.refunded", "refund.created"]),
    ],
)
def test_notices_that_come_otherwise(far: Standin, word: str, kinds: list[str]) -> None:
    got = told(far, word)
    assert [notice["kind"] for notice in got] == kinds and all(notice["valid"] for notice in got)


@pytest.mark.parametrize("word", ["forged", "stale"])
def test_notices_that_nobody_may_believe(far: Standin, word: str) -> None:
    assert [notice["valid"] for notice in told(far, word)] == [False, True]


def test_a_notice_about_another_amount(far: Standin) -> None:
    notice = told(far, "wrong_amount")[0]
    assert (notice["amount"], notice["valid"]) == (101, True)


def test_a_notice_is_sent_again_until_it_is_taken(far: Standin) -> None:
    kinds = [notice["kind"] for notice in told(far, answers=[500])]
    assert kinds == ["refund.created", "charge.refunded", "refund.created"]


# --- the table -------------------------------------------------------------------------------------------


def test_which_calls_a_row_strikes() -> None:
    faults = Faults(
        [
            {"channel": "alipay", "op": "refund", "nth": [2], "do": "lose_reply"},
            {"channel": "alipay", "nth": 4, "do": "malformed"},
        ]
    )
    calls = [("alipay", "refund"), ("wechat", "refund"), ("alipay", "query"), ("alipay", "refund")]
    words = [fault.do if (fault := faults.of(*call)) else "" for call in [*calls, ("alipay", "query")]]
    assert words == ["", "", "", "lose_reply", "malformed"]


def test_chance_is_the_same_for_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults([{"chance": 0.3, "do": "slow"}], seed)
        return [faults.of("card", "query") is not None for _ in range(1_000)]

    assert struck(7) == struck(7) != struck(8)
    assert 250 < sum(struck(7)) < 350


@pytest.mark.parametrize(
    "row", [{"do": "explode"}, {"do": "slow", "channel": "paypal"}, {"do": "slow", "when": 1}, {}]
)
def test_a_row_that_means_nothing_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        Faults([row])


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml, plain = tmp_path / "faults.toml", tmp_path / "faults.json"
    toml.write_text('seed = 3\n[[fault]]\nchannel = "card"\nnth = 1\ndo = "slow"\nseconds = 2\n')
    plain.write_text('{"seed": 3, "fault": [{"channel": "card", "nth": [1], "do": "slow", "seconds": 2}]}')
    assert Faults.from_file(toml).rows == Faults.from_file(plain).rows != []


def test_every_word_is_explained() -> None:
    assert all(WORDS.values()) and len(WORDS) == 27


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    """`python -m tests.standin --port N --faults FILE`: up with one line, its door open, its books a file."""
    table, books = tmp_path / "faults.toml", tmp_path / "books.db"
    table.write_text('[[fault]]\nchannel = "card"\nop = "refund"\nnth = 1\ndo = "error_after"\n')
    command = [sys.executable, "-m", "tests.standin", "--faults", table, "--books", books]
    process = subprocess.Popen(
        [*command, "--keys", tmp_path / "keys"], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert process.stdout is not None
    try:
        up = json.loads(process.stdout.readline())
        payment = {"channel": "card", "trade_no": CARD, "paid_minor": 10_000, "currency": "USD"}
        requests.post(f"{up['url']}/standin/payments", json=payment, timeout=10).raise_for_status()
        key = Path(up["keys"]["card_secret_key"]).read_text()
        assert Path(up["keys"]["card_secret_key"]).stat().st_mode & 0o077 == 0
        answer = requests.post(
            f"{up['url']}/v1/refunds",
            data={"charge": CARD},
            headers={"Authorization": f"Bearer {key}"},
            timeout=10,
        )
        assert answer.status_code == 500
        shown = requests.get(f"{up['url']}/standin/books", timeout=10).json()
        assert [row["fault"] for row in shown["calls"]] == ["error_after"]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()
    again = Books(books)
    assert again.refunded("card", CARD) == 10_000
    assert again.refunded("wechat", WECHAT) == 0
    again.close()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
