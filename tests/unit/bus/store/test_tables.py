"""bus/store/tables.py, and every statement over them: nothing in them is SQLite's alone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Dialect, Executable
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import ClauseElement

from bus.ports.records import Box
from bus.store.sql.batches import Batch, Lookup
from bus.store.statements import dossiers, inbox, outbox
from bus.store.statements.blobs import BLOBS
from bus.store.statements.entries import INBOX, OUTBOX
from bus.store.tables import metadata


def statements() -> Iterator[tuple[str, ClauseElement]]:
    for table in metadata.sorted_tables:
        yield table.name, CreateTable(table)
        yield from ((str(index.name), CreateIndex(index)) for index in table.indexes)
    kept_in = {
        "OUTBOX": OUTBOX,
        "INBOX": INBOX,
        "outbox": outbox,
        "inbox": inbox,
        "dossiers": dossiers,
        **{f"blobs {box}": BLOBS[box] for box in Box},
    }
    for where, owner in kept_in.items():
        for name in dir(owner):
            value = getattr(owner, name)
            if isinstance(value, Batch | Lookup):
                yield f"{where}.{name}", value.arrays
            elif isinstance(value, Executable) and isinstance(value, ClauseElement):
                yield f"{where}.{name}", value


EVERY = list(statements())
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("statement", [each for _, each in EVERY], ids=[name for name, _ in EVERY])
def test_postgresql_would_take_it(statement: ClauseElement) -> None:
    """Every table, index and statement can be written in PostgreSQL's words."""
    assert str(statement.compile(dialect=POSTGRESQL))


def test_there_is_something_to_compile() -> None:
    """The statements are found where they are kept."""
    assert len(EVERY) > 50
