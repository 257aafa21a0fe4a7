"""Where a message stands in an outbox and in an inbox, and what changes that: one table a box.

This file alone says which state follows which. `bus/ports/changes.py` builds every change of an entry from it. A few
changes are made by the store within its own statements: their rows say so, and tests/contract holds each store to them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar


class OutboxState(StrEnum):
    WAITING = "waiting"
    """To be published. Due when `next_at` has come."""
    SENT = "sent"
    """Confirmed by the broker, receipts outstanding. `next_at` is when they are missed."""
    DONE = "done"
    """Every recipient holds it, or refused it."""
    PARKED = "parked"
    """Given up for now: kept, visible, and an operator may retry or release it."""
    CANCELLED = "cancelled"
    """Withdrawn by an operator before it left."""
    UPLOADING = "uploading"
    """Its blobs, or those of a message before it, are on their way to where recipients fetch them; due as that is."""


class InboxState(StrEnum):
    WAITING = "waiting"
    """To be delivered. Due when `next_at` has come."""
    DONE = "done"
    """Filed, told, or known before."""
    PARKED = "parked"
    """Given up for now: kept, visible, and an operator may retry or release it."""
    REFUSED = "refused"
    """Never filed, and the sender was told. Kept until an operator releases or discards it."""
    CANCELLED = "cancelled"
    """Discarded by an operator, or expired before its blobs were here."""
    FETCHING = "fetching"
    """Its blobs are being fetched. Due as WAITING is. No receipt has been given."""
    FETCHED = "fetched"
    """Its blobs are here and proven, and it is receipted; to be delivered. Due as WAITING is."""


State: TypeAlias = OutboxState | InboxState


class OutboxEvent(StrEnum):
    """What happens to an outbox entry."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_BLOBS = "accepted with blobs"
    ACCEPTED_BEHIND = "accepted behind another"
    SOME_UPLOADED = "some segments uploaded"
    UPLOADED = "all segments uploaded"
    STILL_BEHIND = "still behind another"
    NOT_BEHIND = "not behind another any more"
    PLACE_AWAY = "place of blobs away"
    SEGMENTS_LOST = "segments lost"
    CONFIRMED = "confirmed"
    CONFIRMED_FOR_GOOD = "confirmed for good"
    NACKED = "nacked"
    LOST = "lost"
    MISSED = "receipt missed"
    GAVE_UP = "gave up"
    RECEIPTED = "receipted by all"
    EXPIRED = "expired"
    SEALED_AGAIN = "sealed again"
    KEY_AWAITED = "key awaited"
    BLOB_ASKED_FOR = "blob asked for"
    RETRIED = "retried"
    RETRIED_NOT_UPLOADED = "retried before upload"
    RELEASED = "released"
    RELEASED_NOT_UPLOADED = "released before upload"
    WITHDRAWN = "withdrawn"
    SENT_AGAIN = "sent again"
    BODY_LOST = "body lost"


class InboxEvent(StrEnum):
    """What happens to an inbox entry."""

    TAKEN_IN = "taken in"
    TAKEN_IN_WITH_BLOBS = "taken in with blobs"
    CAME_AGAIN = "came again"
    SOME_FETCHED = "some segments fetched"
    FETCHED = "all segments fetched"
    PLACE_AWAY = "place of blobs away"
    LOOKED_IN_VAIN = "looked in vain"
    BLOB_ASKED_FOR = "blob asked for"
    EXPIRED = "expired"
    FILED = "filed"
    PARTLY_ANSWERED = "partly answered"
    TOLD = "told"
    DUPLICATE = "duplicate"
    POSTPONED = "postponed"
    TARGET_AWAITED = "target awaited"
    GAVE_UP = "gave up"
    REFUSED = "refused"
    RETRIED = "retried"
    RETRIED_NOT_FETCHED = "retried before fetch"
    RETRIED_FETCHED = "retried after fetch"
    RELEASED = "released"
    RELEASED_NOT_FETCHED = "released before fetch"
    RELEASED_FETCHED = "released after fetch"
    DISCARDED = "discarded"


S = TypeVar("S", OutboxState, InboxState)
E = TypeVar("E", OutboxEvent, InboxEvent)


