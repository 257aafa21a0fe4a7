"""The two tables of an entry's life: what they must hold whatever rows they have, and that nothing passes them by."""

import re
from pathlib import Path

import pytest

from bus.handling.transport import (
    DISCARDABLE,
    INBOX,
    INBOX_BLOBS,
    INBOX_DUE,
    INBOX_ENDED,
    INBOX_FINISHED,
    INBOX_RELEASABLE,
    INBOX_RETRYABLE,
    OUTBOX,
    OUTBOX_BLOBS,
    OUTBOX_DUE,
    OUTBOX_FINISHED,
    OUTBOX_RELEASABLE,
    OUTBOX_RETRYABLE,
    STATES,
    STORE_MADE,
    WITHDRAWABLE,
    InboxEvent,
    InboxState,
    NoTransition,
    OutboxEvent,
    OutboxState,
    inbox_state,
    outbox_state,
)
from bus.ports.records import InboxEntry, OutboxEntry
from tests.diagrams import README, between, diagrams

BUS = Path(__file__).parents[4] / "bus"


def test_a_state_and_an_event_stand_together_once() -> None:
    """Or the later row would silently win."""
    assert len({(row.before, row.event) for row in OUTBOX}) == len(OUTBOX)
    assert len({(row.before, row.event) for row in INBOX}) == len(INBOX)


def test_every_event_and_every_state_is_used() -> None:
    """Each event leads somewhere, and each state is reached from outside the box."""
    assert {row.event for row in OUTBOX} == set(OutboxEvent)
    assert {row.event for row in INBOX} == set(InboxEvent)
    assert {row.after for row in OUTBOX} == set(OutboxState)
    assert {row.after for row in INBOX} == set(InboxState)


def test_a_row_says_why() -> None:
    """In one sentence."""
    unsaid = [row for row in (*OUTBOX, *INBOX) if not re.fullmatch(r"[A-Z][^.]+\.", row.because)]
    assert not unsaid


@pytest.mark.parametrize(
    ("fetched", "not_fetched"),
    [
        (InboxEvent.RETRIED_FETCHED, InboxEvent.RETRIED_NOT_FETCHED),
        (InboxEvent.RELEASED_FETCHED, InboxEvent.RELEASED_NOT_FETCHED),
    ],
)
def test_whether_its_segments_are_here_is_no_defect(fetched: InboxEvent, not_fetched: InboxEvent) -> None:
    """A recovered store may say either of an entry with blobs: an operator's verb takes both, or none."""
    assert {row.before for row in INBOX if row.event is fetched} == {
        row.before for row in INBOX if row.event is not_fetched
    }


def test_what_is_finished_stays() -> None:
    """Nothing leads from an end, but the last receipt of one that was withdrawn too late."""
    left = {(row.before, row.event, row.after) for row in OUTBOX if row.before in OUTBOX_FINISHED}
    assert left == {
        (OutboxState.DONE, OutboxEvent.RECEIPTED, OutboxState.DONE),
        (OutboxState.CANCELLED, OutboxEvent.RECEIPTED, OutboxState.DONE),
    }
    assert all(row.after is row.before for row in INBOX if row.before in INBOX_FINISHED)


def test_all_receipts_end_it_wherever_it_stands() -> None:
    """A receipt is the truth, whatever was believed here."""
    assert {outbox_state(state, OutboxEvent.RECEIPTED) for state in OutboxState} == {OutboxState.DONE}


def test_an_operator_can_end_whatever_waits_for_one() -> None:
    """What is parked or refused waits for a person: each verb takes it."""
    assert {OutboxState.PARKED} == OUTBOX_RELEASABLE
    assert INBOX_RELEASABLE == DISCARDABLE == {InboxState.PARKED, InboxState.REFUSED}
    assert {OutboxState.WAITING, OutboxState.SENT, OutboxState.PARKED, OutboxState.UPLOADING} == OUTBOX_RETRYABLE
    assert {InboxState.WAITING, InboxState.PARKED, InboxState.FETCHING, InboxState.FETCHED} == INBOX_RETRYABLE
    assert {OutboxState.WAITING, OutboxState.PARKED, OutboxState.UPLOADING} == WITHDRAWABLE


def test_the_sets_are_about_the_same_states() -> None:
    """What waits for blobs waits; what has ended does not."""
    assert OUTBOX_BLOBS < OUTBOX_DUE
    assert not OUTBOX_DUE & OUTBOX_FINISHED
    assert INBOX_BLOBS < INBOX_DUE
    assert not INBOX_DUE & INBOX_ENDED
    assert INBOX_FINISHED < INBOX_ENDED
    assert {str(state) for state in (*OutboxState, *InboxState)} == set(STATES)


def test_what_the_store_makes_is_marked() -> None:
    """A row says so where no change is built."""
    assert {row.event for row in OUTBOX if row.because.startswith("The store:")} == STORE_MADE
    assert not [row for row in INBOX if row.because.startswith("The store:")]


@pytest.mark.parametrize(
    ("before", "event"),
    [
        (None, OutboxEvent.CONFIRMED),
        (OutboxState.SENT, OutboxEvent.WITHDRAWN),
        (OutboxState.DONE, OutboxEvent.RETRIED),
        (OutboxState.CANCELLED, OutboxEvent.CONFIRMED),
    ],
)
def test_an_outbox_knows_no_other_way(before: OutboxState | None, event: OutboxEvent) -> None:
    """What no row has is a defect, and is said with both words."""
    with pytest.raises(NoTransition, match=f"{before or 'not in the box'} .* {event}"):
        outbox_state(before, event)


@pytest.mark.parametrize(
    ("before", "event"),
    [(None, InboxEvent.FILED), (InboxState.DONE, InboxEvent.RETRIED), (InboxState.WAITING, InboxEvent.DISCARDED)],
)
def test_an_inbox_knows_no_other_way(before: InboxState | None, event: InboxEvent) -> None:
    """What no row has is a defect, and is said with both words."""
    with pytest.raises(NoTransition, match=f"{before or 'not in the box'} .* {event}"):
        inbox_state(before, event)


def test_an_entry_begins_as_the_table_says() -> None:
    """The records' defaults are the ordinary beginnings."""
    defaults = {each.__dataclass_fields__["state"].default for each in (OutboxEntry, InboxEntry)}
    assert defaults == {outbox_state(None, OutboxEvent.ACCEPTED), inbox_state(None, InboxEvent.TAKEN_IN)}


def test_one_file_builds_changes() -> None:
    """Every change goes through the table: nobody else builds one, or names the state of an entry it makes."""
    builds = re.compile(
        r"\b(?:OutboxChange|InboxChange)\(|\b(?:OutboxEntry|InboxEntry|replace)\([^()]*\bstate=\w+State\."
    )
    rooms = [path for path in BUS.rglob("*.py") if path.parent.name not in {"store", "sql"}]
    found = {path.relative_to(BUS).as_posix() for path in rooms if builds.search(path.read_text("utf-8"))}
    assert found == {"ports/changes.py"}


def test_the_diagram_is_the_table() -> None:
    """bus/README.md shows what the code does; `python -m tests.diagrams` draws it anew."""
    assert between(README.read_text("utf-8")) == diagrams()
