"""Urgent messages on a real RabbitMQ, whatever its version and whatever of the topology has been applied there."""

from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from bus.ports.records import Confirmation
from bus.topology.names import ROUTE, UNROUTABLE, inbox_of, lane_of
from schemas.codes import Priority
from tests.contract.broker import HOME, OTHER, nothing_more, publication, receive, wait_for
from tests.integration.broker_world import Vhost, World
from tests.integration.real_ground import RealGround

URGENT = publication(1, priority=Priority.IMMEDIATE)


@pytest.fixture
def guarded(ground: RealGround, broker: World) -> RealGround:
    """With the alternate exchange that keeps what no queue takes."""
    with ground.vhost.channel() as channel:
        channel.exchange_declare(UNROUTABLE, "fanout", durable=True, internal=True)
        channel.queue_declare(UNROUTABLE, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(UNROUTABLE, UNROUTABLE)
    alternate = {"pattern": "^route$", "apply-to": "exchanges", "definition": {"alternate-exchange": UNROUTABLE}}
    with broker.api() as api:
        api.put(f"/api/policies/{quote(ground.vhost.name, safe='')}/route", json=alternate).raise_for_status()
    return ground


def lay(vhost: Vhost, *queues: str) -> None:
    """A topology of today takes lanes away; one of yesterday had none."""
    with vhost.channel() as channel:
        for queue in queues:
            channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
            channel.queue_bind(queue, ROUTE, queue)


def readers(vhost: Vhost, queue: str) -> int:
    with vhost.channel() as channel:
        return int(channel.queue_declare(queue, passive=True).method.consumer_count)


def without_lanes(vhost: Vhost) -> None:
    with vhost.channel() as channel:
        for mailbox in (HOME, OTHER):
            channel.queue_delete(lane_of(mailbox))


def test_nothing_urgent_is_lost_where_there_are_no_lanes(guarded: RealGround) -> None:
    """RabbitMQ 4.3, or an older one whose topology was not applied again: it arrives by the inbox, once, and nothing of
    it is unroutable. A link that finds no lane is up all the same."""
    without_lanes(guarded.vhost)
    recipient = guarded.link(OTHER)
    assert list(guarded.link(HOME).publish([URGENT])) == [Confirmation.CONFIRMED]
    assert receive(recipient, 1)[0].body == URGENT.body
    assert nothing_more(recipient)
    assert guarded.depth(UNROUTABLE) == 0
    assert recipient.status().reconnects == 0


def test_an_adapter_that_reads_no_lane_misses_nothing(ground: RealGround) -> None:
    """What goes by a lane lies in the inbox as well."""
    lay(ground.vhost, lane_of(OTHER))
    ground.link(HOME).publish([URGENT])
    wait_for(lambda: ground.depth(lane_of(OTHER)) == 1)
    wait_for(lambda: ground.depth(inbox_of(OTHER)) == 1)


def test_the_lane_of_a_broker_with_strict_priorities_is_left_alone(ground: RealGround, broker: World) -> None:
    """Brought up to 4.3 with its lanes: nobody reads them, so that they can be removed; before, the mailbox does."""
    lay(ground.vhost, lane_of(OTHER))
    recipient = ground.link(OTHER)
    ground.link(HOME).publish([URGENT])
    if broker.has_lanes:
        wait_for(lambda: readers(ground.vhost, lane_of(OTHER)) == 1)
    copies = receive(recipient, 2 if broker.has_lanes else 1)
    assert {each.body for each in copies} == {URGENT.body}
    assert sorted(each.is_copy for each in copies) == [False, True][: len(copies)]
    recipient.ack(copies)
    assert nothing_more(recipient)
    assert readers(ground.vhost, lane_of(OTHER)) == int(broker.has_lanes)


def test_a_lane_that_comes_and_goes(ground: RealGround, broker: World) -> None:
    """A link reads a lane as soon as the topology is applied, and goes on by its inbox when the lane is removed."""
    without_lanes(ground.vhost)
    with capture_logs() as logs:
        recipient = ground.link(OTHER, lane_retry=0.3)
        if broker.has_lanes:
            wait_for(lambda: [each for each in logs if each["event"] == "lane.absent"])
        lay(ground.vhost, lane_of(OTHER))
        if broker.has_lanes:
            wait_for(lambda: readers(ground.vhost, lane_of(OTHER)) == 1)
    ground.link(HOME).publish([URGENT])
    some = receive(recipient, 2 if broker.has_lanes else 1)
    with ground.vhost.channel() as channel:
        channel.queue_delete(lane_of(OTHER))
    recipient.ack(some)
    ground.link(HOME).publish([publication(2, priority=Priority.URGENT)])
    assert receive(recipient, 1)[0].body == b"body 2"
    assert recipient.status().reconnects == 0
