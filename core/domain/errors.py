"""Refusals: every 'no' the portal can say, as a type with a code and parameters.

The words live in the catalogs under `refusal.<code>`; nothing here is prose.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """A command was refused; nothing was changed. `params` fill the sentence in the catalogs."""

    code: ClassVar[str] = "refused"

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code)
        self.params = params

    def __str__(self) -> str:
        return self.code

    def __reduce__(self) -> tuple[Any, ...]:
        """From another process as it was: the classes do not take what `Exception` would give them."""
        return _blank, (type(self),), self.__dict__

    def as_dict(self) -> dict[str, Any]:
        """The refusal for JSON output: `{"code": …, **params}`."""
        return {"code": self.code, **self.params}


def _blank(kind: type[Refusal]) -> Refusal:
    refused = kind.__new__(kind)
    Exception.__init__(refused, kind.code)
    return refused


class NotFound(Refusal):
    """The thing does not exist or is not yours: strangers cannot tell which (invariant 12)."""

    code = "not_found"


class NotAllowed(Refusal):
    """The role may not do this at all."""

    code = "not_allowed"


class AccountOnly(Refusal):
    """A guest asks for what only the order's account may: it made this request itself."""

    code = "account_only"


class OwnCase(Refusal):
    """Nobody decides a case of their own, and nobody judges twice (invariant 13)."""

    code = "own_case"


class SamePerson(Refusal):
    """A second decision needs a second person (invariant 13)."""

    code = "same_person"


class SecondApprovalNeeded(Refusal):
    """The first of two approvals is given, and this role may not give the second (invariant 13)."""

    code = "second_approval_needed"


class InOtherHands(Refusal):
    """A colleague has the case in hand. Params: `person`, `until`."""

    code = "in_other_hands"


class TransitionRefused(Refusal):
    """The lifecycle table has no row for this state and event."""

    code = "transition_refused"

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(machine=machine, state=state, event=event)


class EventUnknown(Refusal):
    """No event of the lifecycle has this name. Params: `event`, `allowed`."""

    code = "event_unknown"


class EndorsedByApproving(Refusal):
    """`endorse` comes of `approve` and `agree`, never by itself (invariant 13)."""

    code = "endorsed_by_approving"


class StaleForm(Refusal):
    """The case changed since the form was shown."""

    code = "stale_form"


class CommandReused(Refusal):
    """A command id came back with another command: one id is one effect (invariant 17)."""

    code = "command_reused"


class CaseAlreadyOpen(Refusal):
    """One open case per order (invariant 2). Params: `case_no`."""

    code = "case_already_open"


class Settled(Refusal):
    """An arbiter or an appeal has decided on this order; the same matter is closed (R3.4, R3.6). Params:
    `case_no`.
    """

    code = "settled"


class AmountInvalid(Refusal):
    """Not an amount: zero, negative, not a number, or more digits than the currency has."""

    code = "amount_invalid"


class AmountAboveRemaining(Refusal):
    """More than is left to refund. Params: `remaining_minor`, `currency`."""

    code = "amount_above_remaining"


class QuantityInvalid(Refusal):
    """More pieces than were bought. Params: `bought`."""

    code = "quantity_invalid"


class NothingLeft(Refusal):
    """Everything paid has been refunded already, here or outside."""

    code = "nothing_left"


class ReasonInvalid(Refusal):
    """Not one of the reasons."""

    code = "reason_invalid"


class TextTooLong(Refusal):
    """Params: `limit`, `length`."""

    code = "text_too_long"


class TextRequired(Refusal):
    """A rejection or a question without words (R3.5)."""

    code = "text_required"


class EvidenceMissing(Refusal):
    """Params: `kinds`: what the checklist still wants."""

    code = "evidence_missing"


class EvidenceRefused(Refusal):
    """The picture cannot be used. Params: `reason`: why, as a code."""

    code = "evidence_refused"


class EvidenceBusy(Refusal):
    """So many files are being looked at that this one had no turn; nothing is wrong with it."""

    code = "evidence_busy"


class StoreUnavailable(Refusal):
    """Pictures can neither be kept nor fetched at the moment; nothing was changed. `problem`: a code for the
    log, not for the customer.
    """

    code = "store_unavailable"

    def __init__(self, problem: str = "") -> None:
        super().__init__()
        self.problem = problem


