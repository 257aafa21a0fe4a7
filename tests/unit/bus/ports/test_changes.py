"""bus/ports/changes.py: a change says where an entry stands by the table, and keeps what nobody spoke of."""

from dataclasses import replace

import pytest

from bus.errors import DmsAway
from bus.handling.transport import InboxEvent, InboxState, NoTransition, OutboxEvent, OutboxState
from bus.ports.changes import inbox_change, outbox_change
from tests.contract.store import LATER, NOW, arrived, mid, sending


def test_an_outbox_change_is_of_one_message() -> None:
    """Its state is the table's, its attempts those it had, where no others are given."""
    entry = replace(sending(3, state=OutboxState.SENT), attempts=2)
    change = outbox_change(entry, OutboxEvent.MISSED, next_at=LATER, at=NOW)
    assert (change.message, change.state, change.attempts, change.next_at) == (mid(3), OutboxState.SENT, 2, LATER)
    assert outbox_change(entry, OutboxEvent.MISSED, attempts=0, at=NOW).attempts == 0


def test_an_inbox_change_is_of_one_sender() -> None:
    """Two senders may choose the same id; the error is kept in its own words."""
    entry = replace(arrived(3, sender="H53"), attempts=2)
    change = inbox_change(entry, InboxEvent.GAVE_UP, error=DmsAway(why="no disk"), at=NOW)
    assert (change.message, change.sender, change.state, change.attempts) == (mid(3), "H53", InboxState.PARKED, 2)
    assert "no disk" in str(change.error)


def test_no_change_is_made_up() -> None:
    """What the table does not have is not built."""
    with pytest.raises(NoTransition):
        outbox_change(sending(state=OutboxState.DONE), OutboxEvent.CONFIRMED, at=NOW)
    with pytest.raises(NoTransition):
        inbox_change(arrived(), InboxEvent.DISCARDED, at=NOW)
