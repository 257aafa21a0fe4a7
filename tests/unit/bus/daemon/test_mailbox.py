"""One mailbox at work: what each loop's step calls, counts, says, and whom it wakes."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.mailbox import COLLECT, KEEP, MailboxDaemon, Surroundings
from bus.errors import BadPackage, DmsAway, RefusedByDms
from bus.ports import Answer
from bus.records import Box, Publication
from schemas.codes import Kind, Priority
from tests.fakes.dms import MemoryDms
from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import daemon_of, loop, step


class Untold(MemoryDms):
    """Gone between the question and the answer."""

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        raise DmsAway(why="bảo trì")


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def ended(*daemons: MailboxDaemon) -> None:
    for daemon in daemons:
        daemon.tell_to_stop()
        daemon.close()
        assert all(each.join(5) for each in daemon.loops)


def test_two_daemons_exchange_a_document(land: Land, logs: list[Any]) -> None:
    """Started, they do it by themselves; `look` spares the wait for the next interval; stopped, all their loops end."""
    sender, recipient = daemon_of(land, "G22", every=3600), daemon_of(land, "H49")
    sender.start()
    recipient.start()
    wait_until(lambda: loop(sender, "collect").health.turns)
    land["G22"].dms.write(document())
    sender.look()
    wait_until(lambda: land["G22"].dms.heard)
    assert land["G22"].dms.heard == [("01", "H49")]
    ended(sender, recipient)
    assert land["H49"].dms.documents == [document().id]
    assert {entry["event"] for entry in logs} == {"mailbox.started", "mailbox.stopped"}
    assert not land["G22"].broker.is_up


def test_steps_say_whether_there_may_be_more(land: Land) -> None:
    """A loop comes back at once after a full batch, and rests after any other."""
    daemon = daemon_of(land, "G22")
    for name in ("collect", "publish", "deliver", "forget"):
        assert not step(daemon, name)
    for number in range(COLLECT + 1):
        land["G22"].dms.write(document(number=number), ref=str(number))
    assert step(daemon, "collect")
    assert not step(daemon, "collect")
    land["G22"].broker.close()
    assert not step(daemon, "take-in")


def test_every_step_counts_what_it_did(land: Land, logs: list[Any]) -> None:
    """From dropped to filed and back, each counter once; a good road is silent."""
    sender, recipient = daemon_of(land, "G22"), daemon_of(land, "H49")
    land["G22"].dms.write(document())
    step(sender, "collect")
    land["G22"].dms.write(document())
    step(sender, "collect")
    step(sender, "publish")
    assert step(recipient, "take-in")
    step(recipient, "deliver")
    step(recipient, "publish")
    step(sender, "take-in")
    step(sender, "deliver")
    counted = {name: count for name, count in sender.tally.read().items() if count}
    assert counted == {"accepted": 1, "submitted_again": 1, "confirmed": 1, "held": 1, "receipts": 1, "filed": 1}
    counted = {name: count for name, count in recipient.tally.read().items() if count}
    assert counted == {"held": 1, "filed": 1, "confirmed": 2}
    assert logs == []


def test_a_slow_document_system_gets_small_batches(land: Land) -> None:
    """Where 250 documents take it a minute, an urgent one waits for no more than half a second's worth of them."""
    daemon = daemon_of(land, "H49")
    for number in range(400):
        land["G22"].dms.write(document(number=number))
    sender = daemon_of(land, "G22")
    for _ in range(2):
        step(sender, "collect")
        step(sender, "publish")
        step(daemon, "take-in")
    seconds = iter((0.0, 60.0, 60.0, 60.4))
    daemon = daemon_of(land, "H49", steady=lambda: next(seconds))
    filed = [0]
    for _ in range(2):
        assert step(daemon, "deliver")
        filed.append(land["H49"].dms.filings)
    assert filed == [0, 250, 252]


def test_what_has_expired_is_said_and_told(land: Land, logs: list[Any]) -> None:
    """Counted, logged with its document, and the document system is told in the next turn."""
    land["G22"].member = replace(land["G22"].member, expiry={Priority.NORMAL: timedelta(hours=1)})
    daemon = daemon_of(land, "G22")
    land["G22"].dms.write(document())
    step(daemon, "collect")
    assert not step(daemon, "expire")
    land.wait(timedelta(hours=1))
    assert not step(daemon, "expire")
    assert daemon.tally.read()["expired"] == 1
    (entry,) = logs
    assert entry["event"] == "outbox.expired"
    assert document().id in entry["said"]
    step(daemon, "deliver")
    assert [bounce.error.code for bounce in land["G22"].dms.bounces] == ["not-in-time"]


def test_what_is_due_is_said(land: Land, logs: list[Any]) -> None:
    """By the lead of its configuration; counted by stage, logged with document, agency and day."""
    daemon = daemon_of(land, "G22", lead=timedelta(days=2))
    land["G22"].dms.write(document(due_on=land.now.date() + timedelta(days=2)))
    step(daemon, "collect")
    assert not step(daemon, "deadlines")
    assert logs == []
    for days, stage in ((1, "near"), (2, "passed")):
        land.wait(timedelta(days=days))
        assert not step(daemon, "deadlines")
        assert daemon.tally.read()[f"deadlines_{stage}"] == 1
        assert (logs[-1]["event"], logs[-1]["document"]) == (f"deadline.{stage}", document().id)
        assert "H49: due 2016-07-03" in logs[-1]["said"]


