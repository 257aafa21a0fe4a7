"""Outages: one event when it begins, one when it is over, however often it comes and goes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bus.daemon.loops import Loop
from bus.daemon.outages import BLIPS, CAUSES, QUIET, SETTLED, SPAN, Outages, span
from bus.errors import BlobsAway, BrokerAway, BusError, DirectoryExpired, DmsAway, OwnClockWrong, RoadGone, StoreFull
from bus.ports.records import Event
from schemas.clock import local
from tests.fakes.store import MemoryStore
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import dependencies_of


class FullStore(MemoryStore):
    """Takes nothing while its disk is full."""

    is_full = False

    def write(self) -> Any:
        if self.is_full:
            raise StoreFull(store="memory", why="disk full")
        return super().write()

    def read(self) -> Any:
        if self.is_full:
            raise StoreFull(store="memory", why="disk full")
        return super().read()


class Mailbox:
    """One whose troubles are made by hand, and its time."""

    def __init__(self, land: Land) -> None:
        self.land = land
        self.land["G22"].store = self.store = FullStore()
        self.seconds = 1000.0
        self.loops = [Loop(name, lambda: False, idle=1, mailbox="G22") for name in ("collect", "publish", "deliver")]
        self.restart()

    def restart(self) -> None:
        given = dependencies_of(self.land, "G22", steady=lambda: self.seconds)
        self.outages = Outages(given, lambda: self.loops)

    def goes_on(self, seconds: float) -> None:
        """Two seconds at a time, as the watchdog's loop does."""
        for _ in range(round(seconds / 2)):
            self.outages.step()
            self.seconds += 2
            self.land.now += timedelta(seconds=2)

    def fails(self, error: Exception, name: str = "deliver") -> None:
        (loop,) = [each for each in self.loops if each.name == name]
        health = loop.health
        health.failing_since = health.failing_since or self.land.now
        health.error = health.error_vi = str(error)
        health.code = None
        if isinstance(error, BusError):
            health.error_vi, health.code = error.in_vietnamese(), error.code

    def recovers(self) -> None:
        for loop in self.loops:
            loop.health.failing_since = loop.health.error = loop.health.error_vi = loop.health.code = None

    def events(self) -> list[Event]:
        with self.store.read() as tx:
            return list(tx.dossiers.recent_events(limit=999))[::-1]

    def told(self) -> list[str]:
        return [event.name for event in self.events()]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(Land(now=datetime(2026, 11, 30, 8, 0, tzinfo=UTC)))


def test_an_outage_is_told_twice(mailbox: Mailbox) -> None:
    """Since when, why, who does what; and that it is over, after how long. The times are those of the telling: whoever
    reads the last ten minutes every ten minutes misses none."""
    mailbox.goes_on(20)
    began = mailbox.land.now
    mailbox.land["G22"].broker.cut("no route to host")
    mailbox.goes_on(200)
    assert mailbox.told() == ["broker.away"]
    ended = mailbox.land.now
    mailbox.land["G22"].broker.mend()
    mailbox.goes_on(100)
    away, back = mailbox.events()
    since, until = (local(at, seconds=True) for at in (began, ended))
    error = BrokerAway(why="no route to host")
    words = f"{error.in_vietnamese()} / {error.in_english()}"
    assert (away.name, away.detail) == ("broker.away", f"từ {since} / since {since}: {words}")
    assert away.at == began + timedelta(seconds=SETTLED)
    assert (back.name, back.at) == ("broker.back", ended + timedelta(seconds=QUIET))
    assert back.detail == f"sau 3 phút 20 giây, lúc {until} / after 3 min 20 s, at {until}"


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ({"denied": "G22", "last_error": "403"}, "broker-denied", "refuses user G22: 403"),
        ({"lacking": ("route",), "connected": True}, "road-gone", "“route”"),
        ({"lacking": ("route",), "connected": False, "last_error": "refused"}, "broker-away", "reached: refused"),
        ({"blocked": "memory"}, "broker-away", "it blocks publishers (memory)"),
        ({}, "broker-away", "not connected yet"),
    ],
)
def test_why_the_broker_is_away(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, state: dict[str, object], code: str, words: str
) -> None:
    """With a code, who acts and what to do. What RabbitMQ lacked when it was last seen is no cause once it is gone."""
    broker = mailbox.land["G22"].broker
    broker.cut("x")
    monkeypatch.setattr(broker, "state", lambda: state)
    mailbox.goes_on(20)
    (event,) = mailbox.events()
    assert (f"[{code}; operator acts]" in event.detail, words in event.detail) == (True, True)


