"""A policy in the making as customers would read it on Help, in either language."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core import texts
from core.domain.policy import Policy
from core.texts import Texts
from portal.blocks import rules_text
from portal.html import esc

_LANGUAGE: Final = "lab-read-language"


def shown(tx: Texts, policy: Policy, version: int) -> None:
    """The sections of Help that a policy writes; whoever reads the lab in one language may read the other."""
    st.session_state.setdefault(_LANGUAGE, tx.language)
    language = st.segmented_control(
        tx("lab.read.language"), texts.LANGUAGES,
        format_func=lambda each: tx(f"lab.read.{each.split('_')[0]}"),
        key=_LANGUAGE, required=True, persist_state="session",
    )  # fmt: skip
    with st.container(key="lab-read"):
        st.html(page(texts.of(str(language)), policy, version))


def page(tx: Texts, policy: Policy, version: int) -> str:
    """The same words as on Help."""
    parts = (
        ("can", rules_text.decisions(tx, policy, rules_text.earlier(tx, policy))),
        ("delivered", rules_text.delivered(tx, policy)),
        ("window", rules_text.window(tx, policy)),
        ("evidence", rules_text.evidence(tx, policy)),
        ("fee", rules_text.fees(tx, policy)),
        ("route", rules_text.routes(tx, policy)),
        ("review", rules_text.review(tx, policy)),
        ("faq", rules_text.questions(tx, policy)),
        ("terms", rules_text.terms(tx, policy, version + 1, rules_text.earlier(tx, policy))),
    )
    sections = "".join(
        f"<section><h2>{esc(tx(f'help.{name}.title'))}</h2>{html}</section>" for name, html in parts
    )
    language = "en" if tx.language == "en" else "zh-CN"
    return f'<div class="guide" lang="{language}"><div class="main">{sections}</div></div>'
