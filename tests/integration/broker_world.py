"""A broker for tests to break: vhosts that come and go, and the least topology a link needs, declared through pika."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx
import pika
from pika.adapters.blocking_connection import BlockingChannel

from bus.topology.names import AUDIT, DEAD, ROUTE, exchange_of, inbox_of, lane_of
from bus.topology.versions import has_lanes as version_has_lanes
from bus.topology.versions import parse_version
from bus.wire.message import routing_key
from schemas.codes import Kind
from schemas.values import MailboxCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Vhost:
    """One vhost of the broker; `url` logs in to it as the user of the tests."""

    name: str
    url: str = field(repr=False)
    user: str

    def through(self, host: str, port: int) -> str:
        """The URL by way of a forwarder."""
        parts = urlsplit(self.url)
        login = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{login}@{host}:{port}").geturl()

    def depth(self, queue: str) -> int:
        """Messages ready in a queue."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def declare(
        self, *mailboxes: MailboxCode, limits: dict[MailboxCode, int] | None = None, lanes: bool = False
    ) -> None:
        """Exchanges and queues of these mailboxes; `limits` in messages an inbox."""
        with self.channel() as channel:
            channel.exchange_declare(ROUTE, "direct", durable=True, internal=True)
            channel.queue_declare(AUDIT, durable=True, arguments={"x-queue-type": "stream"})
            channel.queue_declare(DEAD, durable=True, arguments={"x-queue-type": "quorum"})
            channel.queue_bind(DEAD, ROUTE, DEAD)
            for mailbox in mailboxes:
                exchange = exchange_of(mailbox)
                channel.exchange_declare(exchange, "topic", durable=True)
                channel.exchange_bind(ROUTE, exchange, "#")
                self.declare_inbox(channel, mailbox, (limits or {}).get(mailbox))
                if lanes:
                    lane = lane_of(mailbox)
                    channel.queue_declare(lane, durable=True, arguments={"x-queue-type": "quorum"})
                    channel.queue_bind(lane, ROUTE, lane)

    @staticmethod
    def declare_inbox(channel: BlockingChannel, mailbox: MailboxCode, limit: int | None = None) -> None:
        arguments: dict[str, Any] = {"x-queue-type": "quorum"}
        if limit is not None:
            arguments |= {"x-max-length": limit, "x-overflow": "reject-publish"}
        queue = inbox_of(mailbox)
        channel.queue_declare(queue, durable=True, arguments=arguments)
        for kind in Kind:
            channel.queue_bind(queue, ROUTE, routing_key(kind, mailbox))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A broker as tests see it: an administrator's AMQP URL (of vhost /) and the management interface."""

    amqp_url: str = field(repr=False)
    management_url: str
    kind: str
    version: str
    boot_seconds: float | None = None
    ctl: Callable[..., str] | None = field(default=None, repr=False)
    """Runs rabbitmqctl on the node; None where the node is not ours."""

    @property
    def has_lanes(self) -> bool:
        return version_has_lanes(parse_version(self.version))

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.amqp_url).username or "guest")

    @property
    def password(self) -> str:
        return unquote(urlsplit(self.amqp_url).password or "guest")

    def api(self) -> httpx.Client:
        auth = (self.user, self.password)
        return httpx.Client(base_url=self.management_url, auth=auth, trust_env=False, timeout=240)

    @contextmanager
    def vhost(self, name: str) -> Iterator[Vhost]:
        """A fresh vhost; gone afterwards, with all that was in it."""
        path = quote(name, safe="")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        with self.api() as api:
            _made(api, f"/api/vhosts/{path}")
            try:
                api.put(f"/api/permissions/{path}/{quote(self.user, safe='')}", json=everything).raise_for_status()
                url = urlsplit(self.amqp_url)._replace(path=f"/{path}").geturl()
                yield Vhost(name=name, url=url, user=self.user)
            finally:
                api.delete(f"/api/vhosts/{path}").raise_for_status()


def _made(api: httpx.Client, vhost: str, within: float = 90) -> None:
    """Makes a vhost and returns once every node runs it.

    A node of a cluster answers 500 while another one, which has just joined, cannot start a vhost yet (3.10.8).
    """
    deadline = time.monotonic() + within
    while True:
        answer = api.put(vhost)
        states = api.get(vhost).json().get("cluster_state", {}) if answer.is_success else {}
        if answer.is_success and all(state == "running" for state in states.values()):
            return
        if answer.is_client_error or time.monotonic() > deadline:
            answer.raise_for_status()
            raise TimeoutError(f"{vhost} does not run everywhere: {states}")
        time.sleep(0.5)
