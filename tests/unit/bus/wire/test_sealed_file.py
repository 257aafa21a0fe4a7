"""bus/wire/sealed_file.py: a file sealed to one key."""

import io
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import CannotOpenBackup
from bus.trust.keys import SealingKey
from bus.wire.sealed_file import MAGIC, opened, sealed
from schemas.docket import SEGMENT

HEAD = 4 + 32 + 1168
PIECE = SEGMENT + 16


@cache
def key() -> SealingKey:
    return SealingKey.from_seed(bytes(range(32)))


def seal(content: bytes) -> bytes:
    pieces = (content[at : at + SEGMENT] for at in range(0, len(content), SEGMENT))
    return b"".join(sealed(pieces, key().public))


def unseal(data: bytes, by: SealingKey | None = None) -> bytes:
    return b"".join(opened(io.BytesIO(data).read, by or key(), file="H49.db"))


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT])
def test_what_was_sealed_opens(size: int) -> None:
    """Of any size; each MiB begun costs 16 bytes, and the whole 1,204."""
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    made = seal(content)
    assert len(made) == HEAD + size + 16 * max(1, -(-size // SEGMENT))
    assert made.startswith(MAGIC + key().id.encode())
    assert unseal(made) == content


def test_one_that_opens_for_ever() -> None:
    """schemas §12.3: whatever this code becomes, yesterday's backups open."""
    vector = Path(__file__).parents[3] / "vectors" / "sealed-file.hex"
    assert unseal(bytes.fromhex(vector.read_text())) == b"H49\n"


TWO = seal(b"a" * SEGMENT * 2)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no sealed file"),
        (b"SQLite format 3\0" + TWO[16:], "no sealed file"),
        (b"LTB\x02" + TWO[4:], "no sealed file"),
        (TWO[: HEAD - 1], "no sealed file"),
        (TWO[:4] + b"0" * 32 + TWO[36:], "it is sealed to key"),
        (TWO[:4] + b"\xff" * 32 + TWO[36:], "it is sealed to key"),
        (TWO[:40] + bytes([TWO[40] ^ 1]) + TWO[41:], "its beginning was altered"),
        (TWO[:HEAD], "piece 1 was altered"),
        (TWO[: HEAD + 5], "piece 1 was altered"),
        (TWO[: HEAD + PIECE], "piece 1 was altered, or what follows is missing"),
        (TWO[:-1], "piece 2 was altered"),
        (TWO + b"x", "piece 2 was altered"),
        (TWO[:HEAD] + TWO[HEAD + PIECE :] + TWO[HEAD : HEAD + PIECE], "piece 1 was altered"),
        (TWO[:HEAD] + TWO[HEAD + PIECE :], "piece 1 was altered"),
    ],
)
def test_what_does_not_open(data: bytes, why: str) -> None:
    """Cut anywhere, longer, in another order, for another key: said which."""
    with pytest.raises(CannotOpenBackup, match=why):
        unseal(data)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, HEAD + 60), st.integers(1, 255))
def test_no_byte_may_differ(at: int, by: int) -> None:
    """Wherever it stands."""
    small = bytearray(seal(b"a" * 45))
    small[at] ^= by
    with pytest.raises(CannotOpenBackup):
        unseal(bytes(small))
