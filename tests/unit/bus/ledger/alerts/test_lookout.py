"""A look asks every source, keeps what it found, and puts into the outbox whom to tell."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bus.directory.edition import Edition
from bus.errors import BrokerAway, Words
from bus.handling.working_days import Calendar
from bus.ledger.alerts.causes import Cause
from bus.ledger.alerts.keep import latest_alerts, open_alerts
from bus.ledger.alerts.lookout import Lookout, World
from bus.ledger.alerts.message import Message
from bus.ledger.streams import StreamState
from bus.rabbit.admin.queue_overview import Overview
from bus.rabbit.admin.queue_state import QueueState
from tests.unit.bus.directory.offices import NOW as CENTRES
from tests.unit.bus.ledger.alerts.alerts_world import NOW, Tables
from tests.unit.bus.ledger.alerts.figures_world import DAY, put_delivery, put_obligation
from tests.unit.bus.ledger.alerts.test_figures import docket
from tests.unit.bus.ledger.alerts.test_find import edition

MINUTE = timedelta(minutes=1)
UNREAD = Overview(queues=(QueueState(name="inbox.H29", policy="lienthong-inbox"),), alarms=())
READ = Overview(queues=(replace(UNREAD.queues[0], consumers=1),), alarms=())


@dataclass
class Post:
    name: str = "mail"
    taken: list[Message] = field(default_factory=list)

    def wants(self, cause: Cause) -> bool:
        return True

    def send(self, message: Message) -> Words | None:
        self.taken.append(message)
        return None


class Room:
    """A lookout, its clock, and what its sources answer."""

    def __init__(self, tables: Tables, *, signed: Edition | None = None, begin: datetime = NOW) -> None:
        self.now = begin
        self.tables = tables
        self.overview: Overview | None = READ
        self.post = Post()
        world = World(
            streams=lambda: [StreamState("audit", is_open=True)],
            calendar=lambda _: Calendar(),
            edition=lambda: signed,
            overview=self._overview,
        )
        self.lookout = Lookout(tables.ledger, world, channels=[self.post], clock=lambda: self.now, dice=lambda: 0.0)

    def _overview(self) -> Overview:
        if self.overview is None:
            raise BrokerAway(why=Words("không trả lời", "no answer"))
        return self.overview

    def look(self, *, minutes: int = 0) -> list[str]:
        self.now += minutes * MINUTE
        self.lookout.look()
        with self.tables.reading() as connection:
            return [alert.cause.code for alert in open_alerts(connection)]


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def test_a_look_at_peace_finds_nothing(tables: Tables) -> None:
    """And says so in figures."""
    room = Room(tables)
    assert room.look() == []
    seen = room.lookout.seen
    assert seen is not None
    assert (seen.at, dict(seen.raised), seen.waiting, seen.unreceipted) == (NOW, {}, 0, timedelta(0))


def test_an_alert_goes_its_way(tables: Tables) -> None:
    """Found, waited for, told once, ended by itself, told again."""
    room = Room(tables)
    room.overview = UNREAD
    assert room.look() == ["queue.nobody-reads"]
    room.lookout.send()
    assert room.post.taken == []
    for _ in range(7):
        room.look(minutes=1)
        room.lookout.send()
    room.overview = READ
    for _ in range(12):
        room.look(minutes=1)
        room.lookout.send()
    assert [each.facts["what"] for each in room.post.taken] == ["raised", "ended"]
    with tables.reading() as connection:
        (alert,) = latest_alerts(connection, limit=10)
    assert alert.ended_at is not None


def test_a_broker_that_does_not_answer_ends_no_alert_about_queues(tables: Tables) -> None:
    """That it does not answer is one of its own."""
    room = Room(tables)
    room.overview = UNREAD
    room.look()
    room.overview = None
    assert room.look(minutes=30) == ["queue.nobody-reads", "broker-not-asked"]
    room.overview = READ
    assert room.look(minutes=1) == ["broker-not-asked"]


def test_what_is_raised_is_counted(tables: Tables) -> None:
    """By cause and who must act; and what is owed."""
    put_obligation(tables, "H29", NOW - DAY)
    put_obligation(tables, "H30", NOW - DAY)
    put_obligation(tables, "H30", NOW + DAY)
    room = Room(tables)
    room.look()
    seen = room.lookout.seen
    assert seen is not None
    assert dict(seen.raised) == {("overdue", "recipient"): 2}
    assert (seen.owing.open, seen.owing.overdue, seen.waiting) == (3, 2, 2)


def test_a_signed_directory_is_looked_at(tables: Tables) -> None:
    """What ends, and whose calendar nobody has confirmed; an unsigned one has no authority that could."""
    assert Room(tables).look() == []
    room = Room(tables, signed=edition(certificate=2 * DAY), begin=CENTRES)
    assert room.look() == ["key-ends", "calendar-unconfirmed"]
    seen = room.lookout.seen
    assert seen is not None
    assert seen.ends["keys"] == CENTRES + 2 * DAY
    assert seen.unconfirmed == (CENTRES.year,)


def test_a_closed_agency_is_asked_for_no_receipt(tables: Tables) -> None:
    """As the directory in force says; one that is open is."""
    for message, agency in (("m1", "H08"), ("m2", "H53")):
        put_delivery(tables, docket(message), at=NOW - (2 if agency == "H53" else 3) * DAY, agency=agency)
    room = Room(tables, signed=edition(), begin=NOW)
    assert "no-receipt" in room.look()
    assert room.lookout.seen is not None
    assert room.lookout.seen.unreceipted == 2 * DAY


def test_its_loops_have_names(tables: Tables) -> None:
    """As /healthz and the log show them."""
    assert [loop.name for loop in Room(tables).lookout.loops(every=60)] == ["alerts", "notices"]
