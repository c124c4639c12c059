"""Facts of many events at once are those of each alone."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters import event_facts
from core.domain.facts import Facts
from core.domain.history import History
from tests.claims import claim, claims, paid


def bodies(rows: list[dict[str, Any]]) -> list[str]:
    return [
        json.dumps({"assessment": {"rule": "换行\n"}, "facts": facts}, ensure_ascii=False) for facts in rows
    ]


def same(one: History, other: History) -> bool:
    return all(np.array_equal(getattr(one, each.name), getattr(other, each.name)) for each in fields(History))


@given(st.lists(claims(), max_size=12))
@settings(max_examples=80)
def test_as_each_alone(rows: list[Facts]) -> None:
    assert same(event_facts.history(bodies([facts.as_dict() for facts in rows])), History.of(rows))


def test_nothing_is_read_one_by_one_that_arrow_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Facts, "from_dict", None)
    rows = [claim(), claim(paid(300), paid(200, "wechat", is_open=False), evidence=frozenset({"other"}))]
    assert same(event_facts.history(bodies([facts.as_dict() for facts in rows])), History.of(rows))


def test_a_fact_that_an_older_event_lacks_has_its_usual_value() -> None:
    rows = [claim().as_dict(), claim().as_dict()]
    for name in ("credit", "unnamed_refunds", "has_account", "evidence"):
        del rows[0][name]
    del rows[0]["tenders"][0]["fx_loss_bp"]
    assert same(event_facts.history(bodies(rows)), History.of([claim(), claim()]))


def test_what_no_facts_can_be_is_refused() -> None:
    with pytest.raises(ValueError, match="reason"):
        event_facts.history(bodies([claim().as_dict(), claim().as_dict() | {"reason": "boredom"}]))
