"""The way to the wallet, where a refund went there."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.actors import Actor
from core.domain.located import BECAME, HELD
from core.domain.settlement import HERE
from core.services.case_views import CaseCard, CaseView
from core.texts import Texts
from portal.html import esc, href, ms

_ARRIVED = tuple(f"locator.arrived_{held}{end}" for held in HELD for end in BECAME)


def way(tx: Texts, words: str = "") -> str:
    """A quiet button."""
    label = esc(words or tx("shell.page.wallet"))
    return f'<p><a class="button" href="{href("/wallet")}">{ms("account_balance_wallet")}{label}</a></p>'


def of_cards(tx: Texts, found: Iterable[CaseCard]) -> str:
    """Where one of them went there; '' else."""
    return way(tx) if any(card.locator.key in _ARRIVED for card in found) else ""


def of_case(tx: Texts, view: CaseView, actor: Actor) -> str:
    """For the one whose wallet it is: an account's own, or of a guest's order whoever proves it."""
    is_theirs = actor.id == view.customer_id if actor.role == "customer" else not view.customer_id
    here = {payout.channel for payout in view.payouts if payout.state == "arrived"} & set(HERE)
    if not here or not is_theirs:
        return ""
    return way(tx, tx("wallet.see_balance" if here == {"balance"} else "wallet.see_voucher"))
