"""The state of one queue as the broker counted it last."""

from dataclasses import dataclass

from bus.rabbit.admin.queue_age import QueueAge
from bus.topology.names import mailbox_of
from schemas.values import MailboxCode


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """Figures are up to five seconds old. `lienthong queues --json` prints these fields by their names."""

    name: str
    counted: bool = True
    """False in its first seconds: the broker has no figures yet, and all here are 0."""
    state: str = "running"
    ready: int = 0
    unacknowledged: int = 0
    messages: int = 0
    size: int = 0
    """Bytes."""
    consumers: int = 0
    rate_in: float = 0.0
    """Messages a second."""
    rate_out: float = 0.0
    """Acknowledgements a second."""
    oldest: QueueAge | None = None
    """None where the queue is empty, or the broker keeps no figures."""
    limit_messages: int | None = None
    limit_bytes: int | None = None
    policy: str | None = None
    missing: tuple[str, ...] = ()
    """Nodes with a replica that are down."""
    lacking: tuple[str, ...] = ()
    """Running nodes without a replica, where it has too few."""
    inbox_gone: bool = False
    """Of a lane: the inbox beside it is not there, so nobody reads either."""

    @property
    def mailbox(self) -> MailboxCode | None:
        return mailbox_of(self.name)

    @property
    def fullness(self) -> float:
        """From 1.0 on the broker nacks the next message."""
        by_count = self.messages / self.limit_messages if self.limit_messages else 0.0
        return max(by_count, self.size / self.limit_bytes if self.limit_bytes else 0.0)


def rate_in_words(per_second: float) -> str:
    return f"{per_second:.0f}" if per_second >= 10 or per_second == 0 else f"{per_second:.1f}"
