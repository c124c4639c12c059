"""What the money locator says of what has all arrived, what became since of what stays with us, and on what a
sentence rests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from core.domain.located import Kept, Located, Piece
from core.domain.settlement import HERE
from core.domain.vouchers import KINDS as VOUCHERS


def whole(arrived: Sequence[Piece], currency: str) -> Located:
    params: dict[str, Any] = {"amount_minor": sum(p.amount_minor for p in arrived), "currency": currency}
    if arrived and all(piece.channel == "balance" for piece in arrived):
        return _credited(arrived, params)
    key = "locator.arrived_several"
    if len(arrived) == 1:
        piece = arrived[0]
        if piece.channel in VOUCHERS:
            return _issued(piece, params)
        params |= {"channel": piece.channel, "account": piece.account, "arrived_at": piece.arrived_at}
        key = "locator.arrived"
    else:
        params["channels"] = names(piece.channel for piece in arrived)
    next_key, in_wallet = "locator.next.done", [piece for piece in arrived if piece.in_wallet]
    if in_wallet:
        key, next_key = f"{key}_wallet", "locator.next.wallet"
        params |= {
            "wallet_minor": sum(piece.amount_minor for piece in in_wallet),
            "wallets": names(piece.channel for piece in in_wallet),
        }
    return surely(Located(key, "you", next_key, None, False, params), arrived)


def _credited(arrived: Sequence[Piece], params: dict[str, Any]) -> Located:
    """That it was credited stays true. Nobody is told which money of a balance paid for what: only whether
    some of this credit is still good, all of it was used, or a rest ran out.
    """
    params |= {"channel": "balance", "account": ""}
    params["arrived_at"] = max((p.arrived_at for p in arrived if p.arrived_at is not None), default=None)
    found = Located("locator.arrived", "you", "locator.next.done", None, False, params)
    kept = [piece.kept for piece in arrived if piece.kept]
    ends = [piece.expires_at for piece in arrived if piece.expires_at]
    if len(kept) < len(arrived) or not ends:
        return found
    together = Kept(sum(each.left_minor for each in kept), sum(each.ended_minor for each in kept))
    more = {"expires_at": max(ends), "ended_minor": together.ended_minor}
    return replace(found, key=f"locator.arrived_balance{together.became}", params=params | more)


def _issued(piece: Piece, params: dict[str, Any]) -> Located:
    """A voucher is in no account; it is good, was used whole, or ran out."""
    params |= {"channel": piece.channel, "account": "", "arrived_at": piece.arrived_at}
    if piece.kept is None or piece.expires_at is None:
        return Located("locator.issued", "you", "locator.next.done", None, False, params)
    params |= {"expires_at": piece.expires_at, "used_at": piece.kept.used_at}
    key = f"locator.arrived_voucher{piece.kept.became}"
    return Located(key, "you", "locator.next.voucher", None, False, params)


def in_balance(found: Located, balance_minor: int) -> Located:
    """What a balance holds now, whatever it came from."""
    more = {"balance_minor": balance_minor}
    return replace(found, next_key="locator.next.balance", params=found.params | more)


def surely(found: Located, pieces: Sequence[Piece]) -> Located:
    """On what it rests: the customer's own bill, finance's record, the channel's word of that day, or only
    that it was sent.
    """
    row = next((piece.row for piece in pieces if piece.row is not None), None)
    heard = [piece.heard_at for piece in pieces if piece.heard_at is not None]
    states = {piece.state for piece in pieces}
    if row is not None:
        of_row = {"line": row.line, "row_day_at": row.at, "row_minor": row.amount_minor}
        return replace(found, sure="locator.sure.bill", params=found.params | of_row)
    if any(piece.by_hand and piece.state != "arrived" for piece in pieces):
        return replace(found, sure="locator.sure.to_transfer")  # nobody has made it yet: there is no record
    if any(piece.by_hand for piece in pieces):
        return replace(found, sure="locator.sure.finance")
    if all(piece.channel in HERE for piece in pieces):
        return found
    if states == {"arrived"}:  # an arrival has one date, and that is not when we heard of it (R5.1)
        return replace(found, sure="locator.sure.arrived")
    if states <= {"accepted", "arrived"} and heard:
        return replace(found, sure="locator.sure.channel", params=found.params | {"heard_at": max(heard)})
    return replace(found, sure="locator.sure.sent")


def names(channels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(channels))
