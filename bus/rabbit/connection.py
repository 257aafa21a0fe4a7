"""A connection with what pika offers no public way to do: pausing reads, closing abruptly, moving many small frames at
once, and saying how many bytes have moved.

Every access to pika's private parts is in this file; each has its line in bus/rabbit/pika_parts.py, checked at import.
"""

import errno
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pika import exceptions, frame, spec
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.adapters.blocking_connection import BlockingConnection
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel
from pika.connection import Parameters

from bus.errors import BadConfig
from bus.rabbit.content_header import decode_content_header
from bus.rabbit.pika_parts import check_pika_parts
from bus.topology.versions import Version, parse_version

check_pika_parts()

READ_BYTES = 64 * 1024
"""Of one read. pika reads 4 KiB at a time; at 64 KiB a message of 4 KiB costs 35 µs instead of 52."""
WRITE_BYTES = 256 * 1024
"""Of one write within `batched_writes`."""

_FRAME = struct.Struct(">BHL")  # kind, channel, bytes of its content; one byte ends it
_OVERHEAD = _FRAME.size + spec.FRAME_END_SIZE
_DELIVER = struct.pack(">I", spec.Basic.Deliver.INDEX)


class _SelectConnection(SelectConnection):
    """What a blocking connection is made of: pika's own, but for the decoding of content headers."""

    if TYPE_CHECKING:  # pika's own, which its stubs leave out
        _frame_buffer: bytes

    def _read_frame(self) -> tuple[int, frame.Frame | frame.ProtocolHeader | None]:
        return _first_frame(self._frame_buffer)


