"""What the channels tell by themselves, notices and bills: heard only when signed, fresh and about ours."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from core.adapters.bills import recognise
from core.adapters.bills.rows import Refund
from core.adapters.channels import ChannelSilent, Notice, NoticeRefused, RefundRequest
from core.domain.workdays import ZONE
from tests.core.adapters.test_channel_contract import REAL, Far, MovedClock, _real, adapter, told
from tests.standin import keys as keys_
from tests.standin.server import Spacing, Standin, running


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    with running(tmp_path / "far.db", spacing=Spacing(0, 0)) as up:
        yield up


@pytest.fixture(params=REAL)
def real(request: pytest.FixtureRequest, standin: Standin) -> Far:
    return _real(standin, request.param)


def settled(far: Far, fault: str = "", refund_fault: str = "") -> tuple[dict[str, str], bytes]:
    """Headers and body of the notice about what became of a refund, its sending bent by `fault`."""
    assert far.standin is not None
    name, books = far.channel.name, far.standin.books
    with books.transaction() as db:
        db.execute("UPDATE payments SET by_card = 1, settle_after = -1 WHERE channel = ?", (name,))
    if refund_fault:
        far.lie(refund_fault)
    far.channel.refund(far.request)
    far.standin.faults.replace([{"op": "notice", "do": fault}] if fault else [])
    far.standin.settle(name)
    row = books.rows("SELECT * FROM notices WHERE channel = ? ORDER BY id", name)[-1]
    return json.loads(row["headers"]), row["body"].encode()


def heard(far: Far, headers: dict[str, str], body: bytes) -> Notice | str:
    try:
        return far.channel.parse_notice(headers, body)
    except NoticeRefused as refused:
        return refused.code


def test_a_notice_says_what_the_query_says(real: Far) -> None:
    notice = heard(real, *settled(real))
    assert isinstance(notice, Notice)
    asked = real.channel.query(real.request)
    assert (notice.outcome.kind, notice.outcome.reference) == (asked.kind, asked.reference)
    assert notice.fits(real.request) and notice.number


def test_a_notice_about_a_closed_account(real: Far) -> None:
    notice = heard(real, *settled(real, refund_fault="card_closed"))
    assert isinstance(notice, Notice) and notice.fits(real.request)
    asked = real.channel.query(real.request)
    assert (notice.outcome.kind, notice.outcome.cause) == (asked.kind, asked.cause)
    assert notice.outcome.cause in ("in_wallet", "account_closed")


@pytest.mark.parametrize(("fault", "code"), [("forged", "unsigned"), ("stale", "stale")])
def test_what_a_stranger_or_the_past_says_is_not_heard(real: Far, fault: str, code: str) -> None:
    """Invariant 10."""
    assert heard(real, *settled(real, fault)) == code


@pytest.mark.parametrize("seconds", [-301, 301])
def test_five_minutes_either_way(real: Far, seconds: int) -> None:
    headers, body = settled(real)
    real.clock.by = timedelta(seconds=seconds - 2 if seconds < 0 else seconds)
    assert heard(real, headers, body) == "stale"
    real.clock.by = timedelta(seconds=290 if seconds > 0 else -290)
    assert isinstance(heard(real, headers, body), Notice)


def test_a_notice_about_another_amount_does_not_fit(real: Far) -> None:
    notice = heard(real, *settled(real, "wrong_amount"))
    assert isinstance(notice, Notice) and not notice.fits(real.request)


def test_only_its_own_refund_fits(real: Far) -> None:
    notice = heard(real, *settled(real))
    assert isinstance(notice, Notice)
    assert not notice.fits(replace(real.request, key="R2-1-1"))
    assert not notice.fits(replace(real.request, trade_no="another"))
    assert not notice.fits(replace(real.request, amount_minor=1))


def test_one_changed_byte_is_no_notice(real: Far) -> None:
    headers, body = settled(real)
    for place in (body.find(b"R1-1-1"), len(body) // 2):
        changed = bytearray(body)
        changed[place] ^= 1
        assert heard(real, headers, bytes(changed)) in ("unsigned", "unreadable")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"a=b", b"sign=x&sign_type=RSA2"])
def test_rubbish_is_no_notice(real: Far, body: bytes) -> None:
    headers, _ = settled(real)
    for told_headers in ({}, headers, dict.fromkeys(headers, "0"), dict.fromkeys(headers, "zz")):
        assert heard(real, told_headers, body) in ("unsigned", "unreadable")


def test_a_notice_of_wechat_makes_us_call_nobody(standin: Standin) -> None:
    """Of a key it does not know, the SDK would ask WeChat Pay."""
    far = _real(standin, "wechat")
    headers, body = settled(far)
    before = len(standin.books.rows("SELECT * FROM calls"))
    assert heard(far, {**headers, "Wechatpay-Serial": "7E5D"}, body) == "unsigned"
    assert len(standin.books.rows("SELECT * FROM calls")) == before


def test_notices_about_other_things(standin: Standin) -> None:
    """Signed, and not about one refund: the query's answer is waited for."""
    for name in ("alipay", "card"):
        far = _real(standin, name)
        far.channel.refund(far.request)
        kinds = {"alipay": "trade_status_sync", "card": "charge.refunded"}
        [row] = standin.books.rows("SELECT * FROM notices WHERE kind = ?", kinds[name])
        assert heard(far, json.loads(row["headers"]), row["body"].encode()) == "other_kind"


