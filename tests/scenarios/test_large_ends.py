"""How large attachments end that are not simply filed: disks that are full, expiry, discarding, headers that lie."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bus.errors import BlobsAway, DmsAway, NotInTime, StoreFull
from bus.handling.transport import InboxState
from bus.operations.messages import discard_message, release, retry
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Box
from bus.receiving.take_in import take_in
from bus.wire.message import publication
from schemas.codes import Priority
from schemas.values import MessageId
from tests.fakes.blobs import FakeDepot
from tests.scenarios.large import MIB, LargeLand

MINUTE = timedelta(minutes=1)


def _again(land: LargeLand, message: MessageId):  # type: ignore[no-untyped-def]
    with land["G22"].store.read() as tx:
        (entry,) = tx.outbox.unfinished([message])
    return publication(entry)


def test_a_disk_that_fills_half_way_at_the_recipient() -> None:
    """What is kept stays, nothing is receipted, and it goes on once there is room."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49")
    land.fetch("H49")
    land["H49"].store.full = True
    for _ in range(3):
        with pytest.raises(StoreFull):
            land.fetch("H49")
    land["H49"].store.full = False
    assert land.transfer("H49", Box.IN, message).done == SEGMENTS_AT_ONCE
    land.settle(20)
    assert land.filed("H49", sent)


def test_a_document_system_that_fills_half_way() -> None:
    """It has the whole file or none of it; it is asked again, and parked in the end like anything else."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49")
    land["H49"].dms.room = 5 * MIB
    other = land.sent("G22", "H49", number=2, mib=4)
    land.fetch_all("H49")
    for _ in range(100):
        for _ in range(2):
            with suppress(DmsAway):
                land.deliver_with_blobs("H49")
        land.wait(20 * MINUTE)
    row = land.row("H49", Box.IN, message)
    assert (row.state, row.attempts) == (InboxState.FETCHED, 0)
    assert "no space" in (row.error or "")
    assert land["H49"].dms.documents == [other[0].id], "what fits goes past it"
    land["H49"].dms.room = None
    retry(land["H49"].store, Box.IN, [message], now=land.now)
    land.deliver_with_blobs("H49")
    assert land.filed("H49", sent)


def test_one_that_its_document_system_stumbles_over() -> None:
    """It alone is tried again on the schedule, and parked in the end; released, it goes on as the whole that it is."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49", mib=3)
    land["H49"].dms.stumbles[sent.id] = 31
    land.fetch_all("H49")
    for _ in range(31):
        land.deliver_with_blobs("H49")
        land.wait(20 * MINUTE)
    assert land.row("H49", Box.IN, message).state is InboxState.PARKED
    release(land["H49"].store, Box.IN, [message], now=land.now)
    assert land.row("H49", Box.IN, message).state is InboxState.FETCHED
    land.deliver_with_blobs("H49")
    assert land.filed("H49", sent)


def test_a_segment_lost_after_all_was_proven() -> None:
    """A damaged disk: what is handed over ends early, and is not filed as if it were the file."""
    land = LargeLand()
    _, message = land.sent("G22", "H49", mib=9)
    land.fetch_all("H49")
    data = land["H49"].store.memory
    for key, held in data.blobs.items():
        data.blobs[key] = replace(held, segments={n: each for n, each in held.segments.items() if n != 5})
    land.deliver_with_blobs("H49")
    assert land["H49"].dms.filed == {}
    assert land.row("H49", Box.IN, message).state is InboxState.REFUSED


def test_discarded_while_it_was_not_whole() -> None:
    """A person gave it up: who sends it again is told so, and nothing of it stays."""
    land = LargeLand()
    _, message = land.sent("G22", "H49")
    land.fetch("H49")
    data = land["H49"].store.memory
    key = (message, "G22")
    data.inbox[key] = replace(data.inbox[key], entry=replace(data.inbox[key].entry, state=InboxState.PARKED))
    discard_message(land["H49"].store, message, now=land.now)
    land.sweep_all("H49")
    assert land.kept("H49", Box.IN) == 0
    for _ in range(3):
        land.wait(timedelta(days=1))
        land.settle(3)
    (bounce,) = land["G22"].dms.bounces
    assert bounce.error.code == "refused-by-dms"


def test_it_expires_while_it_is_fetched() -> None:
    """Its sender gives up by its own clock and tells its people; what the recipient has of it goes, and a repeated copy
    is answered as expired."""
    land = LargeLand()
    land["G22"].member = replace(land["G22"].member, expiry={Priority.NORMAL: timedelta(hours=1)})
    _, message = land.sent("G22", "H49")
    land.fetch("H49")
    land.wait(timedelta(hours=1, minutes=6))
    land.expire("G22")
    land.fetch("H49")
    assert land.row("H49", Box.IN, message).state is InboxState.CANCELLED
    land.settle(4)
    land.sweep_all("H49")
    land.sweep_all("G22")
    assert land.kept("H49", Box.IN) == land.kept("G22", Box.OUT) == 0
    assert land["H49"].dms.filed == {}
    assert isinstance(land["G22"].dms.bounces[0].error, NotInTime)


