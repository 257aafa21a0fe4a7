"""A SQLite file read page by page, around what is damaged: rows that SQLite itself would not reach any more. No table
of ours is known here. The format, cited by section: https://www.sqlite.org/fileformat2.html

In a file made by us every page's parent is written down elsewhere, too (pointer map pages, §1.8): where an inner page
of a tree is lost, its children are found by that.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from mmap import mmap
from typing import Any, Final, NamedTuple, TypeAlias

_Bytes: TypeAlias = bytes | memoryview | mmap

_HEADER: Final = 100
_TABLE_LEAF, _TABLE_INNER, _INDEX_LEAF, _INDEX_INNER = 13, 5, 10, 2
_OF_TABLES: Final = frozenset({_TABLE_LEAF, _TABLE_INNER})
_OF_INDEXES: Final = frozenset({_INDEX_LEAF, _INDEX_INNER})
_INNER: Final = frozenset({_TABLE_INNER, _INDEX_INNER})
_DEEPEST: Final = 20  # SQLite's own limit
_LOCK_BYTE: Final = 1 << 30  # §1.4: the page there holds nothing
_CHILD: Final = 5
_ALONE: Final = frozenset({1, 2})
_OVERFLOW: Final = frozenset({3, 4})
_INTEGER_SIZES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_NULL, _REAL, _ZERO, _ONE, _BLOB = 0, 7, 8, 9, 12


class Unreadable(Exception):
    """Bytes that are no cell, or no file, of the format."""


class Row(NamedTuple):
    """One row of a table, or one entry of an index."""

    number: int
    """The row's own; 0 in an index."""
    values: list[Any]
    is_doubtful: bool
    """What lies behind it in its page is damaged: its own end may be, too."""


@dataclass(slots=True)
class Tree:
    """One table or index: what could not be read of it, known once the walk has ended."""

    hurt: list[int] = field(default_factory=list)
    """Pages that could not be read, or not all of them; 0 for a row that was read and is none."""
    gaps: list[tuple[int, int | None]] = field(default_factory=list)
    """Of a table: between which numbers rows may be missing, these two not among them; None where it is the end."""
    _since: int | None = None
    _last: int = 0

    def lost(self, page: int) -> None:
        self.hurt.append(page)
        if self._since is None:
            self._since = self._last

    def read(self, number: int, *, of_whole_page: bool) -> None:
        if of_whole_page and self._since is not None:
            self.gaps.append((self._since, number))
            self._since = None
        self._last = max(self._last, number)

    def rejected(self, number: int) -> None:
        """What was read under this number is no row."""
        self.hurt.append(0)
        self.gaps.append((number - 1, number + 1))

    def ended(self) -> None:
        if self._since is not None:
            self.gaps.append((self._since, None))
            self._since = None


class _Cell(NamedTuple):
    start: int
    child: int
    number: int
    values: list[Any] | None
    """None in an inner page of a table: only its children hold rows."""


class _Page(NamedTuple):
    number: int
    is_leaf: bool
    cells: list[_Cell]
    """In the order of their keys; those that cannot be read are left out."""
    children: list[int]
    is_whole: bool
    doubtful: frozenset[int]
    """Where the cells begin that a damaged one follows."""