class Transition(NamedTuple, Generic[S, E]):
    """One row of a table. An entry that stays where it is has a row, too."""

    before: S | None
    """None: it is not in the box yet."""
    event: E
    after: S
    because: str


_O, _On, _T = OutboxState, OutboxEvent, Transition[OutboxState, OutboxEvent]

OUTBOX: Final = (
    _T(None, _On.ACCEPTED, _O.WAITING, "Sealed and kept: it is published next."),
    _T(None, _On.ACCEPTED_WITH_BLOBS, _O.UPLOADING, "Its segments go first, so that recipients find them."),
    _T(None, _On.ACCEPTED_BEHIND, _O.UPLOADING, "It changes a document whose segments are still on their way."),
    _T(_O.UPLOADING, _On.SOME_UPLOADED, _O.UPLOADING, "The other segments follow."),
    _T(_O.UPLOADING, _On.UPLOADED, _O.WAITING, "All segments are where recipients fetch them."),
    _T(_O.UPLOADING, _On.STILL_BEHIND, _O.UPLOADING, "The segments of the message before it are still on their way."),
    _T(_O.UPLOADING, _On.NOT_BEHIND, _O.WAITING, "The message before it has gone, or will not come."),
    _T(_O.UPLOADING, _On.PLACE_AWAY, _O.UPLOADING, "The place of blobs does not answer: tried again in a while."),
    _T(_O.UPLOADING, _On.SEGMENTS_LOST, _O.PARKED, "A damaged store lost segments: its people must send it again."),
    _T(_O.WAITING, _On.CONFIRMED, _O.SENT, "The broker holds it for every recipient; receipts are awaited."),
    _T(_O.WAITING, _On.CONFIRMED_FOR_GOOD, _O.DONE, "A receipt, or what was set aside: nobody receipts it."),
    _T(_O.WAITING, _On.NACKED, _O.WAITING, "The broker refused it for some recipient: tried again in a while."),
    _T(_O.WAITING, _On.LOST, _O.WAITING, "The connection went before an answer: published again at once."),
    _T(_O.WAITING, _On.GAVE_UP, _O.PARKED, "The broker refused it for three days: an operator decides."),
    _T(_O.SENT, _On.CONFIRMED, _O.SENT, "Published again for want of a receipt, which is awaited again."),
    _T(_O.SENT, _On.NACKED, _O.SENT, "The copy was refused; the first one lies at the broker."),
    _T(_O.SENT, _On.LOST, _O.SENT, "No answer to the copy: published again at once."),
    _T(_O.SENT, _On.MISSED, _O.SENT, "A receipt is late: it is said, and awaited further."),
    _T(_O.SENT, _On.GAVE_UP, _O.PARKED, "No receipt for a week: an operator decides."),
    _T(_O.WAITING, _On.RECEIPTED, _O.DONE, "The store: all answered before the broker's confirm was recorded."),
    _T(_O.SENT, _On.RECEIPTED, _O.DONE, "The store: every recipient holds or refused it."),
    _T(_O.PARKED, _On.RECEIPTED, _O.DONE, "The store: all answered after we gave up."),
    _T(_O.UPLOADING, _On.RECEIPTED, _O.DONE, "The store: the last who answered had found the segments."),
    _T(_O.CANCELLED, _On.RECEIPTED, _O.DONE, "The store: it had reached them all before it was withdrawn."),
    _T(_O.DONE, _On.RECEIPTED, _O.DONE, "The store: a receipt that comes again changes nothing."),
    _T(_O.WAITING, _On.EXPIRED, _O.DONE, "The store: its time is over; whoever did not answer counts as not reached."),
    _T(_O.SENT, _On.EXPIRED, _O.DONE, "The store: its time is over before all receipts came."),
    _T(_O.PARKED, _On.EXPIRED, _O.DONE, "The store: its time is over before an operator decided."),
    _T(_O.UPLOADING, _On.EXPIRED, _O.DONE, "The store: its time is over before its segments were there."),
    _T(_O.WAITING, _On.SEALED_AGAIN, _O.WAITING, "Sealed to a recipient's newer key before it was published again."),
    _T(_O.SENT, _On.SEALED_AGAIN, _O.WAITING, "A recipient's key was withdrawn: sealed to its newer key, sent again."),
    _T(_O.PARKED, _On.SEALED_AGAIN, _O.WAITING, "As for a sent one: what it waited for may have been that key."),
    _T(_O.UPLOADING, _On.SEALED_AGAIN, _O.UPLOADING, "It goes out again when its segments are all there."),
    _T(_O.SENT, _On.KEY_AWAITED, _O.WAITING, "A key was withdrawn, and the directory here has no newer one yet."),
    _T(_O.PARKED, _On.KEY_AWAITED, _O.WAITING, "As for a sent one."),
    _T(_O.UPLOADING, _On.KEY_AWAITED, _O.UPLOADING, "It goes out again when its segments are all there."),
    _T(_O.SENT, _On.BLOB_ASKED_FOR, _O.UPLOADING, "A recipient did not find the segments: put there again."),
    _T(_O.PARKED, _On.BLOB_ASKED_FOR, _O.UPLOADING, "As for a sent one: its recipient is there after all."),
    _T(_O.WAITING, _On.RETRIED, _O.WAITING, "An operator does not want to wait."),
    _T(_O.SENT, _On.RETRIED, _O.SENT, "Published again, to those who gave no receipt."),
    _T(_O.UPLOADING, _On.RETRIED, _O.UPLOADING, "An operator does not want to wait."),
    _T(_O.PARKED, _On.RETRIED, _O.WAITING, "An operator puts it back on the road."),
    _T(_O.PARKED, _On.RETRIED_NOT_UPLOADED, _O.UPLOADING, "Put back on the road, where its segments are."),
    _T(_O.PARKED, _On.RELEASED, _O.WAITING, "An operator puts it back on the road."),
    _T(_O.PARKED, _On.RELEASED_NOT_UPLOADED, _O.UPLOADING, "Put back on the road, where its segments are."),
    _T(_O.WAITING, _On.WITHDRAWN, _O.CANCELLED, "An operator takes it back before it left."),
    _T(_O.PARKED, _On.WITHDRAWN, _O.CANCELLED, "An operator ends it; no recipient can have it."),
    _T(_O.UPLOADING, _On.WITHDRAWN, _O.CANCELLED, "An operator takes it back before it left."),
    _T(_O.PARKED, _On.SENT_AGAIN, _O.CANCELLED, "Its people sent it again: another message carries it now."),
    _T(_O.WAITING, _On.BODY_LOST, _O.CANCELLED, "The store: a damaged file lost its bytes; it cannot be sent."),
    _T(_O.PARKED, _On.BODY_LOST, _O.CANCELLED, "The store: a damaged file lost its bytes; it cannot be sent."),
    _T(_O.UPLOADING, _On.BODY_LOST, _O.CANCELLED, "The store: a damaged file lost its bytes; it cannot be sent."),
    _T(_O.SENT, _On.BODY_LOST, _O.SENT, "The store: the broker has it, and a receipt will end it."),
)  # fmt: skip

