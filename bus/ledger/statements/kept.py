# ruff: noqa: S608 — one statement has a part in common with another
"""Statements over what came: events, what was seen, receipts' lines, where a stream was read to."""

from typing import Final

from sqlalchemy import Integer, bindparam, select

from bus.ledger.tables import checkpoint, event, receipt_line, seen
from bus.store.sql.batches import Lookup, batch

_c, _e, _r, _s = checkpoint.c, event.c, receipt_line.c, seen.c

SEEN: Final = Lookup(lambda among: select(seen).where(among(_s.message, "messages")))
"""Which messages of these ids came, of whatever mailbox."""

CHECKPOINT: Final = select(checkpoint).where(_c.stream == bindparam("of"))
"""Where a stream was read to."""

CHECKPOINTS: Final = select(checkpoint).order_by(_c.stream)
"""Where each stream was read to."""

KEEP_CHECKPOINT: Final = batch(
    checkpoint,
    key=("stream",),
    each="""
        INSERT INTO checkpoint (stream, next, last_offset, last_sha256, epoch, at)
        VALUES (:stream, :next, :last_offset, :last_sha256, :epoch, :at)
        ON CONFLICT (stream) DO UPDATE SET
            next = excluded.next, last_offset = excluded.last_offset, last_sha256 = excluded.last_sha256,
            epoch = excluded.epoch, at = excluded.at
    """,
    arrays="""
        INSERT INTO checkpoint (stream, next, last_offset, last_sha256, epoch, at)
        SELECT * FROM unnest(:stream, :next, :last_offset, :last_sha256, :epoch, :at)
        ON CONFLICT (stream) DO UPDATE SET
            next = excluded.next, last_offset = excluded.last_offset, last_sha256 = excluded.last_sha256,
            epoch = excluded.epoch, at = excluded.at
    """,
)
"""A stream was read to here."""

LINES: Final = Lookup(lambda among: select(receipt_line).where(among(_r.message, "messages")))
"""What receipts say of messages of these ids, of whatever mailbox."""

# The same whatever order they came in: `held` counts before `refused`, then the earliest.
_BETTER: Final = """
        WHERE (excluded.outcome = 'held' AND receipt_line.outcome <> 'held')
            OR (excluded.outcome = receipt_line.outcome
                AND (excluded.at, COALESCE(excluded.code, ''), excluded.event)
                    < (receipt_line.at, COALESCE(receipt_line.code, ''), receipt_line.event))
"""

KEEP_LINE: Final = batch(
    receipt_line,
    key=("message", "mailbox", "sender", "docket_sha256"),
    each=f"""
        INSERT INTO receipt_line (message, mailbox, sender, docket_sha256, outcome, code, at, event)
        VALUES (:message, :mailbox, :sender, :docket_sha256, :outcome, :code, :at, :event)
        ON CONFLICT (message, mailbox, sender, docket_sha256) DO UPDATE SET
            outcome = excluded.outcome, code = excluded.code, at = excluded.at, event = excluded.event
        {_BETTER}
    """,
    arrays=f"""
        INSERT INTO receipt_line (message, mailbox, sender, docket_sha256, outcome, code, at, event)
        SELECT * FROM unnest(:message, :mailbox, :sender, :docket_sha256, :outcome, :code, :at, :event)
        ON CONFLICT (message, mailbox, sender, docket_sha256) DO UPDATE SET
            outcome = excluded.outcome, code = excluded.code, at = excluded.at, event = excluded.event
        {_BETTER}
    """,
)
"""What a receipt says of one message; a better word takes the place of one that is there."""

ON: Final = (
    select(event).where(_e.number > bindparam("after")).order_by(_e.number).limit(bindparam("limit", type_=Integer))
)
"""The next events, in the order in which they came."""

ABOUT: Final = Lookup(lambda among: select(event).where(among(_e.about, "documents")).order_by(_e.number))
"""The events about these documents, in the order in which they came."""

BY_NUMBER: Final = Lookup(lambda among: select(event).where(among(_e.number, "numbers")))
"""Events by their numbers."""
