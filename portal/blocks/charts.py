"""Charts as plain specifications: drawn without Altair, and without Arrow."""

from __future__ import annotations

from typing import Any

import streamlit as st


def show(spec: dict[str, Any], key: str, said: str) -> None:
    """`spec` as wide as its place, to who cannot see it one picture of what is `said`: its figures stand in
    words beside it. Its rows go into a layer: Streamlit packs those at the top into an Arrow table first,
    which costs more than all the rest of a chart.
    """
    shape: dict[str, Any] = {
        part: spec[part] for part in ("data", "layer", "mark", "encoding") if part in spec
    }
    rest = {part: value for part, value in spec.items() if part not in shape}
    plain = {"config": {"aria": False, **spec.get("config", {})}, "layer": [_silent(shape)]}
    st.vega_lite_chart({**rest, **plain}, key=key, width="stretch", alt=said)


def _silent(shape: dict[str, Any]) -> dict[str, Any]:
    """Its marks are no pictures of their own, each of which would want a name."""
    found = dict(shape)
    if "mark" in found:
        mark = found["mark"]
        found["mark"] = {**({"type": mark} if isinstance(mark, str) else mark), "aria": False}
    if "layer" in found:
        found["layer"] = [_silent(each) for each in found["layer"]]
    return found