_I, _In, _R = InboxState, InboxEvent, Transition[InboxState, InboxEvent]

INBOX: Final = (
    _R(None, _In.TAKEN_IN, _I.WAITING, "Verified, kept and receipted: it is delivered next."),
    _R(None, _In.TAKEN_IN_WITH_BLOBS, _I.FETCHING, "Verified and kept; receipted once its segments are here."),
    _R(_I.FETCHING, _In.CAME_AGAIN, _I.FETCHING, "The copy may say where its segments are by now."),
    _R(_I.PARKED, _In.CAME_AGAIN, _I.FETCHING, "Its sender has put the segments there again."),
    _R(_I.REFUSED, _In.CAME_AGAIN, _I.REFUSED, "A person has to look at it."),
    _R(_I.FETCHED, _In.CAME_AGAIN, _I.FETCHING, "A recovered store does not know that it was whole: fetched anew."),
    _R(_I.DONE, _In.CAME_AGAIN, _I.DONE, "Filed; only a recovered store does not know that it was whole."),
    _R(_I.FETCHING, _In.SOME_FETCHED, _I.FETCHING, "The other segments follow."),
    _R(_I.FETCHING, _In.FETCHED, _I.FETCHED, "All segments are here, and prove to be what the message says."),
    _R(_I.FETCHING, _In.PLACE_AWAY, _I.FETCHING, "The place of blobs does not answer: tried again in a while."),
    _R(_I.FETCHING, _In.LOOKED_IN_VAIN, _I.FETCHING, "Nothing from its mark on: looked for from the oldest on, later."),
    _R(_I.FETCHING, _In.BLOB_ASKED_FOR, _I.FETCHING, "Segments are gone: its sender is asked to put them there again."),
    _R(_I.FETCHING, _In.GAVE_UP, _I.PARKED, "Asked for in vain for a week: an operator decides."),
    _R(_I.FETCHING, _In.EXPIRED, _I.CANCELLED, "Its sender has given up on it: nothing more is fetched."),
    _R(_I.FETCHING, _In.DUPLICATE, _I.DONE, "Its content was filed before: nothing is fetched for it."),
    _R(_I.FETCHING, _In.REFUSED, _I.REFUSED, "It cannot be opened, or its segments are others than it says."),
    _R(_I.WAITING, _In.FILED, _I.DONE, "The document system has it, and can show it."),
    _R(_I.FETCHED, _In.FILED, _I.DONE, "The document system has it, and can show it."),
    _R(_I.WAITING, _In.PARTLY_ANSWERED, _I.WAITING, "Filed, for very many: their status 01s take several commits."),
    _R(_I.FETCHED, _In.PARTLY_ANSWERED, _I.FETCHED, "Filed, for very many: their status 01s take several commits."),
    _R(_I.WAITING, _In.TOLD, _I.DONE, "The document system knows what became of a message it sent."),
    _R(_I.WAITING, _In.DUPLICATE, _I.DONE, "Its content was filed before."),
    _R(_I.FETCHED, _In.DUPLICATE, _I.DONE, "Its content was filed before."),
    _R(_I.WAITING, _In.POSTPONED, _I.WAITING, "The document system cannot take it just now."),
    _R(_I.FETCHED, _In.POSTPONED, _I.FETCHED, "The document system cannot take it just now."),
    _R(_I.WAITING, _In.TARGET_AWAITED, _I.WAITING, "The document it is about is not here yet."),
    _R(_I.FETCHED, _In.TARGET_AWAITED, _I.FETCHED, "The document it is about is not here yet."),
    _R(_I.WAITING, _In.GAVE_UP, _I.PARKED, "Tried in vain for hours: an operator decides."),
    _R(_I.FETCHED, _In.GAVE_UP, _I.PARKED, "Tried in vain for hours: an operator decides."),
    _R(_I.WAITING, _In.REFUSED, _I.REFUSED, "It cannot be opened, or the document system refuses it."),
    _R(_I.FETCHED, _In.REFUSED, _I.REFUSED, "It cannot be opened, or the document system refuses it."),
    _R(_I.WAITING, _In.RETRIED, _I.WAITING, "An operator does not want to wait."),
    _R(_I.PARKED, _In.RETRIED, _I.WAITING, "An operator puts it back on the road."),
    _R(_I.PARKED, _In.RETRIED_NOT_FETCHED, _I.FETCHING, "Put back on the road, where its segments are."),
    _R(_I.PARKED, _In.RETRIED_FETCHED, _I.FETCHED, "Put back on the road, where its segments are."),
    _R(_I.FETCHING, _In.RETRIED_NOT_FETCHED, _I.FETCHING, "An operator does not want to wait."),
    _R(_I.FETCHING, _In.RETRIED_FETCHED, _I.FETCHED, "A recovered store did not know that it was whole."),
    _R(_I.FETCHED, _In.RETRIED_FETCHED, _I.FETCHED, "An operator does not want to wait."),
    _R(_I.FETCHED, _In.RETRIED_NOT_FETCHED, _I.FETCHING, "A recovered store does not know that it was whole."),
    _R(_I.PARKED, _In.RELEASED, _I.WAITING, "An operator puts it back on the road."),
    _R(_I.PARKED, _In.RELEASED_NOT_FETCHED, _I.FETCHING, "Put back on the road, where its segments are."),
    _R(_I.PARKED, _In.RELEASED_FETCHED, _I.FETCHED, "Put back on the road, where its segments are."),
    _R(_I.REFUSED, _In.RELEASED, _I.WAITING, "An operator decides that it is to be filed after all."),
    _R(_I.REFUSED, _In.RELEASED_NOT_FETCHED, _I.FETCHING, "To be filed after all, once its segments are here."),
    _R(_I.REFUSED, _In.RELEASED_FETCHED, _I.FETCHED, "To be filed after all; its segments are here."),
    _R(_I.PARKED, _In.DISCARDED, _I.CANCELLED, "An operator ends it: it will never be filed."),
    _R(_I.REFUSED, _In.DISCARDED, _I.CANCELLED, "An operator ends it: it will never be filed."),
)  # fmt: skip


