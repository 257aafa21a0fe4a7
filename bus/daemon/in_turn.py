"""An adapter that was promised two threads, and no third: what is filed in the thread of what travels apart takes turns
with what the other one files."""

import threading
from collections.abc import Collection, Mapping, Sequence

from bus.ports import Adapter, Answer, Bounce, Collected, Filed, Filing, Report
from schemas.values import MessageId


def in_turn(adapter: Adapter) -> Adapter:
    """Itself, where it takes large attachments and is ready for a third."""
    return adapter if adapter.takes_large else _InTurn(adapter)


class _InTurn(Adapter):
    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._turn = threading.Lock()
        self.takes_large = adapter.takes_large
        self.reports_arrival = adapter.reports_arrival

    def collect(self, limit: int) -> Sequence[Collected]:
        return self._adapter.collect(limit)

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        self._adapter.acknowledge(answers)

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        with self._turn:
            return self._adapter.deliver(filings)

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        with self._turn:
            return self._adapter.report(reports)

    def holds(self, taken: Mapping[MessageId, str | None]) -> Collection[MessageId]:
        with self._turn:
            return self._adapter.holds(taken)

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        with self._turn:
            self._adapter.bounced(bounces)

    def check(self) -> Sequence[str]:
        return self._adapter.check()

    def close(self) -> None:
        self._adapter.close()
