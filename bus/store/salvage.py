"""Salvage of a damaged SQLite file: what can be read goes into a new one, table by table; and of the rows that cannot,
what the indexes still say about them. SQLite's own `.recover` needs a program that many machines lack, and that of
Debian 12 (3.40.1) fails on every file.

Pages are read by sql/pages.py; whether a row is one of ours, by sound.py. What the loss of a row means for the road is
rebuild.py's to say.
"""

import mmap
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from bus.errors import StoreLost, Words, said
from bus.store.sound import is_sound
from bus.store.sql.pages import Pages, Tree

Key: TypeAlias = int | tuple[Any, ...]
"""The number of a row; its key, where its table numbers none."""
Trace: TypeAlias = dict[str, Any]
"""Columns of a lost row, as its indexes still have them."""

_PROVEN: Final = frozenset({"outbox", "inbox", "outbox_body", "inbox_body"})
"""Tables whose rows prove themselves: a doubtful end would show."""


@dataclass(slots=True)
class Salvaged:
    """What could not be read. Tables of which all could be are not named."""

    hurt: dict[str, Tree] = field(default_factory=dict)
    traces: dict[str, dict[Key, Trace]] = field(default_factory=dict)
    """The rows that are known to be missing."""
    untold: set[str] = field(default_factory=set)
    """Tables of which more may be missing than `traces` has: no index that has all of their rows could be read."""


class _Made(NamedTuple):
    """A line of the file's own list of tables and indexes."""

    kind: str
    name: str
    table: str
    root: int
    sql: str | None


class _Column(NamedTuple):
    name: str
    type: str
    is_required: bool
    default: Any


class _Columns(NamedTuple):
    """Of a table, in the order of its records."""

    every: list[_Column]
    number: str | None
    """The column that is the row's own number."""
    key: list[str]
    """Where it numbers no rows."""


def salvage(path: Path, fresh: Path) -> Salvaged:
    """Raises StoreLost where not even the list of tables can be read. The file's log is taken into it first."""
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o640)
    try:
        with closing(sqlite3.connect(path)) as source:
            source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            made = [
                _Made(*row) for row in source.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master")
            ]
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:  # the second: SQLite quotes names of noise
        why = said(
            "không đọc được danh sách các bảng ({cause})", "its list of tables cannot be read ({cause})", cause=exc
        )
        raise StoreLost(store=path, why=why) from exc
    if not made:
        raise StoreLost(store=path, why=Words("tệp rỗng", "it is empty"))
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        closing(sqlite3.connect(fresh, isolation_level=None)) as target,
    ):
        target.execute("PRAGMA auto_vacuum = INCREMENTAL")
        target.execute("PRAGMA synchronous = OFF")  # the caller syncs the whole file
        target.execute("BEGIN")
        pages = Pages(data)
        try:
            found = _salvaged(pages, made, target)
        finally:
            pages.close()
        target.execute("COMMIT")
        target.execute("PRAGMA journal_mode = WAL")
    return found


def _salvaged(pages: Pages, made: Sequence[_Made], target: sqlite3.Connection) -> Salvaged:
    found = Salvaged()
    for each in made:
        if each.kind == "table" and each.sql:
            target.execute(each.sql)
            tree = _copy(pages, each, target)
            if tree.hurt:
                found.hurt[each.name] = tree
    for each in made:
        if each.kind != "table" and each.sql:
            target.execute(each.sql)
    for name in found.hurt:
        indexes = [each for each in made if each.kind == "index" and each.table == name]
        found.traces[name], is_told = _traces(pages, name, indexes, target)
        if not is_told:
            found.untold.add(name)
    return found


