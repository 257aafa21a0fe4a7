"""Large attachments in streams of a real RabbitMQ: the contract, and what only a broker does."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pika
import pytest

from bus.errors import BlobsAway
from bus.ports.records import Segment
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.streams.blob_upload import BLOB_HEADER, FILTER_HEADER, SEGMENT_HEADER
from bus.rabbit.streams.blobs import StreamBlobs
from bus.topology.names import blob_key, blobs_of, exchange_of
from bus.topology.wanted import topology
from bus.wire.segments import LARGEST
from schemas.values import BlobId, MailboxCode
from tests.contract.blobs import (
    HOME,
    MAILBOXES,
    ONE,
    OTHER,
    THIRD,
    TWO,
    BlobsContract,
    fetched,
    plain,
    segment,
    segments,
)
from tests.contract.broker import wait_for
from tests.integration.broker_world import Vhost, World
from tests.integration.conftest import fresh
from tests.integration.forwarder import Forwarder

QUIET = 0.5


class StreamGround:
    """A vhost of its own, and a forwarder that everybody goes through."""

    def __init__(self, vhost: Vhost, io: IoThread, forwarder: Forwarder) -> None:
        self.vhost = vhost
        self.forwarder = forwarder
        self._io = io
        self._open: list[StreamBlobs] = []
        self.settings = LinkSettings(mailbox=HOME, url=vhost.through(forwarder.host, forwarder.port))
        with vhost.channel() as channel:
            for mailbox in MAILBOXES:
                channel.exchange_declare(exchange_of(mailbox), "topic", durable=True)
                self.declare_stream(mailbox)

    def declare_stream(self, mailbox: MailboxCode, **arguments: object) -> None:
        with self.vhost.channel() as channel:
            stream = {"x-queue-type": "stream", **arguments}
            channel.queue_declare(blobs_of(mailbox), durable=True, arguments=stream)
            channel.queue_bind(blobs_of(mailbox), exchange_of(mailbox), blob_key(mailbox))

    def blobs(self, mailbox: MailboxCode, *, url: str | None = None, **how: float) -> StreamBlobs:
        settings = replace(self.settings, mailbox=mailbox, url=url or self.settings.url)
        self._open.append(StreamBlobs(settings, io=self._io, **{"quiet": QUIET, **how}))
        return self._open[-1]

    def cut(self) -> None:
        self.forwarder.cut()
        wait_for(lambda: not any(each.connections for each in self._open))

    def mend(self) -> None:
        self.forwarder.mend()

    def close(self) -> None:
        for each in self._open:
            each.close()


@pytest.fixture
def ground(broker: World, io: IoThread) -> Iterator[StreamGround]:
    with ExitStack() as stack:
        vhost = stack.enter_context(broker.vhost(fresh("blobs")))
        parts = urlsplit(vhost.url)
        forwarder = stack.enter_context(Forwarder(parts.hostname or "localhost", parts.port or 5672))
        ground = StreamGround(vhost, io, forwarder)
        stack.callback(ground.close)
        yield ground


class TestStreamBlobs(BlobsContract):
    """`bus.rabbit.streams.blobs.StreamBlobs`."""

    @pytest.fixture
    def ground(self, ground: StreamGround) -> StreamGround:
        return ground


def test_two_readers_of_two_blobs_that_lie_between_each_other(ground: StreamGround) -> None:
    """Two hundred segments, put by turns: each reader has all of its own, in order, each once, at its own pace."""
    sender = ground.blobs(HOME)
    mark = sender.begin()
    for start in range(1, 101, 4):
        sender.put([segment(n, blob=blob, size=50_000) for n in range(start, start + 4) for blob in (ONE, TWO)])
    readers = {ONE: ground.blobs(OTHER), TWO: ground.blobs(THIRD)}
    found: dict[BlobId, list[Segment]] = {ONE: [], TWO: []}
    marks: dict[BlobId, str | None] = {ONE: mark, TWO: None}
    while any(len(each) < 100 for each in found.values()):
        for blob, limit in ((ONE, 8), (TWO, 5)):
            if len(found[blob]) < 100:
                some = readers[blob].get(HOME, blob, first=len(found[blob]) + 1, mark=marks[blob], limit=limit)
                found[blob] += some
                marks[blob] = some[-1].mark
    for blob, each in found.items():
        assert plain(each) == segments(*range(1, 101), blob=blob, size=50_000)


def test_a_trimmed_stream(ground: StreamGround) -> None:
    """What it has forgotten is not found, from a mark of then or from the oldest on; what it has kept is."""
    with ground.vhost.channel() as channel:
        channel.queue_delete(blobs_of(HOME))
    tiny = {"x-max-length-bytes": 2_000_000, "x-stream-max-segment-size-bytes": 500_000}
    ground.declare_stream(HOME, **tiny)
    sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
    mark = sender.begin()
    for start in range(1, 61, 4):
        sender.put(segments(*range(start, start + 4), size=200_000))
    wait_for(lambda: reader.get(HOME, ONE, first=1, mark=mark, limit=1)[0].number > 1, within=30)
    for since in (mark, None):
        numbers = [each.number for each in fetched(reader, HOME, mark=since)]
        assert numbers == list(range(numbers[0], 61))
        assert 1 < numbers[0] < 60
    assert not reader.get(HOME, ONE, first=61, mark=mark)


def test_a_mark_beyond_the_end(ground: StreamGround) -> None:
    """A stream that was made anew counts from the beginning: by an old mark nothing is found, from the oldest on it
    is. A mark that nobody gave leads to the oldest."""
    sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
    sender.put(segments(1, 2))
    assert not reader.get(HOME, ONE, first=1, mark="5000")
    assert plain(reader.get(HOME, ONE, first=1, mark=None, limit=2)) == segments(1, 2)
    for mark in ("", "-1", "first", "9" * 40, "²"):
        assert plain(reader.get(HOME, ONE, first=1, mark=mark, limit=2)) == segments(1, 2)


def test_what_is_no_segment_is_passed_over(ground: StreamGround) -> None:
    """Headers of a stranger's making harm nobody, and of a body that is too large there is enough to see that it is."""
    bodies: list[tuple[dict[str, Any] | None, bytes]] = [
        (None, b"no headers"),
        ({BLOB_HEADER: ONE}, b"no number"),
        ({BLOB_HEADER: ONE, SEGMENT_HEADER: 0}, b"no number"),
        ({BLOB_HEADER: ONE, SEGMENT_HEADER: "1"}, b"no number"),
        ({BLOB_HEADER: ONE, SEGMENT_HEADER: True}, b"no number"),
        ({BLOB_HEADER: [ONE], SEGMENT_HEADER: 1}, b"no id"),
        ({BLOB_HEADER: ONE, SEGMENT_HEADER: 1}, bytes(3 * 1024 * 1024)),
        ({BLOB_HEADER: ONE, SEGMENT_HEADER: 2}, b""),
    ]
    with ground.vhost.channel() as channel:
        channel.confirm_delivery()
        for headers, body in bodies:
            filtered = None if headers is None else {**headers, FILTER_HEADER: ONE}
            properties = pika.BasicProperties(headers=filtered, delivery_mode=2)
            channel.basic_publish(exchange_of(HOME), blob_key(HOME), body, properties)
    found = fetched(ground.blobs(OTHER), HOME)
    assert [(each.number, len(each.data)) for each in found] == [(1, LARGEST + 1), (2, 0)]


