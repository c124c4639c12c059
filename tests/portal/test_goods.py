"""How goods look on a screen."""

from __future__ import annotations

from core.domain.facts import KINDS
from portal.parts.goods import ICONS


def test_each_kind_of_goods_has_its_picture() -> None:
    """One that is missing would look as `other` does, and nobody would notice."""
    assert set(ICONS) == set(KINDS)
