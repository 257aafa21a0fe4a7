"""What is said of submissions: a refused one is an event, once, and never a flood."""

from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.counters import Counters
from bus.daemon.submissions import MOST, SPAN, SubmissionReport
from bus.errors import NoKey, StoreFull, UnknownAgency
from bus.ports.adapter import Answer
from bus.ports.records import Event
from tests.fakes.store import MemoryStore
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import dependencies_of


class Desk:
    def __init__(self) -> None:
        self.land, self.seconds, self.counters = Land(), 0.0, Counters()
        given = dependencies_of(self.land, "G22", steady=lambda: self.seconds)
        self.submissions = SubmissionReport(given, counters=self.counters)

    def refuses(self, *refs: str, agency: str = "Z99") -> None:
        self.submissions.report([Answer(ref=ref, error=UnknownAgency(agency=agency)) for ref in refs])

    def events(self) -> list[Event]:
        with self.land["G22"].store.read() as tx:
            return list(tx.dossiers.recent_events(limit=999))[::-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


def test_answers_are_counted(desk: Desk) -> None:
    """By what became of each; nothing is said of what was accepted."""
    answers = [Answer(ref="1"), Answer(ref="2", duplicate=True), Answer(ref="3", error=NoKey(mailbox="H49"))]
    desk.submissions.report(answers)
    assert desk.counters.read() == {"accepted": 1, "submitted_again": 1, "rejected": 1}


def test_a_refused_submission_is_an_event(desk: Desk, logs: list[Any]) -> None:
    """With the document system's name for it, and the reason in both languages; in the log, too."""
    desk.refuses("outgoing/thư.edxml#1")
    (event,) = desk.events()
    error = UnknownAgency(agency="Z99")
    assert (event.name, event.at) == ("submission.refused", desk.land.now)
    assert event.detail == f"outgoing/thư.edxml#1: {error.in_vietnamese()} / {error.in_english()}"
    assert [(entry["event"], entry["ref"]) for entry in logs] == [("submission.refused", "outgoing/thư.edxml#1")]


def test_the_same_refusal_again_is_no_news(desk: Desk, logs: list[Any]) -> None:
    """A document system that offers it every second makes one event; another reason is another."""
    for _ in range(50):
        desk.refuses("1")
    desk.refuses("1", agency="Z98")
    assert len(desk.events()) == len(logs) == 2


def test_a_flood_is_bounded_and_its_rest_counted(desk: Desk, logs: list[Any]) -> None:
    """A hundred an hour; then one event with the number of the others, all of which the log has."""
    desk.refuses(*(f"{number}" for number in range(MOST + 7)))
    assert len(desk.events()) == MOST
    desk.seconds += SPAN - 1
    desk.refuses("late")
    assert len(desk.events()) == MOST
    desk.seconds += 1
    desk.submissions.report([])
    assert len(desk.events()) == MOST + 1
    assert "và 8 gói khác" in desk.events()[-1].detail
    desk.refuses("a new hour")
    assert len(desk.events()) == MOST + 2
    assert len(logs) == MOST + 9


class FullStore(MemoryStore):
    def write(self) -> Any:
        raise StoreFull(store="memory", why="disk full")


def test_what_cannot_be_kept_is_offered_again() -> None:
    """The answers do not reach the document system, which will submit again: then it is told."""
    land = Land()
    kept, land["G22"].store = land["G22"].store, FullStore()
    given = dependencies_of(land, "G22")
    submissions = SubmissionReport(given, counters=Counters())
    refused = Answer(ref="1", error=NoKey(mailbox="H49"))
    with pytest.raises(StoreFull):
        submissions.report([refused])
    given.store = kept
    submissions.report([refused])
    with kept.read() as tx:
        assert len(tx.dossiers.recent_events(limit=9)) == 1
