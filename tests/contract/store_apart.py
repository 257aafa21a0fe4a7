"""What every `bus.ports.Store` does with what travels apart: segments, how far a message is, and what nobody needs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.ports import Store
from bus.records import BlobKey, Box, InboxChange, InboxEntry, OutboxEntry, Segment, State, Transfer
from schemas.codes import Outcome, Priority
from schemas.docket import SEGMENT, Blob, Docket
from schemas.values import BlobId, MailboxCode
from tests.contract.store import LATER, NOW, PLENTY, arrived, change, due, hear, line, mid, put, row, sending, settle

ONE, TWO = "0" * 31 + "1", "f" * 31 + "2"
BOXES = pytest.mark.parametrize("box", list(Box))


def apart(made: Docket, *blobs: BlobId, size: int = 3 * SEGMENT) -> Docket:
    """The docket of a document with an attachment apart for each of these."""
    named = tuple(
        Blob(attachment=number, id=blob, size=size, segments=-(-size // SEGMENT), sha256="0" * 64)
        for number, blob in enumerate(blobs, 1)
    )
    return made.model_copy(update={"attachments": len(blobs), "blobs": named})


def large(number: int = 1, *blobs: BlobId, state: State = State.UPLOADING, **other: object) -> OutboxEntry:
    entry = replace(sending(number), state=state, **other)  # type: ignore[arg-type]
    return replace(entry, docket=apart(entry.docket, *(blobs or (ONE,))))


def come(number: int = 1, *blobs: BlobId, sender: MailboxCode = "G22", state: State = State.FETCHING) -> InboxEntry:
    entry = arrived(number, sender=sender)
    return replace(entry, state=state, docket=apart(entry.docket, *(blobs or (ONE,))))


def key(number: int = 1, blob: BlobId = ONE, *, sender: MailboxCode = "G22") -> BlobKey:
    return BlobKey(sender, mid(number), blob)


def segments(*numbers: int, blob: BlobId = ONE, text: str = "") -> list[Segment]:
    return [Segment(blob=blob, number=number, data=f"{text}{blob} {number}".encode()) for number in numbers]


def keep(store: Store, box: Box, blob: BlobKey, *numbers: int, text: str = "", at: timedelta = timedelta(0)) -> None:
    with store.write() as tx:
        tx.put_segments(box, blob, segments(*numbers, blob=blob.blob, text=text), at=NOW + at)


def read(store: Store, box: Box, blob: BlobKey, *, first: int = 1, limit: int = 100) -> list[Segment]:
    with store.read() as tx:
        return list(tx.segments(box, blob, first=first, limit=limit))


def take(store: Store, *entries: InboxEntry) -> None:
    with store.write() as tx:
        tx.put_inbox(entries)


def nobody_s(store: Store, box: Box, *, before: timedelta = timedelta(0)) -> list[BlobKey]:
    with store.read() as tx:
        return list(tx.unneeded(box, before=NOW + before))


def drop(store: Store, box: Box, blob: BlobKey, *, limit: int = 2) -> bool:
    with store.write() as tx:
        return tx.drop_segments(box, blob, limit=limit)


def first_due(store: Store, box: Box, state: State, *, now: timedelta = timedelta(0)) -> int | None:
    """The number of the message."""
    with store.read() as tx:
        entry = tx.due_apart(box, state, now=NOW + now)
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

    def test_until_its_entry_names_them_they_are_nobody_s(self, store: Store) -> None:
        """A sealing that was cut short leaves what began before; what is under way just now is left alone."""
        keep(store, Box.OUT, key(), 1)
        keep(store, Box.OUT, key(), 2, at=timedelta(hours=1))
        assert nobody_s(store, Box.OUT) == []
        assert nobody_s(store, Box.OUT, before=timedelta(seconds=1)) == [key()]
        put(store, large())
        assert nobody_s(store, Box.OUT, before=timedelta(days=1)) == []

    def test_an_entry_has_all_its_blobs(self, store: Store) -> None:
        """One that names what is not here is not put."""
        keep(store, Box.OUT, key(), 1)
        with pytest.raises(ValueError, match="blob"):
            put(store, large(1, ONE, TWO))
        assert due(store) == []
        with store.read() as tx:
            assert tx.rows(Box.OUT) == []

    @pytest.mark.parametrize("state", [State.DONE, State.CANCELLED])
    @BOXES
    def test_what_is_finished_needs_none(self, store: Store, box: Box, state: State) -> None:
        """Nor does what was taken as finished. What still waits, is sent, parked or refused does."""
        for number in (1, 2):
            if box is Box.OUT:
                keep(store, box, key(number), 1)
                put(store, large(number))
            else:
                take(store, come(number))
        if box is Box.OUT:
            settle(store, change(1, state), change(2, State.SENT))
            settle(store, change(2, State.PARKED))
        else:
            take(store, come(3, state=state))
            with store.write() as tx:
                tx.change_inbox([_settled(1, state), _settled(2, State.REFUSED)])
        assert nobody_s(store, box) == [key(1)]

    def test_what_all_have_receipted_needs_none(self, store: Store) -> None:
        """A receipt that finishes an entry lets go of its blobs."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        hear(store, line(1, outcome=Outcome.HELD))
        assert row(store).state is State.DONE
        assert nobody_s(store, Box.OUT) == [key()]

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
        assert nobody_s(store, box, before=timedelta(days=9)) == []

    def test_a_write_that_fails_keeps_none(self, store: Store) -> None:
        """Segments come with the rest of their transaction, or not at all."""

        def failing() -> None:
            with store.write() as tx:
                tx.put_segments(Box.OUT, key(), segments(1), at=NOW)
                raise InterruptedError

        with pytest.raises(InterruptedError):
            failing()
        assert read(store, Box.OUT, key()) == []
        assert nobody_s(store, Box.OUT, before=timedelta(days=9)) == []

    def test_reading_writes_nothing(self, store: Store) -> None:
        """What changes something is refused in a transaction that reads."""
        with store.read() as tx:
            for attempt in (
                lambda: tx.put_segments(Box.OUT, key(), [], at=NOW),
                lambda: tx.drop_segments(Box.OUT, key(), limit=1),
                lambda: tx.put_transfer(Box.OUT, moved()),
            ):
                with pytest.raises(RuntimeError):
                    attempt()

    def test_space_is_given_back(self, store: Store) -> None:
        """As often as there is some; where there is none, at once."""
        while store.give_back():
            pass
        assert not store.give_back()


