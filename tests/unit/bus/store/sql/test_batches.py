"""bus/store/sql/batches.py: what each database is told. PostgreSQL's is compiled, not run; tests/postgres runs it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, create_engine, event, make_url, select
from sqlalchemy.dialects import postgresql

from bus.store.sql.batches import Lookup, batch, insert_arrays, insert_rows, look_up, rounds, run
from bus.store.sql.texts import Words

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
things = Table(
    "things",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("name", Text().with_variant(Words(), "postgresql")),
)
RENAME = batch(
    things,
    key=("number",),
    each="UPDATE things SET name = :name WHERE number = :number",
    arrays="""
        UPDATE things SET name = given.name FROM unnest(:number, :name) AS given (number, name)
        WHERE things.number = given.number
    """,
)
NAMED = Lookup(lambda among: select(things.c.number).where(among(things.c.name, "names")))


def words(statement: Any) -> str:
    return " ".join(str(statement.compile(dialect=DIALECT)).split())


def test_postgresql_changes_all_rows_at_once() -> None:
    """Each parameter is an array of its column's type."""
    assert words(RENAME.arrays).startswith("UPDATE things SET name = given.name FROM unnest(%(number)s")


def test_postgresql_takes_new_rows_as_arrays() -> None:
    """Texts that strangers wrote are made fit for PostgreSQL within an array, too."""
    statement = insert_arrays(things, ("number", "name"))
    assert words(statement).startswith("INSERT INTO things (number, name) SELECT given.number, given.name FROM unnest(")
    for each in (statement, RENAME.arrays):
        process = each.compile(dialect=DIALECT).binds["name"].type.dialect_impl(DIALECT).bind_processor(DIALECT)
        assert process is not None
        assert process(["a\0b", None]) == ["a\x1f0b", None]


def test_a_list_is_one_parameter() -> None:
    """On PostgreSQL, however long it is, the statement is the same."""
    said = words(NAMED.arrays)
    assert "= ANY (" in said
    assert "POSTCOMPILE" not in said


@pytest.mark.parametrize(
    ("rows", "lists"),
    [
        ([1, 2, 3], [[1, 2, 3]]),
        ([1, 1, 2, 1], [[1, 2], [1], [1]]),
    ],
)
def test_one_row_is_changed_once_a_statement(rows: Sequence[int], lists: list[list[int]]) -> None:
    """Two changes of one row follow each other, as they were given: of two in one, PostgreSQL passes one over."""
    given = [{"the": row, "number": number} for number, row in enumerate(rows)]
    found = list(rounds(given, ("the",)))
    assert [[row["the"] for row in some] for some in found] == lists
    ones = [row["number"] for some in found for row in some if row["the"] == 1]
    assert ones == sorted(ones)


@pytest.fixture
def sqlite() -> Iterator[Connection]:
    engine = create_engine(make_url("sqlite://"))
    with engine.connect() as connection:
        things.create(connection)
        yield connection
    engine.dispose()


def test_sqlite_takes_row_by_row(sqlite: Connection) -> None:
    """Within one process nothing is gained by arrays. No rows are no statement."""
    told: list[tuple[str, bool]] = []

    def listen(_connection: object, _cursor: object, statement: str, *arguments: Any) -> None:
        told.append((statement.split()[0], arguments[-1]))

    event.listen(sqlite, "before_cursor_execute", listen)
    rows: list[Mapping[str, Any]] = [{"number": 1, "name": "x"}, {"number": 2, "name": "y"}]
    insert_rows(sqlite, things, rows)
    insert_rows(sqlite, things, [])
    run(sqlite, RENAME, [{"number": 1, "name": "một"}, {"number": 2, "name": "hai"}])
    run(sqlite, RENAME, [])
    assert told == [("INSERT", True), ("UPDATE", True)]
    assert look_up(sqlite, NAMED, {"names": ["hai", "ba"]}).scalars().all() == [2]
