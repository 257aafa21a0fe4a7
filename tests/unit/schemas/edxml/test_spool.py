"""The storage of files while a package is read: memory, or a file without a name."""

import io
import os
import tempfile
from pathlib import Path
from typing import IO

import pytest

from schemas.edxml.spool import InMemory, MemoryBudget, Slice, Spool, SpoolFailed


def spool(*parts: bytes) -> Spool:
    made = Spool(tempfile.TemporaryFile())  # noqa: SIM115 — it goes with the spool
    for part in parts:
        made.add(part)
    return made


def test_a_slice_is_a_part_of_its_spool() -> None:
    """Bytes that were added before a slice, or are added later, do not belong to it."""
    made = spool(b"before")
    made.add(b"0123456789")
    part = Slice(made, 6)
    made.add(b"behind")
    assert list(part.pieces(4)) == [b"0123", b"4567", b"89"]
    assert (part.first(3), part.last(3), part.last(99)) == (b"012", b"789", b"0123456789")
    assert part.sha256 == part.sha256 == "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"


def test_a_slice_is_read_as_a_file() -> None:
    """A slice is read in any order, like a file of its own."""
    part = Slice(spool(b"before", b"0123456789"), 6)
    with part.open() as file:
        assert file.seekable()
        assert file.seek(-3, os.SEEK_END) == 7
        assert file.read() == b"789"
        assert file.read() == b""
        file.seek(2)
        assert file.read(2) == b"23"
        file.seek(1, os.SEEK_CUR)
        assert file.read(99) == b"56789"
        with pytest.raises(ValueError, match="before the beginning"):
            file.seek(-11, os.SEEK_END)
    assert InMemory(b"0123").open().read() == b"0123"


def test_a_spool_goes_with_the_last_that_refers_to_it() -> None:
    """A spool is gone with its last reference: nothing has to be closed, and nothing is left behind."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 — that is what this is about
    part = Slice(Spool(file), 0)
    assert not file.closed
    del part
    assert file.closed


def test_a_spool_that_cannot_be_read_or_written_says_so() -> None:
    """A full disk, a broken one or none is SpoolFailed, not a fault of the package."""

    def none() -> IO[bytes]:
        raise OSError(28, "No space left on device")

    with pytest.raises(SpoolFailed, match="No space"):
        MemoryBudget(none, one=0, all_=0).spool()
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(SpoolFailed):  # noqa: PTH123
        Spool(full).add(b"x")
    with tempfile.TemporaryFile() as file:
        part = Slice(made := Spool(file), 0)
        made.add(b"0123")
        part = Slice(made, 0)
        file.truncate(2)
        with pytest.raises(SpoolFailed, match="early"):
            list(part.pieces(4))
    with pytest.raises(SpoolFailed):
        part.first(1)


def test_the_budget_has_an_end(tmp_path: Path) -> None:
    """Small files are held until there are too many of them."""
    budget = MemoryBudget(lambda: (tmp_path / "x").open("w+b"), one=10, all_=15)
    assert [budget.takes(size) for size in (11, 10, 6, 5, 1, 0)] == [False, True, False, True, False, True]
    assert budget.spool() is budget.spool()


def test_a_spool_is_no_mere_stream() -> None:
    """A file object without a file on a disk cannot be a spool."""
    with pytest.raises(OSError, match="fileno"):
        Spool(io.BytesIO())
