"""bus/store/migrate.py and migrations/: every way up ends at the tables that the code knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

import bus.store
from bus.errors import BadConfig
from bus.store import migrate
from bus.store.sql import sqlite
from bus.store.tables import metadata


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "x.db"
    engine = sqlite.engine_of(make_url(f"sqlite:///{path}"), path)
    yield engine
    engine.dispose()


def schema(engine: Engine) -> dict[str, str]:
    """Every table and index as SQLite keeps it, spaces and quotes aside."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.replace('"', "").split()) for name, sql in found if name != "alembic_version"}


def test_from_nothing_to_today(engine: Engine) -> None:
    """An empty file, brought up, has the tables of tables.py: columns, keys, partial indexes, word for word."""
    with engine.begin() as connection:
        assert not migrate.is_current(connection, store="x")
        migrate.upgrade(connection)
        assert migrate.is_current(connection, store="x")
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)
    assert schema(engine) == schema(fresh)
    fresh.dispose()


def test_one_line_of_revisions() -> None:
    """There is one head, and migrate.REVISIONS names them all in order."""
    scripts = ScriptDirectory(str(Path(bus.store.__file__).with_name("migrations")))
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == migrate.REVISIONS
    assert scripts.get_heads() == [migrate.REVISIONS[-1]]


def test_all_of_it_or_nothing(engine: Engine) -> None:
    """A migration cut short leaves the file as it was: SQLite takes tables back like rows, if it is let."""

    def cut_short() -> None:
        with engine.begin() as connection:
            migrate.upgrade(connection)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        cut_short()
    assert schema(engine) == {}


def test_a_newer_store(engine: Engine) -> None:
    """It is left alone, and the operator is told which version to install."""
    with engine.begin() as connection:
        migrate.upgrade(connection)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(BadConfig, match=r"newer version.*9999.*0006.*Install"):
            migrate.is_current(connection, store="x.db")


def test_another_program_s_database(engine: Engine) -> None:
    """Our tables are not mixed with a stranger's."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE contacts (name TEXT)")
    with engine.connect() as connection, pytest.raises(BadConfig, match=r"another program \(contacts\)"):
        migrate.is_current(connection, store="x.db")


def test_an_older_store(engine: Engine) -> None:
    """A store of an earlier revision is known, and is not current."""
    with engine.begin() as connection:
        migrate.upgrade(connection)
        assert not migrate.is_current(connection, store="x.db", revisions=(*migrate.REVISIONS, "9999"))
