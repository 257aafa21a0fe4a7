"""The ledger, opened when it is first asked for: the console may start before it, and while its database is away."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from bus.errors import BusError
from bus.ledger.access import Access, record
from bus.ledger.store import Ledger

AGAIN: Final = 1.0
"""Seconds until what could not be opened is tried again."""


class LateLedger:
    """Any thread may ask. What cannot be opened yet raises TryLater each time, and is tried again a little later: one
    thread tries, and the others need not wait for what it may take minutes to learn."""

    def __init__(self, open_: Callable[[], Ledger], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._open = open_
        self._clock = clock
        self._turn = threading.Lock()
        self._ledger: Ledger | None = None
        self._failed: tuple[float, BusError] | None = None
        """When it was tried last, and why it could not be opened."""

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self.opened().reading() as connection:
            yield connection

    def record(self, accesses: Sequence[Access]) -> None:
        """Commits rows of the log of access."""
        with self.opened().writing() as connection:
            record(connection, accesses)

    def opened(self) -> Ledger:
        """Raises what `open_ledger` raises, or raised a moment ago. Only who asks during the very first try waits for
        its end."""
        if (ledger := self._ledger) is not None:
            return ledger
        self._tell_failure(tried_now=self._turn.locked())
        with self._turn:
            if self._ledger is None:
                self._tell_failure()
                self._ledger = self._tried()
            return self._ledger

    def _tell_failure(self, *, tried_now: bool = False) -> None:
        """Raises the last error, where it is too early to try again, or somebody does already."""
        if (failed := self._failed) is not None and (tried_now or self._clock() - failed[0] < AGAIN):
            raise failed[1].with_traceback(None)

    def _tried(self) -> Ledger:
        try:
            ledger = self._open()
        except BusError as error:
            self._failed = self._clock(), error
            raise
        self._failed = None
        return ledger

    def close(self) -> None:
        with self._turn:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
