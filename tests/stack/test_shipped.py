"""What deploy/ ships can be read by those whom it is for, and names only what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.app import Settings
from portal import gate
from tests import postgres
from tests.processes import ROOT
from tests.stack import rig
from tests.stack.certificate import made

DEPLOY = ROOT / "deploy"
NGINX_CONF = (DEPLOY / "nginx" / "portal.conf").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
UNITS = sorted((DEPLOY / "systemd").iterdir())
# What obstore reads (docs/operations.md).
STORE = {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def bytes_of(told: str) -> int:
    return int(told[:-1]) * {"k": 1024, "m": 1024**2}[told[-1]]


def limit_in(location: str) -> int:
    block = re.search(rf"location {re.escape(location)} \{{(.*?)\n    \}}", NGINX_CONF, re.DOTALL)
    found = re.search(r"client_max_body_size (\w+);", block[1] if block else "")
    assert found is not None, location
    return bytes_of(found[1])


def test_nginx_takes_what_the_portal_takes() -> None:
    """Neither more, which would be read for nothing, nor less, which would be refused in English."""
    assert limit_in("/_stcore/upload_file/") == gate.UPLOAD_LIMIT
    assert limit_in("/hooks/") == gate.HOOK_LIMIT
    of_the_rest = re.search(r"^    client_max_body_size (\w+);", NGINX_CONF, re.MULTILINE)
    assert of_the_rest is not None and bytes_of(of_the_rest[1]) == gate.FORM_LIMIT


@pytest.mark.parametrize("parts", ["nginx/portal", "compose/nginx"])
def test_nginx_reads_each_place(parts: str, tmp_path: Path) -> None:
    """With a certificate of this test in place of the shop's, and addresses of this machine."""
    try:
        program = rig.nginx()
    except rig.Missing as missing:
        postgres.skip_or_fail(str(missing))
    home = tmp_path / "nginx"
    shutil.copytree(DEPLOY / parts, home / "portal")
    certificate, key = made("127.0.0.1")
    (home / "portal" / "fullchain.pem").write_bytes(certificate)
    (home / "portal" / "privkey.pem").write_bytes(key)
    address = home / "portal" / "address.conf"
    told = address.read_text().replace("/etc/nginx/portal", str(home / "portal"))
    # Debian's nginx is older than the container's: there http2 is a word of `listen`.
    address.write_text(told.replace("http2 on;\n", ""))
    for part in rig.TEMPORARY:
        (home / part).mkdir()
    (home / "nginx.conf").write_text(rig.MAIN.format(shipped=rig.SHIPPED))
    words = [program, "-t", "-q", "-p", str(home), "-c", str(home / "nginx.conf"), "-e", "stderr"]
    # Ports below 1024 are taken in a test by root only; reading comes before.
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 or "(13: Permission denied)" in done.stderr, done.stderr
    assert "[warn]" not in done.stderr, done.stderr


def test_settings_are_those_that_there_are() -> None:
    """Each name in the example is read by somebody, and it makes good settings as it stands."""
    lines = (DEPLOY / "portal.env.example").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    ours = {name.removeprefix("REFUND_").lower() for name in told if name.startswith("REFUND_")}
    assert ours <= set(Settings.model_fields)
    assert {name for name in told if not name.startswith("REFUND_")} == STORE
    filled = {name: value for name, value in told.items() if value and name.startswith("REFUND_")}
    Settings(**{name.removeprefix("REFUND_").lower(): value for name, value in filled.items()})  # type: ignore[arg-type]


def words_of_compose() -> list[list[str]]:
    return [service["command"] for service in COMPOSE["services"].values() if "command" in service]


def words_of_units() -> list[list[str]]:
    found = [re.search(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE) for unit in UNITS]
    # One asks a shell for the day of the week.
    commands = [line[1].removeprefix("/bin/sh -c 'exec ") for line in found if line]
    return [command.replace("%i", "8501").split() for command in commands]


@pytest.mark.parametrize("words", [*words_of_compose(), *words_of_units()], ids=" ".join)
def test_commands_are_understood(words: list[str]) -> None:
    """Their words, without doing what they say."""
    assert words[0] in ("python", "/opt/refund/.venv/bin/python")
    done = subprocess.run(
        [sys.executable, *words[1:], "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    for option in (word for word in words if word.startswith("--")):
        assert option in done.stdout, f"{option} in {words}"


def test_compose_puts_everybody_where_the_others_look() -> None:
    services = COMPOSE["services"]
    at = {name: (each["networks"]["refund"] or {}).get("ipv4_address") for name, each in services.items()}
    replicas = re.findall(r"server ([\d.]+):8501", (DEPLOY / "compose/nginx/replicas.conf").read_text())
    webs = [name for name in services if name.startswith("web")]
    assert sorted(replicas) == sorted(at[name] for name in webs)
    for name in webs:
        command = services[name]["command"]
        assert command[command.index("--proxy") + 1] == at["nginx"]
    assert f"@{at['postgres']}/" in (DEPLOY / "portal.env.example").read_text()
    for each in services.values():
        for volume in each.get("volumes", []):
            place = volume.partition(":")[0]
            assert not place.startswith(".") or (DEPLOY / "compose" / place).exists(), place


def test_the_spare_replica_has_a_place() -> None:
    """`docs/deploy.md` starts it by this port, and it has to be one that nginx asks."""
    known = re.findall(
        r"^server 127\.0\.0\.1:(\d+) ", (DEPLOY / "nginx/portal/replicas.conf").read_text(), re.MULTILINE
    )
    told = (ROOT / "docs/deploy.md").read_text()
    (enabled,) = re.findall(r"^systemctl enable --now (refund-web@.*)$", told, re.MULTILINE)
    usual = re.findall(r"refund-web@(\d+)", enabled)
    (spare,) = re.findall(r"^systemctl start refund-web@(\d+)", told, re.MULTILINE)
    assert known == [*usual, spare]


@pytest.mark.parametrize("unit", ["refund-web@.service", "refund-worker@.service"])
def test_who_starts_behind_the_others_may_come_back(unit: str) -> None:
    """Root's rights are not theirs: without the limit they would start at the expense of those who serve."""
    assert "LimitNICE=+0" in (DEPLOY / "systemd" / unit).read_text().splitlines()


def test_the_image_has_all_that_the_portal_is() -> None:
    """And is not run by root, from locked requirements."""
    told = (DEPLOY / "Containerfile").read_text()
    copied = set(re.findall(r"^COPY (\S+) \S+$", told, re.MULTILINE))
    assert copied == {"requirements.txt", ".streamlit", "core", "pages", "portal", "streamlit_app.py"}
    assert all((ROOT / name).exists() for name in copied)
    assert "--require-hashes -r requirements.txt" in told
    assert re.findall(r"^USER (.*)$", told, re.MULTILINE) == ["10001"]


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    (tmp_path / "opt/.venv/bin").mkdir(parents=True)
    (tmp_path / "opt/.venv/bin/python").symlink_to(sys.executable)
    paths = []
    for unit in UNITS:
        told = unit.read_text().replace("/opt/refund", str(tmp_path / "opt")).replace("User=refund\n", "")
        path = tmp_path / unit.name.replace("@", "@1")  # an instance: a template alone is not looked at
        path.write_text(told)
        paths.append(str(path))
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, timeout=60)
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "refund-" in line]
    assert said == []
