"""Node.js, and what npm installs for a test into a temporary folder, once for all processes of a run."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

OLDEST = 18
INSTALL_SECONDS = 180


class Missing(Exception):
    """No Node.js that is new enough, or no npm."""


def installed(project: Path, folder: Path) -> Path:
    """`project` (package.json, its lock, scripts) copied into `folder` and installed there by its lock.

    Raises `Missing` where Node.js is not to be had; processes that come at the same time wait for the first.
    """
    _check()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.copytree(project, folder, dirs_exist_ok=True)
            quietly = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent")
            done = subprocess.run(
                ["npm", "ci", *quietly], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS
            )
            if done.returncode:
                raise Missing(f"npm could not install the official SDKs: {done.stderr.strip()[-300:]}")
            (folder / "done").touch()
    return folder


def run(folder: Path, script: str, told: dict[str, Any]) -> Any:
    """The JSON that a script answers to the JSON it is told."""
    done = subprocess.run(
        ["node", script], input=json.dumps(told), cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _check() -> None:
    sentence = "Node.js {} or newer with npm is not installed (Debian: apt-get install nodejs npm)."
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing(sentence.format(OLDEST))
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(said.removeprefix("v").partition(".")[0]) < OLDEST:
        raise Missing(sentence.format(OLDEST))