def test_another_cause_is_told(mailbox: Mailbox) -> None:
    """One after the other, with nothing between: each cause has its event, since when, and the end names the whole.
    Figures make no other cause, and one that comes back is no news."""
    mailbox.fails(DmsAway(why="outgoing is gone, try 1"))
    mailbox.goes_on(20)
    mailbox.fails(DmsAway(why="outgoing is gone, try 22"))
    mailbox.goes_on(20)
    changed = mailbox.land.now
    mailbox.fails(DmsAway(why="rejected is gone"))
    mailbox.goes_on(20)
    mailbox.fails(DmsAway(why="outgoing is gone, try 3"))
    mailbox.goes_on(20)
    mailbox.recovers()
    mailbox.goes_on(60)
    away, other, back = mailbox.events()
    assert (away.name, other.name, back.name) == ("dms.away", "dms.changed", "dms.back")
    assert other.detail.startswith(f"từ {local(changed, seconds=True)} / since ")
    assert "rejected is gone" in other.detail
    assert ", 2 lý do (dms-away) / after 1 min 20 s" in back.detail
    assert back.detail.endswith(", 2 causes (dms-away)")


def test_causes_without_a_code_are_counted(mailbox: Mailbox) -> None:
    """Of a stranger's adapter."""
    for why in ("a", "b"):
        mailbox.fails(ValueError(why), "collect")
        mailbox.goes_on(20)
    mailbox.recovers()
    mailbox.goes_on(60)
    assert mailbox.events()[-1].detail.endswith(", 2 causes")


def test_causes_that_flap_are_no_flood(mailbox: Mailbox) -> None:
    """Each is told once, and only so many; what does not last is not told at all."""
    for number in range(3 * CAUSES):
        mailbox.fails(DmsAway(why="x" * (number + 1)))
        mailbox.goes_on(4)
        mailbox.fails(DmsAway(why="y" * (number + 1)))
        mailbox.goes_on(4)
    assert mailbox.told() == ["dms.away"]  # it was away all the time
    for number in range(3 * CAUSES):
        mailbox.fails(DmsAway(why="z" * (number + 1)))
        mailbox.goes_on(20)
    assert mailbox.told() == ["dms.away", *["dms.changed"] * (CAUSES - 1)]


@pytest.mark.parametrize(
    ("loop", "error", "name", "detail"),
    [
        ("deliver", DmsAway(why="maintenance"), "dms.away", "The document system does not answer: maintenance"),
        ("collect", OSError("No such file"), "dms.away", "No such file"),
        ("publish", StoreFull(store="x", why="full"), "store.away", "Store x cannot be written: full"),
        ("deliver", BlobsAway(kind="stream", why="x"), "blobs.away", "stream"),
        ("publish", DirectoryExpired(version=3, expired="2026"), "directory.away", "Edition 3"),
        ("publish", OwnClockWrong(now="2020", issued="2026"), "clock.away", "2020"),
        ("publish", ValueError("a defect"), "loop.away", "publish: a defect"),
        ("publish", BrokerAway(why="the link says it"), None, ""),
        ("publish", RoadGone(what="route"), None, ""),
    ],
    ids=str,
)
def test_what_is_away_is_known_by_its_error(
    mailbox: Mailbox, loop: str, error: Exception, name: str | None, detail: str
) -> None:
    """Each with its own beginning and end; the words of ours in both languages."""
    mailbox.fails(error, loop)
    mailbox.goes_on(30)
    mailbox.recovers()
    mailbox.goes_on(60)
    assert mailbox.told() == ([] if name is None else [name, name.replace("away", "back")])
    if name is not None:
        assert detail in mailbox.events()[0].detail
        assert ("xử lý]" in mailbox.events()[0].detail) == isinstance(error, BusError)


def test_the_earliest_of_several_troubles_counts(mailbox: Mailbox) -> None:
    """Three loops that fail for one reason are one outage, since the first of them failed."""
    began = mailbox.land.now
    mailbox.fails(StoreFull(store="x", why="first"), "publish")
    mailbox.goes_on(2)
    mailbox.fails(StoreFull(store="x", why="second"), "collect")
    mailbox.goes_on(20)
    (event,) = mailbox.events()
    assert (local(began, seconds=True) in event.detail, "first" in event.detail) == (True, True)


def test_a_broker_that_comes_and_goes_is_one_outage_with_a_count(mailbox: Mailbox) -> None:
    """Twenty seconds away, ten seconds there, for an hour: two lines."""
    for _ in range(120):
        mailbox.land["G22"].broker.cut("reset")
        mailbox.goes_on(20)
        mailbox.land["G22"].broker.mend()
        mailbox.goes_on(10)
    assert mailbox.told() == ["broker.away"]
    mailbox.goes_on(QUIET)
    assert mailbox.told() == ["broker.away", "broker.back"]
    detail = mailbox.events()[1].detail
    assert detail.startswith("sau 59 phút 50 giây, lúc ")
    assert (", 120 lần ngắt / after 59 min 50 s, at " in detail, detail.endswith(", 120 interruptions")) == (True, True)


