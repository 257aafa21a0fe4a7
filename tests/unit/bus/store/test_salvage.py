"""bus/store/salvage.py, and what rebuild.py and bodyless.py make of it: pages of every table and index of a filled
store are damaged, one after the other, and the report is held to what is there afterwards."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from itertools import cycle
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from bus.errors import StoreLost
from bus.store.losses import Losses
from bus.store.maintenance import recover
from bus.store.salvage import salvage
from tests.unit.bus.store.filled import OWNER, PAGE, Rows, fill, owned, rows_of
from tests.unit.bus.store.judge import judge

HALF = PAGE // 2
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "noise": lambda page: os.urandom(PAGE),
    "zeros": lambda page: bytes(PAGE),
    "torn": lambda page: page[:HALF] + os.urandom(HALF),
    "cut off": lambda page: page[:HALF] + bytes(HALF),
    "headless": lambda page: os.urandom(HALF) + page[HALF:],
}
NAMED = sorted(DAMAGES)
NOT_WITHOUT = {"sqlite_master"}
"""Without it nobody knows where anything is: only a backup helps."""


class Filled(NamedTuple):
    data: bytes
    rows: Rows
    pages: dict[str, list[int]]
    """By table or index, in the order of a walk; overflow pages follow their owners'."""


@cache
def filled() -> Filled:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "H49.db"
        fill(path)
        data = path.read_bytes()
        with closing(sqlite3.connect(path)) as connection:
            roots = {"sqlite_master": 1, **dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))}
        return Filled(data, rows_of(path), {name: owned(data, root) for name, root in roots.items() if root})


def recovered(folder: Path, *damages: tuple[int, Callable[[bytes], bytes]]) -> tuple[Losses, Rows]:
    path = folder / "H49.db"
    data = bytearray(filled().data)
    for number, damage in damages:
        begin = (number - 1) * PAGE
        data[begin : begin + PAGE] = damage(bytes(data[begin : begin + PAGE]))
    path.write_bytes(data)
    losses = recover(f"sqlite:///{path}", owner=OWNER)
    return losses, rows_of(path)


def some(pages: list[int]) -> Iterator[int]:
    """The root, the first below it, one in the middle, the last."""
    yield from dict.fromkeys([pages[0], *pages[1:2], pages[len(pages) // 2], pages[-1]])


NAMES = sorted(filled().pages)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_everything(name: str, tmp_path: Path) -> None:
    """Every row of before is there as it was, or made anew, or counted and, where it is a message, named with the
    stretch of time that brings it back; and nothing else is there."""
    for number, (kind, damage) in zip(cycle(some(filled().pages[name])), DAMAGES.items(), strict=False):
        truth(name, number, kind, damage, tmp_path / f"{number} {kind}")


@pytest.mark.long
@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_page_of_everything(name: str, kind: str, tmp_path: Path) -> None:
    """As above, without a choice."""
    for number in filled().pages[name]:
        truth(name, number, kind, DAMAGES[kind], tmp_path / f"{number}")


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 200))])
def test_pages_at_random(seed: int, tmp_path: Path) -> None:
    """Some, or a fifth of all: what was lost with all that named it is bounded by what is around it."""
    dice = Random(seed)
    every = range(2, len(filled().data) // PAGE + 1)
    damages = [(number, DAMAGES[dice.choice(NAMED)]) for number in dice.sample(every, dice.choice((2, 3, 5, 12, 40)))]
    try:
        losses, rows = recovered(tmp_path, *damages)
    except StoreLost:
        return
    assert judge(filled().rows, rows, losses) == []


def truth(name: str, number: int, kind: str, damage: Callable[[bytes], bytes], folder: Path) -> None:
    folder.mkdir()
    try:
        losses, rows = recovered(folder, (number, damage))
    except StoreLost:
        assert name in NOT_WITHOUT, f"{name}, page {number}, {kind}"
        return
    assert judge(filled().rows, rows, losses) == [], f"{name}, page {number}, {kind}"


@pytest.mark.parametrize(
    ("table", "index"),
    [
        ("outbox", "sqlite_autoindex_outbox_1"),
        ("inbox", "sqlite_autoindex_inbox_1"),
        ("inbox", "inbox_body"),
        ("outbox", "outbox_body"),
        ("dossier", "dossier_code_form"),
        ("dossier", "sqlite_autoindex_dossier_1"),
        ("status", "status_document_form"),
        ("event", "event_message"),
        ("outbox_recipient", "outbox"),
        ("inbox_blob", "sqlite_autoindex_inbox_blob_1"),
    ],
)
def test_a_table_and_what_would_name_its_rows(table: str, index: str, tmp_path: Path) -> None:
    """The last pages of both: what nothing names any more is bounded by the numbers around it, or by nothing where the
    end is lost; what is there is as it was."""
    last = [filled().pages[name][-1] for name in (table, index)]
    losses, rows = recovered(tmp_path, *((number, DAMAGES["noise"]) for number in last))
    assert judge(filled().rows, rows, losses) == []


def test_everything_of_the_inbox(tmp_path: Path) -> None:
    """Its root and all below: each message is named by an index, made anew where its body is, and its dossiers stay."""
    pages = filled().pages["inbox"]
    losses, rows = recovered(tmp_path, *((number, DAMAGES["zeros"]) for number in pages))
    assert judge(filled().rows, rows, losses) == []
    held = sum(1 for row in filled().rows["inbox"].values() if row["size"])
    assert losses.made["inbox"] == held


def test_not_even_the_list_of_tables(tmp_path: Path) -> None:
    """Only a backup helps, and it is said so; of an empty file, too."""
    for data in (b"\xff" * 9000, b""):
        (tmp_path / "x.db").write_bytes(data)
        with pytest.raises(StoreLost):
            salvage(tmp_path / "x.db", tmp_path / "fresh.db")
