"""The settings of a mailbox's connections to the broker: what its configuration says, and limits that it does not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pika

from bus.rabbit.address import Address, Tls, cluster
from bus.rabbit.backoff import Backoff
from bus.rabbit.own_user import OwnUser, own_user_of
from bus.wire.message import MAX_BODY
from schemas.values import MailboxCode

CONNECT_TIMEOUT = 15.0
"""Seconds for TCP, TLS and AMQP. Above ten: so long a node waits for a silent one before it lets in a user with
limits."""
RETRY = Backoff(0.5, 30.0)
REFUSED_RETRY = Backoff(4.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """Limits of a link that no configuration sets. Only tests give others: they reach a small limit at once, and
    10 seconds or 64 MiB would take them minutes."""

    window_bytes: int = 16 * 1024 * 1024
    """Of unconfirmed publishes in memory; one larger message goes alone."""
    buffer_bytes: int = 64 * 1024 * 1024
    """Of bodies that arrived and wait for `receive`. Above it the connection is not read until half of it is gone."""
    max_body: int = MAX_BODY
    """The broker's max_message_size: a larger message is answered as if the broker had nacked it."""
    publish_timeout: float = 10.0
    """Seconds without any confirm after which publishes are lost, and another node is tried."""
    probe_after: float = 10.0
    """Seconds without an arrival after which the queue is probed."""
    probe_timeout: float = 10.0
    """Seconds for the answer to a probe; then another node is tried."""
    lane_retry: float = 300.0
    """Seconds until an absent lane is looked for again: the topology may be applied while the link runs."""
    retry: Backoff = RETRY
    refused_retry: Backoff = REFUSED_RETRY
    """After a refusal: a queue, an exchange or a permission is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Raises BadConfig for a URL that cannot be used, or for URLs of different clusters."""

    mailbox: MailboxCode
    url: str | Sequence[str] = field(repr=False)
    """Of the broker, or of each node of its cluster: they are tried in turn."""
    password: str | None = field(default=None, repr=False)
    """Used where the URL has none."""
    tls: Tls | None = None
    heartbeat: int = 15
    """Seconds. pika notices a silent network after between one and two times `heartbeat` + 5, the broker after twice
    `heartbeat`: until then it keeps what it sent to us."""
    window: int = 500
    """Unconfirmed publishes at a time."""
    prefetch: int = 256
    """Unacknowledged deliveries at a time."""
    limits: LinkLimits = LinkLimits()
    own_user: OwnUser = field(init=False, compare=False)
    """What the broker calls us; shared by all connections."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "own_user", own_user_of(self.nodes()[0]))

    def nodes(self) -> tuple[Address, ...]:
        urls = (self.url,) if isinstance(self.url, str) else self.url
        return cluster(urls, password=self.password, tls=self.tls, user=self.mailbox)

    def parameters(self, node: Address, *, purpose: str) -> pika.ConnectionParameters:
        """Read anew at each attempt to connect: a certificate may have been renewed."""
        return node.parameters(
            name=f"lienthong {self.mailbox} {purpose}", heartbeat=self.heartbeat, timeout=CONNECT_TIMEOUT
        )
