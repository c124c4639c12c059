"""Around every answer: headers, the first HTML file in the right language, a limit on uploads."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from core import logs, texts
from core.services import identity
from portal import gate, pagefile, session, whose
from portal.places import PATHS
from tests.portal.visitor import HOST, Visitor
from tests.shop import Shop

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(
    "path", ["/", "/help", "/healthz", "/static/js/x.js", "/nothing-here", "/session/demo"]
)
def test_every_answer_carries_the_headers(browser: Visitor, path: str):
    headers = browser.get(path, headers=PAGE).headers
    assert "img-src 'self' data: blob:" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"


def test_a_request_has_the_number_that_the_proxy_gave_it(browser: Visitor):
    given = "0f3c9a2b7d5e4f6a"
    assert browser.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "short", "a" * 65, '"}, {"level": "error', "0f3c9a2b 7d5e4f6a"])
def test_a_number_that_could_be_anything_is_not_taken(browser: Visitor, given: str):
    own = browser.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert len(own) == 8 and own not in given


def test_what_changes_something_is_told_without_its_address(browser: Visitor, capsys):
    logs.to_stderr()
    browser.post("/session/open?secret=1", content=b"none", headers={"X-Request-ID": "0f3c9a2b"})
    told = next(line for line in map(json.loads, capsys.readouterr().err.splitlines()) if "room" in line)
    assert (told["event"], told["request"], told["room"], told["method"], told["status"]) == (
        "request", "0f3c9a2b", "/session/", "POST", 404,
    )  # fmt: skip
    assert "secret" not in json.dumps(told)


@pytest.mark.parametrize("path", ["/", "/healthz", "/files/records.csv", "/static/js/x.js"])
def test_no_other_site_may_embed_or_rebase_what_is_ours(browser: Visitor, path: str):
    headers = browser.get(path, headers=PAGE).headers
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "base-uri 'none'" in headers["content-security-policy"]


def test_by_https_browsers_stay_with_https(browser: Visitor, shop: Shop):
    assert "strict-transport-security" not in browser.get("/", headers=PAGE).headers, "here it is not"
    shop.app.public_url = f"https://{HOST}"
    for path in ("/", "/healthz", "/files/records.csv", "/static/js/x.js"):
        held = browser.get(path, headers=PAGE).headers["strict-transport-security"]
        assert held == "max-age=31536000; includeSubDomains"


def test_what_was_made_for_one_visitor_is_kept_by_nobody(browser: Visitor):
    assert browser.get("/media/abc.png").headers["cache-control"] == "private, no-store"
    assert "cache-control" not in browser.get("/static/js/x.js").headers, "files of the program are"


@pytest.mark.parametrize("path", sorted(PATHS))
def test_pages_say_their_language(browser: Visitor, path: str):
    assert '<html lang="zh-CN"' in browser.get(path, headers=PAGE).text
    assert '<html lang="en"' in browser.get(f"{path}?lang=en", headers=PAGE).text
    browser.cookies[session.LANG_COOKIE] = "en"
    answer = browser.get(path, headers=PAGE)
    assert '<html lang="en"' in answer.text and answer.headers["content-language"] == "en"
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["vary"] == "Cookie"


def test_the_cookie_is_stronger_than_the_link(browser: Visitor):
    browser.cookies[session.LANG_COOKIE] = "zh_CN"
    assert '<html lang="zh-CN"' in browser.get("/?lang=en", headers=PAGE).text


def test_a_cookie_that_makes_no_sense_is_ignored(browser: Visitor):
    answer = browser.get("/", headers={**PAGE, "Cookie": "refund_lang=fr; \x01=;;;=,"})
    assert answer.status_code == 200 and '<html lang="zh-CN"' in answer.text


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_first_file_is_ours_all_over(language: str):
    """Streamlit may change its file: nothing of its words may come through."""
    html = pagefile.page(language, "星点").decode()
    # Names of its files and of its own switch are not words.
    shown = re.sub(r"<!--.*?-->|window\.__streamlit|<link[^>]*>", "", html, flags=re.DOTALL)
    assert "streamlit" not in shown.lower() and "agent" not in shown.lower()
    assert html.count("<title>") == 1 and '<div id="root"><div class="boot">' in html
    assert html.index("/assets/portal.") > html.index("static/css/"), "our styles come after Streamlit's"
    assert "SourceSans" not in html and "MaterialSymbols" in html


def test_an_unknown_address_is_a_404_with_a_way_on(browser: Visitor):
    answer = browser.get("/refund/secret", headers=PAGE)
    assert answer.status_code == 404 and "没有这个页面" in answer.text and 'href="/"' in answer.text
    assert "There is no such page" in browser.get("/nowhere?lang=en", headers=PAGE).text


@pytest.mark.parametrize(
    "path", ["/static/js/index.js", "/_stcore/health", "/media/abc.png", "/favicon.png", "/nothing"]
)
def test_what_is_no_page_goes_to_streamlit(browser: Visitor, path: str):
    assert browser.get(path, headers={"Accept": "*/*"}).text.startswith("streamlit")


def test_how_many_are_here_is_not_for_visitors(browser: Visitor):
    assert browser.get("/_stcore/metrics").status_code == 404


@pytest.fixture
def falling(shop: Shop) -> Callable[[Exception], Visitor]:
    """A visitor of a shop whose one route breaks with what is given."""

    def open_with(error: Exception) -> Visitor:
        def fall(request: Request) -> Response:
            raise error

        async def stop_half_way(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise error

        routes = [Mount("/files/half", stop_half_way), Route("/{path:path}", fall)]
        return Visitor(Starlette(routes=routes, middleware=gate.middleware()))

    return open_with


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_link_to_what_cannot_be_made_says_so(
    falling: Callable[[Exception], Visitor], language: str, capsys: pytest.CaptureFixture[str]
):
    logs.to_stderr()
    visitor = falling(RuntimeError("secret words"))
    visitor.cookies["refund_lang"] = language
    answer = visitor.get("/files/records.csv", headers=PAGE)
    told = next(json.loads(line) for line in capsys.readouterr().err.splitlines() if '"accident"' in line)
    tx = texts.of(language)
    assert answer.status_code == 500 and "secret" not in answer.text
    assert tx("shell.error.title") in answer.text and tx("shell.error.says", id=told["id"]) in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"] == told["request"]


def test_while_the_database_is_away_one_may_ask_again(falling: Callable[[Exception], Visitor]):
    away = falling(OperationalError("SELECT secret", {}, Exception("no connection")))
    answer = away.get("/files/records.csv")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert re.fullmatch("failed: [A-Z0-9]{8}", answer.text)


def test_half_an_answer_is_not_made_whole(falling: Callable[[Exception], Visitor]):
    with pytest.raises(RuntimeError, match="half way"):
        falling(RuntimeError("half way")).get("/files/half/")


def test_no_other_site_may_steer_the_page(browser: Visitor):
    config = json.loads(browser.get("/_stcore/host-config").content)
    assert config["allowedOrigins"] == [] and config["blockErrorDialogs"] is True


@pytest.fixture
def customer(browser: Visitor, shop: Shop) -> Visitor:
    """Somebody who is signed in."""
    browser.cookies[session.TOKEN_COOKIE] = identity.open_session(shop.app, "customer", "mei")
    return browser


def test_files_come_from_who_is_signed_in_on_our_page(browser: Visitor, customer: Visitor):
    path = "/_stcore/upload_file/session/file"
    assert customer.put(path, content=b"x").status_code == 200
    assert customer.put(path, content=b"x", headers={"Origin": "http://portal.test"}).status_code == 200
    for origin in ("http://portal.test:9999", "http://localhost", "null"):
        assert customer.put(path, content=b"x", headers={"Origin": origin}).status_code == 403
    browser.cookies[session.TOKEN_COOKIE] = "made-up"
    assert browser.put(path, content=b"x").status_code == 403
    browser.cookies.clear()
    assert browser.put(path, content=b"x").status_code == 403


def test_one_visitor_cannot_fill_the_memory(customer: Visitor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate, "ALLOWANCE", 3000)
    path = "/_stcore/upload_file/session/file"
    assert [customer.put(path, content=b"x" * 1000).status_code for _ in range(4)] == [200, 200, 200, 429]
    monkeypatch.setattr(gate, "ALLOWANCE_SECONDS", -1)
    assert customer.put(path, content=b"x").status_code == 200, "later there is room again"


@pytest.mark.parametrize("path", ["/session/open", "/session/clock", "/session/end", "/anything"])
def test_forms_are_small(browser: Visitor, path: str):
    assert browser.post(path, content=b"x" * (gate.FORM_LIMIT + 1)).status_code == 413


def test_a_form_without_a_length_is_small_as_well(browser: Visitor):
    assert browser.post("/session/open", content=[b"x" * gate.FORM_LIMIT, b"x"]).status_code == 413


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("http://portal.test", True),
        ("http://portal.test:9999", False),
        ("http://localhost", False),
        ("http://evil.example", False),
        ("null", False),
    ],
)
def test_only_our_own_page_opens_a_socket(browser: Visitor, origin: str | None, welcome: bool):
    """Cookies know no ports: another program on this machine must not speak for our visitor."""
    assert browser.socket("/_stcore/stream", origin) is welcome


def test_by_https_a_page_that_came_in_the_open_is_not_ours(browser: Visitor, shop: Shop):
    shop.app.public_url = f"https://{HOST}"
    assert browser.socket("/_stcore/stream", f"https://{HOST}")
    assert not browser.socket("/_stcore/stream", f"http://{HOST}")
    for scheme, status in (("https", 404), ("http", 403)):
        headers = {"Origin": f"{scheme}://{HOST}", "Sec-Fetch-Site": "same-origin"}
        assert browser.post("/session/open", content="made-up", headers=headers).status_code == status


def test_files_for_a_page_come_from_its_own_visitor(customer: Visitor, shop: Shop):
    path = "/_stcore/upload_file/page-of-mei/file"
    whose.remember("page-of-mei", customer.cookies[session.TOKEN_COOKIE])
    assert customer.put(path, content=b"x").status_code == 200
    customer.cookies[session.TOKEN_COOKIE] = identity.open_session(shop.app, "customer", "wei")
    assert customer.put(path, content=b"x").status_code == 403
    assert customer.request("DELETE", path).status_code == 403
    customer.cookies.clear()
    assert customer.request("DELETE", path).status_code == 403


@pytest.mark.parametrize(
    ("asked", "holds", "heard"),
    [
        ("streamlit, PLACEHOLDER, page-of-mei", "hers", "streamlit, PLACEHOLDER, page-of-mei"),
        ("streamlit, PLACEHOLDER, page-of-mei", "another's", "streamlit, PLACEHOLDER"),
        ("streamlit, PLACEHOLDER, page-of-mei", "", "streamlit, PLACEHOLDER"),
        ("streamlit, PLACEHOLDER, page-of-nobody", "", "streamlit, PLACEHOLDER, page-of-nobody"),
        ("streamlit, PLACEHOLDER", "hers", "streamlit, PLACEHOLDER"),
    ],
)
def test_the_number_of_a_page_is_no_key_to_it(shop: Shop, asked: str, holds: str, heard: str):
    """Streamlit goes on with any page whose number is told; only its own visitor may."""
    whose.remember("page-of-mei", "hers")
    told: list[bytes] = []

    async def streamlit(scope: Any, _receive: Any, _send: Any) -> None:
        told.append(dict(scope["headers"])[b"sec-websocket-protocol"])

    headers = {"host": HOST, "sec-websocket-protocol": asked, "cookie": f"{session.TOKEN_COOKIE}={holds}"}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": raw}
    asyncio.run(gate.Frame(streamlit)(scope, None, None))  # type: ignore[arg-type]
    assert told == [heard.encode()]


def test_no_other_address_is_let_in_to_files(customer: Visitor):
    """Streamlit says of its uploads that pages of its own address may read what comes back."""
    answer = customer.put("/_stcore/upload_file/session/file", content=b"x")
    assert answer.text == "streamlit 1" and "access-control-allow-origin" not in answer.headers


def test_uploads_have_a_limit(customer: Visitor):
    browser = customer
    path = "/_stcore/upload_file/session/file"
    assert browser.put(path, content=b"x" * 1000).text == "streamlit 1000"
    assert browser.put(path, content=b"x" * (gate.UPLOAD_LIMIT + 1)).status_code == 413

    def pieces():  # type: ignore[no-untyped-def]
        for _ in range(gate.UPLOAD_LIMIT // 1_000_000 + 2):
            yield b"x" * 1_000_000

    assert browser.put(path, content=pieces()).status_code == 413, "without a length as well"
    assert browser.put(path, content=b"x", headers={"Content-Length": "nonsense"}).status_code in (
        200,
        400,
        413,
    )


STRANGE = [
    "evil.example",
    "portal.test.evil.example",
    "localhost",
    "127.0.0.1:8501",
    "portal.test@evil.example",
    "",
]


@pytest.mark.parametrize("host", STRANGE)
@pytest.mark.parametrize(
    "path", ["/", "/session/lang?lang=en", "/files/records.csv", "/_stcore/host-config", "/static/x.js"]
)
def test_nobody_asks_for_us_by_another_name(browser: Visitor, host: str, path: str):
    """DNS rebinding: a stranger's page whose name now leads here is not our page."""
    answer = browser.get(path, headers={**PAGE, "Host": host})
    assert answer.status_code == 421 and "REFUND_HOSTS" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["portal.test", "PORTAL.test:8501", "portal.test."])
def test_our_own_name_in_any_spelling(browser: Visitor, host: str):
    assert browser.get("/", headers={**PAGE, "Host": host}).status_code == 200


def test_a_proxys_word_for_the_host_is_not_asked(browser: Visitor):
    headers = {
        **PAGE,
        "Host": "evil.example",
        "X-Forwarded-Host": "portal.test",
        "Forwarded": "host=portal.test",
    }
    assert browser.get("/", headers=headers).status_code == 421


def test_a_socket_under_another_name_stays_closed(browser: Visitor):
    """Its origin and its host agree, and neither is ours."""
    assert browser.socket("/_stcore/stream", "http://evil.example", host="evil.example") is False
    assert browser.socket("/_stcore/stream", "http://portal.test") is True


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_asked_by_address(browser: Visitor, path: str):
    assert browser.get(path, headers={"Host": "10.0.0.7:8501"}).status_code == 200
