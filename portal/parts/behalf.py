"""Support on a customer's page: for whom they act, and the way back to the search."""

from __future__ import annotations

import streamlit as st

from core.texts import Texts
from portal.html import esc, href, ms


def banner(tx: Texts, customer_id: str, name: str, order_no: str) -> None:
    """`customer_id` is '' in what a guest has asked for."""
    if customer_id:
        said = tx("support.behalf", name=name or customer_id, account=customer_id)
    else:
        said = tx("support.behalf.guest", order_no=order_no)
    back = f'<a href="{href("/support")}" target="_self">{esc(tx("support.behalf.back"))}</a>'
    st.html(f'<div class="notice" role="note">{ms("support_agent")}<p>{esc(said)} {back}</p></div>')
