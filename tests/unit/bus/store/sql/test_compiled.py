from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    insert,
    select,
    update,
)

from bus.store.sql import compiled

things = Table(
    "things",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("name", Text),
    Column("body", LargeBinary),
    Column("good", Boolean),
)
_t = things.c
ROWS: list[dict[str, Any]] = [
    {"number": 1, "name": "một", "body": b"\0\xff", "good": True},
    {"number": 2, "name": None, "body": None, "good": False},
]
CASES: dict[str, tuple[compiled.Statement, list[dict[str, Any]]]] = {
    "insert of some columns": (insert(things), [{"number": 3, "good": True}, {"number": 4, "good": None}]),
    "update with a value of its own": (
        update(things).where(_t.number == bindparam("the")).values(name=bindparam("to"), good=True, body=None),
        [{"the": 2, "to": "hai"}, {"the": 1, "to": None}],
    ),
    "update that reads a parameter twice": (
        update(things).where(_t.number == bindparam("the")).values(name=bindparam("to"), number=bindparam("the") + 10),
        [{"the": 1, "to": "x"}],
    ),
    "delete by one parameter": (delete(things).where(_t.number == bindparam("gone")), [{"gone": 1}]),
}


@pytest.mark.parametrize("style", ["qmark", "named"])
@pytest.mark.parametrize("case", CASES)
def test_as_sqlalchemy_would(case: str, style: Any) -> None:
    """The rows are afterwards as SQLAlchemy's own execution leaves them, whichever way a driver takes its values."""
    statement, rows = CASES[case]
    ways: list[Callable[[Connection, compiled.Statement, list[dict[str, Any]]], object]] = [
        compiled.execute,
        Connection.execute,
    ]
    found = []
    for execute in ways:
        with create_engine("sqlite://", paramstyle=style).begin() as connection:
            things.create(connection)
            compiled.execute(connection, insert(things), ROWS)
            execute(connection, statement, rows)
            found.append(connection.execute(select(things).order_by(_t.number)).all())
        connection.engine.dispose()
    assert found[0] == found[1]
