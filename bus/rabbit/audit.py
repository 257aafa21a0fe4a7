"""Reading back what passed over the bus, and sending one mailbox a past stretch of it again: for who lost what it had
taken, in a damaged store or with an older backup. Dockets are read here, content never: it is sealed.

The stream `audit` has a copy of every message. A repeated one is dropped by a recipient that still has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from bus.crashpoints import reached
from bus.envelope import parse
from bus.errors import BadConfig, BadMessage, BrokerAway
from bus.rabbit.address import Address
from bus.rabbit.session import refused, words
from bus.topology import AUDIT, inbox_of
from schemas.docket import Docket
from schemas.values import MailboxCode

PREFETCH = 200
SILENCE = 3.0
"""Seconds without anything new after which the stream's end is reached."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was put into the inbox again, and how many messages were looked at."""

    dockets: tuple[Docket, ...]
    looked_at: int


def replay(address: Address, mailbox: MailboxCode, *, since: datetime, until: datetime) -> Replayed:
    """Puts everything that was made between the two for this mailbox into its inbox again, confirmed by the broker one
    by one. Raises BrokerAway; BadConfig where the broker says no, or the inbox is full: what was put there stays."""
    parameters = address.parameters(name="lienthong audit", heartbeat=60, timeout=10)
    dockets: list[Docket] = []
    looked_at = 0
    try:
        with pika.BlockingConnection(parameters) as connection:
            reading, writing = connection.channel(), connection.channel()
            writing.confirm_delivery()
            for properties, body in _stream(reading, since):
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
    return Replayed(tuple(dockets), looked_at)


def _stream(channel: BlockingChannel, since: datetime) -> Iterator[tuple[pika.BasicProperties, bytes]]:
    """From the chunk that holds the moment on, to the end. A consumer with a callback: cancelled with messages still
    buffered, a generator of pika's would have RabbitMQ 3.10 close the connection."""
    arrived: list[tuple[pika.BasicProperties, bytes]] = []

    def on_message(
        _: BlockingChannel, method: "pika.spec.Basic.Deliver", properties: pika.BasicProperties, body: bytes
    ) -> None:
        arrived.append((properties, body))
        assert method.delivery_tag is not None
        channel.basic_ack(method.delivery_tag)

    channel.basic_qos(prefetch_count=PREFETCH)
    channel.basic_consume(AUDIT, on_message, arguments={"x-stream-offset": since})
    while True:
        channel.connection.process_data_events(time_limit=SILENCE)
        if not arrived:
            return
        taken, arrived[:] = list(arrived), []
        yield from taken


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
