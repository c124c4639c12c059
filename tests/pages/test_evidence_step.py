"""Step 4: what the uploader says to a file, and what a picture changes before it is sent (R1.4, R2.3)."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Never

import pytest
import streamlit
from PIL import Image, ImageFilter
from streamlit.testing.v1 import AppTest

from core import texts
from core.domain.errors import EvidenceRefused
from core.services import evidence
from core.services.case_views import CaseView
from core.services.reading import AWAITED
from tests.core.adapters.test_quality import screen
from tests.core.services.test_reading import FakeReader
from tests.pages.conftest import OpenPage, html, words
from tests.pages.filling import draft, filled, keyed, picture, press, step
from tests.shop import MEI, Shop

LARGEST_MB = 10


def redeemed(shop: Shop) -> str:
    yesterday = shop.clock.at - timedelta(days=1)
    return shop.order(delivery="redeemed", completed_at=yesterday, paid_at=yesterday)


def uploads(page: AppTest) -> list[str]:
    """The kinds that can be added, in order."""
    kinds = [str(widget.key).split("-")[1] for widget in page.get("file_uploader")]
    return [kind for kind in kinds if kind != "swap"]  # those replace one picture


def add(page: AppTest, kind: str, name: str = "shot.png", data: bytes | None = None) -> AppTest:
    file = (name, picture() if data is None else data, "")
    keyed(page, "file_uploader", f"file-{kind}").set_value(file).run()
    assert not page.exception, page.exception
    return page


def steps(page: AppTest) -> list[str]:
    """The progress line: done · now · skip · todo."""
    return re.findall(r'<li class="(done|now|skip|todo)"', html(page))


def named(page: AppTest) -> list[str]:
    """The names along the progress line."""
    return re.findall(r"</i><b>([^<]*)", html(page))


def count(page: AppTest) -> int:
    """`第 3 步，共 5 步`, as a phone has it."""
    found = re.search(r"第 (\d) 步", words(page).replace("\u00a0", " "))
    assert found, words(page)
    return int(found[1])


def refused(page: AppTest) -> str:
    return "".join(
        block for block in html(page).split("\n") if '<div class="answered"><p class="bad"' in block
    )


# --- every file gets an answer ---------------------------------------------------------------------------


@pytest.fixture
def asked(open_page: OpenPage, shop: Shop) -> AppTest:
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    filled(shop, order_no, "not_as_described")
    return open_page("request", MEI, order=order_no, step="4")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b"hello"),
        ("a.zip", b"PK\x03\x04" * 100),
        ("empty.png", b""),
        ("broken.png", b"\x89PNG\r\n\x1a\nx"),
    ],
)
def test_a_file_that_cannot_be_used_ends_in_a_sentence_beside_its_uploader(
    asked: AppTest, name: str, data: bytes
):
    """Nothing is held back for its name, so that the words are ours."""
    assert all(not widget.allowed_type for widget in asked.get("file_uploader"))
    assert "这份凭证用不了" in refused(add(asked, "product_page", name, data))


def test_a_file_too_big_is_held_back_before_it_travels_and_the_sentence_stands_ready(asked: AppTest):
    """A run never hears of such a file; the styles show this when the browser holds it back."""
    uploaders = asked.get("file_uploader")
    assert {widget.proto.max_upload_size_mb for widget in uploaders} == {LARGEST_MB}
    assert html(asked).count('<div class="held-back">') == len(uploaders)
    assert f"这个文件没有收到。最大 {LARGEST_MB} MB" in words(asked)


def test_what_was_said_of_a_file_goes_with_the_next_one(asked: AppTest):
    assert refused(add(asked, "product_page", "a.txt", b"hello"))
    assert not refused(add(asked, "product_shown")), "also when the next one is for something else"
    assert refused(add(asked, "product_page", "a.txt", b"hello")).count("alert") == 1
    assert not refused(add(asked, "product_page"))


def test_what_was_said_of_a_file_does_not_wait_for_the_visitor_to_come_back(asked: AppTest):
    assert refused(add(asked, "product_page", "a.txt", b"hello"))
    for number in ("2", "4"):
        asked.query_params["step"] = number
        asked.run()
    assert uploads(asked) and not refused(asked)


def test_an_upload_that_is_refused_leaves_an_empty_uploader(asked: AppTest, monkeypatch: pytest.MonkeyPatch):
    """Each file is judged once, not again on every rerun."""
    tried: list[str] = []

    def never(*_: object) -> Never:
        tried.append("once")
        raise EvidenceRefused(reason="damaged")

    monkeypatch.setattr(evidence, "add_file", never)
    add(asked, "product_page").run().run()
    assert len(tried) == 1 and refused(asked)


# --- a change that evidence can make is one button away --------------------------------------------------


def test_a_faulty_code_that_was_redeemed_leads_to_exactly_what_would_turn_the_refusal(
    open_page: OpenPage, shop: Shop
):
    order_no = redeemed(shop)
    filled(shop, order_no, "not_as_described")
    page = open_page("request", MEI, order=order_no, step="2")
    assert "按规则不能退" in words(page) and "附上： 商品页面截图" in words(page).replace(
        "附上：商", "附上： 商"
    )
    press(page, "add-proof")
    assert step(page) == "4" and uploads(page) == ["product_page", "product_shown"]
    assert steps(page) == ["done", "done", "now", "todo", "todo"], "the evidence comes before the route"
    assert named(page) == ["哪里不对", "能不能退", "凭证", "退到哪里", "确认提交"]
    assert page.button(key="next").disabled
    assert f"order={order_no}&amp;step=2" in html(page), "and the way back"


def test_it_was_not_me_leads_to_the_record_alone(open_page: OpenPage, shop: Shop):
    order_no = redeemed(shop)
    filled(shop, order_no, "other")
    page = press(open_page("request", MEI, order=order_no, step="2"), "add-proof")
    assert step(page) == "4" and uploads(page) == ["redemption_record"]


@pytest.mark.parametrize(
    ("kind", "asked", "hint"),
    [
        ("game_card", "兑换失败的截图", "兑换页上的报错提示"),
        ("software_key", "激活失败的截图", "激活时的报错提示"),
        ("top_up", "充值没到账的截图", "充值记录"),
        ("other", "没到账或用不了的截图", "报错的提示"),
    ],
)
def test_what_is_asked_for_fits_the_reason(open_page: OpenPage, shop: Shop, kind: str, asked: str, hint: str):
    """R2.3: of a code that fails nobody asks for a balance; the verdict names it as the checklist does."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, kind=kind)
    filled(shop, order_no, "service_failed")
    assert f"请附上：{asked}" in words(open_page("request", MEI, order=order_no, step="2"))
    said = words(open_page("request", MEI, order=order_no, step="4"))
    assert f"还缺：{asked}" in said and hint in said and ("会员页" in said) is (kind == "other")


