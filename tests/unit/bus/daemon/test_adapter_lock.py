"""An adapter for two threads, kept from a third."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from bus.daemon.adapter_lock import locked
from bus.ports.adapter import Adapter, Bounce, Filed, Filing, Report
from tests.fakes.dms import MemoryDms

HANDED: list[Callable[[Adapter], object]] = [
    lambda adapter: adapter.deliver([]),
    lambda adapter: adapter.report([]),
    lambda adapter: adapter.holds({}),
    lambda adapter: adapter.bounced([]),
]
NAMES = ("deliver", "report", "holds", "bounced")


class Counting(MemoryDms):
    """How many threads are in it at once, at most; each stays until another one has had its chance to enter."""

    def __init__(self) -> None:
        super().__init__(takes_large=False)
        self.inside, self.most = 0, 0
        self.go_on = threading.Event()

    def _entered(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.go_on.wait(0.05)
        self.inside -= 1

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        self._entered()
        return []

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        self._entered()
        return []

    def holds(self, taken: object) -> Sequence[str]:  # type: ignore[override]
        self._entered()
        return []

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        self._entered()


def test_an_adapter_that_takes_large_files_needs_no_lock() -> None:
    """It was promised a third thread."""
    adapter = MemoryDms(takes_large=True)
    assert locked(adapter) is adapter


@pytest.mark.parametrize("first", HANDED, ids=NAMES)
@pytest.mark.parametrize("second", HANDED, ids=NAMES)
def test_any_two_calls_that_file_take_turns(
    first: Callable[[Adapter], object], second: Callable[[Adapter], object]
) -> None:
    """Filing, reporting, asking and bouncing: one thread at a time."""
    counting = Counting()
    adapter = locked(counting)
    threads = [threading.Thread(target=call, args=(adapter,)) for call in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert counting.most == 1


def test_collecting_waits_for_nobody() -> None:
    """A filing that takes ten minutes holds up no submission; and what the adapter can do is said as before."""
    counting = Counting()
    adapter = locked(counting)
    inside = threading.Thread(target=lambda: adapter.deliver([]))
    inside.start()
    assert adapter.collect(1) == []
    adapter.acknowledge([])
    assert (adapter.takes_large, adapter.reports_arrival) == (False, counting.reports_arrival)
    assert adapter.check() == ()
    assert adapter.troubles(datetime(2026, 11, 30, tzinfo=UTC)) == ()
    counting.go_on.set()
    inside.join(10)
    adapter.close()
