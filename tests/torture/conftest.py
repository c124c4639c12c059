"""A folder in memory: a commit there waits for no disk, and a killed process loses nothing that it wrote."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.services.schedules import IN_MEMORY


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as found:
        yield Path(found)
