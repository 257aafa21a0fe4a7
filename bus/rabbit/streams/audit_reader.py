"""Reader of a stream of audit copies for whoever keeps a record of all of it: from where the record stands, message by
message, and only if it is still the stream that was read before.

A stream that was deleted and declared anew begins at offset 0 again. Its numbers say nothing about the one before, so
the last message read is read again at each start: it must be the same bytes at the same offset.
"""

import hashlib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, NamedTuple, Self, TypeAlias

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from bus.errors import BadConfig, BrokerAway, said
from bus.rabbit.address import Address
from bus.rabbit.command_connection import connect_to_first
from bus.rabbit.content_header import OFFSET, stream_offset
from bus.rabbit.pika_errors import is_refusal, reason_of
from bus.topology.names import AUDIT, is_exchange, mailbox_of
from schemas.values import MailboxCode

PREFETCH: Final = 1000
"""Unacknowledged messages at a time. What is not read yet waits in the socket, so it costs no memory here."""
HEARTBEAT: Final = 60
"""Seconds. Nothing is read while a batch is committed, which may wait for a database."""
ANSWER: Final = 10.0
"""Seconds to wait for the message that is asked for by its offset, or for the last ones of the stream."""
SAME_CHUNK: Final = 1.0
"""Seconds to wait for the next of the last messages: those of one chunk come at once."""

Begin: TypeAlias = int | Literal["first", "last"]


class Place(NamedTuple):
    """The last message read of a stream."""

    offset: int
    sha256: str
    """Of its body."""


class Continuity(StrEnum):
    """What a stream is to the place where it was read to."""

    NEW = "new"
    """It was never read."""
    SAME = "same"
    CUT = "cut"
    """It has forgotten the place, and perhaps more behind it that was never read."""
    ANOTHER = "another"
    """It was made anew: what the one before had, and was not read, is lost."""


@dataclass(frozen=True, slots=True)
class AuditMessage:
    """One message as the stream has it."""

    offset: int
    publisher: MailboxCode | None
    """Whose exchange it came by. The broker lets a mailbox publish to its own only."""
    key: str
    """Its first routing key."""
    body: bytes = field(repr=False)

    @property
    def place(self) -> Place:
        return Place(self.offset, hashlib.sha256(self.body).hexdigest())


def continuity(place: Place, first: AuditMessage) -> Continuity:
    """`first`: the first message of a stream, read from the place on, that is not before it."""
    if first.offset > place.offset:
        return Continuity.CUT
    return Continuity.SAME if first.place == place else Continuity.ANOTHER


