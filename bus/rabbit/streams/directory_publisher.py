"""Publisher of the signed directory, over short-lived connections of the authority; reads the last edition, too."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from bus.crashpoints import reached
from bus.errors import BadConfig, BrokerAway, said
from bus.rabbit.address import Address
from bus.rabbit.command_connection import connect_to_first, logged_in_as
from bus.rabbit.content_header import OFFSET
from bus.rabbit.pika_errors import reason_of
from bus.topology.names import CHANGE_KEY, DIRECTORY, DIRECTORY_IN, EDITION_KEY

CONTENT_TYPE = "application/vnd.lienthong.directory"
MAX_EDITION_BYTES = 15 * 1024 * 1024
"""Compressed: the broker takes messages of 16 MiB."""


def publish_edition(*nodes: Address, version: int, whole: bytes, change: bytes) -> None:
    """To the first node that answers; confirmed when this returns. The whole edition goes before the change: a reader
    that cannot apply a change asks for the whole.

    Raises BadConfig where it is too large or the broker refuses, BrokerAway where none answers.
    """
    if len(whole) > MAX_EDITION_BYTES:
        raise BadConfig(
            file=said("bản danh mục", "edition"),
            why=said(
                "nén còn {size} byte; một bản tin chỉ mang được {most}",
                "{size} bytes compressed; a message carries {most}",
                size=len(whole),
                most=MAX_EDITION_BYTES,
            ),
        )
    with _channel(nodes) as (channel, address):
        user = logged_in_as(channel.connection, address, exchange=DIRECTORY_IN)
        channel.confirm_delivery()
        for key, body in ((EDITION_KEY, whole), (CHANGE_KEY, change)):
            properties = pika.BasicProperties(
                content_type=CONTENT_TYPE,
                type=key,
                message_id=f"directory-{version}",
                delivery_mode=2,
                user_id=user,
                app_id="lienthong",
            )
            channel.basic_publish(DIRECTORY_IN, key, body, properties, mandatory=True)
            reached("announce.confirmed")


def last_edition(*nodes: Address, wait: float = 2.0) -> bytes | None:
    """The last whole edition on a broker; None where none came in `wait` seconds, which tests on a busy machine make
    longer. Raises as `publish_edition`."""
    found: list[bytes] = []
    with _channel(nodes) as (channel, _):
        channel.basic_qos(prefetch_count=16)

        def arrived(_channel: object, method: object, _properties: object, body: bytes) -> None:
            found.append(body)
            channel.basic_ack(method.delivery_tag)  # type: ignore[attr-defined] # pika's stubs leave it open

        channel.basic_consume(DIRECTORY, arrived, arguments={OFFSET: "last"})
        channel.connection.process_data_events(time_limit=wait)
        before = -1
        while found and len(found) != before:
            before = len(found)
            channel.connection.process_data_events(time_limit=0.3)
    return found[-1] if found else None


@contextmanager
def _channel(nodes: Sequence[Address]) -> Iterator[tuple[BlockingChannel, Address]]:
    connection, address = connect_to_first(nodes, name="lienthong directory", heartbeat=30)
    try:
        yield connection.channel(), address
    except (exceptions.ChannelClosedByBroker, exceptions.UnroutableError, exceptions.NackError) as error:
        raise BadConfig(
            file="broker",
            why=said(
                "{address} không cho {user} làm việc này: {why}; lienthong topology apply",
                "{address} does not let {user} do this: {why}; lienthong topology apply",
                address=address,
                user=address.user,
                why=reason_of(error),
            ),
        ) from error
    except exceptions.AMQPError as error:
        raise BrokerAway(why=said("{at}: {why}", "{at}: {why}", at=address, why=reason_of(error))) from error
    finally:
        if connection.is_open:
            connection.close()
