"""A link that knows several nodes of its broker. Two forwarders to one RabbitMQ are the nodes here: a cluster's own
part is in tests/faults/test_cluster.py."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from bus.errors import BrokerAway
from bus.ports.records import Confirmation
from bus.rabbit.backoff import Backoff
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.streams.directory_reader import DirectoryReader
from bus.topology.names import DIRECTORY_CHANGES, inbox_of
from tests.contract.broker import HOME, OTHER, nothing_more, publication, receive, wait_for
from tests.integration.forwarder import Forwarder
from tests.integration.real_ground import RealGround

SLOW = Backoff(0.5, 600.0)


@dataclass(frozen=True)
class Nodes:
    ground: RealGround
    one: Forwarder
    other: Forwarder

    def link(self, mailbox: str, *, first: Forwarder, **settings: Any) -> Link:
        """Both connections begin at the `first`."""
        second = self.other if first is self.one else self.one
        urls = tuple(self.ground.vhost.through(node.host, node.port) for node in (first, second))
        return self.ground.link(mailbox, url=urls, retry=SLOW, dice=0.9, **settings)

    def name(self, node: Forwarder) -> str:
        return f"amqp://{node.host}:{node.port}/{self.ground.vhost.name}"


@pytest.fixture
def nodes(ground: RealGround) -> Iterator[Nodes]:
    with ExitStack() as stack:
        yield Nodes(ground, *(stack.enter_context(ground.another_way()) for _ in range(2)))


def test_the_node_in_use_is_named(nodes: Nodes) -> None:
    """Without credentials, for each of the two connections, and only while it stands."""
    link = nodes.link(HOME, first=nodes.one)
    status = link.status()
    assert (status.publishing_to, status.consuming_from) == (nodes.name(nodes.one), nodes.name(nodes.one))
    for node in (nodes.one, nodes.other):
        node.cut()
    wait_for(lambda: (link.status().publishing_to, link.status().consuming_from) == (None, None), within=60)


def test_a_lost_node_is_not_waited_for(nodes: Nodes) -> None:
    """The link goes on at the other at once, and stays there when the first is back."""
    link = nodes.link(HOME, first=nodes.one)
    nodes.one.cut()
    other = nodes.name(nodes.other)
    wait_for(lambda: (link.status().publishing_to, link.status().consuming_from) == (other, other), within=60)
    wait_for(lambda: link.is_up)
    nodes.one.mend()
    assert set(link.publish([publication(1, f"document.{HOME}")])) == {Confirmation.CONFIRMED}
    assert receive(link, 1)[0].body == b"body 1"
    assert link.status().reconnects == 2


def test_a_node_that_is_away_from_the_start(nodes: Nodes) -> None:
    """The next one is tried almost at once."""
    nodes.one.cut()
    link = nodes.link(HOME, first=nodes.one)
    assert link.status().publishing_to == nodes.name(nodes.other)


def test_a_node_that_confirms_nothing_is_left(nodes: Nodes) -> None:
    """What it left unanswered is lost, in time; the next publish goes another way."""
    link = nodes.link(HOME, first=nodes.one, publish_timeout=4.0)
    nodes.one.stall()
    assert set(link.publish([publication(1)])) == {Confirmation.LOST}
    wait_for(lambda: link.status().publishing and link.status().publishing_to == nodes.name(nodes.other), within=60)

    def confirmed() -> bool:
        with suppress(BrokerAway):
            return set(link.publish([publication(1)])) == {Confirmation.CONFIRMED}
        return False

    wait_for(confirmed, within=60)


def test_a_node_that_delivers_nothing_is_left(nodes: Nodes) -> None:
    """No heartbeat is missed yet: it is the question without an answer that tells."""
    link = nodes.link(OTHER, first=nodes.one, probe_after=1.0, probe_timeout=4.0, heartbeat=2)
    sender = nodes.link(HOME, first=nodes.other)
    nodes.one.stall()
    sender.publish([publication(1)])
    # It may have gone to the connection that is silent now, until the broker misses heartbeats there.
    assert receive(link, 1, within=60)[0].body == b"body 1"
    assert link.status().consuming_from == nodes.name(nodes.other)


def test_asking_disturbs_nothing(nodes: Nodes) -> None:
    """A quiet inbox is asked again and again; what comes meanwhile comes once, and is acknowledged like any other."""
    link = nodes.link(OTHER, first=nodes.one, probe_after=0.05, probe_timeout=60.0)
    sender = nodes.link(HOME, first=nodes.one)
    for number in range(40):
        time.sleep(0.05 if number % 4 == 0 else 0)
        sender.publish([publication(number)])
    arrivals = receive(link, 40, within=60)
    assert sorted(arrival.body for arrival in arrivals) == sorted(b"body %d" % number for number in range(40))
    assert len({arrival.tag for arrival in arrivals}) == 40
    link.ack(arrivals)
    assert nothing_more(link)
    nodes.ground.settle()
    link.close()
    assert nodes.ground.depth(inbox_of(OTHER)) == 0
    assert link.status().reconnects == 0


def test_a_quiet_directory_is_read_anew(nodes: Nodes, io: IoThread) -> None:
    """From its last change on, which its reader knows: a node cut off from its cluster is not believed for ever."""
    vhost = nodes.ground.vhost
    urls = tuple(vhost.through(node.host, node.port) for node in (nodes.one, nodes.other))
    with vhost.channel() as channel:
        channel.queue_declare(DIRECTORY_CHANGES, durable=True, arguments={"x-queue-type": "stream"})
        feed = DirectoryReader(LinkSettings(mailbox=HOME, url=urls), io=io, renew=3.0)
        try:
            for body in (b"first", b"second"):
                channel.basic_publish("", DIRECTORY_CHANGES, body)
                for _ in range(2):  # once as it comes, once as the last that there is
                    wait_for(lambda body=body: body in feed.changes(wait=0.1), within=60)
        finally:
            feed.close()
