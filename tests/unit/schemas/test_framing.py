"""schemas/framing.py"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.framing import frame, unframe


@pytest.mark.parametrize(
    ("parts", "after", "framed"),
    [
        ([], b"", b""),
        ([b""], b"", bytes(4)),
        ([b"ab", b"", b"c"], b"", b"\0\0\0\2ab\0\0\0\0\0\0\0\1c"),
        ([memoryview(b"x" * 258)], b"LT", b"LT\0\0\1\2" + b"x" * 258),
    ],
)
def test_frame(parts: list[bytes], after: bytes, framed: bytes) -> None:
    """A part is its length in four bytes, most significant first, then its bytes (schemas §2.1)."""
    assert frame(parts, after=after) == framed


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_round_trip(parts: list[bytes]) -> None:
    """What was framed comes back as it was."""
    assert unframe(frame(parts), at_most=8) == parts


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0", "within a length"),
        (b"\0\0\0\1a\0\0\0", "within a length"),
        (b"\0\0\0\2a", "a part of 2 bytes where 1 are left"),
        (b"\xff\xff\xff\xff", "a part of 4294967295 bytes where 0 are left"),
        (bytes(12), "more than 2 parts"),
    ],
)
def test_refused(data: bytes, why: str) -> None:
    """A frame that ends within a part, or holds too many parts, is refused; a length is compared before it is
    trusted."""
    with pytest.raises(ValueError, match=why):
        unframe(data, at_most=2)


def test_too_long() -> None:
    """A part whose length does not fit into four bytes is not written."""

    class Long(bytes):
        def __len__(self) -> int:
            return 2**32

    with pytest.raises(ValueError, match="4294967295 are the most"):
        frame([Long()])
