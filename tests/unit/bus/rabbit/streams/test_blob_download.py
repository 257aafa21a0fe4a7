"""bus/rabbit/streams/blob_download.py: segments of one blob out of a stream. A real stream is tests/integration's."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from pika import BasicProperties, spec

from bus.errors import BlobsAway
from bus.ports.records import Segment
from bus.rabbit.streams.blob_download import BlobDownload
from tests.unit.bus.rabbit.offline import OfflineBroker, OfflineIo, OfflineSession

ONE, TWO = "0" * 32, "1" * 32
BAD = 0
"""In place of a segment's number: a message whose properties cannot be decoded."""


class Undecodable(BasicProperties):
    """With a header whose name is no text, and the broker's offset behind it."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self._offset = offset

    def encode(self) -> list[bytes]:
        inside = b"\x01\xffV\x0fx-stream-offsetl" + struct.pack(">q", self._offset)
        return [b"\x20\x00", struct.pack(">I", len(inside)), inside]


class Desk:
    """A download whose broker is a script: a stream with these (blob, number), each at an offset."""

    def __init__(self, *stream: tuple[str, int], version: str = "3.10.8") -> None:
        self.broker = OfflineBroker(version=version)
        self.stream = stream
        self.consumed: list[dict[str, Any]] = []
        self.broker.answers[spec.Basic.Consume] = self._consume
        io = OfflineIo(self.broker)
        io.after_call = self._run
        self.download = BlobDownload(
            io,  # type: ignore[arg-type] # what it needs of a thread
            quiet=0.05,
            log=structlog.get_logger(),
        )
        self.session = OfflineSession(self.download)
        self.download.opened(self.broker.channel(), 1)

    def _run(self) -> None:
        """What the loop has to do now, and what the broker answers to it."""
        while any(not timer.cancelled for timer in self.broker.clock.timers):
            self.broker.clock.pass_(0.0)
            self.broker.settle()

    def _consume(self, number: int, method: Any) -> Sequence[Any]:
        self.consumed.append(method.arguments)
        begin = method.arguments["x-stream-offset"]
        found = [*enumerate(self.stream)]
        found = found[-1:] if begin == "last" else found[begin:]
        self.broker.clock.call_later(0.0, self._deliver, number, method.consumer_tag, found)
        return [spec.Basic.ConsumeOk(method.consumer_tag)]

    def _deliver(self, number: int, consumer: str, found: list[tuple[int, tuple[str, int]]]) -> None:
        for tag, (offset, (blob, segment)) in enumerate(found, start=1):
            self.broker.say(number, spec.Basic.Deliver(consumer, tag, False, "", ""))
            told: dict[str, Any] = {"x-lienthong-blob": blob, "x-lienthong-segment": segment}
            properties = BasicProperties(headers={"x-stream-offset": offset, **told})
            properties = Undecodable(offset) if segment == BAD else properties
            self.broker.content(number, b"%d" % segment, properties)

    def read(self, *, first: int = 1, mark: str | None = None, limit: int = 8) -> list[Segment]:
        return list(self.download.read("blobs.H49", ONE, first=first, mark=mark, limit=limit))


@pytest.mark.parametrize(
    ("stream", "first", "mark", "numbers", "marks"),
    [
        ([], 1, None, [], []),
        ([(ONE, 1), (ONE, 2)], 1, None, [1, 2], ["1", "2"]),
        ([(ONE, 1), (TWO, 1), (ONE, 2)], 1, None, [1, 2], ["1", "3"]),
        ([(ONE, 1), (ONE, 2), (ONE, 3)], 2, None, [2, 3], ["2", "3"]),
        ([(ONE, 1), (ONE, 2), (ONE, 3)], 1, "2", [3], ["3"]),
        ([(ONE, 2), (ONE, 1), (ONE, 2)], 1, None, [2, 1, 2], ["1", "2", "3"]),
        ([(TWO, 1)], 1, None, [], []),
        ([(ONE, BAD), (ONE, 1), (ONE, BAD), (ONE, 2), (ONE, BAD)], 1, None, [1, 2], ["2", "4"]),
    ],
    ids=[
        "empty",
        "all",
        "others between",
        "some left out",
        "from a mark",
        "as they lie there",
        "another's only",
        "bad",
    ],
)
def test_segments_of_one_blob(
    stream: list[tuple[str, int]], first: int, mark: str | None, numbers: list[int], marks: list[str]
) -> None:
    """As they lie in the stream, each with the mark that its successors follow."""
    found = Desk(*stream).read(first=first, mark=mark)
    assert [each.number for each in found] == numbers
    assert [each.mark for each in found] == marks


def test_one_consumer_serves_call_after_call() -> None:
    """As long as each goes on where the last one ended."""
    desk = Desk(*((ONE, number) for number in range(1, 7)))
    some = desk.read(limit=2)
    more = desk.read(first=3, mark=some[-1].mark, limit=4)
    assert [each.number for each in (*some, *more)] == [1, 2, 3, 4, 5, 6]
    assert desk.consumed == [{"x-stream-offset": 0}]
    desk.read(first=1, limit=1)
    assert len(desk.consumed) == 2


@pytest.mark.parametrize(
    ("version", "code", "filters", "why"),
    [
        ("3.10.8", 404, [None], r"there is no stream blobs\.H49"),
        ("4.3.6", 404, [ONE], r"there is no stream blobs\.H49"),
        ("4.3.6", 403, [ONE], r"may not read blobs\.H49"),
        ("4.3.6", 540, [ONE, None], "540 SORRY"),
    ],
    ids=["absent", "absent, with filters", "forbidden", "no filters after all"],
)
def test_what_the_broker_refuses(version: str, code: int, filters: list[str | None], why: str) -> None:
    """It is said what to do; a broker that refuses a filter is asked again without."""
    desk = Desk(version=version)
    asked: list[object] = []

    def refuse(_: int, method: Any) -> Sequence[Any]:
        asked.append(method.arguments.get("x-stream-filter"))
        return [spec.Channel.Close(code, "SORRY", 0, 0)]

    desk.broker.answers[spec.Basic.Consume] = refuse
    with pytest.raises(BlobsAway, match=why):
        desk.read()
    assert asked == filters


@pytest.mark.parametrize(("stream", "offset"), [([], None), ([(ONE, 1), (TWO, 1)], 1), ([(ONE, 1), (ONE, BAD)], 1)])
def test_the_last_offset(stream: list[tuple[str, int]], offset: int | None) -> None:
    """None where the stream is empty."""
    desk = Desk(*stream)
    assert desk.download.last_offset("blobs.H49") == offset


@pytest.mark.parametrize("ended", [True, False], ids=["closed", "lost"])
def test_who_waits_is_let_go(ended: bool) -> None:
    """Whatever a stream's end takes."""
    desk = Desk()
    if ended:
        desk.download.close()
    else:
        desk.download.lost()
    with pytest.raises(BlobsAway, match="closed" if ended else "connection lost"):
        desk.read()
