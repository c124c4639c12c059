"""What customers hold here (R4.4, R4.5): balances in lots that are spent and end, and vouchers."""

from __future__ import annotations

from core.services.wallet.lots import (
    Spent,
    expire_lot,
    expired_lots,
    lots_to_warn,
    put_off_lot,
    spend,
    warn_of_lot,
)
from core.services.wallet.views import (
    LotView,
    Movement,
    VoucherView,
    Wallet,
    list_vouchers,
    owed_by_vouchers,
    wallet,
)
from core.services.wallet.vouchers import (
    Redeemed,
    expire_voucher,
    expired_vouchers,
    issue,
    put_off_voucher,
    redeem,
    show_code,
    use,
    vouchers_to_warn,
    warn_of_voucher,
)

__all__ = [
    "LotView",
    "Movement",
    "Redeemed",
    "Spent",
    "VoucherView",
    "Wallet",
    "expire_lot",
    "expire_voucher",
    "expired_lots",
    "expired_vouchers",
    "issue",
    "list_vouchers",
    "lots_to_warn",
    "owed_by_vouchers",
    "put_off_lot",
    "put_off_voucher",
    "redeem",
    "show_code",
    "spend",
    "use",
    "vouchers_to_warn",
    "wallet",
    "warn_of_lot",
    "warn_of_voucher",
]
