"""Reading what can be read of a damaged SQLite file into a new one, table by table, page by page. SQLite's own
`.recover` needs a program that many machines lack, and that of Debian 12 (3.40.1) fails on every file.

A table is walked from both ends to where it cannot be read; in between every row is asked for by its number. Indexes
are not read at all: they are made anew. Rows of a lost page are lost; whose they were is care.py's to say.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bus.errors import StoreLost

PROBED = 100_000
"""Rows asked for one by one where no end is known."""


def salvage(path: Path, fresh: Path) -> None:
    """Raises StoreLost where not even the list of tables can be read."""
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o640)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(fresh, isolation_level=None)) as target:
        try:
            made = source.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        except sqlite3.DatabaseError as exc:
            raise StoreLost(store=path, why=str(exc)) from exc
        target.execute("PRAGMA auto_vacuum = INCREMENTAL")
        target.execute("BEGIN")
        for kind, name, sql in made:
            if kind == "table":
                target.execute(sql)
                _copy(source, target, str(name))
        for kind, _, sql in made:
            if kind != "table":
                target.execute(sql)
        target.execute("COMMIT")
        target.execute("PRAGMA journal_mode = WAL")


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    try:
        source.execute(f'SELECT rowid FROM "{table}" LIMIT 0')  # noqa: S608 — a name from the file's own list
        rows = _numbered(source, table)
    except sqlite3.OperationalError:  # a table without row numbers
        rows = _keyed(source, table)
    for row in rows:
        marks = ", ".join("?" * len(row))
        # What is read twice is kept once; a row that breaks a rule of its table is no row of ours.
        target.execute(f'INSERT OR IGNORE INTO "{table}" VALUES ({marks})', row)  # noqa: S608


def _numbered(source: sqlite3.Connection, table: str) -> Iterator[Sequence[Any]]:
    select = f'SELECT rowid, * FROM "{table}" NOT INDEXED'  # noqa: S608
    low: int | None = None
    high: int | None = None
    try:
        for row in source.execute(f"{select} ORDER BY rowid"):
            low = row[0]
            yield row[1:]
    except sqlite3.DatabaseError:
        low = low or 0
        with contextlib.suppress(sqlite3.DatabaseError):
            for row in source.execute(f"{select} WHERE rowid > ? ORDER BY rowid DESC", (low,)):
                high = row[0]
                yield row[1:]
        for number in range(low + 1, high or low + PROBED):
            with contextlib.suppress(sqlite3.DatabaseError):
                yield from (row[1:] for row in source.execute(f"{select} WHERE rowid = ?", (number,)))


def _keyed(source: sqlite3.Connection, table: str) -> Iterator[Sequence[Any]]:
    columns = source.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)).fetchall()
    for direction in ("ASC", "DESC"):
        order = ", ".join(f'"{name}" {direction}' for (name,) in columns)
        try:
            yield from source.execute(f'SELECT * FROM "{table}" ORDER BY {order}')  # noqa: S608
        except sqlite3.DatabaseError:
            continue
        return
