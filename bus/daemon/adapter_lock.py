"""A lock around an adapter that is not ready for a third thread: filing blobs takes turns with filing messages."""

import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bus.ports.adapter import Adapter, Answer, Bounce, Collected, Filed, Filing, Report, Trouble
from schemas.values import MessageId


def locked(adapter: Adapter) -> Adapter:
    """The adapter itself where it takes large attachments, since it is ready for a third thread then."""
    return adapter if adapter.takes_large else _LockedAdapter(adapter)


class _LockedAdapter(Adapter):
    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._lock = threading.Lock()
        self.takes_large = adapter.takes_large
        self.reports_arrival = adapter.reports_arrival

    def collect(self, limit: int) -> Sequence[Collected]:
        return self._adapter.collect(limit)

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        self._adapter.acknowledge(answers)

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        with self._lock:
            return self._adapter.deliver(filings)

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        with self._lock:
            return self._adapter.report(reports)

    def holds(self, taken: Mapping[MessageId, str | None]) -> Collection[MessageId]:
        with self._lock:
            return self._adapter.holds(taken)

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        with self._lock:
            self._adapter.bounced(bounces)

    def troubles(self, now: datetime) -> Sequence[Trouble]:
        return self._adapter.troubles(now)

    def check(self) -> Sequence[str]:
        return self._adapter.check()

    def close(self) -> None:
        self._adapter.close()
