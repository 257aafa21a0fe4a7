"""A thief with somebody's certificate and key: what the broker lets him do with them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingConnection
from pika.credentials import ExternalCredentials

from tests.admitted import admitted

REFUSED = (exceptions.AMQPError, ssl.SSLError, OSError)


@dataclass(frozen=True, slots=True)
class Thief:
    address: str
    """host:port of the broker."""
    root: Path
    certificate: Path
    key: Path

    def connect(self) -> BlockingConnection:
        host, _, port = self.address.partition(":")
        context = ssl.create_default_context(cafile=self.root)
        context.load_cert_chain(self.certificate, self.key)
        return admitted(
            pika.ConnectionParameters(
                host, int(port), "lienthong", ExternalCredentials(),
                ssl_options=pika.SSLOptions(context, host), connection_attempts=1, socket_timeout=10,
            )
        )  # fmt: skip

    def is_let_in(self) -> bool:
        try:
            self.connect().close()
        except REFUSED:
            return False
        return True

    @contextmanager
    def inside(self) -> Iterator[BlockingConnection]:
        """Logged in before the alarm; the broker may have closed it by the end."""
        connection = self.connect()
        try:
            yield connection
        finally:
            if connection.is_open:
                connection.close()

    def publish(self, exchange: str, key: str, body: bytes) -> None:
        with self.inside() as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_publish(exchange, key, body)


def is_cut(connection: BlockingConnection) -> bool:
    """Whether the broker has closed it."""
    try:
        connection.process_data_events(time_limit=0.2)
    except REFUSED:
        return True
    return connection.is_closed
