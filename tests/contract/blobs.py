"""What every `bus.ports.Blobs` does. A test file gives it a `ground` fixture and subclasses `BlobsContract`."""

from collections.abc import Callable, Sequence
from typing import Protocol

import pytest

from bus.errors import BlobsAway
from bus.ports.blobs import SEGMENTS_AT_ONCE, Blobs
from bus.ports.records import Segment
from schemas.values import BlobId, MailboxCode

HOME, OTHER, THIRD = MailboxCode("H49"), MailboxCode("G22.98"), MailboxCode("A01")
MAILBOXES = (HOME, OTHER, THIRD)
ONE, TWO = "0" * 31 + "1", "f" * 31 + "2"


class Ground(Protocol):
    """Where MAILBOXES put segments; nothing has been put. And a network to cut."""

    def blobs(self, mailbox: MailboxCode) -> Blobs:
        """A mailbox's own way there, new at each call; closed by the ground."""

    def cut(self) -> None:
        """Nobody gets there any more."""

    def mend(self) -> None: ...


def segment(number: int, *, blob: BlobId = ONE, size: int = 1000) -> Segment:
    return Segment(blob=blob, number=number, data=(b"%s %d " % (blob.encode(), number)).ljust(size, b"."))


def segments(*numbers: int, blob: BlobId = ONE, size: int = 1000) -> list[Segment]:
    return [segment(number, blob=blob, size=size) for number in numbers]


def fetched(
    blobs: Blobs, sender: MailboxCode, blob: BlobId = ONE, *, most: int = 99, mark: str | None = None, limit: int = 8
) -> list[Segment]:
    """As a recipient asks: on from the mark of the last one, until it has as many as there should be, or nothing comes
    any more, which may take a while to be sure of."""
    found: list[Segment] = []
    first = 1
    while len(found) < most and (some := blobs.get(sender, blob, first=first, mark=mark, limit=limit)):
        assert len(some) <= limit
        found += some
        mark = some[-1].mark
        first = max(first, some[-1].number + 1)
    return found


def plain(found: Sequence[Segment]) -> list[Segment]:
    """Without marks, as they were put."""
    return [Segment(blob=each.blob, number=each.number, data=each.data) for each in found]