def test_a_stream_that_is_not_there(ground: StreamGround) -> None:
    """A topology of before there were blobs: it is said, at either end, and what to do."""
    sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
    with ground.vhost.channel() as channel:
        channel.queue_delete(blobs_of(HOME))
    for attempt in (
        lambda: sender.begin(),
        lambda: sender.put(segments(1)),
        lambda: reader.get(HOME, ONE, first=1, mark=None),
    ):
        with pytest.raises(BlobsAway, match=re.escape(blobs_of(HOME))):
            attempt()
    with pytest.raises(BlobsAway, match="topology apply"):
        reader.get(HOME, ONE, first=1, mark=None)
    assert not reader.get(OTHER, ONE, first=1, mark=None), "the others are well"
    ground.declare_stream(HOME)
    sender.put(segments(1))
    assert plain(reader.get(HOME, ONE, first=1, mark=None, limit=1)) == segments(1)


def test_a_stream_that_nothing_leads_to(ground: StreamGround) -> None:
    """What an exchange does not know is not taken for put."""
    with ground.vhost.channel() as channel:
        channel.queue_unbind(blobs_of(HOME), exchange_of(HOME), blob_key(HOME))
    sender = ground.blobs(HOME)
    with pytest.raises(BlobsAway, match="topology apply"):
        sender.put(segments(1, 2))
    ground.declare_stream(HOME)
    sender.put(segments(1, 2))
    assert plain(fetched(ground.blobs(OTHER), HOME, most=2)) == segments(1, 2)


def test_cut_in_the_middle(ground: StreamGround) -> None:
    """A put whose answer does not come says so, and so does a get that is not whole; the next ones go on from where it
    is known to have come, and what is there then is right, each at least once."""
    sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
    mark = sender.begin()
    sender.put(segments(1, 2, size=300_000))
    (first,) = reader.get(HOME, ONE, first=1, mark=mark, limit=1)
    ground.forwarder.slow(500_000)
    threading.Timer(1.0, ground.forwarder.cut).start()
    with pytest.raises(BlobsAway):
        sender.put(segments(3, 4, 5, 6, size=1_000_000))
    ground.mend()
    sender.put(segments(3, 4, 5, 6, size=1_000_000))
    ground.forwarder.slow(500_000)
    threading.Timer(1.0, ground.forwarder.cut).start()
    found, since = [first], first.mark
    with suppress(BlobsAway):
        while some := reader.get(HOME, ONE, first=len(found) + 1, mark=since):
            found += some
            since = some[-1].mark
        raise AssertionError("it did not notice")
    ground.mend()
    found += fetched(reader, HOME, mark=since)
    assert {each.number for each in found} == {1, 2, 3, 4, 5, 6}
    whole = [*segments(1, 2, size=300_000), *segments(3, 4, 5, 6, size=1_000_000)]
    assert all(each in whole for each in plain(found))


