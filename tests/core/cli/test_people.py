"""`people`: the operator sees who has signed in, and ends their sessions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import insert

from core import cli
from core.adapters import database
from core.adapters.clock import RealClock
from core.adapters.evidence_store import EvidenceStore
from core.adapters.tables import accounts
from core.app import App
from core.services import identity, staff


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("REFUND_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("REFUND_STORE_URL", tmp_path.as_uri())
    app = App(
        engine=database.engine(sqlite_url),
        clock=RealClock(),
        channels={},
        store=EvidenceStore(tmp_path.as_uri()),
    )
    with app.begin() as conn:
        for number, (person, role, name) in enumerate(
            (("mei", "customer", "梅"), ("zhou-lan", "reviewer", "周岚"), ("q", "lead", ""))
        ):
            conn.execute(
                insert(accounts).values(
                    issuer="https://id.example", subject=f"u-{number}", person_id=person, role=role,
                    name=name, signed_in_at=app.now(),
                )
            )  # fmt: skip
    return app


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = cli.main(["people", *words])
    return code, capsys.readouterr().out


def test_staff_stand_first(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "--json")
    assert code == 0 and [each["person_id"] for each in json.loads(said)] == ["q", "zhou-lan", "mei"]
    assert "周岚" in run(capsys)[1]
    assert staff.names(app) == {"zhou-lan": "周岚"}, "no customer is named among colleagues"


@pytest.mark.parametrize("option", ["--sign-out", "--unlink"])
def test_sessions_end(app: App, capsys: pytest.CaptureFixture[str], option: str) -> None:
    tokens = [identity.open_session(app, "reviewer", "zhou-lan") for _ in range(2)]
    other = identity.open_session(app, "customer", "mei")
    code, said = run(capsys, option, "zhou-lan", "--json")
    assert (code, json.loads(said)) == (0, {"person_id": "zhou-lan", "sessions_ended": 2})
    assert [identity.who(app, token) for token in tokens] == [None, None]
    assert identity.who(app, other) is not None
    assert ("zhou-lan" in staff.names(app)) is (option == "--sign-out")


def test_somebody_unknown(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--sign-out", "nobody")[0] == 1
