"""The database as migrated: what the tables module says, what triggers and constraints refuse, how
transactions begin.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Engine,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, InvalidRequestError, StatementError

from core.adapters import database
from core.adapters.prepared import Prepared
from core.adapters.tables import (
    balance_lots,
    case_events,
    cases,
    metadata,
    orders,
    payments,
    payouts,
    policies,
    settings,
    to_micros,
)
from core.domain.wallet import next_warning
from core.domain.workdays import end_of_day
from core.services.audit import notices
from tests.shop import Shop, open_shop


@pytest.fixture
def shop(database_url: str, tmp_path: Any) -> Shop:
    return open_shop(database_url, tmp_path / "evidence")


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_migrated_schema_is_the_one_in_the_code(database_url: str) -> None:
    """Tables, columns, nullability, keys, indexes and checks agree: a changed table needs a migration."""
    found = inspect(database.engine(database_url))
    assert set(found.get_table_names()) - {"alembic_version"} == set(metadata.tables)
    for name, table in metadata.tables.items():
        columns = {column["name"]: column for column in found.get_columns(name)}
        assert set(columns) == {column.name for column in table.columns}, name
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable, f"{name}.{column.name}"
            if not column.primary_key:
                has_default = columns[column.name]["default"] is not None
                assert has_default == (column.server_default is not None), f"{name}.{column.name}"
        assert indexes(database_url, name) == {index.name for index in table.indexes}, name
        checks = {check["name"] for check in found.get_check_constraints(name)}
        assert checks == {c.name for c in table.constraints if isinstance(c, CheckConstraint)}, name
        keys = {tuple(key["column_names"]) for key in found.get_unique_constraints(name)}
        wanted = {
            tuple(column.name for column in c.columns)
            for c in table.constraints
            if isinstance(c, UniqueConstraint)
        }
        assert keys == wanted, name
        assert len(found.get_foreign_keys(name)) == len(table.foreign_key_constraints), name


def indexes(url: str, table: str) -> set[str]:
    """Names of the table's indexes; those behind its keys have none of ours. SQLAlchemy does not see the
    ones on expressions.
    """
    at = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table",
        "postgresql": "SELECT indexname FROM pg_indexes WHERE tablename = :table",
    }
    base = database.engine(url)
    with base.connect() as conn:
        names = conn.execute(text(at[base.dialect.name]), {"table": table}).scalars()
        return {name for name in names if not name.startswith("sqlite_") and name[:3] in ("ix_", "uq_")} - {
            constraint["name"] for constraint in inspect(base).get_unique_constraints(table)
        }


def test_the_state_checks_are_the_lifecycles(database_url: str) -> None:
    """The frozen migration lists the states that the table knows today; a new state needs a new migration."""
    from core.domain.lifecycle import CASE, PAYOUT

    found = inspect(database.engine(database_url))
    for table, machine in (("cases", CASE), ("payouts", PAYOUT)):
        [check] = [c for c in found.get_check_constraints(table) if c["name"] == f"ck_{table}_state"]
        for state in machine.states:
            assert f"'{state}'" in check["sqltext"]


def test_sqlite_tables_are_strict(sqlite_url: str) -> None:
    """A number column never holds text."""
    with database.engine(sqlite_url).connect() as conn:
        rows = conn.execute(text("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")).all()
    loose = {row.name for row in rows if not row.strict} - {
        "alembic_version",
        "sqlite_schema",
        "sqlite_temp_schema",
    }
    assert loose == set()


def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = database.version(database.engine(database_url))
    database.migrate(database_url)
    assert database.version(database.engine(database_url)) == before == database.HEAD


def test_an_older_database_is_brought_up(tmp_path: Any) -> None:
    """What happened before there were notices is no finding; what happens after is told."""
    file = tmp_path / "older.db"
    url = f"sqlite:///{file}"
    database.migrate(url, "0001")
    base = database.engine(url)
    assert database.version(base) == "0001"
    what = "'reject', 'system', '', 'screening', 'rejected', '{}', ''"
    event = f"INSERT INTO case_events VALUES ('R1', ?, ?, {what})"
    with sqlite3.connect(file) as driver:  # its foreign keys are off: the case itself is not needed here
        driver.execute(event, (1, 7))
    database.migrate(url)
    assert database.version(base) == database.HEAD
    with base.begin() as conn:
        assert list(notices.check(conn)) == []
    with sqlite3.connect(file) as driver:
        driver.execute(event, (2, 8))
    with base.begin() as conn:
        assert [finding.code for finding in notices.check(conn)] == ["notice_missing"]


def test_talks_without_a_date_are_due_once_brought_up(tmp_path: Any) -> None:
    """Invariant 8: the worker finds them and hands them to a lead."""
    file = tmp_path / "older.db"
    url = f"sqlite:///{file}"
    database.migrate(url, "0004")
    with sqlite3.connect(file) as driver:
        driver.execute(
            "INSERT INTO cases"
            " (case_no, order_no, customer_id, state, policy_version, currency, owner, created_at)"
            " VALUES ('R1', 'O1', 'mei', 'negotiating', 1, 'CNY', 'finance', 1)"
        )
    database.migrate(url)
    with database.engine(url).connect() as conn:
        case = conn.execute(select(cases)).one()
    assert case.due_at is not None and case.due_at <= datetime.now(UTC)
    assert (case.due_action, case.owner) == (None, "finance")


def test_lots_from_before_there_were_warnings_get_one(tmp_path: Any) -> None:
    """At the time that the rules give a new one; not where nothing is left."""
    file = tmp_path / "older.db"
    url = f"sqlite:///{file}"
    database.migrate(url, "0013")
    credited, expires = datetime(2026, 9, 1, tzinfo=UTC), end_of_day(date(2027, 9, 1))
    lot = f"'mei', 500, ?, 'CNY', {to_micros(credited)}, {to_micros(expires)}"
    columns = "customer_id, amount_minor, remaining_minor, currency, credited_at, expires_at"
    with sqlite3.connect(file) as driver:
        for left in (500, 0):
            driver.execute(f"INSERT INTO balance_lots ({columns}) VALUES ({lot})", (left,))
    database.migrate(url)
    with database.engine(url).connect() as conn:
        found = conn.execute(select(balance_lots.c.warn_at).order_by(balance_lots.c.id)).scalars().all()
    assert found == [next_warning(credited, expires), None]


def test_what_channels_had_said_before_is_known_once_brought_up(tmp_path: Any) -> None:
    """Their state is the channel's word; a balance and a transfer by hand are no channel's."""
    file = tmp_path / "older.db"
    url = f"sqlite:///{file}"
    database.migrate(url, "0009")
    rows = [
        ("k1", "alipay", "accepted", 5, None), ("k2", "wechat", "arrived", 5, 7),
        ("k3", "card", "unknown", None, None), ("k4", "balance", "arrived", 5, 7),
        ("k5", "transfer", "accepted", 5, None),
    ]  # fmt: skip
    with sqlite3.connect(file) as driver:
        driver.executemany(
            "INSERT INTO payouts"
            " (case_no, payment_id, route, reserved_minor, amount_minor, currency, request, created_at,"
            " due_at, key, channel, state, accepted_at, arrived_at)"
            " VALUES ('R1', 1, 'original', 1, 1, 'CNY', '{}', 1, 1, ?, ?, ?, ?, ?)",
            rows,
        )
    database.migrate(url)
    with sqlite3.connect(file) as driver:
        heard = driver.execute("SELECT heard, heard_at FROM payouts ORDER BY key").fetchall()
    assert heard == [("accepted", 5), ("arrived", 7), (None, None), (None, None), (None, None)]


def test_several_processes_may_migrate_at_once(tmp_path: Any) -> None:
    """Web and worker start together on a fresh machine."""
    url = f"sqlite:///{tmp_path}/deep/down/new.db"
    errors: list[Exception] = []

    def start() -> None:
        try:
            database.migrate(url)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert database.version(database.engine(url)) == database.HEAD


def test_head_is_the_newest_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == database.HEAD


@pytest.mark.parametrize("how", ["update", "delete", "replace", "truncate"])
def test_events_are_only_ever_added(shop: Shop, how: str) -> None:
    """Invariant 4: UPDATE, DELETE and REPLACE are refused by the database."""
    shop.apply(shop.order())
    app = shop.app
    is_sqlite = app.engine.dialect.name == "sqlite"
    if (how, is_sqlite) in (("replace", False), ("truncate", True)):
        pytest.skip("not a statement of this database")
    with pytest.raises(DBAPIError, match="append-only"), app.begin() as conn:
        if how == "update":
            conn.execute(update(case_events).values(actor_id="somebody else"))
        elif how == "delete":
            conn.execute(case_events.delete())
        elif how == "truncate":
            conn.execute(text("TRUNCATE case_events CASCADE"))
        else:
            row = conn.execute(select(case_events)).first()
            assert row is not None
            conn.execute(insert(case_events).prefix_with("OR REPLACE").values(**row._asdict()))


def test_replace_is_refused_on_any_connection(sqlite_url: str, tmp_path: Any) -> None:
    """FACTS: on a connection without `recursive_triggers`, such as the sqlite3 shell, as well."""
    shop = open_shop(sqlite_url, tmp_path / "evidence")
    shop.apply(shop.order())
    plain = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    columns = "case_no, seq, at, event, actor_role, actor_id, from_state, to_state, body, hash"
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        plain.execute(f"REPLACE INTO case_events SELECT {columns} FROM case_events")
    plain.close()


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (payments, {"refunded_minor": 10_001}),
        (payments, {"reserved_minor": -1}),
        (cases, {"state": "sleeping"}),
        (cases, {"due_at": None}),
        (cases, {"fee_minor": 1}),
        (cases, {"order_no": "OD-NONE"}),
        (payouts, {"amount_minor": 10_001}),
        (payouts, {"state": "lost"}),
        (payouts, {"due_at": None}),
        (policies, {"approved_by": "author"}),
        (orders, {"quantity": 0}),
    ],
)
def test_rows_that_cannot_be(shop: Shop, table: Any, values: dict[str, Any]) -> None:
    """Invariants 1, 8, 13, 15: the CHECK behind each guard."""
    shop.apply(shop.order())
    shop.work()
    with pytest.raises(DBAPIError), shop.app.begin() as conn:
        conn.execute(update(table).values(**values))


def test_a_second_open_case_is_refused_by_the_database(shop: Shop) -> None:
    """Invariant 2: the partial unique index behind the guard."""
    shop.apply(shop.order())
    with pytest.raises(DBAPIError), shop.app.begin() as conn:
        row = conn.execute(select(cases)).one()
        conn.execute(insert(cases).values(**{**row._asdict(), "case_no": "R-2"}))


def test_a_transaction_that_writes_keeps_others_out(sqlite_url: str) -> None:
    """FACTS: BEGIN IMMEDIATE, so that nothing changes between reading and writing."""
    base = database.engine(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), timeout=0.05, isolation_level=None)
    with database.writer(base).begin() as conn:
        conn.execute(select(settings)).all()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    with database.reader(base).begin() as conn:
        conn.execute(select(settings)).all()
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    other.close()


def test_a_reader_sees_one_moment(database_url: str) -> None:
    """An audit of a moving house looks at one instant of it."""
    base = database.engine(database_url)
    with database.reader(base).begin() as reading:
        assert reading.execute(select(settings)).all() == []
        with database.writer(base).begin() as writing:
            writing.execute(insert(settings).values(key="a", value="b"))
        assert reading.execute(select(settings)).all() == []


def test_a_reader_cannot_write(postgres_url: str) -> None:
    with pytest.raises(DBAPIError), database.reader(database.engine(postgres_url)).begin() as conn:
        conn.execute(insert(settings).values(key="a", value="b"))


def test_one_engine_per_process_and_url(sqlite_url: str) -> None:
    assert database.engine(sqlite_url) is database.engine(sqlite_url)
    with pytest.raises(ValueError, match="in-memory"):
        database.engine("sqlite://")


def test_instants_come_back_as_they_were(shop: Shop) -> None:
    """FACTS: aware, UTC, to the microsecond, on both databases; flags as flags."""
    from datetime import datetime, timedelta, timezone

    at = datetime(2026, 12, 31, 23, 59, 59, 999_999, timezone(timedelta(hours=8)))
    order_no = shop.order(paid_at=at)
    with shop.app.read() as conn:
        row = conn.execute(select(orders).where(orders.c.order_no == order_no)).one()
    assert row.paid_at == at and row.paid_at.utcoffset() == timedelta()
    assert isinstance(orders.c.escrow.type, Boolean) and row.escrow is False
    with pytest.raises(StatementError, match="naive"):
        shop.order(paid_at=datetime(2026, 1, 1))


# --- connections to PostgreSQL ------------------------------------------------------------------------------


def _backend(base: Engine) -> int:
    with base.connect() as conn:
        return int(conn.execute(text("SELECT pg_backend_pid()")).scalar_one())


@pytest.mark.postgres
def test_a_reader_sees_one_instant_and_changes_nothing(postgres_url: str) -> None:
    base = database.engine(postgres_url)
    modes = text("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
    with database.reader(base).begin() as conn:
        assert tuple(conn.execute(modes).one()) == ("repeatable read", "on")
    with database.writer(base).begin() as conn:
        assert tuple(conn.execute(modes).one()) == ("read committed", "off")


@pytest.mark.postgres
def test_what_is_prepared_is_not_forgotten(postgres_url: str) -> None:
    """The driver forgets everything at a rollback: a read that is over without one keeps it."""
    base, read = database.engine(postgres_url), Prepared(select(settings.c.value))
    for _ in range(8):
        with base.connect() as conn:
            read.all(conn, {})
        with database.reader(base).begin() as conn:
            read.all(conn, {})
    with base.connect() as conn:
        kept = conn.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert any("FROM settings" in statement for statement in kept)


@pytest.mark.postgres
@pytest.mark.parametrize("kind", [database.reader, database.writer])
def test_a_connection_that_the_server_has_ended_is_replaced(
    postgres_server: Any, postgres_url: str, kind: Callable[[Engine], Engine]
) -> None:
    """Also one that was used a moment ago, which is not asked: nobody is shown an error."""
    base = database.engine(postgres_url)
    before = _backend(base)
    with postgres_server.connect() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", [before])
    with kind(base).begin() as conn:
        assert conn.execute(text("SELECT pg_backend_pid()")).scalar_one() != before


@pytest.mark.postgres
def test_a_connection_that_ends_before_its_transaction_begins_says_that_the_database_is_away(
    postgres_server: Any, postgres_url: str
) -> None:
    """BEGIN goes past SQLAlchemy: its error must be one of SQLAlchemy's, or nobody knows what it means."""
    with database.engine(postgres_url).connect() as conn:
        driver: Any = conn.connection.driver_connection
        with postgres_server.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", [driver.info.backend_pid])
        with pytest.raises(DBAPIError) as refused:
            conn.begin()
    assert database.is_away(refused.value)


