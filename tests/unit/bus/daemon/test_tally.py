"""bus/daemon/tally.py: counts."""

import threading

from bus.daemon.tally import Tally


def test_a_tally_is_safe_from_all_loops() -> None:
    """Four threads count; nothing is lost, and what is read is a copy."""
    tally = Tally()

    def count() -> None:
        for _ in range(500):
            tally.add(filed=1, held=2)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before = tally.read()
    tally.add(filed=1)
    assert before == {"filed": 2000, "held": 4000}
