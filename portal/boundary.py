"""Where refusals become words, and accidents an id that whoever meets one can quote. Nothing else catches
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
import structlog

from core import logs
from core.domain.errors import ProofNeeded, Refusal
from core.texts import Texts
from portal import session
from portal.html import esc, href, ms

_LOG = structlog.get_logger(__name__)


def words(refused: Refusal, tx: Texts | None = None) -> str:
    """The sentence of a refusal in the visitor's language."""
    return (tx or session.texts()).refusal(refused)


def show(refused: Refusal, *, title: str = "", way_on: tuple[str, str] | None = None) -> None:
    """A refusal as a block: the sentence, and where to go from here as (label, local path)."""
    if isinstance(refused, ProofNeeded):
        st.html(prove(words(refused)))
    else:
        st.html(block(words(refused), title=title, way_on=way_on))


def block(
    sentence: str,
    *,
    title: str = "",
    css: str = "no",
    icon: str = "info",
    way_on: tuple[str, str] | None = None,
) -> str:
    """One message: what happened and the way on. Announced by screen readers."""
    link = (
        f'<p class="alone"><a href="{href(way_on[1])}" target="_self">{esc(way_on[0])}</a></p>'
        if way_on
        else ""
    )
    head = f"<b>{esc(title)}</b>" if title else ""
    return f'<div class="alert {css}" role="alert">{ms(icon)}<div>{head}{esc(sentence)}{link}</div></div>'


def prove(sentence: str) -> str:
    """Nothing is wrong: staff are asked to show again who they are, and come back to this page."""
    go = f'<a class="button fill" href="{href(session.prove_again())}" target="_self">{ms("login")}'
    return (
        f'<div class="prove">{block(sentence, css="", icon="info")}'
        f"<p>{go}{esc(session.texts()('shell.proof.go'))}</a></p></div>"
    )


@contextmanager
def refusals(*, title: str = "") -> Iterator[None]:
    """Run a command; a refusal is shown in place and the page goes on."""
    try:
        yield
    except Refusal as refused:
        show(refused, title=title)


@contextmanager
def accidents() -> Iterator[None]:
    """Draw a part of a page: what lets it down is told in its place, and the rest of the page is drawn."""
    try:
        yield
    except Exception as error:
        on_script_error(error)


def on_script_error(error: Exception) -> bool:
    """Anything that a page let through: a refusal in words, an accident with an id, never a traceback."""
    tx = session.texts()
    way_on = (tx("shell.error.home"), "/")
    if isinstance(error, Refusal):
        show(error, way_on=way_on)
        return True
    # The run's own id, which all its lines bear; a fragment's run has none.
    actor = session.actor()
    is_staff = actor is not None and actor.is_staff
    accident = logs.told().get("request") or logs.new_id()
    _LOG.error("accident", id=accident, exc_info=error)
    st.html(
        block(
            tx("shell.error.says_staff" if is_staff else "shell.error.says", id=accident),
            title=tx("shell.error.title"),
            css="",
            icon="error",
            way_on=way_on,
        )
    )
    return True
