"""What hostile people would write into every field, each text between marks that tell where it came from."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from portal.html import spoken

AWAY: Final = "sink.invalid"  # nobody may be asked for anything there, nor for anything named so here
PAYLOADS: Final = (
    "<script>window.hit='script'</script>",
    f"<img src=//{AWAY}/i onerror=\"window.hit='img'\">",
    "<img src=x-sink.invalid onerror=window.hit='near'>",
    "<svg onload=window.hit='svg'><style>*{display:none}</style>",
    f"<iframe srcdoc='<script>top.hit=1</script>'></iframe><link rel=stylesheet href=//{AWAY}/l>",
    "\"><b onclick=window.hit='attribute'>'onfocus=window.hit='quote' autofocus x='",
    "[link](javascript:window.hit='link')",
    f"![picture](http://{AWAY}/p.png)",
    "&lt;i&gt;&#60;b&#62;&amp;nbsp;&quot;",
    ":material/home: :red[red] :blue-badge[badge] :smile: :streamlit:",
    "$x^2$ $$y_1$$ \\(z\\)",
    "{{7*7}} ${7*7} {0} {name} %s %(name)s #{7}",
    "**bold** _slanted_ ~~gone~~ `code` <!-- gone --> \\*",
    "\u202egnp.exe\u202c\u2066left\u2069\u200f",
    "\x07bell\x1b[31m\x85",
    "null undefined NaN [object Object]",
    "W" * 120,
    '=HYPERLINK("//sink.invalid") @SUM(1) ../../etc/passwd \' OR 1=1 --',
    "# heading\n- list\n1. one\n> quote\n| a | b |\n---",
)
_MARK: Final = re.compile(r"zq(\d{3})q")
# Spaces are laid out anew, and what cannot be seen or turns the text around is not shown.
_UNSEEN: Final = re.compile("[\\s\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]+")


def bare(text: str) -> str:
    """What there is to see of it."""
    return _UNSEEN.sub("", text)


class Sinks:
    """Texts by the place they were put; what a page shows of them is held against what was typed."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._texts: dict[int, set[str]] = defaultdict(set)

    def text(
        self, name: str, room: int = 2000, turn: int = 0, *, ascii_only: bool = False, without: str = ""
    ) -> str:
        """A text of at most `room` characters for this place: all payloads that fit, from the `turn`th on.
        `without`: signs that have a meaning there.
        """
        if name not in self._names:
            self._names.append(name)
        number = self._names.index(name)
        said = f"zq{number:03d}q"
        for payload in (*PAYLOADS[turn % len(PAYLOADS) :], *PAYLOADS[: turn % len(PAYLOADS)]):
            if ascii_only:
                payload = re.sub("[^!-~]", "", payload)
            payload = "".join(sign for sign in payload if sign not in without)
            if room >= len(said) + len(payload) + 1:
                said += payload if ascii_only else f" {payload}"
        self._texts[number] |= {bare(said), bare(spoken(said))}  # a label for screen readers has no signs
        return said

    def also(self, text: str, spelled: str) -> None:
        """The same is seen in another spelling where it is typed in a document."""
        found = _MARK.match(text)
        assert found is not None, text
        self._texts[int(found[1])].add(bare(spelled))

    @property
    def names(self) -> list[str]:
        return list(self._names)

    def read(self, shown: str, where: str) -> tuple[set[str], list[str]]:
        """The places that were seen whole in `shown`, and what was seen otherwise than it was typed."""
        seen, wrong, plain = set(), [], bare(shown)
        for found in _MARK.finditer(plain):
            number = int(found[1])
            rest = plain[found.start() :]
            if any(rest.startswith(text) for text in self._texts[number]):
                seen.add(self._names[number])
            else:
                typed = max(self._texts[number], key=lambda text: _common(text, rest))
                at = _common(typed, rest)
                wrong.append(
                    f"{where}: {self._names[number]}: typed …{typed[at - 20 : at + 60]!r},"
                    f" shown …{rest[at - 20 : at + 60]!r}"
                )
        return seen, wrong


def _common(one: str, other: str) -> int:
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
