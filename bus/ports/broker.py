"""The port to the broker: publish with confirms, receive, acknowledge."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bus.ports.records import Arrival, Confirmation, Publication

ARRIVAL_BYTES = 32 * 1024 * 1024
"""Bytes of bodies that one `Broker.receive` returns at most: one commit has to hold them."""


class Broker(Protocol):
    """One mailbox's link: it publishes to its own exchange and consumes its own inbox. Never declares anything."""

    def publish(self, batch: Sequence[Publication]) -> Sequence[Confirmation]:
        """One answer each, in order; waits for all of them. Raises at once: BrokerAway where there is no connection, or
        where the broker blocks publishers; BrokerDenied where it refuses us; RoadGone where what it confirms would not
        get everywhere."""

    def receive(self, *, limit: int, wait: float, max_bytes: int = ARRIVAL_BYTES) -> Sequence[Arrival]:
        """What has arrived, at most `limit`, and no more than `max_bytes` of bodies unless the first alone is larger;
        waits up to `wait` seconds for the first."""

    def ack(self, arrivals: Sequence[Arrival]) -> None:
        """Those of a connection that is gone are passed over: the broker delivers them again."""

    @property
    def is_up(self) -> bool:
        """Publishing and consuming, not blocked."""

    @property
    def others(self) -> int:
        """How many more consume the inbox, as last counted; a dead connection that lingers at the broker is none."""

    @property
    def revoked(self) -> str | None:
        """What was said of the certificate of whoever answers in the broker's place, where it was revoked; None where
        it was not."""

    def state(self) -> Mapping[str, object]:
        """For /healthz: what is connected, since when, what went wrong last. Never a credential."""

    def try_now(self) -> None:
        """Whoever waits before the next attempt to connect makes it at once: what stood in its way may be gone."""

    def close(self) -> None: ...
