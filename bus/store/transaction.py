"""One unit of work over the tables: outbox, inbox and dossiers on one connection."""

from sqlalchemy import Connection

from bus.ports.records import Box
from bus.store.dossiers import SqlDossiers
from bus.store.inbox import SqlInbox
from bus.store.outbox import SqlOutbox
from bus.store.work import Work


class SqlTransaction:
    """`bus.ports.store.Transaction`."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        work = Work(connection, writes=writes)
        self.outbox = SqlOutbox(work)
        self.inbox = SqlInbox(work)
        self.dossiers = SqlDossiers(work)

    def of(self, box: Box) -> SqlOutbox | SqlInbox:
        return self.outbox if box is Box.OUT else self.inbox
