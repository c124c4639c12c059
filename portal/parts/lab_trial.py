"""A draft on trial: in the shadow, or for a share of the orders; what has accrued, and the stop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core.adapters.world import App
from core.domain import policy as policy_documents
from core.domain.actors import Actor, same_person
from core.domain.errors import PolicyInvalid
from core.domain.policy import Policy
from core.domain.trials import LEAST, MOST
from core.services import policies, policy_trials, staff
from core.services.policy_drafts import Draft
from core.services.policy_trials import Example, Seen, Trial
from core.texts import Texts
from portal import boundary
from portal.blocks import rules_text
from portal.html import esc, href, ms
from portal.parts import lab_case, lab_drafts
from portal.parts.lab_drafts import DONE

_FIRST_SHARE = 5  # per cent offered at first


def show(
    app: App, actor: Actor, tx: Texts, draft: Draft, newest: int, names: staff.Names, *, now: datetime
) -> None:
    """The card of one draft; nothing where it is decided, or is no edit of the `newest` version any more, and
    was never tried.
    """
    found = policy_trials.of_draft(app, actor, draft.id)
    is_open = draft.state == "open" and not draft.is_behind(newest)
    if not is_open and not found:
        return
    with st.container(key="card-lab-trial"):
        st.html(f"<h2>{esc(tx('lab.trial.title'))}</h2>")
        for kind in ("shadow", "share"):
            mine = [trial for trial in found if trial.kind == kind]
            if not mine and not is_open:
                continue
            says = tx(f"lab.trial.{kind}_says")
            st.html(f'<h3>{esc(tx(f"lab.trial.{kind}"))}</h3><p class="note">{esc(says)}</p>')
            if mine:
                _one(app, actor, tx, draft, mine[0], names, now)
            if is_open and (not mine or mine[0].state == "ended"):
                _start(app, actor, tx, draft, kind, len(mine))


def elsewhere(app: App, actor: Actor, tx: Texts) -> str:
    """A share that is asked for or running, for the lab's first page: with the way to stop it."""
    for trial in policy_trials.going_on(app, actor):
        if trial.kind == "share":
            key = "lab.trial.elsewhere" if trial.state == "running" else "lab.trial.elsewhere_asked"
            said = tx(key, percent=trial.percent, meant=trial.meant)
            to = href("/lab", draft=str(trial.draft_id))
            return f'<p class="note amb">{ms("science")}<a href="{to}">{esc(said)}</a></p>'
    return ""


def _policies(app: App, draft: Draft) -> tuple[Policy, ...]:
    """Whose rules are named: the draft's, then the one's in force."""
    in_force = policies.current(app)[1]
    try:
        return policy_documents.load(draft.document, was_published=True), in_force
    except PolicyInvalid:
        return (in_force,)


def _one(
    app: App, actor: Actor, tx: Texts, draft: Draft, trial: Trial, names: staff.Names, now: datetime
) -> None:
    seen = policy_trials.seen(app, actor, trial)
    said = _accrued(tx, trial, seen, _policies(app, draft))
    st.html(f'<p class="note">{esc(_stands(tx, trial, names, now))}</p>{said}')
    despite = (
        lab_drafts.accepting(tx, draft.document, f"agree-{trial.id}") if trial.may_agree(actor) else None
    )
    with st.container(key=f"lab-trial-{trial.kind}", horizontal=True):
        if trial.may_agree(actor) and st.button(
            tx("lab.trial.agree", percent=trial.percent), key="lab-agree", icon=":material/check:"
        ):
            with boundary.refusals():
                command = f"trial-{trial.id}-agree-{actor.id}"
                version = policy_trials.agree(app, actor, trial.id, command, despite=despite)
                _said(tx("lab.trial.agreed", percent=trial.percent, version=version))
        if trial.state != "ended" and st.button(
            tx(f"lab.trial.{_end(trial, actor)}"),
            key=f"lab-stop-{trial.kind}", icon=":material/stop_circle:",
        ):  # fmt: skip
            with boundary.refusals():
                policy_trials.stop(app, actor, trial.id, f"trial-{trial.id}-stop-{actor.id}")
                _said(tx("lab.trial.stopped" if trial.state == "running" else "lab.trial.not_begun"))


def _end(trial: Trial, actor: Actor) -> str:
    if trial.state == "running":
        return "stop"
    return "take_back" if same_person(actor.id, trial.asked_by) else "decline"


