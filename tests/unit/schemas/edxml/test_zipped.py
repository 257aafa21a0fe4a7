"""ZIP wrappers: opened at a bounded cost; a ZIP with anything unusual is kept as it is."""

import io
import struct
import tempfile
import zipfile
from contextlib import suppress
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.edxml import packing, zipped
from schemas.edxml.spool import InMemory, Slice, Spool, SpoolFailed
from tests.packages import zip_of

ONE = zip_of(("x.pdf", "nội dung".encode() * 20))
END = ONE.rindex(b"PK\x05\x06")


def changed(at: int, new: bytes) -> bytes:
    return ONE[:at] + new + ONE[at + len(new) :]


def central(offset: int, new: bytes) -> bytes:
    return changed(ONE.index(b"PK\x01\x02") + offset, new)


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"PK\x03\x04", zipped.Kept("zip-kept", "directory")),
        (ONE[:-30], zipped.Kept("zip-kept", "directory")),
        (ONE[: END + 10], zipped.Kept("zip-kept", "directory")),
        (changed(END + 12, struct.pack("<L", 1 << 20)), zipped.Kept("zip-kept", "directory")),
        (central(0, b"XX"), zipped.Kept("zip-kept", "directory")),
        (ONE[:END] + b"PK\x06\x07" + bytes(16) + ONE[END:], zipped.Kept("zip-kept", "ZIP64")),
        (zip_of(("x", b"1"), method=zipfile.ZIP_LZMA), zipped.Kept("zip-kept", "method 14")),
        (central(8, b"\x01\x00"), zipped.Kept("zip-kept", "password")),
        (zip_of(("a", b""), ("b", b"")), zipped.Kept("zip-several", "2")),
        (zip_of(("mimetype", b"")), zipped.Kept()),
    ],
)
def test_what_is_kept_as_it_is(content: bytes, kept: zipped.Kept) -> None:
    """A ZIP that is damaged, encrypted, of several entries or of an office program is passed on as it is, with a
    reason."""
    assert zipped.look(InMemory(content)) == kept


def wrapped(content: bytes) -> zipped.Wrapped:
    found = zipped.look(InMemory(content))
    assert isinstance(found, zipped.Wrapped)
    return found


def test_a_wrapper_is_opened() -> None:
    """A wrapper has one entry, which is the file."""
    assert zipped.unwrap(wrapped(ONE)) == "nội dung".encode() * 20


@pytest.mark.parametrize(
    "content",
    [
        changed(40, b"\xff\xff\xff"),
        changed(0, b"XX"),
        central(16, b"\0\0\0\0"),
        central(24, struct.pack("<L", 10)),
    ],
)
def test_a_damaged_wrapper_gives_nothing(content: bytes) -> None:
    """A wrapper with a wrong stream, header, checksum or size gives no half file."""
    with pytest.raises(ValueError, match="damaged"):
        zipped.unwrap(wrapped(content))


def test_no_more_is_unpacked_than_the_directory_says() -> None:
    """No more bytes are unpacked than the directory states, because the limits were checked against that size."""
    assert [len(piece) for piece in zipped.unpacked(wrapped(ONE), 150)] == [150, 50]
    more = wrapped(central(24, struct.pack("<L", 10)))
    with pytest.raises(ValueError, match="damaged"):
        zipped.unwrap(more)


def test_the_end_of_a_zip_says_what_it_is() -> None:
    """The last bytes alone show whether a ZIP is a wrapper."""
    long = zip_of(("x.bin", bytes(range(256)) * 8000), method=zipfile.ZIP_STORED)
    assert len(long) > zipped.TAIL
    assert isinstance(zipped.look_at_end(long[-zipped.TAIL :]), zipped.Wrapped)
    assert zipped.look_at_end(long[: -zipped.TAIL]) == zipped.Kept("zip-kept", "directory")


@given(st.binary(max_size=300), st.sampled_from(["xlsx", ""]))
def test_wrapping_is_a_function_and_comes_off(content: bytes, extension: str) -> None:
    """The same file gives the same ZIP, and the ZIP gives the file."""
    packed = packing.wrap(content, extension)
    assert packed == packing.wrap(content, extension)
    assert zipped.unwrap(wrapped(packed)) == content
    assert not zipped.is_path(wrapped(packed).entry)


@settings(max_examples=200)
@given(st.integers(0, len(ONE) - 1), st.binary(min_size=1, max_size=4))
def test_no_damage_brings_out_an_exception(at: int, new: bytes) -> None:
    """Any byte of a wrapper may be wrong; the result is a wrapper or a ZIP that is kept, never another exception."""
    found = zipped.look(InMemory(changed(at, new)))
    if isinstance(found, zipped.Wrapped):
        with suppress(ValueError):
            zipped.unwrap(found)


def test_a_spool_that_cannot_be_read_is_no_damaged_zip() -> None:
    """A fault of this machine is SpoolFailed, not a damaged ZIP."""
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        spool.add(zip_of(("x.bin", bytes(range(256)) * 400), method=zipfile.ZIP_STORED))
        lying = Slice(spool, 0)
        inside = zipped.Unzipped(lying, wrapped_in(lying))
        found = wrapped_in(lying)
        file.truncate(2000)
        with pytest.raises(SpoolFailed):
            zipped.unwrap(found)
        file.truncate(lying.size - 60)
        with pytest.raises(SpoolFailed):
            list(inside.pieces(1000))


class _Breaking(io.BytesIO):
    """A file whose directory cannot be read, though its end can."""

    def read(self, size: int | None = -1) -> bytes:
        if (size or 0) > 22:
            raise SpoolFailed(5, "Input/output error")
        return super().read(size)


class _Broken(InMemory):
    def open(self) -> BinaryIO:
        return _Breaking(self.content)


def test_nor_is_its_directory() -> None:
    """The same holds when the spool fails while the directory is read."""
    with pytest.raises(SpoolFailed):
        zipped.look(_Broken(ONE))


def wrapped_in(lying: Slice) -> zipped.Wrapped:
    found = zipped.look(lying)
    assert isinstance(found, zipped.Wrapped)
    return found
