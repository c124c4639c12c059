"""Charts of finance and operations, for `blocks.charts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_AMOUNT: Final = "quantitative"


def by_day(
    rows: Sequence[Mapping[str, Any]], value: str, day: str, part: str, *, titles: Mapping[str, str]
) -> dict[str, Any]:
    """Standing bars, one a day, of parts that add up to `value`; `label` is how it is said."""
    return {
        "data": {"values": [dict(row) for row in rows]},
        "mark": {"type": "bar", "cornerRadius": 2},
        "background": "transparent",
        "height": 260,  # axis and legend included, as Streamlit counts
        "encoding": {
            "x": {**_named(day), "axis": {"labelAngle": 0, "labelOverlap": True}},
            "y": {"field": value, "type": _AMOUNT, "title": None, "axis": {"tickCount": 4}},
            "color": {**_named(part), "legend": {"orient": "bottom", "columns": 2}},
            "tooltip": [
                {"field": day, "title": titles[day]},
                {"field": part, "title": titles[part]},
                {"field": "label", "title": titles[value]},
            ],
        },
    }


def _named(field: str) -> dict[str, Any]:
    """A field of words, in the order of the rows, without a title of its own."""
    return {"field": field, "type": "nominal", "title": None, "sort": None}
