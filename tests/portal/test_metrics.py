"""`/metrics`: figures for whoever holds the token, nothing for anybody else, no labels made by strangers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from core import texts, worker
from core.adapters.channels import Outcome
from core.services import circuits, health
from portal import metrics, session
from tests.portal.visitor import Visitor
from tests.shop import Shop

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(autouse=True)
def fresh(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(metrics, "KEPT_SECONDS", 0.0)
    shop.app.metrics_token = TOKEN
    yield


def read(browser: Visitor) -> dict[str, dict[tuple[str, ...], float]]:
    """Values by name and labels, these in the order of their names, as a Prometheus reads them."""
    answer = browser.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.7:8501"})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith(
        "text/plain; version=0.0.4"
    )
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


@pytest.mark.parametrize(
    "told", ["", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer é"]
)
def test_strangers_do_not_learn_that_it_is_there(browser: Visitor, told: str):
    answer = browser.get("/metrics", headers={"Authorization": told, "Accept": "text/html"})
    assert answer.status_code == 404 and "refund_" not in answer.text


def test_without_a_token_in_the_settings_nobody_reads_it(browser: Visitor, shop: Shop):
    shop.app.metrics_token = ""
    for told in ("", "Bearer ", "Bearer"):
        assert browser.get("/metrics", headers={"Authorization": told}).status_code == 404


def test_the_house_in_figures(browser: Visitor, shop: Shop):
    shop.apply(shop.order(("alipay", 10_000)))
    shop.work()
    shop.apply(shop.order())
    worker.beat(shop.app, "w-1")
    health.audited(shop.app, [])
    for _ in range(5):
        circuits.heard(shop.app, "wechat", Outcome("unknown", cause="no_answer"))
    found = read(browser)
    assert found["refund_cases"] == {("approved",): 1.0, ("paying",): 1.0}
    assert found["refund_payouts"] == {("alipay", "accepted"): 1.0}
    assert found["refund_queue_due"] == {("cases",): 1.0, ("notices",): 0.0, ("payouts",): 0.0}
    assert found["refund_queue_age_seconds"][("cases",)] == 0.0
    assert found["refund_circuit_open"] == {("alipay",): 0.0, ("wechat",): 1.0}
    assert found["refund_circuit_failures"][("wechat",)] == 5.0
    assert found["refund_workers"] == {(): 1.0} and found["refund_worker_beat_age_seconds"] == {(): 0.0}
    assert found["refund_audit_age_seconds"] == {(): 0.0} and found["refund_audit_findings"] == {(): 0.0}
    assert found["refund_database_up"] == {(): 1.0} and found["refund_store_away"] == {(): 0.0}
    assert found["refund_calendar_published_through"] == {(): float(shop.app.calendar.published_through)}


def test_nobody_is_named(browser: Visitor, shop: Shop):
    """Invariant 20."""
    case = shop.apply(shop.order())
    browser.get(f"/track?case={case.case_no}")
    told = browser.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    for secret in (case.case_no, "OD0", "mei", "138****2046", TOKEN):
        assert secret not in told


def test_requests_are_counted_by_what_they_ask(browser: Visitor):
    before = read(browser).get("refund_requests_total", {})
    browser.get("/track", headers={"Accept": "text/html"})
    for number in range(30):
        browser.get(f"/files/evidence/{number}")
        browser.get(f"/{number}")
        browser.request(f"M{number}", f"/{number}")
    after = read(browser)["refund_requests_total"]
    grown = {
        key: value - before.get(key, 0.0) for key, value in after.items() if value > before.get(key, 0.0)
    }
    assert grown["GET", "/track", "200"] == 1.0 and grown["GET", "/files/", "404"] == 30.0
    assert {key[1] for key in grown} == {"/track", "/files/", "/metrics", "other"}
    assert {key[0] for key in grown if key[1] == "other"} == {"GET", "other"}
    assert read(browser)["refund_request_seconds_count"][("/track",)] >= 1.0


def test_a_database_that_is_away_is_said(browser: Visitor, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    def away() -> Any:
        raise OSError("away")

    monkeypatch.setattr(shop.app, "read", away)
    found = read(browser)
    assert found["refund_database_up"] == {(): 0.0} and "refund_cases" not in found


def test_readiness(browser: Visitor, shop: Shop):
    """Who is sent customers needs a database; who is woken up wants to know of the rest as well."""
    answers = {path: browser.get(path) for path in ("/readyz", "/readyz?all")}
    assert (answers["/readyz"].status_code, answers["/readyz"].text) == (200, "ready, without: worker")
    assert (answers["/readyz?all"].status_code, answers["/readyz?all"].text) == (503, "not ready: worker")
    worker.beat(shop.app, "w-1")
    session.use(shop.app)
    assert browser.get("/readyz?all").text == "ready"


def test_a_run_of_a_page_is_counted(shop: Shop):
    from tests.portal.test_navigation import open_portal

    reruns = metrics.REGISTRY.get_sample_value
    before = reruns("refund_reruns_total", {"page": "start"}) or 0.0
    open_portal(shop, None)
    assert reruns("refund_reruns_total", {"page": "start"}) == before + 1


@pytest.mark.parametrize("token", ["short", "with spaces in it, and long enough", "ü" * 30])
def test_a_token_that_could_be_guessed_is_told_by_name(token: str, monkeypatch: pytest.MonkeyPatch):
    from core.app import from_environment
    from core.domain.errors import SettingInvalid

    monkeypatch.setenv("REFUND_METRICS_TOKEN", token)
    with pytest.raises(SettingInvalid) as invalid:
        from_environment()
    assert invalid.value.params["variable"] == "REFUND_METRICS_TOKEN"
    said = texts.of("en").refusal(invalid.value)
    assert "24 to 200 letters" in said and "[A-Za-z" not in said
