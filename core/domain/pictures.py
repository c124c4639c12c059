"""What can be said of a picture from its pixels: how well it can be read, and what makes one look twice.

Measured in `adapters/pictures`; here are the shapes, and what the policy's figures make of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # the child that reads pictures starts with every file and needs no policy
    from core.domain.policy import Pictures

# What the sender is told of a picture that is kept all the same: words under `picture_warning.<code>`.
WARNINGS: Final = ("blurred", "too_dark", "text_too_small", "mostly_empty")
# What a reviewer is shown, never a reason to refuse; each has words under `picture_doubt.<code>`.
# `editor`: a program for editing wrote the file; `grids`: words without the compression that all others went
# through; `pasted`: words with the grain of another picture.
DOUBTS: Final = ("editor", "grids", "pasted")


@dataclass(frozen=True, slots=True)
class Quality:
    """Measured on the region that holds text: a sharp frame does not help a blurred screenshot.

    `legible` 0–100: how surely a person can read the small print. `sharpness` 0–100 of the edges in that
    region, `brightness` 0–255 its mean, `text_height` of a line of small print in pixels (0: none found),
    `filled` 0–100: share of the picture that holds anything.
    """

    legible: int
    sharpness: int
    brightness: int
    text_height: int
    filled: int

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Quality:
        """From JSON; `KeyError`, `ValueError` for anything else."""
        return cls(**{field.name: int(told[field.name]) for field in fields(cls)})

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sign of editing: `code` of `DOUBTS`. `seen`: of `editor`, the program's name; of the others, how many
    percent from the left and from the top of the picture, `42 17`.
    """

    code: str
    seen: str

    @property
    def place(self) -> tuple[int, int] | None:
        """Percent across and down; None where it is the file that tells."""
        across, _, down = self.seen.partition(" ")
        return (int(across), int(down)) if across.isdecimal() and down.isdecimal() else None


def warnings(quality: Quality, limits: Pictures) -> tuple[str, ...]:
    """What to tell the sender: the worst first; the picture is kept all the same."""
    found = {
        "mostly_empty": quality.filled < limits.filled_at_least,
        "too_dark": quality.brightness < limits.bright_at_least,
        "blurred": quality.legible < limits.legible_at_least,
        "text_too_small": 0 < quality.text_height < limits.text_pixels_at_least,
    }
    return tuple(code for code, is_so in found.items() if is_so)
