"""How much is asked for: pieces and amounts as typed, read strictly, a sentence for each mistake."""

from __future__ import annotations

from core.domain.errors import AmountInvalid
from core.domain.money import parse_minor, plain
from core.services.orders import OrderView
from core.texts import Texts
from portal.parts import typed


def by_pieces(order: OrderView) -> bool:
    """Whether the claim is counted in pieces: several were bought, and none of it was refunded before."""
    return order.quantity > 1 and order.refundable_minor == order.amount_minor


def paid_beyond(order: OrderView) -> int:
    """What was paid and is still here beyond the order's amount: somebody paid twice. 0 otherwise."""
    return max(0, order.refundable_minor - order.amount_minor)


def for_pieces(order: OrderView, pieces: int) -> int:
    """The amount that `pieces` of the order cost, in minor units; all of them are exactly what was paid."""
    return order.amount_minor * pieces // order.quantity


def read_pieces(tx: Texts, order: OrderView, text: str) -> tuple[int | None, str]:
    """(pieces, '') or (None, what is wrong)."""
    text = typed.plain(text)
    if text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= order.quantity:
        return int(text), ""
    return None, tx("request.bad.pieces", most=order.quantity)


def read_amount(tx: Texts, order: OrderView, text: str) -> tuple[int | None, str]:
    """(minor units, '') or (None, what is wrong). Nothing is guessed: `②`, `1e3`, `NaN` are no amounts."""
    text = typed.amount(text)
    example = plain(max(1, order.refundable_minor // 2), order.currency)
    try:
        minor = parse_minor(text, order.currency, signed=True)
    except AmountInvalid:
        if any(char.isdigit() and not char.isascii() for char in text):
            return None, tx("request.bad.digits", example=example)
        return None, tx("request.bad.shape", example=example)
    if minor < 0:
        return None, tx("request.bad.negative", example=example)
    if minor == 0:
        return None, tx("request.bad.zero", example=example)
    if minor > order.refundable_minor:
        return None, tx("request.bad.above", most=tx.money(order.refundable_minor, order.currency))
    return minor, ""
