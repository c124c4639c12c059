"""Groups of look-alike cases at the desk: one list to look at, a tick for each, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import streamlit as st

from core.domain.errors import Refusal
from core.domain.money import plain
from core.services import look_alikes, staff
from core.services.look_alikes import Group, Weighed
from core.texts import Texts
from portal.html import esc, href, lines, ms, spoken
from portal.parts import amounts, pictures
from portal.parts.ask_wrong import reason_words
from portal.parts.desk_decide import Seat

MANY: Final = "desk_many_command"
WEIGHED: Final = "desk_many_weighed"
OUTCOME: Final = "desk_many_outcome"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one of them."""

    row: Weighed
    refused: Refusal | None


def many(at: Seat, name: str) -> None:
    """Groups of look-alike cases, each settled after one look at the list."""
    if name != "review":
        return
    tx, groups = at.tx, look_alikes.alike(at.app, at.actor, name)
    if not groups:
        return
    with st.container(key="desk-many"):
        st.html(f'<div class="sec"><h2>{esc(tx("desk.many"))}</h2></div>')
        for place, group in enumerate(groups[:3]):
            if st.button(_name(tx, group), key=f"many-{place}", width="stretch"):
                st.session_state[MANY] = f"many-{uuid4()}"  # born with the question: pressed twice, once done
                st.session_state[WEIGHED] = look_alikes.weigh(at.app, at.actor, group.case_nos)
                _ask_many(at, group)


def _name(tx: Texts, group: Group) -> str:
    reason = reason_words(tx, group.reason, group.kind)
    return tx(
        "queue.many.group",
        n=len(group.case_nos),
        reason=reason,
        amount=tx.money(group.asked_minor, group.currency),
    )


def _ask_many(at: Seat, group: Group) -> None:
    """Each with its tick and its sum; what the ticked come to; one button."""
    tx = at.tx

    def body() -> None:
        rows: list[Weighed] = st.session_state.get(WEIGHED, [])
        st.html(f'<p class="note">{esc(tx("queue.many.how"))}</p>')
        clear = [_tick(row) for row in rows if row.refused is None and not row.doubts]
        if clear:
            st.button(
                tx("queue.many.all", n=len(clear)), key="many-all", icon=":material/done_all:",
                on_click=lambda: st.session_state.update(dict.fromkeys(clear, True)),
            )  # fmt: skip
        chosen = [row for row in rows if _row(at, row)]
        if len(rows) < len(group.case_nos):
            st.html(f'<p class="note">{esc(tx("queue.many.gone", n=len(group.case_nos) - len(rows)))}</p>')
        if not chosen:
            st.html(f'<p class="note">{esc(tx("queue.many.none"))}</p>')
            return
        st.html(total(tx, chosen) + _reads(tx, chosen))
        if st.button(tx("queue.many.send", n=len(chosen)), type="primary", key="many-send", width="stretch"):
            _send(at, chosen)
            st.rerun()

    st.dialog(tx("queue.many.title"), width="medium")(body)()


def _row(at: Seat, row: Weighed) -> bool:
    """One of them, not ticked before somebody did so; what speaks against it stands below."""
    tx, card = at.tx, row.card
    who = card.customer_name or tx("desk.guest")
    with st.container(key=f"manyrow-{card.case_no}", horizontal=True, gap="small"):
        ticked = st.checkbox(
            tx("queue.many.tick", case_no=card.case_no, who=spoken(who)), key=_tick(row),
            disabled=row.refused is not None,
            label_visibility="collapsed",
        )  # fmt: skip
        st.html(line(tx, row))
    return ticked and row.refused is None


def _tick(row: Weighed) -> str:
    return f"many-{st.session_state[MANY]}-{row.card.case_no}"


def line(tx: Texts, row: Weighed) -> str:
    """Who, what, how much of it; a link to the case; the customer's words and pictures; what to mind."""
    card = row.card
    who = card.customer_name or tx("desk.guest")
    warn = "".join(
        f'<p class="amb">{ms("warning")}{esc(tx(f"queue.doubt.{doubt}", points=card.credit))}</p>'
        for doubt in row.doubts
    )
    if row.refused is not None:
        warn = f'<p class="red">{ms("block")}{esc(tx.refusal(row.refused))}</p>'
    to = href("/desk", queue="review", case=card.case_no)
    link = f'<a href="{to}" target="_blank" rel="noopener">{esc(card.case_no)}</a>'
    return (
        f'<div class="mrow"><div><b><bdi>{esc(who)}</bdi></b> · <bdi>{esc(card.product)}</bdi> · '
        f"{esc(tx('desk.credit', points=card.credit))}<small>{link}</small>{warn}</div>"
        f"<span>{_sum(tx, row)}</span>{_said(tx, row)}</div>"
    )


def _said(tx: Texts, row: Weighed) -> str:
    """What there is to look at before it is settled."""
    words = f'<p class="quote">{lines(row.words)}</p>' if row.words else ""
    return words + pictures.shots(tx, row.pictures)


