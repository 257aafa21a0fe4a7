"""Replay from the stream `audit`, which has a copy of every message: one mailbox gets those of a past time again, after
a damaged store or an older backup. A recipient that still has a message drops the repeated one.

Only dockets are read here: content is sealed.
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from bus.crashpoints import reached
from bus.errors import BadConfig, BadMessage, BrokerAway, said
from bus.rabbit.address import Address
from bus.rabbit.command_connection import connect_to_first, logged_in_as
from bus.rabbit.content_header import OFFSET, short_headers, stream_offset, undecodable
from bus.rabbit.pika_errors import is_refusal, reason_of
from bus.topology.names import AUDIT, inbox_of
from bus.wire.envelope import parse
from schemas.docket import Docket
from schemas.values import MailboxCode

_Message: TypeAlias = tuple[pika.BasicProperties, bytes]

PREFETCH = 200
FIND_END = 3.0
"""Seconds for finding the end of the stream; messages that come later were made later."""
FIRST_MESSAGE, NEXT_MESSAGE = 10.0, 60.0
"""Seconds to wait for a message. There may be none since the time asked for; once one came, all up to the end come."""


@dataclass(frozen=True, slots=True)
class AuditReplay:
    """The dockets of the messages put into the inbox again, and how many messages of the stream were read."""

    dockets: tuple[Docket, ...]
    looked_at: int


def replay_audit(
    *nodes: Address, mailbox: MailboxCode, since: datetime, until: datetime, stream: str = AUDIT
) -> AuditReplay:
    """Puts every message made between the two times for this mailbox into its inbox again, confirmed one by one.
    `stream`: that of an isolated mailbox in place of the one that all share.

    Raises BrokerAway; BadConfig where the broker refuses, or the inbox is full. Messages put there by then stay."""
    connection, address = connect_to_first(nodes, name="lienthong audit", heartbeat=60)
    dockets: list[Docket] = []
    looked_at = 0
    try:
        user = logged_in_as(connection, address, exchange="")
        writing = connection.channel()
        writing.confirm_delivery()
        for properties, body in _messages_since(connection, since, stream):
            looked_at += 1
            docket = _docket(body) if undecodable(properties) is None else None  # none of ours is undecodable
            if docket is None or mailbox not in docket.mailboxes or not since <= docket.created_at <= until:
                continue
            again = _republished(properties, docket, user=user)
            writing.basic_publish("", inbox_of(mailbox), body, again, mandatory=True)
            reached("audit.confirmed")
            dockets.append(docket)
    except (exceptions.NackError, exceptions.UnroutableError) as exc:
        raise BadConfig(
            file=inbox_of(mailbox),
            why=said(
                "hàng đợi này đầy, hoặc không có: xem lienthong queues",
                "it is full, or not there: see lienthong queues",
            ),
        ) from exc
    except (exceptions.AMQPError, OSError) as exc:
        if is_refusal(exc):
            raise BadConfig(file=str(address), why=reason_of(exc)) from exc
        raise BrokerAway(why=reason_of(exc)) from exc
    finally:
        with suppress(exceptions.AMQPError):  # all is confirmed, or said
            connection.close()
    return AuditReplay(tuple(dockets), looked_at)


def _messages_since(connection: pika.BlockingConnection, since: datetime, stream: str) -> Iterator[_Message]:
    """From the chunk of that time to the present end of the stream: on a bus at work it grows all the while. Raises
    BrokerAway where it stands still before."""
    end = _end_offset(connection, stream)
    reader = _AuditReader(connection, since, stream)
    if end is None or not reader.has_next(FIRST_MESSAGE):
        return
    while reader.has_next(NEXT_MESSAGE):
        offset, message = reader.take()
        yield message
        if offset >= end:
            return
    raise BrokerAway(
        why=said(
            "luồng {stream} đứng yên {span:g} giây",
            "the stream {stream} stands still, for {span:g} s",
            stream=stream,
            span=NEXT_MESSAGE,
        )
    )


def _end_offset(connection: pika.BlockingConnection, stream: str) -> int | None:
    """The offset of the last message, or one a little beyond; None where the stream is empty."""
    reader = _AuditReader(connection, "last", stream)
    if not reader.has_next(FIRST_MESSAGE):
        return None
    offset, _ = reader.take()
    until = time.monotonic() + FIND_END
    while (left := until - time.monotonic()) > 0 and reader.has_next(left):
        offset, _ = reader.take()
    return offset


class _AuditReader:
    """A consumer of the stream from an offset on, on a channel of its own. At most `PREFETCH` messages wait here.

    It is never cancelled: with messages still buffered, RabbitMQ 3.10 would close the connection.
    """

    def __init__(self, connection: pika.BlockingConnection, begin: str | datetime, stream: str) -> None:
        self._connection = connection
        self._channel = connection.channel()
        self._arrived: deque[tuple[int, pika.BasicProperties, bytes]] = deque()
        self._offset = -1
        self._channel.basic_qos(prefetch_count=PREFETCH)
        self._channel.basic_consume(stream, self._on_message, arguments={OFFSET: begin})

    def has_next(self, seconds: float) -> bool:
        """Waits so many seconds for a message."""
        until = time.monotonic() + seconds
        while not self._arrived and (left := until - time.monotonic()) > 0:
            self._connection.process_data_events(time_limit=left)  # back at once where another channel got something
        return bool(self._arrived)

    def take(self) -> tuple[int, _Message]:
        """The next message, with its offset. `has_next` must be true."""
        tag, properties, body = self._arrived.popleft()
        self._channel.basic_ack(tag)
        said = stream_offset(properties)
        self._offset = self._offset + 1 if said is None else said
        return self._offset, (properties, body)

    def _on_message(
        self, _: BlockingChannel, method: "pika.spec.Basic.Deliver", properties: pika.BasicProperties, body: bytes
    ) -> None:
        assert method.delivery_tag is not None
        self._arrived.append((method.delivery_tag, properties, body))


def _docket(body: bytes) -> Docket | None:
    try:
        return parse(body).docket
    except BadMessage:
        return None


def _republished(old: pika.BasicProperties, docket: Docket, *, user: str) -> pika.BasicProperties:
    """As its sender published it, but with the operator as user, since the broker lets nobody publish in another's
    name. Recipients accept that user: the sender's signature proves the sender."""
    headers = short_headers(old.headers or {}, lambda name: name.startswith("x-lienthong"))
    return pika.BasicProperties(
        content_type=old.content_type,
        headers=headers,
        delivery_mode=2,
        priority=old.priority,
        message_id=docket.id,
        timestamp=old.timestamp,
        type=docket.kind.value,
        user_id=user,
    )
