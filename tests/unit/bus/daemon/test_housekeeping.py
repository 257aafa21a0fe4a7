"""The steps that time brings: what each does, counts and logs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.housekeeping import KEEP
from schemas.codes import Kind, Priority
from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import daemon_of, step


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


def test_what_has_expired_is_said_and_told(land: Land, logs: list[Any]) -> None:
    """Counted, logged with its document, and the document system is told in the next turn."""
    land["G22"].member = replace(land["G22"].member, expiry={Priority.NORMAL: timedelta(hours=1)})
    daemon = daemon_of(land, "G22")
    land["G22"].dms.write(document())
    step(daemon, "collect")
    assert not step(daemon, "expire")
    land.wait(timedelta(hours=1))
    assert not step(daemon, "expire")
    assert daemon.counters.read()["expired"] == 1
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
        assert daemon.counters.read()[f"deadlines_{stage}"] == 1
        assert (logs[-1]["event"], logs[-1]["document"]) == (f"deadline.{stage}", document().id)
        assert "H49: due 2016-07-03" in logs[-1]["said"]


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
        left = [row for row in tx.outbox.rows() if row.docket.kind is Kind.DOCUMENT]
    assert [row.docket.mailboxes for row in left] == [("H53",)]
    assert [entry["event"] for entry in logs] == ["store.forgotten"]


def test_a_clock_years_ahead_has_nothing_forgotten(land: Land, logs: list[Any]) -> None:
    """Nobody else has dated anything so late: the past stays, and an operator reads why."""
    land["G22"].dms.write(document())
    land.settle()
    daemon = daemon_of(land, "G22")
    with land["G22"].store.read() as tx:
        before = tx.outbox.rows()
    land.now += timedelta(days=730)
    step(daemon, "forget")
    with land["G22"].store.read() as tx:
        assert tx.outbox.rows() == before
        (event,) = tx.dossiers.recent_events(limit=5)
    assert event.name == "clock.doubted"
    assert "Look at this machine's clock" in event.detail
    assert [entry["event"] for entry in logs] == ["clock.doubted"]
