"""The counters of one mailbox's daemon, by step of the road."""

import threading
from collections import Counter


class Counters:
    """Counts since the daemon started. Threads may add and read at once."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        with self._lock:
            self._counts.update(counts)

    def read(self) -> dict[str, int]:
        """A copy."""
        with self._lock:
            return dict(self._counts)
