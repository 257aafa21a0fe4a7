"""Large attachments when things go wrong at the sender, or where segments wait: what was confirmed is not sent again,
nothing half is accepted, and the outbox says where it stands."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.directory.agencies import Directory
from bus.errors import BlobsAway, DmsAway, StoreFull, TryLater
from bus.handling.transport import InboxState, OutboxState
from bus.operations.messages import list_rows, retry, withdraw_message
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Box
from tests.fakes.blobs import FakeDepot
from tests.fakes.source import Generated, lying
from tests.scenarios.country import document
from tests.scenarios.large import MIB, LargeLand

MINUTE = timedelta(minutes=1)


def test_an_upload_goes_on_where_it_was_cut() -> None:
    """Of what was confirmed nothing is sent again, whoever died; what was under way then may be."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=20)
    land.collect_large("G22")
    land.upload("G22")
    land.depot.cut_put(3)
    with pytest.raises(BlobsAway):
        land.upload("G22")
    assert not land.upload("G22").more, "it is due again in a while"
    land.wait(MINUTE)
    land.settle(20)
    assert land.filed("H49", sent)
    assert land.depot.puts == 21 + 3


def test_where_they_wait_is_away() -> None:
    """For hours: it is said in the outbox, and nothing is given up. The others' mail goes on."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=20)
    land.collect_large("G22")
    land.depot.away = "no route"
    for _ in range(100):
        with pytest.raises(BlobsAway):
            land.upload("G22")
        land.wait(2 * MINUTE)
    (row,) = list_rows(land["G22"].store, Box.OUT)
    assert (row.state, row.attempts) == (OutboxState.UPLOADING, 100)
    assert "no route" in (row.error or "")
    land.depot.away = None
    land.upload("G22")
    (row,) = list_rows(land["G22"].store, Box.OUT)
    assert (row.attempts, row.error) == (0, None)
    land.settle(20)
    assert land.filed("H49", sent)


def test_full_where_they_wait() -> None:
    """The sender waits, and says so; the document goes once there is room."""
    land = LargeLand()
    sent = land.send("G22", "H49")
    land.collect_large("G22")
    land.depot.full = "quota"
    with pytest.raises(BlobsAway, match="quota"):
        land.upload("G22")
    land.depot.full = None
    land.wait(MINUTE)
    land.settle(20)
    assert land.filed("H49", sent)


def test_another_place_is_configured() -> None:
    """What was begun in one is put into the other from the first segment on; recipients go where the message says."""
    land = LargeLand()
    sent = land.send("G22", "H49")
    land.collect_large("G22")
    land.upload("G22")
    s3 = FakeDepot("s3")
    for code in land.offices:
        land.blobs[code] = s3.of(code)
    land.settle(20)
    assert land.filed("H49", sent)
    assert (land.depot.puts, s3.puts) == (SEGMENTS_AT_ONCE, 21)


def test_a_recipient_without_that_place() -> None:
    """Its operator has to act; the message waits, and is fetched once the place is configured."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49")
    stream, land.blobs["H49"] = land.blobs["H49"], FakeDepot("s3").of("H49")
    for _ in range(50):
        with pytest.raises(BlobsAway, match="not configured"):
            land.fetch("H49")
        assert not land.fetch("H49").more
        land.wait(10 * MINUTE)
    assert land.row("H49", Box.IN, message).state is InboxState.FETCHING
    land.blobs["H49"] = stream
    land.settle(20)
    assert land.filed("H49", sent)


def test_a_disk_that_fills_half_way_at_the_sender() -> None:
    """Nothing is accepted, what was sealed goes again, and the document system keeps its file for the next time."""
    land = LargeLand()
    sent = land.send("G22", "H49")
    store = land["G22"].store

    class Filling(type(store)):  # type: ignore[misc]
        def write(self):  # type: ignore[no-untyped-def]
            self.full = land.kept("G22", Box.OUT) >= 16 and not self.relieved
            return super().write()

    store.relieved = False  # type: ignore[attr-defined]
    store.__class__ = Filling
    with pytest.raises(StoreFull):
        land.collect_large("G22")
    store.relieved = True  # type: ignore[attr-defined]
    land.wait(MINUTE)
    land.sweep_all("G22")
    assert land.kept("G22", Box.OUT) == 0
    land.settle(20)
    assert land.filed("H49", sent)


