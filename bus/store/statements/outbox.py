"""Statements over the outbox and its recipients. A change of many rows stands in both forms: for SQLite once a row, for
PostgreSQL once over arrays."""

from typing import Final

from sqlalchemy import BigInteger, Integer, and_, bindparam, exists, func, or_, select, update

from bus.errors import NotInTime
from bus.handling.transport import OutboxState
from bus.store.sql.batches import Lookup, batch
from bus.store.tables import outbox, outbox_body, recipient

_o, _r = outbox.c, recipient.c

# -- entries -----------------------------------------------------------------------------------------------------------

STATES: Final = Lookup(lambda among: select(_o.message, _o.sequence, _o.state).where(among(_o.message, "messages")))
"""Number and state of the entries of these messages."""

DOCKETS: Final = Lookup(
    lambda among: select(_o.message, _o.sequence, _o.docket, _o.entered_at).where(among(_o.message, "messages"))
)
"""Number, docket and time of the entries of these messages."""

EXPIRED: Final = (
    select(outbox)
    .where(_o.expires_at <= bindparam("now"))
    .order_by(_o.expires_at)
    .limit(bindparam("limit", type_=Integer))
)
"""Unfinished entries whose time is over, the earliest first."""

CHANGE: Final = batch(
    outbox,
    key=("sequence",),
    each="""
        UPDATE outbox SET
            state = :state, attempts = :attempts, next_at = :next_at, error = :error, finished_at = :finished_at,
            sent_at = coalesce(:sent_at, sent_at),
            tried = tried OR :tried,
            headers = coalesce(:headers, headers),
            size = size * :kept,
            expires_at = CASE WHEN :kept = 1 THEN expires_at END
        WHERE sequence = :sequence
    """,
    arrays="""
        UPDATE outbox SET
            state = given.state, attempts = given.attempts, next_at = given.next_at, error = given.error,
            finished_at = given.finished_at,
            sent_at = coalesce(given.sent_at, outbox.sent_at),
            tried = outbox.tried OR given.tried,
            headers = coalesce(given.headers, outbox.headers),
            size = outbox.size * given.kept,
            expires_at = CASE WHEN given.kept = 1 THEN outbox.expires_at END
        FROM unnest(:sequence, :state, :attempts, :next_at, :error, :finished_at, :sent_at, :tried, :headers, :kept)
            AS given (sequence, state, attempts, next_at, error, finished_at, sent_at, tried, headers, kept)
        WHERE outbox.sequence = given.sequence
    """,
    kept=BigInteger(),
)
"""Changes an entry's state. `kept`: 1, or 0 where its body is dropped."""

FINISH: Final = batch(
    outbox,
    key=("sequence",),
    each="""
        UPDATE outbox SET
            state = 'done', next_at = NULL, expires_at = NULL, error = NULL, size = 0, finished_at = :finished_at
        WHERE sequence = :sequence
    """,
    arrays="""
        UPDATE outbox SET
            state = 'done', next_at = NULL, expires_at = NULL, error = NULL, size = 0, finished_at = given.finished_at
        FROM unnest(:sequence, :finished_at) AS given (sequence, finished_at)
        WHERE outbox.sequence = given.sequence
    """,
)
"""An entry that every recipient has answered is done."""

RESEAL: Final = update(outbox_body).where(outbox_body.c.sequence == bindparam("entry")).values(body=bindparam("sealed"))
"""Another body for an entry; bodies go one by one to either database."""

# -- recipients --------------------------------------------------------------------------------------------------------

OUTSTANDING: Final = Lookup(
    lambda among: (
        select(_r.sequence, _r.routing, _r.confirmed)
        .where(among(_r.sequence, "sequences"), _r.outcome.is_(None))
        .order_by(_r.sequence, _r.mailbox)
    )
)
"""The recipients of these entries that have not answered, and which of them the broker has confirmed."""

RECIPIENTS: Final = Lookup(
    lambda among: select(_r.sequence, _r.mailbox, _r.outcome).where(
        among(_r.sequence, "sequences"), among(_r.mailbox, "mailboxes")
    )
)
"""Which of these mailboxes are recipients of these entries, and what they have answered: one receipt must not read all
those of a circular."""

ANSWERS: Final = Lookup(
    lambda among: select(_r.sequence, _r.mailbox, _r.outcome).where(among(_r.sequence, "sequences"))
)
"""All recipients of these entries, and what each has answered."""

_under_way = (
    select(_r.mailbox, func.count(), func.sum(_r.size), func.sum(_r.blobs))
    .where(_r.outcome.is_(None), _r.size.is_not(None))
    .group_by(_r.mailbox)
)
UNDER_WAY: Final = Lookup(lambda among: _under_way.where(among(_r.mailbox, "mailboxes")))
"""How much is under way to each of these mailboxes."""

UNDER_WAY_TO_ALL: Final = _under_way
"""How much is under way to each mailbox."""

NOT_UNDER_WAY: Final = batch(
    recipient,
    key=(),
    each="UPDATE outbox_recipient SET size = NULL WHERE sequence = :sequence",
    arrays="UPDATE outbox_recipient SET size = NULL WHERE sequence = ANY(:sequence)",
)
"""A withdrawn entry counts no more."""