class Pages:
    """The pages of one file whose log is empty. Raises Unreadable where it is no SQLite file."""

    def __init__(self, data: _Bytes) -> None:
        self._data = memoryview(data)
        if bytes(self._data[:16]) != b"SQLite format 3\0" or len(self._data) < _HEADER:
            raise Unreadable("no SQLite file")
        size = self._short(16)
        self._size = 65536 if size == 1 else size
        self._usable = self._size - self._data[20]
        if self._size < 512 or self._usable < 480:  # §1.3.2, §1.3.4
            raise Unreadable("no SQLite file")
        self.count = len(self._data) // self._size
        self._has_map = self._long(52) != 0  # §1.3.12
        self._sane_maps: dict[int, bool] = {}
        self._children: dict[int, list[int]] | None = None

    def close(self) -> None:
        """Before the bytes it was given are."""
        self._data.release()

    def walk(self, root: int, tree: Tree, *, is_index: bool) -> Iterator[Row]:
        """The rows of a table, or the entries of an index, as far as they can be read."""
        yield from self._walk(root, _OF_INDEXES if is_index else _OF_TABLES, tree, {root}, 0)
        tree.ended()

    def _walk(self, number: int, kinds: frozenset[int], tree: Tree, seen: set[int], depth: int) -> Iterator[Row]:
        page = self._page(number, kinds)
        children = self._checked(page, seen)
        is_whole = page.is_whole and children == page.children
        if not is_whole:
            tree.lost(number)
            children = self._all_children(number, children, kinds, seen)
        if not page.is_leaf and depth < _DEEPEST:
            seen.update(children)
            for child in children:
                yield from self._walk(child, kinds, tree, seen, depth + 1)
        for cell in page.cells:
            if cell.values is not None:
                tree.read(cell.number, of_whole_page=is_whole)
                yield Row(cell.number, cell.values, cell.start in page.doubtful)

    # -- pages and their parents -----------------------------------------------------------------------------------

    def _page(self, number: int, kinds: frozenset[int]) -> _Page:
        """§1.6. One that is no page of a tree has no cells, and may have had children."""
        base = (number - 1) * self._size
        head = _HEADER if number == 1 else 0
        kind = self._data[base + head]
        if kind not in kinds:
            return _Page(number, False, [], [], False, frozenset())
        is_inner = kind in _INNER
        count = self._short(base + head + 3)
        first = head + (12 if is_inner else 8)
        if first + 2 * count > self._usable:
            return _Page(number, not is_inner, [], [], False, frozenset())
        starts = [self._short(base + first + 2 * index) for index in range(count)]
        cells: list[_Cell] = []
        for start in starts:
            try:
                if not first + 2 * count <= start < self._usable:
                    continue
                cell = self._cell(number, start, kind)
            except (Unreadable, IndexError, struct.error):
                continue
            if kind == _TABLE_LEAF and cells and cell.number <= cells[-1].number:
                continue  # out of order: one of the two is none
            cells.append(cell)
        good = {cell.start for cell in cells}
        bad = [start for start in starts if start not in good]
        doubtful = frozenset(before for each in bad if (before := max((s for s in good if s < each), default=None)))
        children = [cell.child for cell in cells] + [self._long(base + head + 8)] if is_inner else []
        return _Page(number, not is_inner, cells, children, not bad, doubtful)

    def _checked(self, page: _Page, seen: set[int]) -> list[int]:
        """Its children, without those that cannot be: another's, or walked already."""
        return [
            child
            for child in page.children
            if 1 < child <= self.count and child not in seen and self._map_entry(child) in (None, (_CHILD, page.number))
        ]

    def _all_children(self, parent: int, known: list[int], kinds: frozenset[int], seen: set[int]) -> list[int]:
        """Of a damaged page, by what the children's entries in the pointer map say; in the order of their rows."""
        if self._children is None:
            self._children = {}
            for number in range(2, self.count + 1):
                entry = self._map_entry(number)
                if entry is not None and entry[0] == _CHILD:
                    self._children.setdefault(entry[1], []).append(number)
        every = {*known, *(child for child in self._children.get(parent, ()) if child not in seen)}
        return sorted(every, key=lambda child: next((c.number for c in self._page(child, kinds).cells), child << 40))

    def _map_entry(self, number: int) -> tuple[int, int] | None:
        """Kind and parent of a page; None where nobody says, or what is said is damaged."""
        if not self._has_map:
            return None
        each = self._usable // 5
        at = (number - 2) // (each + 1) * (each + 1) + 2
        at += at == _LOCK_BYTE // self._size + 1
        if at >= number or not self._is_sane(at, each):
            return None
        return self._entry(at, number)

    def _entry(self, at: int, number: int) -> tuple[int, int]:
        place = (at - 1) * self._size + 5 * (number - at - 1)
        return self._data[place], self._long(place + 1)

    def _is_sane(self, at: int, each: int) -> bool:
        if at not in self._sane_maps:
            entries = (self._entry(at, number) for number in range(at + 1, min(at + each, self.count) + 1))
            self._sane_maps[at] = all(
                parent == 0 if kind in _ALONE else kind in {*_OVERFLOW, _CHILD} and 0 < parent <= self.count
                for kind, parent in entries
            )
        return self._sane_maps[at]

    # -- cells and records -----------------------------------------------------------------------------------------

    def _cell(self, page: int, start: int, kind: int) -> _Cell:
        at = (page - 1) * self._size + start
        child = 0
        if kind in _INNER:
            child, at = self._long(at), at + 4
        length, at = self._varint(at)
        if kind == _TABLE_INNER:
            return _Cell(start, child, _signed(length), None)
        number = 0
        if kind == _TABLE_LEAF:
            number, at = self._varint(at)
        return _Cell(start, child, _signed(number), _values(self._payload(page, at, length, kind)))

    def _payload(self, page: int, at: int, length: int, kind: int) -> bytes:
        """§1.6: some of it in the cell, the rest in a chain of pages of its own."""
        usable = self._usable
        most = usable - 35 if kind == _TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        local = length
        if length > most:
            least = (usable - 12) * 32 // 255 - 23
            local = least + (length - least) % (usable - 4)
            local = local if local <= most else least
        rest = length - local
        if at + local + (4 if rest else 0) > (page - 1) * self._size + usable or length > len(self._data):
            raise Unreadable("over the end of its page")
        parts = [self._data[at : at + local]]
        before, following = page, self._long(at + local) if rest else 0
        while rest:
            if not 1 < following <= self.count or not self._follows(following, before):
                raise Unreadable("its chain of pages is cut")
            place = (following - 1) * self._size
            parts.append(self._data[place + 4 : place + 4 + min(rest, usable - 4)])
            rest -= len(parts[-1])
            before, following = following, self._long(place)
        if following:
            raise Unreadable("its chain of pages does not end")
        return b"".join(parts)

    def _follows(self, number: int, before: int) -> bool:
        entry = self._map_entry(number)
        return entry is None or (entry[0] in _OVERFLOW and entry[1] == before)

    def _short(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + 2], "big")

    def _long(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + 4], "big")

    def _varint(self, at: int) -> tuple[int, int]:
        return _varint(self._data, at)