class EvidenceSeen(Refusal):
    """A member of staff has looked at the picture: it is part of the file (R3.4)."""

    code = "evidence_seen"


class MaskRefused(Refusal):
    """These boxes cover nothing. Params: `mask`: why, as a code; `limit`."""

    code = "mask_refused"


class TermsNotAccepted(Refusal):
    code = "terms_not_accepted"


class VerdictChanged(Refusal):
    """What the customer saw is no longer true on fresh facts (R1.5). Params: `verdict`, `rule`."""

    code = "verdict_changed"


class RouteUnavailable(Refusal):
    """Params: `route`."""

    code = "route_unavailable"


class OfferUnneeded(Refusal):
    """An offer of exactly what was asked for: that is an approval."""

    code = "offer_unneeded"


class OfferVoid(Refusal):
    """What was offered cannot be paid like that any more; nothing was changed."""

    code = "offer_void"


class WayNotProposed(Refusal):
    """Another way for the money than its customer proposed: it is suggested to them, and they decide (R4.5).
    Params: `way`: what they proposed.
    """

    code = "way_not_proposed"


class WayUnsaid(Refusal):
    """Its customer has not said how to have it: until then only what goes back the way it came may go."""

    code = "way_unsaid"


class SuggestionUnneeded(Refusal):
    """A suggestion of what the customer proposed anyway: that is agreed on."""

    code = "suggestion_unneeded"


class NewEvidenceNeeded(Refusal):
    """An appeal that shows nothing new (R3.6)."""

    code = "new_evidence_needed"


class ProofOfClosureMissing(Refusal):
    """Money goes to another account only when there is proof that the old one is closed (R4.5)."""

    code = "proof_of_closure_missing"


class PayeeMissing(Refusal):
    """A transfer to another account, and nobody has said to which."""

    code = "payee_missing"


class PayeeInvalid(Refusal):
    """Params: `field`: channel, holder or account."""

    code = "payee_invalid"


class ReferenceRequired(Refusal):
    """A transfer by hand is recorded with the bank's or channel's own number."""

    code = "reference_required"


class PictureMissing(Refusal):
    """A finding names the picture of the case that it is about."""

    code = "picture_missing"


class FoundBefore(Refusal):
    """There is such a finding about this picture already."""

    code = "found_before"


class CreditAppealClosed(Refusal):
    """This entry cannot be appealed against: not a finding, too late, or it was once."""

    code = "credit_appeal_closed"


class MoneyAlreadySent(Refusal):
    """Too late to withdraw (R3.7)."""

    code = "money_already_sent"


class NothingMissing(Refusal):
    """No money of this case is on its way or said to have arrived: there is nothing to look for."""

    code = "nothing_missing"


class NoBillToRead(Refusal):
    """The exports of this channel are not read, or it was a transfer. Params: `channel`."""

    code = "no_bill_to_read"


class TicketTooEarly(Refusal):
    """Before the policy's limit 'not received' is a matter of waiting (R5.4). Params: `opens_at`."""

    code = "ticket_too_early"


class TicketIsOpen(Refusal):
    """One open 'not received' for a case."""

    code = "ticket_is_open"


class TicketIsClosed(Refusal):
    """A colleague was quicker."""

    code = "ticket_is_closed"


class CertificateTooEarly(Refusal):
    """No channel has taken any of the money yet: there is nothing to certify."""

    code = "certificate_too_early"


class KeysInvalid(Refusal):
    """No set of public keys. Params: `file`."""

    code = "keys_invalid"


class TooManyTries(Refusal):
    """Params: `minutes` until the next try."""

    code = "too_many_tries"


class SignInNeeded(Refusal):
    code = "sign_in_needed"


class FileUnreadable(Refusal):
    """An import that cannot be read at all. Params: `seen`."""

    code = "file_unreadable"


class ColumnsUnknown(FileUnreadable):
    """A table without the columns of any export that is known. Params: `missing`."""

    code = "columns_unknown"


class HoldsNoOrders(FileUnreadable):
    """A bill that is known and holds no orders. Params: `seen`, `bill`: its kind."""

    code = "holds_no_orders"


class BillUnknown(FileUnreadable):
    """No table of a bill that is known. Params: `seen`: how the file begins."""

    code = "bill_unknown"


