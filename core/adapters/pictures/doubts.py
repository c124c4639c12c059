"""Signs that a picture was edited, in its file and its pixels. In the child; hints, never accusations."""

from __future__ import annotations

from core.domain.pictures import Doubt


def found(data: bytes, kind: str) -> tuple[Doubt, ...]:
    """The signs in the bytes of one file of `kind`."""
    return ()
