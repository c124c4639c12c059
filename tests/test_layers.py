"""The entry script is no package, and import-linter cannot see it: its imports are checked here."""

from __future__ import annotations

import ast
from pathlib import Path

ENTRY = Path(__file__).parent.parent / "streamlit_app.py"


def test_the_entry_script_imports_only_portal_and_core() -> None:
    tree = ast.parse(ENTRY.read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    tops = {name.split(".")[0] for name in imported}
    assert tops <= {"__future__", "collections", "contextlib", "streamlit", "starlette", "portal", "core"}
    assert not [name for name in imported if name.startswith(("core.adapters", "core.domain"))]
