"""The stand-in is judged by the Python SDKs: they refund and query through it, open its notices and bills."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
import requests
import stripe
from alipay import AliPay
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core

from core.adapters.bills import recognise
from core.adapters.bills.rows import Refund, Trade
from tests.standin import keys
from tests.standin.conftest import ALIPAY, CARD, WECHAT
from tests.standin.server import Standin


@pytest.fixture
def alipay(far: Standin) -> AliPay:
    sdk = AliPay(
        appid=keys.APP_ID,
        app_private_key_string=far.keys.shop_private_pem,
        alipay_public_key_string=far.keys.channel_public_pem,
    )
    sdk._gateway = f"{far.url}/gateway.do"
    return sdk


@pytest.fixture(params=["public_key", "certificate"])
def wechat(far: Standin, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> WeChatPay:
    """Both ways of knowing WeChat Pay's answers by."""

    def from_the_stand_in(core: Core) -> None:
        core._gate_way = far.url
        core._update_certificates()

    monkeypatch.setattr(Core, "_init_certificates", from_the_stand_in)
    public = {"public_key": far.keys.channel_public_pem, "public_key_id": keys.PUBLIC_KEY_ID}
    sdk = WeChatPay(
        WeChatPayType.NATIVE,
        mchid=keys.MCH_ID,
        private_key=far.keys.shop_private_pem,
        cert_serial_no=far.keys.shop_serial,
        appid="wx0000000000000001",
        apiv3_key=far.keys.api_v3_key,
        **(public if request.param == "public_key" else {}),
    )
    sdk._core._gate_way = far.url
    return sdk


def today() -> str:
    return datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d")


def notices(far: Standin, channel: str) -> list[Any]:
    return far.books.rows("SELECT * FROM notices WHERE channel = ? ORDER BY id", channel)


def test_alipay(far: Standin, alipay: AliPay) -> None:
    first = alipay.api_alipay_trade_refund("40.00", trade_no=ALIPAY, out_request_no="R1")
    assert (first["code"], first["fund_change"], first["refund_fee"]) == ("10000", "Y", "40.00")
    again = alipay.api_alipay_trade_refund("40.00", trade_no=ALIPAY, out_request_no="R1")
    assert (again["code"], again["fund_change"]) == ("10000", "N"), "nothing moved this time"
    over = alipay.api_alipay_trade_refund("60.01", trade_no=ALIPAY, out_request_no="R2")
    assert over["sub_code"] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    asked = alipay.api_alipay_trade_fastpay_refund_query("R1", trade_no=ALIPAY)
    assert (asked["refund_status"], asked["refund_amount"]) == ("REFUND_SUCCESS", "40.00")
    assert "refund_status" not in alipay.api_alipay_trade_fastpay_refund_query("R2", trade_no=ALIPAY)
    assert far.books.refunded("alipay", ALIPAY) == 4_000


def test_alipay_tells_of_a_card_that_is_closed(far: Standin, alipay: AliPay) -> None:
    """The money lies in the customer's Alipay balance: so says the query, and a notice that is verified."""
    far.books.pay("alipay", "T-card", 10_000, by_card=True, settle_after=-1)
    far.faults.replace([{"op": "refund", "do": "card_closed"}])
    alipay.api_alipay_trade_refund("1.00", trade_no="T-card", out_request_no="R1")
    question = {"trade_no": "T-card", "out_request_no": "R1", "query_options": ["deposit_back_info"]}
    asked = alipay.server_api("alipay.trade.fastpay.refund.query", dict(question))
    assert asked["deposit_back_info"]["dback_status"] == "P"
    far.settle("alipay", "R1")
    asked = alipay.server_api("alipay.trade.fastpay.refund.query", dict(question))
    assert asked["deposit_back_info"]["dback_status"] == "F"
    told = dict(parse_qsl(notices(far, "alipay")[-1]["body"]))
    signature = told.pop("sign")
    assert told["msg_method"] == "alipay.trade.refund.depositback.completed"
    assert json.loads(told["biz_content"])["dback_status"] == "F"
    assert alipay.verify(told, signature)


def test_alipays_bill_is_read_by_our_reader(far: Standin, alipay: AliPay, tmp_path: Path) -> None:
    alipay.api_alipay_trade_refund("40.00", trade_no=ALIPAY, out_request_no="R1")
    name = "alipay.data.dataservice.bill.downloadurl.query"
    answer = alipay.server_api(name, {"bill_type": "trade", "bill_date": today()})
    bill = tmp_path / "bill.zip"
    bill.write_bytes(requests.get(answer["bill_download_url"], timeout=10).content)
    _reads(bill, "alipay_merchant", ALIPAY)
    none = alipay.server_api(name, {"bill_type": "trade", "bill_date": "2026-01-01"})
    assert none["sub_code"] == "isp.bill_not_exist"


def test_wechat(far: Standin, wechat: WeChatPay) -> None:
    amount = {"refund": 4_000, "total": 10_000, "currency": "CNY"}
    status, body = wechat.refund("R1", amount, transaction_id=WECHAT)
    assert (status, json.loads(body)["status"]) == (200, "PROCESSING")
    assert wechat.refund("R1", amount, transaction_id=WECHAT)[0] == 200
    status, body = wechat.query_refund("R1")
    assert (status, json.loads(body)["status"]) == (200, "SUCCESS")
    assert wechat.query_refund("R9")[0] == 404
    status, body = wechat.refund("R2", {**amount, "refund": 6_001}, transaction_id=WECHAT)
    assert (status, json.loads(body)["code"]) == (400, "INVALID_REQUEST")
    assert far.books.refunded("wechat", WECHAT) == 4_000
    row = notices(far, "wechat")[-1]
    if wechat._core._public_key_id:  # notices are signed by the public key
        told = wechat.callback(json.loads(row["headers"]), row["body"])
        assert (told["event_type"], told["resource"]["out_refund_no"]) == ("REFUND.SUCCESS", "R1")