class CommandConnection(BlockingConnection):
    """pika's, blocking, and not ended by a content header either."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters, _impl_class=_SelectConnection)  # type: ignore[arg-type] # the stubs want no class


class Connection(AsyncioConnection):
    """Runs on the I/O thread. `bytes_received` may be read from any thread: it may be off by a read."""

    if TYPE_CHECKING:  # pika's own, which its stubs leave out
        frames_sent: int
        frames_received: int
        bytes_sent: int
        bytes_received: int
        _frame_buffer: bytes

        def _adapter_emit_data(self, data: bytes) -> None: ...
        def _process_frame(self, frame_value: frame.Frame | frame.ProtocolHeader) -> None: ...
        def _deliver_frame_to_channel(self, value: frame.Frame) -> None: ...

    _is_paused = False
    _may_read_once = False
    _batch: list[bytes] | None = None
    """Frames to be written together; None outside `batched_writes`."""
    _batch_bytes = 0

    # -- facts

    @property
    def broker_version(self) -> Version | None:
        """None where the broker says nothing that can be read."""
        version = (self.server_properties or {}).get("version", "")
        try:
            return parse_version(version.decode() if isinstance(version, bytes) else str(version))
        except BadConfig:
            return None

    @property
    def bytes_unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        transport = self._transport  # type: ignore[attr-defined]
        return 0 if transport is None else int(transport.get_write_buffer_size())

    # -- writing

    @contextmanager
    def batched_writes(self) -> Iterator[None]:
        """Frames sent within the block are written in a few large pieces, at its end at the latest."""
        self._batch = []
        try:
            yield
        finally:
            self._write_batch()
            self._batch = None

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        """pika writes each frame by itself: three system calls a message."""
        size = sum(map(len, marshaled_frames))
        self.frames_sent += len(marshaled_frames)
        self.bytes_sent += size
        if self._batch is None:
            self._adapter_emit_data(b"".join(marshaled_frames))
            return
        self._batch += marshaled_frames
        self._batch_bytes += size
        if self._batch_bytes >= WRITE_BYTES:
            self._write_batch()

    def _write_batch(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        if batch and not self.is_closed:
            self._adapter_emit_data(b"".join(batch))

    # -- pausing and closing

    def pause(self) -> None:
        """Stops reading, also what TLS would read on by itself; writes and heartbeats go on."""
        if self._is_paused or not self.is_open:
            return
        self._is_paused = True
        transport = self._transport  # type: ignore[attr-defined]
        transport._sigint_safe_recv = self._recv_while_paused
        transport._nbio.remove_reader(transport._sock.fileno())

    def read_once(self) -> bool:
        """One small read of a paused connection, which shows whether it lives. False where it is not paused."""
        if not self._is_paused or not self.is_open:
            return False
        self._may_read_once = True
        self._transport._on_socket_readable()  # type: ignore[attr-defined]
        return self._is_paused

    def resume(self) -> None:
        if not self._is_paused or self.is_closed:
            return
        self._is_paused = False
        transport = self._transport  # type: ignore[attr-defined]
        if transport is None or transport._state != transport._STATE_ACTIVE:
            return
        del transport._sigint_safe_recv  # the class's own again
        transport._nbio.set_reader(transport._sock.fileno(), transport._on_socket_readable)
        transport._nbio.add_callback_threadsafe(transport._on_socket_readable)  # TLS may hold what the socket does not

    def _recv_while_paused(self, sock: socket.socket, size: int) -> bytes:
        """Nothing to read, but for one read after `read_once`."""
        if not self._may_read_once:
            if isinstance(sock, ssl.SSLSocket):
                raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "paused")
            raise BlockingIOError(errno.EAGAIN, "paused")
        self._may_read_once = False
        return sock.recv(size)

    def abort(self, why: str) -> None:
        """Closes it without waiting for the broker."""
        self._terminate_stream(exceptions.AMQPConnectionError(why))  # type: ignore[attr-defined]

    # -- reading

    def enlarge_reads(self) -> None:
        """To be called once it is open."""
        self._transport._MAX_RECV_BYTES = READ_BYTES  # type: ignore[attr-defined]

    def _on_data_available(self, data_in: bytes) -> None:
        """pika copies what is left of a read once for each frame; here it is copied once a read. While the connection
        is not open, pika's own runs.

        Bytes count as received when they come, not when their frame is whole as with pika: a large frame on a slow or
        paused connection would look like silence to the heartbeats.
        """
        if not self.is_open:
            super()._on_data_available(data_in)  # type: ignore[misc]
            return
        self.bytes_received += len(data_in)
        read = self._frame_buffer + data_in if self._frame_buffer else data_in
        self._frame_buffer = b""
        at = 0
        while at + _OVERHEAD <= len(read) and (end := at + _OVERHEAD + _FRAME.unpack_from(read, at)[2]) <= len(read):
            self._on_frame(read, at, end)
            at = end
            if not self.is_open:
                break
        if self.is_open:
            self._frame_buffer = read[at:]
        elif not self.is_closed:
            self.bytes_received -= len(read) - at  # pika counts them
            super()._on_data_available(read[at:])

    def _read_frame(self) -> tuple[int, frame.Frame | frame.ProtocolHeader | None]:
        """For pika's own reading, while the connection is not open."""
        return _first_frame(self._frame_buffer)

    def _on_frame(self, read: bytes, at: int, end: int) -> None:
        """A message's frames go straight to their channel, all others the way that pika has for them."""
        kind, number, _ = _FRAME.unpack_from(read, at)
        start = at + _FRAME.size
        if read[end - 1] == spec.FRAME_END and kind == spec.FRAME_BODY:
            content: frame.Frame = frame.Body(number, read[start : end - 1])
        elif read[end - 1] == spec.FRAME_END and kind == spec.FRAME_HEADER:
            content = decode_content_header(number, read[start : end - 1])
        elif read[end - 1] == spec.FRAME_END and kind == spec.FRAME_METHOD and read.startswith(_DELIVER, start):
            method = spec.Basic.Deliver()
            method.decode(read, start + len(_DELIVER))
            content = frame.Method(number, method)
        else:
            _, other = frame.decode_frame(read[at:end])
            assert other is not None  # it is whole
            self._process_frame(other)
            return
        self.frames_received += 1
        self._deliver_frame_to_channel(content)


def _first_frame(read: bytes) -> tuple[int, frame.Frame | frame.ProtocolHeader | None]:
    """As pika's, but no content header can end the connection."""
    if len(read) >= _OVERHEAD and read[0] == spec.FRAME_HEADER:
        _, number, size = _FRAME.unpack_from(read)
        end = _OVERHEAD + size
        if end <= len(read) and read[end - 1] == spec.FRAME_END:
            return end, decode_content_header(number, read[_FRAME.size : end - 1])
    return frame.decode_frame(read)


def connection_of(channel: Channel) -> Connection:
    """Of a channel that a session opened."""
    connection = channel.connection
    assert isinstance(connection, Connection)
    return connection
