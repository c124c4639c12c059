"""What goes over the wire, as the three channels and the server hand it to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.standin.faults import Fault


@dataclass(frozen=True)
class Request:
    """One HTTP request. Names of headers are in small letters; `target` is the path with its query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Reply:
    """One HTTP answer; `key` is the refund it was about, for the record of calls."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Slant:
    """How a notice is bent: who signs, when it says it was signed, and about how much."""

    forged: bool = False
    seconds_ago: int = 0
    more_minor: int = 0


class Far(Protocol):
    """A channel's side of its protocol."""

    name: str

    def op_of(self, request: Request) -> str:
        """The word that the table of faults has for this call; '' when there is no such call."""
        ...

    def answer(self, request: Request, op: str, fault: Fault | None) -> Reply: ...

    def broken(self) -> Reply:
        """A server error in this channel's own manner."""
        ...

    def notice(self, kind: str, refund_id: int, slant: Slant) -> tuple[dict[str, str], bytes]:
        """Headers and body of a notice about the refund as it stands now."""
        ...
