"""What came of looking into a customer's bill, in words: found where, or not there and what that means."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.errors import FileUnreadable, Refusal
from core.domain.missing import Checked
from core.services.missing import Piece
from core.texts import Texts
from portal.html import esc, ms


def verdict(tx: Texts, piece: Piece, checked: Checked, *, now: datetime) -> str:
    """The answer as a block; announced when it comes."""
    if checked.said == "found":
        return _found(tx, piece, checked, now)
    if checked.said == "several":
        lines = tx.list([str(line) for line in checked.lines])
        return _block("act", "search", tx("track.bill.several"), tx("track.bill.several_next", lines=lines))
    due, sent_at = tx.date(checked.due_at, now), piece.sent.sent_at or checked.due_at
    why = tx(
        f"track.bill.why.{checked.said}",
        due=due,
        sent=tx.date(sent_at, now),
        channel=tx(f"channel.{piece.sent.channel}"),
    )
    unread = tx("track.bill.unread", n=checked.unread) if checked.unread else ""
    css = "no" if checked.said == "missing" else "act"
    return _block(css, "search_off", tx("track.bill.absent"), _covers(tx, checked, due, now), why, unread)


def unreadable(tx: Texts, name: str, refused: Refusal) -> str:
    """No bill that we know: what was seen, and what to do. `name`: of the file, somebody's text."""
    words = tx.refusal(refused, f"refused_bill.{refused.code}")
    if not isinstance(refused, FileUnreadable):
        return _block("act", "schedule", words)
    return _block("act", "description", tx("track.bill.unknown"), tx("track.bill.seen", name=name), words)


def _found(tx: Texts, piece: Piece, checked: Checked, now: datetime) -> str:
    assert checked.row is not None
    row, ours = checked.row, tx.money(piece.sent.amount_minor, piece.sent.currency)
    amount = tx.money(row.amount_minor, row.currency)
    where = tx("track.bill.found_at", line=row.line, at=tx.when(row.at, now), amount=amount)
    if not checked.is_same_amount:
        other = tx("track.bill.other_amount", amount=amount, ours=ours)
        return _block("act", "search", tx("track.bill.found"), where, other)
    how = tx(f"track.bill.by_{checked.by}")
    return _block("ok", "check", tx("track.bill.found"), where, how, tx("track.bill.found_next"))


def _covers(tx: Texts, checked: Checked, due: str, now: datetime) -> str:
    kind = tx(f"bill_kind.{checked.kind}")
    if checked.begins is None or checked.ends is None:
        return tx("track.bill.covers_nothing", kind=kind, due=due)
    last = max(checked.begins, checked.ends - timedelta(seconds=1))  # it ends before midnight
    begins, ends = tx.date(checked.begins, now), tx.date(last, now)
    return tx("track.bill.covers", kind=kind, begins=begins, ends=ends, due=due)


def _block(css: str, icon: str, title: str, *says: str) -> str:
    told = "".join(f"<p>{esc(line)}</p>" for line in says if line)
    inner = f"{ms(icon)}<div><h3>{esc(title)}</h3>{told}</div>"
    return f'<div class="said-of-bill {css}" role="status">{inner}</div>'