def test_an_expired_one_comes_again() -> None:
    """The copy that came late is refused, not receipted as held."""
    land = LargeLand()
    land["G22"].member = replace(land["G22"].member, expiry={Priority.NORMAL: timedelta(hours=1)})
    _, message = land.sent("G22", "H49")
    land.exchange.publish(_again(land, message), "G22")
    land.wait(timedelta(hours=2))
    land.fetch("H49")
    land.publish("H49")
    land.take_in("H49")
    land.publish("H49")
    land.take_in("G22")
    (line,) = land.row("G22", Box.OUT, message).recipients
    assert line.code == "expired"


def test_it_expires_while_it_is_uploaded() -> None:
    """The sender's people are told that nobody got it in time; no segment is put any more."""
    land = LargeLand()
    land["G22"].member = replace(land["G22"].member, expiry={Priority.NORMAL: timedelta(hours=1)})
    land.send("G22", "H49", mib=30)
    land.collect_large("G22")
    land.upload("G22")
    land.wait(timedelta(hours=2))
    land.expire("G22")
    land.deliver("G22")
    assert not land.upload("G22").more
    assert isinstance(land["G22"].dms.bounces[0].error, NotInTime)
    land.sweep_all("G22")
    assert land.kept("G22", Box.OUT) == 0


def test_what_nobody_needs_goes_where_it_waits_too() -> None:
    """In a store that forgets nothing by itself, once; where that is away, later."""
    land = LargeLand(depot=FakeDepot("s3"))
    _, message = land.sent("G22", "H49")
    blob = land.blob("G22", message)
    land.settle(20)
    assert len(land.depot.numbers("G22", blob)) == 21
    land.depot.away = "maintenance"
    with pytest.raises(BlobsAway):
        land.sweep("G22")
    land.depot.away = None
    land.sweep_all("G22")
    assert land.depot.numbers("G22", blob) == []
    assert land.removed["G22"] == set()


def test_what_cannot_be_removed_there_keeps_nothing_here() -> None:
    """Where the place lets nobody remove, the segments of what was received go all the same: the disk is ours."""
    land = LargeLand(depot=FakeDepot("s3"))
    land.sent("G22", "H49")
    land.sent("H49", "G22", number=2)
    land.settle(20)
    land.depot.away = "AccessDenied"
    with pytest.raises(BlobsAway):
        land.sweep_all("G22")
    assert land.kept("G22", Box.IN) == 0
    assert land.kept("G22", Box.OUT) == 21


@pytest.mark.parametrize("said", [None, b"stream 0", "stream", "nonsense of somebody", 7])
def test_nobody_says_where(said: object) -> None:
    """The header is a hint: without it, or with another one, all that is kept is looked through."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=9)
    land.collect_large("G22")
    land.upload_all("G22")
    land.publish("G22")
    arrivals = [
        replace(each, headers={"x-lienthong-blobs": said}) for each in land["H49"].broker.receive(limit=9, wait=0)
    ]
    take_in(land["H49"].store, arrivals, member=land["H49"].member, now=land.now)
    land["H49"].broker.ack(arrivals)
    land.settle(9)
    assert land.filed("H49", sent)


def test_a_message_without_its_transfer() -> None:
    """A recovered store may have lost how far it was: it begins anew, and looks everywhere."""
    land = LargeLand()
    sent, _ = land.sent("G22", "H49", mib=9)
    land.fetch("H49")
    land["H49"].store.memory.transfers.clear()
    land.settle(9)
    assert land.filed("H49", sent)


def test_refused_ones_stay_refused_until_a_person_looks() -> None:
    """A message that cannot be opened is not fetched, however often it comes; released, it is tried again."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49", mib=3)
    member, stranger = land["H49"].member, LargeLand()["H49"].member
    land["H49"].member = replace(member, identity=stranger.identity)
    land.fetch("H49")
    assert land.row("H49", Box.IN, message).state is InboxState.REFUSED
    land["H49"].member = member
    land.exchange.publish(_again(land, message), "G22")
    land.take_in("H49")
    row = land.row("H49", Box.IN, message)
    assert row.state is InboxState.REFUSED
    assert row.error
    release(land["H49"].store, Box.IN, [message], now=land.now)
    land.settle(9)
    assert land.filed("H49", sent)
