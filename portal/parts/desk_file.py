"""The file of one case as staff read it: what is asked, the facts, the pictures, the story, the customer, and
what the rules say. Values in, HTML out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core import wording
from core.domain.deadlines import BY_WORKING_DAYS
from core.domain.routes import RouteOption
from core.services import desk, weighing
from core.services.case_views import CaseView, EventView
from core.services.decisions import CARRYING
from core.services.desk import File
from core.services.staff import name as name_of
from core.texts import Texts
from portal.html import esc, href, lines, ms
from portal.parts import amounts, desk_findings, goods, pictures, reading, versions, ways, why
from portal.parts.ask_wrong import reason_words
from portal.parts.desk_queue import clock, forged

_OPEN: Final = ("in_review", "in_appeal", "in_arbitration", "negotiating")  # where somebody decides
_TO_DECIDE: Final = ("in_review", "in_appeal", "in_arbitration", "awaiting_customer")  # a yes is open
# Whose time it is, where it is not ours to answer.
_DUE: Final = {
    "draft": "queue.due.draft",
    "awaiting_customer": "queue.due.customer",
    "rejected": "queue.due.appeal",
    "negotiating": "queue.due.talks",
}
_ENDS: Final = {"reject": "no", "lapse": "no", "withdraw": "no"}  # event → class of its dot


def head(tx: Texts, file: File, *, now: datetime) -> str:
    """What is asked, in one line, whose time is running and until when; since when it is late."""
    view = file.view
    asked = tx.money(view.requested_minor or 0, view.currency)
    title = tx("desk.asks", reason=reason_words(tx, view.reason or "other", view.order.kind), amount=asked)
    crumb = tx("desk.crumb", case_no=view.case_no, order_no=view.order.order_no)
    return (
        f'<div class="dh"><div><span class="lab">{esc(crumb)}</span><h2>{esc(title)}</h2></div>'
        f"<p>{_until(tx, view, now)}</p></div>{_late(tx, view, now)}"
        f"{forged(tx, desk_findings.by(file), file.names)}"
    )


def _until(tx: Texts, view: CaseView, now: datetime) -> str:
    """Only where somebody's time is running: an approved refund is no late one."""
    if view.due_at is not None and view.state in BY_WORKING_DAYS:
        # In talks each side has its own time.
        if desk.late_since(view, now) is not None:
            label, by = tx("queue.due.lead"), tx.until(view.due_at, now)
            return f'<span class="lab">{esc(label)}</span>{esc(by)}'
        due = "queue.due.customer" if view.locator.turn else _DUE.get(view.state, "desk.due")
        label = tx(due)
        return f'<span class="lab">{esc(label)}</span>{clock(tx, view.due_at, now)}'
    return f'<span class="lab">{esc(tx("queue.stands"))}</span>{esc(tx(f"state.{view.state}"))}'


def _late(tx: Texts, view: CaseView, now: datetime) -> str:
    since = desk.late_since(view, now)
    if since is None:
        return ""
    key = "queue.late_transfer" if view.state == "paying" else "queue.late_since"
    said = tx(key, when=tx.when(since, now), span=tx.duration(now - since))
    return f'<p class="lateline">{ms("alarm")}{esc(said)}</p>'


def news(tx: Texts, file: File, *, now: datetime) -> str:
    """What the customer, or whoever sent it here, said last, with the pictures that came with it: what the
    decision is about now. '' where nobody has spoken since it was sent.
    """
    view = file.view
    if view.state not in _OPEN:
        return ""
    said = [event for event in view.events if event.event in ("submit", *CARRYING)]
    if not said or said[-1].event == "submit":
        return ""
    event = said[-1]
    words = f'<p class="quote">{lines(event.note)}</p>' if event.note else ""
    sent = desk_findings.figures(tx, file, tuple(e for e in view.evidence if e.said_seq == event.seq))
    what = f"{tx(f'event.{event.event}')}{_way(tx, event)}"
    return (
        f'<div class="news"><span class="tg">{ms("fiber_new")}{esc(tx("queue.news"))}</span>'
        f"<p><b>{esc(_who(tx, file, event))} {esc(what)}</b> <small>{esc(tx.when(event.at, now))}</small></p>"
        f"{words}{sent}</div>"
    )


