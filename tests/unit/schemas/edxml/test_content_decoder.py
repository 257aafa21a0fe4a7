"""Base64 decoded outside the tree: piece by piece it gives the same as all at once, or the same fault."""

import base64
import hashlib
import tempfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.edxml.content_decoder import ContentDecoder, Decoded, Fault
from schemas.edxml.limits import MIB, Limits
from schemas.edxml.spool import MemoryBudget
from tests.packages import zip_of

CONTENT = bytes(range(256)) * 3
ENCODED = base64.b64encode(CONTENT).decode()


def cut(*texts: str, budget: MemoryBudget | None = None, limits: Limits = Limits()) -> tuple[str, Decoded | None]:  # noqa: B008
    work = ContentDecoder(budget or MemoryBudget(tempfile.TemporaryFile, one=0, all_=0), limits)
    for text in texts:
        work.append(text)
    return work.close()


def decoded(*texts: str) -> Decoded:
    found = cut(*texts)[1]
    assert found
    return found


def content(found: Decoded) -> bytes:
    assert found.slice
    return b"".join(found.slice.pieces(100))


@given(
    st.binary(max_size=400), st.lists(st.integers(0, 700), max_size=8), st.integers(0, 2), st.sampled_from("\n\r\t ")
)
def test_where_the_pieces_end_does_not_matter(data: bytes, cuts: list[int], marks: int, space: str) -> None:
    """The result does not depend on the pieces, on white space, or on missing "=" at the end."""
    text = base64.b64encode(data).decode()
    marked = text.endswith("=")
    if marks:
        text = text.rstrip("=")
    ends = [0, *sorted(min(at, len(text)) for at in cuts), len(text)]
    found = cut(*(text[start:end] + space for start, end in pairwise(ends)))[1]
    assert found
    assert content(found) == data
    assert (found.size, found.fault) == (len(data), None)
    assert found.repairs == (("base64-padding",) if marked and marks else ())
    assert found.slice
    assert found.slice.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "texts",
    [
        ("AA=", "A", "AAAA"),
        ("A=", "==", "AAAA"),
        ("AAAA", "A"),
        ("AA?A",),
        ("AAAA", "ế", "AAAA"),
        ("=",),
        ("${file}",),
    ],
)
def test_what_is_no_base64_is_a_fault(texts: tuple[str, ...]) -> None:
    """Text that is no base64 is a fault, wherever it stands; the text after it is not decoded."""
    assert decoded(*texts) == Decoded(slice=None, size=decoded(*texts).size, fault=Fault.BAD)
    assert decoded(*texts, "AAAA").fault is Fault.BAD


def test_small_ones_stay_in_the_tree() -> None:
    """Small files stay in the tree as long as the budget holds them all."""
    budget = MemoryBudget(tempfile.TemporaryFile, one=1000, all_=1000)
    assert cut(ENCODED[:9], ENCODED[9:], budget=budget) == (ENCODED, None)
    shown, found = cut(f"\n{ENCODED}", budget=budget)
    assert shown == ENCODED[:80]
    assert found
    assert content(found) == CONTENT


def test_what_is_cut_out_leaves_a_trace() -> None:
    """The tree keeps the first characters, which show that the element is not empty."""
    assert cut("  \n", " ", "AAAA" * 50)[0] == ""
    assert cut(ENCODED, ENCODED, budget=MemoryBudget(tempfile.TemporaryFile, one=10, all_=10))[0] == ENCODED[:80]


@pytest.mark.parametrize(
    ("texts", "limits", "fault", "size"),
    [
        (("AAAA" * 10, "AAAA" * 10), {"attachment": 39}, Fault.LONG, 0),
        (("AAAA" * 10,), {"attachment": 29}, None, 30),
        (("AAAA" * MIB, "AAAA" * MIB), {"total": MIB}, Fault.FULL, 3 * MIB - 3),
        (("AAAA" * MIB, "A" * 4), {"total": 2 * MIB - 3}, Fault.FULL, 3 * MIB),
    ],
)
def test_files_have_limits(texts: tuple[str, ...], limits: dict[str, int], fault: Fault | None, size: int) -> None:
    """Bytes beyond the limits are not written to the spool."""
    budget = MemoryBudget(tempfile.TemporaryFile, one=0, all_=0)
    found = cut(*texts, budget=budget, limits=Limits(**limits))[1]
    assert found
    assert (found.slice, found.fault, found.size) == (None, fault, size)
    assert budget.spool().size <= limits.get("attachment", limits.get("total", 0) + MIB)


def test_of_a_zip_the_digest_waits() -> None:
    """The digest of a ZIP is not computed at once: most are wrappers, and the digest is that of the file inside."""
    packed = zip_of(("x.txt", CONTENT))
    found = decoded(base64.b64encode(packed).decode())
    assert found.slice
    assert found.slice.sha256 == hashlib.sha256(packed).hexdigest()
