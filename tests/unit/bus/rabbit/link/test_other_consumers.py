"""bus/rabbit/link/other_consumers.py"""

import pytest
from pika import spec

from bus.rabbit.link.other_consumers import ConsumerCounter, OtherConsumers
from tests.unit.bus.rabbit.offline import OfflineBroker, OfflineIo


@pytest.mark.parametrize(
    ("counts", "count"),
    [
        pytest.param([(0, 1), (200, 1)], 0, id="alone"),
        pytest.param([(0, 2), (60, 2), (80, 1)], 0, id="a dead connection that lingered"),
        pytest.param([(0, 2), (60, 1), (80, 2), (160, 2)], 0, id="each time another"),
        pytest.param([(0, 2), (60, 3), (90, 3)], 2, id="somebody, for longer than the dead linger"),
        pytest.param([(0, 2), (90, 2), (120, 1)], 0, id="somebody who went"),
        pytest.param([(0, 2), (80, None), (90, 2)], 0, id="counted anew after our own connection was lost"),
        pytest.param([(0, 2), (90, 2), (100, None)], 1, id="still there while nobody counts"),
    ],
)
def test_another_consumer_counts_once_it_stays(counts: list[tuple[float, int | None]], count: int) -> None:
    """A second consumer counts once it stays for longer than the broker takes to drop a dead connection."""
    others = OtherConsumers(90.0)
    for at, consumers in counts:
        if consumers is None:
            others.unknown()
        else:
            others.counted(consumers, at=at)
    assert others.count == count


def test_consumers_are_counted_once_a_heartbeat() -> None:
    """By a passive declare, for as long as the channel is open."""
    broker, others = OfflineBroker(), OtherConsumers(30.0)
    broker.answers[spec.Queue.Declare] = lambda _, method: [spec.Queue.DeclareOk(method.queue, 0, 3)]
    counter = ConsumerCounter(
        OfflineIo(broker),  # type: ignore[arg-type] # what it needs of a thread
        queue="inbox.H49",
        every=15.0,
        others=others,
    )
    counter.start(broker.channel())
    seen = []
    for _ in range(3):
        broker.settle()
        seen.append(others.count)
        broker.clock.pass_(15.0)
    assert seen == [0, 0, 2]
    counter.stop()
    broker.clock.pass_(60.0)
    assert [(each.queue, each.passive) for each in broker.said(spec.Queue.Declare)] == [("inbox.H49", True)] * 4