def test_the_last_commit_of_an_acceptance_fails() -> None:
    """All is sealed, and its entry cannot be kept: none of it stays."""
    land = LargeLand()
    land.send("G22", "H49", mib=10)
    store = land["G22"].store

    failed: list[bool] = []

    class Failing(type(store)):  # type: ignore[misc]
        def write(self):  # type: ignore[no-untyped-def]
            if land.kept("G22", Box.OUT) == 11 and not failed:
                failed.append(True)
                raise StoreFull(store="memory", why="once")
            return super().write()

    store.__class__ = Failing
    with pytest.raises(StoreFull):
        land.collect_large("G22")
    assert land.kept("G22", Box.OUT) == 0


def test_killed_while_it_is_sealed() -> None:
    """What is left of a sealing that was cut short is dropped; the document system offers the document again."""
    land = LargeLand()
    sent = land.send("G22", "H49")

    class Killed(BaseException): ...

    class Dying(type(land["G22"].store)):  # type: ignore[misc]
        def write(self):  # type: ignore[no-untyped-def]
            if land.kept("G22", Box.OUT) >= 8:
                raise Killed
            return super().write()

    store = land["G22"].store
    plain, store.__class__ = type(store), Dying
    with pytest.raises(Killed):
        land.collect_large("G22")
    store.__class__ = plain
    assert land.kept("G22", Box.OUT) == 8
    land.wait(MINUTE)
    land.settle(20)
    land.sweep_all("G22")
    assert land.filed("H49", sent)
    assert land.kept("G22", Box.OUT) == 0


def test_killed_between_the_last_segment_and_the_message() -> None:
    """All segments are there and nobody knows: the last ones are put again, and the message goes."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=SEGMENTS_AT_ONCE - 1)
    land.collect_large("G22")
    store = land["G22"].store
    earlier = store.memory
    land.upload("G22")
    store.memory = earlier  # what was committed after the put is as if it had never been
    land.settle(20)
    assert land.filed("H49", sent)
    assert land.depot.puts == 2 * SEGMENTS_AT_ONCE


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        (Generated(3 * MIB, fails_at=2 * MIB), False),
        (Generated(3 * MIB, ends_at=2 * MIB), True),
        (Generated(3 * MIB, ends_at=2 * MIB + 9), True),
    ],
    ids=["unreadable", "cut", "cut within"],
)
def test_a_file_that_cannot_be_read_to_its_end(source: Generated, refused: bool) -> None:
    """A disk's fault is tried again, a file that is not what was said is refused; of neither anything stays."""
    land = LargeLand()
    small = document("G22", "H49")
    land["G22"].dms.write(small.model_copy(update={"attachments": (lying("a.pdf", source),)}))
    (answer,) = land.collect_large("G22")
    assert answer.error is not None
    assert isinstance(answer.error, TryLater) is not refused
    assert land.kept("G22", Box.OUT) == 0


def test_a_file_that_cannot_be_read_into_a_message() -> None:
    """Where it must travel whole, the same."""
    land = LargeLand(largest={})
    small = document("G22", "H49")
    source = Generated(3 * MIB, fails_at=2 * MIB)
    land["G22"].dms.write(small.model_copy(update={"attachments": (lying("a.pdf", source),)}))
    (answer,) = land.collect_large("G22")
    assert isinstance(answer.error, DmsAway)


def test_no_key_to_seal_it_to() -> None:
    """Found when all is sealed apart: nothing of that stays."""
    land = LargeLand()
    book = land["G22"].member.directory.book
    keys = {code: each for code, each in book.keys.items() if code != "H49"}
    directory = Directory(replace(book, keys=keys), on=land["G22"].member.directory.on)
    land["G22"].member = replace(land["G22"].member, directory=directory)
    land.send("G22", "H49", mib=3)
    (answer,) = land.collect_large("G22")
    assert answer.error is not None
    assert answer.error.code == "no-key"
    assert land.kept("G22", Box.OUT) == 0


def test_segments_lost_from_the_outbox() -> None:
    """Of a damaged store that was saved: it is parked with its reason, and can be withdrawn."""
    land = LargeLand()
    land.send("G22", "H49")
    (answer,) = land.collect_large("G22")
    assert answer.message is not None
    data = land["G22"].store.memory
    for key, held in data.blobs.items():
        data.blobs[key] = replace(held, segments={n: each for n, each in held.segments.items() if n != 10})
    for _ in range(4):
        land.upload("G22")
    row = land.row("G22", Box.OUT, answer.message)
    assert row.state is OutboxState.PARKED
    assert "no longer where" in (row.error or "")
    retry(land["G22"].store, Box.OUT, [answer.message], now=land.now)
    assert land.row("G22", Box.OUT, answer.message).state is OutboxState.UPLOADING
    withdraw_message(land["G22"].store, answer.message, now=land.now, new_id=land["G22"].member.new_id)
    land.sweep_all("G22")
    assert land.kept("G22", Box.OUT) == 0
