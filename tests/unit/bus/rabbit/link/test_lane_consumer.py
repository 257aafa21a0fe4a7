"""bus/rabbit/link/lane_consumer.py: a queue that may not be there."""

import pytest
import structlog
from pika import spec

from bus.ports.records import Arrival
from bus.rabbit.link.lane_consumer import LaneConsumer
from tests.unit.bus.rabbit.offline import OfflineBroker, OfflineIo


def lane_of(broker: OfflineBroker, arrived: list[Arrival]) -> LaneConsumer:
    return LaneConsumer(
        OfflineIo(broker),  # type: ignore[arg-type] # what it needs of a thread
        queue="urgent.H49",
        prefetch=7,
        retry=300.0,
        deliver=arrived.append,
        log=structlog.get_logger(),
    )


@pytest.mark.parametrize(("version", "consumers"), [("3.10.8", 1), ("4.2.0", 1), ("4.3.6", 0), ("?", 0)])
def test_a_lane_is_read_where_the_broker_has_lanes(version: str, consumers: int) -> None:
    """Not from 4.3 on, which has strict priorities, nor where the version is unknown."""
    broker = OfflineBroker(version=version)
    lane_of(broker, []).open_beside(broker.channel())
    broker.settle()
    assert [each.queue for each in broker.said(spec.Basic.Consume)] == ["urgent.H49"] * consumers
    assert [each.prefetch_count for each in broker.said(spec.Basic.Qos)] == [7] * consumers


def test_an_absent_lane_is_looked_for_again() -> None:
    """The broker closes its channel alone; the topology may be applied meanwhile."""
    broker, arrived = OfflineBroker(version="3.10.8"), list[Arrival]()
    broker.answers[spec.Basic.Consume] = lambda *_: [spec.Channel.Close(404, "NOT_FOUND", 0, 0)]
    lane = lane_of(broker, arrived)
    lane.open_beside(broker.channel())
    broker.settle()
    assert lane.deliveries is None
    del broker.answers[spec.Basic.Consume]
    broker.clock.pass_(299.0)
    broker.settle()
    assert len(broker.said(spec.Basic.Consume)) == 1
    broker.clock.pass_(1.0)
    broker.settle()
    assert len(broker.said(spec.Basic.Consume)) == 2
    broker.deliver(b"urgent", channel=max(broker.connection._channels))
    assert [(each.body, each.is_copy) for each in arrived] == [(b"urgent", True)]


def test_nothing_is_looked_for_on_a_lost_connection() -> None:
    """The next session opens the lane anew."""
    broker = OfflineBroker(version="3.10.8")
    broker.answers[spec.Basic.Consume] = lambda *_: [spec.Channel.Close(404, "NOT_FOUND", 0, 0)]
    lane = lane_of(broker, [])
    lane.open_beside(broker.channel())
    broker.settle()
    lane.lost()
    broker.clock.pass_(3000.0)
    broker.settle()
    assert len(broker.said(spec.Basic.Consume)) == 1
