"""ZIP wrappers: opened at a bounded cost, kept where anything about them is odd."""

import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.edxml import zipped
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
    """Damaged, encrypted, of several entries, of an office program: such bytes are passed on, with a word why."""
    assert zipped.look(content) == kept


def wrapped(content: bytes) -> zipped.Wrapped:
    found = zipped.look(content)
    assert isinstance(found, zipped.Wrapped)
    return found


def test_a_wrapper_is_opened() -> None:
    """One entry, one file."""
    assert zipped.unwrap(wrapped(ONE), most=1000) == "nội dung".encode() * 20


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
    """A stream, a header, a checksum or a size that is wrong: no half file comes out."""
    assert zipped.unwrap(wrapped(content), most=1000) is None


def test_no_more_is_unpacked_than_asked_for() -> None:
    """The bound holds whatever the directory says."""
    assert zipped.unwrap(wrapped(ONE), most=5) is None


@given(st.binary(max_size=300), st.sampled_from(["xlsx", ""]))
def test_wrapping_is_a_function_and_comes_off(content: bytes, extension: str) -> None:
    """The same file gives the same ZIP, and the ZIP gives the file."""
    packed = zipped.wrap(content, extension)
    assert packed == zipped.wrap(content, extension)
    assert zipped.unwrap(wrapped(packed), most=1000) == content
    assert not zipped.is_path(wrapped(packed).entry)


@settings(max_examples=200)
@given(st.integers(0, len(ONE) - 1), st.binary(min_size=1, max_size=4))
def test_no_damage_brings_out_an_exception(at: int, new: bytes) -> None:
    """Any byte of a wrapper may be wrong."""
    found = zipped.look(changed(at, new))
    if isinstance(found, zipped.Wrapped):
        zipped.unwrap(found, most=1000)
