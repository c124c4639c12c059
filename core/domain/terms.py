"""What a person says with an event: words, and figures where the event asks for some."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.domain.settlement import Payee


@dataclass(frozen=True, slots=True)
class Terms:
    """`amount_minor`, `route`: of an approval or an offer; `way`, `payee`: of a negotiated refund
    (`settlement`); `reference`: the bank's number of a transfer that was made by hand; `picture`: the
    evidence that a finding is about.
    """

    note: str = ""
    amount_minor: int | None = None
    route: str | None = None
    way: str | None = None
    payee: Payee | None = None
    reference: str = ""
    picture: str = ""

    def with_note(self, note: str) -> Terms:
        return replace(self, note=note)

    @property
    def said(self) -> str:
        """Everything but the words, to tell one command from another; no account in full."""
        payee = self.payee.masked if self.payee else None
        parts = (self.amount_minor, self.route, self.way, payee, self.reference or None, self.picture or None)
        return " ".join(str(part) for part in parts if part is not None)
