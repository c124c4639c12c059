"""Signed words, the sheet they stand on, and finding them on it again (R5.7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from string import ascii_letters, digits

import jwt
import pypdfium2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.adapters.certificates import scanning, sheet, signing

CLAIMS = {"v": 1, "case": "R261128-22M38A", "refund": 20_000, "legs": [["original", "alipay"]]}
KEY = bytes(range(32))
KEYS = {signing.name_of(signing.public_of(KEY)): signing.public_of(KEY)}
LETTERS = ascii_letters + digits + "-_"


def test_what_was_signed_is_read_again_and_the_same_words_are_the_same_text():
    token = signing.sign(CLAIMS, KEY)
    assert signing.read(token, KEYS) == CLAIMS
    assert signing.sign(CLAIMS, KEY) == token


def test_another_library_agrees():
    """The key set is what others read (RFC 8037): the signature holds for them too."""
    (key,) = signing.jwks(KEYS)["keys"]
    token = signing.sign(CLAIMS, KEY)
    head, body, signature = token.split(".")
    Ed25519PublicKey.from_public_bytes(signing.decoded(key["x"])).verify(
        signing.decoded(signature), f"{head}.{body}".encode()
    )
    assert jwt.decode(token, jwt.PyJWK(key).key, algorithms=["EdDSA"]) == CLAIMS
    assert signing.keys_of(json.loads(json.dumps(signing.jwks(KEYS)))) == KEYS


def test_no_character_can_be_another_one():
    """Each of some 400 characters changed into every other one would take long; each into seven will do."""
    token = signing.sign(CLAIMS, KEY)
    for place, letter in enumerate(token):
        for step in (1, 2, 3, 7, 13, 31, 53):
            other = LETTERS[(LETTERS.find(letter) + step) % len(LETTERS)] if letter != "." else LETTERS[step]
            changed = token[:place] + other + token[place + 1 :]
            if changed == token:
                continue
            with pytest.raises((signing.Altered, signing.KeyUnknown, ValueError)):
                signing.read(changed, KEYS)


def test_other_algorithms_and_other_kinds_of_token_are_none():
    name = next(iter(KEYS))
    key = Ed25519PrivateKey.from_private_bytes(KEY)
    wrong = [
        jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": name, "typ": signing.TYPE}),
        jwt.encode(CLAIMS, "s" * 32, algorithm="HS256", headers={"kid": name, "typ": signing.TYPE}),
        jwt.encode(CLAIMS, key, algorithm="EdDSA", headers={"kid": name, "typ": "JWT"}),
        jwt.encode(
            CLAIMS, signing.public_of(KEY), algorithm="HS256", headers={"kid": name, "typ": signing.TYPE}
        ),
    ]
    for token in wrong:
        with pytest.raises(signing.Altered):
            signing.read(token, KEYS)


def test_another_s_key_is_unknown_and_takes_nobody_s_name():
    stranger = signing.new_key()
    with pytest.raises(signing.KeyUnknown):
        signing.read(signing.sign(CLAIMS, stranger), KEYS)
    forged = signing.jwks({next(iter(KEYS)): signing.public_of(stranger)})
    with pytest.raises(ValueError, match="another's name"):
        signing.keys_of(forged)


@pytest.mark.parametrize("wrapped", ["https://shop.example/verify?c={}", " {}\n", "凭证：{} 完"])
def test_it_is_found_in_an_address_and_in_a_broken_line(wrapped: str):
    token = signing.sign(CLAIMS, KEY)
    broken = token[:40] + "\n" + token[40:]
    assert signing.token_in(wrapped.format(broken)) == token


@pytest.mark.parametrize("text", ["", "你好", "eyJ", "a.b.c", "eyJ" + "a" * 5_000 + ".b.c"])
def test_what_is_no_certificate(text: str):
    with pytest.raises(signing.Unreadable):
        signing.token_in(text)


SHEET = sheet.Sheet(
    shop="星点",
    title="退款凭证",
    amount="¥200.00",
    says="全部退款已于 2026年11月30日 12:00 到账。",
    rows=(("退款单", "R261128-22M38A"), ("订单", "长" * 60)),
    table=(
        ("去向", "账户", "金额", "流水号", "状态"),
        ("原路退回 · 支付宝", "138****2082", "¥200.00", "5046" * 8, "已到账"),
    ),
    how=("扫描二维码验证", "任何人都可以扫描。"),
    code="https://refund.example.com/verify?c="
    + signing.sign({**CLAIMS, "legs": [["original"] * 8] * 6}, KEY),
    at=datetime(2026, 11, 30, tzinfo=UTC),
    language="zh_CN",
)


def test_the_pdf_has_its_font_inside_and_text_that_can_be_selected():
    data = sheet.pdf(SHEET)
    assert b"/FontFile" in data
    document = pypdfium2.PdfDocument(data)
    try:
        text = document[0].get_textpage().get_text_range()
        assert len(document) == 1 and document.get_metadata_dict()["Title"] == "退款凭证"
    finally:
        document.close()
    for words in ("退款凭证", "¥200.00", "138****2082", "原路退回"):
        assert words in text
    sheet.pdf.cache_clear()
    assert sheet.pdf(SHEET) == data  # the same sheet is the same file


def test_a_picture_asked_for_again_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch):
    sheet.png.cache_clear()
    first = sheet.png(SHEET)
    monkeypatch.setattr(pypdfium2, "PdfDocument", None)
    assert sheet.png(SHEET) is first


def test_the_code_is_found_on_the_picture_small_and_large():
    """A photo of a screen has fewer pixels than our file."""
    import io

    from PIL import Image

    data = sheet.png(SHEET)
    assert scanning.texts_in(data) == [SHEET.code]
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (1240, 1754) or abs(image.width - 1240) < 3
        small = io.BytesIO()
        image.convert("RGB").resize((image.width * 3 // 4, image.height * 3 // 4)).rotate(
            3, fillcolor="white", resample=Image.Resampling.BICUBIC
        ).save(small, "JPEG", quality=70)
    assert scanning.texts_in(small.getvalue()) == [SHEET.code]
