"""Anybody checks a certificate, signed in or not (R5.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import texts
from core.adapters.certificates import sheet as sheets
from core.services import certificates
from tests.pages.conftest import OpenPage, words
from tests.shop import MEI, Shop


@pytest.fixture
def issued(shop: Shop) -> certificates.Issued:
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    return certificates.issue(shop.app, MEI, case_no)


@pytest.mark.parametrize(("lang", "said"), [("zh_CN", "是真的"), ("en", "Genuine")])
def test_a_scanned_code_is_answered_at_once(
    open_page: OpenPage, issued: certificates.Issued, lang: str, said: str
):
    page = words(open_page("verify", lang=lang, c=issued.token))
    assert said in page and issued.certificate.case_no in page and "¥100.00" in page


def test_pasted_text(open_page: OpenPage, issued: certificates.Issued):
    at = open_page("verify")
    at.text_area(key="verify-text").set_value(f"https://x.example/verify?c={issued.token}")
    at.button(key="verify-go").click().run()
    assert "内容没有改动过" in words(at)


def test_one_character_changed(open_page: OpenPage, issued: certificates.Issued):
    token = issued.token
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    page = words(open_page("verify", c=changed))
    assert "内容被改动过" in page and issued.certificate.case_no not in page


def test_an_older_one_says_how_it_stands_today(open_page: OpenPage, shop: Shop, issued: certificates.Issued):
    shop.clock.advance(timedelta(days=3))
    shop.work()
    page = words(open_page("verify", c=issued.token))
    assert "不是最新的" in page and "今天的状态" in page and "今天的状态 ¥100.00 已" in page


def test_an_uploaded_picture(open_page: OpenPage, issued: certificates.Issued):
    assert not open_page("verify").file_uploader  # nobody keeps a stranger's file
    at = open_page("verify", MEI)
    drawn = certificates.sheet(texts.of("zh_CN"), issued, "https://x.example/verify")
    at.file_uploader(key="verify-file").upload("凭证.png", sheets.png(drawn), "image/png").run()
    assert not at.exception and "内容没有改动过" in words(at)


def test_nothing_and_nonsense(open_page: OpenPage):
    at = open_page("verify")
    at.button(key="verify-go").click().run()
    assert "请粘贴凭证的文字或链接" in words(at)
    at.text_area(key="verify-text").set_value("退款了吗？")
    at.button(key="verify-go").click().run()
    assert "没有找到凭证" in words(at)