def facts(tx: Texts, file: File, *, now: datetime) -> str:
    """The order and who asks."""
    view, order = file.view, file.view.order
    who = file.customer_name or tx("desk.guest")
    if view.customer_id:
        to = href("/credit", customer=view.customer_id)
        history = f'<a href="{to}">{esc(tx("desk.credit.history", points=file.credit))}</a>'
        held = href("/wallet", customer=view.customer_id)
        history += f' · <a href="{held}">{esc(tx("shell.page.wallet"))}</a>'
    else:
        history = esc(tx("desk.credit.guest"))
    words = f'<p class="said">{lines(view.description)}</p>' if view.description else ""
    return (
        goods.line(
            order.kind, goods.title(order.product, order.quantity), who,
            tx.money(order.amount_minor, order.currency),
        )
        + goods.facts(tx, order, now=now)
        + f'<p class="note">{history}</p>{words}'
    )  # fmt: skip


def proof(tx: Texts, file: File, *, now: datetime) -> str:
    """The pictures, large; each opens in full. Under them what makes one look twice: hints, for a person."""
    view = file.view
    count = tx("desk.proof.count", n=len(view.evidence)) if view.evidence else tx("desk.proof.none")
    hints = [
        *_weak(tx, view),
        *_doubted(tx, file),
        *_again(tx, file, now),
        *reading.reading_said(tx, view, file.said, now=now),
    ]
    said = f'<ul class="hints">{"".join(hints)}</ul>' if hints else ""
    return (
        f'<div class="sec in"><h2>{esc(tx("desk.proof"))}</h2><span>{esc(count)}</span></div>'
        f'<div class="big">{desk_findings.figures(tx, file, view.evidence)}</div>'
        f"{desk_findings.block(tx, file, now=now)}{said}"
    )


def _weak(tx: Texts, view: CaseView) -> list[str]:
    """What its sender was told at the upload."""
    return [
        f"<li>{ms('visibility_off')}<span>{esc(pictures.name(tx, item, number))}: "
        f"{esc(tx(f'picture_warning.{code}'))}</span></li>"
        for number, item in enumerate(view.evidence, 1)
        for code in item.warnings
    ]


def _doubted(tx: Texts, file: File) -> list[str]:
    """Signs of editing: what was seen and where, and that it may be harmless."""
    found = []
    for number, item in enumerate(file.view.evidence, 1):
        for doubt in file.doubts.get(item.id, ()):
            across, down = doubt.place or (0, 0)
            words = tx(f"picture_doubt.{doubt.code}", seen=doubt.seen, across=across, down=down)
            said = f"{pictures.name(tx, item, number)}: {words}"
            found.append(f"<li>{ms('edit_note')}<span>{esc(said)}</span></li>")
    return found


def _again(tx: Texts, file: File, now: datetime) -> list[str]:
    places = {item.id: (number, item) for number, item in enumerate(file.view.evidence, 1)}
    found = []
    for hint in file.again:
        if hint.evidence_id not in places:  # added while the file was being read
            continue
        number, item = places[hint.evidence_id]
        key = f"desk.{'near' if hint.is_near else 'again'}.{'same' if hint.is_same_customer else 'other'}"
        words = tx(key, name=pictures.name(tx, item, number), date=tx.date(hint.at, now))
        to = href("/desk", case=hint.case_no)
        link = f'<a href="{to}">{esc(hint.case_no)}</a>'
        icon = "difference" if hint.is_near else "content_copy"
        found.append(f"<li>{ms(icon)}<span>{esc(words)} {link}</span></li>")
    return found


def story(tx: Texts, file: File, *, now: datetime) -> str:
    """What happened and who did it, the newest first, with everything that was said."""
    items = "".join(
        f'<li class="{_ENDS.get(event.event, "")}"><i aria-hidden="true"></i>'
        f'<div class="w"><span>{esc(tx.when(event.at, now))}</span>'
        f"<span>{esc(_who(tx, file, event))}</span></div>"
        f"<b>{esc(tx(f'event.{event.event}'))}{_amount(tx, file, event)}{esc(_way(tx, event))}</b>"
        + desk_findings.about(tx, file, event)
        + (f'<p class="quote">{lines(event.note)}</p>' if event.note else "")
        + desk_findings.figures(tx, file, tuple(e for e in file.view.evidence if e.said_seq == event.seq))
        + "</li>"
        for event in reversed(file.view.events)
    )
    return f'<div class="sec in"><h2>{esc(tx("desk.story"))}</h2></div><ol class="tl">{items}</ol>'


def _amount(tx: Texts, file: File, event: EventView) -> str:
    return "" if event.amount_minor is None else esc(f" · {tx.money(event.amount_minor, file.view.currency)}")


def _way(tx: Texts, event: EventView) -> str:
    """How it is to be paid: ` · 人工转到… · 银行卡 ****1234`."""
    way = f" · {ways.ours(tx, event)}" if event.way else ""
    return f"{way} · {ways.account(tx, event)}" if event.payee else way