def _sum(tx: Texts, row: Weighed) -> str:
    """`¥99.08 − 手续费 ¥4.95 = ¥94.13`."""
    if row.refused is not None:
        return esc(tx.money(row.asked_minor, row.card.currency))
    taken = _taken(tx, row)
    gets = esc(tx("queue.many.gets", amount=tx.money(row.refund_minor, row.card.currency)))
    return f"<b>{gets}</b><small>{esc(taken)}</small>"


def _taken(tx: Texts, row: Weighed) -> str:
    currency = row.card.currency
    parts = [tx("queue.many.asks", amount=tx.money(row.asked_minor, currency))]
    if row.fee_minor:
        parts.append(tx("queue.many.fee", amount=tx.money(row.fee_minor, currency)))
    if row.fx_minor:
        parts.append(tx("queue.many.fx", amount=tx.money(row.fx_minor, currency)))
    return " · ".join(parts)


def total(tx: Texts, rows: list[Weighed]) -> str:
    """What the ticked ones come to: asked − fees − differences = paid out."""
    currency = rows[0].card.currency

    def money(minor: int) -> str:
        return tx.money(minor, currency)

    fee, fx = sum(row.fee_minor for row in rows), sum(row.fx_minor for row in rows)
    lines = [("", tx("queue.many.asked", n=len(rows)), money(sum(row.asked_minor for row in rows)))]
    lines += [
        ("", tx(key), money(-minor))
        for key, minor in (("desk.granted.fee", fee), ("desk.granted.fx", fx))
        if minor
    ]
    lines.append(("total", tx("queue.many.pays"), money(sum(row.refund_minor for row in rows))))
    return amounts.as_list(lines)


def note(tx: Texts, row: Weighed) -> str:
    """What this customer is told; of a fee with its figure."""
    if not row.fee_minor or row.fee_basis_points is None:
        return tx("desk.note.approve.checked")
    currency = row.card.currency
    return tx(
        "queue.many.note_fee", rate=plain(row.fee_basis_points).rstrip("0").rstrip("."),
        fee=tx.money(row.fee_minor, currency), amount=tx.money(row.refund_minor, currency),
    )  # fmt: skip


def _reads(tx: Texts, rows: list[Weighed]) -> str:
    """The words to the first of them; the others get theirs with their own figures."""
    label = f'<span class="lab">{ms("visibility")}{esc(tx("queue.many.reads", n=len(rows)))}</span>'
    return f'<div class="reads">{label}<p class="quote">{esc(note(tx, rows[0]))}</p></div>'


def _send(at: Seat, rows: list[Weighed]) -> None:
    notes = {row.card.case_no: note(at.tx, row) for row in rows}
    seen = {row.card.case_no: row.seen for row in rows}
    came_of = look_alikes.approve_all(
        at.app, at.actor, list(notes), st.session_state[MANY], notes=notes, seen=seen
    )
    by_case = {row.card.case_no: row for row in rows}
    st.session_state[OUTCOME] = [Done(by_case[case_no], refused) for case_no, refused in came_of]
    if any(case_no == st.query_params.get("case") and refused is None for case_no, refused in came_of):
        del st.query_params["case"]  # it is decided: the next one is shown


def outcome(at: Seat) -> None:
    """What came of the last group, until it was read: done, and not done with the reason."""
    results: list[Done] = st.session_state.get(OUTCOME, [])
    if not results:
        return
    tx, names = at.tx, staff.names(at.app)
    with st.container(key="card-outcome"):
        st.html(came_of(tx, results, names))
        st.button(
            tx("queue.many.read"), key="outcome-read", on_click=lambda: st.session_state.pop(OUTCOME, None)
        )


def came_of(tx: Texts, results: list[Done], names: staff.Names) -> str:
    """Two lists: what was not approved and why, then what was."""
    failed = [done for done in results if done.refused is not None]
    done = [each for each in results if each.refused is None]
    head = (
        tx("queue.many.came", n=len(done), failed=len(failed))
        if failed
        else tx("desk.many.done", n=len(done))
    )
    items = "".join(_came(tx, each, names) for each in (*failed, *done))
    return f'<div class="came" role="status"><h2>{esc(head)}</h2><ul>{items}</ul></div>'


def _came(tx: Texts, each: Done, names: staff.Names) -> str:
    card = each.row.card
    who = card.customer_name or tx("desk.guest")
    what = f"{card.case_no} · {who} · {tx.money(each.row.asked_minor, card.currency)}"
    to = href("/desk", case=card.case_no)
    if each.refused is None:
        gets = tx("queue.many.gets", amount=tx.money(each.row.refund_minor, card.currency))
        return f'<li>{ms("check_circle", "ok")}<span><a href="{to}">{esc(what)}</a> {esc(gets)}</span></li>'
    why = tx.refusal(staff.named(each.refused, names))
    if each.refused.code in ("transition_refused", "not_allowed"):
        why = tx("queue.many.decided")
    said = f'<a href="{to}">{esc(what)}</a><small>{esc(why)}</small>'
    return f'<li class="no">{ms("error")}<span>{said}</span></li>'