@pytest.mark.postgres
def test_a_connection_that_was_idle_is_asked_whether_it_lives(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies between may have dropped it without a word."""
    base = database.engine(postgres_url)
    before = _backend(base)
    asked: list[Any] = []

    def silent(driver: Any) -> bool:
        asked.append(driver)
        raise psycopg.OperationalError("no answer")

    monkeypatch.setattr(base.dialect, "do_ping", silent)
    assert _backend(base) == before, "one that was just used is not asked"
    monkeypatch.setattr(database, "ASKED_AFTER_SECONDS", 0.0)
    with pytest.raises(InvalidRequestError):  # it asks new ones as well here, and gives up in the end
        _backend(base)
    monkeypatch.setattr(database, "ASKED_AFTER_SECONDS", 10.0)
    assert len(asked) > 1
    assert _backend(base) != before


@pytest.mark.parametrize(
    ("address", "mode"),
    [
        ("postgresql://u:p@db.example/shop", "require"),
        ("postgresql://u:p@10.0.0.5/shop", "require"),
        ("postgresql://u:p@/shop?host=db.example", "require"),
        ("postgresql://u:p@db.example/shop?sslmode=verify-full", "verify-full"),
        ("postgresql://u:p@db.example/shop?sslmode=disable", "disable"),
        ("postgresql://u:p@127.0.0.1/shop", None),
        ("postgresql://u:p@/shop?host=/run/postgresql", None),
    ],
)
def test_the_database_is_not_spoken_to_in_the_open_unasked(
    address: str, mode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    assert database.engine(address).url.query.get("sslmode") == mode