def test_another_application_of_ours_is_not_meant(standin: Standin) -> None:
    """Alipay signs for all applications with one key."""
    far = _real(standin, "alipay")
    headers, body = settled(far)
    far.channel._keys = replace(far.channel._keys, app_id="2021000000000000")  # type: ignore[attr-defined]
    assert heard(far, headers, body) == "unsigned"


# --- bills -----------------------------------------------------------------------------------------------


def today() -> date:
    return datetime.now(ZONE).date()


@pytest.mark.parametrize("name", ["alipay", "wechat"])
def test_the_bill_is_the_channels_own_and_readable(standin: Standin, name: str, tmp_path: Path) -> None:
    far = _real(standin, name)
    far.channel.refund(far.request)
    path = far.channel.fetch_bill(today(), tmp_path)
    assert path is not None
    bill = recognise(path)
    refunds = [row for row in bill.rows() if isinstance(row, Refund)]
    assert [(row.refund_no, row.amount_minor, row.trade_no) for row in refunds] == [
        (far.request.key, 4_000, far.request.trade_no)
    ]
    assert bill.notices == []


def test_the_cards_bill_is_written_from_its_list(standin: Standin, tmp_path: Path) -> None:
    """More than a page of them."""
    far = _real(standin, "card")
    for _ in range(120):
        far.channel.refund(far.another(10))
    path = far.channel.fetch_bill(today(), tmp_path)
    assert path is not None
    lines = path.read_text().splitlines()
    assert lines[0].startswith("id,created,status,amount,currency") and len(lines) == 121
    assert sum(int(line.split(",")[3]) for line in lines[1:]) == far.moved() == 1_200
    assert far.channel.query(replace(far.request, key="R1-1-2", amount_minor=10)).kind == "accepted"


def test_a_day_without_a_bill(real: Far, tmp_path: Path) -> None:
    assert real.channel.fetch_bill(date(2026, 1, 1), tmp_path) is None
    assert list(tmp_path.glob("*2026-01-01*")) == []


@pytest.mark.parametrize("word", ["lose_reply", "error_before", "malformed"])
def test_a_bill_that_does_not_come(real: Far, word: str, tmp_path: Path) -> None:
    real.channel.refund(real.request)
    real.lie(word, op="list" if real.channel.name == "card" else "bill")
    with pytest.raises(ChannelSilent):
        real.channel.fetch_bill(today(), tmp_path)


@pytest.mark.parametrize("word", ["lose_reply", "error_before", "malformed", "garbled"])
@pytest.mark.parametrize("name", ["alipay", "wechat"])
def test_a_bills_file_that_does_not_come_whole(
    standin: Standin, name: str, word: str, tmp_path: Path
) -> None:
    far = _real(standin, name)
    far.channel.refund(far.request)
    far.lie(word, op="bill_file")
    with pytest.raises(ChannelSilent):
        far.channel.fetch_bill(today(), tmp_path)


# --- secrets ---------------------------------------------------------------------------------------------


def test_no_secret_is_told(
    standin: Standin, caplog: pytest.LogCaptureFixture, capfd: Any, tmp_path: Path
) -> None:
    """Invariant 20: whatever goes wrong, at the most talkative level of every library."""
    caplog.set_level(logging.DEBUG)
    keys = standin.keys
    secrets = keys.shop_private_pem.splitlines()[1:-1]
    secrets += [keys.api_v3_key, keys.card_key, keys.card_webhook_secret, "lin***@example.com"]
    errors: list[str] = []
    for name in REAL:
        far = _real(standin, name)
        assert not any(secret in repr(vars(far.channel)) for secret in secrets)
        for word in ("lose_reply", "error_after", "malformed", "unsigned", "wrong_signature", "refuse"):
            far.lie(word)
            request = far.another(10)
            for call in (far.channel.refund, far.channel.query):
                try:
                    errors.append(repr(call(request)))
                except ChannelSilent as silent:
                    errors += traceback.format_exception(silent)
        headers, body = settled(far)
        errors += [repr(heard(far, headers, body)), repr(heard(far, {}, body))]
    out = capfd.readouterr()
    said = caplog.text + out.out + out.err + "".join(errors)
    assert "channel_silent" in said
    assert [secret for secret in secrets if secret in said] == []


def test_the_older_notice_of_alipay_has_the_right_shape(standin: Standin) -> None:
    """Its fields as the documents have them, so that `other_kind` is no accident of ours."""
    far = _real(standin, "alipay")
    far.channel.refund(far.request)
    [row] = standin.books.rows("SELECT * FROM notices")
    fields = {name: values[0] for name, values in parse_qs(row["body"]).items()}
    assert (fields["notify_type"], fields["out_biz_no"]) == ("trade_status_sync", far.request.key)
    assert fields["refund_fee"] == "40.00" and fields["app_id"] == keys_.APP_ID
    fields["refund_fee"] = "41.00"
    assert heard(far, {}, urlencode(fields).encode()) == "unsigned"


def test_orders_numbers_are_taken_where_the_channels_is_not_known(standin: Standin) -> None:
    """An import may know a payment by the order's number only."""
    for name in ("alipay", "wechat"):
        standin.books.pay(name, f"unknown-{name}", 10_000, order_no=f"OD-{name}")
        channel = adapter(standin, name, MovedClock())
        request = RefundRequest("R7-1-1", name, f"OD-{name}", 100, "CNY", 10_000)
        assert told(channel.refund, request) == "accepted"
        assert channel.query(request).kind == "arrived"
        assert standin.books.refunded(name, f"unknown-{name}") == 100
