"""bus/rabbit/streams/audit_reader.py at a real stream: read from a place on, deleted and declared anew, cut, away."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from bus.errors import BadConfig, BrokerAway
from bus.rabbit.address import Address
from bus.rabbit.streams.audit_reader import AuditMessage, AuditReader, Continuity, Place
from bus.topology.names import AUDIT, exchange_of
from tests.integration.broker_world import Vhost

QUICK = 1.0
"""Seconds to wait for an answer: this broker is near."""
STREAM = {"x-queue-type": "stream"}


@pytest.fixture
def audited(vhost: Vhost) -> Iterator[Vhost]:
    """A fresh stream, fed by the exchange of G22."""
    vhost.declare("G22")
    declare(vhost)
    yield vhost
    with vhost.channel() as channel:
        channel.queue_delete(AUDIT)


def declare(vhost: Vhost, **arguments: object) -> None:
    with vhost.channel() as channel:
        channel.queue_delete(AUDIT)
        channel.queue_declare(AUDIT, durable=True, arguments={**STREAM, **arguments})
        channel.queue_bind(AUDIT, exchange_of("G22"), "#")


def publish(vhost: Vhost, *bodies: bytes, key: str = "document.H49") -> None:
    with vhost.channel() as channel:
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish(exchange_of("G22"), key, body)


def reader(vhost: Vhost, after: Place | None) -> AuditReader:
    return AuditReader(Address.from_url(vhost.url), after=after, answer=QUICK).open()


def _read_on(opened: AuditReader) -> None:
    for _ in range(10):
        opened.read(limit=10, max_bytes=1 << 20, wait=0.5)


def read(vhost: Vhost, after: Place | None, count: int) -> tuple[Continuity, Sequence[AuditMessage]]:
    with closing(reader(vhost, after)) as opened:
        found = list[AuditMessage]()
        for _ in range(20):
            found += opened.read(limit=1000, max_bytes=1 << 30, wait=0.5)
            if len(found) >= count:
                break
        return opened.continuity, found


def test_what_is_told_of_a_message(audited: Vhost) -> None:
    """Its offset, whose exchange it came by, its key and its bytes."""
    publish(audited, b"one", b"two", key="receipt.H49")
    continuity, found = read(audited, None, 2)
    assert continuity is Continuity.NEW
    assert [(each.offset, each.publisher, each.key, each.body) for each in found] == [
        (0, "G22", "receipt.H49", b"one"),
        (1, "G22", "receipt.H49", b"two"),
    ]


def test_it_goes_on_behind_the_place(audited: Vhost) -> None:
    """What was read is not given again, wherever in a chunk the place is."""
    bodies = [b"%d" % number for number in range(300)]
    publish(audited, *bodies)
    _, all_ = read(audited, None, 300)
    for place in (0, 150, 298):
        continuity, found = read(audited, all_[place].place, 299 - place)
        assert continuity is Continuity.SAME
        assert [each.body for each in found] == bodies[place + 1 :]
    continuity, found = read(audited, all_[-1].place, 1)
    assert (continuity, found) == (Continuity.SAME, [])


def test_a_batch_is_bounded(audited: Vhost) -> None:
    """In messages, and in bytes; one that alone is larger is given."""
    publish(audited, *[b"x" * 1000] * 20)
    with closing(reader(audited, None)) as opened:
        assert len(opened.read(limit=3, max_bytes=1 << 20, wait=2)) <= 3
        assert len(opened.read(limit=100, max_bytes=10, wait=2)) == 1
        rest = list[AuditMessage]()
        while some := opened.read(limit=100, max_bytes=5000, wait=1):
            assert len(some) <= 6
            rest += some
    assert rest[-1].offset == 19


def test_more_than_is_on_the_way_at_once(audited: Vhost) -> None:
    """Every message once, in order."""
    publish(audited, *[b"%d" % number for number in range(3000)])
    _, found = read(audited, None, 3000)
    assert [each.offset for each in found] == list(range(3000))


@pytest.mark.parametrize("count", [1, 5, 30])
def test_a_stream_made_anew(audited: Vhost, count: int) -> None:
    """Shorter than the one before, or longer: it is noticed, and read from its beginning."""
    publish(audited, *[b"old %d" % number for number in range(10)])
    _, old = read(audited, None, 10)
    declare(audited)
    publish(audited, *[b"new %d" % number for number in range(count)])
    continuity, found = read(audited, old[-1].place, count)
    assert continuity is Continuity.ANOTHER
    assert [each.offset for each in found] == list(range(count))


def test_an_empty_stream_in_its_place(audited: Vhost) -> None:
    """Nothing tells whether it is another one: it is asked again later, and the first message tells."""
    publish(audited, b"old 1", b"old 2")
    _, old = read(audited, None, 2)
    declare(audited)
    with pytest.raises(BrokerAway, match=AUDIT):
        reader(audited, old[-1].place)
    publish(audited, b"new")
    continuity, found = read(audited, old[-1].place, 1)
    assert (continuity, [each.body for each in found]) == (Continuity.ANOTHER, [b"new"])


def test_a_stream_that_was_cut(audited: Vhost) -> None:
    """It has dropped the place, and more: what is left is read, and that is said."""
    declare(audited, **{"x-max-length-bytes": 60_000, "x-stream-max-segment-size-bytes": 20_000})
    publish(audited, b"first")
    _, old = read(audited, None, 1)
    for _ in range(40):
        publish(audited, *[b"x" * 1000] * 20)
    continuity, found = read(audited, old[0].place, 1)
    assert continuity is Continuity.CUT
    assert found[0].offset > 1


def test_a_stream_that_goes_while_it_is_read(audited: Vhost) -> None:
    """The broker ends the reading, and that is said; without a stream it refuses."""
    publish(audited, b"one")
    with closing(reader(audited, None)) as opened:
        assert opened.read(limit=10, max_bytes=1 << 20, wait=2)
        with audited.channel() as channel:
            channel.queue_delete(AUDIT)
        with pytest.raises(BrokerAway):
            _read_on(opened)
    with pytest.raises(BadConfig, match="404"):
        reader(audited, None)
