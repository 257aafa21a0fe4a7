"""One statement for many rows, or about many values. SQLite takes it once a row, within the process, and a list of so
many values as so many parameters. A server would be told row by row, and learn a new statement for every length of a
list, which costs more than the work itself: PostgreSQL gets rows as columns, an array each, a list as one array, and
the statement once.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVarTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    CursorResult,
    Dialect,
    Insert,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BindParameter
from sqlalchemy.types import TypeEngine

from bus.store import compiled
from bus.store.compiled import Statement as Statement
from bus.store.words import Words

_Ts = TypeVarTuple("_Ts")

_LARGE = frozenset({"body", "to_body"})


def about(connection: Connection, statement: Select[*_Ts], values: Mapping[str, Any]) -> CursorResult[*_Ts]:
    """Of a statement with `column IN (expanding parameter)`: what it finds."""
    suited = _with_arrays(statement) if connection.dialect.name == "postgresql" else statement
    return connection.execute(suited, values)


def many(connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
    """For each row in turn. All rows have the same names; there is at least one."""
    if connection.dialect.name != "postgresql":
        compiled.execute(connection, statement, rows)
        return
    # Bodies go one by one, which the driver does without waiting: as arrays they took half as long again.
    if not _LARGE.isdisjoint(rows[0]):
        connection.execute(statement, rows)
        return
    names = tuple(rows[0])
    whole, key = _over_arrays(statement, names)
    for some in _rounds(rows, key):
        connection.execute(whole, {name: [row[name] for row in some] for name in names})


def _rounds(rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """No row of a table twice in one: of two that change it, one would be passed over."""
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


@lru_cache(maxsize=64)
def _over_arrays(statement: Statement, names: tuple[str, ...]) -> tuple[Statement, tuple[str, ...]]:
    """The statement over a table of all rows, and the names that say which row of its table is meant."""
    if isinstance(statement, Insert):
        types = {name: _type(statement.table.c[name].type) for name in names}
        given = _given(types)
        return statement.from_select(names, select(*(given.c[name] for name in names))), ()
    binds = statement.compile(dialect=_dialect()).binds  # a parameter for a column has the column's type by then
    given = _given({name: _type(binds[name].type) for name in names})

    def replace(element: Any, **_: Any) -> Any:
        return given.c[element.key] if isinstance(element, BindParameter) and element.key in names else None

    whole: Any = visitors.replacement_traverse(statement, {}, replace)
    where = statement.whereclause
    assert where is not None
    key = tuple(each.key for each in visitors.iterate(where) if isinstance(each, BindParameter) and each.key in names)
    return whole, key


@lru_cache(maxsize=64)
def _with_arrays(statement: Select[*_Ts]) -> Select[*_Ts]:
    def replace(element: Any, **_: Any) -> Any:
        match element:
            case BinaryExpression(operator=operators.in_op, right=BindParameter() as right):
                array = bindparam(right.key, type_=ARRAY(_type(element.left.type)))
                return element.left == any_(array)
            case _:
                return None

    whole: Any = visitors.replacement_traverse(statement, {}, replace)
    return whole  # type: ignore[no-any-return] # as it was, but for the lists in it


@lru_cache(maxsize=1)
def _dialect() -> Dialect:
    from sqlalchemy.dialects.postgresql import dialect  # few daemons need it, and it is large

    return dialect()  # type: ignore[no-untyped-call]


def _given(types: Mapping[str, TypeEngine[Any]]) -> Any:
    arrays = (bindparam(name, type_=ARRAY(type_)) for name, type_ in types.items())
    return (
        func.unnest(*arrays).table_valued(*(column(name, type_) for name, type_ in types.items())).render_derived("g")
    )


def _type(of: TypeEngine[Any]) -> TypeEngine[Any]:
    """As an array can have it. What a column makes of it is the column's."""
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
