"""Who is here, in which language, on which App. Every page begins with `actor = session.require()`.

Nothing is decided here: the cookie's token is looked up in the database once in every rerun, and the services
check again. A token in `st.session_state` serves a visitor whose browser has no cookie yet, and tests.
"""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import streamlit as st

from core import texts as catalogs
from core.app import App, build
from core.domain.actors import Actor
from core.services import health, identity, links, sign_in
from core.services.identity import Person
from core.texts import Texts
from portal import doors
from portal.html import esc

TOKEN_COOKIE: Final = "refund_session"
LANG_COOKIE: Final = "refund_lang"
BUYERS: Final = ("customer", "guest")
SHOWN_ONCE: Final = "shown_once"  # a secret on the screen: gone with the page
DRAWN: Final = "drawn"  # this page has been run here before

_LANG: Final = "language"
_TOKEN: Final = "session_token"
_ACTOR: Final = "actor"
_FRESH: Final = "actor_is_of_this_run"
_LOOKED: Final = "actor_is_looked_up"
_UNREAD: Final = "unread"
_NAME: Final = "account_name"

_app: App | None = None
_people: tuple[Person, ...] = ()
_watch: health.Watch | None = None
_lock = threading.Lock()


def core() -> App:
    """The App of this process."""
    global _app
    if _app is None:
        with _lock:
            if _app is None:
                _app = build()
    return _app


def watch() -> health.Watch:
    """What looks after this process."""
    global _watch
    if _watch is None:
        _watch = health.Watch(core())
    return _watch


def use(app: App | None) -> None:
    """Take this App instead: for tests."""
    global _app, _people, _watch
    _app, _people, _watch = app, (), None


def is_https() -> bool:
    """Whether customers reach the portal by https."""
    return core().public_url.startswith("https://")


def cookie(name: str) -> str:
    """What a cookie of ours is called. With this prefix browsers take it from this very host by https only,
    so no neighbour under the same domain can slip in one of theirs.
    """
    return f"__Host-{name}" if is_https() else name


def token_cookie() -> str:
    return cookie(TOKEN_COOKIE)


def choose_language(kept: str | None, asked: str | None) -> str:
    """The visitor's choice, else what a link asks for, else Chinese."""
    for wanted in (kept, asked):
        if wanted in catalogs.LANGUAGES:
            return str(wanted)
    return catalogs.LANGUAGES[0]


def language() -> str:
    """`zh_CN` or `en`. Switching reloads the page, so it holds as long as the browser session."""
    known = st.session_state.get(_LANG)
    if known is None:
        known = choose_language(st.context.cookies.get(cookie(LANG_COOKIE)), st.query_params.get("lang"))
        st.session_state[_LANG] = known
    return str(known)


def texts() -> Texts:
    """The words of the visitor's language."""
    return catalogs.of(language())


def token() -> str | None:
    """The visitor's session token; it is never shown and never in a URL."""
    held = st.session_state.get(_TOKEN) or st.context.cookies.get(token_cookie())
    return held if isinstance(held, str) else None


def look_up(*, is_act: bool = False) -> Actor | None:
    """Read who is here from the database."""
    held = token()
    greeted = identity.greet(core(), held, is_act=is_act) if held else None
    found, st.session_state[_UNREAD] = greeted or (None, 0)
    st.session_state[_ACTOR] = found
    return found


def begin() -> Actor | None:
    """Who is here, for the frame: the page that follows in the same run does not read again. A whole run is
    an act of the visitor's; a fragment that looks by itself is none.
    """
    found = actor() if st.session_state.pop(_LOOKED, False) else look_up(is_act=True)
    st.session_state[_FRESH] = True
    return found


def is_drawn() -> bool:
    """Whether this page was drawn for somebody before, be it for nobody known."""
    return _ACTOR in st.session_state


def has_looked(*, is_whole: bool) -> None:
    """Who is here was read for this run already: of the whole page, or of a fragment."""
    st.session_state[_LOOKED if is_whole else _FRESH] = True


def actor() -> Actor | None:
    """Who is here, as of the last look-up."""
    found: Actor | None = st.session_state.get(_ACTOR)
    return found


def unread() -> int:
    """How many notices they have not read, as of the last look-up."""
    found: int = st.session_state.get(_UNREAD, 0)
    return found