class NoTransition(LookupError):
    """A state and an event that no row of the table has together: a defect of ours, no fault of a message."""


def outbox_state(before: OutboxState | None, event: OutboxEvent) -> OutboxState:
    """Where an outbox entry stands after something happened to it. Raises NoTransition."""
    return _after(_OUTBOX, before, event)


def inbox_state(before: InboxState | None, event: InboxEvent) -> InboxState:
    """Where an inbox entry stands after something happened to it. Raises NoTransition."""
    return _after(_INBOX, before, event)


def _after(table: Mapping[tuple[S | None, E], S], before: S | None, event: E) -> S:
    after = table.get((before, event))
    if after is None:
        raise NoTransition(f"{before or 'not in the box'} + {event}")
    return after


_OUTBOX: Final = {(row.before, row.event): row.after for row in OUTBOX}
_INBOX: Final = {(row.before, row.event): row.after for row in INBOX}

# -- sets of states, each in one place ---------------------------------------------------------------------------------

OUTBOX_FINISHED: Final = frozenset({OutboxState.DONE, OutboxState.CANCELLED})
"""Nothing is left to send: the body is dropped, and no change but a last receipt counts any more."""
OUTBOX_DUE: Final = frozenset({OutboxState.WAITING, OutboxState.SENT, OutboxState.UPLOADING})
"""Waits for its `next_at`; elsewhere there is none."""
OUTBOX_BLOBS: Final = frozenset({OutboxState.UPLOADING})
"""Waits for blobs: never handed out with the ordinary entries that are due."""

