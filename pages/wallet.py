"""Balance and vouchers: what there is and until when, what came and went, codes; for staff any account's,
without codes (R4.4, R4.5).
"""

from __future__ import annotations

import streamlit as st

from core.domain.errors import NotFound
from core.services import queues, wallet
from core.services.wallet import VoucherView
from portal import boundary, session
from portal.html import empty, esc, hero, section
from portal.parts import wallet_codes, wallet_list, wallet_shop

actor = session.require(*session.BUYERS, *queues.ROLES)
tx, app = session.texts(), session.core()
now = app.now()
SHOP = 0


def own() -> None:
    """A customer's, or the vouchers of the order that a guest has proved."""
    found = wallet.wallet(app, actor)
    is_guest = actor.role == "guest"
    if is_guest:
        st.html(hero(tx("wallet.title"), esc(tx("wallet.guest"))))
    else:
        st.html(wallet_list.head(tx, found, now=now))
    if found.lots:
        st.html(wallet_list.lots(tx, found.lots, track="/track"))
    vouchers(found.vouchers)
    if is_guest:
        if not found.vouchers:
            nothing = empty("confirmation_number", tx("wallet.none"), tx("wallet.guest_none"))
            st.html(f'<div class="tile">{nothing}</div>')
        return
    with st.container(key="wallet-acts"):
        if app.demo:
            wallet_shop.show(app, actor, tx, found, leads=leading(found.vouchers) == SHOP)
        wallet_codes.entry(app, actor, tx)
    st.html(wallet_list.history(tx, found.history, now=now, track="/track"))


def vouchers(found: tuple[VoucherView, ...]) -> None:
    """Each with its code, once; what is closed below what is open."""
    if not found:
        return
    st.html(section(tx("wallet.vouchers")))
    for each in sorted(found, key=lambda each: each.state != "open"):
        with st.container(key=f"card-voucher-{each.id}"):
            st.html(wallet_list.voucher(tx, each, actor, now=now))
            wallet_codes.code(app, actor, tx, each, leads=leading(found) == each.id)


def leading(found: tuple[VoucherView, ...]) -> int | None:
    """Which button is the page's first: keeping a code that is shown (None), else the first voucher whose
    code nobody has seen, else the demo's shop.
    """
    if wallet_codes.is_shown():
        return None
    unseen = [each.id for each in found if each.may_show and not each.codes]
    return unseen[0] if unseen else SHOP


def of(customer_id: str) -> None:
    """Any account's, for staff: the same without codes and without buttons."""
    try:
        found = wallet.wallet(app, actor, customer_id)
    except NotFound as refused:
        boundary.show(refused, way_on=(tx("desk.back"), "/desk"))
        return
    head = wallet_list.head(tx, found, now=now, for_staff=True)
    st.html(head + wallet_list.lots(tx, found.lots, track="/desk"))
    vouchers(found.vouchers)
    st.html(wallet_list.history(tx, found.history, now=now, track="/desk"))


if actor.role in session.BUYERS:
    own()
elif customer := st.query_params.get("customer"):
    of(customer)
else:
    st.html(hero(tx("wallet.title"), esc(tx("wallet.staff"))))