def test_a_slow_line_is_not_the_end(ground: StreamGround) -> None:
    """One segment that takes longer than a stream's silence means its end: bytes come all the while."""
    sender, reader = ground.blobs(HOME), ground.blobs(OTHER, quiet=0.4)
    sender.put(segments(1, 2, size=400_000))
    assert not reader.get(HOME, TWO, first=1, mark=None), "connected"
    ground.forwarder.slow(200_000)
    assert plain(fetched(reader, HOME, most=2, limit=1)) == segments(1, 2, size=400_000)


def test_connections_are_closed_when_nobody_needs_them(ground: StreamGround) -> None:
    """One for putting and one for getting, opened by the first call of each; after a while without, none."""
    blobs = ground.blobs(HOME, idle=1.0)
    assert blobs.connections == 0
    blobs.put(segments(1))
    assert blobs.connections == 1
    assert len(fetched(blobs, HOME, most=1)) == 1
    assert blobs.connections == 2
    wait_for(lambda: blobs.connections == 0)
    blobs.put(segments(2))
    assert plain(fetched(blobs, HOME, most=2)) == segments(1, 2)


def test_who_waits_is_let_go_by_close(ground: StreamGround) -> None:
    """A daemon ends while its large attachments wait for more: at once, whatever a stream's end takes."""
    blobs = ground.blobs(OTHER, quiet=60.0)
    threading.Timer(1.0, blobs.close).start()
    with pytest.raises(BlobsAway, match="closed"):
        blobs.get(HOME, ONE, first=1, mark=None)


def test_rights(ground: StreamGround, broker: World) -> None:
    """What a mailbox may do by the topology is all that it needs; another's stream it can read, and not feed."""
    rights = {user.name: user.permissions for user in topology([HOME, OTHER], vhost="any").users}
    permissions = rights[HOME]
    assert permissions is not None
    name = fresh("mailbox")
    escaped = {
        kind: pattern.replace(re.escape(HOME), re.escape(name)) for kind, pattern in permissions._asdict().items()
    }
    with ground.vhost.channel() as channel:
        channel.exchange_declare(exchange_of(name), "topic", durable=True)
    ground.declare_stream(name)
    with broker.api() as api:
        api.put(f"/api/users/{name}", json={"password": "pass/word", "tags": ""}).raise_for_status()
        try:
            api.put(f"/api/permissions/{ground.vhost.name}/{name}", json=escaped).raise_for_status()
            at = f"{ground.forwarder.host}:{ground.forwarder.port}/{ground.vhost.name}"
            blobs = ground.blobs(name, url=f"amqp://{name}:pass%2Fword@{at}")
            assert blobs.begin() == "0"
            blobs.put(segments(1))
            assert plain(fetched(blobs, name, most=1)) == segments(1)
            ground.blobs(HOME).put(segments(2))
            assert plain(fetched(blobs, HOME, most=1)) == segments(2)
            api.put(f"/api/permissions/{ground.vhost.name}/{name}", json={**escaped, "read": "^$", "write": "^$"})
            ground.cut()
            ground.mend()
            with pytest.raises(BlobsAway, match=f"may not read {re.escape(blobs_of(HOME))}: lienthong topology apply"):
                blobs.get(HOME, ONE, first=1, mark=None)
            with pytest.raises(BlobsAway, match=r"403|refused|lost"):
                blobs.put(segments(3))
        finally:
            api.delete(f"/api/users/{name}").raise_for_status()


def test_a_broker_that_starts_anew(ground: StreamGround, broker: World) -> None:
    """What was confirmed is there afterwards, by the same marks; either end says that it is away, and goes on."""
    if broker.ctl is None:
        pytest.skip("the broker is not ours to stop")
    sender, reader = ground.blobs(HOME), ground.blobs(OTHER)
    mark = sender.begin()
    sender.put(segments(1, 2, 3))
    (first,) = reader.get(HOME, ONE, first=1, mark=mark, limit=1)
    broker.ctl("stop_app")
    try:
        for attempt in (lambda: sender.put(segments(4)), lambda: reader.get(HOME, ONE, first=4, mark=first.mark)):
            with pytest.raises(BlobsAway):
                attempt()
    finally:
        broker.ctl("start_app")
    again = sender.put
    wait_for(lambda: succeeds(lambda: again(segments(4, 5))), within=60)
    found = [first, *fetched(reader, HOME, mark=first.mark, most=4)]
    assert plain(found) == segments(1, 2, 3, 4, 5)


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except BlobsAway:
        return False
    return True
