"""An order history as columns: the facts of many claims, for the simulation. The same facts as `Facts`, row by row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS, Facts, Tender
