"""A certificate goes from the customer to a stranger, who checks it in a browser of their own (R5.7)."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from core import texts
from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Shop, Visit


@pytest.mark.parametrize(("width", "lang"), [(360, "zh_CN"), (1280, "en")])
def test_downloaded_scanned_verified_and_altered(
    page_factory: Callable[..., Page], visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    order, v = shop.order(), visit(width, lang)
    words = ["--order", order.order_no, "--reason", "not_delivered", "--amount-minor", str(order.paid_minor)]
    case_no = app.core("apply", *words, "--customer", order.person)["case_no"]
    app.core("worker", "--until-idle")
    v.go(f"/track?case={case_no}")
    v.is_sound()
    with v.page.expect_download() as download:
        v.page.locator("a.file[href$=png]").click()
    with Image.open(download.value.path()) as picture:
        (code,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert code.text.startswith(f"{app.url}/verify?c=")
    pdf = v.page.request.get(f"/files/certificate/{case_no}.pdf")
    assert pdf.ok and pdf.body().startswith(b"%PDF") and "no-store" in pdf.headers["cache-control"]

    stranger = Visit(page_factory(width, lang), texts.of(lang))
    stranger.page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
    assert stranger.page.request.get(f"/files/certificate/{case_no}.pdf").status == 404
    path = code.text.removeprefix(app.url)
    stranger.go(path)
    stranger.sees(stranger.tx("verify.genuine"))
    stranger.sees(case_no)
    stranger.is_sound()
    middle = len(path) // 2
    stranger.go(path[:middle] + ("A" if path[middle] != "A" else "B") + path[middle + 1 :])
    stranger.sees(stranger.tx("verify.altered.says"))
    expect(stranger.page.locator(".proved")).not_to_contain_text(case_no)

    v.go("/verify")
    upload = io.BytesIO()
    Image.open(io.BytesIO(v.page.request.get(f"/files/certificate/{case_no}.png").body())).convert(
        "RGB"
    ).save(upload, "JPEG", quality=60)
    file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": upload.getvalue()}
    v.page.locator(".st-key-plain-verify input[type=file]").set_input_files([file])
    v.sees(v.tx("verify.genuine"))
