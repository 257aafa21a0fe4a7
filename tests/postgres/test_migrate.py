"""The migrations on PostgreSQL: every way up ends at the tables that the code knows."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, make_url, text

from bus.errors import BadConfig
from bus.store import migrate
from bus.store.open import is_current, open_store, postgresql_of
from bus.store.tables import metadata

SHAPE = """
    SELECT table_name, column_name, data_type, is_nullable, collation_name, column_default
    FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'alembic_version'
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'
"""


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = engine_of(database, "G22")
    yield engine
    engine.dispose()


def engine_of(url: str, owner: str) -> Engine:
    database = postgresql_of(make_url(url), owner=owner)
    engine = database.open()
    with engine.begin() as connection:
        database.prepare(connection)
    return engine


def shape(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        schema = connection.scalar(text("SELECT current_schema()"))
        found = [tuple(row) for query in (SHAPE, INDEXES, KEYS) for row in connection.execute(text(query))]
    return sorted(
        tuple(each.replace(f"{schema}.", "") if isinstance(each, str) else each for each in row)
        for row in found
        if "alembic_version" not in str(row)
    )


def test_from_nothing_to_today(database: str, engine: Engine) -> None:
    """A new schema, brought up, has the tables of tables.py: columns, collations, keys and partial indexes alike."""
    with engine.begin() as connection:
        assert not migrate.is_current(connection, store="x")
        migrate.upgrade(connection)
        assert migrate.is_current(connection, store="x")
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    fresh = engine_of(database, "H49")
    with fresh.begin() as connection:
        metadata.create_all(connection)
    assert shape(engine) == shape(fresh)
    assert len(shape(engine)) > 100
    fresh.dispose()


@pytest.mark.parametrize("revision", migrate.REVISIONS)
def test_from_every_revision(database: str, engine: Engine, revision: str) -> None:
    """A store of any version before is brought up at opening; what is in it stays."""
    with engine.begin() as connection:
        migrate.upgrade(connection, revision)
        connection.execute(text("INSERT INTO owner (mailbox) VALUES ('G22')"))
    assert is_current(database, owner="G22") is (revision == migrate.REVISIONS[-1])
    open_store(database, owner="G22").close()
    assert is_current(database, owner="G22")


def test_all_of_it_or_nothing(database: str, engine: Engine) -> None:
    """A migration cut short leaves the schema as it was."""

    def cut_short() -> None:
        with engine.begin() as connection:
            migrate.upgrade(connection)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        cut_short()
    assert shape(engine) == []
    assert not is_current(database, owner="G22")


def test_another_program_s_schema(database: str, engine: Engine) -> None:
    """Our tables are not mixed with a stranger's."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE contacts (name TEXT)"))
    with pytest.raises(BadConfig, match=r"another program \(contacts\)"):
        open_store(database, owner="G22")


def test_sizes_beyond_two_gib(database: str) -> None:
    """What counts bytes is wide enough for what no message holds today."""
    open_store(database, owner="G22").close()
    engine = engine_of(database, "G22")
    with engine.connect() as connection:
        widths = connection.execute(text(f"SELECT data_type FROM ({SHAPE}) AS shape WHERE column_name = 'size'"))
        assert {row.data_type for row in widths} == {"bigint"}
    engine.dispose()
