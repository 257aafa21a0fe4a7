"""What a daemon counts of the road."""

import threading
from collections import Counter


class Tally:
    """Counts since the daemon started. Safe from all loops."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        with self._lock:
            self._counts.update(counts)

    def read(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)
