"""How an entry of an outbox or inbox stands after something happened to it: each change is built here, and its state
read from the tables of bus/handling/transport.py."""

from collections.abc import Mapping
from datetime import datetime

from bus.errors import BusError
from bus.handling.transport import InboxEvent, InboxState, OutboxEvent, OutboxState, inbox_state, outbox_state
from bus.ports.records import InboxChange, InboxEntry, OutboxChange, OutboxEntry, Row, SubmissionKey


def outbox_change(
    entry: OutboxEntry | Row[OutboxState],
    event: OutboxEvent,
    *,
    at: datetime,
    attempts: int | None = None,
    next_at: datetime | None = None,
    confirmed: tuple[str, ...] = (),
    error: BusError | None = None,
    tried: bool = False,
    headers: Mapping[str, str] | None = None,
) -> OutboxChange:
    """`attempts` None: as many as before. Raises NoTransition."""
    return OutboxChange(
        message=entry.docket.id,
        state=outbox_state(entry.state, event),
        attempts=entry.attempts if attempts is None else attempts,
        next_at=next_at,
        confirmed=confirmed,
        error=None if error is None else str(error),
        tried=tried,
        headers=headers,
        at=at,
    )


def inbox_change(
    entry: InboxEntry | Row[InboxState],
    event: InboxEvent,
    *,
    at: datetime,
    attempts: int | None = None,
    next_at: datetime | None = None,
    key: SubmissionKey | None = None,
    filed_as: str | None = None,
    error: BusError | str | None = None,
    answered: int | None = None,
) -> InboxChange:
    """Of this one sender's message only. `attempts` None: as many as before. Raises NoTransition."""
    return InboxChange(
        message=entry.docket.id,
        sender=entry.docket.sender.mailbox,
        state=inbox_state(entry.state, event),
        attempts=entry.attempts if attempts is None else attempts,
        next_at=next_at,
        key=key,
        filed_as=filed_as,
        error=None if error is None else str(error),
        answered=answered,
        at=at,
    )
