"""bus/store/many.py: what PostgreSQL is told, compiled and not run; tests/postgres runs it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.dialects import postgresql

from bus.store import boxes, dossiers, inbox, outbox
from bus.store.many import Statement, _over_arrays, _rounds, _with_arrays, many
from bus.store.tables import metadata

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def words(statement: Any) -> str:
    return " ".join(str(statement.compile(dialect=DIALECT)).split())


@pytest.mark.parametrize(
    ("statement", "names", "key"),
    [
        (inbox._change, ("the", "to_state", "to_ref", "to_submission", "to_kept"), ("the",)),
        (outbox._change, ("the", "to_state", "to_error", "to_sent_at", "to_tried", "to_kept"), ("the",)),
        (outbox._confirm, ("the", "at_mailbox"), ("the", "at_mailbox")),
        (outbox._hold, ("the", "at_mailbox", "is_outcome", "is_code", "is_at"), ("the", "at_mailbox")),
        (boxes.OUTBOX.drop_body, ("gone",), ("gone",)),
        (dossiers._change, ("the_issuer", "the_document", "the_handler", "to_told"), ()),
    ],
)
def test_an_update_over_arrays(statement: Statement, names: tuple[str, ...], key: tuple[str, ...]) -> None:
    """Every parameter becomes a column of the rows given, and the row that is meant is known by its key."""
    if statement is dossiers._change:
        names = (*names[:3], *(f"to_{name}" for name in dossiers._CHANGING))
        key = names[:3]
    whole, found = _over_arrays(statement, names)
    said = words(whole)
    assert set(found) == set(key)
    assert "unnest(" in said
    assert all(f"g.{name}" in said for name in names)


def test_an_insert_over_arrays() -> None:
    """Texts that strangers wrote are made fit for PostgreSQL within an array, too."""
    whole, key = _over_arrays(inbox._insert, ("sequence", "message", "error", "docket"))
    assert key == ()
    assert words(whole).startswith("INSERT INTO inbox (sequence, message, error, docket) SELECT g.sequence, g.message,")
    process = whole.compile(dialect=DIALECT).binds["error"].type.dialect_impl(DIALECT).bind_processor(DIALECT)
    assert process is not None
    assert process(["a\0b", None]) == ["a\x1f0b", None]


@pytest.mark.parametrize(
    ("rows", "rounds"),
    [
        ([1, 2, 3], [[1, 2, 3]]),
        ([1, 1, 2, 1], [[1, 2], [1], [1]]),
    ],
)
def test_one_row_is_changed_once_a_statement(rows: Sequence[int], rounds: list[list[int]]) -> None:
    """Two changes of one row follow each other, as they were given: of two in one, PostgreSQL passes one over."""
    given = [{"the": row, "number": number} for number, row in enumerate(rows)]
    found = list(_rounds(given, ("the",)))
    assert [[row["the"] for row in some] for some in found] == rounds
    ones = [row["number"] for some in found for row in some if row["the"] == 1]
    assert ones == sorted(ones)


@pytest.mark.parametrize(
    "statement",
    [
        boxes.OUTBOX.submitted,
        boxes.OUTBOX.entries,
        outbox._sent_to,
        outbox._complete,
        inbox._standing,
        dossiers._by_key,
    ],
)
def test_a_list_is_one_parameter(statement: Any) -> None:
    """However long it is, the statement is the same."""
    said = words(_with_arrays(statement))
    assert "= ANY (" in said
    assert "POSTCOMPILE" not in said


@pytest.fixture
def sqlite() -> Iterator[Connection]:
    engine = create_engine(make_url("sqlite://"))
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


def test_sqlite_takes_row_by_row(sqlite: Connection) -> None:
    """Within one process nothing is gained by arrays."""
    told: list[bool] = []

    def listen(*arguments: Any) -> None:
        told.append(arguments[-1])

    event.listen(sqlite, "before_cursor_execute", listen)
    rows: list[Mapping[str, Any]] = [{"at": 1, "name": "x", "detail": ""}, {"at": 2, "name": "y", "detail": ""}]
    many(sqlite, dossiers._insert_event, rows)
    assert told == [True]
