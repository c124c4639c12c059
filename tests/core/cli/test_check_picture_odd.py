"""`check-picture` on names and things that are no ordinary files: it answers for each, and never waits."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.cli import pictures
from core.domain.errors import EvidenceBusy
from tests.core.adapters.odd_pictures import FILES


def asked(capsys: pytest.CaptureFixture[str], *files: str) -> list[dict[str, Any]]:
    main(["check-picture", "--json", "--", *files])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [one["file"] for one in found] == list(files)
    return found


def test_names_are_only_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line break, what looks like an option, a script's word: the name is told back and means nothing."""
    monkeypatch.chdir(tmp_path)
    names = [
        "a\nb.jpg",
        "--help",
        "-",
        "--json",
        "$(touch x).jpg",
        "; rm -rf x.jpg",
        "图片.png",
        " .jpg",
        "%s%n.png",
    ]
    for name in names:
        Path(name).write_bytes(FILES["plain.jpg"].make())
    assert {one["verdict"] for one in asked(capsys, *names)} == {"accepted"}
    assert sorted(os.listdir()) == sorted(names)
    main(["check-picture", "--lang", "en", "--", "a\nb.jpg"])
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_what_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder, a pipe nobody writes to, a socket, devices that never end, links to them and to nothing."""
    good = tmp_path / "good.png"
    good.write_bytes(FILES["palette-transparent.png"].make())
    os.mkfifo(tmp_path / "pipe.jpg")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket.jpg"))
    (tmp_path / "to-good.png").symlink_to(good)
    (tmp_path / "to-zero.png").symlink_to("/dev/zero")
    (tmp_path / "to-nothing.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    odd = [str(tmp_path), "/dev/zero", "/dev/random", "/dev/null"]
    odd += [
        str(tmp_path / name)
        for name in ("pipe.jpg", "socket.jpg", "to-zero.png", "to-nothing.png", "loop.png")
    ]
    found = asked(capsys, str(good), *odd, str(tmp_path / "to-good.png"))
    listening.close()
    assert [one["code"] for one in found] == [None, *["no_file"] * len(odd), None]
    assert [one["sha256"] is None for one in found] == [False, *[True] * len(odd), False]


def test_a_file_that_goes_meanwhile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are answered all the same."""
    names = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in names:
        path.write_bytes(FILES["plain.jpg"].make())
    real = pictures._checked

    def slow(path: Path) -> Any:
        names[1].unlink(missing_ok=True)
        return real(path)

    monkeypatch.setattr(pictures, "_checked", slow)
    assert [one["code"] for one in asked(capsys, *map(str, names))] == [None, "no_file", None]
    for language, word in (("zh_CN", "不在了"), ("en", "gone")):
        main(["check-picture", "--lang", language, str(tmp_path)])
        assert word in capsys.readouterr().out


def test_a_busy_machine_is_not_the_files_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise EvidenceBusy()

    monkeypatch.setattr("core.adapters.pictures.process.intake", busy)
    (tmp_path / "a.jpg").write_bytes(b"x")
    assert asked(capsys, str(tmp_path / "a.jpg"))[0]["code"] == "evidence_busy"
