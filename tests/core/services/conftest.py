"""A shop for every test, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shop import Shop, open_shop


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    return open_shop(database_url, tmp_path / "evidence")


@pytest.fixture
def sqlite_shop(sqlite_url: str, tmp_path: Path) -> Shop:
    """For tests about rules rather than about the database."""
    return open_shop(sqlite_url, tmp_path / "evidence")