def test_missing_evidence_comes_after_the_route(open_page: OpenPage, shop: Shop):
    """One step after the other, as they are numbered."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, kind="membership")
    filled(shop, order_no, "service_failed")
    page = press(open_page("request", MEI, order=order_no, step="2"))
    assert step(page) == "3" and steps(page) == ["done", "done", "now", "todo", "todo"]
    page = press(page)
    assert steps(page) == ["done", "done", "done", "now", "todo"]
    assert step(page) == "4" and uploads(page)[0] == "missing_service"
    assert page.button(key="next").disabled and "还缺：会员没到账的截图" in words(page)


# --- and what it made of the verdict is seen before it is sent -------------------------------------------


def test_each_picture_says_what_is_still_missing_and_the_last_one_what_has_changed(
    open_page: OpenPage, shop: Shop
):
    order_no = redeemed(shop)
    filled(shop, order_no, "not_as_described")
    page = press(open_page("request", MEI, order=order_no, step="2"), "add-proof")
    said = words(add(page, "product_page"))
    assert "附上：收到的商品截图" in said and "这样就会有人来核对" in said and "结果变了" not in said
    said = words(add(page, "product_shown"))
    assert "附上凭证后，结果变了。之前是：按规则不能退。" in said
    assert "需要人工看一下，最晚" in said and "我们会派人核对" in said, "what happens next, and by when"
    assert "怎样会改变结果" not in said
    assert steps(page) == ["done", "done", "now", "todo", "todo"], "the route is still to be chosen"
    for expected, line in (
        ("3", ["done", "done", "done", "now", "todo"]),
        ("5", ["done", "done", "done", "done", "now"]),
    ):
        assert step(press(page)) == expected and steps(page) == line
    press(page)
    assert "已提交，最晚" in words(page)


def test_the_line_of_steps_goes_one_after_the_other_after_a_refusal(open_page: OpenPage, shop: Shop):
    """Forth and back again: 2, 3, 4, 5, although the evidence comes before the route."""
    order_no = redeemed(shop)
    filled(shop, order_no, "other")
    page = open_page("request", MEI, order=order_no, step="2")
    seen = [count(page), count(press(page, "add-proof"))]
    add(page, "redemption_record")
    seen += [count(page), count(press(page)), count(press(page))]
    assert seen == [2, 3, 3, 4, 5]
    for back in (4, 3, 2, 1):
        [way] = re.findall(r'class="prev" href="[^"]*step=(\d)"', html(page))
        page.query_params["step"] = way
        page.run()
        assert (count(page), steps(page)[back - 1]) == (back, "now")


def test_the_record_turns_the_refusal_in_english_too(open_page: OpenPage, shop: Shop):
    order_no = redeemed(shop)
    filled(shop, order_no, "other")
    page = open_page("request", MEI, lang="en", order=order_no, step="4")
    said = words(add(page, "redemption_record"))
    before = texts.of("en")("verdict_said.reject")
    assert f"Your evidence has changed the result. Before: {before}." in said
    assert "not needed" not in said and "Step 3" in said


def test_complete_evidence_says_what_becomes_of_the_request(open_page: OpenPage, shop: Shop):
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, kind="membership")
    filled(shop, order_no, "service_failed")
    said = words(add(open_page("request", MEI, order=order_no, step="4"), "missing_service"))
    assert "之前是：补上凭证就能提交。" in said and "需要人工看一下，最晚" in said


def test_a_picture_taken_back_gives_the_refusal_back_without_a_surprise(open_page: OpenPage, shop: Shop):
    """The visitor did it: nothing 'changed meanwhile', and the uploader stays at hand."""
    order_no = redeemed(shop)
    case_no = filled(shop, order_no, "other")
    kept = evidence.add(shop.app, MEI, case_no, "redemption_record", picture())
    page = open_page("request", MEI, order=order_no, step="2")
    page.query_params["step"] = "4"
    page.run()
    assert "结果变了" in words(page)
    press(page, f"drop-{kept.id}")
    said = words(page)
    assert step(page) == "4" and uploads(page) == ["redemption_record"]
    assert "情况变了" not in said and "结果变了" not in said and "怎样会改变结果" in said


def test_a_window_that_closes_on_the_evidence_step_is_said(open_page: OpenPage, shop: Shop):
    """R1.5: that one is no picture's doing."""
    order_no = redeemed(shop)
    case_no = filled(shop, order_no, "other")
    evidence.add(shop.app, MEI, case_no, "redemption_record", picture())
    page = open_page("request", MEI, order=order_no, step="4")
    shop.clock.advance(timedelta(days=8))
    said = words(page.run())
    assert "情况变了，请再看一眼" in said and "按规则不能退" in said
    assert draft(shop, order_no).state == "draft"


