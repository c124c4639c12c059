"""How a negotiated refund reaches the customer (R4.5): the ways people may agree on, and the account of the
same person to which finance transfers by hand when the one that paid is closed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from core.domain.errors import PayeeInvalid, PayeeMissing, ProofOfClosureMissing, RouteUnavailable
from core.domain.vouchers import KINDS as VOUCHERS

# `account`: back to the one that paid; `balance`: the platform's; `transfer`: by hand to another; the others
# are kinds of a voucher.
WAYS: Final = ("account", "balance", "transfer", *VOUCHERS)
BACK: Final = "account"
HERE: Final = ("balance", *VOUCHERS)  # what stays with us, there at once
PAYEE_CHANNELS: Final = ("alipay", "wechat", "card")
# Why a refund cannot simply go back the way it came.
WHY: Final = ("escrow", "closed", "other")
PROOF: Final = "account_closed"  # the kind of evidence without which nothing goes to another account
ASKING: Final = ("negotiate", "counter")
TURNS: Final = (*ASKING, "propose", "endorse")  # the last of these tells whose turn it is in talks
LONGEST_TYPED: Final = 200  # characters of a name or a number, with the spaces in it
_ACCOUNT: Final = re.compile(r"[0-9A-Za-z@._+\-]{6,64}")


def why_not_back(*, escrow: bool, any_closed: bool) -> str:
    """Of `WHY`: a third party holds it, an account that paid is gone, or something else (its channel takes
    nothing back any more, a reviewer wanted talks).
    """
    return "escrow" if escrow else "closed" if any_closed else "other"


def is_theirs(events: Iterable[str]) -> bool:
    """Whether talks wait for the customer: asked how to have it, or another way was suggested to them, and
    neither have they said so since nor has the first of two of us agreed.
    """
    return _last(events) in ASKING


def is_suggested(events: Iterable[str]) -> bool:
    """Whether what they are asked is to take another way than they said."""
    return _last(events) == "counter"


def _last(events: Iterable[str]) -> str:
    return next((event for event in reversed(list(events)) if event in TURNS), "")


@dataclass(frozen=True, slots=True)
class Payee:
    """Where to transfer to. `account` in full: for the eyes of finance only, and gone once it is done."""

    channel: str
    holder: str
    account: str

    @property
    def masked(self) -> str:
        return masked(self.account)


def masked(account: str) -> str:
    """`****1234`, `m***@example.com`: enough to know one's own account by, a third of it at most."""
    name, at, host = account.rpartition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"****{account[-min(4, len(account) // 3) :]}"


def is_another_name(holder: str, name: str) -> bool:
    """Whether an account's holder is called otherwise than its customer: a reason to look, no proof. Of a
    guest no name is known, so there is nothing to compare.
    """
    plain, known = (
        "".join(unicodedata.normalize("NFKC", each).casefold().split()) for each in (holder, name)
    )
    return known != "" and plain != known


def read_payee(channel: str, holder: str, account: str) -> Payee:
    """What somebody typed, as a payee; `PayeeInvalid(field)` names what is wrong."""
    for field, typed in (("holder", holder), ("account", account)):
        if len(typed) > LONGEST_TYPED:
            raise PayeeInvalid(field=field)
    name = " ".join(unicodedata.normalize("NFKC", holder).split())
    plain = unicodedata.normalize("NFKC", account).strip()
    number = plain if "@" in plain else re.sub(r"[\s\-]", "", plain)
    if channel not in PAYEE_CHANNELS:
        raise PayeeInvalid(field="channel")
    if not 2 <= len(name) <= 40 or any(unicodedata.category(sign)[0] == "C" for sign in name):
        raise PayeeInvalid(field="holder")
    if not _ACCOUNT.fullmatch(number):
        raise PayeeInvalid(field="account")
    return Payee(channel, name, number)


def check_way(
    way: str, *, is_open: bool, has_account: bool, has_payee: bool, evidence: Collection[str]
) -> None:
    """Whether money may go this way: back to an account that is still open, to the balance of who has one
    here, or to a named account when there is proof that the old one is closed. A voucher needs that proof
    too where an account is closed; what a third party holds has no such account (R4.3, R4.5).
    """
    if way not in WAYS or (way == "account" and not is_open) or (way == "balance" and not has_account):
        raise RouteUnavailable(route="negotiated")
    needs_proof = way == "transfer" or (way in VOUCHERS and not is_open)
    if needs_proof and PROOF not in evidence:
        raise ProofOfClosureMissing()
    if way == "transfer" and not has_payee:
        raise PayeeMissing()
