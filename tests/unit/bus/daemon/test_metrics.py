"""What a daemon can be asked: numbers and health, read from tallies, stores and links when somebody asks."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from bus.daemon.metrics import RoadCollector, health
from bus.errors import StoreFull
from tests.fakes.store import MemoryStore
from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import daemon_of, failing, step


class BrokenStore(MemoryStore):
    """Its disk is gone."""

    def read(self):  # type: ignore[no-untyped-def] # it never returns
        raise StoreFull(store="memory", why="disk I/O error")


@pytest.fixture
def land() -> Land:
    return Land(now=datetime.now(UTC) - timedelta(hours=1))


def test_metrics_are_read_from_where_the_facts_are(land: Land) -> None:
    """Counters from the tally, boxes and ages from the store, the link, the loops; for each mailbox."""
    sender, recipient = daemon_of(land, "G22"), daemon_of(land, "H49")
    land["G22"].dms.write(document())
    step(sender, "collect")
    land["H49"].broker.cut()
    failing(recipient, "take-in", "no route", land)
    registry = CollectorRegistry()
    registry.register(RoadCollector([sender, recipient]))

    def sample(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"lienthong_{name}", labels)

    assert sample("road_total", mailbox="G22", step="accepted") == 1
    assert sample("messages", mailbox="G22", box="outbox", state="waiting") == 1
    assert 3500 < (sample("oldest_waiting_seconds", mailbox="G22", box="outbox") or 0) < 3700
    assert sample("oldest_waiting_seconds", mailbox="H49", box="outbox") == 0
    assert (sample("link_up", mailbox="G22"), sample("link_up", mailbox="H49")) == (1, 0)
    assert sample("loop_failing", mailbox="H49", loop="take-in") == 1
    assert sample("loop_failing", mailbox="G22", loop="take-in") == 0


def test_a_store_that_cannot_be_read_leaves_the_other_numbers(land: Land) -> None:
    """What is known without it is still told, and that it is not readable."""
    land["G22"].store = BrokenStore()
    registry = CollectorRegistry()
    registry.register(RoadCollector([daemon_of(land, "G22"), daemon_of(land, "H49")]))
    assert registry.get_sample_value("lienthong_link_up", {"mailbox": "G22"}) == 1
    assert registry.get_sample_value("lienthong_store_readable", {"mailbox": "G22"}) == 0
    assert registry.get_sample_value("lienthong_store_readable", {"mailbox": "H49"}) == 1


@pytest.mark.parametrize(
    ("trouble", "well"),
    [("none", True), ("link", False), ("blocked", False), ("loop", False), ("store", False)],
)
def test_health_is_good_where_everything_is(land: Land, trouble: str, well: bool) -> None:
    """One mailbox in trouble is enough for the process; the answer names which, and leaves the others well."""
    match trouble:
        case "link":
            land["H49"].broker.cut()
        case "blocked":
            land["H49"].broker.block()
        case "store":
            land["H49"].store = BrokenStore()
        case _:
            pass
    one, other = daemon_of(land, "G22"), daemon_of(land, "H49")
    if trouble == "loop":
        failing(other, "deliver", "the document system does not answer", land)
    fine, said = health([one, other])
    mailboxes = said["mailboxes"]
    assert isinstance(mailboxes, list)
    assert (fine, said["ok"]) == (well, well)
    assert [(each["mailbox"], each["ok"]) for each in mailboxes] == [("G22", True), ("H49", well)]
    assert mailboxes[0]["outbox"] == {}


def test_health_says_what_is_wrong(land: Land) -> None:
    """In the loop's own words, since when; of the store, in the error's."""
    land["H49"].store = BrokenStore()
    daemon = daemon_of(land, "H49")
    failing(daemon, "deliver", "the document system does not answer", land)
    _, said = health([daemon])
    mailboxes = said["mailboxes"]
    assert isinstance(mailboxes, list)
    assert mailboxes[0]["loops"]["deliver"]["error"] == "the document system does not answer"
    assert mailboxes[0]["loops"]["deliver"]["failing_since"] == land.now
    assert "disk I/O error" in mailboxes[0]["store"]
