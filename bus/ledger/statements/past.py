"""Statements that drop what is older than the rule of retention keeps."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Delete,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    select,
)

from bus.ledger.tables import access, alert, event, event_of, moved, notice, now, receipt_line, seen, silence
from bus.store.sql.batches import Batch, Lookup, batch

_d, _e = now.document.c, event.c
_before: Final = bindparam("before", type_=BigInteger)
_limit: Final = bindparam("limit", type_=Integer)

DOCUMENTS: Final = select(_d.number).where(_d.number < _before).order_by(_d.number).limit(_limit)
"""Documents that were first heard of before an event, the oldest first."""

LATER_EVENTS: Final = Lookup(
    lambda among: select(_e.number, _e.message, _e.mailbox).where(among(_e.about, "documents"), _e.number >= _before)
)
"""The events about these documents that came later."""

EVENTS: Final = (
    select(_e.number, _e.message, _e.mailbox)
    .where(_e.number > bindparam("after", type_=BigInteger), _e.number < _before)
    .order_by(_e.number)
    .limit(_limit)
)
"""The next events of a span."""

DROP_SEEN: Final = batch(
    seen,
    key=(),
    each="DELETE FROM seen WHERE message = :message AND mailbox = :mailbox AND event = :event",
    arrays="""
        DELETE FROM seen USING unnest(:message, :mailbox, :event) AS given (message, mailbox, event)
        WHERE seen.message = given.message AND seen.mailbox = given.mailbox AND seen.event = given.event
    """,
)
"""That a message came is forgotten with its event."""

DROP_LINES: Final = batch(
    receipt_line,
    key=(),
    each="DELETE FROM receipt_line WHERE message = :message AND sender = :mailbox",
    arrays="""
        DELETE FROM receipt_line USING unnest(:message, :mailbox) AS given (message, mailbox)
        WHERE receipt_line.message = given.message AND receipt_line.sender = given.mailbox
    """,
    mailbox=receipt_line.c.mailbox.type,
)
"""And what receipts said of it."""

DROP_MOVED: Final = batch(
    moved,
    key=(),
    each="DELETE FROM moved WHERE document = :document",
    arrays="DELETE FROM moved WHERE document = ANY(:document)",
)
"""The history of a document's obligations."""


def drop_events(year: int) -> Batch:
    """Single events of a year that is kept: what is left of documents of one that is not."""
    name = event_of(year).name
    return batch(
        event,
        key=(),
        each=f"DELETE FROM {name} WHERE number = :number",  # noqa: S608 — a number
        arrays=f"DELETE FROM {name} WHERE number = ANY(:number)",  # noqa: S608 — a number
    )


def _said() -> tuple[Delete, ...]:
    gone = and_(alert.c.ended_at < _before)
    return (
        delete(notice).where(notice.c.alert.in_(select(alert.c.number).where(gone))),
        delete(alert).where(gone),
        delete(silence).where(silence.c.ends_at < _before),
        delete(access).where(access.c.at < _before, access.c.number < _newest()),
    )


def _newest() -> ColumnElement[int]:
    """The chain of the log goes on from its last row, however old that is."""
    newest: Select[tuple[int]] = select(func.max(access.c.number))
    return newest.scalar_subquery()


SAID: Final = _said()
"""Alerts that ended, with their notices; silences that ended; who asked for what, but for the last row of all."""
