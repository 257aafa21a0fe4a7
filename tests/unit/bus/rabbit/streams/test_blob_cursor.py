"""bus/rabbit/streams/blob_cursor.py: one blob in a stream, and its end. What a broker sends is tests/integration's."""

from typing import Any

import pytest

from bus.ports.records import Segment
from bus.rabbit.streams.blob_cursor import BlobCursor, StreamEnd, offset_of, segment_of
from bus.wire.segments import LARGEST

BLOB = "0" * 32
HEADERS = {"x-lienthong-blob": BLOB, "x-lienthong-segment": 7}


def cursor(*, mark: str | None = "100", seen: int | None = None, filtered: bool = False, **end: Any) -> BlobCursor:
    """Nothing has come since second 0."""
    made = BlobCursor("blobs.H49", BLOB, mark)
    made.last_offset = made.last_offset if seen is None else seen
    made.is_filtered = filtered
    if end:
        made.end = StreamEnd("blobs.H49")
        made.end.answered_at, made.end.offset = end["answered_at"], end.get("offset")
    return made


@pytest.mark.parametrize(
    ("facts", "now", "over"),
    [
        pytest.param({}, 9.0, False, id="not asked how far it goes"),
        pytest.param({"answered_at": None}, 9.0, False, id="no answer to that"),
        pytest.param({"answered_at": 1.0}, 2.9, False, id="an empty stream, which may be a slow one"),
        pytest.param({"answered_at": 1.0}, 3.0, True, id="an empty stream"),
        pytest.param({"answered_at": 1.0, "offset": 99}, 1.9, False, id="before the silence is long enough"),
        pytest.param({"answered_at": 1.0, "offset": 99}, 2.0, True, id="nothing since the mark"),
        pytest.param({"answered_at": 1.0, "offset": 150, "seen": 150}, 2.0, True, id="seen up to the last chunk"),
        pytest.param({"answered_at": 1.0, "offset": 150, "seen": 149}, 90.0, False, id="something should come"),
        pytest.param(
            {"answered_at": 1.0, "offset": 150, "filtered": True}, 4.9, False, id="others' may be passed over"
        ),
        pytest.param({"answered_at": 1.0, "offset": 150, "filtered": True}, 5.0, True, id="others' were passed over"),
        pytest.param({"mark": None, "answered_at": 1.0, "offset": 0}, 9.0, False, id="from the oldest on"),
    ],
)
def test_where_a_stream_ends(facts: dict[str, Any], now: float, over: bool) -> None:
    """Where nothing comes for a while, and nothing is to come by what the broker says; two seconds here."""
    assert cursor(**facts).is_at_end(now=now, quiet=2.0) is over


def test_bytes_are_a_sign_and_heartbeats_are_none() -> None:
    """A segment on a slow line comes in pieces; a connection that only lives says nothing."""
    slow = cursor()
    slow.note_bytes(8, now=1.0)
    assert slow.last_byte_at == 0.0
    slow.note_bytes(1008, now=2.0)
    slow.note_bytes(1016, now=3.0)
    assert slow.last_byte_at == 2.0


@pytest.mark.parametrize(
    ("asked", "goes_on"),
    [
        (("blobs.H49", BLOB, "100", 5), True),
        (("blobs.H49", BLOB, "100", 6), True),
        (("blobs.H49", BLOB, "100", 4), False),
        (("blobs.H49", BLOB, "101", 5), False),
        (("blobs.H49", "1" * 32, "100", 5), False),
        (("blobs.G22", BLOB, "100", 5), False),
    ],
    ids=["the same", "further on", "what was left out", "from elsewhere", "another blob", "another stream"],
)
def test_what_a_reading_can_go_on_with(asked: tuple[str, str, str, int], goes_on: bool) -> None:
    """What comes next of the same blob; never again what it has left out, nor after it failed."""
    one = cursor()
    one.first = 5
    assert one.continues(*asked) is goes_on
    one.failed = "gone"
    assert not one.continues(*asked)


@pytest.mark.parametrize(
    ("mark", "offset"),
    [("0", 0), ("12", 12), ("9" * 18, 10**18 - 1), (None, 0), ("", 0), ("-1", 0), ("1 2", 0), ("²", 0), ("9" * 19, 0)],
)
def test_a_mark_is_an_offset_or_none(mark: str | None, offset: int) -> None:
    """One that is none of ours leads to the oldest."""
    assert offset_of(mark) == offset


@pytest.mark.parametrize(
    ("headers", "number"),
    [
        (HEADERS, 7),
        ({**HEADERS, "x-lienthong-blob": "1" * 32}, None),
        ({**HEADERS, "x-lienthong-segment": 0}, None),
        ({**HEADERS, "x-lienthong-segment": True}, None),
        ({**HEADERS, "x-lienthong-segment": "7"}, None),
        ({"x-lienthong-segment": 7}, None),
        ({}, None),
    ],
)
def test_a_segment_is_told_by_its_headers(headers: dict[str, object], number: int | None) -> None:
    """Whatever else lies in a stream is passed over."""
    found = segment_of(headers, b"x", blob=BLOB, offset=41)
    assert found == (None if number is None else Segment(blob=BLOB, number=number, data=b"x", mark="42"))


def test_of_what_is_too_large_one_byte_more_is_kept() -> None:
    """Enough for whoever judges it, and no more of a stranger's in memory."""
    found = segment_of(HEADERS, bytes(LARGEST * 3), blob=BLOB, offset=1)
    assert found is not None
    assert len(found.data) == LARGEST + 1
