"""A batch of judged messages, kept with all that follows from it in one transaction, and once each; one by one where
one of them is more than the rules can bear, so that it stops nobody. Who reads them: ingest.py, rebuild.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from bus.errors import NotFolded, StoreDamaged, TryLater
from bus.handling.obligations import Rules
from bus.ledger import keep
from bus.ledger.apply import apply, lines_of
from bus.ledger.judge import Judged
from bus.ledger.records import Checkpoint, Event, EventNumber, Position, Seen
from bus.ledger.store import Ledger
from bus.ledger.tables import GENUINE
from bus.ledger.years import next_number
from schemas.values import MailboxCode, MessageId

log = structlog.get_logger()

_NO_MESSAGES_FAULT: Final = (
    TryLater,
    StoreDamaged,
    MemoryError,
    OperationalError,
    ProgrammingError,
    InterfaceError,
)
"""The database, or the machine: tried again, all of it. What the database says of a value is not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Of one stream; nothing is kept yet."""

    stream: str
    epoch: int
    judged: Sequence[Judged]
    now: datetime
    rules: Callable[[Connection], Rules]

    def alone(self, each: Judged) -> "Batch":
        return replace(self, judged=(each,))


def keep_batch(ledger: Ledger, batch: Batch, at: Checkpoint | None = None) -> Sequence[Event]:
    """What is new of it is kept, with the place that was reached. What fails alone is kept as `not-folded`, changes
    nothing, and is passed. Raises StoreAway, StoreFull, StoreTaken, StoreDamaged, and what no message is to blame for:
    then nothing was passed."""
    try:
        with ledger.writing() as connection:
            events = keep_new(connection, batch)
            if at is not None:
                keep.keep_checkpoint(connection, at)
            return events
    except _NO_MESSAGES_FAULT:
        raise
    except Exception as exc:
        if not batch.judged:
            raise
        log.warning("ledger.one-by-one", stream=batch.stream, messages=len(batch.judged), why=type(exc).__name__)
    with ledger.reading() as connection:
        batch.rules(connection)  # whatever is wrong with them is no message's fault
    events = [event for each in batch.judged for event in _keep_alone(ledger, batch.alone(each))]
    if at is not None:
        with ledger.writing() as connection:
            keep.keep_checkpoint(connection, at)
    return events


def _keep_alone(ledger: Ledger, batch: Batch) -> Sequence[Event]:
    (each,) = batch.judged
    try:
        with ledger.writing() as connection:
            return keep_new(connection, batch)
    except _NO_MESSAGES_FAULT:
        raise
    except Exception as exc:
        if each.standing != GENUINE:  # nothing is folded of it
            raise
        error = NotFolded(message=each.docket.id, why=type(exc).__name__)
        log.exception(
            "ledger.not-folded",
            stream=batch.stream,
            offset=each.offset,
            publisher=each.publisher,
            message=each.docket.id,
            error=error.in_english(),
            error_vi=error.in_vietnamese(),
        )
    with ledger.writing() as connection:
        return keep_new(connection, batch.alone(replace(each, standing=NotFolded.code)))


def keep_new(connection: Connection, batch: Batch) -> Sequence[Event]:
    """Those that did not come before are kept, with all that follows from them."""
    fresh = _fresh(connection, batch.judged)
    if not fresh:
        return ()
    first = next_number(connection, now=batch.now)
    events = [
        Event(
            number=EventNumber(first + place),
            position=Position(batch.stream, batch.epoch, each.offset),
            received_at=batch.now,
            publisher=each.publisher,
            standing=each.standing,
            docket=each.docket,
            docket_bytes=each.docket_bytes,
            docket_sha256=each.docket_sha256,
            signature=each.signature,
            size=each.size,
        )
        for place, each in enumerate(fresh)
    ]
    keep.keep_receipt_lines(connection, list(lines_of(events)))
    about = apply(connection, events, rules=batch.rules(connection), at=batch.now)
    keep.insert_events(connection, events, about)
    return events


Key = tuple[MailboxCode, MessageId, bool]


def _fresh(connection: Connection, judged: Sequence[Judged]) -> list[Judged]:
    """Those that did not come before, in this batch or an earlier one. What is not genuine is known apart: a forger who
    is first with an id keeps nobody's message out."""
    seen: Mapping[Key, Seen] = keep.seen_among(
        connection, {(each.docket.sender.mailbox, each.docket.id) for each in judged}
    )
    fresh: dict[Key, Judged] = {}
    for each in judged:
        mailbox, message = each.docket.sender.mailbox, each.docket.id
        key = (mailbox, message, each.standing == GENUINE)
        if key not in seen and not _was_genuine(each, seen.get((mailbox, message, True))):
            fresh.setdefault(key, each)
    return list(fresh.values())


def _was_genuine(each: Judged, before: Seen | None) -> bool:
    """Whether this very message of its sender's was judged when it came: read again later, after its key has ended or
    when it is too old to be taken in, it is no second one; nor is one that a recipient set aside."""
    return (
        before is not None
        and (each.is_set_aside or each.publisher == each.docket.sender.mailbox)
        and before.docket_sha256 == each.docket_sha256
    )
