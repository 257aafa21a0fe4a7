"""One mailbox's link to the broker: `bus.ports.Broker` over RabbitMQ. Wiring and facts; the two halves do the work.

Two connections a link, since a broker short of memory or disk stops reading the one that publishes: receiving and
acknowledging go on. Reconnecting, blocked and cancelled are told by `status`, not by exceptions, but for BrokerAway.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial

import pika
import structlog

from bus.message import MAX_BODY
from bus.ports import ARRIVAL_BYTES
from bus.rabbit.address import Address, Tls, Turn, cluster
from bus.rabbit.company import Census, Company
from bus.rabbit.consumer import Consumer
from bus.rabbit.io_thread import IoThread
from bus.rabbit.publisher import Publisher
from bus.rabbit.session import Backoff, Role, Session
from bus.records import Arrival, Confirmation, Publication
from bus.topology import exchange_of, inbox_of, lane_of
from schemas.values import MailboxCode

__all__ = ["Backoff", "IoThread", "Link", "LinkSettings", "LinkStatus", "Tls"]

CLOSE_SECONDS = 1.8
LINGERING = 3.0
"""Heartbeats for which a connection that died may still count as somebody who reads the inbox."""
RETRY = Backoff(0.5, 30.0)
REFUSED_RETRY = Backoff(4.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Raises BadConfig where a URL is of no use, or where they are not of one cluster."""

    mailbox: MailboxCode
    url: str | Sequence[str] = field(repr=False)
    """Of the broker, or of each node of its cluster: they are tried in turn."""
    password: str | None = field(default=None, repr=False)
    """Used where the URL carries none."""
    tls: Tls | None = None
    heartbeat: int = 15
    """Seconds. pika notices a silent network after between one and two times `heartbeat` + 5, the broker after twice
    `heartbeat`: until then it keeps what it sent to us."""
    window: int = 500
    window_bytes: int = 16 * 1024 * 1024
    """Publishes under way, and their bytes in memory; one larger message goes alone."""
    prefetch: int = 256
    buffer_bytes: int = 64 * 1024 * 1024
    """Of bodies that arrived and wait to be received. Above it nothing more is read until half of it is gone."""
    publish_timeout: float = 10.0
    """Seconds without any answer after which a publish is lost, and another node is tried."""
    quiet: float = 10.0
    """Seconds without an arrival after which the node is asked for one."""
    answer_timeout: float = 10.0
    """Seconds it has to answer that; then another node is tried."""
    max_body: int = MAX_BODY
    """The broker's max_message_size: what is larger is answered as if the broker had nacked it."""
    connect_timeout: float = 15.0
    """Seconds. Above ten: so long a node waits for a silent one before it lets in a user with limits."""
    setup_timeout: float = 30.0
    """Seconds for connecting and everything that follows until the link can be used."""
    retry: Backoff = RETRY
    lane_retry: float = 300.0
    """Seconds until a lane is looked for again that was not there: the topology may be applied while we run."""
    refused_retry: Backoff = REFUSED_RETRY
    """After the broker said no: a queue, an exchange or a permission is missing."""

    def __post_init__(self) -> None:
        self.nodes()

    def nodes(self) -> tuple[Address, ...]:
        urls = (self.url,) if isinstance(self.url, str) else self.url
        return cluster(urls, password=self.password, tls=self.tls, user=self.mailbox)

    def parameters(self, node: Address, *, role: str) -> pika.ConnectionParameters:
        return node.parameters(
            name=f"lienthong {self.mailbox} {role}", heartbeat=self.heartbeat, timeout=self.connect_timeout
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    connected: bool
    """Both connections stand, whether or not they can be used."""
    publishing: bool
    consuming: bool
    blocked: str | None
    """Why the broker takes no publishes just now, in its words."""
    reconnects: int
    last_error: str | None
    """Why it is not working now; None when it is. After a refused publish, it stays until one is confirmed."""
    since: datetime
    """Of the last change."""
    publishing_to: str | None = None
    consuming_from: str | None = None
    """The node of either connection, without credentials."""


class Link:
    """Connects at once and for ever, until closed. Threads may call it as they like."""

    def __init__(self, settings: LinkSettings, *, io: IoThread, dice: Callable[[], float] = random.random) -> None:
        nodes = settings.nodes()
        log = structlog.get_logger().bind(mailbox=settings.mailbox)
        exchange, queue = exchange_of(settings.mailbox), inbox_of(settings.mailbox)
        self._changes = threading.Condition()
        self._closed = False
        publishing, consuming = log.bind(role=Publisher.name), log.bind(role=Consumer.name)
        self._publisher = Publisher(io, exchange=exchange, user=nodes[0].user, limits=settings, log=publishing)
        self._company = Company(patience=LINGERING * settings.heartbeat)
        census = Census(io, queue=queue, every=settings.heartbeat, company=self._company)
        lane = lane_of(settings.mailbox)
        self._consumer = Consumer(io, queue=queue, lane=lane, census=census, limits=settings, log=consuming)

        def session(role: Role, log: structlog.typing.FilteringBoundLogger) -> Session:
            return Session(
                io,
                role,
                turn=Turn(nodes, dice=dice),
                parameters=partial(settings.parameters, role=role.name),
                retry=settings.retry,
                refused_retry=settings.refused_retry,
                setup_timeout=settings.setup_timeout,
                dice=dice,
                changed=self._on_change,
                log=log,
            )

        self._publisher.session = session(self._publisher, publishing)
        self._consumer.session = session(self._consumer, consuming)
        self._publisher.session.start()
        self._consumer.session.start()

    def publish(self, batch: Sequence[Publication]) -> Sequence[Confirmation]:
        return self._publisher.publish(batch)

    def receive(self, *, limit: int, wait: float, max_bytes: int = ARRIVAL_BYTES) -> Sequence[Arrival]:
        return self._consumer.receive(limit=limit, wait=wait, max_bytes=max_bytes)

    def ack(self, arrivals: Sequence[Arrival]) -> None:
        self._consumer.ack(arrivals)

    @property
    def is_up(self) -> bool:
        status = self.status()
        return status.publishing and status.consuming

    @property
    def others(self) -> int:
        return self._company.others

    def state(self) -> Mapping[str, object]:
        return asdict(self.status())

    def status(self) -> LinkStatus:
        publisher, consumer = self._publisher.session.standing, self._consumer.session.standing
        return LinkStatus(
            connected=publisher.connected and consumer.connected,
            publishing=publisher.ready and publisher.blocked is None,
            consuming=consumer.ready,
            blocked=publisher.blocked,
            reconnects=publisher.reconnects + consumer.reconnects,
            last_error=publisher.last_error or consumer.last_error,
            since=max(publisher.since, consumer.since),
            publishing_to=publisher.node,
            consuming_from=consumer.node,
        )

    def wait_ready(self, timeout: float) -> bool:
        """Whether it publishes and consumes, as soon as it does, or after `timeout` seconds."""
        with self._changes:
            self._changes.wait_for(lambda: self.is_up or self._closed, timeout=timeout)
        return self.is_up

    def close(self) -> None:
        """Within two seconds. What was received and not acknowledged returns to its queue; what was published and not
        confirmed is lost."""
        self._closed = True
        self._on_change()
        self._consumer.close()
        sessions = (self._consumer.session, self._publisher.session)
        for session in sessions:
            session.stop()
        deadline = time.monotonic() + CLOSE_SECONDS
        for session in sessions:
            session.closed.wait(max(0.0, deadline - time.monotonic()))

    def _on_change(self) -> None:
        with self._changes:
            self._changes.notify_all()