def test_pictures_that_change_nothing_claim_nothing(open_page: OpenPage, shop: Shop):
    order_no = shop.order()
    filled(shop, order_no)
    page = open_page("request", MEI, order=order_no, step="4")
    assert "这个原因不需要凭证" in words(page)
    said = words(add(page, "other"))
    assert "结果变了" not in said and "这个原因不需要凭证" not in said


def test_pictures_that_only_support_a_request_are_seen_again_on_the_way(open_page: OpenPage, shop: Shop):
    """From the route to the evidence to the end: only a refusal that was turned has it behind."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, kind="membership")
    case_no = filled(shop, order_no, "service_failed")
    evidence.add(shop.app, MEI, case_no, "missing_service", picture())
    page = open_page("request", MEI, order=order_no, step="2")
    for expected in ("3", "4", "5"):
        assert step(press(page)) == expected


def test_a_step_that_was_passed_by_is_not_shown_as_done(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", 90_000))
    filled(shop, order_no, amount=90_000)
    page = press(open_page("request", MEI, order=order_no, step="2"))
    assert step(press(page)) == "5" and steps(page) == ["done", "done", "done", "skip", "now"]


def test_a_refusal_that_is_sent_anyway_has_no_route_behind_it(open_page: OpenPage, shop: Shop):
    order_no = redeemed(shop)
    filled(shop, order_no, "other")
    page = open_page("request", MEI, order=order_no, step="5", anyway="1")
    assert steps(page) == ["done", "done", "skip", "skip", "now"]


# --- what is said of a picture that was taken --------------------------------------------------------------


def as_png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_a_blurred_picture_is_named_and_may_be_sent_all_the_same(asked: AppTest):
    """R2.4: at the upload, with advice on how to do better."""
    add(asked, "product_page", data=as_png(screen()))
    assert "看得清" in words(asked) and "有些模糊" not in words(asked)
    add(asked, "product_shown", data=as_png(screen().filter(ImageFilter.GaussianBlur(9))))
    said = words(asked)
    assert "有些模糊，可能看不清字" in said and "对焦后再拍一张" in said and "审核员会看到这个提醒" in said
    assert not keyed(asked, "button", "next").disabled


# --- several at once, replaced, counted ---------------------------------------------------------------------


def add_all(page: AppTest, kind: str, *files: tuple[str, bytes]) -> AppTest:
    keyed(page, "file_uploader", f"file-{kind}").set_value([(name, data, "") for name, data in files]).run()
    assert not page.exception, page.exception
    return page


def other_picture() -> bytes:
    return as_png(Image.open(io.BytesIO(picture())).transpose(Image.Transpose.FLIP_TOP_BOTTOM))


def its_draft(shop: Shop, page: AppTest) -> CaseView:
    held = page.query_params["order"]  # a list once the page has run again
    return draft(shop, held if isinstance(held, str) else held[0])  # type: ignore[no-any-return]


def there(shop: Shop, page: AppTest) -> tuple[evidence.EvidenceView, ...]:
    """The draft's pictures in their order."""
    return its_draft(shop, page).evidence


