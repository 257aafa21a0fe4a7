"""Base64 that is taken out of the tree: piece by piece the same as all at once, or refused for the same reason."""

import base64
import hashlib
import tempfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.edxml.cut import Cut, Decoded, Fault
from schemas.edxml.limits import MIB, Limits
from schemas.edxml.spool import Room
from tests.packages import zip_of

CONTENT = bytes(range(256)) * 3
ENCODED = base64.b64encode(CONTENT).decode()


def cut(*texts: str, room: Room | None = None, limits: Limits = Limits()) -> tuple[str, Decoded | None]:  # noqa: B008
    work = Cut(room or Room(tempfile.TemporaryFile, one=0, all_=0), limits)
    for text in texts:
        work.append(text)
    return work.close()


def decoded(*texts: str) -> Decoded:
    found = cut(*texts)[1]
    assert found
    return found


def content(found: Decoded) -> bytes:
    assert found.lying
    return b"".join(found.lying.pieces(100))


@given(
    st.binary(max_size=400), st.lists(st.integers(0, 700), max_size=8), st.integers(0, 2), st.sampled_from("\n\r\t ")
)
def test_where_the_pieces_end_does_not_matter(data: bytes, cuts: list[int], marks: int, space: str) -> None:
    """Nor do white space, or the marks at the end that are not there."""
    text = base64.b64encode(data).decode()
    marked = text.endswith("=")
    if marks:
        text = text.rstrip("=")
    ends = [0, *sorted(min(at, len(text)) for at in cuts), len(text)]
    found = cut(*(text[start:end] + space for start, end in pairwise(ends)))[1]
    assert found
    assert content(found) == data
    assert (found.size, found.fault, found.padded) == (len(data), None, marked and marks > 0)
    assert found.lying
    assert found.lying.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "texts",
    [
        ("AA=", "=", "AAAA"),
        ("AAAA", "A"),
        ("AA?A",),
        ("AAAA", "\u200b", "AAAA"),
        ("=",),
        ("AA==", "AA=="),
        ("${file}",),
    ],
)
def test_what_is_no_base64_is_a_fault(texts: tuple[str, ...]) -> None:
    """Wherever it stands; what follows is not decoded any more."""
    assert decoded(*texts) == Decoded(lying=None, size=decoded(*texts).size, fault=Fault.BAD)
    assert decoded(*texts, "AAAA").fault is Fault.BAD


def test_small_ones_stay_in_the_tree() -> None:
    """As long as there is room for them all."""
    room = Room(tempfile.TemporaryFile, one=1000, all_=1000)
    assert cut(ENCODED[:9], ENCODED[9:], room=room) == (ENCODED, None)
    shown, found = cut(f"\n{ENCODED}", room=room)
    assert shown == ENCODED[:80]
    assert found
    assert content(found) == CONTENT


def test_what_is_cut_out_leaves_a_trace() -> None:
    """Where it matters only whether there is any text."""
    assert cut("  \n", " ", "AAAA" * 50)[0] == ""
    assert cut(ENCODED, ENCODED, room=Room(tempfile.TemporaryFile, one=10, all_=10))[0] == ENCODED[:80]


@pytest.mark.parametrize(
    ("texts", "limits", "fault", "size"),
    [
        (("AAAA" * 10, "AAAA" * 10), {"attachment": 39}, Fault.LONG, 27),
        (("AAAA" * 10,), {"attachment": 29}, None, 30),
        (("AAAA" * MIB, "AAAA" * MIB), {"total": MIB}, Fault.FULL, 3 * MIB - 3),
        (("AAAA" * MIB, "A" * 4), {"total": 2 * MIB - 3}, Fault.FULL, 3 * MIB),
    ],
)
def test_files_have_limits(texts: tuple[str, ...], limits: dict[str, int], fault: Fault | None, size: int) -> None:
    """Nothing beyond them is written anywhere."""
    room = Room(tempfile.TemporaryFile, one=0, all_=0)
    found = cut(*texts, room=room, limits=Limits(**limits))[1]
    assert found
    assert (found.lying, found.fault, found.size) == (None, fault, size)
    assert room.spool().size <= limits.get("attachment", limits.get("total", 0) + MIB)


def test_of_a_zip_the_digest_waits() -> None:
    """Most are opened: what counts then is the file inside."""
    packed = zip_of(("x.txt", CONTENT))
    found = decoded(base64.b64encode(packed).decode())
    assert found.lying
    assert found.lying.sha256 == hashlib.sha256(packed).hexdigest()
