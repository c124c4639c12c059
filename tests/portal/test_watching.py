"""A page that looks again by itself does not draw itself anew while somebody covers a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.services.reading import Said
from portal.parts import cover, reading

AWAITED = Said(awaited=frozenset({"p"}))


class DrawnAnew(Exception):
    pass


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The second look, which finds that a picture was read."""
    looks: list[Callable[[], None]] = []

    def fragment(of: Callable[[], None], run_every: int) -> Callable[[], None]:
        looks.append(of)
        return of

    def rerun() -> None:
        raise DrawnAnew

    monkeypatch.setattr(reading.st, "fragment", fragment)
    monkeypatch.setattr(reading.st, "rerun", rerun)
    monkeypatch.setattr(reading.st, "session_state", {})
    monkeypatch.setattr(reading.session, "require", lambda *_: None)
    monkeypatch.setattr(reading.reading, "said", lambda *_: Said())
    app: Any = None
    reading.watch(app, "R1", AWAITED)
    return looks[0]


def test_what_was_read_is_drawn(look: Callable[[], None]) -> None:
    with pytest.raises(DrawnAnew):
        look()


def test_not_under_the_hands_of_who_covers(look: Callable[[], None]) -> None:
    reading.st.session_state[cover._OPEN] = "p"
    look()
    cover._close()
    with pytest.raises(DrawnAnew):
        look()