def test_wechats_abnormal_refund_goes_back_to_the_shop(far: Standin, wechat: WeChatPay) -> None:
    far.faults.replace([{"op": "refund", "do": "card_closed"}])
    amount = {"refund": 4_000, "total": 10_000, "currency": "CNY"}
    reference = json.loads(wechat.refund("R1", amount, transaction_id=WECHAT)[1])["refund_id"]
    assert json.loads(wechat.query_refund("R1")[1])["status"] == "ABNORMAL"
    assert far.books.refunded("wechat", WECHAT) == 4_000, "the channel holds it for the customer"
    assert wechat.abnormal_refund(reference, "R1", "MERCHANT_BANK_CARD")[0] == 200
    assert json.loads(wechat.query_refund("R1")[1])["status"] == "CLOSED"
    assert far.books.refunded("wechat", WECHAT) == 0


@pytest.mark.parametrize("tar_type", ["", "GZIP"])
def test_wechats_bills_are_read_by_our_reader(
    far: Standin, wechat: WeChatPay, tmp_path: Path, tar_type: str
) -> None:
    wechat.refund("R1", {"refund": 4_000, "total": 10_000, "currency": "CNY"}, transaction_id=WECHAT)
    answer = json.loads(wechat.trade_bill(today(), tar_type=tar_type)[1])
    status, content = wechat.download_bill(answer["download_url"])
    assert status == 200
    if tar_type:
        import gzip

        content = gzip.decompress(content)
    bill = tmp_path / "bill.csv"
    bill.write_bytes(content)
    _reads(bill, "wechat_trade", WECHAT)
    fund = json.loads(wechat.fundflow_bill(today(), tar_type="")[1])
    flows = wechat.download_bill(fund["download_url"])[1].decode("utf-8-sig").splitlines()
    assert flows[0].startswith("记账时间,") and flows[-1] == "`2,`1,`100.00,`1,`40.00"
    assert wechat.trade_bill("2026-01-01")[0] == 400


def test_stripe(far: Standin) -> None:
    client = stripe.StripeClient(far.keys.card_key, base_addresses={"api": far.url}, max_network_retries=0)
    refunds = client.v1.refunds
    params: Any = {"charge": CARD, "amount": 4_000, "metadata": {"refund_key": "R1"}}
    first = refunds.create(params, {"idempotency_key": "R1"})
    assert refunds.create(params, {"idempotency_key": "R1"}).id == first.id
    with pytest.raises(stripe.IdempotencyError):
        refunds.create({**params, "amount": 4_001}, {"idempotency_key": "R1"})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        refunds.create({**params, "amount": 6_001}, {"idempotency_key": "R2"})
    assert refunds.retrieve(first.id).status == "succeeded"
    assert [refund.id for refund in refunds.list({"charge": CARD}).auto_paging_iter()] == [first.id]
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient("sk_test_wrong", base_addresses={"api": far.url}).v1.refunds.list()
    assert far.books.refunded("card", CARD) == 4_000
    for row in notices(far, "card"):
        signature = json.loads(row["headers"])["Stripe-Signature"]
        event = stripe.Webhook.construct_event(row["body"], signature, far.keys.card_webhook_secret)
        assert event.type in ("refund.created", "charge.refunded")


def test_stripes_refund_may_fail_after_it_succeeded(far: Standin) -> None:
    client = stripe.StripeClient(far.keys.card_key, base_addresses={"api": far.url})
    far.books.pay("card", "pi_later", 10_000, currency="USD", by_card=True, settle_after=-1)
    far.faults.replace([{"op": "refund", "do": "card_closed"}])
    refund = client.v1.refunds.create({"payment_intent": "pi_later", "amount": 100})
    assert refund.status == "succeeded"
    far.settle("card")
    refund = client.v1.refunds.retrieve(refund.id)
    assert (refund.status, refund.failure_reason) == ("failed", "expired_or_canceled_card")
    assert far.books.refunded("card", "pi_later") == 0
    assert notices(far, "card")[-1]["kind"] == "refund.failed"


def test_stripe_forgets_a_key_after_a_day(far: Standin) -> None:
    """An old key is a new refund: that is why nobody may send one without asking first."""
    client = stripe.StripeClient(far.keys.card_key, base_addresses={"api": far.url})
    first = client.v1.refunds.create({"charge": CARD, "amount": 100}, {"idempotency_key": "R1"})
    with far.books.transaction() as db:
        db.execute("UPDATE kept_replies SET at = ?", (time.time() - 90_000,))
    second = client.v1.refunds.create({"charge": CARD, "amount": 100}, {"idempotency_key": "R1"})
    assert second.id != first.id
    assert far.books.refunded("card", CARD) == 200


def _reads(path: Path, kind: str, trade_no: str) -> None:
    """The payment and the refund R1 of 40.00, without a complaint about totals."""
    bill = recognise(path)
    rows = list(bill.rows())
    assert (bill.kind, bill.notices) == (kind, [])
    assert [type(row) for row in rows] == [Trade, Refund]
    refund = rows[1]
    assert isinstance(refund, Refund)
    assert (refund.trade_no, refund.refund_no, refund.amount_minor) == (trade_no, "R1", 4_000)
