"""The thread for what travels apart: what one step does, what it says, and that nothing in it waits for the rest."""

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.blobs import WAITING
from bus.daemon.current_member import UnsignedMember
from bus.daemon.health import health
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.metrics import RoadCollector
from bus.directory.member import Member
from bus.errors import BlobsAway, BusError, DirectoryExpired, DmsAway, OwnClockWrong, StoreAway, StoreFull
from bus.handling.transport import InboxState, OutboxState
from bus.ports.adapter import Filed, Filing
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Box
from bus.receiving.turns import SECONDS
from tests.scenarios.country import document
from tests.scenarios.large import LargeLand
from tests.unit.bus.daemon.offices import daemon_of, ended, step, wait_until


@pytest.fixture
def land() -> LargeLand:
    return LargeLand()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


def daemon(land: LargeLand, code: str, **other: Any) -> MailboxDaemon:
    settings: dict[str, Any] = {"every": 0.0, "blobs": {"stream": land.blobs[code]}} | other
    return daemon_of(land, code, **settings)


def rest(daemon: MailboxDaemon, name: str = "large") -> None:
    while step(daemon, name):
        pass


def test_two_daemons_exchange_a_large_file(land: LargeLand) -> None:
    """Started, they do it by themselves, beside the small ones."""
    sender, recipient = daemon(land, "G22", every=0.01), daemon(land, "H49", every=0.01)
    sent = land.send("G22", "H49", mib=10)
    land["G22"].dms.write(document("G22", "H49", number=2))
    for each in (sender, recipient):
        each.start()
    wait_until(lambda: len(land["G22"].dms.heard) == 2)
    ended(sender, recipient)
    assert land.filed("H49", sent)
    with pytest.raises(BlobsAway):
        land.blobs["G22"].begin()  # closed with the daemon


def test_it_says_how_far_it_is(land: LargeLand, logs: list[Any]) -> None:
    """Every tenth part at both ends, and that all is there; bytes are counted."""
    sender, recipient = daemon(land, "G22"), daemon(land, "H49")
    land.send("G22", "H49", mib=99)
    rest(sender)
    step(sender, "publish")
    step(recipient, "take-in")
    rest(recipient)
    for name in ("blob.sent", "blob.fetched"):
        facts = [entry for entry in logs if entry["event"] == name]
        assert [fact["percent"] for fact in facts] == list(range(10, 101, 10))
        assert facts[-1]["segments"] == facts[-1]["of"] == 100
    assert [entry["event"] for entry in logs][-1] == "blob.whole"
    assert sender.counters.read()["blob_bytes_sent"] > 99 * 2**20
    assert recipient.counters.read()["blob_bytes_fetched"] == sender.counters.read()["blob_bytes_sent"]
    metrics = {sample.labels["direction"]: sample.value for sample in _samples(sender, "lienthong_blob_bytes_total")}
    assert metrics == {"sent": sender.counters.read()["blob_bytes_sent"], "fetched": 0}
    assert not [each for each in _samples(sender, "lienthong_road_total") if "bytes" in each.labels["step"]]


def _samples(of: MailboxDaemon, name: str) -> list[Any]:
    return [each for metric in RoadCollector([of]).collect() for each in metric.samples if each.name == name]


def test_health_tells_of_what_is_under_way(land: LargeLand) -> None:
    """Which message, how many bytes of how many, and what holds it up."""
    sender = daemon(land, "G22")
    assert "transfers" not in _said(sender)
    land.send("G22", "H49", mib=30)
    step(sender, "large")
    land.depot.away = "no route"
    with pytest.raises(BlobsAway):
        step(sender, "large")
    (told,) = _said(sender)["transfers"]
    assert (told["state"], told["bytes"], told["done"]) == ("uploading", 30 * 2**20 + 5, SEGMENTS_AT_ONCE * 2**20)
    assert "no route" in told["error"]


def _said(of: MailboxDaemon) -> dict[str, Any]:
    mailboxes: Any = health([of])[1]["mailboxes"]
    said: dict[str, Any] = mailboxes[0]
    return said


def test_what_fails_keeps_the_others_from_nothing(land: LargeLand) -> None:
    """Where segments cannot be put, what came is filed all the same; that is raised once nothing else is left."""
    came, _ = land.sent("H49", "G22", mib=3)
    daemon_ = daemon(land, "G22")
    land.fetch_all("G22")
    land.send("G22", "H49", mib=3)
    land.depot.away = "no route"
    assert step(daemon_, "large")
    assert land.filed("G22", came)
    with pytest.raises(BlobsAway):
        rest(daemon_)
    with pytest.raises(BlobsAway):
        step(daemon_, "large")  # it is put off, and still not well
    land.depot.away = None
    land.wait(timedelta(minutes=2))
    rest(daemon_)
    assert not step(daemon_, "large")


def test_a_document_system_that_is_away(land: LargeLand) -> None:
    """It is asked again; what is under way goes on."""
    land.send("G22", "H49", mib=20)
    land.collect_large("G22")
    daemon_ = daemon(land, "G22")
    land["G22"].dms.away = DmsAway(why="bảo trì")
    with pytest.raises(DmsAway):
        rest(daemon_)
    assert land.depot.puts == 21