class BlobsContract:
    def test_what_was_put_is_found_by_others(self, ground: Ground) -> None:
        """From the mark of before on, in order, to the byte; by every mailbox, its sender too."""
        sender = ground.blobs(HOME)
        mark = sender.begin()
        assert mark
        assert " " not in mark
        sender.put(segments(1, 2, 3))
        for reader in (ground.blobs(OTHER), ground.blobs(THIRD), sender):
            assert plain(fetched(reader, HOME, mark=mark, most=3)) == segments(1, 2, 3)

    def test_a_full_segment(self, ground: Ground) -> None:
        """One of 1 MiB, and its seal, is nothing special."""
        sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
        mark, whole = sender.begin(), segments(*range(1, SEGMENTS_AT_ONCE + 2), size=1024 * 1024 + 16)
        sender.put(whole[:SEGMENTS_AT_ONCE])
        sender.put(whole[SEGMENTS_AT_ONCE:])
        assert plain(fetched(reader, HOME, mark=mark, most=len(whole))) == whole

    @pytest.mark.parametrize("limit", [1, 2, 5, 8])
    def test_a_limit(self, ground: Ground, limit: int) -> None:
        """No more come at once than were asked for, and the rest by the mark of the last one."""
        sender = ground.blobs(HOME)
        mark = sender.begin()
        sender.put(segments(1, 2, 3, 4, 5))
        assert plain(fetched(ground.blobs(OTHER), HOME, mark=mark, limit=limit, most=5)) == segments(1, 2, 3, 4, 5)

    def test_those_that_are_there_are_left_out(self, ground: Ground) -> None:
        """Who has some asks from the next number on."""
        sender = ground.blobs(HOME)
        mark = sender.begin()
        sender.put(segments(1, 2, 3, 4))
        reader = ground.blobs(OTHER)
        assert plain(reader.get(HOME, ONE, first=3, mark=mark, limit=2)) == segments(3, 4)
        assert not reader.get(HOME, ONE, first=5, mark=mark)

    def test_from_the_oldest_on(self, ground: Ground) -> None:
        """Without a mark it is looked for among all that is kept."""
        sender = ground.blobs(HOME)
        sender.put(segments(1, 2, blob=TWO))
        sender.put(segments(1, 2))
        reader = ground.blobs(OTHER)
        assert plain(fetched(reader, HOME, most=2)) == segments(1, 2)
        assert plain(fetched(reader, HOME, TWO, most=2)) == segments(1, 2, blob=TWO)

    def test_two_blobs_at_once(self, ground: Ground) -> None:
        """What lies between is not theirs, and is not seen; each goes on by its own marks."""
        sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
        mark = sender.begin()
        for number in range(1, 7):
            sender.put([segment(number), segment(number, blob=TWO)])
        marks: dict[BlobId, str | None] = {ONE: mark, TWO: mark}
        found: dict[BlobId, list[Segment]] = {ONE: [], TWO: []}
        for _ in range(3):
            for blob in (ONE, TWO):
                some = reader.get(HOME, blob, first=len(found[blob]) + 1, mark=marks[blob], limit=2)
                marks[blob] = some[-1].mark
                found[blob] += some
        for blob in (ONE, TWO):
            assert plain(found[blob]) == segments(*range(1, 7), blob=blob)
            assert not reader.get(HOME, blob, first=7, mark=marks[blob])

    def test_two_senders_of_one_id(self, ground: Ground) -> None:
        """An id names a blob among its own sender's."""
        one, other, reader = ground.blobs(HOME), ground.blobs(OTHER), ground.blobs(THIRD)
        one.put([segment(1)])
        other.put([segment(2)])
        assert plain(fetched(reader, HOME)) == [segment(1)]
        assert plain(fetched(reader, OTHER, most=1)) == [segment(2)]

    def test_another_process_goes_on(self, ground: Ground) -> None:
        """A mark means the same to whoever asks by it."""
        sender = ground.blobs(HOME)
        mark = sender.begin()
        sender.put(segments(1, 2, 3, 4))
        some = ground.blobs(OTHER).get(HOME, ONE, first=1, mark=mark, limit=2)
        assert plain(some) == segments(1, 2)
        assert plain(ground.blobs(OTHER).get(HOME, ONE, first=3, mark=some[-1].mark, limit=2)) == segments(3, 4)

    def test_asked_for_again(self, ground: Ground) -> None:
        """What was fetched stays there, for the same question and for an earlier one."""
        sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
        mark = sender.begin()
        sender.put(segments(1, 2, 3))
        assert [reader.get(HOME, ONE, first=n, mark=mark, limit=1)[0].number for n in (1, 1, 3, 2)] == [1, 1, 3, 2]

    def test_put_again(self, ground: Ground) -> None:
        """A sender that does not know what got there puts it again: it comes at least once."""
        sender = ground.blobs(HOME)
        mark = sender.begin()
        sender.put(segments(1, 2))
        sender.put(segments(2, 3))
        found = plain(fetched(ground.blobs(OTHER), HOME, mark=mark))
        assert [each.number for each in found] in ([1, 2, 3], [1, 2, 2, 3])
        assert all(each == segment(each.number) for each in found)

    def test_nothing_there(self, ground: Ground) -> None:
        """Of a blob that nobody put, or of a mailbox that put nothing, nothing comes, and nothing is wrong."""
        sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
        assert not reader.get(HOME, ONE, first=1, mark=None)
        mark = sender.begin()
        assert not reader.get(HOME, ONE, first=1, mark=mark)
        sender.put([segment(1)])
        assert not reader.get(HOME, TWO, first=1, mark=mark)
        assert not reader.get(THIRD, ONE, first=1, mark=None)

    def test_what_comes_later(self, ground: Ground) -> None:
        """Nothing more to be found is so for now: what is put afterwards is found by the same mark."""
        sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
        mark = sender.begin()
        sender.put(segments(1))
        (found,) = fetched(reader, HOME, mark=mark)
        sender.put(segments(2))
        assert plain(reader.get(HOME, ONE, first=2, mark=found.mark, limit=1)) == segments(2)

    def test_removed(self, ground: Ground) -> None:
        """Those that nobody needs may go, one's own and no others; what never was does no harm."""
        sender, neighbour, reader = ground.blobs(HOME), ground.blobs(OTHER), ground.blobs(THIRD)
        mark, theirs = sender.begin(), neighbour.begin()
        sender.put([segment(1), segment(1, blob=TWO)])
        neighbour.put([segment(1)])
        sender.remove([ONE, "e" * 32])
        assert plain(fetched(reader, HOME, TWO, mark=mark, most=1)) == [segment(1, blob=TWO)]
        assert plain(fetched(reader, OTHER, ONE, mark=theirs, most=1)) == [segment(1)]

    @pytest.mark.parametrize(
        "attempt",
        [
            pytest.param(lambda blobs: blobs.begin(), id="begin"),
            pytest.param(lambda blobs: blobs.put([segment(9)]), id="put"),
            pytest.param(lambda blobs: blobs.get(HOME, ONE, first=1, mark="0"), id="get"),
        ],
    )
    def test_away(self, ground: Ground, attempt: Callable[[Blobs], object]) -> None:
        """Where it cannot be reached it says so; later all works again, and what was durable is there."""
        blobs = ground.blobs(HOME)
        mark = blobs.begin()
        blobs.put(segments(1, 2))
        assert plain(blobs.get(HOME, ONE, first=1, mark=mark, limit=1)) == segments(1)
        ground.cut()
        with pytest.raises(BlobsAway):
            attempt(blobs)
        ground.mend()
        blobs.put(segments(3))
        assert [each.number for each in fetched(blobs, HOME, mark=mark) if each.number < 9] == [1, 2, 3]

    def test_nothing_is_nothing(self, ground: Ground) -> None:
        """Putting nothing and removing nothing works without a connection."""
        blobs = ground.blobs(HOME)
        ground.cut()
        blobs.put([])
        blobs.remove([])

    def test_closed(self, ground: Ground) -> None:
        """A closed one does nothing any more, and closing it again is no mistake."""
        blobs = ground.blobs(HOME)
        blobs.put([segment(1)])
        blobs.close()
        blobs.close()
        with pytest.raises(BlobsAway):
            blobs.put([segment(2)])
        with pytest.raises(BlobsAway):
            blobs.get(HOME, ONE, first=1, mark=None)
