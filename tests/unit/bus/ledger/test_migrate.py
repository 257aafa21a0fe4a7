"""bus/ledger/migrate.py and migrations/: every way up ends at the tables that the code knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from bus.ledger.migrate import REVISIONS, SCRIPTS
from bus.ledger.tables import metadata
from bus.store import migrate
from bus.store.sql import sqlite


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "x.db"
    engine = sqlite.engine_of(make_url(f"sqlite:///{path}"), path)
    yield engine
    engine.dispose()


def schema(engine: Engine) -> dict[str, str]:
    """Every table and index as SQLite keeps it, spaces and quotes aside; not `event`, which is a view in a file."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        kept = {name: " ".join(sql.replace('"', "").split()) for name, sql in found}
    return {name: sql for name, sql in kept.items() if name not in {"alembic_version", "event"}}


def test_from_nothing_to_today(engine: Engine) -> None:
    """An empty file, brought up, has the tables of tables.py: columns, keys, partial indexes, word for word."""
    with engine.begin() as connection:
        migrate.upgrade(connection, REVISIONS[-1], scripts=SCRIPTS)
        assert migrate.is_current(connection, store="x", revisions=REVISIONS)
        found = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [(each[0], each[1].name) for each in found] == [("add_table", "event")]
    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)
    assert schema(engine) == schema(fresh)
    fresh.dispose()


def test_one_line_of_revisions() -> None:
    """There is one head, and REVISIONS names them all in order."""
    scripts = ScriptDirectory(str(SCRIPTS))
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS
    assert scripts.get_heads() == [REVISIONS[-1]]
