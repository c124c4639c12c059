"""'Not received?': where to look in the channel's own app, the customer's bill, and past the limit a ticket
with our answers (R5.4, R5.5).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from core.domain.errors import Refusal
from core.domain.missing import BY_HAND, Checked
from core.domain.settlement import HERE
from core.services import missing, policies
from core.services.case_views import CaseView
from core.services.missing import Lost, Piece
from portal.html import esc, ms
from portal.parts import bill_said, eta
from portal.parts.turn import Turn, refusal, remember
from portal.parts.wizard import bad

LARGEST_MB: Final = 10
_SAID: Final = "bill_said"
_STEPS: Final = {"alipay": 3, "wechat": 3, "card": 3, BY_HAND: 3}
_SILENT_FOR: Final = timedelta(days=1)  # sent and not even taken: then it is asked for as well


def may_be_missing(view: CaseView, *, now: datetime) -> bool:
    """Whether the money should be there by what the channel said; a balance is seen at once."""
    return any(
        payout.state == "arrived"
        or (payout.state == "accepted" and payout.eta_at is not None and payout.eta_at <= now)
        or (payout.state == "unknown" and payout.sent_at is not None and payout.sent_at + _SILENT_FOR <= now)
        for payout in view.payouts
        if payout.channel not in HERE
    )


def is_urgent(lost: Lost, *, now: datetime) -> bool:
    """Whether it is shown open: nothing has arrived, and it is past the time to wait."""
    return lost.open_ticket is None and any(
        piece.may_open(now) and piece.sent.state != "arrived" for piece in lost.pieces
    )


def show(t: Turn, lost: Lost) -> None:
    """Everything in the order in which it is tried."""
    if not lost.pieces:
        return
    piece = _which(t, lost.pieces)
    st.html(_where(t, piece))
    if piece.sent.has_bill and piece.promised_at is not None:
        _bill(t, piece, piece.promised_at)
    if lost.open_ticket is None:
        _tell(t, lost, piece)


def _which(t: Turn, pieces: tuple[Piece, ...]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    names = {
        piece.sent.id: t.tx(
            "track.missing.piece",
            channel=_channel(t, piece),
            amount=t.tx.money(piece.sent.amount_minor, piece.sent.currency),
        )
        for piece in pieces
    }
    chosen = st.radio(
        t.tx("track.missing.which"), list(names), key=f"which-{t.view.case_no}",
        format_func=lambda number: names[number], persist_state="page",
    )  # fmt: skip
    return next(piece for piece in pieces if piece.sent.id == chosen)


def _channel(t: Turn, piece: Piece) -> str:
    return t.tx(f"channel.{piece.sent.payee_channel or piece.sent.channel}")


def _where(t: Turn, piece: Piece) -> str:
    """The steps in the app, with the numbers to compare; until when to wait."""
    tx, sent = t.tx, piece.sent
    name, since = _channel(t, piece), tx.date(sent.sent_at or t.now, t.now)
    names = {"channel": name, "since": since, "account": piece.account}
    numbered = range(1, _STEPS.get(sent.channel, 0) + 1)
    steps = "".join(
        f"<li>{esc(tx(f'track.missing.look_{sent.channel}_{number}', **names))}</li>" for number in numbered
    )
    numbers = [
        (tx("track.missing.amount"), tx.money(sent.amount_minor, sent.currency)),
        (
            tx("track.missing.transfer_no" if sent.channel == BY_HAND else "track.missing.refund_no"),
            sent.reference,
        ),
        (tx("track.missing.trade_no"), "" if sent.channel == BY_HAND else sent.trade_no),
    ]
    rows = "".join(
        f"<div><dt>{esc(label)}</dt><dd><bdi>{esc(value)}</bdi></dd></div>"
        for label, value in numbers
        if value
    )
    waits = []
    if piece.promised_at is not None and piece.promised_at > t.now:
        waits.append(tx("track.missing.wait", date=tx.date(piece.promised_at, t.now)))
    if sent.state != "arrived" and (measured := eta.measured(t.app, tx, sent.channel)):
        waits.append(measured)
    note = "".join(f'<p class="note">{esc(line)}</p>' for line in waits)
    title = f"<h3>{esc(tx('track.missing.where', channel=name))}</h3>"
    return f'{title}<ol class="look">{steps}</ol><dl class="kv nos">{rows}</dl>{note}'


def _bill(t: Turn, piece: Piece, promised_at: datetime) -> None:
    """How to export it, the uploader, and what came of it. The file is forgotten once it was read."""
    tx, sent = t.tx, piece.sent
    until = max(promised_at, sent.arrived_at or promised_at)
    how = tx(
        f"track.bill.how_{sent.channel}",
        since=tx.date(sent.sent_at or t.now, t.now),
        until=tx.date(until, t.now),
    )
    st.html(
        f'<h3 class="gap">{esc(tx("track.bill.title"))}</h3><p class="note">{esc(how)}</p>'
        f'<p class="note">{ms("lock")}{esc(tx("track.bill.kept"))}</p>'
    )
    if piece.row is not None:
        at, amount = tx.when(piece.row.at, t.now), tx.money(piece.row.amount_minor, sent.currency)
        kept = tx("track.bill.row_kept", line=piece.row.line, at=at, amount=amount)
        st.html(f'<p class="note ok" role="status">{ms("check")}{esc(kept)}</p>')
    held = said(t, piece)
    _uploader(t, piece, is_again=held is not None)
    if held is None:
        return
    name, outcome = held
    if isinstance(outcome, Refusal):
        st.html(bill_said.unreadable(tx, name, outcome))
        return
    st.html(bill_said.verdict(tx, piece, outcome, now=t.now))
    if outcome.row is not None and piece.row is None:
        _consent(t, piece, outcome)


def said(t: Turn, piece: Piece) -> tuple[str, Checked | Refusal] | None:
    """The file's name and what came of it, of this payout, in this session."""
    held: tuple[int, str, Checked | Refusal] | None = st.session_state.get(_SAID)
    return (held[1], held[2]) if held is not None and held[0] == piece.sent.id else None


