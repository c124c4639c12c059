"""A replay on a Dask cluster: each machine reads and decides some row groups of the same files, and the
answers are merged as they are here. An optional extra (`requirements-dask.txt`); nothing else needs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from core.adapters.history import Piece, pieces, read_piece
from core.domain import bulk
from core.domain.bulk import Partial, Question
from core.domain.errors import ClusterAway, ClusterMissing, Refusal

EXTRA: Final = "requirements-dask.txt"
_TOGETHER: Final = 16  # answers that one task merges
_CONNECT: Final = 10  # seconds
_LOOK: Final = 30  # seconds, then we look whether anybody is still working


def replay(address: str, path: Path, question: Question) -> Partial:
    """The answer of the cluster whose scheduler is at `address`; its workers must see `path` as we do.

    `ClusterMissing` without the extra, `ClusterAway` when nobody answers or work was lost, `HistoryInvalid`.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ClusterMissing(extra=EXTRA) from None

    nothing = bulk.replay(question).nothing()  # a slip in a document is told before anybody works
    found = pieces(path.resolve())
    total = sum(piece.rows for piece in found)
    try:
        with Client(address, timeout=_CONNECT, set_as_default=False) as client:
            if not client.nthreads():
                raise ClusterAway(address=address, problem="no workers")
            waiting = client.map(answer, found, question=question, total=total, pure=False)
            while len(waiting) > 1:
                heaps = [waiting[at : at + _TOGETHER] for at in range(0, len(waiting), _TOGETHER)]
                waiting = [client.submit(_merged, heap, nothing, pure=False) for heap in heaps]
            return nothing.merge(_result(client, waiting[0], address)) if waiting else nothing
    except Refusal:
        raise
    except Exception as error:  # whatever Dask, the network or another machine says
        said = (str(error).splitlines() or [""])[0]
        raise ClusterAway(address=address, problem=f"{type(error).__name__}: {said}"[:200]) from None


def answer(piece: Piece, question: Question, total: int) -> Partial:
    """What a worker does: one row group."""
    decide, start = bulk.replay(question), piece.start
    found = decide.nothing()
    for part in read_piece(piece):
        found = found.merge(decide(part, start, total))
        start += len(part)
    return found


def _merged(parts: list[Partial], nothing: Partial) -> Partial:
    return bulk.merged(parts, nothing)


def _result(client: Any, future: Any, address: str) -> Partial:
    while True:
        try:
            found: Partial = future.result(timeout=_LOOK)
            return found
        except TimeoutError:
            if not client.nthreads():
                raise ClusterAway(address=address, problem="no workers") from None
