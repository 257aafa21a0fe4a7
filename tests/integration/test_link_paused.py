"""A link whose buffer is full: it stops reading the connection, and the rest waits in a real RabbitMQ."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bus.ports.records import Arrival
from bus.rabbit.link.link import Link
from tests.contract.broker import HOME, OTHER, publication, receive, wait_for
from tests.integration.real_ground import RealGround


@pytest.mark.parametrize("seconds", [0, pytest.param(16, marks=pytest.mark.long)], ids=["at once", "after a while"])
def test_a_full_buffer_waits_in_the_broker(ground: RealGround, seconds: int) -> None:
    """Above the bytes it may buffer, a link reads no more; it lives on beyond its heartbeats, and then all arrives."""
    ground.link(HOME).publish([replace(publication(n), body=bytes(100_000)) for n in range(200)])
    link = ground.link(OTHER, buffer_bytes=1_000_000, heartbeat=2)
    wait_for(lambda: link._consumer._is_paused)
    time.sleep(seconds)  # pika gives up what was silent for twice its heartbeat and 5 seconds
    consumer = link._consumer
    assert 1_000_000 < consumer._bytes < 3_000_000
    assert link.is_up
    arrivals = [each for _ in range(20) for each in _acked(link, receive(link, 10))]
    assert [len(each.body) for each in arrivals] == [100_000] * 200
    assert not any(each.redelivered for each in arrivals)
    assert consumer._bytes == 0
    assert link.status().reconnects == 0


def test_a_paused_link_closes_and_comes_back(ground: RealGround, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut shows as soon as it reads again; all comes to the next connection. Closing reads the broker's answer: it
    ends, though it would wait for that for ever."""
    bodies = {b"%06d" % n + bytes(100_000) for n in range(50)}
    ground.link(HOME).publish([replace(publication(n), body=body) for n, body in enumerate(sorted(bodies))])
    link = ground.link(OTHER, buffer_bytes=500_000)
    wait_for(lambda: link._consumer._is_paused)
    ground.forwarder.cut()
    deadline = time.monotonic() + 60
    while link.status().consuming:  # the last of it lies with the kernel still
        assert time.monotonic() < deadline
        link.receive(limit=50, wait=0.1)
    ground.mend()
    assert {each.body for each in receive(link, 50)} == bodies
    wait_for(lambda: not link._consumer._is_paused)
    link.close()
    other = ground.link(OTHER, buffer_bytes=500_000)
    wait_for(lambda: other._consumer._is_paused)
    monkeypatch.setattr("bus.rabbit.link.link.CLOSE_TIMEOUT", 100_000.0)
    monkeypatch.setattr("bus.rabbit.session.CLOSE_TIMEOUT", 100_000.0)
    other.close()
    assert {each.body for each in receive(ground.link(OTHER), 50)} == bodies


def _acked(link: Link, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    link.ack(arrivals)
    return arrivals