def test_no_more_are_sealed_than_can_be_sent(land: LargeLand) -> None:
    """While some wait, the others stay in the document system: they would lie on the disk twice."""
    land.depot.away = "no route"
    daemon_ = daemon(land, "G22")
    for number in range(WAITING + 3):
        land.send("G22", "H49", mib=1, number=number + 1)
    for _ in range(3 * WAITING):
        try:
            step(daemon_, "large")
        except BlobsAway:
            land.wait(timedelta(minutes=2))
    with land["G22"].store.read() as tx:
        assert tx.outbox.counts() == {OutboxState.UPLOADING: WAITING}
    land.depot.away = None
    land.wait(timedelta(minutes=2))
    rest(daemon_)
    with land["G22"].store.read() as tx:
        assert tx.outbox.counts() == {OutboxState.WAITING: WAITING + 3}


def test_it_looks_into_the_document_system_now_and_then(land: LargeLand) -> None:
    """Not at each step of a large file; and not at all where nothing large is offered there."""
    seconds = [0.0]
    daemon_ = daemon(land, "G22", every=5.0, steady=lambda: seconds[0])
    assert not step(daemon_, "large")
    land.send("G22", "H49", mib=1)
    assert not step(daemon_, "large")
    seconds[0] = 6.0
    assert step(daemon_, "large")
    other = daemon(land, "H49")
    land["H49"].dms.takes_large = False
    land.send("H49", "G22", mib=1)
    assert not step(other, "large")


def test_without_a_place_nothing_large_travels(land: LargeLand) -> None:
    """A mailbox without any still files what is whole, and says what it lacks for the rest."""
    came, _ = land.sent("H49", "G22", mib=3)
    land.fetch_all("G22")
    _, other = land.sent("H49", "G22", mib=3, number=2)
    daemon_ = daemon(land, "G22", blobs={})
    step(daemon_, "large")
    assert land.filed("G22", came)
    land.wait(timedelta(minutes=1))
    with pytest.raises(BlobsAway, match="not configured"):
        step(daemon_, "large")
    assert land.row("G22", Box.IN, other).state is InboxState.FETCHING


def test_what_is_refused_is_said(land: LargeLand, logs: list[Any]) -> None:
    """As of any other document."""
    land["H49"].dms.takes_large = False
    land.sent("G22", "H49", mib=65)
    rest(daemon(land, "H49"))
    (fact,) = [entry for entry in logs if entry["event"] == "deliver.trouble"]
    assert fact["refused"] == 1


@pytest.mark.parametrize(("takes_large", "at_once"), [(True, 2), (False, 1)])
def test_how_many_threads_file(land: LargeLand, takes_large: bool, at_once: int) -> None:
    """A document system is called by a third thread where it says that it takes large files, and not without: what is
    handed to it in memory takes turns with what is small."""
    land["H49"].dms.takes_large = takes_large
    land.sent("G22", "H49", mib=3)
    land.fetch_all("H49")
    land["G22"].dms.write(document("G22", "H49", number=2))
    land.collect("G22")
    land.publish("G22")
    inside, most, file = [], [0], land["H49"].dms.deliver

    def slow(filings: Sequence[Filing]) -> Sequence[Filed]:
        inside.append(1)
        most[0] = max(most[0], len(inside))
        time.sleep(0.2)
        inside.pop()
        return file(filings)

    land["H49"].dms.deliver = slow  # type: ignore[method-assign]
    daemon_ = daemon(land, "H49")
    step(daemon_, "take-in")
    threads = [threading.Thread(target=step, args=(daemon_, name)) for name in ("deliver", "large")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(land["H49"].dms.filed) == 2
    assert most[0] == at_once


def test_it_says_whose_wait_because_they_were_looked_for_in_vain(land: LargeLand, logs: list[Any]) -> None:
    """Once; one look took so long that it was the last of this hour."""
    ticks = itertools.count(0.0, SECONDS)
    for number in (1, 2):
        land.sent("G22", "H49", mib=1, number=number)
    land.depot.trim("G22")
    rest(daemon(land, "H49", steady=lambda: next(ticks)))
    (told,) = [entry for entry in logs if entry["event"] == "blobs.looked-in-vain"]
    assert (told["mailbox"], told["sender"], told["count"], told["log_level"]) == ("H49", "G22", 1, "warning")


class Wavering:
    """A member whose clock is wrong for a while."""

    def __init__(self, land: LargeLand, error: BusError | None) -> None:
        self.member_of = UnsignedMember(land["H49"].member)
        self.mailbox = self.member_of.mailbox
        self.error = error

    def member(self, now: datetime) -> Member:
        if self.error is not None:
            raise self.error
        return self.member_of.member(now)


@pytest.mark.parametrize(
    "error",
    [
        OwnClockWrong(now="2020", issued="2026"),
        DirectoryExpired(version=1, expired="2026"),
        StoreFull(store="H49.db", why="disk I/O error"),
        StoreAway(store="db", why="no route"),
    ],
    ids=lambda error: error.code,
)
def test_a_trouble_that_puts_nothing_off_is_over_at_once(land: LargeLand, error: BusError) -> None:
    """A clock that was set right, a directory that came, a disk with room: the next step is well, and so is health."""
    member = Wavering(land, error)
    recipient = daemon(land, "H49", member=member)
    with pytest.raises(type(error)):
        step(recipient, "large")
    member.error = None
    assert not step(recipient, "large")