def test_a_refused_submission_is_said(land: Land, logs: list[Any]) -> None:
    """With the document system's name for it and the sentence that its people get."""
    daemon = daemon_of(land, "G22")
    error = BadPackage(why="edXMLHeader is missing", path="edXML", remedy="add it")
    land["G22"].dms.write(error, ref="gói 1.edxml")
    step(daemon, "collect")
    assert daemon.tally.read()["rejected"] == 1
    (entry,) = logs
    assert (entry["event"], entry["ref"], entry["error"]) == ("submission.refused", "gói 1.edxml", str(error))


def test_what_was_accepted_is_counted_though_the_system_cannot_be_told(land: Land) -> None:
    """It is durable and on its way; offered again it is one submitted again."""
    land["G22"].dms = Untold()
    daemon = daemon_of(land, "G22")
    land["G22"].dms.write(document())
    with pytest.raises(DmsAway):
        step(daemon, "collect")
    assert daemon.tally.read()["accepted"] == 1


def test_trouble_with_publishing_is_said(land: Land, logs: list[Any]) -> None:
    """How many the broker refused, how many were lost with the connection."""
    daemon = daemon_of(land, "G22")
    land.exchange.set_limit("H49", 0)
    land["G22"].dms.write(document())
    step(daemon, "collect")
    step(daemon, "publish")
    assert daemon.tally.read()["nacked"] == 1
    (entry,) = logs
    assert (entry["event"], entry["nacked"], entry["lost"]) == ("publish.trouble", 1, 0)


def test_what_is_set_aside_is_said(land: Land, logs: list[Any]) -> None:
    """Bytes that are no message: counted, warned of, on their way to the dead."""
    daemon = daemon_of(land, "H49")
    nonsense = Publication(
        message=land["G22"].member.new_id(),
        kind=Kind.DOCUMENT,
        routing=("document.H49",),
        body=b"GET / HTTP/1.1",
        priority=Priority.NORMAL,
        created_at=land.now,
    )
    land["G22"].broker.publish([nonsense])
    step(daemon, "take-in")
    assert daemon.tally.read()["set_aside"] == 1
    assert [(entry["event"], entry["count"]) for entry in logs] == [("inbox.set-aside", 1)]


@pytest.mark.parametrize(("error", "counter"), [(RefusedByDms(why="đã có"), "refused"), (None, "postponed")])
def test_trouble_with_delivering_is_said(land: Land, logs: list[Any], error: RefusedByDms | None, counter: str) -> None:
    """Refused for good, or for now."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    daemon = daemon_of(land, "H49")
    if error:
        land["H49"].dms.refuses[document().id] = error
    else:
        land["H49"].dms.stumbles[document().id] = 1
    step(daemon, "take-in")
    step(daemon, "deliver")
    assert daemon.tally.read()[counter] == 1
    assert [(entry["event"], entry[counter]) for entry in logs] == [("deliver.trouble", 1)]


def test_the_directory_follows_the_calendar_of_vietnam(land: Land) -> None:
    """A code that closes on 1 July is closed from that midnight in Hà Nội, without a restart; a fixed day stays."""
    land.on(date(2025, 6, 30))
    daemon = daemon_of(land, "G22")
    land["G22"].dms.write(document("G22", "H08"))
    step(daemon, "collect")
    land.now += timedelta(hours=15)  # 00:00 on 1 July in Hà Nội, 17:00 on 30 June in Greenwich
    land["G22"].dms.write(document("G22", "H08", number=2))
    step(daemon, "collect")
    assert [answer.error.code if answer.error else None for answer in land["G22"].dms.answers] == [
        None,
        "agency-closed",
    ]


def test_what_is_long_done_is_forgotten(land: Land, logs: list[Any]) -> None:
    """After a year and a month, and said; what is not done stays however old."""
    land["G22"].dms.write(document())
    land.settle()
    land["G22"].dms.write(document("G22", "H53"))
    land.collect("G22")
    daemon = daemon_of(land, "G22")
    land.now += KEEP + timedelta(days=1)
    land["H49"].dms.write(document("H49", "G22", number=7))  # others have the same date
    for take in (land.collect, land.publish):
        take("H49")
    land.take_in("G22")
    land.deliver("G22")
    step(daemon, "forget")
    with land["G22"].store.read() as tx:
        left = [row for row in tx.rows(Box.OUT) if row.docket.kind is Kind.DOCUMENT]
    assert [row.docket.mailboxes for row in left] == [("H53",)]
    assert [entry["event"] for entry in logs] == ["store.forgotten"]


def test_a_clock_years_ahead_has_nothing_forgotten(land: Land, logs: list[Any]) -> None:
    """Nobody else has dated anything so late: the past stays, and an operator reads why."""
    land["G22"].dms.write(document())
    land.settle()
    daemon = daemon_of(land, "G22")
    with land["G22"].store.read() as tx:
        before = tx.rows(Box.OUT)
    land.now += timedelta(days=730)
    step(daemon, "forget")
    with land["G22"].store.read() as tx:
        assert tx.rows(Box.OUT) == before
        (event,) = tx.recent_events(limit=5)
    assert event.name == "clock.doubted"
    assert "Look at this machine's clock" in event.detail
    assert [entry["event"] for entry in logs] == ["clock.doubted"]


def test_without_a_clock_it_goes_by_utc(land: Land) -> None:
    """Nothing in a store depends on where the machine stands."""
    office = land["G22"]
    around = Surroundings(member=office.member, store=office.store, broker=office.broker, adapter=office.dms)
    assert around.clock().utcoffset() == timedelta(0)
    assert 0 <= around.dice() < 1
    assert around.steady() <= around.steady()
