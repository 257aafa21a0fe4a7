"""The store over SQLAlchemy: its transactions, and how the past is dropped."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Column, Table, delete, select

from bus.crashpoints import reached
from bus.errors import BusError, StoreIncomplete
from bus.handling.transport import INBOX_FINISHED, OUTBOX_FINISHED, State
from bus.ports.store import Transaction
from bus.store.losses import open_reports
from bus.store.sql.opened import Opened
from bus.store.sql.times import to_micros
from bus.store.tables import event, inbox, outbox, status
from bus.store.transaction import SqlTransaction

_AT_ONCE = 500
"""Rows dropped in one commit: some tens of milliseconds that a daemon's loop may have to wait."""

_FORGETTABLE = ((outbox, sorted(OUTBOX_FINISHED)), (inbox, sorted(INBOX_FINISHED)))


class SqlStore(Opened):
    """Made by `open_store`. Implements `bus.ports.Store`."""

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self.writing() as connection:
            yield SqlTransaction(connection, writes=True)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self.reading() as connection:
            yield SqlTransaction(connection, writes=False)

    def forget(self, before: datetime) -> int:
        """As in the protocol. Gives the space back to the disk where it can be."""
        limit = to_micros(before)
        forgotten = sum(self._forget_box(table, states, limit) for table, states in _FORGETTABLE)
        for number, recorded in ((status.c.number, status.c.recorded_at), (event.c.number, event.c.at)):
            self._forget_history(number, recorded, limit)
        while self.give_back():
            pass
        return forgotten

    def incomplete(self) -> BusError | None:
        """As in the protocol."""
        reports = open_reports(self.database.file) if self.database.file else []
        return StoreIncomplete(report=", ".join(report.name for report in reports)) if reports else None

    def _forget_box(self, table: Table, states: Sequence[State], limit: int) -> int:
        """Walks from the oldest and ends at the first entered after the limit: nothing behind it can be older."""
        c, forgotten = table.c, 0
        for state in states:
            walk = select(c.sequence, c.entered_at, c.finished_at).where(c.state == str(state)).order_by(c.sequence)
            walked, more = 0, True
            while more:
                with self.writing(erases=True) as connection:
                    some = connection.execute(walk.where(c.sequence > walked).limit(_AT_ONCE)).all()
                    old = [sequence for sequence, _, finished_at in some if finished_at < limit]
                    connection.execute(delete(table).where(c.sequence.in_(old)))
                reached("forget.box")
                forgotten += len(old)
                more = len(some) == _AT_ONCE and some[-1].entered_at < limit
                walked = some[-1].sequence if some else walked
        return forgotten

    def _forget_history(self, number: Column[int], recorded: Column[int], limit: int) -> None:
        """History is numbered in the order it was recorded, or nearly so."""
        more = True
        while more:
            with self.writing(erases=True) as connection:
                some = connection.execute(select(number, recorded).order_by(number).limit(_AT_ONCE)).all()
                old = [each.number for each in some if each[1] < limit]
                connection.execute(delete(number.table).where(number.in_(old)))
            reached("forget.history")
            more = len(old) == _AT_ONCE
