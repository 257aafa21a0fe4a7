"""One mailbox's link to the broker: `bus.ports.Broker` over RabbitMQ. Wires the two halves and reports their state.

Two connections a link, since a broker short of memory or disk stops reading the one that publishes: receiving and
acknowledging go on. Losses are reported by `status`, not by exceptions, except for BrokerAway, BrokerDenied
and RoadGone.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog

from bus.errors import RoadGone, side_by_side
from bus.ports.broker import ARRIVAL_BYTES
from bus.ports.records import Arrival, Confirmation, Publication
from bus.rabbit.address import NodeRotation
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.consumer import Consumer
from bus.rabbit.link.other_consumers import ConsumerCounter, OtherConsumers
from bus.rabbit.link.publisher import Publisher
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.session import Role, Session
from bus.topology.names import exchange_of, inbox_of, lane_of

CLOSE_TIMEOUT = 1.8
"""Seconds for closing both sessions."""
LINGERING = 3.0
"""Heartbeats for which the broker may still count a dead connection as a consumer of the inbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """The state of both halves together."""

    connected: bool
    """Both connections are open, whether or not they can be used."""
    publishing: bool
    consuming: bool
    blocked: str | None
    """The broker's reason for blocking publishers; None where it does not."""
    reconnects: int
    last_error: str | None
    """None while it works. After a refused publish it stays until one is confirmed."""
    since: datetime
    """Of the last change."""
    denied: str | None = None
    """Our user, where the broker refuses it: somebody must change something."""
    publishing_to: str | None = None
    consuming_from: str | None = None
    """The node of each connection, without credentials."""
    lacking: tuple[str, ...] = ()
    """What is gone at the broker: of the road, and nothing is published until it is back; or the mailbox's own
    inbox."""


class Link:
    """Connects at once and again after each loss, until closed. Any thread may call it."""

    def __init__(self, settings: LinkSettings, *, io: IoThread, dice: Callable[[], float] = random.random) -> None:
        """`dice` draws the order of the nodes and the delays; tests draw what they need."""
        self._changes = threading.Condition()
        self._closed = False
        self._others = OtherConsumers(patience=LINGERING * settings.heartbeat)
        nodes, queue = settings.nodes(), inbox_of(settings.mailbox)
        log = structlog.get_logger().bind(mailbox=settings.mailbox)
        logs = {name: log.bind(role=name) for name in (Publisher.name, Consumer.name)}
        self._publisher = Publisher(
            io,
            exchange=exchange_of(settings.mailbox),
            settings=settings,
            log=logs[Publisher.name],
            changed=self._on_change,
        )
        self._consumer = Consumer(
            io,
            queue=queue,
            lane=lane_of(settings.mailbox),
            counter=ConsumerCounter(io, queue=queue, every=settings.heartbeat, others=self._others),
            settings=settings,
            log=logs[Consumer.name],
        )
        roles: tuple[Role, ...] = (self._publisher, self._consumer)
        for role in roles:
            Session(
                io,
                role,
                settings=settings,
                purpose=role.name,
                rotation=NodeRotation(nodes, dice=dice),
                dice=dice,
                changed=self._on_change,
                log=logs[role.name],
            ).start()

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
        return self._others.count

    @property
    def revoked(self) -> str | None:
        states = (self._publisher.session.state, self._consumer.session.state)
        return next((state.last_error for state in states if state.is_revoked), None)

    def state(self) -> Mapping[str, object]:
        return asdict(self.status())

    def status(self) -> LinkStatus:
        publisher, consumer = self._publisher.session.state, self._consumer.session.state
        lacking = (*self._publisher.lacking, *self._consumer.lacking)
        why = side_by_side(RoadGone(what=", ".join(lacking)).in_both()) if lacking else None
        refused = None if self._consumer.lacking else consumer.last_error  # `why` says it in our words
        return LinkStatus(
            connected=publisher.connected and consumer.connected,
            publishing=publisher.ready and publisher.blocked is None and not self._publisher.lacking,
            consuming=consumer.ready,
            blocked=publisher.blocked,
            reconnects=publisher.reconnects + consumer.reconnects,
            last_error=publisher.last_error or refused or why,
            denied=publisher.denied or consumer.denied,
            since=max(publisher.since, consumer.since),
            publishing_to=publisher.node,
            consuming_from=consumer.node,
            lacking=lacking,
        )

    def wait_ready(self, timeout: float) -> bool:
        """True as soon as it publishes and consumes, False after `timeout` seconds."""
        with self._changes:
            self._changes.wait_for(lambda: self.is_up or self._closed, timeout=timeout)
        return self.is_up

    def try_now(self) -> None:
        for session in (self._publisher.session, self._consumer.session):
            session.try_now()

    def close(self) -> None:
        """Within two seconds. Unacknowledged arrivals return to their queue; unconfirmed publishes are lost."""
        self._closed = True
        self._on_change()
        self._consumer.close()
        sessions = (self._consumer.session, self._publisher.session)
        for session in sessions:
            session.stop()
        deadline = time.monotonic() + CLOSE_TIMEOUT
        for session in sessions:
            session.closed.wait(max(0.0, deadline - time.monotonic()))

    def _on_change(self) -> None:
        with self._changes:
            self._changes.notify_all()
