"""Statements over the inbox."""

from typing import Final

from sqlalchemy import BigInteger, bindparam, func, literal_column, or_, select

from bus.store.sql.batches import Lookup, batch
from bus.store.tables import inbox

_i = inbox.c

STATES: Final = Lookup(
    lambda among: select(_i.message, _i.sender, _i.sequence, _i.state).where(among(_i.message, "messages"))
)
"""Number and state of the entries with these ids; senders choose ids, and two may choose the same."""

DOCKETS: Final = Lookup(lambda among: select(_i.sender, _i.message, _i.docket).where(among(_i.message, "messages")))
"""The dockets of the entries with these ids."""

_held = (
    select(_i.sender, func.count(), func.sum(_i.size), func.sum(_i.blobs))
    .where(_i.size > literal_column("0"))
    .group_by(_i.sender)
)
HELD_FROM: Final = Lookup(lambda among: _held.where(among(_i.sender, "senders")))
"""How much is held of the messages of each of these senders."""

HELD_FROM_ALL: Final = _held
"""How much is held of the messages of each sender."""

_to_fetch = (_i.state == bindparam("state"), or_(_i.next_at.is_(None), _i.next_at <= bindparam("now")))

SENDERS_TO_FETCH: Final = select(_i.sender).where(*_to_fetch).distinct()
"""The senders of what is due in a state of large attachments."""

NEXT_TO_FETCH: Final = (
    select(_i.sequence)
    # Not the plain column of senders: by the index of states.
    .where(*_to_fetch, _i.sender + "" == bindparam("of_sender"))
    .order_by(_i.error.is_not(None), _i.priority.desc(), _i.sequence)
    .limit(1)
)
"""The number of the next one of a sender: those that nothing went wrong with come first."""

CHANGE: Final = batch(
    inbox,
    key=("sequence",),
    each="""
        UPDATE inbox SET
            state = :state, attempts = :attempts, next_at = :next_at, error = :error, finished_at = :finished_at,
            submission = coalesce(:submission, submission),
            ref = coalesce(:ref, ref),
            answered = coalesce(:answered, answered),
            size = size * :kept
        WHERE sequence = :sequence
    """,
    arrays="""
        UPDATE inbox SET
            state = given.state, attempts = given.attempts, next_at = given.next_at, error = given.error,
            finished_at = given.finished_at,
            submission = coalesce(given.submission, inbox.submission),
            ref = coalesce(given.ref, inbox.ref),
            answered = coalesce(given.answered, inbox.answered),
            size = inbox.size * given.kept
        FROM unnest(:sequence, :state, :attempts, :next_at, :error, :finished_at, :submission, :ref, :answered, :kept)
            AS given (sequence, state, attempts, next_at, error, finished_at, submission, ref, answered, kept)
        WHERE inbox.sequence = given.sequence
    """,
    kept=BigInteger(),
)
"""Changes an entry's state. `kept`: 1, or 0 where its body is dropped."""