def _settled(number: int, state: State, *, next_at: timedelta | None = None) -> InboxChange:
    at = None if next_at is None else NOW + next_at
    return InboxChange(message=mid(number), state=state, attempts=1, next_at=at, at=LATER)


def moved(number: int = 1, *, sender: MailboxCode = "G22", **other: object) -> Transfer:
    return replace(Transfer(message=mid(number), sender=sender, began_at=NOW), **other)  # type: ignore[arg-type]


class TransferContract:
    @pytest.mark.parametrize("state", [State.UPLOADING, State.FETCHING, State.FETCHED])
    def test_the_ordinary_road_never_meets_them(self, store: Store, state: State) -> None:
        """Neither at once nor when their time comes: an urgent small document is never behind a large one."""
        keep(store, Box.OUT, key(), 1)
        keep(store, Box.OUT, key(2), 1)
        put(store, large(state=state), large(2, state=state, next_at=NOW))
        take(store, come(state=state), replace(come(2, state=state), next_at=NOW))
        assert due(store, now=LATER) == []
        with store.read() as tx:
            assert tx.due_inbox(now=LATER, limit=10, max_bytes=PLENTY) == []
        assert first_due(store, Box.OUT, state) == first_due(store, Box.IN, state) == 1

    def test_one_comes_back_as_it_was(self, store: Store) -> None:
        """With its body, and with the recipients that it is for."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        take(store, come())
        with store.read() as tx:
            assert tx.due_apart(Box.OUT, State.UPLOADING, now=NOW) == large()
            assert tx.due_apart(Box.IN, State.FETCHING, now=NOW) == come()
            assert tx.due_apart(Box.IN, State.FETCHED, now=NOW) is None

    @BOXES
    def test_the_most_urgent_then_the_oldest(self, store: Store, box: Box) -> None:
        """Of those that are due; what was put off waits for its time, and is as urgent then as ever."""
        state = State.UPLOADING if box is Box.OUT else State.FETCHING
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
            settle(store, change(3, state, next_at=LATER))
        else:
            with store.write() as tx:
                tx.change_inbox([_settled(3, state, next_at=timedelta(hours=1))])
        assert row(store, 3, box).next_at == LATER
        assert first_due(store, box, state) == 1
        assert first_due(store, box, state, now=timedelta(hours=1)) == 3
        with store.write() as tx:
            tx.hasten(box, state, beyond=NOW, to=NOW)
        assert first_due(store, box, state) == 3

    @BOXES
    def test_how_far_a_message_is(self, store: Store, box: Box) -> None:
        """Kept with its entry, and replaced as a whole; for what is not here, nothing is kept."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        take(store, come(), come(sender="Z99"))
        full = moved(done=7, kind="s3", mark="9", looked=True, behind=mid(5), finished_at=LATER)
        with store.write() as tx:
            tx.put_transfer(box, moved())
            tx.put_transfer(box, full)
            tx.put_transfer(box, moved(2))
            tx.put_transfer(box, moved(sender="X01"))
        with store.read() as tx:
            assert tx.transfers(box, [mid(1), mid(2)]) == [full]
            assert tx.transfers(box, []) == []
        if box is Box.IN:
            with store.write() as tx:
                tx.put_transfer(box, moved(sender="Z99", done=1))
                assert {each.sender: each.done for each in tx.transfers(box, [mid(1)])} == {"G22": 7, "Z99": 1}

    def test_it_is_forgotten_with_its_entry(self, store: Store) -> None:
        """And stays until then, whatever becomes of the message."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        with store.write() as tx:
            tx.put_transfer(Box.OUT, moved(finished_at=NOW))
        settle(store, change(1, State.DONE))
        with store.read() as tx:
            assert tx.transfers(Box.OUT, [mid(1)])
        store.forget(LATER)
        with store.read() as tx:
            assert tx.transfers(Box.OUT, [mid(1)]) == []
        assert nobody_s(store, Box.OUT) == [key()]

    def test_headers_are_known_once_all_is_there(self, store: Store) -> None:
        """A change may say what travels beside the message; others leave it."""
        keep(store, Box.OUT, key(), 1)
        put(store, large())
        settle(store, replace(change(1, State.WAITING), headers={"x-a": "stream 5"}))
        settle(store, change(1, State.WAITING))
        (entry,) = due(store)
        assert entry.headers == {"x-a": "stream 5"}