def _uploader(t: Turn, piece: Piece, *, is_again: bool) -> None:
    tx, number = t.tx, piece.sent.id
    tries = st.session_state.get(f"bills-{number}", 0)
    pick = tx("track.bill.again") if is_again else tx("track.bill.pick")
    with st.container(key="plain-bill", gap=None):
        st.html(f'<style>.st-key-plain-bill{{--pick:"{esc(pick)}"}}</style>')
        file = st.file_uploader(
            tx("track.bill.file"), key=f"bill-{number}-{tries}", max_upload_size=LARGEST_MB,
        )  # fmt: skip
        st.html(
            f'<p class="on-its-way" role="status">{esc(tx("track.bill.sending"))}</p>'
            f'<div class="held-back">{bad(tx("track.bill.held_back", size=LARGEST_MB))}</div>'
        )
        if file is None:
            return
        outcome: Checked | Refusal
        with st.spinner(tx("track.bill.reading")):
            try:
                outcome = missing.check_bill(
                    t.app, t.actor, t.view.case_no, number, file.name, file.getvalue()
                )
            except Refusal as refused:
                outcome = refused
    st.session_state[_SAID] = (number, file.name, outcome)
    st.session_state[f"bills-{number}"] = tries + 1  # a fresh uploader: Streamlit lets go of the file
    st.rerun()


def _consent(t: Turn, piece: Piece, checked: Checked) -> None:
    agreed = st.checkbox(t.tx("track.bill.keep"), key=f"keep-{piece.sent.id}", value=False)
    if refused := refusal(t, "keep_row"):
        st.html(bad(t.tx.refusal(refused)))
    st.button(
        t.tx("track.bill.keep_go"),
        key="do-keep",
        disabled=not agreed,
        on_click=_keep,
        args=(t, piece, checked),
    )


def _keep(t: Turn, piece: Piece, checked: Checked) -> None:
    line = checked.row.line if checked.row else 0
    command_id = f"keep-{t.view.case_no}-{piece.sent.id}-{line}-{t.actor}"
    try:
        missing.keep_row(t.app, t.actor, t.view.case_no, piece.sent.id, checked, command_id)
    except Refusal as refused:
        remember(t, "keep_row", refused)


def _tell(t: Turn, lost: Lost, piece: Piece) -> None:
    """Past the limit the form; before it from when on, and why."""
    tx = t.tx
    if not piece.may_open(t.now):
        st.html(_wait(t, piece))
        return
    due = t.app.calendar.deadline(
        t.now, policies.of_version(t.app, t.view.policy_version).working_days.ticket
    )
    by = tx.date(due.at, t.now, provisional=due.provisional)
    how = tx("track.ticket.how", by=by, channel=_channel(t, piece))
    held = said(t, piece)
    checked = held[1] if held is not None and isinstance(held[1], Checked) else None
    with_bill = f'<p class="note">{esc(tx("track.ticket.with_bill"))}</p>' if checked else ""
    st.html(f'<h3 class="gap">{esc(tx("track.ticket.title"))}</h3><p class="note">{esc(how)}</p>{with_bill}')
    key = f"ticket-{t.view.case_no}"
    st.text_area(tx("track.ticket.words"), key=key, height=96, persist_state="page")
    if refused := refusal(t, "open_ticket"):
        st.html(bad(tx.refusal(refused)))
    command_id = f"ticket-{t.view.case_no}-{len(lost.tickets)}-{t.actor}"
    st.button(
        tx("track.ticket.go"), key="do-ticket", type="primary", on_click=_open,
        args=(t, piece, key, command_id, checked),
    )  # fmt: skip


def _open(t: Turn, piece: Piece, key: str, command_id: str, checked: Checked | None) -> None:
    words = str(st.session_state.get(key, ""))
    try:
        missing.open_ticket(t.app, t.actor, t.view.case_no, piece.sent.id, words, command_id, checked)
    except Refusal as refused:
        remember(t, "open_ticket", refused)


def _wait(t: Turn, piece: Piece) -> str:
    tx, limits = t.tx, policies.of_version(t.app, t.view.policy_version).limits
    if piece.opens_at is None or piece.promised_at is None:
        return f'<p class="note gap">{esc(tx("track.ticket.why_unpromised"))}</p>'
    opens = tx.date(piece.opens_at, t.now, provisional=piece.is_provisional)
    why = tx(
        "track.ticket.why",
        promised=tx.date(piece.promised_at, t.now),
        days=limits.arrival_overdue_working_days,
    )
    title = f'<h3 class="gap">{esc(tx("track.ticket.title"))}</h3>'
    return f'{title}<p>{esc(tx("track.ticket.from", opens=opens))}</p><p class="note">{esc(why)}</p>'
