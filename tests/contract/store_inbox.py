"""What every `bus.ports.Store` does with an inbox."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from bus.handling.transport import InboxState
from bus.ports.records import Box, InboxChange, InboxEntry, SubmissionKey, UnderWay
from bus.ports.store import Store
from schemas.codes import Priority
from schemas.docket import Blob
from schemas.values import MailboxCode, MessageId
from tests.contract.store import LATER, NOW, PLENTY, arrived, docket, key_of, mid, row


def take(store: Store, *entries: InboxEntry) -> list[MessageId]:
    with store.write() as tx:
        return sorted(entry.docket.id for entry in tx.inbox.put(entries))


def settle(store: Store, *changes: InboxChange) -> None:
    with store.write() as tx:
        tx.inbox.change(changes)


def due(store: Store, *, now: datetime = NOW, max_bytes: int = PLENTY) -> list[InboxEntry]:
    with store.read() as tx:
        return list(tx.inbox.due(now=now, limit=100, max_bytes=max_bytes))


def change(
    number: int = 1,
    state: InboxState = InboxState.DONE,
    *,
    sender: MailboxCode | None = None,
    next_at: datetime | None = None,
    key: SubmissionKey | None = None,
    filed_as: str | None = None,
    error: str | None = None,
) -> InboxChange:
    return InboxChange(
        message=mid(number),
        state=state,
        attempts=1,
        next_at=next_at,
        sender=sender,
        key=key,
        filed_as=filed_as,
        error=error,
        at=LATER,
    )


class InboxContract:
    def test_what_is_held_of_each_sender(self, store: Store) -> None:
        """As long as its body is kept: a refused one counts, one that was filed does not; notes to oneself never."""
        apart = arrived(4, sender="H53", body=b"1234")
        blob = Blob(attachment=1, id="0" * 32, size=9, segments=1, sha256="0" * 64)
        apart = replace(apart, docket=apart.docket.model_copy(update={"attachments": 1, "blobs": (blob,)}))
        take(store, arrived(1, body=b"12"), arrived(2, body=b"123"), arrived(3, body=b""), apart)
        with store.read() as tx:
            assert tx.inbox.held_from() == {"G22": UnderWay(2, 5, 0), "H53": UnderWay(1, 4, 9)}
            assert tx.inbox.held_from(["H53", "H07"]) == {"H53": UnderWay(1, 4, 9)}
        settle(store, change(1, InboxState.REFUSED), change(2))
        with store.read() as tx:
            assert tx.inbox.held_from(["G22"]) == {"G22": UnderWay(1, 2, 0)}

    def test_how_far_it_is_answered(self, store: Store) -> None:
        """Kept until another change says more."""
        take(store, arrived(1))
        settle(store, replace(change(1, InboxState.WAITING), answered=512), change(1, InboxState.WAITING))
        assert [entry.answered for entry in due(store)] == [512]

    def test_what_was_taken_is_due_as_it_was(self, store: Store) -> None:
        """An entry comes back equal in every part; an empty body too."""
        full = replace(arrived(1), attempts=2, next_at=NOW, error="bận")
        empty = arrived(2, body=b"")
        assert take(store, full, empty) == [mid(1), mid(2)]
        assert due(store) == [full, empty]

    def test_a_message_is_held_once(self, store: Store) -> None:
        """The second delivery of a message is no news, in the same batch or a later one, and changes nothing."""
        assert take(store, arrived(1, body=b"first"), arrived(1, body=b"second")) == [mid(1)]
        assert take(store, arrived(1, body=b"third"), arrived(2)) == [mid(2)]
        assert take(store) == []
        assert [entry.body for entry in due(store)] == [b"first", b"body"]

    def test_a_copied_id_takes_nobody_s_place(self, store: Store) -> None:
        """A stranger's message under the id of another is a message of its own, and is settled on its own."""
        take(store, arrived(1, sender="G22"))
        assert take(store, arrived(1, sender="Z99")) == [mid(1)]
        settle(store, change(1, InboxState.REFUSED, sender="Z99"))
        assert [entry.docket.sender.mailbox for entry in due(store)] == ["G22"]
        settle(store, change(1))
        assert due(store) == []

    def test_new_are_the_entries_themselves(self, store: Store) -> None:
        """Two senders may use one id in one batch: an id alone would not say which of them is new."""
        take(store, arrived(1, sender="G22"))
        ours, theirs = arrived(1, sender="G22"), arrived(1, sender="Z99")
        with store.write() as tx:
            assert list(tx.inbox.put([ours, theirs, arrived(1, sender="Z99", body=b"again")])) == [theirs]

    def test_held_by_sender_and_id(self, store: Store) -> None:
        """What is here, filed or not, by whom, and which docket it was; a stranger's copy of the id is another."""
        take(store, *(arrived(number) for number in range(1, 601)), arrived(1, sender="Z99"))
        settle(store, change(1, InboxState.DONE))
        digests = {
            (sender, mid(number)): sha256(docket(number, sender=sender).to_json()).hexdigest()
            for sender, number in [("G22", 1), ("Z99", 1), *(("G22", number) for number in range(2, 601))]
        }
        with store.write() as tx:
            assert tx.inbox.docket_digests([*digests, ("Z99", mid(2)), ("G22", mid(9999))]) == digests
            assert tx.inbox.docket_digests([("Z99", mid(1))]) == {("Z99", mid(1)): digests["Z99", mid(1)]}
            assert tx.inbox.docket_digests([]) == {}

    @pytest.mark.parametrize("state", [InboxState.DONE, InboxState.CANCELLED])
    def test_what_was_taken_as_done_is_history(self, store: Store, state: InboxState) -> None:
        """An entry put as done keeps no body."""
        take(store, replace(arrived(1), state=state))
        found = row(store, 1, Box.IN)
        assert (found.size, found.finished_at) == (0, NOW)

    def test_urgency_and_bounds(self, store: Store) -> None:
        """As in the outbox: the most urgent first, and no more bytes than asked for."""
        urgent = replace(arrived(2), docket=docket(2, priority=Priority.URGENT))
        take(store, arrived(1), urgent, replace(arrived(3), next_at=LATER))
        assert [entry.docket.id for entry in due(store)] == [mid(2), mid(1)]
        assert [entry.docket.id for entry in due(store, max_bytes=1)] == [mid(2)]
        assert len(due(store, now=LATER)) == 3

    @pytest.mark.parametrize("before", [InboxState.WAITING, InboxState.PARKED, InboxState.REFUSED])
    def test_a_discarded_one_drops_its_body(self, store: Store, before: InboxState) -> None:
        """Discarded for good: it was not filed, and no later change revives it."""
        key = key_of(docket(1))
        take(store, arrived(1))
        settle(store, change(1, before))
        settle(store, change(1, InboxState.CANCELLED, key=key), change(1, InboxState.WAITING))
        found = row(store, 1, Box.IN)
        assert (found.state, found.size, found.finished_at) == (InboxState.CANCELLED, 0, LATER)
        assert due(store) == []
        with store.read() as tx:
            assert set(tx.inbox.filed([key])) == set()

    @pytest.mark.parametrize("state", [InboxState.DONE, InboxState.PARKED, InboxState.REFUSED])
    def test_only_waiting_ones_are_due(self, store: Store, state: InboxState) -> None:
        """Put or changed, what does not wait is not due."""
        take(store, replace(arrived(1), state=state, next_at=NOW), arrived(2))
        settle(store, change(2, state, next_at=NOW))
        assert due(store) == []

    def test_a_filed_one_drops_its_body(self, store: Store) -> None:
        """Filed for good: the row stays, with what the document system calls it, and no later change revives it."""
        take(store, arrived(1))
        settle(store, change(1, filed_as="CV-7"), change(1, InboxState.WAITING))
        found = row(store, 1, Box.IN)
        assert (found.state, found.size, found.ref, found.finished_at) == (InboxState.DONE, 0, "CV-7", LATER)
        assert due(store) == []

    def test_a_refused_one_can_be_released(self, store: Store) -> None:
        """A refused entry keeps its body and its reason; released, it is due again as it came."""
        take(store, arrived(1))
        settle(store, change(1, InboxState.REFUSED, error="cannot open"))
        found = row(store, 1, Box.IN)
        assert (found.state, found.size, found.error, found.finished_at) == (
            InboxState.REFUSED,
            4,
            "cannot open",
            LATER,
        )
        settle(store, change(1, InboxState.WAITING))
        assert [entry.body for entry in due(store)] == [b"body"]
        assert row(store, 1, Box.IN).finished_at is None

    def test_put_off(self, store: Store) -> None:
        """A delivery that failed is due again when its time comes, not before."""
        take(store, arrived(1))
        settle(store, change(1, InboxState.WAITING, next_at=LATER, error="DMS away"), change(9))
        assert due(store, now=LATER - timedelta(microseconds=1)) == []
        assert [(entry.attempts, entry.error) for entry in due(store, now=LATER)] == [(1, "DMS away")]

    def test_strangers_and_nothing(self, store: Store) -> None:
        """A change to a message that is not here, or no change at all, does nothing."""
        take(store, arrived(1))
        settle(store, change(9))
        settle(store)
        assert len(due(store)) == 1

    def test_contents_are_filed_once(self, store: Store) -> None:
        """Only what was filed counts: not what was refused, put off, or discarded without being opened."""
        keys = {number: key_of(docket(number)) for number in range(1, 6)}
        take(store, *(arrived(number) for number in keys))
        settle(
            store,
            change(1, key=keys[1]),
            change(2, InboxState.REFUSED, key=keys[2]),
            change(3, InboxState.WAITING, key=keys[3]),
            change(4, InboxState.REFUSED, key=keys[4]),
        )
        settle(store, change(4, InboxState.DONE))
        with store.read() as tx:
            assert set(tx.inbox.filed(keys.values())) == {keys[1]}
            assert set(tx.inbox.filed([])) == set()
