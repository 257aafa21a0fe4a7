"""The four steps of the road: what each does, counts and logs."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.road import COLLECT
from bus.errors import BadPackage, DmsAway, RefusedByDms
from bus.ports.adapter import Answer
from bus.ports.records import Publication
from schemas.codes import Kind, Priority
from tests.fakes.dms import MemoryDms
from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import daemon_of, step


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
    counted = {name: count for name, count in sender.counters.read().items() if count}
    assert counted == {"accepted": 1, "submitted_again": 1, "confirmed": 1, "held": 1, "receipts": 1, "filed": 1}
    counted = {name: count for name, count in recipient.counters.read().items() if count}
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


def test_a_refused_submission_is_said(land: Land, logs: list[Any]) -> None:
    """With the document system's name for it and the sentence that its people get."""
    daemon = daemon_of(land, "G22")
    error = BadPackage(why="edXMLHeader is missing", path="edXML", remedy="add it")
    land["G22"].dms.write(error, ref="gói 1.edxml")
    step(daemon, "collect")
    assert daemon.counters.read()["rejected"] == 1
    (entry,) = logs
    assert (entry["event"], entry["ref"], entry["error"]) == ("submission.refused", "gói 1.edxml", str(error))


def test_what_was_accepted_is_counted_though_the_system_cannot_be_told(land: Land) -> None:
    """It is durable and on its way; offered again it is one submitted again."""
    land["G22"].dms = Untold()
    daemon = daemon_of(land, "G22")
    land["G22"].dms.write(document())
    with pytest.raises(DmsAway):
        step(daemon, "collect")
    assert daemon.counters.read()["accepted"] == 1


def test_trouble_with_publishing_is_said(land: Land, logs: list[Any]) -> None:
    """How many the broker refused, how many were lost with the connection."""
    daemon = daemon_of(land, "G22")
    land.exchange.set_limit("H49", 0)
    land["G22"].dms.write(document())
    step(daemon, "collect")
    step(daemon, "publish")
    assert daemon.counters.read()["nacked"] == 1
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
    assert daemon.counters.read()["set_aside"] == 1
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
    assert daemon.counters.read()[counter] == 1
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
