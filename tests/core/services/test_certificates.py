"""Certificates of cases: issued, checked, superseded; keys that rotate (R5.7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core.adapters.certificates import sheet as sheets
from core.app import App
from core.domain.actors import Actor
from core.domain.errors import CertificateTooEarly, NotFound
from core.services import certificates
from tests.shop import MEI, SUPPORT, WEI, Shop


def paying(shop: Shop) -> str:
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    return case_no


def arrived(shop: Shop) -> str:
    case_no = paying(shop)
    shop.clock.advance(timedelta(days=3))
    shop.work()
    return case_no


def test_nothing_to_certify_before_a_channel_has_the_money(shop: Shop):
    case_no = shop.apply(shop.order()).case_no
    with pytest.raises(CertificateTooEarly):
        certificates.issue(shop.app, MEI, case_no)


def test_genuine_then_superseded_with_the_state_of_today(shop: Shop):
    case_no = paying(shop)
    first = certificates.issue(shop.app, MEI, case_no)
    (leg,) = first.certificate.legs
    assert (leg.state, leg.amount_minor, leg.channel, leg.account) == (
        "accepted",
        10_000,
        "alipay",
        "138****2046",
    )
    assert leg.reference and leg.arrived_at is None
    assert certificates.check(shop.app, first.token).verdict == "genuine"
    shop.clock.advance(timedelta(days=3))
    shop.work()
    old = certificates.check(shop.app, first.token)
    assert old.verdict == "superseded" and old.today is not None and old.today.state == "completed"
    assert old.certificate == first.certificate
    second = certificates.issue(shop.app, MEI, case_no)
    assert second.certificate.legs[0].arrived_at is not None
    assert certificates.check(shop.app, second.token).verdict == "genuine"


def test_one_state_has_one_certificate(shop: Shop):
    case_no = arrived(shop)
    first = certificates.issue(shop.app, MEI, case_no)
    shop.clock.advance(timedelta(days=30))
    assert certificates.issue(shop.app, SUPPORT, case_no) == first
    assert certificates.check(shop.app, first.token).verdict == "genuine"


def test_only_who_may_see_the_case_gets_one(shop: Shop):
    case_no = arrived(shop)
    for stranger in (WEI, Actor("guest", "", "OD99999")):
        with pytest.raises(NotFound):
            certificates.issue(shop.app, stranger, case_no)


def test_another_shop_s_is_not_ours(shop: Shop):
    from core.adapters.certificates import signing

    token = certificates.issue(shop.app, MEI, arrived(shop)).token
    claims = signing.read(token, certificates.public_keys(shop.app))
    foreign = signing.sign({**claims, "refund": 1_000_000}, signing.new_key())
    assert certificates.check(shop.app, foreign).verdict == "unknown_key"


def test_claims_that_are_none_of_ours_are_refused_whoever_signed_them(shop: Shop):
    from core.adapters.certificates import signing
    from core.services.certificates.keys import private_key

    token = certificates.issue(shop.app, MEI, arrived(shop)).token
    claims = signing.read(token, certificates.public_keys(shop.app))
    key = private_key(shop.app)
    for wrong in ({"v": 2}, {"legs": [[1]]}, {"at": "soon"}, {"at": 10**30}, {"refund": None}):
        assert certificates.check(shop.app, signing.sign({**claims, **wrong}, key)).verdict == "altered"
    assert certificates.check(shop.app, signing.sign({}, key)).verdict == "altered"
    gone = signing.sign({**claims, "case": "R000000-GONE"}, key)
    assert certificates.check(shop.app, gone).verdict == "unknown_key"


def test_keys_rotate_and_old_certificates_stay_genuine(shop: Shop):
    case_no = arrived(shop)
    old = certificates.issue(shop.app, MEI, case_no)
    new_name = certificates.rotate(shop.app)
    new = certificates.issue(shop.app, MEI, case_no)
    assert new.token != old.token and new.certificate == old.certificate
    for token in (old.token, new.token):
        assert certificates.check(shop.app, token).verdict == "genuine"
    assert len(certificates.public_keys(shop.app)) == 2 and new_name in certificates.public_keys(shop.app)
    from core.services.certificates import keys

    held = keys._keys(shop.app)
    assert ["private" in key for key in held] == [False, True]  # who stole the old one has nothing any more


def test_the_first_key_is_made_once_by_whoever_is_first(shop: Shop):
    def ask(_: int) -> dict[str, bytes]:
        return certificates.public_keys(shop.app)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(8)))
    assert len({tuple(keys.items()) for keys in found}) == 1


def test_the_sheet_speaks_both_languages_and_is_found_again(shop: Shop):
    from core import texts

    issued = certificates.issue(shop.app, MEI, arrived(shop))
    for language, title in (("zh_CN", "退款凭证"), ("en", "Refund certificate")):
        drawn = certificates.sheet(texts.of(language), issued, "https://refund.example.com/verify")
        assert drawn.title == title and drawn.amount == "¥100.00"
        for data in (sheets.pdf(drawn), sheets.png(drawn)):
            found = certificates.check(shop.app, certificates.text_in(data))
            assert (found.verdict, found.certificate) == ("genuine", issued.certificate)


def test_no_more_of_a_person_than_is_needed(shop: Shop):
    """The name, what was bought and the whole account are nobody's business."""
    shop.app.public_url = ""
    claims = certificates.issue(shop.app, MEI, arrived(shop)).certificate.claims()
    assert set(claims) == {"v", "iss", "case", "order", "cur", "refund", "fee", "state", "at", "legs"}
    assert "mei" not in str(claims.values()) and "游戏点卡" not in str(claims)


def test_app_knows_its_address_only_when_told(shop: Shop):
    app: App = shop.app
    app.public_url = "https://refund.example.com/"
    assert app.verify_address == "https://refund.example.com/verify"
    app.public_url = ""
    assert app.verify_address == ""
