"""R2.4: what makes one look twice at a picture stands beside it at the desk, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from PIL import Image

from bench.spoilt import with_software
from core.domain.actors import Actor
from core.services import cases, evidence
from tests.pages.conftest import OpenPage, html, words
from tests.screens import SIBLING, again, cropped, png, retyped, screen
from tests.shop import MEI, REVIEWER, WEI, Shop


def sent(shop: Shop, data: bytes, customer: Actor = MEI) -> str:
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, customer=customer.id)
    draft = cases.open_draft(shop.app, customer, order_no).case_no
    evidence.add(shop.app, customer, draft, "other", data)
    return shop.apply(order_no, reason="other", actor=customer).case_no


def near(image: Image.Image) -> bytes:
    return png(again(cropped(image), 75))


@pytest.mark.parametrize(
    ("lang", "same_file", "by_another", "by_the_same"),
    [
        (
            "zh_CN",
            "另一位客户 9月1日（周二）用过完全一样的图片",
            "另一位客户 9月1日（周二）用过的一张几乎一样",
            "同一位客户 9月1日（周二）在另一个退款单里用过的一张几乎一样",
        ),
        (
            "en",
            "another customer sent the very same picture",
            "nearly the same as one that another customer sent on",
            "nearly the same as one that the same customer sent",
        ),
    ],
)  # fmt: skip
def test_a_picture_that_was_sent_before(
    open_page: OpenPage, shop: Shop, lang: str, same_file: str, by_another: str, by_the_same: str
) -> None:
    """The same file, or nearly; by whom, when, and where it is to be seen."""
    first, other = sent(shop, png(screen())), sent(shop, png(screen()), WEI)
    third = sent(shop, near(screen()))
    shop.work()
    page = open_page("desk", REVIEWER, lang=lang, case=other)
    assert same_file in words(page) and f'href="/desk?case={first}"' in html(page)
    page = open_page("desk", REVIEWER, lang=lang, case=third)
    assert by_another in words(page) and by_the_same in words(page)
    assert {f'href="/desk?case={number}"' in html(page) for number in (first, other)} == {True}
    assert shop.view(third).state == "in_review", "a hint decides nothing"


def test_another_order_of_the_same_app_is_not_mentioned(open_page: OpenPage, shop: Shop) -> None:
    sent(shop, png(screen()))
    other = sent(shop, near(screen(SIBLING)), WEI)
    shop.work()
    page = open_page("desk", REVIEWER, case=other)
    assert 'class="hints"' not in html(page) and "几乎一样" not in words(page)


SIGNS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "editor": (
        lambda: with_software(screen(), "Adobe Photoshop 25.1 (Windows)", "exif"),
        "文件里写着它用「Adobe Photoshop 25.1 (Windows)」保存过",
        "the file says that it was saved with “Adobe Photoshop 25.1 (Windows)”",
    ),
    "grids": (
        lambda: png(retyped(again(screen(), 70))),
        "从上往下约 28%、从左往右约",
        "words about 28% from the top and",
    ),
}


@pytest.mark.parametrize(("make", "zh", "en"), SIGNS.values(), ids=SIGNS)
def test_signs_of_editing(
    open_page: OpenPage, shop: Shop, make: Callable[[], bytes], zh: str, en: str
) -> None:
    """What was seen and where, and that it may be harmless; the case waits for a person as any other."""
    case_no = sent(shop, make())
    assert zh in words(open_page("desk", REVIEWER, case=case_no))
    assert en in words(open_page("desk", REVIEWER, case=case_no, lang="en"))
    assert shop.view(case_no).state == "in_review"


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_its_sender_reads_nothing_of_it(open_page: OpenPage, shop: Shop, lang: str) -> None:
    """Nobody is accused by a machine: not in the draft, not on Track, not in notices."""
    sent(shop, png(screen()), WEI)
    shop.clock.advance(timedelta(minutes=1))
    case_no = sent(shop, with_software(again(screen(), 70), "Snapseed 2.0", "exif"))
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    draft = cases.open_draft(shop.app, MEI, order_no).case_no
    evidence.add(shop.app, MEI, draft, "other", png(retyped(again(screen(), 70))))
    shop.work()
    for name, number in (("track", case_no), ("request", draft), ("notices", ""), ("records", "")):
        page = open_page(name, MEI, lang=lang, **({"case": number} if number else {}))
        said = words(page) + " ".join(element.value for element in page.markdown)
        for word in (
            "几乎一样",
            "压缩",
            "Snapseed",
            "nearly the same",
            "compression",
            "完全一样",
            "another customer",
        ):
            assert word not in said, (name, word)
