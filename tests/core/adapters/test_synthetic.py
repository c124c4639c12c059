"""A made-up history meets every word that a claim may have, a new one too."""

from __future__ import annotations

import pytest

from core.adapters import synthetic
from core.domain.facts import KINDS, REASONS


@pytest.mark.parametrize(("column", "words"), [("kind", KINDS), ("reason", REASONS)])
def test_a_new_word_needs_no_share_of_its_own(
    monkeypatch: pytest.MonkeyPatch, column: str, words: tuple[str, ...]
) -> None:
    """docs/policy.md, 'A new goods type or a new reason'."""
    known = synthetic.synthetic(2_000)
    assert set(getattr(known, column)) == set(range(len(words)))
    monkeypatch.setattr(synthetic, f"{column.upper()}S", (*words, "gift_card"))
    found = synthetic.synthetic(2_000)
    assert set(getattr(found, column)) == set(range(len(words) + 1))