def test_outages_close_together_are_told_less_and_less(mailbox: Mailbox) -> None:
    """A minute away, a minute there, for a day: some lines an hour, not a hundred."""
    for _ in range(24 * 30):
        mailbox.land["G22"].broker.cut("reset")
        mailbox.goes_on(60)
        mailbox.land["G22"].broker.mend()
        mailbox.goes_on(60)
    assert 2 <= len(mailbox.events()) <= 24 * 8


def test_short_interruptions_are_one_event_an_hour(mailbox: Mailbox) -> None:
    """With their number and the longest; some few are no news."""
    for blips, told in ((BLIPS - 1, []), (BLIPS + 3, ["broker.interrupted"])):
        for _ in range(blips):
            mailbox.land["G22"].broker.block("memory")
            mailbox.goes_on(SETTLED - 4)
            mailbox.land["G22"].broker.unblock()
            mailbox.goes_on(60)
        mailbox.goes_on(SPAN)
        assert mailbox.told() == told
    assert mailbox.events()[0].detail == "8 lần trong một giờ, lâu nhất 6 giây / 8 times in an hour, the longest 6 s"


def test_what_the_store_cannot_keep_is_told_when_it_can(mailbox: Mailbox) -> None:
    """The store's own outage, too: its text says when it began; its time is when it was kept."""
    began = mailbox.land.now
    mailbox.store.is_full = True
    mailbox.fails(StoreFull(store="memory", why="disk full"), "publish")
    mailbox.goes_on(300)
    mailbox.store.is_full = False
    assert mailbox.told() == []
    mailbox.recovers()
    kept = mailbox.land.now
    mailbox.goes_on(60)
    away, back = mailbox.events()
    assert (away.name, away.at) == ("store.away", kept)
    assert local(began, seconds=True) in away.detail
    assert (back.name, back.detail.startswith("sau 5 phút, lúc ")) == ("store.back", True)


@pytest.mark.parametrize("is_back", [True, False], ids=["over meanwhile", "not over yet"])
def test_an_outage_outlives_the_daemon(mailbox: Mailbox, is_back: bool) -> None:
    """Whoever begins again knows from the store what was away: it is not told twice, and its end is told once."""
    mailbox.land["G22"].broker.cut("no route")
    mailbox.goes_on(60)
    mailbox.restart()
    if is_back:
        mailbox.land["G22"].broker.mend()
    mailbox.goes_on(60)
    assert mailbox.told() == ["broker.away", *(["broker.back"] if is_back else [])]
    mailbox.land["G22"].broker.mend()
    mailbox.goes_on(60)
    assert mailbox.told() == ["broker.away", "broker.back"]
    mailbox.restart()
    mailbox.goes_on(60)
    assert mailbox.told() == ["broker.away", "broker.back"]


def test_its_beginning_and_causes_outlive_the_daemon(mailbox: Mailbox) -> None:
    """The next one tells no cause twice, and how long all of it lasted."""
    mailbox.fails(DmsAway(why="outgoing"))
    mailbox.goes_on(20)
    mailbox.fails(DmsAway(why="rejected"))
    mailbox.goes_on(20)
    mailbox.restart()
    mailbox.goes_on(20)
    mailbox.recovers()
    mailbox.goes_on(60)
    assert mailbox.told() == ["dms.away", "dms.changed", "dms.back"]
    assert "after 1 min, at " in mailbox.events()[-1].detail


def test_an_outage_that_an_earlier_version_told(mailbox: Mailbox) -> None:
    """Its event's own time is its beginning."""
    with mailbox.store.write() as tx:
        tx.dossiers.put_events([Event(at=mailbox.land.now, name="broker.away", detail="no route")])
    mailbox.goes_on(120)
    assert mailbox.events()[-1].detail.startswith("sau 0 giây, lúc ")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, ("0 giây", "0 s")),
        (-5, ("0 giây", "0 s")),
        (59.4, ("59 giây", "59 s")),
        (60, ("1 phút", "1 min")),
        (3661, ("1 giờ 1 phút", "1 h 1 min")),
        (7200, ("2 giờ", "2 h")),
        (3 * 86400 + 5, ("3 ngày", "3 d")),
    ],
)
def test_how_long_in_words(seconds: float, said: tuple[str, str]) -> None:
    """The two largest units."""
    assert span(seconds) == said