def _copy(pages: Pages, table: _Made, target: sqlite3.Connection) -> Tree:
    columns, tree = _columns(target, table.name), Tree()
    names = [column.name for column in columns.every]
    numbered = names if columns.key else ["rowid", *names]
    quoted, marks = ", ".join(f'"{name}"' for name in numbered), ", ".join("?" * len(numbered))
    # What is read twice is kept once.
    insert = f'INSERT OR IGNORE INTO "{table.name}" ({quoted}) VALUES ({marks})'  # noqa: S608 — names of the file's own
    for number, values, is_doubtful in pages.walk(table.root, tree, is_index=bool(columns.key)):
        row = _row(columns, number, values)
        if row is None or (is_doubtful and table.name not in _PROVEN) or not is_sound(table.name, row):
            tree.rejected(number)
            continue
        target.execute(insert, [*([] if columns.key else [number]), *row.values()])
    return tree


def _columns(target: sqlite3.Connection, table: str) -> _Columns:
    rows = target.execute('SELECT name, upper(type), "notnull", dflt_value, pk FROM pragma_table_info(?)', (table,))
    every, keys = [], []
    for name, kind, is_required, default, place in rows.fetchall():
        literal = None if default is None else target.execute(f"SELECT {default}").fetchone()[0]
        every.append(_Column(name, kind, bool(is_required), literal))
        keys += [(place, name)] * bool(place)
    key = [name for _, name in sorted(keys)]
    (is_keyed,) = target.execute("SELECT wr FROM pragma_table_list WHERE name = ?", (table,)).fetchone()
    if is_keyed:
        every.sort(key=lambda column: key.index(column.name) if column.name in key else len(key))
        return _Columns(every, None, key)
    is_numbered = len(key) == 1 and next(column.type for column in every if column.name == key[0]) == "INTEGER"
    return _Columns(every, key[0] if is_numbered else None, [])


def _row(columns: _Columns, number: int, values: Sequence[Any]) -> dict[str, Any] | None:
    """None where a value cannot stand in its column. A row from before a column was added ends before it."""
    if len(values) > len(columns.every):
        return None
    row: dict[str, Any] = {}
    for index, column in enumerate(columns.every):
        value = values[index] if index < len(values) else column.default
        if column.name == columns.number:
            value = number
        if (value is None and column.is_required) or not _fits(value, column.type):
            return None
        row[column.name] = value
    return row


def _fits(value: Any, kind: str) -> bool:
    if value is None:
        return True
    if "INT" in kind or kind == "BOOLEAN":
        return isinstance(value, int)
    return isinstance(value, bytes if kind == "BLOB" else str)


def _traces(
    pages: Pages, table: str, indexes: Sequence[_Made], target: sqlite3.Connection
) -> tuple[dict[Key, Trace], bool]:
    """The rows that are in an index and not in the table; and whether one of the indexes has them all."""
    found: dict[Key, Trace] = {}
    key, is_told = _columns(target, table).key, False
    condition = " AND ".join(f'"{name}" = ?' for name in key) or "rowid = ?"
    there = f'SELECT 1 FROM "{table}" WHERE {condition}'  # noqa: S608 — names from the file's own list
    for index in indexes:
        tree = Tree()
        for identity, trace in _entries(pages, index, tree, key, target):
            sought = identity if isinstance(identity, tuple) else (identity,)
            if identity in found or target.execute(there, sought).fetchone() is None:
                found.setdefault(identity, {}).update(trace)
        is_partial = " WHERE " in (index.sql or "").upper()
        is_told = is_told or not (tree.hurt or is_partial)
    return found, is_told


def _entries(
    pages: Pages, index: _Made, tree: Tree, key: Sequence[str], target: sqlite3.Connection
) -> Iterator[tuple[Key, Trace]]:
    names = [name for (name,) in target.execute("SELECT name FROM pragma_index_xinfo(?)", (index.name,)).fetchall()]
    for _, values, is_doubtful in pages.walk(index.root, tree, is_index=True):
        if is_doubtful or len(values) != len(names):
            tree.rejected(0)
            continue
        trace = dict(zip(names, values, strict=True))
        number = trace.pop(None, None)
        identity = tuple(trace[name] for name in key) or number
        if isinstance(identity, tuple | int):
            yield identity, trace