class BillIncomplete(FileUnreadable):
    """A bill whose header lacks columns. Params: `seen`, `bill`: its kind, `line`, `missing`."""

    code = "bill_incomplete"


class BillAmbiguous(FileUnreadable):
    """A bill with two columns of one name. Params: `seen`, `bill`: its kind, `line`, `twice`."""

    code = "bill_ambiguous"


class FileEmpty(FileUnreadable):
    code = "file_empty"


class FileNoTable(FileUnreadable):
    """A picture, a PDF, an old or locked workbook. Params: `seen`: what it is."""

    code = "file_no_table"


class FileLocked(FileUnreadable):
    """A zip that wants a password: Alipay and WeChat send them so."""

    code = "file_locked"


class FileNested(FileUnreadable):
    """An archive inside a zip, or an archive of another kind. Params: `seen`."""

    code = "file_nested"


class FileDamaged(FileUnreadable):
    """An archive or workbook that breaks off or contradicts itself. Params: `seen`."""

    code = "file_damaged"


class FileTooLarge(FileUnreadable):
    """More than is read, or an archive that would swell beyond reason. Params: `megabytes`: the limit."""

    code = "file_too_large"


class BillTooMuch(FileUnreadable):
    """Reading it took more time or memory than a stranger's file is given."""

    code = "bill_too_much"


class SeveralBills(FileUnreadable):
    """Params: `names`: of the bills in one archive or workbook."""

    code = "several_bills"


class PeriodInvalid(Refusal):
    """From a day to an earlier one, or to days that no book has. Params: `first`, `last`."""

    code = "period_invalid"


class BillOfAPerson(Refusal):
    """A person's own bill: nothing in it carries our numbers. Params: `bill`, its kind."""

    code = "bill_of_a_person"


class BillOfNoChannel(Refusal):
    """Nobody says which channel a table is of."""

    code = "bill_of_no_channel"


class BillChannelUnknown(Refusal):
    """A table is said to be of a channel that there is not. Params: `channel`, `allowed`: those that there
    are."""

    code = "bill_channel_unknown"


class BillNotWhole(Refusal):
    """Of half a bill nobody could say what is missing. Params: `n` lines that could not be read, the first of
    them in `lines`, also as `where`; `codes`: what else is wrong."""

    code = "bill_not_whole"


class BillWithoutTotals(BillNotWhole):
    """Its end, where the totals stand, is not there. Params as of `BillNotWhole`, so with those below."""

    code = "bill_without_totals"


class BillTotalsDiffer(BillNotWhole):
    """Its totals do not fit its rows."""

    code = "bill_totals_differ"


class BillNumbersRounded(BillNotWhole):
    """A spreadsheet has rounded its numbers."""

    code = "bill_numbers_rounded"


class BillHoldsNoRefunds(Refusal):
    """A bill of payments alone, while refunds of ours fall into its days."""

    code = "bill_holds_no_refunds"


class CorrectionMissing(Refusal):
    """There is nothing to book for this difference, or not before more is known. Params: `difference`."""

    code = "correction_missing"


class CorrectionOutdated(Refusal):
    """What was proposed is not what it needs now. Params: `difference`."""

    code = "correction_outdated"


class RefundBeyondPaid(Refusal):
    """With it more would have gone back than was paid, and whoever books it was not told so. Params:
    `number` of the refund, `order_no`.
    """

    code = "refund_beyond_paid"


class TooMany(Refusal):
    """More than one command takes. Params: `limit`, `n`."""

    code = "too_many"


class PayoutUnasked(Refusal):
    """Nobody can be asked about this payout now. Params: `state`."""

    code = "payout_unasked"


class PersonUnknown(Refusal):
    """Nobody whom it could be given to. Params: `person`."""

    code = "person_unknown"


class EncodingUnknown(FileUnreadable):
    """Neither UTF-8, UTF-16 nor GB18030. Params: `line`: the first that fits none."""

    code = "encoding_unknown"


class DemoOnly(Refusal):
    """The clock moves in demo mode only."""

    code = "demo_only"


class DemoClockMoved(Refusal):
    """The database of a demo whose clock was moved is used without demo mode: its times would be wrong."""

    code = "demo_clock_moved"


class CellRefused(Refusal):
    """A cell of the decision table may not hold this. Params: `rule`, `cell` (its column), `value`, `may`."""

    code = "cell_refused"


