"""Where evidence lies: a folder or S3-compatible storage under one small interface. Names are ours, never a
customer's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


class EvidenceStore:
    """`url` is file:///path or s3://bucket/prefix. obstore is loaded at first use: it is not needed
    to start.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: Any = None

    def put(self, name: str, data: bytes) -> None:
        import obstore

        obstore.put(self._store(), name, data)

    def get(self, name: str) -> bytes:
        """The stored bytes; `FileNotFoundError` when there are none."""
        import obstore

        return bytes(obstore.get(self._store(), name).bytes())

    def delete(self, name: str) -> None:
        """Remove it; a name that is not there is as good as removed."""
        import obstore

        try:
            obstore.delete(self._store(), name)
        except FileNotFoundError:
            return

    def has(self, name: str) -> bool:
        import obstore

        try:
            obstore.head(self._store(), name)
        except FileNotFoundError:
            return False
        return True

    def _store(self) -> Any:
        if self._opened is None:
            from obstore.store import LocalStore, from_url

            parts = urlsplit(self.url)
            if parts.scheme == "file":
                folder = Path(unquote(parts.path))
                folder.mkdir(parents=True, exist_ok=True)
                self._opened = LocalStore(folder)
            else:
                self._opened = from_url(self.url)
        return self._opened
