"""Records who asked for what before they are answered: many at once in one commit, as many as ask meanwhile.

Where nothing can be recorded, nothing is shown.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

import structlog

from bus.ledger.access import Access

log = structlog.get_logger()

_AT_ONCE: Final = 200
"""Rows of one commit."""


class Recorder:
    """All threads may record; one thread writes, because a log of access has one writer at a time."""

    def __init__(self, write: Callable[[Sequence[Access]], object]) -> None:
        """`write` commits, or raises."""
        self._write = write
        self._waiting: queue.SimpleQueue[tuple[Access, Future[None]] | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="access", daemon=True)
        self._thread.start()

    def record(self, access: Access) -> None:
        """Returns once it is committed. Raises what the commit raised; RuntimeError once it is closed."""
        done: Future[None] = Future()
        with self._door:  # behind the end nobody would be answered
            if self._closed:
                raise RuntimeError("nothing is recorded any more")
            self._waiting.put((access, done))
        done.result()

    def close(self) -> None:
        """Records what waits, and ends."""
        with self._door:
            if not self._closed:
                self._waiting.put(None)
            self._closed = True
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, is_last = [first], False
            while len(batch) < _AT_ONCE and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    is_last = True
                    break
                batch.append(more)
            self._commit([access for access, _ in batch], [done for _, done in batch])
            if is_last:
                return

    def _commit(self, accesses: Sequence[Access], waiting: Sequence[Future[None]]) -> None:
        try:
            self._write(accesses)
        except BaseException as error:
            log.exception("access.not-recorded", rows=len(accesses))
            for done in waiting:
                done.set_exception(error)
        else:
            for done in waiting:
                done.set_result(None)
