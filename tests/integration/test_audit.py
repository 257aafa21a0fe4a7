"""Sending a mailbox a past stretch of the audit stream again, on a bus that goes on working meanwhile."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bus.rabbit.address import Address
from bus.rabbit.streams.audit_replay import replay_audit
from bus.topology.names import AUDIT, exchange_of, inbox_of
from schemas.docket import Docket
from tests.contract.broker import HOME, OTHER
from tests.integration.broker_world import Vhost
from tests.integration.real_ground import RealGround
from tests.scenarios.country import Land, document

COUNT = 600
"""More than is on its way to a reader at once."""


@pytest.fixture
def audited(ground: RealGround) -> Vhost:
    """With the stream that takes a copy of everything."""
    with ground.vhost.channel() as channel:
        channel.queue_declare(AUDIT, durable=True, arguments={"x-queue-type": "stream"})
        for mailbox in (HOME, OTHER):
            channel.queue_bind(AUDIT, exchange_of(mailbox), "#")
    return ground.vhost


@pytest.fixture
def passed(audited: Vhost) -> tuple[Land, list[Docket]]:
    """Documents from G22 to H49 and to H53, in turn; bytes that are no message; nobody holds any of them now."""
    land = Land()
    for number in range(COUNT):
        land["G22"].dms.write(document("G22", ("H49", "H53")[number % 2], number=number))
    while land.collect("G22"):
        pass
    with land["G22"].store.read() as tx:
        entries = tx.outbox.due(now=land.now, limit=COUNT, max_bytes=1 << 30)
    with audited.channel() as channel:
        channel.confirm_delivery()
        channel.basic_publish(exchange_of(HOME), "document.x", b"GET / HTTP/1.1")
        for entry in entries:
            channel.basic_publish(exchange_of(HOME), "document.x", entry.body)
    return land, [entry.docket for entry in entries]


@pytest.fixture
def traffic(passed: object, audited: Vhost) -> Iterator[None]:
    """It does not pause while the fixture stands."""
    stop = threading.Event()

    def publish() -> None:
        with audited.channel() as channel:
            while not stop.wait(0.005):
                channel.basic_publish(exchange_of(OTHER), "document.x", b"more")

    busy = threading.Thread(target=publish)
    busy.start()
    yield
    stop.set()
    busy.join()


def test_all_of_a_stretch_comes_again_though_the_bus_never_rests(
    audited: Vhost, passed: tuple[Land, list[Docket]], traffic: None
) -> None:
    """In its order, confirmed one by one; and the command ends."""
    land, dockets = passed
    node = Address.from_url(audited.url)
    hour = timedelta(hours=1)
    done = replay_audit(node, mailbox=HOME, since=land.now - hour, until=land.now + hour)
    assert list(done.dockets) == [docket for docket in dockets if HOME in docket.mailboxes]
    assert done.looked_at >= COUNT + 1
    assert audited.depth(inbox_of(HOME)) == COUNT // 2


def test_nothing_passed_since(audited: Vhost, passed: tuple[Land, list[Docket]]) -> None:
    """Nor was anything made in the stretch asked for: nothing is put anywhere."""
    land, _ = passed
    done = replay_audit(
        Address.from_url(audited.url), mailbox=HOME, since=land.now - timedelta(2), until=land.now - timedelta(1)
    )
    assert done.dockets == ()
    assert audited.depth(inbox_of(HOME)) == 0