def test_one_bad_file_among_several_stops_none_of_the_others(asked: AppTest, shop: Shop):
    """Each has its answer on a line of its own, and the bad one its name."""
    files = ("a.png", picture()), ("第二<b>.txt", b"hello"), ("c.png", other_picture())
    said = words(add_all(asked, "product_page", *files))
    assert [item.kind for item in there(shop, asked)] == ["product_page", "product_page"]
    assert "第二<b>.txt：这份凭证用不了" in said and said.count("看得清 ·") == 2
    assert "a.png 已收到" in said and "c.png 已收到" in said, "for who cannot see the pictures"


def test_files_that_were_chosen_together_are_answered_together(asked: AppTest):
    """They come one after the other, marked by the page's script; the next choice has lines of its own."""
    add(asked, "product_page", "1a~~a.txt", b"hello")
    add(asked, "product_page", "1a~~b.png")
    add(asked, "product_page", "1a~~c.txt", b"hello")
    said = words(asked)
    assert "a.txt：这份凭证用不了" in said and "c.txt：这份凭证用不了" in said and "1a~~" not in said
    assert not refused(add(asked, "product_shown", "1b~~d.png"))


def test_a_picture_is_replaced_in_one_go_and_keeps_its_place(asked: AppTest, shop: Shop):
    add(asked, "product_page", data=picture())
    shop.clock.advance(timedelta(seconds=5))
    add(asked, "product_page", data=other_picture())
    before = there(shop, asked)
    add(asked, f"swap-{before[0].id}", data=as_png(screen()))
    after = there(shop, asked)
    assert len(after) == 2 and after[1] == before[1] and after[0].id != before[0].id
    assert [widget.key.split("-")[1] for widget in asked.get("file_uploader")].count("swap") == 2


