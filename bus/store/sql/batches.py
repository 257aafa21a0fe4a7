"""One statement for many rows (`Batch`), or about many values (`Lookup`), in the form that suits each database.

SQLite runs within the process: it takes a statement once a row, and a list as so many parameters. To a server each
statement is a round trip, and a list of another length is another statement to plan: PostgreSQL takes all rows at once
as arrays, one a column, and a list as one array.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVarTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    CursorResult,
    Insert,
    Integer,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    column,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from bus.store.sql import compiled
from bus.store.sql.compiled import Statement
from bus.store.sql.texts import Words

_Ts = TypeVarTuple("_Ts")

Among: TypeAlias = Callable[[ColumnElement[Any], str], ColumnElement[bool]]
"""The condition that a column is one of the values in the list of that name."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """An UPDATE or DELETE of many rows. Both forms do the same to the same rows."""

    each: Statement
    """SQLite: once a row; a parameter is a value of it."""
    arrays: Statement
    """PostgreSQL: once for all; a parameter is the array of that value of all rows."""
    key: tuple[str, ...] = ()
    """The parameters that name the row of the table. PostgreSQL changes a row once a statement and passes over a second
    change of it: with a key, such a change goes into a second statement. Empty where it makes no difference."""


class Lookup(Generic[*_Ts]):
    """A SELECT with lists among its parameters."""

    def __init__(self, build: Callable[[Among], Select[*_Ts]]) -> None:
        self.lists = build(lambda column, name: column.in_(bindparam(name, expanding=True)))
        """SQLite: each value of a list is a parameter."""
        self.arrays = build(lambda column, name: column == any_array(name, element_type(column.type)))
        """PostgreSQL: a list is an array."""


def batch(table: Table, *, key: tuple[str, ...], each: str, arrays: str, **others: TypeEngine[Any]) -> Batch:
    """From the words of both forms. Each `:name` is a column of the table, or one of the `others`."""
    names = text(arrays).compile().params
    types = {name: others[name] if name in others else element_type(table.c[name].type) for name in names}
    bound = (bindparam(name, type_=ARRAY(type_)) for name, type_ in types.items())
    return Batch(text(each), text(arrays).bindparams(*bound), key)


def any_array(name: str, type_: TypeEngine[Any]) -> Any:
    """`ANY(:name)`: PostgreSQL's word for one of an array's values."""
    return any_(bindparam(name, type_=ARRAY(type_)))


def look_up(connection: Connection, lookup: Lookup[*_Ts], values: Mapping[str, Any]) -> CursorResult[*_Ts]:
    is_server = connection.dialect.name == "postgresql"
    return connection.execute(lookup.arrays if is_server else lookup.lists, values)


def run(connection: Connection, batch: Batch, rows: Sequence[Mapping[str, Any]]) -> None:
    """For each row in turn. All rows have the same names. No rows: nothing."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        compiled.execute(connection, batch.each, rows)
        return
    for some in rounds(rows, batch.key):
        connection.execute(batch.arrays, {name: [row[name] for row in some] for name in rows[0]})


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, which have the same columns. No rows: nothing."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        compiled.execute(connection, insert_one(table), rows)
        return
    names = tuple(rows[0])
    connection.execute(insert_arrays(table, names), {name: [row[name] for row in rows] for name in names})


def rounds(rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The rows in lists in which no key comes twice; changes of one key keep their order."""
    if not key:
        yield rows
        return
    left = list(rows)
    while left:
        seen = set[tuple[Any, ...]]()
        now, later = list[Mapping[str, Any]](), list[Mapping[str, Any]]()
        for row in left:
            which = tuple(row[name] for name in key)
            (later if which in seen else now).append(row)
            seen.add(which)
        yield now
        left = later


def element_type(of: TypeEngine[Any]) -> TypeEngine[Any]:
    """A column's type as an array of PostgreSQL's can have it; the column makes its own of what it is given."""
    match of:
        case Words():
            return Words()
        case Text():
            variant = of._variant_mapping.get("postgresql")
            return Words() if isinstance(variant, Words) else Text()
        case Integer():
            return BigInteger()
        case _:
            return of


@lru_cache(maxsize=64)
def insert_one(table: Table) -> Insert:
    """The same each time, so that it is compiled once."""
    return insert(table)


@lru_cache(maxsize=64)
def insert_arrays(table: Table, names: tuple[str, ...]) -> Insert:
    """INSERT INTO table (…) SELECT … FROM unnest(…), an array a column."""
    types = {name: element_type(table.c[name].type) for name in names}
    arrays = (bindparam(name, type_=ARRAY(type_)) for name, type_ in types.items())
    given = func.unnest(*arrays).table_valued(*(column(name, type_) for name, type_ in types.items()))
    return insert(table).from_select(names, select(*given.render_derived("given").c))
