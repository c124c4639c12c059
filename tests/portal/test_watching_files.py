"""What deploy/watching ships: every figure it asks for is one that `/metrics` tells, every alert says what to
do.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core import worker
from core.services import health
from core.services.audit import audit
from portal import metrics
from tests.portal.visitor import Visitor
from tests.shop import Shop

ROOT = Path(__file__).parents[2]
ALERTS = yaml.safe_load((ROOT / "deploy/watching/alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((ROOT / "deploy/watching/dashboard.json").read_text())
NAME = re.compile(r"refund_[a-z_]+")
LABELS = re.compile(r"(refund_[a-z_]+)\{([^}]*)\}|by \(([a-z_, ]+)\) \(\w*\(?(refund_[a-z_]+)")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [rule["expr"] for rule in ALERTS] + [
        target["expr"] for panel in panels() for target in panel["targets"]
    ]


@pytest.fixture
def told(browser: Visitor, shop: Shop) -> dict[str, set[str]]:
    """Every figure by name, with its labels, of a shop in which everything has happened."""
    app = shop.app
    shop.apply(shop.order())
    worker.beat(app, "w1")
    health.audited(app, audit(app))
    browser.get("/healthz")
    metrics.reran("track", 0.1)
    names: dict[str, set[str]] = {}
    for family in metrics.REGISTRY.collect():
        for sample in family.samples:
            names.setdefault(sample.name, set()).update(sample.labels)
    # A family with nothing to tell has no line, and its labels are known all the same.
    names.setdefault("refund_payouts", set()).update({"channel", "state"})
    return names


def test_every_figure_is_told(told: dict[str, set[str]]):
    asked = {name for expr in expressions() for name in NAME.findall(expr)}
    assert asked <= set(told), sorted(asked - set(told))
    assert len(asked) >= 15


def test_every_label_is_theirs(told: dict[str, set[str]]):
    for expr in expressions():
        for name, within, by, of in LABELS.findall(expr):
            wanted = set(re.findall(r"(\w+)[=!]", within)) | {
                each.strip() for each in by.split(",") if each.strip()
            }
            assert wanted <= told[name or of] | {"le", "instance"}, expr


def test_every_alert_says_what_to_do():
    book = (ROOT / "docs/operations.md").read_text()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in book.splitlines()
        if line.startswith("##")
    }
    for rule in ALERTS:
        path, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert path == "docs/operations.md" and anchor in anchors, rule["alert"]
        assert rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket")


def test_nothing_overlaps_on_the_dashboard():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
