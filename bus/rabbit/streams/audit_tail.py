"""The end of the stream `audit`, read as it grows: of each message its exchange, which is its sender's by the broker's
own permissions, its key and its size. Bodies are not looked at."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from bus.errors import BadConfig, BrokerAway, said
from bus.rabbit.address import Address
from bus.rabbit.command_connection import connect_to_first
from bus.rabbit.content_header import OFFSET, stream_offset
from bus.rabbit.pika_errors import is_refusal, reason_of
from bus.topology.names import AUDIT, is_mailbox_name, mailbox_of_user
from bus.wire.message import PUBLISHED_BY
from schemas.values import MailboxCode

TAG: Final = "lienthong-guard"
"""Of its consumer: by it `lienthong queues` knows that somebody counts."""
PREFETCH: Final = 500
CHUNK: Final = 10_000
"""More messages than one chunk of a stream has. More of them before the wanted offset are of another stream: somebody
has deleted the one that was read, and its numbers begin anew."""
OVERHEAD: Final = 256
"""Bytes that the broker adds to each message, about: many empty ones are no small thing either."""


@dataclass(frozen=True, slots=True)
class AuditCopy:
    """One message as the stream has it, without its body."""

    offset: int
    exchange: str
    key: str
    """The first. The stream has none of those in CC, as some versions of RabbitMQ keep it."""
    publisher: str | None
    """Of a message that was set aside: its publisher, as the mailbox says that set it aside."""
    size: int
    """Bytes of body and headers, and the broker's own, about."""


class AuditTail:
    """A consumer of the stream. Raises BrokerAway, or BadConfig where the broker refuses.

    It is never cancelled: with messages still buffered, RabbitMQ 3.10 would close the connection.
    """

    def __init__(self, *nodes: Address, begin: int | Literal["last", "next"]) -> None:
        """`begin`: an offset, or the last messages there, or those to come. Of an offset that the stream has dropped,
        from its first message."""
        self._nodes = nodes
        self._begin = begin
        self._next = self._before = begin if isinstance(begin, int) else 0
        self._passed = 0
        self._arrived: deque[AuditCopy] = deque()

    def __enter__(self) -> Self:
        self._connection, address = connect_to_first(self._nodes, name="lienthong guard", heartbeat=60)
        try:
            self._channel = self._connection.channel()
            self._channel.basic_qos(prefetch_count=PREFETCH)
            self._channel.basic_consume(AUDIT, self._on_message, consumer_tag=TAG, arguments={OFFSET: self._begin})
        except (exceptions.AMQPError, OSError) as exc:
            self._close()
            if is_refusal(exc):
                raise BadConfig(file=str(address), why=reason_of(exc)) from exc
            raise BrokerAway(why=reason_of(exc)) from exc
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def read(self, seconds: float) -> Sequence[AuditCopy]:
        """Those that came by now, and within so many seconds. Raises BrokerAway."""
        try:
            self._connection.process_data_events(time_limit=seconds)
        except (exceptions.AMQPError, OSError) as exc:
            raise BrokerAway(why=reason_of(exc)) from exc
        if not self._channel.is_open:
            raise BrokerAway(
                why=said("RabbitMQ đóng kênh đang đọc {audit}", "the broker closed the channel on {audit}", audit=AUDIT)
            )
        taken = tuple(self._arrived)
        self._arrived.clear()
        return taken

    def _close(self) -> None:
        with suppress(exceptions.AMQPError, OSError):
            self._connection.close()

    def _on_message(
        self, channel: BlockingChannel, method: "pika.spec.Basic.Deliver", properties: pika.BasicProperties, body: bytes
    ) -> None:
        channel.basic_ack(method.delivery_tag or 0)
        copy = audit_copy(method, properties, body, expected=self._next)
        self._next = copy.offset + 1
        if self._before and copy.offset < self._before and self._passed < CHUNK:
            self._passed += 1  # a stream begins at the first of a chunk
            return
        self._before = 0
        self._arrived.append(copy)


def audit_copy(
    method: "pika.spec.Basic.Deliver", properties: pika.BasicProperties, body: bytes, *, expected: int
) -> AuditCopy:
    """`expected`: its offset where the headers, which their sender wrote, do not say."""
    headers = properties.headers or {}
    offset = stream_offset(properties)
    publisher = headers.get(PUBLISHED_BY)
    return AuditCopy(
        offset=expected if offset is None else offset,
        exchange=str(method.exchange),
        key=str(method.routing_key),
        publisher=_mailbox(publisher),
        size=len(body) + len(repr(headers)) + OVERHEAD,
    )


def _mailbox(publisher: object) -> MailboxCode | None:
    """As the mailbox that set it aside wrote it; None for a name that no mailbox can have."""
    found = mailbox_of_user(publisher) if isinstance(publisher, str) else ""
    return found if is_mailbox_name(found) else None