HOLD_BACK: Final = batch(
    outbox,
    key=("sequence",),
    each="""
        UPDATE outbox SET attempts = 1, next_at = :next_at, error = :error
        WHERE sequence = :sequence AND state = 'sent' AND size > 0
    """,
    arrays="""
        UPDATE outbox SET attempts = 1, next_at = given.next_at, error = given.error
        FROM unnest(:sequence, :next_at, :error) AS given (sequence, next_at, error)
        WHERE outbox.sequence = given.sequence AND outbox.state = 'sent' AND outbox.size > 0
    """,
)
"""A sent entry whose body is there is published again at a time: `attempts` is the step of bus/ports/retry.py that does
so."""

BEGIN_ANEW: Final = batch(
    recipient,
    key=(),
    each="UPDATE outbox_recipient SET confirmed = FALSE WHERE sequence = :sequence",
    arrays="UPDATE outbox_recipient SET confirmed = FALSE WHERE sequence = ANY(:sequence)",
)
"""An entry goes again to all who have not answered."""

CONFIRM: Final = batch(
    recipient,
    key=(),
    each="UPDATE outbox_recipient SET confirmed = TRUE WHERE sequence = :sequence AND mailbox = :mailbox",
    arrays="""
        UPDATE outbox_recipient SET confirmed = TRUE
        FROM unnest(:sequence, :mailbox) AS given (sequence, mailbox)
        WHERE outbox_recipient.sequence = given.sequence AND outbox_recipient.mailbox = given.mailbox
    """,
)
"""The broker has confirmed the message to a recipient."""

# -- receipts ----------------------------------------------------------------------------------------------------------

HOLD: Final = batch(
    recipient,
    key=("sequence", "mailbox"),
    each="""
        UPDATE outbox_recipient SET
            outcome = :outcome, at = :at,
            code = CASE
                WHEN code = 'not-in-time'
                    OR EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = :sequence AND outbox.state = 'cancelled')
                THEN 'held-after-all' ELSE :code
            END
        WHERE sequence = :sequence AND mailbox = :mailbox AND (outcome IS NULL OR code = 'not-in-time')
    """,
    arrays="""
        UPDATE outbox_recipient SET
            outcome = given.outcome, at = given.at,
            code = CASE
                WHEN outbox_recipient.code = 'not-in-time' OR EXISTS (
                    SELECT 1 FROM outbox WHERE outbox.sequence = given.sequence AND outbox.state = 'cancelled'
                )
                THEN 'held-after-all' ELSE given.code
            END
        FROM unnest(:sequence, :mailbox, :outcome, :code, :at) AS given (sequence, mailbox, outcome, code, at)
        WHERE outbox_recipient.sequence = given.sequence AND outbox_recipient.mailbox = given.mailbox
            AND (outbox_recipient.outcome IS NULL OR outbox_recipient.code = 'not-in-time')
    """,
)
"""A recipient holds the message: its first answer, or one after it was given up on, or withdrawn."""

REFUSE: Final = batch(
    recipient,
    key=("sequence", "mailbox"),
    each="""
        UPDATE outbox_recipient SET outcome = :outcome, code = :code, at = :at
        WHERE sequence = :sequence AND mailbox = :mailbox
            AND (outcome IS NULL OR outcome = 'held' OR code = 'not-in-time')
    """,
    arrays="""
        UPDATE outbox_recipient SET outcome = given.outcome, code = given.code, at = given.at
        FROM unnest(:sequence, :mailbox, :outcome, :code, :at) AS given (sequence, mailbox, outcome, code, at)
        WHERE outbox_recipient.sequence = given.sequence AND outbox_recipient.mailbox = given.mailbox
            AND (outbox_recipient.outcome IS NULL OR outbox_recipient.outcome = 'held'
                OR outbox_recipient.code = 'not-in-time')
    """,
)
"""A recipient refuses the message: its first answer, or one that takes the place of `held`."""

GIVEN_UP: Final = Lookup(
    lambda among: (
        select(_o.message, _r.mailbox)
        .join(recipient, _r.sequence == _o.sequence)
        .where(
            among(_o.message, "messages"),
            or_(
                _r.code == NotInTime.code,
                and_(_o.state == str(OutboxState.CANCELLED), _r.outcome.is_(None)),
            ),
        )
    )
)
"""The recipients of these messages that were given up on, or withdrawn from, and have not answered."""

COMPLETE: Final = Lookup(
    lambda among: select(_o.sequence).where(
        among(_o.sequence, "sequences"),
        _o.state != str(OutboxState.DONE),
        exists().where(_r.sequence == _o.sequence),
        ~exists().where(_r.sequence == _o.sequence, _r.outcome.is_(None)),
    )
)
"""Of these entries, those that every recipient has answered and that are not done yet."""

RECEIPTS: Final = Lookup(
    lambda among: (
        select(_r.sequence, _r.mailbox, _r.outcome, _r.code, _r.at)
        .where(among(_r.sequence, "sequences"), _r.outcome.is_not(None))
        .order_by(_r.sequence, _r.at, _r.mailbox)
    )
)
"""What the recipients of these entries have answered."""
