"""What a text in the lab began from, and that this stays with the text whatever is published meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import streamlit as st

from core.domain.policy import SHIPPED, shipped
from core.services.policy_drafts import Draft
from core.texts import Texts
from portal.html import esc

LAST: Final = "last"
DRAFT: Final = "draft"
VERSION: Final = "version-"
_BEGAN: Final = "lab-began-"  # by what it began with: the version that was the last one then
_SAID: Final = "lab_last_said"  # how the picker named the last version in the run before
Documents = Callable[[int], str]  # the text of a published version


@dataclass(frozen=True, slots=True)
class Editing:
    """A document in the making. `key`: its text in the session; `base`: what was picked to begin with, and
    `begun_with`, its text; `version`: the last one when it began, and `document`, that version's text;
    `newest`: the last one now.
    """

    key: str
    base: str
    begun_with: str
    version: int
    document: str
    newest: int

    @property
    def text(self) -> str:
        return str(st.session_state[self.key])

    @property
    def is_behind(self) -> bool:
        """Another version is the last one now, and it is not in this text."""
        return self.version != self.newest


def key_of(base: str, version: int) -> str:
    return f"lab-doc-{base}-{version}"


def chosen(
    tx: Texts, newest: int, begun: Draft | None, earlier: tuple[int, ...], document: Documents
) -> Editing:
    """Where it begins: what was published last or before, one that ships, or a draft."""
    versions = [*earlier, *(number for number in _begun_versions() if number not in earlier)]
    names = {LAST: _last_said(tx, newest, document)}
    names |= {f"{VERSION}{number}": tx("lab.base.version", version=number) for number in versions}
    names |= {name: tx(f"lab.base.{name}") for name in SHIPPED}
    if begun is not None:
        names = {f"{DRAFT}-{begun.id}": tx("lab.base.draft", meant=begun.meant)} | names
    chooser = f"lab-base-{begun.id}" if begun else "lab-base"
    if (asked := st.query_params.get("base", "")) in names:  # after a reload the same as before
        st.session_state.setdefault(chooser, asked)
    if st.session_state.get(_SAID) != names[LAST] and chooser in st.session_state:
        # A browser shows and sends the words of what was picked: new words have to be told to it.
        st.session_state[chooser] = st.session_state[chooser]
    st.session_state[_SAID] = names[LAST]
    base: str = st.selectbox(
        tx("lab.base"), list(names), format_func=names.__getitem__, key=chooser, persist_state="session",
        on_change=_remember, args=(chooser,),
    )  # fmt: skip
    if base in SHIPPED:
        st.html(f'<p class="note">{esc(tx(f"lab.base.{base}.who"))}</p>')
    is_draft = begun is not None and base.startswith(DRAFT)
    version = _version(base, begun.based_on if begun is not None and is_draft else newest, newest, document)
    begun_with = begun.document if begun is not None and is_draft else _begins(base, version, document)
    key = key_of(base, version)
    st.session_state.setdefault(key, begun_with)
    return Editing(key, base, begun_with, version, document(version), newest)


def begin_again(base: str, version: int, text: str) -> str:
    """From here on the text of this base is one of that version; its key."""
    st.session_state[f"{_BEGAN}{base}"] = version
    key = key_of(base, version)
    st.session_state[key] = text
    return key


def _version(base: str, first: int, newest: int, document: Documents) -> int:
    """The version this text is an edit of. A text in which nothing is changed is one of the newest."""
    version = int(st.session_state.setdefault(f"{_BEGAN}{base}", first))
    key = key_of(base, version)
    if version == newest or base.startswith(DRAFT):
        return version
    if st.session_state.get(key, document(version)) == document(version):
        st.session_state.pop(key, None)
        st.session_state[f"{_BEGAN}{base}"] = version = newest
    return version


def _begins(base: str, version: int, document: Documents) -> str:
    if base == LAST:
        return document(version)
    if base.startswith(VERSION):
        return document(int(base.removeprefix(VERSION)))
    return _shipped(base)


@lru_cache(maxsize=8)
def _shipped(name: str) -> str:
    return shipped(name)


def _last_said(tx: Texts, newest: int, document: Documents) -> str:
    """The picker says what the text is of, not what it is not."""
    version = _version(LAST, newest, newest, document)
    return tx("lab.base.last" if version == newest else "lab.base.began", version=version)


def _begun_versions() -> list[int]:
    """Earlier versions that something was begun with here; a text does not go because others came."""
    start = f"{_BEGAN}{VERSION}"
    found = [str(key).removeprefix(start) for key in st.session_state if str(key).startswith(start)]
    return sorted(map(int, found), reverse=True)


def _remember(chooser: str) -> None:
    st.query_params["base"] = st.session_state[chooser]
