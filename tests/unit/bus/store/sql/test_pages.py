"""bus/store/sql/pages.py: the file format, held to SQLite itself; and what is left when a page is not."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bus.store.sql.pages import Pages, Row, Tree, Unreadable

COUNT = 900


def made(path: Path, *, page: int = 1024, vacuum: str = "INCREMENTAL") -> None:
    """Integers of every width, a real, texts, blobs on chains of pages, negative numbers, tables of three floors."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA page_size = {page}; PRAGMA auto_vacuum = {vacuum}")
        connection.execute(
            "CREATE TABLE things (number INTEGER PRIMARY KEY, size INTEGER, part REAL, name TEXT, data BLOB)"
        )
        connection.execute("CREATE TABLE keyed (name TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID")
        connection.execute("CREATE INDEX by_name ON things (name)")
        for n in range(COUNT):
            size = (-1) ** n * 2 ** (n % 60) if n % 3 else n % 2
            row = (n - 5, size, n + 0.5, f"văn bản {n} " * 9, os.urandom(n * 7 % 5000) if n % 5 else None)
            connection.execute("INSERT INTO things VALUES (?, ?, ?, ?, ?)", row)
            connection.execute("INSERT INTO keyed VALUES (?, ?)", (f"khóa {n}", os.urandom(n)))
        connection.commit()


def by_sqlite(path: Path, select: str) -> list[list[object]]:
    with closing(sqlite3.connect(path)) as connection:
        return [list(row) for row in connection.execute(select)]


def root(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        return int(found)


def walk(data: bytes, number: int, *, is_index: bool = False) -> tuple[list[Row], Tree]:
    tree = Tree()
    return list(Pages(data).walk(number, tree, is_index=is_index)), tree


@pytest.mark.parametrize(("page", "vacuum"), [(512, "INCREMENTAL"), (1024, "NONE"), (65536, "INCREMENTAL")])
def test_as_sqlite_reads_it(tmp_path: Path, page: int, vacuum: str) -> None:
    """Rows of a table, of one without row numbers, entries of an index: the same, in the same order, nothing hurt."""
    path = tmp_path / "x.db"
    made(path, page=page, vacuum=vacuum)
    data = path.read_bytes()
    rows, tree = walk(data, root(path, "things"))
    wanted = by_sqlite(path, "SELECT number, NULL, size, part, name, data FROM things ORDER BY number")
    assert [[row.number, *row.values] for row in rows] == wanted
    assert (tree.hurt, tree.gaps) == ([], [])
    keyed, _ = walk(data, root(path, "keyed"), is_index=True)
    assert sorted(row.values for row in keyed) == by_sqlite(path, "SELECT * FROM keyed ORDER BY name")
    entries, _ = walk(data, root(path, "by_name"), is_index=True)
    assert sorted(row.values for row in entries) == sorted(by_sqlite(path, "SELECT name, number FROM things"))


def test_an_inner_page_costs_no_row_below_it(tmp_path: Path) -> None:
    """Its children are found by the pointer map; of an index, only the entries in that page itself are gone."""
    path = tmp_path / "x.db"
    made(path)
    whole = path.read_bytes()
    for name, is_index in (("things", False), ("keyed", True)):
        number = root(path, name)
        data = bytearray(whole)
        data[(number - 1) * 1024 : number * 1024] = os.urandom(1024)
        before, _ = walk(whole, number, is_index=is_index)
        after, tree = walk(bytes(data), number, is_index=is_index)
        kept = [row.values for row in after]
        assert number in tree.hurt
        missing = [row for row in before if row.values not in kept]
        assert len(missing) < (20 if is_index else 1)
        if not is_index:
            assert [row.number for row in after] == [row.number for row in before]


def test_without_a_pointer_map_it_costs_all_below_it(tmp_path: Path) -> None:
    """A store is made with one; of a file without, what lies below is out of reach, and said to be."""
    path = tmp_path / "x.db"
    made(path, vacuum="NONE")
    data = bytearray(path.read_bytes())
    number = root(path, "things")
    data[(number - 1) * 1024 : number * 1024] = bytes(1024)
    rows, tree = walk(bytes(data), number)
    assert (rows, tree.gaps) == ([], [(0, None)])


def test_a_leaf_leaves_a_gap(tmp_path: Path) -> None:
    """Between the numbers before and behind it; rows on both sides are as they were."""
    path = tmp_path / "x.db"
    made(path)
    data = bytearray(path.read_bytes())
    pages = Pages(bytes(data))
    before, _ = walk(bytes(data), root(path, "things"))
    leaf = next(
        n
        for n in range(3, pages.count)
        if data[(n - 1) * 1024] == 13 and b"b\xe1\xba\xa3n 40" in data[(n - 1) * 1024 : n * 1024]
    )
    data[(leaf - 1) * 1024 : leaf * 1024] = bytes(1024)
    after, tree = walk(bytes(data), root(path, "things"))
    gone = {row.number for row in before} - {row.number for row in after}
    ((low, high),) = tree.gaps
    assert high is not None
    assert gone == set(range(low + 1, high))


def test_what_follows_half_a_page_is_doubted(tmp_path: Path) -> None:
    """The row whose end may lie in the damaged half is read, and marked."""
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE things (number INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO things VALUES (?, ?)", [(n, "x" * 300) for n in range(12)])
        connection.commit()
    data = bytearray(path.read_bytes())
    data[4096 + 2048 : 8192] = bytes(2048)
    rows, tree = walk(bytes(data), root(path, "things"))
    assert tree.hurt == [2]
    assert [row.is_doubtful for row in rows].count(True) == 1
    assert all(row.values[1] == "x" * 300 for row in rows if not row.is_doubtful)


@pytest.mark.parametrize("data", [b"", b"x" * 5000, b"SQLite format 3\0" + bytes(84), b"SQLite format 3\0"])
def test_no_sqlite_file(data: bytes) -> None:
    """Said at once."""
    with pytest.raises(Unreadable):
        Pages(data)


@pytest.mark.parametrize("seed", range(40))
def test_noise_anywhere_ends_in_rows_or_none(tmp_path: Path, seed: int) -> None:
    """Whatever the bytes: no loop without an end, and no exception; most of it is still read."""
    path = tmp_path / "x.db"
    made(path, page=512)
    data = bytearray(path.read_bytes())
    for place in range(100 + seed * 7, len(data), 997 + seed):
        data[place] ^= 1 << seed % 8
    for name, is_index in (("things", False), ("by_name", True)):
        rows, _ = walk(bytes(data), root(path, name), is_index=is_index)
        assert len(rows) > COUNT // 3
