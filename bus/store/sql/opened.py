"""A database that is open: how a read and a write begin and end, and who gets a turn. No table of ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from bus.store.sql.database import Database, Ownership
from bus.store.sql.faults import translated


class Opened:
    """Any thread may read, and write: writes take turns."""

    def __init__(self, database: Database, engine: Engine, *, ownership: Ownership | None) -> None:
        self.database = database
        self.engine = engine
        """To be listened to."""
        self._name = database.name
        self._ownership = ownership
        self._turn = threading.Lock()
        self._writer: int | None = None

    @property
    def is_ours(self) -> bool:
        """Whether who opened it for a daemon still has it. False: stop working, and close it."""
        return self._ownership is None or self._ownership.is_held

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment's state, as a connection. Raises StoreAway, StoreFull, StoreDamaged."""
        with translated(self._name), self.engine.connect() as plain:
            yield plain.execution_options(**self.database.reads)

    @contextmanager
    def writing(self, *, erases: bool = False) -> Iterator[Connection]:
        """One write, as a connection: commits when the block ends well. Raises RuntimeError within another one;
        StoreTaken where another process has taken it over; StoreAway, StoreFull, StoreDamaged. `erases`: what it
        deletes is overwritten."""
        if self._writer == threading.get_ident():
            raise RuntimeError("a write within a write would wait for itself")
        with self._turn, translated(self._name), self.engine.connect() as plain:
            self._writer = threading.get_ident()
            try:
                options = self.database.erases if erases else self.database.writes
                connection = plain.execution_options(**options)
                with connection.begin():
                    self.database.begin(connection, epoch=self._ownership.epoch if self._ownership else None)
                    yield connection
            finally:
                self._writer = None

    def give_back(self) -> bool:
        """Returns some free space to the disk. True when there is more."""
        with self._turn, translated(self._name), self.engine.connect() as connection:
            return self.database.give_back(connection)

    def close(self) -> None:
        """Waits for the write under way. What is closed must not be used again."""
        with self._turn:
            self.engine.dispose()
            if self._ownership:
                self._ownership.release()
