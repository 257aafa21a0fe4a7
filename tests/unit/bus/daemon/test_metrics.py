"""/metrics: numbers, read from counters, stores and links when somebody asks."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from bus.daemon.descriptors import Descriptors
from bus.daemon.log_stream import LogStream
from bus.daemon.loops import Loop
from bus.daemon.metrics import RoadCollector
from bus.daemon.own_process import OwnProcess
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
    """Counters of the road, boxes and ages from the store, the link, the loops; for each mailbox."""
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


def test_the_process_has_numbers_of_its_own(land: Land) -> None:
    """Threads, the log, descriptors, and the loop that follows the directory."""
    stream = LogStream(None)
    own = OwnProcess(threads={"lienthong-io": lambda: True, "http": lambda: False}, log_stream=stream)
    follower = Loop("directory", lambda: False, idle=1, mailbox="*")
    follower.health.failing_since = land.now
    own.watch([], [follower])
    registry = CollectorRegistry()
    registry.register(RoadCollector([], own))
    sample = registry.get_sample_value
    assert sample("lienthong_descriptors_wanted") is None
    own.descriptors = Descriptors(limit=64, wanted=96)
    assert (sample("lienthong_log_failing"), sample("lienthong_log_lines_lost_total")) == (0, 0)
    stream.write("a\n")
    assert (sample("lienthong_log_failing"), sample("lienthong_log_lines_lost_total")) == (1, 1)
    assert (sample("lienthong_threads_expected"), sample("lienthong_threads_alive")) == (2, 1)
    assert sample("lienthong_descriptors_wanted") == 96
    assert sample("lienthong_process_loop_failing", {"loop": "directory"}) == 1