def test_a_file_that_cannot_replace_leaves_the_picture_and_says_why_beside_it(asked: AppTest, shop: Shop):
    add(asked, "product_page")
    (before,) = there(shop, asked)
    add(asked, f"swap-{before.id}", "a.txt", b"hello")
    assert there(shop, asked) == (before,)
    assert "这份凭证用不了" in refused(asked)


def test_a_picture_is_not_given_away_for_one_that_is_there_already(asked: AppTest, shop: Shop):
    add(asked, "product_page", data=picture())
    shop.clock.advance(timedelta(seconds=5))
    add(asked, "product_page", data=other_picture())
    before = there(shop, asked)
    add(asked, f"swap-{before[0].id}", data=other_picture())
    assert there(shop, asked) == before
    assert "申请里已经有这张图片。原来的没有动" in refused(asked)


def test_a_full_request_says_so_and_offers_no_more(asked: AppTest, shop: Shop):
    case_no = its_draft(shop, asked).case_no
    for _ in range(9):
        shop.picture(case_no, "product_page")
    said = words(asked.run())
    assert "图片已满 9 张，不能再加了。可以换掉或移除已有的。" in said and uploads(asked) == []


# --- what is read from a picture is for its sender to confirm ----------------------------------------------


@pytest.fixture
def reader(shop: Shop) -> FakeReader:
    shop.app.reader = FakeReader(("实付 ¥99.00",))  # type: ignore[assignment]
    return shop.app.reader  # type: ignore[return-value]


def test_what_it_says_stands_beside_the_order_and_blocks_nothing(
    asked: AppTest, shop: Shop, reader: FakeReader
):
    """R2.3: a difference leaves both ways open, and accuses nobody."""
    add(asked, "product_page")
    add(asked, "product_shown", data=other_picture())
    assert "图上" not in words(asked) and not keyed(asked, "button", "next").disabled
    shop.work()
    said = words(asked.run())
    assert "图上的金额是 ¥99.00，订单是 ¥100.00" in said
    assert "传错图的话可以换一张；没错就继续，审核员会看到。" in said
    assert not keyed(asked, "button", "next").disabled


def test_what_agrees_asks_for_nothing(asked: AppTest, shop: Shop, reader: FakeReader):
    reader.says = ("实付 ¥100.00",)
    add(asked, "product_page")
    shop.work()
    said = words(asked.run())
    assert "图上的金额是 ¥100.00，与订单一致" in said and "换一张；没错" not in said


def test_it_appears_by_itself_and_only_while_something_is_due(
    asked: AppTest, shop: Shop, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
):
    """The page looks again every other second until it is read, or until nobody is going to read it."""
    timers: list[object] = []
    real = streamlit.fragment

    def counted(function: object = None, *, run_every: object = None):  # type: ignore[no-untyped-def]
        timers.append(run_every)
        return real(function, run_every=run_every)  # type: ignore[call-overload]

    monkeypatch.setattr(streamlit, "fragment", counted)
    asked.run()
    assert timers == [], "nothing is there to be read"
    add(asked, "product_page")
    assert timers and set(timers) == {2}
    timers.clear()
    shop.work()
    asked.run()
    assert timers == [], "it was read"
    add(asked, "product_shown", data=other_picture())
    shop.clock.advance(AWAITED)
    timers.clear()
    asked.run()
    assert timers == [], "no worker comes"


def test_without_the_extra_nothing_refers_to_it(asked: AppTest, shop: Shop, reader: FakeReader):
    """Also where a reading of former days is kept."""
    add(asked, "product_page")
    shop.work()
    shop.app.reader = None
    assert "图上" not in words(asked.run())


def test_a_picture_sent_twice_is_said_to_be_there(asked: AppTest):
    assert not refused(add(asked, "product_page"))
    page = add(asked, "product_page")
    assert "这张图片前面已经传过了" in words(page)