INBOX_FINISHED: Final = frozenset({InboxState.DONE, InboxState.CANCELLED})
"""Nothing is left to file: the body is dropped, and no change counts any more."""
INBOX_ENDED: Final = INBOX_FINISHED | {InboxState.REFUSED}
"""Has a time at which it ended; a refused one keeps its body."""
INBOX_DUE: Final = frozenset({InboxState.WAITING, InboxState.FETCHING, InboxState.FETCHED})
"""Waits for its `next_at`; elsewhere there is none."""
INBOX_BLOBS: Final = frozenset({InboxState.FETCHING, InboxState.FETCHED})
"""Has blobs and is not filed: never handed out with the ordinary entries that are due."""


def _leads_from(table: Iterable[Transition[S, E]], *events: E) -> frozenset[S]:
    return frozenset(row.before for row in table if row.event in events and row.before is not None)


OUTBOX_RETRYABLE: Final = _leads_from(OUTBOX, OutboxEvent.RETRIED)
"""What `retry` takes: on the road already, or given up for now."""
OUTBOX_RELEASABLE: Final = _leads_from(OUTBOX, OutboxEvent.RELEASED)
"""What `release` puts back on the road, after a person has decided so."""
WITHDRAWABLE: Final = _leads_from(OUTBOX, OutboxEvent.WITHDRAWN)
"""What `withdraw` takes back, where no recipient can have it."""
INBOX_RETRYABLE: Final = _leads_from(INBOX, InboxEvent.RETRIED, InboxEvent.RETRIED_NOT_FETCHED)
"""What `retry` takes: on the road already, or given up for now."""
INBOX_RELEASABLE: Final = _leads_from(INBOX, InboxEvent.RELEASED)
"""What `release` puts back on the road, after a person has decided so."""
DISCARDABLE: Final = _leads_from(INBOX, InboxEvent.DISCARDED)
"""What nobody works on any more, and only a person ends."""

STORE_MADE: Final = frozenset({OutboxEvent.RECEIPTED, OutboxEvent.EXPIRED, OutboxEvent.BODY_LOST})
"""Made by the store within its own statements."""

STATES: Final[Mapping[str, State]] = {state.value: state for state in (*OutboxState, *InboxState)}
"""By the names that are stored. A name of both boxes stands for either: as texts they are equal."""
