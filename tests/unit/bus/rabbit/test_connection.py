import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pika
import pytest
from pika import BasicProperties, exceptions, frame, spec

from bus.rabbit import connection as connections
from bus.rabbit.connection import Connection


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


class Deaf(Connection):
    """Open, as far as it knows; nothing behind it, and one channel."""

    _channels: dict[int, Heard]
    _heartbeat_checker: object

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            pika.ConnectionParameters(), lambda *_: None, custom_ioloop=loop, internal_connection_workflow=False
        )
        self.connection_state = self.CONNECTION_OPEN
        self.heard = Heard()
        self._channels = {1: self.heard}
        self._heartbeat_checker = SimpleNamespace(received=lambda: None)
        self.written: list[bytes] = []

    def _adapter_emit_data(self, data: bytes) -> None:
        self.written.append(data)


@pytest.fixture
def connection() -> Iterator[Deaf]:
    loop = asyncio.new_event_loop()
    yield Deaf(loop)
    loop.close()


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


def test_what_is_sent_together_is_written_together(connection: Deaf, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one piece, or in few large ones; by itself, a message is one."""
    monkeypatch.setattr(connections, "WRITE", 1000)
    written = connection.written
    frames = [b"a" * 10, b"b" * 20, b"c" * 300]
    connection._output_marshaled_frames(frames)
    with connection.together():
        for _ in range(5):
            connection._output_marshaled_frames(frames)
        assert list(map(len, written)) == [330, 4 * 330]
    assert list(map(len, written)) == [330, 4 * 330, 330]
    assert (connection.bytes_sent, connection.frames_sent) == (6 * 330, 18)
    with connection.together():
        connection._output_marshaled_frames(frames)
        connection.connection_state = connection.CONNECTION_CLOSED
    assert len(written) == 3
