"""Cookies, files and the demo's clock: what is reachable by address, by whom (invariants 12, 20; FACTS)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.adapters.tables import contacts
from core.domain.actors import Actor
from core.services import cases, evidence, identity, links
from portal import answers, session
from tests.portal.visitor import Visitor
from tests.shop import MEI, WEI, Shop

EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n//evil.example",
    "/track\r\nSet-Cookie: x=1",
    "/ /evil.example",
    "",
    "track",
    "/" + "a" * 2000,
]


@pytest.mark.parametrize("to", EVIL)
def test_nobody_is_sent_elsewhere(to: str):
    assert answers.local_path(to, "/home") == "/home"


@pytest.mark.parametrize("to", ["/", "/track?case=R1", "/request?order=OD1&step=2", "/help#terms"])
def test_local_paths_stay(to: str):
    assert answers.local_path(to) == to


def sign_in(browser: Visitor, shop: Shop, actor: Actor) -> str:
    token = identity.open_session(shop.app, actor.role, actor.id, actor.order_no)
    browser.cookies[session.TOKEN_COOKIE] = token
    return token


def test_health(browser: Visitor):
    assert browser.get("/healthz").text == "ok"
    assert browser.get("/readyz").status_code == 200
    assert "Disallow: /" in browser.get("/robots.txt").text


@pytest.mark.parametrize(
    ("support", "contact"),
    [
        ("safety@shop.example", "mailto:safety@shop.example"),
        ("https://shop.example/help", "https://shop.example/help"),
    ],
)
def test_where_to_report_a_weakness(browser: Visitor, shop: Shop, support: str, contact: str):
    shop.app.support, shop.app.public_url = support, "https://refund.example"
    answer = browser.get("/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert lines.pop("Contact") == contact
    left = datetime.fromisoformat(lines.pop("Expires")) - datetime.now(UTC)
    assert timedelta(days=150) < left < timedelta(days=366), "the standard allows a year"
    assert lines == {
        "Preferred-Languages": "zh, en",
        "Canonical": "https://refund.example/.well-known/security.txt",
    }


@pytest.mark.parametrize(
    "support", ["", "微信里找客服小星", "javascript:alert(1)\nContact: mailto:a@evil.example"]
)
def test_a_sentence_is_no_address_to_report_to(browser: Visitor, shop: Shop, support: str):
    shop.app.support = support
    assert browser.get("/.well-known/security.txt").status_code == 404


def test_not_ready_without_tables(browser: Visitor, shop: Shop):
    with shop.app.begin() as conn:
        conn.exec_driver_sql("DROP TABLE policies")
    assert browser.get("/readyz").status_code == 503
    assert browser.get("/healthz").status_code == 200


# --- sessions ----------------------------------------------------------------------------------------------


def test_a_token_becomes_a_cookie_that_scripts_cannot_read(browser: Visitor, shop: Shop):
    token = identity.open_session(shop.app, "guest", "", shop.order())
    answer = browser.post("/session/open", content=token)
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 204
    assert (
        f"{session.TOKEN_COOKIE}={token}" in cookie
        and "HttpOnly" in cookie
        and "samesite=lax" in cookie.lower()
    )


def test_by_https_every_cookie_is_this_hosts_only(browser: Visitor, shop: Shop):
    """A neighbour under the same domain can set none of them."""
    shop.app.public_url = "https://portal.test"
    token = identity.open_session(shop.app, "guest", "", shop.order())
    for answer in (
        browser.post("/session/open", content=token, headers={"Origin": "https://portal.test"}),
        browser.get("/session/lang?lang=en"),
    ):
        (cookie,) = answer.headers.getlist("set-cookie")
        name, *flags = (part.strip() for part in cookie.split(";"))
        assert name.startswith("__Host-refund_")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(flags) and "Domain" not in cookie


def test_an_invented_token_sets_nothing(browser: Visitor):
    answer = browser.post("/session/open", content="invented")
    assert answer.status_code == 404 and "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/session/open", "/session/end", "/session/clock"])
def test_another_site_cannot_act_in_a_visitors_name(browser: Visitor, demo: Shop, path: str):
    token = sign_in(browser, demo, MEI)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        assert browser.post(path, headers=headers, content="move=1d").status_code == 403
    assert browser.get(path).status_code == 404, "a link cannot do it either"
    assert identity.who(demo.app, token) == MEI


def test_signing_out_ends_the_session_everywhere(browser: Visitor, shop: Shop):
    token = sign_in(browser, shop, MEI)
    answer = browser.post("/session/end")
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    assert answer.headers["clear-site-data"] == '"storage"', "whoever comes next finds no words"
    assert identity.who(shop.app, token) is None


def test_the_language_is_kept_and_the_visitor_goes_back(browser: Visitor):
    answer = browser.get("/session/lang?lang=en", headers={"Referer": "http://portal.test/track?case=R1"})
    assert answer.headers["location"] == "/track?case=R1"
    assert browser.cookies[session.LANG_COOKIE] == "en"
    answer = browser.get("/session/lang?lang=en", headers={"Referer": "http://evil.example/track"})
    assert answer.headers["location"] == "/"
    assert browser.get("/session/lang?lang=xx&to=//evil").headers["location"] == "/"
    assert browser.cookies[session.LANG_COOKIE] == "zh_CN"


def test_nobody_becomes_a_demo_person_outside_demo_mode(browser: Visitor):
    assert browser.get("/session/demo?as=mei").status_code == 404
    assert browser.post("/session/clock", content="move=1d").status_code == 404


def test_in_demo_mode_one_can_be_who_is_in_the_demo_and_nobody_else(browser: Visitor, demo: Shop):
    answer = browser.get("/session/demo?as=lin-xiao&to=/track?case=R1")
    assert answer.status_code == 303 and answer.headers["location"] == "/track?case=R1"
    assert identity.who(demo.app, browser.cookies[session.TOKEN_COOKIE]) == Actor("customer", "lin-xiao")
    answer = browser.get("/session/demo?as=zhou-lan")
    assert answer.headers["location"] == "/desk"
    assert identity.who(demo.app, browser.cookies[session.TOKEN_COOKIE]) == Actor("reviewer", "zhou-lan")
    assert browser.get("/session/demo?as=lu-jing").headers["location"] == "/lab"
    for person in ("nobody", "", "portal", "system"):
        assert browser.get(f"/session/demo?as={person}").status_code == 404


def test_changing_the_demo_person_ends_the_one_before(browser: Visitor, demo: Shop):
    browser.get("/session/demo?as=lin-xiao")
    first = browser.cookies[session.TOKEN_COOKIE]
    browser.get("/session/demo?as=mei")
    assert identity.who(demo.app, first) is None


def test_moving_the_demo_clock_lets_things_happen(browser: Visitor, demo: Shop):
    case = demo.apply(demo.order(("balance", 10_000)))
    sign_in(browser, demo, MEI)
    before = demo.app.now()
    answer = browser.post(
        "/session/clock", content="move=1d", headers={"Referer": "http://portal.test/track?case=1"}
    )
    assert answer.status_code == 303 and answer.headers["location"] == "/track?case=1"
    assert demo.app.now() - before >= timedelta(days=1)
    assert cases.view(demo.app, MEI, case.case_no).state == "completed"
    browser.post("/session/clock", content="move=reset")
    assert demo.app.now() - before < timedelta(minutes=1)
    assert browser.post("/session/clock", content="move=99d").status_code == 404


def test_the_visitor_stays_who_they_are_when_the_clock_jumps(browser: Visitor, demo: Shop):
    sign_in(browser, demo, MEI)
    browser.post("/session/clock", content="move=3d")
    assert identity.who(demo.app, browser.cookies[session.TOKEN_COOKIE]) == MEI


@pytest.mark.parametrize(
    "path", ["/session/nothing", "/files/evidence/", "/files/x/y", "/assets/portal.old.css", "/hooks/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_beside_our_addresses_is_nothing(browser: Visitor, path: str, method: str):
    assert browser.request(method, path).status_code == 404


# --- files -------------------------------------------------------------------------------------------------


@pytest.fixture
def picture(shop: Shop) -> str:
    from PIL import Image

    case = cases.open_draft(shop.app, MEI, shop.order())
    data = io.BytesIO()
    Image.effect_noise((320, 240), 80).convert("RGB").save(data, "PNG")
    return evidence.add(shop.app, MEI, case.case_no, "other", data.getvalue()).id


def test_evidence_is_for_who_may_see_the_case(browser: Visitor, shop: Shop, picture: str):
    """Strangers get the same answer as for what does not exist."""
    path = f"/files/evidence/{links.made(shop.app, MEI, picture)}"
    unknown = browser.get("/files/evidence/nothing")
    assert browser.get(path).status_code == 404
    sign_in(browser, shop, WEI)
    own = f"/files/evidence/{links.made(shop.app, WEI, picture)}"  # a good signature is no right to see it
    for tried in (path, own, f"/files/evidence/{picture}"):
        answer = browser.get(tried)
        assert (answer.status_code, answer.text) == (unknown.status_code, unknown.text)
    sign_in(browser, shop, MEI)
    assert browser.get(f"/files/evidence/{picture}").status_code == 404  # the number alone opens nothing
    answer = browser.get(path)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/")
    assert (
        "no-store" in answer.headers["cache-control"]
        and answer.headers["x-content-type-options"] == "nosniff"
    )


@pytest.mark.parametrize("until", ["f" * 6_000, "0" * 6_000, "-1", "1_0", "g", "f" * 13, ""])
def test_a_link_of_no_time_opens_nothing(browser: Visitor, shop: Shop, until: str):
    sign_in(browser, shop, MEI)
    assert browser.get(f"/files/evidence/x.{until}.y").status_code == 404


def test_an_ended_session_opens_no_evidence(browser: Visitor, shop: Shop, picture: str):
    token = sign_in(browser, shop, MEI)
    identity.end_session(shop.app, token)
    link = links.made(shop.app, MEI, picture)
    assert browser.get(f"/files/evidence/{link}").status_code == 404
    sign_in(browser, shop, MEI)
    assert browser.get(f"/files/evidence/{link}").status_code == 200
    shop.clock.advance(timedelta(minutes=2 * links.MINUTES))
    assert browser.get(f"/files/evidence/{link}").status_code == 404  # and so does an old one


def test_the_records_file_is_the_visitors_own(browser: Visitor, shop: Shop):
    case = shop.apply(shop.order())
    assert browser.get("/files/records.csv").status_code == 404
    sign_in(browser, shop, WEI)
    assert case.case_no not in browser.get("/files/records.csv").text
    sign_in(browser, shop, MEI)
    answer = browser.get("/files/records.csv?status=all&period=month")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows[1:]] == [case.case_no]
    assert (
        "attachment" in answer.headers["content-disposition"]
        and "no-store" in answer.headers["cache-control"]
    )
    assert browser.get("/files/records.csv?status=done&period=x").text.count("\n") == 1


def test_an_order_that_was_only_looked_at_is_in_no_file(browser: Visitor, shop: Shop):
    """A draft that nobody touched is no request; one with a reason is."""
    looked_at = cases.open_draft(shop.app, MEI, shop.order())
    begun = cases.open_draft(shop.app, MEI, shop.order())
    cases.save_draft(shop.app, MEI, begun.case_no, reason="other")
    sign_in(browser, shop, MEI)
    body = browser.get("/files/records.csv").text
    assert begun.case_no in body and looked_at.case_no not in body


def test_the_style_sheet_is_kept_forever_under_its_hash(browser: Visitor):
    from portal import style

    for asset in style.assets():
        answer = browser.get(asset.path)
        assert answer.content == asset.body and "immutable" in answer.headers["cache-control"]
        plain = browser.get(asset.path, headers={"Accept-Encoding": "identity"})
        assert plain.content == asset.body and "content-encoding" not in plain.headers


def language_of(shop: Shop, customer: str) -> str | None:
    with shop.app.read() as conn:
        return conn.execute(select(contacts.c.language).where(contacts.c.customer_id == customer)).scalar()


def test_the_language_chosen_last_is_the_one_the_shop_writes_in(browser: Visitor, demo: Shop):
    """R5.8: chosen while signed in, or before."""
    browser.get("/session/lang?lang=en")
    assert language_of(demo, "lin-xiao") is None
    browser.get("/session/demo?as=lin-xiao")
    assert language_of(demo, "lin-xiao") == "en"
    browser.get("/session/lang?lang=zh_CN")
    assert language_of(demo, "lin-xiao") == "zh_CN"
    browser.get("/session/lang?lang=xx")
    assert language_of(demo, "lin-xiao") == "zh_CN"
