"""The verbs that outbox and inbox have in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Row as SqlRow

from bus.handling.transport import InboxState, OutboxState, State
from bus.ports.records import Row, Which
from bus.store.blobs import SqlBlobs
from bus.store.documents import document_rows, ids_of
from bus.store.entries import newest_rows
from bus.store.sql.times import from_micros, to_micros
from bus.store.statements.entries import EntryStatements
from schemas.values import DocumentId, MessageId

S = TypeVar("S", OutboxState, InboxState)


class SqlBox(SqlBlobs, Generic[S]):
    """Blobs, and what operators ask, over the tables of one box."""

    of_entries: ClassVar[EntryStatements]
    states: type[S]

    def reschedule(self, state: State, *, beyond: datetime, to: datetime) -> None:
        times = {"beyond": to_micros(beyond), "to": to_micros(to)}
        self._work.writes.execute(self.of_entries.reschedule, {"of_state": str(state), **times})

    @abstractmethod
    def _rows(self, found: Sequence[SqlRow[Any]]) -> list[Row[S]]: ...

    def rows(
        self,
        *,
        state: State | None = None,
        document: DocumentId | None = None,
        message: MessageId | None = None,
        receipts: bool = True,
        limit: int = 100,
    ) -> list[Row[S]]:
        found = newest_rows(
            self._work.reads,
            self.of_entries,
            state=state,
            document=document,
            message=message,
            receipts=receipts,
            limit=limit,
        )
        return self._rows(found)

    def documents(self, which: Which) -> list[Row[S]]:
        return self._rows(document_rows(self._work.reads, self.of_entries, which))

    def ids(self, beginning: str, *, limit: int) -> list[MessageId]:
        return ids_of(self._work.reads, self.of_entries, beginning, limit=limit)

    def counts(self) -> Mapping[S, int]:
        return {self.states(state): count for state, count in self._work.reads.execute(self.of_entries.counts)}

    def oldest(self, state: State) -> datetime | None:
        entered_at = self._work.reads.scalar(self.of_entries.oldest, {"state": str(state)})
        return None if entered_at is None else from_micros(entered_at)
