"""Reading back what passed over the bus, and sending one mailbox a past stretch of it again: for who lost what it had
taken, in a damaged store or with an older backup. Dockets are read here, content never: it is sealed.

The stream `audit` has a copy of every message. A repeated one is dropped by a recipient that still has it.
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
from bus.envelope import parse
from bus.errors import BadConfig, BadMessage, BrokerAway
from bus.rabbit.address import Address
from bus.rabbit.first import first_that_answers
from bus.rabbit.session import refused, words
from bus.topology import AUDIT, inbox_of
from schemas.docket import Docket
from schemas.values import MailboxCode

_Message: TypeAlias = tuple[pika.BasicProperties, bytes]

PREFETCH = 200
GLANCE = 3.0
"""Seconds for finding out how far the stream goes now; what comes later was made later."""
BEGINS, STALLS = 10.0, 60.0
"""Seconds without anything, at first and between two messages. There may be nothing from the moment asked for on; a
stream that began goes on to where it went."""
OFFSET = "x-stream-offset"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was put into the inbox again, and how many messages were looked at."""

    dockets: tuple[Docket, ...]
    looked_at: int


def replay(*nodes: Address, mailbox: MailboxCode, since: datetime, until: datetime) -> Replayed:
    """Puts everything that was made between the two for this mailbox into its inbox again, confirmed by the broker one
    by one. Raises BrokerAway; BadConfig where the broker says no, or the inbox is full: what was put there stays."""
    connection, address = first_that_answers(nodes, name="lienthong audit", heartbeat=60)
    dockets: list[Docket] = []
    looked_at = 0
    try:
        writing = connection.channel()
        writing.confirm_delivery()
        for properties, body in _passed(connection, since):
            looked_at += 1
            docket = _docket(body)
            if docket is None or mailbox not in docket.mailboxes or not since <= docket.created_at <= until:
                continue
            again = _again(properties, docket, user=address.user)
            writing.basic_publish("", inbox_of(mailbox), body, again, mandatory=True)
            reached("audit.confirmed")
            dockets.append(docket)
    except (exceptions.NackError, exceptions.UnroutableError) as exc:
        raise BadConfig(file=inbox_of(mailbox), why="it is full, or not there: see lienthong queues") from exc
    except (exceptions.AMQPError, OSError) as exc:
        if refused(exc):
            raise BadConfig(file=str(address), why=words(exc)) from exc
        raise BrokerAway(why=words(exc)) from exc
    finally:
        with suppress(exceptions.AMQPError):  # all is confirmed, or said
            connection.close()
    return Replayed(tuple(dockets), looked_at)


def _passed(connection: pika.BlockingConnection, since: datetime) -> Iterator[_Message]:
    """From the chunk that holds the moment on, to where the stream goes now: on a bus at work it never ends. Raises
    BrokerAway where it stands still before."""
    last = _last(connection)
    tap = _Tap(connection, since)
    if last is None or not tap.flows(BEGINS):
        return
    while tap.flows(STALLS):
        offset, message = tap.take()
        yield message
        if offset >= last:
            return
    raise BrokerAway(why=f"the stream {AUDIT} stands still, for {STALLS:g} s")


def _last(connection: pika.BlockingConnection) -> int | None:
    """Of the messages that are there now, the last one's offset, or one a little beyond; None where there is none."""
    tap = _Tap(connection, "last")
    if not tap.flows(BEGINS):
        return None
    offset, _ = tap.take()
    until = time.monotonic() + GLANCE
    while (left := until - time.monotonic()) > 0 and tap.flows(left):
        offset, _ = tap.take()
    return offset


class _Tap:
    """The stream from somewhere on, on a channel of its own. A consumer with a callback, and never cancelled: with
    messages still buffered, RabbitMQ 3.10 would close the connection. What is not taken is not acknowledged, so that
    no more than `PREFETCH` wait here."""

    def __init__(self, connection: pika.BlockingConnection, begin: str | datetime) -> None:
        self._connection = connection
        self._channel = connection.channel()
        self._arrived: deque[tuple[int, pika.BasicProperties, bytes]] = deque()
        self._channel.basic_qos(prefetch_count=PREFETCH)
        self._channel.basic_consume(AUDIT, self._on_message, arguments={OFFSET: begin})

    def flows(self, seconds: float) -> bool:
        """Whether there is something to take, within so many seconds."""
        until = time.monotonic() + seconds
        while not self._arrived and (left := until - time.monotonic()) > 0:
            self._connection.process_data_events(time_limit=left)  # back at once where another channel got something
        return bool(self._arrived)

    def take(self) -> tuple[int, _Message]:
        """With its place in the stream."""
        tag, properties, body = self._arrived.popleft()
        self._channel.basic_ack(tag)
        offset = (properties.headers or {})[OFFSET]
        assert isinstance(offset, int)
        return offset, (properties, body)

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


def _again(old: pika.BasicProperties, docket: Docket, *, user: str) -> pika.BasicProperties:
    """As its sender published it, but for the user, which the broker makes the operator's; recipients let that pass,
    and the signature speaks for the sender."""
    headers = {name: value for name, value in (old.headers or {}).items() if name.startswith("x-lienthong")}
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
