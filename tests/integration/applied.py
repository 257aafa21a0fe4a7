"""A broker after `lienthong topology apply`, its users, and what they try there."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel

from bus.rabbit.admin.definitions import SALT_SIZE, password_hash
from bus.rabbit.admin.management import Management
from bus.topology.drift import diff
from bus.topology.wanted import BrokerLimits, Topology, topology
from schemas.values import MailboxCode
from tests.admitted import admitted
from tests.integration.broker_world import Vhost, World

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


@contextmanager
def made_on(
    world: World,
    vhost: Vhost,
    mailboxes: Sequence[MailboxCode],
    limits: BrokerLimits,
    *,
    as_of_before: Callable[[Topology], Topology] = lambda wanted: wanted,
) -> Iterator[Made]:
    """A topology made there; its users are gone afterwards. `as_of_before`: what is made in its place at first."""
    with Management(management_url(world), plain=True) as management:
        wanted = topology(mailboxes, vhost=vhost.name, limits=limits, version=management.version())
        before = management.topology(vhost.name)
        management.apply(diff(before, as_of_before(wanted)), vhost=vhost.name, hashes=hashes(wanted))
        yield Made(management=management, wanted=wanted, world=world)
        there = {user.name for user in before.users}
        with world.api() as api:
            for user in wanted.users:
                if user.name not in there:
                    api.delete(f"/api/users/{user.name}")


def management_url(world: World) -> str:
    parts = urlsplit(world.management_url)
    return parts._replace(netloc=f"{world.user}:{world.password}@{parts.netloc}").geturl()


def hashes(wanted: Topology) -> dict[str, str]:
    hashed = password_hash(PASSWORD, salt=secrets.token_bytes(SALT_SIZE))
    return {user.name: hashed for user in wanted.users}