def _start(app: App, actor: Actor, tx: Texts, draft: Draft, kind: str, before: int) -> None:
    command = f"trial-{draft.id}-{kind}-{before}-{actor.id}"
    if kind == "shadow":
        if st.button(tx("lab.trial.shadow_start"), key="lab-shadow", icon=":material/visibility_off:"):
            with boundary.refusals():
                policy_trials.start_shadow(app, actor, draft.id, command)
                _said(tx("lab.trial.shadow_started"))
        return
    with st.form("lab-share", border=False):
        percent = st.number_input(
            tx("lab.trial.percent"),
            LEAST,
            MOST,
            _FIRST_SHARE,
            key="lab-percent",
        )
        asked = st.form_submit_button(tx("lab.trial.share_ask"), icon=":material/how_to_reg:")
    if asked:
        with boundary.refusals():
            policy_trials.ask_share(app, actor, draft.id, int(percent), f"{command}-{int(percent)}")
            _said(tx("lab.trial.share_asked"))


def _stands(tx: Texts, trial: Trial, names: staff.Names, now: datetime) -> str:
    def who(person: str | None) -> str:
        return names.get(person or "", person or "")

    if trial.ended_at is not None:
        cause = tx(f"lab.trial.cause.{trial.cause}", who=who(trial.ended_by))
        if trial.begun_at is None:
            return tx("lab.trial.never_begun", cause=cause)
        begun, ended = tx.when(trial.begun_at, now), tx.when(trial.ended_at, now)
        return tx("lab.trial.until", begun=begun, ended=ended, cause=cause)
    if trial.begun_at is None:
        said = tx(
            "lab.trial.asked",
            percent=trial.percent,
            who=who(trial.asked_by),
            when=tx.when(trial.asked_at, now),
        )
        return f"{said} {tx('lab.trial.waits')}"
    when = tx.when(trial.begun_at, now)
    if trial.kind == "shadow":
        return tx("lab.trial.since", who=who(trial.asked_by), when=when)
    return tx(
        "lab.trial.running",
        percent=trial.percent,
        version=trial.version,
        when=when,
        who=who(trial.agreed_by),
    )


def _accrued(tx: Texts, trial: Trial, seen: Seen, known: Sequence[Policy]) -> str:
    if trial.begun_at is None:
        return ""
    if trial.kind == "share":
        return f"<p>{esc(tx('lab.trial.under', n=seen.cases))}</p>"
    if not seen.answers:
        return f'<p class="note">{esc(tx("lab.trial.nothing"))}</p>'
    rows = "".join(
        f"<li>{esc(tx(f'lab.trial.{name}', n=n))}</li>"
        for name, n in (("same", seen.same), ("better", seen.better), ("worse", seen.worse))
    )
    html = f'<p>{esc(tx("lab.trial.answers", n=seen.answers))}</p><ul class="plain">{rows}</ul>'
    if seen.pairs:
        pairs = "".join(f"<li>{_pair(tx, real, rule, n, known)}</li>" for real, rule, n in seen.pairs)
        html += f'<h4>{esc(tx("lab.trial.pairs"))}</h4><ul class="plain">{pairs}</ul>'
    if seen.examples:
        lines = "".join(_example(tx, each, known) for each in seen.examples)
        html += f'<h4>{esc(tx("lab.trial.examples"))}</h4><ul class="moves">{lines}</ul>'
    return html


def _pair(tx: Texts, real: str, rule: str, n: int, known: Sequence[Policy]) -> str:
    """Two rules in their words, and their names small behind them."""
    # The rule that decided is named by the rules in force, the draft's by its own.
    words = {"real": _name(tx, real, known[::-1]), "rule": _name(tx, rule, known)}
    ids = " ".join(f"<code>{esc(name)}</code>" for name in dict.fromkeys((real, rule)))
    return f"{esc(tx(f'lab.trial.{_kind(real, rule)}', n=n, **words))} <small>{ids}</small>"


def _name(tx: Texts, rule: str, known: Sequence[Policy]) -> str:
    """As in a line with others: without the full stop."""
    return rules_text.named(tx, rule, *known).rstrip("。.")


def _kind(real: str, rule: str) -> str:
    """Another rule decides, or the same one for another sum."""
    return "pair" if real != rule else "pair_of_one"


def _example(tx: Texts, found: Example, known: Sequence[Policy]) -> str:
    sides = "".join(
        f"<span>{esc(tx(name, answer=_answer(tx, side, found.currency, order)))}"
        f" <small><code>{esc(side[1])}</code></small></span>"
        for name, side, order in (
            ("lab.trial.really", found.real, known[::-1]),
            ("lab.trial.would", found.shadow, known),
        )
    )
    return f"<li><b>{lab_case.link(found.case_no)}</b>{sides}</li>"


def _answer(tx: Texts, side: tuple[str, str, int | None], currency: str, known: Sequence[Policy]) -> str:
    verdict, rule, minor = side
    money = "" if minor is None else f" · {tx.money(minor, currency)}"
    return f"{tx(f'verdict.{verdict}')} · {_name(tx, rule, known)}{money}"


def _said(words: str) -> None:
    st.session_state[DONE] = words
    st.rerun()
