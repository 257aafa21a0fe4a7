"""bus/store/sql/postgresql.py: what is known before a server is asked; tests/postgres asks one."""

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from bus.store.sql.postgresql import copy_partial_indexes, schema_of


@pytest.mark.parametrize(
    ("query", "owner", "schema"),
    [
        ("", "H49.06", "lienthong_h49_06"),
        ("?options=-csearch_path=Mine", "H49", "mine"),
        ('?options=-c search_path="Mine"', "H49", "Mine"),
    ],
)
def test_a_mailbox_s_schema(query: str, owner: str, schema: str) -> None:
    """Of its own, or the one that the URL names, as PostgreSQL reads it."""
    assert schema_of(make_url(f"postgresql+psycopg://db/x{query}"), owner) == schema


def test_partial_indexes_are_partial_in_both() -> None:
    """Without it the index of what waits would be as large as the table."""
    metadata = MetaData()
    things = Table("things", metadata, Column("number", Integer))
    index = Index("few", things.c.number, sqlite_where=things.c.number.is_not(None))
    Index("all", things.c.number)
    copy_partial_indexes(metadata)
    said = str(CreateIndex(index).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert said.endswith("WHERE number IS NOT NULL")
