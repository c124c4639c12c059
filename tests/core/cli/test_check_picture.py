"""`check-picture`: what the portal would say of a file, for people and for scripts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from core.__main__ import main
from tests.core.adapters.odd_pictures import FILES


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(["check-picture", *arguments])
    return capsys.readouterr().out


def test_a_reason_and_a_note_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with a file and what to do, or what of it is not kept."""
    names = []
    for name in ("phone.heic", "animated.png", "twelve-pages.pdf"):
        (tmp_path / name).write_bytes(FILES[name].make())
        names.append(str(tmp_path / name))
    chinese = said(capsys, *names, "--lang", "zh_CN").splitlines()
    assert "HEIC" in chinese[0] and "JPG" in chinese[0]
    assert "第一帧" in chinese[1] and "前面几页" in chinese[2]
    english = said(capsys, *names, "--lang", "en").splitlines()
    assert "HEIC" in english[0]
    assert "first frame" in english[1] and "first pages" in english[2]


def test_a_file_above_the_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its fingerprint is that of the whole file, the answer names the limit."""
    data = FILES["plain.jpg"].make() + bytes(11 * 1024 * 1024)
    path = tmp_path / "large.jpg"
    path.write_bytes(data)
    assert "10 MB" in said(capsys, str(path), "--lang", "en")
    assert hashlib.sha256(data).hexdigest() in said(capsys, str(path), "--json")
