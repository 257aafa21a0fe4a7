"""All that is derived, made anew: from the kept events into tables beside those in use, which serve meanwhile; then
what the streams still have and nobody kept. The ledger may be at work all the while."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from bus.crashpoints import reached
from bus.directory.onlooker import Onlooker
from bus.handling.obligations import Rules
from bus.ledger import keep
from bus.ledger.apply import apply
from bus.ledger.batch import Batch, keep_batch
from bus.ledger.ingest import BATCH, BATCH_BYTES, Open
from bus.ledger.judge import Judged, judge
from bus.ledger.records import EventNumber
from bus.ledger.shadow import make, swap
from bus.ledger.store import Ledger

AT_ONCE: Final = 1000
"""Events in one transaction: the ingest waits so long for its turn."""
PATIENCE: Final = 10.0
"""Seconds without a message after which a stream has none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """So many events were read, of a stream or of those that are kept; so many of them were not known before."""

    stream: str | None
    events: int
    new: int = 0
    is_done: bool = False


def rebuild(
    ledger: Ledger,
    *,
    rules: Callable[[Connection], Rules],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    at_once: int = AT_ONCE,
) -> Generator[Progress, None, None]:
    """From the kept events; to be read to its end. Cut short, it leaves the tables in use as they were. What comes
    meanwhile is in both sets: the last of it is filled in by the transaction in which they change places."""
    with ledger.writing() as connection:
        shadow = make(connection)
    reached("rebuild.begun")
    after, count, is_done = EventNumber(-1), 0, False
    while not is_done:
        with ledger.writing() as connection:
            events = keep.events_after(connection, after, limit=at_once)
            apply(connection, events, rules=rules(connection), at=clock(), tables=shadow)
            is_done = len(events) < at_once
            if is_done:
                swap(connection, shadow)
        reached("rebuild.committed")
        count += len(events)
        after = events[-1].number if events else after
        yield Progress(None, count, is_done=is_done)


def reread(
    ledger: Ledger,
    stream: str,
    *,
    open_: Open,
    onlooker: Callable[[], Onlooker],
    rules: Callable[[Connection], Rules],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Generator[Progress, None, None]:
    """What a stream has, from its first message to where the ledger has read it, and what of it is not kept."""
    with ledger.reading() as connection:
        until = keep.checkpoint(connection, stream)
    if until is None:
        return
    count = new = 0
    with closing(open_(stream, None)) as reader:
        while messages := reader.read(limit=BATCH, max_bytes=BATCH_BYTES, wait=PATIENCE):
            messages = [each for each in messages if each.offset < until.next]
            if not messages:
                break
            now = clock()
            judged = [each for each in judge(onlooker(), messages, now) if isinstance(each, Judged)]
            batch = Batch(stream=stream, epoch=until.epoch, judged=judged, now=now, rules=rules)
            kept = keep_batch(ledger, batch)
            reached("rebuild.reread")
            count, new = count + len(messages), new + len(kept)
            yield Progress(stream, count, new)
            if messages[-1].offset >= until.next - 1:
                break
    yield Progress(stream, count, new, is_done=True)
