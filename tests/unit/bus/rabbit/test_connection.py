"""bus/rabbit/connection.py: frames cut out of reads and joined for writes. Pausing is tests/integration's."""

from collections.abc import Callable

import pytest
from pika import BasicProperties, exceptions, frame, spec

from bus.rabbit.connection import WRITE_BYTES
from tests.unit.bus.rabbit.offline import Clock, OfflineConnection


class Heard:
    """A channel that only remembers."""

    def __init__(self) -> None:
        self.frames: list[tuple[object, ...]] = []
        self.after_body: Callable[[], None] = lambda: None

    def _handle_content_frame(self, value: frame.Frame) -> None:
        match value:
            case frame.Method():
                self.frames.append(("method", value.method.NAME, value.method.delivery_tag))
            case frame.Header():
                self.frames.append(("header", value.body_size, value.properties.user_id))
            case frame.Body():
                self.frames.append(("body", value.fragment))
                self.after_body()
            case _:
                self.frames.append(("?", value))


class Deaf(OfflineConnection):
    """With one channel, which remembers what it hears."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.heard = Heard()
        self._channels = {1: self.heard}


@pytest.fixture
def connection() -> Deaf:
    return Deaf()


def message(tag: int, body: bytes) -> bytes:
    deliver = spec.Basic.Deliver("c", tag, False, "agency.G22", "document.H49")
    parts = [frame.Method(1, deliver), frame.Header(1, len(body), BasicProperties(user_id="G22"))]
    return b"".join(part.marshal() for part in [*parts, frame.Body(1, body)])


READ = message(1, b"one") + frame.Heartbeat().marshal() + message(2, b"\xce" * 300) + message(3, b"three")
HEARD = [
    each
    for tag, body in ((1, b"one"), (2, b"\xce" * 300), (3, b"three"))
    for each in (("method", "Basic.Deliver", tag), ("header", len(body), "G22"), ("body", body))
]


@pytest.mark.parametrize("piece", [1, 7, 8, 100, len(READ)])
def test_messages_come_whole_however_they_are_read(connection: Deaf, piece: int) -> None:
    """Cut anywhere, the same frames are heard in the same order, and every byte is counted."""
    for at in range(0, len(READ), piece):
        connection._on_data_available(READ[at : at + piece])
    assert connection.heard.frames == HEARD
    assert (connection.bytes_received, connection.frames_received) == (len(READ), 10)
    assert connection._frame_buffer == b""


@pytest.mark.parametrize("is_open", [True, False])
def test_no_content_header_ends_it(connection: Deaf, is_open: bool) -> None:
    """Also while pika's own reading runs: what follows is heard."""
    bad = frame.Header(1, 3, BasicProperties(headers={"a": None}))
    header = bad.marshal().replace(b"aV", b"aZ")
    deliver = frame.Method(1, spec.Basic.Deliver("c", 1, False, "agency.H17", "document.H49")).marshal()
    if not is_open:
        connection.connection_state = connection.CONNECTION_CLOSING
    connection._on_data_available(deliver + header + frame.Body(1, b"bad").marshal() + message(2, b"good"))
    assert connection.heard.frames == [
        *(("method", "Basic.Deliver", 1), ("header", 3, None), ("body", b"bad")),
        *(("method", "Basic.Deliver", 2), ("header", 4, "G22"), ("body", b"good")),
    ]


@pytest.mark.parametrize("broken", [message(1, b"x")[:-1] + b"?", b"\x09" + message(1, b"x")[1:]])
def test_what_is_no_frame_is_an_error(connection: Deaf, broken: bytes) -> None:
    """As pika has it."""
    with pytest.raises(exceptions.InvalidFrameError):
        connection._on_data_available(broken)


@pytest.mark.parametrize(("state", "heard"), [("CONNECTION_CLOSING", 9), ("CONNECTION_CLOSED", 3)])
def test_after_a_close_it_reads_as_pika_does(connection: Deaf, state: str, heard: int) -> None:
    """While it is closing the rest is still heard; once it is closed nothing is."""
    connection.heard.after_body = lambda: setattr(connection, "connection_state", getattr(connection, state))
    connection._on_data_available(READ)
    assert len(connection.heard.frames) == heard
    assert connection.bytes_received == len(READ)


def test_what_is_sent_together_is_written_together(connection: Deaf) -> None:
    """In one piece, or in few large ones; by itself, a message is one."""
    written = connection.written
    frames = [b"a" * 10, b"b" * 20, b"c" * (WRITE_BYTES // 4)]
    size = sum(map(len, frames))
    connection._output_marshaled_frames(frames)
    with connection.batched_writes():
        for _ in range(5):
            connection._output_marshaled_frames(frames)
        assert list(map(len, written)) == [size, 4 * size]
    assert list(map(len, written)) == [size, 4 * size, size]
    assert (connection.bytes_sent, connection.frames_sent) == (6 * size, 18)
    with connection.batched_writes():
        connection._output_marshaled_frames(frames)
        connection.connection_state = connection.CONNECTION_CLOSED
    assert len(written) == 3


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ({"version": b"3.10.8"}, (3, 10)),
        ({"version": "4.3.6"}, (4, 3)),
        ({"version": b"dev"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_brokers_version(connection: Deaf, said: dict[str, object] | None, version: tuple[int, int] | None) -> None:
    """None where it is not said in a way that can be read."""
    connection.server_properties = said
    assert connection.broker_version == version


def test_bytes_count_before_their_frame_is_whole(connection: Deaf) -> None:
    """Heartbeats would take a large frame on a slow or paused connection for silence, and close it."""
    part = message(1, b"x" * 1000)[:-500]
    connection._on_data_available(part[:600])
    connection._on_data_available(part[600:])
    assert connection.bytes_received == len(part)
    assert connection.bytes_unsent == 0
