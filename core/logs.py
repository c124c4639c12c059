"""What a process tells about itself: one JSON object a line on stderr (stdout is for answers).

A line says which request, rerun or round it belongs to and which case it is about, in codes, numbers and
names of things. It never holds what people wrote or who they are: the libraries below us put such values
into their errors, so of an error's words only the first line is told, and never a statement's parameters.
"""

from __future__ import annotations

import logging
import secrets
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.typing import EventDict

_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is mistaken over the phone
_LONGEST: Final = 300  # characters of an error's words
# Servers below us that print by themselves, in words of their own.
_OTHERS: Final = ("streamlit", "uvicorn", "uvicorn.error", "uvicorn.access")


def new_id() -> str:
    """Eight letters and digits that a customer can quote, and lines are found by."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def begin(**about: Any) -> None:
    """A request, a rerun or a thing of a round begins: the lines from here on are `about` it and no other."""
    clear_contextvars()
    bind_contextvars(**about)


def about(**more: Any) -> None:
    """What the lines from here on are about as well."""
    bind_contextvars(**more)


def denied(what: str, role: str) -> None:
    """Somebody in `role` asked for a `what` of another person's, and is told that there is none."""
    structlog.get_logger(__name__).warning("not_theirs", what=what, role=role)


def told() -> dict[str, Any]:
    """What the lines at this point are about."""
    return structlog.contextvars.get_contextvars()


@contextmanager
def within(**about: Any) -> Iterator[None]:
    """Lines inside are `about` this and what was before; afterwards only what was before."""
    before = told()
    bind_contextvars(**about)
    try:
        yield
    finally:
        begin(**before)


def to_stderr(least: int = logging.INFO) -> None:
    """From here on our lines of level `least` and above go to stderr, unless the process has decided
    otherwise.
    """
    if structlog.is_configured():
        return
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(least),
        processors=[*_FIRST, structlog.processors.JSONRenderer(ensure_ascii=False)],
        # Looked up at each line: a test or a server may put another stream in its place.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def take_over() -> None:
    """The servers below us speak as we do: for a process that is ours alone."""
    if not any(isinstance(handler, _Ours) for handler in logging.root.handlers):
        logging.root.addHandler(_Ours())
    for name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _OTHERS]:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def hand_back() -> None:
    """The end of `take_over`, for tests."""
    for handler in [each for each in logging.root.handlers if isinstance(each, _Ours)]:
        logging.root.removeHandler(handler)


class _Ours(logging.Handler):
    """Hands a library's line over: its logger's name, its level, its words' first line."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            says = _short(record.getMessage())
        except Exception:  # a library's mistake in its own line
            says = _short(str(record.msg))
        line = structlog.get_logger(record.name)
        extra = {"exc_info": record.exc_info} if record.exc_info else {}
        line.log(record.levelno, "library", logger=record.name, says=says, **extra)


def _trace(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Where an error came from, with each error's kind and the first line of its words."""
    found = event.pop("exc_info", None)
    if not found:
        return event
    error = found if isinstance(found, BaseException) else (found if found is True else found[1])
    error = sys.exc_info()[1] if error is True else error
    if error is None:
        return event
    lines: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.format_tb(error.__traceback__)
        lines.insert(0, f"{''.join(frames)}{type(error).__qualname__}: {_short(str(error))}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {**event, "exception": "\n".join(lines)}


def _short(words: str) -> str:
    """A database's second line quotes the row that it refused."""
    return words.strip().partition("\n")[0][:_LONGEST]


_FIRST: Final = (
    merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _trace,
)
