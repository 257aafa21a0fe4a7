"""The readers of AMQP: what a publisher may write into properties, headers and a routing key, read in every place that
reads it. Method frames and lengths are the broker's own."""

import struct
from datetime import UTC, datetime
from typing import Any

from pika import BasicProperties, frame, spec
from pika.channel import Channel

from bus.rabbit.admin.dead_letter import read_dead_letter, republished_properties, text_of
from bus.rabbit.content_header import decode_content_header, stream_offset, undecodable
from bus.rabbit.link.deliveries import Deliveries
from bus.rabbit.streams.blob_cursor import offset_of, segment_of
from bus.wire.message import BLOBS, place_of_blobs
from tests.unit.bus.rabbit.offline import OfflineBroker

_NO_TIME = b"T" + struct.pack(">Q", 2**63 - 1)


def properties() -> tuple[bytes, ...]:
    """What is ours, the broker's history of a dead letter, and every kind of value."""
    history = {"queue": "inbox.H49", "exchange": "agency.G22", "reason": "rejected", "count": 3}
    death = {**history, "time": datetime(2026, 11, 5, tzinfo=UTC), "routing-keys": ["document.H49"]}
    several: list[dict[str, Any]] = [
        {"x-lienthong-version": "1", "CC": ["document.H49", "urgent.H49"]},
        {"x-death": [death], "x-first-death-queue": "inbox.H49", "x-lienthong-reason": "bad-message"},
        {"x-lienthong-blob": "0a" * 16, "x-lienthong-segment": 7, "x-stream-offset": 2**40},
        {"x-lienthong-blobs": "stream 17", "x-lienthong-undecodable": f"8 {'0a' * 32} why"},
        {"a": [None, True, 2**62, {"b": [b"\xff", (1.5).hex(), {}]}]},
    ]
    told = BasicProperties(
        "application/octet-stream",
        delivery_mode=2,
        priority=5,
        message_id="1",
        timestamp=1_700_000_000,
        type="document",
        user_id="G22",
        app_id="lienthong",
    )
    seeds = [b"".join(BasicProperties(headers=headers).encode()) for headers in several]
    return (*seeds, b"".join(told.encode()), seeds[0].replace(b"CC", b"aa"), b"\x20\x00\0\0\0\x0b\x01a" + _NO_TIME)


def read_properties(raw: bytes) -> None:
    """As an inbox, a stream, and the commands about dead letters read them."""
    found = decode_content_header(1, bytes(12) + raw).properties
    headers = found.headers or {}
    offset = stream_offset(found)
    segment_of(headers, raw, blob="0a" * 16, offset=offset or 0)
    _, mark = place_of_blobs(headers)
    offset_of(mark)
    for queue, exchange, key in (("dead", "agency.H17", "dead"), ("dead", "", ""), ("unroutable", "agency.H17", "a.b")):
        letter = read_dead_letter(queue, exchange=exchange, key=key, properties=found, body=raw)
        assert letter.inboxes is not None
        if undecodable(found) is None:
            again = frame.Header(1, 0, republished_properties(letter, found, user="operator")).marshal()
            assert len(again) < 2**17, "more than a frame"


def read_mark(raw: bytes) -> None:
    for said in (raw, raw.decode("latin-1"), raw.decode(errors="replace")):
        _, mark = place_of_blobs({BLOBS: said})
        assert offset_of(mark) >= 0


class Consumed:
    """A consumer behind a connection without a network, and what comes of the bytes of three frames."""

    def __init__(self) -> None:
        self._broker = OfflineBroker()
        self._channel = self._broker.channel()
        self._deliveries = Deliveries(self._channel, 1)
        self._bodies: list[bytes] = []
        self._channel.basic_consume("inbox.H49", self._on_message, consumer_tag="c")
        self._broker.settle()
        self._tag = 0

    def read(self, data: bytes) -> None:
        """The first byte says how long the routing key is; the rest is its properties, and the body too. Read in one
        piece and in two, and what follows is heard."""
        key, raw = data[1 : 1 + data[0]] if data else b"", data[1 + data[0] :] if data else b""
        for cut in (0, len(data)):
            wire = self._message(key, raw, raw) + self._message(b"document.H49", b"\0\0", b"next")
            for piece in (wire[:cut], wire[cut:]):
                self._broker.connection._on_data_available(piece)
            assert self._broker.connection.is_open
            assert self._bodies == [raw, b"next"]
            self._bodies.clear()

    def _message(self, key: Any, raw: bytes, body: bytes) -> bytes:
        self._tag += 1
        deliver = spec.Basic.Deliver("c", self._tag, False, "agency.H17", key)
        content = struct.pack(">HHQ", 60, 0, len(body)) + raw
        header = struct.pack(">BHI", spec.FRAME_HEADER, 1, len(content)) + content + bytes((spec.FRAME_END,))
        return frame.Method(1, deliver).marshal() + header + (frame.Body(1, body).marshal() if body else b"")

    def _on_message(
        self, channel: Channel, method: spec.Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        assert text_of(method.routing_key) is not None
        self._bodies.append(self._deliveries.arrival(method, properties, body).body)
