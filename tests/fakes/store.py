"""A store in memory: the same promises as the real one (tests/contract/store.py holds both to them), without a disk.

A write works on a copy of everything and puts it in place when the block ends well, so that a reader sees one moment
and a failed write leaves nothing. That makes a write cost as much as the store is large: for stories, not for loads.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from bus.errors import BusError, StoreFull
from bus.handling.transport import INBOX_FINISHED, OUTBOX_FINISHED
from bus.ports.records import Box
from tests.fakes.box import MemoryWork, forget
from tests.fakes.dossiers import MemoryDossiers
from tests.fakes.inbox import MemoryInbox
from tests.fakes.memory import Memory
from tests.fakes.outbox import MemoryOutbox


class MemoryStore:
    """`commits` counts; while `full` is true every write ends in StoreFull. `memory` is what was committed last:
    to look into, or to damage."""

    def __init__(self) -> None:
        self.commits = 0
        self.full = False
        self.room: int | None = None
        """`full` once it has committed so often."""
        self.memory = Memory()
        self._turn = threading.Lock()
        self._writer: int | None = None

    @property
    def is_writing(self) -> bool:
        """Whether a write of this thread's is open."""
        return self._writer == threading.get_ident()

    @contextmanager
    def write(self) -> Iterator["MemoryTransaction"]:
        if self._writer == threading.get_ident():
            raise RuntimeError("a write within a write would wait for itself")
        with self._turn:
            self._writer = threading.get_ident()
            try:
                memory = self.memory.copy()
                yield MemoryTransaction(memory, writes=True)
                if self.full or self.commits == self.room:
                    raise StoreFull(store="memory", why="it was told to be full")
                self.memory = memory
                self.commits += 1
            finally:
                self._writer = None

    @contextmanager
    def read(self) -> Iterator["MemoryTransaction"]:
        yield MemoryTransaction(self.memory, writes=False)

    def forget(self, before: datetime) -> int:
        with self.write() as tx:
            return _forget(tx.memory, before)

    def incomplete(self) -> BusError | None:
        return None

    def give_back(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Overtaken:
    """A store in which something happens once, between the first read and the write that follows it."""

    def __init__(self, store: MemoryStore, meanwhile: Callable[[], object]) -> None:
        self._store = store
        self._meanwhile: Callable[[], object] | None = meanwhile

    @contextmanager
    def read(self) -> Iterator["MemoryTransaction"]:
        with self._store.read() as tx:
            yield tx
        if self._meanwhile is not None:
            happens, self._meanwhile = self._meanwhile, None
            happens()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class MemoryTransaction:
    def __init__(self, memory: Memory, *, writes: bool) -> None:
        work = MemoryWork(memory, writes=writes)
        self.memory = memory
        self.outbox = MemoryOutbox(work)
        self.inbox = MemoryInbox(work)
        self.dossiers = MemoryDossiers(work)

    def of(self, box: Box) -> MemoryOutbox | MemoryInbox:
        return self.outbox if box is Box.OUT else self.inbox


def _forget(data: Memory, before: datetime) -> int:
    out = [
        message
        for message, each in data.outbox.items()
        if each.entry.state in OUTBOX_FINISHED and each.finished_at and each.finished_at < before
    ]
    held = [
        identity
        for identity, each in data.inbox.items()
        if each.entry.state in INBOX_FINISHED and each.finished_at and each.finished_at < before
    ]
    forget(data, Box.OUT, [(message, data.outbox[message].entry.docket.sender.mailbox) for message in out])
    forget(data, Box.IN, held)
    for message in out:
        del data.outbox[message]
    for identity in held:
        del data.inbox[identity]
    data.statuses = [record for record in data.statuses if record.recorded_at >= before]
    data.events = [event for event in data.events if event.at >= before]
    return len(out) + len(held)
