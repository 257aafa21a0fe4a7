"""What every `bus.ports.Store` does with large attachments: segments, transfers and orphans."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.handling.transport import INBOX_BLOBS, INBOX_FINISHED, OUTBOX_FINISHED, InboxState, OutboxState, State
from bus.ports.records import BlobKey, Box, InboxChange, InboxEntry, OutboxEntry, Segment, Transfer
from bus.ports.store import Store
from schemas.codes import Outcome, Priority
from schemas.docket import SEGMENT, Blob, Docket
from schemas.values import BlobId, MailboxCode
from tests.contract.store import LATER, NOW, PLENTY, arrived, change, due, hear, line, mid, put, row, sending, settle

ONE, TWO = "0" * 31 + "1", "f" * 31 + "2"
BOXES = pytest.mark.parametrize("box", list(Box))


def with_blobs(made: Docket, *blobs: BlobId, size: int = 3 * SEGMENT) -> Docket:
    """The docket of a document with an attachment apart for each of these."""
    named = tuple(
        Blob(attachment=number, id=blob, size=size, segments=-(-size // SEGMENT), sha256="0" * 64)
        for number, blob in enumerate(blobs, 1)
    )
    return made.model_copy(update={"attachments": len(blobs), "blobs": named})


def large(number: int = 1, *blobs: BlobId, state: OutboxState = OutboxState.UPLOADING, **other: object) -> OutboxEntry:
    entry = replace(sending(number), state=state, **other)  # type: ignore[arg-type]
    return replace(entry, docket=with_blobs(entry.docket, *(blobs or (ONE,))))


def come(
    number: int = 1, *blobs: BlobId, sender: MailboxCode = "G22", state: InboxState = InboxState.FETCHING
) -> InboxEntry:
    entry = arrived(number, sender=sender)
    return replace(entry, state=state, docket=with_blobs(entry.docket, *(blobs or (ONE,))))


def key(number: int = 1, blob: BlobId = ONE, *, sender: MailboxCode = "G22") -> BlobKey:
    return BlobKey(sender, mid(number), blob)


def segments(*numbers: int, blob: BlobId = ONE, text: str = "") -> list[Segment]:
    return [Segment(blob=blob, number=number, data=f"{text}{blob} {number}".encode()) for number in numbers]


def keep(store: Store, box: Box, blob: BlobKey, *numbers: int, text: str = "", at: timedelta = timedelta(0)) -> None:
    with store.write() as tx:
        tx.of(box).put_segments(blob, segments(*numbers, blob=blob.blob, text=text), at=NOW + at)


def read(store: Store, box: Box, blob: BlobKey, *, first: int = 1, limit: int = 100) -> list[Segment]:
    with store.read() as tx:
        return list(tx.of(box).segments(blob, first=first, limit=limit))


def take(store: Store, *entries: InboxEntry) -> None:
    with store.write() as tx:
        tx.inbox.put(entries)


def orphans(store: Store, box: Box, *, before: timedelta = timedelta(0)) -> list[BlobKey]:
    with store.read() as tx:
        return list(tx.of(box).orphans(before=NOW + before))


def drop(store: Store, box: Box, blob: BlobKey, *, limit: int = 2) -> bool:
    with store.write() as tx:
        return tx.of(box).drop_segments(blob, limit=limit)


def first_due(store: Store, box: Box, state: State, *, now: timedelta = timedelta(0)) -> int | None:
    """The number of the message."""
    with store.read() as tx:
        entry = tx.of(box).due_with_blobs(state, now=NOW + now)
    return None if entry is None else int(entry.docket.id[-12:], 16)


class SegmentContract:
    def test_in_the_order_of_their_numbers(self, store: Store) -> None:
        """However they were put, from any number on, as many as asked for; none where there are none."""
        take(store, come(1, ONE, TWO))
        keep(store, Box.IN, key(), 3, 1)
        keep(store, Box.IN, key(), 2, 10)
        keep(store, Box.IN, key(blob=TWO), 1)
        assert read(store, Box.IN, key()) == segments(1, 2, 3, 10)
        assert read(store, Box.IN, key(), first=2, limit=2) == segments(2, 3)
        assert read(store, Box.IN, key(), first=11) == []
        assert read(store, Box.IN, key(9)) == []

    @BOXES
    def test_put_again(self, store: Store, box: Box) -> None:
        """The later one counts."""
        if box is Box.IN:
            take(store, come())
        keep(store, box, key(), 1, 2)
        keep(store, box, key(), 2, 3, text="again ")
        assert read(store, box, key()) == [*segments(1), *segments(2, 3, text="again ")]
        keep(store, box, key())
        assert len(read(store, box, key())) == 3

    def test_a_copied_id_takes_nobody_s_place(self, store: Store) -> None:
        """A stranger's blob, another message's, the other box's: each is one of its own under the same id."""
        take(store, come(1), come(1, sender="Z99"), come(2))
        blobs = [(Box.IN, key()), (Box.IN, key(sender="Z99")), (Box.IN, key(2)), (Box.OUT, key())]
        for number, (box, blob) in enumerate(blobs, 1):
            keep(store, box, blob, number)
        for number, (box, blob) in enumerate(blobs, 1):
            assert [each.number for each in read(store, box, blob)] == [number]

    def test_until_its_entry_names_them_they_are_orphans(self, store: Store) -> None:
        """A sealing that was cut short leaves what began before; what is under way just now is left alone."""
        keep(store, Box.OUT, key(), 1)
        keep(store, Box.OUT, key(), 2, at=timedelta(hours=1))
        assert orphans(store, Box.OUT) == []
        assert orphans(store, Box.OUT, before=timedelta(seconds=1)) == [key()]
        put(store, large())
        assert orphans(store, Box.OUT, before=timedelta(days=1)) == []

    def test_an_entry_has_all_its_blobs(self, store: Store) -> None:
        """One that names what is not here is not put."""
        keep(store, Box.OUT, key(), 1)
        with pytest.raises(ValueError, match="blob"):
            put(store, large(1, ONE, TWO))
        assert due(store) == []
        with store.read() as tx:
            assert tx.outbox.rows() == []

    @pytest.mark.parametrize("state", sorted(OUTBOX_FINISHED))
    def test_what_is_finished_needs_none(self, store: Store, state: OutboxState) -> None:
        """What still waits, is sent or parked does."""
        for number in (1, 2):
            keep(store, Box.OUT, key(number), 1)
            put(store, large(number))
        settle(store, change(1, state), change(2, OutboxState.SENT))
        settle(store, change(2, OutboxState.PARKED))
        assert orphans(store, Box.OUT) == [key(1)]

    @pytest.mark.parametrize("state", sorted(INBOX_FINISHED))
    def test_what_is_filed_needs_none(self, store: Store, state: InboxState) -> None:
        """Nor does what was taken as finished. What still waits, or is refused, does."""
        take(store, come(1), come(2))
        take(store, come(3, state=state))
        with store.write() as tx:
            tx.inbox.change([_settled(1, state), _settled(2, InboxState.REFUSED)])
        assert orphans(store, Box.IN) == [key(1)]

    def test_what_all_have_receipted_needs_none(self, store: Store) -> None:
        """A receipt that finishes an entry lets go of its blobs."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        hear(store, line(1, outcome=Outcome.HELD))
        assert row(store).state is OutboxState.DONE
        assert orphans(store, Box.OUT) == [key()]

    @BOXES
    def test_they_go_piece_by_piece(self, store: Store, box: Box) -> None:
        """Some at a time, until none is left; then there is nothing to drop. Of what an entry needs, nothing goes."""
        keep(store, box, key(), *range(1, 6))
        keep(store, Box.OUT, key(2), 1)
        put(store, large(2))
        take(store, come(2))
        keep(store, Box.IN, key(2), 1)
        assert not drop(store, box, key(2))
        assert len(read(store, box, key(2))) == 1
        assert drop(store, box, key())
        assert [each.number for each in read(store, box, key())] == [3, 4, 5]
        assert drop(store, box, key())
        assert not drop(store, box, key())
        assert not drop(store, box, key())
        assert read(store, box, key()) == []
        assert orphans(store, box, before=timedelta(days=9)) == []

    def test_a_write_that_fails_keeps_none(self, store: Store) -> None:
        """Segments come with the rest of their transaction, or not at all."""

        def failing() -> None:
            with store.write() as tx:
                tx.outbox.put_segments(key(), segments(1), at=NOW)
                raise InterruptedError

        with pytest.raises(InterruptedError):
            failing()
        assert read(store, Box.OUT, key()) == []
        assert orphans(store, Box.OUT, before=timedelta(days=9)) == []

    def test_reading_writes_nothing(self, store: Store) -> None:
        """What changes something is refused in a transaction that reads."""
        with store.read() as tx:
            for attempt in (
                lambda: tx.outbox.put_segments(key(), [], at=NOW),
                lambda: tx.outbox.drop_segments(key(), limit=1),
                lambda: tx.outbox.put_transfer(moved()),
            ):
                with pytest.raises(RuntimeError):
                    attempt()

    def test_space_is_given_back(self, store: Store) -> None:
        """As often as there is some; where there is none, at once."""
        while store.give_back():
            pass
        assert not store.give_back()


def _settled(number: int, state: InboxState, *, next_at: timedelta | None = None) -> InboxChange:
    at = None if next_at is None else NOW + next_at
    return InboxChange(message=mid(number), state=state, attempts=1, next_at=at, at=LATER)


def moved(number: int = 1, *, sender: MailboxCode = "G22", **other: object) -> Transfer:
    return replace(Transfer(message=mid(number), sender=sender, began_at=NOW), **other)  # type: ignore[arg-type]


class TransferContract:
    @pytest.mark.parametrize("state", sorted(INBOX_BLOBS))
    def test_the_ordinary_road_never_meets_them(self, store: Store, state: InboxState) -> None:
        """Neither at once nor when their time comes: an urgent small document is never behind a large one."""
        keep(store, Box.OUT, key(), 1)
        keep(store, Box.OUT, key(2), 1)
        put(store, large(), large(2, next_at=NOW))
        take(store, come(state=state), replace(come(2, state=state), next_at=NOW))
        assert due(store, now=LATER) == []
        with store.read() as tx:
            assert tx.inbox.due(now=LATER, limit=10, max_bytes=PLENTY) == []
        assert first_due(store, Box.OUT, OutboxState.UPLOADING) == first_due(store, Box.IN, state) == 1

    def test_one_comes_back_as_it_was(self, store: Store) -> None:
        """With its body, and with the recipients that it is for."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        take(store, come())
        with store.read() as tx:
            assert tx.outbox.due_with_blobs(OutboxState.UPLOADING, now=NOW) == large()
            assert tx.inbox.due_with_blobs(InboxState.FETCHING, now=NOW) == come()
            assert tx.inbox.due_with_blobs(InboxState.FETCHED, now=NOW) is None

    def test_whose_segments_are_to_be_fetched(self, store: Store) -> None:
        """Each sender of what is due, once, however much it is; not of what is put off, whole, or refused."""
        take(store, come(1), come(2), come(3, sender="H17"), come(4, sender="H49", state=InboxState.FETCHED))
        take(store, replace(come(5, sender="H53"), next_at=LATER), come(6, sender="H08", state=InboxState.REFUSED))
        with store.read() as tx:
            assert sorted(tx.inbox.senders_to_fetch(now=NOW)) == ["G22", "H17"]
            assert sorted(tx.inbox.senders_to_fetch(now=LATER)) == ["G22", "H17", "H53"]
            assert tx.inbox.next_to_fetch("H17", now=NOW) == come(3, sender="H17")
            assert [tx.inbox.next_to_fetch(sender, now=NOW) for sender in ("H49", "H53", "Z99")] == [None] * 3

    def test_of_one_sender_what_went_well_so_far_goes_first(self, store: Store) -> None:
        """However urgent the rest is; then the most urgent, then the oldest."""
        urgent = [come(number) for number in (1, 4)]
        urgent = [replace(e, docket=e.docket.model_copy(update={"priority": Priority.URGENT})) for e in urgent]
        take(store, replace(urgent[0], error="not found", next_at=NOW), come(2), come(3), urgent[1])
        order = []
        for _ in range(4):
            with store.write() as tx:
                found = tx.inbox.next_to_fetch("G22", now=NOW)
                assert found is not None
                order.append(int(found.docket.id[-12:], 16))
                tx.inbox.change([_settled(order[-1], InboxState.FETCHED)])
        assert order == [4, 2, 3, 1]

    @BOXES
    def test_the_most_urgent_then_the_oldest(self, store: Store, box: Box) -> None:
        """Of those that are due; what was put off waits for its time, and is as urgent then as ever."""
        state: State = OutboxState.UPLOADING if box is Box.OUT else InboxState.FETCHING
        for number, priority in ((1, Priority.NORMAL), (2, Priority.NORMAL), (3, Priority.URGENT)):
            if box is Box.OUT:
                keep(store, box, key(number), 1)
                entry = large(number)
                put(store, replace(entry, docket=entry.docket.model_copy(update={"priority": priority})))
            else:
                came = come(number)
                take(store, replace(came, docket=came.docket.model_copy(update={"priority": priority})))
        assert first_due(store, box, state) == 3
        if box is Box.OUT:
            settle(store, change(3, OutboxState.UPLOADING, next_at=LATER))
        else:
            with store.write() as tx:
                tx.inbox.change([_settled(3, InboxState.FETCHING, next_at=timedelta(hours=1))])
        assert row(store, 3, box).next_at == LATER
        assert first_due(store, box, state) == 1
        assert first_due(store, box, state, now=timedelta(hours=1)) == 3
        with store.write() as tx:
            tx.of(box).reschedule(state, beyond=NOW, to=NOW)
        assert first_due(store, box, state) == 3

    @BOXES
    def test_how_far_a_message_is(self, store: Store, box: Box) -> None:
        """Kept with its entry, and replaced as a whole; for what is not here, nothing is kept."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        take(store, come(), come(sender="Z99"))
        full = moved(done=7, kind="s3", mark="9", looked=True, behind=mid(5), finished_at=LATER)
        with store.write() as tx:
            tx.of(box).put_transfer(moved())
            tx.of(box).put_transfer(full)
            tx.of(box).put_transfer(moved(2))
            tx.of(box).put_transfer(moved(sender="X01"))
        with store.read() as tx:
            assert tx.of(box).transfers([mid(1), mid(2)]) == [full]
            assert tx.of(box).transfers([]) == []
        if box is Box.IN:
            with store.write() as tx:
                tx.of(box).put_transfer(moved(sender="Z99", done=1))
                assert {each.sender: each.done for each in tx.of(box).transfers([mid(1)])} == {"G22": 7, "Z99": 1}

    def test_it_is_forgotten_with_its_entry(self, store: Store) -> None:
        """And stays until then, whatever becomes of the message."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        with store.write() as tx:
            tx.outbox.put_transfer(moved(finished_at=NOW))
        settle(store, change(1, OutboxState.DONE))
        with store.read() as tx:
            assert tx.outbox.transfers([mid(1)])
        store.forget(LATER)
        with store.read() as tx:
            assert tx.outbox.transfers([mid(1)]) == []
        assert orphans(store, Box.OUT) == [key()]

    def test_headers_are_known_once_all_is_there(self, store: Store) -> None:
        """A change may say what travels beside the message; others leave it."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        settle(store, replace(change(1, OutboxState.WAITING), headers={"x-a": "stream 5"}))
        settle(store, change(1, OutboxState.WAITING))
        (entry,) = due(store)
        assert entry.headers == {"x-a": "stream 5"}
