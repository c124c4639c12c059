"""A stand-in that is up, with a payment of 100.00 in each channel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standin.server import Spacing, Standin, running

ALIPAY, WECHAT, CARD = "2026112022001400000000000001", "4200001000202611200000000001", "ch_3PqStandin0001"


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Standin]:
    with running(tmp_path / "books.db", spacing=Spacing(0, 0)) as standin:
        standin.books.pay("alipay", ALIPAY, 10_000)
        standin.books.pay("wechat", WECHAT, 10_000)
        standin.books.pay("card", CARD, 10_000, currency="USD", by_card=True)
        yield standin