def visitor() -> Actor | None:
    """Who is here, for a page that lets everybody in.

    The frame has just looked; a fragment's own rerun looks again, so an ended session ends it.
    """
    return actor() if st.session_state.pop(_FRESH, False) else look_up()


def require(*roles: str) -> Actor:
    """The visitor, if of one of `roles` (default: customers, guests); else the door, and the run ends."""
    found = visitor()
    if found is None or found.role not in (roles or BUYERS):
        for_staff = bool(roles) and not set(roles) & set(BUYERS)
        doors.closed(
            texts(),
            signed_in=found is not None,
            is_staff=found is not None and found.is_staff,
            left=_left(found),
            for_staff=for_staff,
            sign_in=here() if can_sign_in() else "",
            here=here(),
            in_demo=core().demo,
        )
        st.stop()
    return found


def _left(found: Actor | None) -> doors.Left | None:
    """Whose session is over, for a visitor who still holds its token."""
    held = token() if found is None else None
    was = identity.whose(core(), held) if held else None
    if was is None:
        return None
    key = was.id if was.id in {person.id for person in people()} else ""
    return doors.Left(was.is_staff, name_of(was), key, here(), has_account=was.role != "guest")


def here() -> str:
    """The address of this page, to come back to."""
    asked = urlencode(st.query_params.to_dict())
    path = urlsplit(st.context.url or "/").path or "/"
    return f"{path}?{asked}" if asked else path


def prove_again() -> str:
    """Where staff show anew who they are, and come back from to this page."""
    return f"/session/login?{urlencode({'as': 'staff', 'again': '1', 'to': here()})}"


def can_sign_in() -> bool:
    """Whether there is an identity provider to sign in with."""
    return core().provider is not None


def people() -> tuple[Person, ...]:
    """The demo's customers and staff; nobody outside demo mode."""
    global _people
    if core().demo and not any(person.role == "customer" for person in _people):
        _people = identity.demo_people(core())
    return _people


def picture(evidence_id: str) -> str:
    """The address of a picture, for who is here and for some minutes."""
    here = actor()  # the run has looked
    return f"/files/evidence/{links.made(core(), here, evidence_id)}" if here is not None else ""


def name_of(found: Actor | None) -> str:
    """What to call them; '' for nobody."""
    if found is None:
        return ""
    if found.role == "guest":
        return texts()("shell.account.guest", tail=(found.order_no or "")[-4:])
    nameless = "shell.account.staff" if found.is_staff else "shell.account.customer"
    if can_sign_in():
        return _account_name(found) or texts()(nameless)
    return next((person.name for person in people() if person.id == found.id), texts()(nameless))


def _account_name(found: Actor) -> str:
    """As the provider tells it; read once for each browser session and person."""
    held: tuple[str, str] | None = st.session_state.get(_NAME)
    if held is None or held[0] != found.id:
        account = sign_in.account(core(), found.id)
        held = (found.id, account.name if account else "")
        st.session_state[_NAME] = held
    return held[1]


def address() -> str:
    """The visitor's network address, for rate limits; '' where the server cannot tell."""
    known = st.context.ip_address
    return known if isinstance(known, str) else ""


def keep(new_token: str, to: str) -> None:
    """Give `new_token` to the browser as a cookie that scripts cannot read, then go on at the path `to`.

    The token travels in the body of a POST, so no address and no log ever holds it.
    """
    st.session_state[_TOKEN] = new_token
    tx = texts()
    st.html(
        f'<p class="note" role="status">{esc(tx("shell.opening"))}</p>'
        f'<script>fetch("/session/open",{{method:"POST",body:{_js(new_token)}}})'
        f".finally(()=>location.assign({_js(to)}))</script>",
        unsafe_allow_javascript=True,
    )
    st.stop()


def _js(text: str) -> str:
    return json.dumps(text).replace("<", "\\u003c")


def command_id(name: str, value: Any = None) -> str:
    """A command id that is born with a form and survives reruns; a new one for each new `value`."""
    held: tuple[Any, str] | None = st.session_state.get(f"command_{name}")
    if held is None or held[0] != value:
        held = (value, str(uuid.uuid4()))
        st.session_state[f"command_{name}"] = held
    return held[1]
