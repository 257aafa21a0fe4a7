"""A broker after `lienthong topology apply`, its users, and what they try there."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel

from bus.rabbit.definitions import SALT_SIZE, password_hash
from bus.rabbit.management import Management
from bus.topology import Topology
from tests.admitted import admitted
from tests.integration.broker_world import World

PASSWORD = "của-Liên-thông"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A broker after `apply`."""

    management: Management
    wanted: Topology
    world: World

    @property
    def current(self) -> Topology:
        return self.management.topology(self.wanted.vhost)

    @contextmanager
    def channel(self, user: str) -> Iterator[BlockingChannel]:
        """Logged in as one of the topology's users, or as the tests' own."""
        address = urlsplit(self.world.amqp_url)
        ours = user == self.world.user
        connection = admitted(
            pika.ConnectionParameters(
                host=address.hostname or "",
                port=address.port or 5672,
                virtual_host=self.wanted.vhost,
                credentials=pika.PlainCredentials(user, self.world.password if ours else PASSWORD),
            )
        )
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            if connection.is_open:
                connection.close()

    def take(self, queue: str, within: float = 60) -> tuple[Any, pika.BasicProperties, bytes]:
        """The first message of a queue, waited for, and taken out."""
        deadline = time.monotonic() + within
        with self.channel(self.world.user) as channel:
            while time.monotonic() < deadline:
                method, properties, body = channel.basic_get(queue, auto_ack=True)
                if method is not None and properties is not None and body is not None:
                    return method, properties, body
                time.sleep(0.05)
        raise AssertionError(f"nothing came to {queue}")


def management_url(world: World) -> str:
    parts = urlsplit(world.management_url)
    return parts._replace(netloc=f"{world.user}:{world.password}@{parts.netloc}").geturl()


def hashes(wanted: Topology) -> dict[str, str]:
    hashed = password_hash(PASSWORD, salt=secrets.token_bytes(SALT_SIZE))
    return {user.name: hashed for user in wanted.users}