class PolicyInvalid(Refusal):
    """Params: `problems`: each `Slip` of the document as a dict."""

    code = "policy_invalid"


class PolicyUnsound(Refusal):
    """The analysis found what must be mended, and nobody said that it be so. Params: `faults`: how many."""

    code = "policy_unsound"


class DraftDecided(Refusal):
    """A draft of a policy that was approved, sent back or withdrawn meanwhile."""

    code = "draft_decided"


class TrialRunning(Refusal):
    """This draft is tried already, or another one for a share of the orders."""

    code = "trial_running"


class TrialsFull(Refusal):
    """As many policies decide beside the one in force as may. Params: `most`."""

    code = "trials_full"


class TrialEnded(Refusal):
    """A trial that was agreed to, or ended, meanwhile."""

    code = "trial_ended"


class ShareOutOfRange(Refusal):
    """Params: `least`, `most`, in per cent."""

    code = "share_out_of_range"


class PolicyMovedOn(Refusal):
    """A draft of another version than the last one, or that would begin before it. Params: `version`."""

    code = "policy_moved_on"


class MeaningRequired(Refusal):
    """Something is asked for, sent back or called off about a policy without a word."""

    code = "meaning_required"


class NoSuchVersion(Refusal):
    """No version of this number was ever published. Params: `version`."""

    code = "no_such_version"


class PolicyBegun(Refusal):
    """A version that is in force, was, or begins within a minute: it cannot be called off any more. Params:
    `version`.
    """

    code = "policy_begun"


class PolicyFollowed(Refusal):
    """A version that a newer one is scheduled after, which was written on top of it. Params: `version`, the
    newer one; `called`: the one that was to be called off.
    """

    code = "policy_followed"


class PolicyCalledOff(Refusal):
    """A version that somebody called off before. Params: `version`."""

    code = "policy_called_off"


class PolicyEntangled(Refusal):
    """Rules that cross each other so often that nobody can tell what they leave open or contradict."""

    code = "policy_entangled"


class PolicyFromThePast(Refusal):
    """A policy that would begin before now: what was decided would have been decided by another."""

    code = "policy_from_the_past"


class PolicyUnchanged(Refusal):
    """The document is the one in force at that time, letter by letter. Params: `version`."""

    code = "policy_unchanged"


class PolicySaysTheSame(Refusal):
    """A draft in which only comments or spacing differ from the last version. Params: `version`."""

    code = "policy_says_the_same"


class SweepInvalid(Refusal):
    """No curve of that. Params: `place`: what was asked for; `cause`: figure, range or many (`most`)."""

    code = "sweep_invalid"


class MappingInvalid(Refusal):
    """The mapping file of an import. Params: `problems`: each `Slip` of the file as a dict."""

    code = "mapping_invalid"


class FileMissing(Refusal):
    """A file of the command line that cannot be opened or written. Params: `file`."""

    code = "file_missing"


class FileExists(Refusal):
    """A file that is there already and is not written over. Params: `file`."""

    code = "file_exists"


class FactsInvalid(Refusal):
    """A facts file that is not one set of facts. Params: `problem`: a sentence, or `Slip`s as dicts."""

    code = "facts_invalid"


class HistoryInvalid(FactsInvalid):
    """An order history with a slip in it. Params: `problem`: `Slip`s as dicts, with file, row and column."""

    code = "history_invalid"


class AmountsTooLarge(Refusal):
    """The amounts of a history add up to more than 64 bits hold."""

    code = "amounts_too_large"


class ClusterMissing(Refusal):
    """What speaks to a cluster is not installed. Params: `extra`: the file of requirements that has it."""

    code = "cluster_missing"


class ClusterAway(Refusal):
    """No scheduler answers at this address, or its workers were lost. Params: `address`, `problem`."""

    code = "cluster_away"


class DatabaseUnavailable(Refusal):
    """No database there, or one without our tables. Params: `problem`: the driver's first line."""

    code = "database_unavailable"


class CasesUnderWay(Refusal):
    """Money or a decision is still under way for this person. Params: `cases`, their numbers."""

    code = "cases_under_way"


class HoldsMoney(Refusal):
    """The person has balance here that would be lost with them. Params: `amount_minor`, `currency`."""

    code = "holds_money"