class AuditReader:
    """For one thread. To be closed after any error: a new one begins at the place that was kept.

    Nothing is cancelled: with messages still buffered, RabbitMQ 3.10 would close the connection."""

    def __init__(
        self, *nodes: Address, stream: str = AUDIT, after: Place | None, answer: float = ANSWER, name: str = "ledger"
    ) -> None:
        """`after`: the last message that was read; None: from the first that there is."""
        self.stream = stream
        self.continuity = Continuity.NEW
        """Known once it is open."""
        self._nodes = nodes
        self._after = after
        self._answer = answer
        self._name = name
        self._arrived: deque[tuple[int, AuditMessage]] = deque()
        self._bytes = 0
        self._expected = 0 if after is None else after.offset
        self._is_cancelled = False

    def open(self) -> Self:
        """Raises BrokerAway, or BadConfig where the broker refuses or has no such stream; nothing is left open then."""
        self._connection, self._address = connect_to_first(
            self._nodes, name=f"lienthong {self._name} {self.stream}", heartbeat=HEARTBEAT
        )
        try:
            with self._translated():
                self._open()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        with suppress(exceptions.AMQPError, OSError):
            self._connection.close()

    def read(self, *, limit: int, max_bytes: int, wait: float) -> Sequence[AuditMessage]:
        """What came by now, in the stream's order; where nothing did, what comes within so many seconds. One message is
        returned however large it is. Raises BrokerAway."""
        with self._translated():
            self._fill(wait, limit, max_bytes)
            taken, tag, size = list[AuditMessage](), 0, 0
            while self._arrived and len(taken) < limit and (not taken or size < max_bytes):
                tag, message = self._pop()
                taken.append(message)
                size += len(message.body)
            if tag:
                self._channel.basic_ack(tag, multiple=True)  # lets the broker send as many more
        return taken

    # -- opening

    def _open(self) -> None:
        if self._after is None:
            self._consume("first")
            return
        self._consume(self._after.offset)
        first = self._first_not_before(self._after)
        self.continuity = continuity(self._after, first) if first else self._without_answer(self._after)
        if self.continuity is Continuity.ANOTHER:
            self._consume("first")
        elif first is not None and self.continuity is Continuity.SAME:
            self._drop_first()

    def _first_not_before(self, place: Place) -> AuditMessage | None:
        """None where it does not come: the stream ends before. A stream begins at the first message of a chunk."""
        until = time.monotonic() + self._answer
        while (left := until - time.monotonic()) > 0:
            self._fill(left, 1, 1)
            while self._arrived and self._arrived[0][1].offset < place.offset:
                self._drop_first()
            if self._arrived:
                return self._arrived[0][1]
        return None

    def _without_answer(self, place: Place) -> Continuity:
        """The stream gave nothing from the place on, which the one that was read would have: its last messages tell."""
        self._consume("last")
        self._fill(self._answer, 1, 1)
        if not self._arrived:  # empty. It may have forgotten all by its age: the next message tells
            raise BrokerAway(
                why=said(
                    "luồng {stream} không đưa bản tin nào, cũng không nói nó còn là luồng cũ không",
                    "the stream {stream} gives no message, nor tells whether it is the one that was read",
                    stream=self.stream,
                )
            )
        while self._arrived[0][1].offset < place.offset:
            self._drop_first()
            if not self._arrived:
                self._fill(SAME_CHUNK, 1, 1)
            if not self._arrived:
                return Continuity.ANOTHER
        found = continuity(place, self._arrived[0][1])
        if found is Continuity.SAME:
            self._drop_first()
        elif found is Continuity.CUT:
            self._consume(place.offset + 1)
        return found

    def _consume(self, begin: Begin) -> None:
        """By a channel of its own; what an earlier one still has is dropped with it."""
        if begin == "first":
            self._expected = 0
        elif isinstance(begin, int):
            self._expected = begin
        old = getattr(self, "_channel", None)
        self._channel = self._connection.channel()
        if old is not None:
            old.close()
        self._arrived.clear()
        self._bytes = 0
        self._channel.basic_qos(prefetch_count=PREFETCH)
        self._channel.add_on_cancel_callback(self._on_cancel)
        self._channel.basic_consume(self.stream, self._on_message, arguments={OFFSET: begin})

    # -- reading

    def _fill(self, wait: float, limit: int, max_bytes: int) -> None:
        """Waits for one message, and takes what is there without waiting any more."""
        until = time.monotonic() + wait
        while len(self._arrived) < limit and self._bytes < max_bytes:
            before = len(self._arrived)
            left = 0.0 if before else max(0.0, until - time.monotonic())
            self._connection.process_data_events(time_limit=left)
            self._check()
            if len(self._arrived) == before and (before or time.monotonic() >= until):
                return

    def _check(self) -> None:
        if self._is_cancelled or not self._channel.is_open:
            why = said(
                "RabbitMQ thôi đưa bản tin của luồng {stream}: luồng bị xóa, hoặc nút của nó dừng",
                "the broker has ended the reading of {stream}: it was deleted, or its node stops",
                stream=self.stream,
            )
            raise BrokerAway(why=why)

    def _pop(self) -> tuple[int, AuditMessage]:
        tag, message = self._arrived.popleft()
        self._bytes -= len(message.body)
        return tag, message

    def _drop_first(self) -> None:
        tag, _ = self._pop()
        self._channel.basic_ack(tag, multiple=True)

    def _on_message(
        self, channel: BlockingChannel, method: "pika.spec.Basic.Deliver", properties: pika.BasicProperties, body: bytes
    ) -> None:
        if channel is not self._channel:
            return
        assert method.delivery_tag is not None
        told = stream_offset(properties)
        offset = self._expected if told is None else told
        self._expected = offset + 1
        exchange = str(method.exchange)
        publisher = mailbox_of(exchange) if is_exchange(exchange) else None
        self._arrived.append((method.delivery_tag, AuditMessage(offset, publisher, str(method.routing_key), body)))
        self._bytes += len(body)

    def _on_cancel(self, _: object) -> None:
        self._is_cancelled = True

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (exceptions.AMQPError, OSError) as exc:
            if is_refusal(exc):
                raise BadConfig(file=str(self._address), why=reason_of(exc)) from exc
            raise BrokerAway(why=reason_of(exc)) from exc
