import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bus.console.recorder import Recorder
from bus.errors import StoreFull
from bus.ledger.access import Access

ASKED = Access(
    at=datetime(2026, 11, 30, tzinfo=UTC), who="a", role="auditor", agency=None, what="me", subject={}, found=1
)


def test_those_who_ask_at_once_share_a_commit() -> None:
    """While one commit is under way the others gather: a hundred cost two or three, and each is recorded once."""
    commits: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def write(accesses: Sequence[Access]) -> None:
        first.set()
        assert go_on.wait(10)
        commits.append(len(accesses))

    recorder = Recorder(write)
    threads = [threading.Thread(target=recorder.record, args=(ASKED,)) for _ in range(100)]
    threads[0].start()
    assert first.wait(10)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join(10)
    recorder.close()
    assert sum(commits) == 100
    assert commits[0] == 1
    assert len(commits) < 50


def test_what_is_not_recorded_is_told_to_who_asked() -> None:
    """And the next one is tried again."""
    is_full = [True]

    def write(accesses: Sequence[Access]) -> None:
        if is_full.pop():
            raise StoreFull(store="x", why="disk full")

    is_full.insert(0, False)
    recorder = Recorder(write)
    with pytest.raises(StoreFull):
        recorder.record(ASKED)
    recorder.record(ASKED)
    recorder.close()


def test_nothing_is_asked_behind_the_end() -> None:
    """What waits at the end is recorded; whoever comes later is told, and does not wait for ever."""
    written: list[Access] = []
    recorder = Recorder(written.extend)
    recorder.record(ASKED)
    recorder.close()
    recorder.close()
    assert written == [ASKED]
    with pytest.raises(RuntimeError):
        recorder.record(ASKED)
