"""Many rows by one statement that is compiled once, without what SQLAlchemy does anew for each row. Values go to the
driver as they are: texts, numbers, bytes, bools or None."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, Delete, Dialect, Insert, TextClause, Update

Statement: TypeAlias = Insert | Update | Delete | TextClause
"""An Insert of a table's columns; or any other over named parameters."""
Prepare: TypeAlias = Callable[[Mapping[str, Any]], Any]


def execute(connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `connection.execute(statement, rows)`; all rows have the same keys, and there is at least one."""
    dialect, columns = connection.dialect, tuple(rows[0])
    # Not the dialect itself: each store of a process has one of its own, and all of them say the same.
    key = (statement, dialect.name, dialect.driver, dialect.paramstyle, columns)
    if (found := _known.get(key)) is None:
        found = _known[key] = _compiled(statement, dialect, columns)
    sql, prepare = found
    connection.exec_driver_sql(sql, list(map(prepare, rows)))


_known: dict[tuple[object, ...], tuple[str, Prepare]] = {}
"""As many as there are statements in this folder."""


def _compiled(statement: Statement, dialect: Dialect, columns: tuple[str, ...]) -> tuple[str, Prepare]:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(columns))
    fixed = {name: value for name, value in compiled.params.items() if name not in columns}
    names = compiled.positiontup
    if names is None:  # the driver takes values by name
        return compiled.string, lambda row: {**row, **fixed}
    # Of one name it would give the value itself and no tuple of it: the last is there twice, and cut off again.
    take = itemgetter(*names, names[-1])
    return compiled.string, lambda row: take({**row, **fixed} if fixed else row)[:-1]
