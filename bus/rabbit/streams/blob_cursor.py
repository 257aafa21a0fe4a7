"""The cursor of one blob in a stream, and whether it is at the end. Filled on the I/O thread and read by a worker;
bus/rabbit/streams/blob_download.py does both.

A stream does not say where it ends: it ends where nothing comes any more, although the broker answers, and the last
chunk has been read. While bytes still come, however slowly, it has not ended.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

from pika.channel import Channel

from bus.ports.records import Segment
from bus.rabbit.streams.blob_upload import BLOB_HEADER, SEGMENT_HEADER
from bus.wire.segments import LARGEST
from schemas.values import BlobId

BEYOND: Final = 2.5
"""Times `quiet` in which a broker may pass over segments that a filter leaves out, and send nothing."""
HEARTBEAT: Final = 8
"""Bytes of one: no sign that a segment is coming."""


class StreamEnd:
    """The end of a stream, asked for once: an offset in its last chunk."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.channel: Channel | None = None
        self.answered_at: float | None = None
        """When the broker accepted the question."""
        self.offset: int | None = None
        """None some time after `answered_at`: the stream is empty."""
        self.failed: str | None = None


class BlobCursor:
    """One blob of one stream, from a mark on."""

    def __init__(self, stream: str, blob: BlobId, mark: str | None) -> None:
        self.stream = stream
        self.blob = blob
        self.mark = mark
        """Of the last segment handed out: a call that names it goes on with this cursor."""
        self.first = 0
        """Segments with a lower number are left out."""
        self.begin = offset_of(mark)
        self.last_offset = self.begin - 1
        """Of all that arrived."""
        self.channel: Channel | None = None
        """None until the broker has accepted the consumer."""
        self.is_filtered = False
        self.buffer: deque[tuple[Segment, int]] = deque()
        """With delivery tags."""
        self.last_byte_at = 0.0
        self.bytes_heard = 0
        self.end: StreamEnd | None = None
        self.failed: str | None = None

    def continues(self, stream: str, blob: BlobId, mark: str | None, first: int) -> bool:
        """Whether the segments asked for follow those handed out. Segments left out once do not come again."""
        same = (self.stream, self.blob, self.mark) == (stream, blob, mark)
        return same and first >= self.first and self.failed is None

    def note_bytes(self, heard: int, *, now: float) -> None:
        """`heard`: bytes that have come by its connection so far."""
        if heard - self.bytes_heard > HEARTBEAT:
            self.last_byte_at = now
        self.bytes_heard = heard

    def is_at_end(self, *, now: float, quiet: float) -> bool:
        """Whether the stream's end is known, reached, and nothing has come for `quiet` seconds."""
        silent, end = now - self.last_byte_at, self.end
        if end is None or end.answered_at is None or silent < quiet:
            return False
        if end.offset is None:
            return now - end.answered_at >= quiet
        return self.last_offset >= end.offset or (self.is_filtered and silent >= BEYOND * quiet)


def offset_of(mark: str | None) -> int:
    """A mark comes from a stranger: one that is no offset means the oldest."""
    is_ours = mark is not None and mark.isascii() and mark.isdecimal() and len(mark) <= 18
    return int(mark) if mark is not None and is_ours else 0


def segment_of(headers: Mapping[str, object], body: bytes, *, blob: BlobId, offset: int) -> Segment | None:
    """None for a segment of another blob, or for no segment at all: such messages are passed over. Of one that is too
    large, one byte over the limit is kept."""
    number = headers.get(SEGMENT_HEADER)
    if headers.get(BLOB_HEADER) != blob or not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return None
    return Segment(blob=blob, number=number, data=body[: LARGEST + 1], mark=str(offset + 1))
