"""bus/daemon/counters.py: counts."""

import threading

from bus.daemon.counters import Counters


def test_counters_are_safe_from_all_loops() -> None:
    """Four threads count; nothing is lost, and what is read is a copy."""
    counters = Counters()

    def count() -> None:
        for _ in range(500):
            counters.add(filed=1, held=2)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before = counters.read()
    counters.add(filed=1)
    assert before == {"filed": 2000, "held": 4000}
