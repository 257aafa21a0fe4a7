"""Publishing the signed directory, and asking a broker for the last one: short-lived connections of the authority's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from bus.crashpoints import reached
from bus.errors import BadConfig, BrokerAway
from bus.rabbit.address import Address
from bus.rabbit.first import first_that_answers
from bus.rabbit.session import words
from bus.topology import CHANGE_KEY, DIRECTORY, DIRECTORY_IN, EDITION_KEY

CONTENT_TYPE = "application/vnd.lienthong.directory"
LARGEST = 15 * 1024 * 1024
"""Bytes of one edition: the broker takes messages of 16 MiB."""


def publish_edition(*nodes: Address, version: int, whole: bytes, change: bytes) -> None:
    """To the first node that answers. The whole before the change: who is told of a change that does not fit asks for
    it. Confirmed when this returns.

    Raises BadConfig where it is too large or the broker says no, BrokerAway where it does not answer.
    """
    if len(whole) > LARGEST:
        raise BadConfig(file="edition", why=f"{len(whole)} bytes compressed; a message carries {LARGEST}")
    with _channel(nodes) as (channel, address):
        channel.confirm_delivery()
        for key, body in ((EDITION_KEY, whole), (CHANGE_KEY, change)):
            properties = pika.BasicProperties(
                content_type=CONTENT_TYPE,
                type=key,
                message_id=f"directory-{version}",
                delivery_mode=2,
                user_id=address.user,
                app_id="lienthong",
            )
            channel.basic_publish(DIRECTORY_IN, key, body, properties, mandatory=True)
            reached("announce.confirmed")


def last_edition(*nodes: Address, wait: float = 2.0) -> bytes | None:
    """The last whole edition on a broker; None where there is none after `wait` seconds. Raises as above."""
    found: list[bytes] = []
    with _channel(nodes) as (channel, _):
        channel.basic_qos(prefetch_count=16)

        def arrived(_channel: object, method: object, _properties: object, body: bytes) -> None:
            found.append(body)
            channel.basic_ack(method.delivery_tag)  # type: ignore[attr-defined] # pika's stubs leave it open

        channel.basic_consume(DIRECTORY, arrived, arguments={"x-stream-offset": "last"})
        channel.connection.process_data_events(time_limit=wait)
        before = -1
        while found and len(found) != before:
            before = len(found)
            channel.connection.process_data_events(time_limit=0.3)
    return found[-1] if found else None


@contextmanager
def _channel(nodes: Sequence[Address]) -> Iterator[tuple[BlockingChannel, Address]]:
    connection, address = first_that_answers(nodes, name="lienthong directory", heartbeat=30)
    try:
        yield connection.channel(), address
    except (exceptions.ChannelClosedByBroker, exceptions.UnroutableError, exceptions.NackError) as error:
        raise BadConfig(
            file="broker",
            why=f"{address} does not let {address.user} do this: {words(error)}; lienthong topology apply",
        ) from error
    except exceptions.AMQPError as error:
        raise BrokerAway(why=f"{address}: {words(error)}") from error
    finally:
        if connection.is_open:
            connection.close()
