"""The demo's shop: something to spend a balance on. Real ones call `python -m core spend`, or the service."""

from __future__ import annotations

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.services import wallet
from core.services.wallet import Wallet
from core.texts import Texts
from portal import session
from portal.html import esc, ms
from portal.parts.wizard import bad

# What it sells: (key of the catalogs, minor units).
GOODS = (("card", 600), ("top_up", 3_000), ("month", 2_500), ("year", 19_800))
MEMBERSHIPS = ("month", "year")
_SAID, _BOUGHT, _ITEM, _CODE = "shop_said", "shop_bought", "shop_item", "shop_code"


def show(app: App, actor: Actor, tx: Texts, found: Wallet, *, leads: bool) -> None:
    """Goods with their prices, and one button where there is something to pay with; a membership also takes a
    discount's code.
    """
    prices, left = dict(GOODS), found.totals.get("CNY", 0)
    has_discount = any(each.kind == "discount" and each.state == "open" for each in found.vouchers)
    with st.container(key="card-shop"):
        st.html(
            f'<h2>{esc(tx("wallet.shop"))}<span class="tag">{esc(tx("shell.demo.tag"))}</span></h2>'
            f'<p class="note">{esc(tx("wallet.shop_says"))}</p>'
        )
        said = st.session_state.get(_SAID)
        if said and said[0]:  # no button to press twice
            st.html(f'<p class="did" role="status">{ms("check_circle", "ok")}{esc(said[1])}</p>')
        if not left and not has_discount:
            st.html(f'<p class="note">{esc(tx("wallet.shop_nothing"))}</p>')
            return
        if said and said[0]:
            st.button(tx("wallet.shop_again"), key="shop-again", on_click=_again)
            return
        item = st.radio(
            tx("wallet.shop_item"), [name for name, _ in GOODS], key=_ITEM, label_visibility="collapsed",
            format_func=lambda name: f"{tx(f'wallet.goods.{name}')} · {tx.money(prices[name])}",
        )  # fmt: skip
        takes_code = item in MEMBERSHIPS and has_discount
        if takes_code:
            st.text_input(tx("wallet.shop_code"), key=_CODE, max_chars=60, autocomplete="off")
        is_enough = prices[item] <= left or takes_code
        if said:
            st.html(bad(said[1]))
        elif not is_enough:
            words = tx("wallet.shop_too_little", left=tx.money(left), amount=tx.money(prices[item]))
            st.html(f'<p class="note">{esc(words)}</p>')
        if not is_enough:
            return
        key = f"demo-{session.command_id('shop', st.session_state.get(_BOUGHT, 0))}-{item}"
        st.button(
            tx("wallet.shop_pay", amount=tx.money(prices[item])), key="shop-pay",
            type="primary" if leads else "secondary",
            on_click=_pay, args=(app, actor, tx, item, key),
        )  # fmt: skip


def _again() -> None:
    st.session_state.pop(_SAID, None)


def _pay(app: App, actor: Actor, tx: Texts, item: str, key: str) -> None:
    price, name = dict(GOODS)[item], tx(f"wallet.goods.{item}")
    code = str(st.session_state.get(_CODE) or "").strip() if item in MEMBERSHIPS else ""
    try:
        if code:
            off = wallet.use(app, actor, code, price, key)
            rest, saved = tx.money(price - off.amount_minor), tx.money(off.amount_minor)
            said = tx("wallet.shop_used", what=name, amount=saved, rest=rest)
        else:
            paid = wallet.spend(app, actor, actor.id, price, key, what=name)
            left = tx.money(paid.left_minor)
            said = tx("wallet.shop_paid", what=name, amount=tx.money(price), left=left)
    except Refusal as refused:
        st.session_state[_SAID] = (False, tx.refusal(refused))
        return
    st.session_state[_CODE] = ""
    st.session_state[_BOUGHT] = st.session_state.get(_BOUGHT, 0) + 1
    st.session_state[_SAID] = (True, said)
