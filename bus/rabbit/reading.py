"""Where a reading of a stream stands, and whether it has come to the end. Filled on the I/O thread, asked by a worker;
bus/rabbit/download.py moves the bytes.

A stream does not say where it ends: that is where nothing comes any more, though the broker answers, and has nothing
behind what was seen. A connection on which bytes still come, however slowly, is not at its end.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

from pika.channel import Channel

from bus.rabbit.upload import BLOB_HEADER, SEGMENT_HEADER
from bus.records import Segment
from bus.segments import LARGEST
from schemas.values import BlobId

OFFSET: Final = "x-stream-offset"
BEYOND: Final = 2.5
"""Times `quiet` that a broker may pass over what a filter leaves out, without a word."""
HEARTBEAT: Final = 8
"""Bytes of one: no sign that a segment is under way."""


class Probe:
    """How far a stream goes: the first offset of its last chunk."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.channel: Channel | None = None
        self.answered_at: float | None = None
        self.offset: int | None = None
        """None, some time after the broker has answered: there is nothing in the stream."""
        self.failed: str | None = None


class Reading:
    """One blob of one stream, from a mark on."""

    def __init__(self, stream: str, blob: BlobId, mark: str | None) -> None:
        self.stream = stream
        self.blob = blob
        self.mark = mark
        """Of the last one that was handed out: whoever asks from there on goes on with this reading."""
        self.first = 0
        self.begin = offset_of(mark)
        self.seen = self.begin - 1
        """The last offset of those that came."""
        self.channel: Channel | None = None
        """None until the broker has said that it will send."""
        self.is_filtered = False
        self.buffer: deque[tuple[Segment, int]] = deque()
        """With delivery tags."""
        self.heard_at = 0.0
        self.heard = 0
        self.probe: Probe | None = None
        self.failed: str | None = None

    def goes_on(self, stream: str, blob: BlobId, mark: str | None, first: int) -> bool:
        """Whether what is asked for comes behind what was handed out. What was left out then does not come again."""
        same = (self.stream, self.blob, self.mark) == (stream, blob, mark)
        return same and first >= self.first and self.failed is None

    def listen(self, heard: int, *, now: float) -> None:
        """So many bytes have come by its connection."""
        if heard - self.heard > HEARTBEAT:
            self.heard_at = now
        self.heard = heard

    def is_at_end(self, *, now: float, quiet: float) -> bool:
        """Once it was probed, and nothing has come for so many seconds."""
        silent, probe = now - self.heard_at, self.probe
        if probe is None or probe.answered_at is None or silent < quiet:
            return False
        if probe.offset is None:
            return now - probe.answered_at >= quiet
        return self.seen >= probe.offset or (self.is_filtered and silent >= BEYOND * quiet)


def offset_of(mark: str | None) -> int:
    """A mark comes from a stranger: one that is none of ours leads to the oldest."""
    is_ours = mark is not None and mark.isascii() and mark.isdecimal() and len(mark) <= 18
    return int(mark) if mark is not None and is_ours else 0


def segment_of(headers: Mapping[str, object], body: bytes, *, blob: BlobId, offset: int) -> Segment | None:
    """None for what is of another blob, or no segment at all: anybody's mistake is passed over. Of one that is too
    large no more is kept than shows that it is."""
    number = headers.get(SEGMENT_HEADER)
    if headers.get(BLOB_HEADER) != blob or not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return None
    return Segment(blob=blob, number=number, data=body[: LARGEST + 1], mark=str(offset + 1))
