"""The ledger, opened when it is first asked for: the console may start before it, and while its database is away."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bus.ledger.access import Access, record
from bus.ledger.store import Ledger


class LateLedger:
    """Any thread may ask. What cannot be opened yet raises TryLater each time, and is tried again the next time."""

    def __init__(self, open_: Callable[[], Ledger]) -> None:
        self._open = open_
        self._turn = threading.Lock()
        self._ledger: Ledger | None = None

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self.opened().reading() as connection:
            yield connection

    def record(self, accesses: Sequence[Access]) -> None:
        """Commits rows of the log of access."""
        with self.opened().writing() as connection:
            record(connection, accesses)

    def opened(self) -> Ledger:
        """Raises what `open_ledger` raises."""
        with self._turn:
            if self._ledger is None:
                self._ledger = self._open()
            return self._ledger

    def close(self) -> None:
        with self._turn:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
