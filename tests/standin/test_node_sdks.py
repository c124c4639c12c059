"""The stand-in is judged by code that nobody here wrote: the official Node.js SDKs, and another stand-in."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import node
from tests.postgres import skip_or_fail
from tests.standin import keys
from tests.standin.conftest import ALIPAY, CARD, WECHAT
from tests.standin.server import Standin

JUDGES = Path(__file__).parent / "judges"


@pytest.fixture(scope="session")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDKs, installed once for all processes of this run."""
    base = tmp_path_factory.getbasetemp()
    # A worker of pytest-xdist has a folder of its own inside the run's.
    shared = base.parent if base.name.startswith("popen-") else base
    try:
        return node.installed(JUDGES, shared / "judges")
    except node.Missing as missing:
        skip_or_fail(str(missing))
        raise


def told_by(far: Standin, channel: str, fault: str = "") -> tuple[dict[str, str], str]:
    """Headers and body of a fresh notice about a refund of one cent."""
    far.faults.replace([{"op": "notice", "do": fault}] if fault else [])
    trade = far.books.payment(channel, ALIPAY if channel == "alipay" else WECHAT)
    assert trade is not None
    refund = far.books.refund(trade, f"told{fault}", 1, state="processing", fate="succeeded", due_at=None)
    far.settle(channel, refund["key"])
    far.faults.replace([])
    row = far.books.rows("SELECT * FROM notices ORDER BY id")[-1]
    return json.loads(row["headers"]), row["body"]


def test_alipays_sdk_refunds_and_queries(far: Standin, judges: Path) -> None:
    """Its signatures are taken, ours pass its check, its errors are ours."""
    found = node.run(
        judges,
        "alipay.cjs",
        {
            "url": far.url,
            "appId": keys.APP_ID,
            "privateKey": far.keys.shop_private_pem,
            "publicKey": far.keys.channel_public_pem,
            "tradeNo": ALIPAY,
            "notice": told_by(far, "alipay")[1],
            "forged": told_by(far, "alipay", "forged")[1],
        },
    )
    assert (found["refunded"]["code"], found["refunded"]["fundChange"]) == ("10000", "Y")
    assert (found["again"]["fundChange"], found["again"]["refundFee"]) == ("N", "40.02")
    assert found["other"]["subCode"] == "ACQ.DISCORDANT_REPEAT_REQUEST"
    assert found["over"]["subCode"] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    assert (found["query"]["refundStatus"], found["query"]["refundAmount"]) == ("REFUND_SUCCESS", "40.00")
    assert found["never"]["code"] == "10000" and "refundStatus" not in found["never"]
    assert found["trade"]["tradeStatus"] == "TRADE_SUCCESS"
    assert found["nowhere"]["subCode"] == "ACQ.TRADE_NOT_EXIST"
    assert (found["notice"], found["forged"]) == (True, False)
    assert far.books.refunded("alipay", ALIPAY) == 4_002


def test_wechats_plugin_refunds_and_queries(far: Standin, judges: Path) -> None:
    """By certificate and by public key; certificates, bill and notice are opened by it as well."""
    headers, body = told_by(far, "wechat")
    found = node.run(
        judges,
        "wechat.cjs",
        {
            "url": far.url,
            "mchid": keys.MCH_ID,
            "serial": far.keys.shop_serial,
            "privateKey": far.keys.shop_private_pem,
            "publicKeyId": keys.PUBLIC_KEY_ID,
            "publicKey": far.keys.channel_public_pem,
            "certificateSerial": far.keys.certificate_serial,
            "certificate": far.keys.certificate_pem,
            "apiV3Key": far.keys.api_v3_key,
            "tradeNo": WECHAT,
            "day": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600)),
            "notice": {"headers": headers, "body": body},
        },
    )
    assert found["refunded"]["status"] == "PROCESSING"
    assert found["again"]["refund_id"] == found["refunded"]["refund_id"]
    assert found["other"] == found["over"] == {"status": 400, "code": "INVALID_REQUEST"}
    assert (found["query"]["status"], found["query"]["amount"]["refund"]) == ("SUCCESS", 4_000)
    assert found["never"] == {"status": 404, "code": "RESOURCE_NOT_EXISTS"}
    assert found["certificate"] == far.keys.certificate_pem
    assert [row["交易状态"] for row in found["bill"]["rows"]] == ["SUCCESS", "REFUND", "REFUND"]
    assert found["bill"]["summary"]["退款总金额"] == "40.01"
    assert found["signed"] is True
    assert (found["notice"]["out_refund_no"], found["notice"]["refund_status"]) == ("told", "SUCCESS")
    assert far.books.refunded("wechat", WECHAT) == 4_001


@pytest.fixture
def mock(judges: Path) -> Iterator[str]:
    """stripe-stateful-mock, listening."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["node", "card.cjs", str(port)],
        cwd=judges,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == "up"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def test_the_card_side_answers_as_another_stand_in_does(far: Standin, mock: str) -> None:
    """The same calls to both: the same status, the same errors, the same fields of the same types."""
    ours, theirs = (list(_conversation(url, far.keys.card_key)) for url in (far.url, mock))
    for (call, status, body), (_, their_status, their_body) in zip(ours, theirs, strict=True):
        assert (status, _shape(body)) == (their_status, _shape(their_body)), call
    assert far.books.refunded("card", CARD) == 0, "it was another charge"


def _conversation(url: str, key: str) -> Iterator[tuple[str, int, Any]]:
    def call(method: str, path: str, idempotency_key: str = "", **data: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        sent = {"params": data} if method == "GET" else {"data": data}
        answer = requests.request(method, url + path, headers=headers, timeout=10, **sent)
        return answer.status_code, answer.json()

    charge = call("POST", "/v1/charges", amount=10_000, currency="usd", source="tok_visa")[1]["id"]
    about = {"charge": charge, "metadata[refund_key]": "K1"}
    status, first = call("POST", "/v1/refunds", "K1", amount=4_000, **about)
    yield "refund", status, first
    again = call("POST", "/v1/refunds", "K1", amount=4_000, **about)
    assert again[1]["id"] == first["id"]
    yield "the same key", *again
    yield "another amount", *call("POST", "/v1/refunds", "K1", amount=4_001, **about)
    yield "too much", *call("POST", "/v1/refunds", "K2", amount=6_001, charge=charge)
    yield "nothing", *call("POST", "/v1/refunds", "K3", amount=0, charge=charge)
    yield "get", *call("GET", f"/v1/refunds/{first['id']}")
    yield "get what is not", *call("GET", "/v1/refunds/re_none")
    yield "the rest", *call("POST", "/v1/refunds", "K4", charge=charge)
    yield "nothing left", *call("POST", "/v1/refunds", "K5", charge=charge)
    status, listed = call("GET", "/v1/refunds", charge=charge, limit=2)
    # Stripe lists the newest first, that mock the oldest.
    listed["data"].sort(key=lambda refund: refund["amount"])
    yield "list", status, listed
    yield "no such charge", *call("POST", "/v1/refunds", "K6", charge="ch_none")


def _shape(body: Any, name: str = "") -> Any:
    """Fields and types; of errors the code and type as well. Numbers of objects are anybody's own."""
    if isinstance(body, dict):
        return {key: _shape(value, key) for key, value in sorted(body.items())}
    if isinstance(body, list):
        return [_shape(item) for item in body]
    if name in ("type", "code", "param", "object", "status", "amount", "currency", "has_more", "url"):
        return body
    return type(body).__name__