def _who(tx: Texts, file: File, event: EventView) -> str:
    """The role and the name; of support, that they spoke for the customer."""
    role = tx(f"role.{event.role}")
    if event.role in ("customer", "guest", "system"):
        return role
    who = f"{role} {name_of(file.names, event.actor_id)}"
    return tx("queue.for_customer", who=who) if event.role == "support" else who


def others(tx: Texts, file: File, *, now: datetime) -> str:
    """The same customer's other requests."""
    head = f'<div class="sec in"><h2>{esc(tx("desk.others"))}</h2></div>'
    if not file.others:
        return head + f'<p class="note">{esc(tx("desk.others.none"))}</p>'
    items = "".join(
        f'<li><a href="{href("/desk", case=card.case_no)}"><b><bdi>{esc(goods.name(card))}</bdi> · '
        f"{esc(tx.money(card.requested_minor or 0, card.currency))}</b><span>"
        f"{esc(tx.when(card.created_at, now))} · {esc(tx(f'state.{card.state}'))}</span></a></li>"
        for card in file.others
    )
    return f'{head}<ul class="dothers">{items}</ul>'


def rules(tx: Texts, file: File, minor: int, option: RouteOption | None, *, now: datetime) -> str:
    """What the rules say, as of when it was sent, and what would be paid if the answer were yes to `minor`,
    the amount that is being decided; of what is granted already, what that comes to.
    """
    if file.view.approved_minor is not None:
        return _granted(tx, file)
    found = file.answer.found
    says = tx("queue.rule_says", words=wording.rule_sentence(tx, file.policy, found.rule, file.answer.facts))
    missing = (
        f'<p class="amb">{ms("warning")}{esc(lacks)}</p>'
        if (lacks := _lacks(tx, found.missing_evidence))
        else ""
    )
    suggestion = (
        ""
        if file.view.state not in _TO_DECIDE or option is None
        else f'{_first(tx, file)}<div class="sug"><span class="lab">{esc(_of(tx, file, minor))}</span>'
        f"<b>{esc(tx.money(option.breakdown.refund, file.view.currency))}</b>"
        f"<span>{esc(tx(f'route.{option.route}'))}</span></div>"
        + amounts.table(tx, option.breakdown, file.view.currency, for_staff=True)
    )
    return (
        f'<div class="dr"><h2>{esc(tx("desk.rules"))}</h2><p class="vd {found.verdict}">'
        f"{esc(tx(f'verdict.{found.verdict}'))}</p><p>{esc(says)}</p>{missing}{suggestion}"
        f"{versions.for_staff(tx, file.view.versions, file.view.currency)}</div>"
    )


def _of(tx: Texts, file: File, minor: int) -> str:
    """Of which amount that is, where it is not the one that was asked for."""
    if minor == file.view.requested_minor:
        return tx("desk.rules.pays")
    return tx("desk.rules.pays_of", amount=tx.money(minor, file.view.currency))


def _first(tx: Texts, file: File) -> str:
    """What the first of two approved, beside what was asked for."""
    first = weighing.first_approval(file.view)
    if first is None or first.amount_minor is None:
        return ""
    amount, asked = (
        tx.money(minor, file.view.currency) for minor in (first.amount_minor, file.view.requested_minor or 0)
    )
    key = "desk.rules.first_offered" if first.of == "offer" else "desk.rules.first"
    who = name_of(file.names, first.actor_id)
    return f"<p>{esc(tx(key, who=who, amount=amount, asked=asked))}</p>"


def _granted(tx: Texts, file: File) -> str:
    view = file.view
    rows = [("", tx("desk.granted.approved"), tx.money(view.approved_minor or 0, view.currency))]
    rows += [
        ("", tx(key), tx.money(-minor, view.currency))
        for key, minor in (("desk.granted.fee", view.fee_minor), ("desk.granted.fx", view.fx_minor))
        if minor
    ]
    rows.append(("total", tx("desk.rules.receives"), tx.money(view.refund_minor or 0, view.currency)))
    by = view.decided_by or ""
    who = tx(
        "desk.granted.by", who=tx("role.system") if by.startswith("system:") else name_of(file.names, by)
    )
    told = amounts.as_list(rows) + versions.for_staff(tx, view.versions, view.currency)
    return f'<div class="dr"><h2>{esc(tx("desk.granted"))}</h2><p>{esc(who)}</p>{told}</div>'


def _lacks(tx: Texts, kinds: tuple[str, ...]) -> str:
    names = tx.list([tx(f"evidence_kind.{kind}") for kind in kinds])
    return tx("desk.rules.missing", kinds=names) if kinds else ""


def table(tx: Texts, file: File) -> str:
    """Every rule and why it did not decide."""
    return why.rules(tx, file.answer.found, file.policy, currency=file.view.currency, is_full=True)
