"""bus/daemon/standby.py: who waits for a shared store, who works on it, and who lets go of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from bus.daemon.health import health
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.metrics import RoadCollector
from bus.daemon.standby import Standby
from bus.errors import BadConfig, StoreAway
from bus.ports.store import Store
from tests.fakes.store import MemoryStore
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import daemon_of


@dataclass(frozen=True)
class Somebody:
    name: str
    since: datetime


@dataclass
class FakeCandidate:
    """A candidate for a store that a test answers for."""

    store: Store | None = None
    is_held: bool = False
    holder: Somebody | None = None
    away: bool = False
    closed: int = 0

    def take(self) -> Store | None:
        if self.away:
            raise StoreAway(store="db", why="connection refused")
        self.is_held = self.store is not None
        return self.store

    def close(self) -> None:
        self.closed += 1


class ClosingStore(MemoryStore):
    closed = 0

    def close(self) -> None:
        self.closed += 1


@dataclass
class Scene:
    land: Land = field(default_factory=Land)
    candidate: FakeCandidate = field(default_factory=FakeCandidate)
    store: ClosingStore = field(default_factory=ClosingStore)
    made: list[MailboxDaemon] = field(default_factory=list)
    failure: Exception | None = None

    def standby(self) -> Standby:
        return Standby("G22", self.candidate, self.make, clock=lambda: self.land.now)

    def make(self, store: Store) -> MailboxDaemon:
        if self.failure:
            raise self.failure
        self.land["G22"].store = store  # type: ignore[assignment] # it is one of memory, too
        self.made.append(daemon_of(self.land, "G22"))
        return self.made[-1]

    def somebody(self, name: str = "vanthu1:77") -> Somebody:
        self.candidate.holder = Somebody(name, self.land.now)
        return self.candidate.holder


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    for daemon in scene.made:
        daemon.tell_to_stop()


def said_of(standby: Standby) -> tuple[bool, dict[str, Any]]:
    well, said = health([standby])
    mailboxes = said["mailboxes"]
    assert isinstance(mailboxes, list)
    return well, mailboxes[0]


def gauge(standby: Standby, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(RoadCollector([standby]))
    return registry.get_sample_value(name, {"mailbox": "G22", **labels})


def test_it_waits_and_says_for_whom(scene: Scene) -> None:
    """Nothing is made, the page is well, and the log says it once for each that it waits for."""
    standby = scene.standby()
    somebody = scene.somebody()
    with capture_logs() as logs:
        for _ in range(3):
            assert standby.loop.step() is False
        scene.somebody("vanthu2:5")
        standby.loop.step()
        scene.candidate.holder = None
        standby.loop.step()
    assert [each["waits_for"] for each in logs if each["event"] == "daemon.standby"] == ["vanthu1:77", "vanthu2:5"]
    assert scene.made == []
    well, said = said_of(standby)
    assert well
    assert (said["standing"], said["waits_for"], said["holder_since"]) == ("standby", "vanthu2:5", somebody.since)
    assert gauge(standby, "lienthong_active") == 0
    assert gauge(standby, "lienthong_link_up") is None


def test_it_takes_over(scene: Scene) -> None:
    """With the store its own it makes a daemon and starts it; from then on the page is that daemon's, too."""
    standby = scene.standby()
    scene.somebody()
    standby.loop.step()
    scene.candidate.store = scene.store
    with capture_logs() as logs:
        standby.loop.step()
        standby.loop.step()
    assert [each["event"] for each in logs][:2] == ["daemon.active", "mailbox.started"]
    assert standby.daemon is scene.made[0]
    well, said = said_of(standby)
    assert (well, said["standing"], "waits_for" in said, said["outbox"]) == (True, "active", False, {})
    assert gauge(standby, "lienthong_active") == 1
    assert gauge(standby, "lienthong_link_up") == 1
    assert {loop.name for loop in standby.loops} >= {"standby", "collect", "take-in"}


def test_it_lets_go_and_stands_by_again(scene: Scene) -> None:
    """Whose claim is lost, or doubtful, ends its loops, closes its link first, then all the rest, and waits anew."""
    standby = scene.standby()
    scene.candidate.store = scene.store
    standby.loop.step()
    scene.candidate.is_held, scene.candidate.store = False, None
    with capture_logs() as logs:
        standby.loop.step()
    assert [each["event"] for each in logs] == ["daemon.stood-down", "mailbox.stopped"]
    assert (standby.daemon, standby.status.active, scene.store.closed) == (None, False, 1)
    assert not scene.land["G22"].broker.is_up
    assert all(loop.join(0) for loop in scene.made[0].loops)
    scene.somebody()
    standby.loop.step()
    assert said_of(standby)[1]["waits_for"] == "vanthu1:77"


def test_a_store_that_is_away(scene: Scene) -> None:
    """Nobody can take it: this is not well, and said in the words of the error."""
    standby = scene.standby()
    scene.candidate.away = True
    with pytest.raises(StoreAway):
        standby.loop.step()
    standby.start()
    while standby.loop.health.failing_since is None:
        pass
    well, said = said_of(standby)
    assert not well
    assert "connection refused" in said["loops"]["standby"]["error"]
    assert gauge(standby, "lienthong_loop_failing", loop="standby") == 1
    standby.tell_to_stop()
    assert standby.loop.join(10)


def test_what_cannot_be_made_leaves_the_store_to_others(scene: Scene) -> None:
    """A key folder that is gone on this machine, say: the error is said, and the store is free."""
    standby = scene.standby()
    scene.candidate.store, scene.failure = scene.store, BadConfig(file="keys", why="gone")
    with pytest.raises(BadConfig):
        standby.loop.step()
    assert (scene.store.closed, standby.daemon) == (1, None)


@pytest.mark.parametrize("at_work", [True, False])
def test_it_ends(scene: Scene, at_work: bool) -> None:
    """At work or waiting, everything is closed, and the store is free for the next one."""
    standby = scene.standby()
    scene.candidate.store = scene.store if at_work else None
    standby.loop.step()
    standby.tell_to_stop()
    assert all(loop.join(10) for loop in standby.loops)
    standby.close()
    assert (scene.store.closed, scene.candidate.closed) == (int(at_work), 1)


def test_told_to_stop_while_it_takes_over(scene: Scene) -> None:
    """Nothing is started any more; what was made is closed."""

    def make(store: Store) -> MailboxDaemon:
        standby.tell_to_stop()
        return scene.make(store)

    standby = Standby("G22", scene.candidate, make)
    scene.candidate.store = scene.store
    standby.loop.step()
    assert standby.daemon is None
    assert scene.store.closed == 1
    assert not any(loop.health.turns for loop in scene.made[0].loops)
