"""Whose an open page is. Buttons and dialogs hold on to the person they were drawn for, and Streamlit runs
what is behind them before the page itself can look: so whoever acts is looked up first, and nothing that was
drawn for another one, or for a session that has ended, is done. A page is resumed, and given files, by its
own visitor only: its number is no key.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import Any, Final

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState

from core.domain.actors import Actor
from portal import session

MOST: Final = (
    50_000  # pages that are remembered; open ones look again at every run, so they stay among the last
)
_owners: OrderedDict[str, str] = OrderedDict()
_lock = Lock()
_APPLY: Final = SafeSessionState.on_script_will_rerun


def guard() -> None:
    """From now on, in this process."""
    SafeSessionState.on_script_will_rerun = _look_first  # type: ignore[method-assign]


def _look_first(self: SafeSessionState, *told: Any, **more: Any) -> None:
    """A click, or whatever else a browser says of its page, has come; nothing of it is done yet."""
    context = get_script_run_ctx()
    if context is not None and session.is_drawn():
        before = session.actor()
        is_whole = not context.fragment_ids_this_run  # a fragment may look by itself: that is no act
        now = session.look_up(is_act=is_whole)
        if now != before:
            st.session_state.clear()  # words of somebody else
            st.rerun()
        session.has_looked(is_whole=is_whole)
    _APPLY(self, *told, **more)


def begin() -> Actor | None:
    """`session.begin`, and the page is theirs from here on."""
    found = session.begin()
    context = get_script_run_ctx()
    if context is not None:
        remember(context.session_id, session.token())
    return found


def remember(page: str, token: str | None) -> None:
    """The page of this number is `token`'s; None: of a visitor without a session."""
    with _lock:
        _owners[page] = _digest(token)
        _owners.move_to_end(page)
        while len(_owners) > MOST:
            _owners.popitem(last=False)


def is_theirs(page: str, token: str | None) -> bool:
    """Whether who holds `token` may go on with this page; one that is not known here is nobody's yet."""
    known = _owners.get(page)
    return known is None or known == _digest(token)


def _digest(token: str | None) -> str:
    return hashlib.sha256(token.encode()).hexdigest() if token else ""