def _varint(data: _Bytes, at: int) -> tuple[int, int]:
    """§1.6: seven bits a byte, the ninth whole. With where it ends."""
    view, value = memoryview(data), 0
    for index in range(8):
        byte = view[at + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    return value << 8 | view[at + 8], at + 9


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _values(payload: bytes) -> list[Any]:
    """§2.1. Raises Unreadable where header and values are not exactly the payload, or a text is none."""
    length, at = _varint(payload, 0)
    if not 0 < length <= len(payload):
        raise Unreadable("no record")
    kinds = []
    while at < length:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != length or sum(map(_size, kinds)) != len(payload) - length:
        raise Unreadable("no record")
    return list(_decoded(kinds, payload, at))


def _size(kind: int) -> int:
    if kind >= _BLOB:
        return (kind - _BLOB) // 2
    if kind in {10, 11}:
        raise Unreadable("no value is of this kind")
    return 8 if kind == _REAL else _INTEGER_SIZES.get(kind, 0)


def _decoded(kinds: Iterable[int], payload: bytes, at: int) -> Iterator[Any]:
    for kind in kinds:
        piece = payload[at : at + _size(kind)]
        at += len(piece)
        if kind == _NULL:
            yield None
        elif kind in _INTEGER_SIZES:
            yield int.from_bytes(piece, "big", signed=True)
        elif kind in {_ZERO, _ONE}:
            yield kind - _ZERO
        elif kind == _REAL:
            yield struct.unpack(">d", piece)[0]
        elif kind % 2 == 0:
            yield piece
        else:
            try:
                yield piece.decode("utf-8")
            except UnicodeDecodeError as exc:
                raise Unreadable("no text") from exc
