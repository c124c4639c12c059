"""What the shop holds about one person: the copy they may have, and its erasure."""

from core.services.personal.erasing import Erased, erase
from core.services.personal.giving import give
from core.services.personal.holdings import held

__all__ = ["Erased", "erase", "give", "held"]
