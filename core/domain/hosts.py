"""By which names the portal may be asked for. A browser that was led here under another one (DNS rebinding)
would take a stranger's page and ours for one site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
NAME: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_HOST: Final = re.compile(rf"({NAME})\.?(?::[0-9]{{1,5}})?", re.ASCII)


def allowed(named: Iterable[str], public_url: str, *, is_demo: bool) -> frozenset[str]:
    """Names that are listed and that of the public address; this machine's own in a demo, and where nobody
    has said anything else.
    """
    told = {name.casefold() for name in named}
    public = urlsplit(public_url).netloc.rpartition("@")[2]
    if public:
        told.add(name_of(public))
    return frozenset(told | LOOPBACK if is_demo or not told else told)


def name_of(header: str) -> str:
    """The name in a `Host` header without its port, in one spelling; '' for what is none."""
    found = _HOST.fullmatch(header)
    return found[1].casefold() if found else ""