class HoldsVouchers(Refusal):
    """The person has vouchers that nobody could redeem any more. Params: `count`."""

    code = "holds_vouchers"


class AwaitsAnswer(Refusal):
    """An appeal of theirs or their word that money is missing waits for our answer."""

    code = "awaits_answer"


class DatabaseNotEmpty(Refusal):
    """A backup is read into an empty database only."""

    code = "database_not_empty"


class BackupUnreadable(Refusal):
    """No backup there, one that broke off, or one of the other kind of database. Params: `file`."""

    code = "backup_unreadable"


class BackupDiffers(Refusal):
    """What was restored does not add up to the manifest. Params: `cases`, `expected`."""

    code = "backup_differs"


class ToolMissing(Refusal):
    """A program of the database's is not installed. Params: `tool`."""

    code = "tool_missing"


class ToolFailed(Refusal):
    """A program of the database's refused. Params: `tool`, `says`: its first line."""

    code = "tool_failed"


class ClockOutside(Refusal):
    """A time for the demo clock that the calendar does not know. Params: `first_year`, `last_year`."""

    code = "clock_outside"


class SignInFailed(Refusal):
    """What came back from the identity provider is not believed. Params: `problem`, a word for the log."""

    code = "sign_in_failed"


class TooManySignIns(Refusal):
    """From this address, or from all, more came to nothing lately than a mistake explains."""

    code = "too_many_sign_ins"


class SecondFactorNeeded(Refusal):
    """Staff sign in with a second factor, and the provider does not say that one was used."""

    code = "second_factor_needed"


class ProofNeeded(Refusal):
    """Money moves by the hand of somebody who showed lately who they are."""

    code = "proof_needed"


class AccountDiffers(Refusal):
    """The provider's account and the shop's person do not belong together: one of them is somebody else's."""

    code = "account_differs"


class ProviderSilent(Refusal):
    """The identity provider does not answer."""

    code = "provider_silent"


class SettingsExclude(Refusal):
    """Two settings that cannot stand together. Params: `variable`, `other`."""

    code = "settings_exclude"


class SettingInvalid(Refusal):
    """An environment variable holds what it may not. Params: `variable`, `allowed`."""

    code = "setting_invalid"


class TokenInvalid(SettingInvalid):
    """A secret that could be guessed. Params: `variable`, `least` and `most` characters."""

    code = "token_invalid"


class SettingMissing(Refusal):
    """An environment variable that another one needs. Params: `variable`, `beside`: the one that is set."""

    code = "setting_missing"


class StoreRefuses(Refusal):
    """The store for pictures does not let us in. Params: `variable` that is wrong, `problem`: its code."""

    code = "store_refuses"


class PortInvalid(Refusal):
    """No port that this user can listen on. Params: `port`, as it was written."""

    code = "port_invalid"


class PortBusy(Refusal):
    """Something else listens on this port. Params: `port`."""

    code = "port_busy"


class MailInvalid(Refusal):
    """No mail address that notices could go to."""

    code = "mail_invalid"


class BalanceTooSmall(Refusal):
    """All or nothing: what can be spent now is less. Params: `left_minor`, `currency`."""

    code = "balance_too_small"


class SpendKeyMissing(Refusal):
    """A purchase has a key of the shop's, so that it is paid once."""

    code = "spend_key_missing"


class CodeMistyped(Refusal):
    """No code of a voucher is written like this."""

    code = "code_mistyped"


class VoucherUnknown(Refusal):
    """No voucher has this code, or it has a newer one."""

    code = "voucher_unknown"


class VoucherRedeemed(Refusal):
    """It was redeemed before."""

    code = "voucher_redeemed"


class VoucherExpired(Refusal):
    """Its promised time is over."""

    code = "voucher_expired"


class CodeIsForBalance(Refusal):
    """A redeem code becomes balance; no purchase is paid with it."""

    code = "code_is_for_balance"


class CodeIsForPurchase(Refusal):
    """A discount is taken off a membership; it becomes no balance."""

    code = "code_is_for_purchase"


class PurchaseTooSmall(Refusal):
    """A discount is used whole, so the purchase costs as much or more. Params: `amount_minor`, `currency`."""

    code = "purchase_too_small"


class CodeShown(Refusal):
    """This code was shown already; there is only a new one."""

    code = "code_shown"
