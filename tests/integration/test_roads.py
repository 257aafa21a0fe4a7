"""The roads out of an agency's exchange on a real broker: each kind its own, large attachments theirs, and none of them
missing for a moment while a topology of before is brought up."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ConnectionClosedByBroker, UnroutableError

from bus.topology.drift import Act, diff
from bus.topology.names import AUDIT, ROUTE, UNROUTABLE, is_blobs
from bus.topology.wanted import Binding, BrokerLimits, Topology, topology
from tests.admitted import refusal
from tests.integration.applied import Made, hashes, made_on
from tests.integration.broker_world import Vhost, World

RUN = secrets.token_hex(3)
A, B = f"A{RUN}", f"B{RUN}.1"
PERSISTENT = pika.BasicProperties(delivery_mode=2)


def older(now: Topology) -> Topology:
    """Before there were blobs: everything went by one road."""
    inner = tuple(binding for binding in now.bindings if not binding.source.startswith("agency."))
    roads = tuple(
        Binding(f"agency.{mailbox}", *to) for mailbox in (A, B) for to in ((ROUTE, "#", True), (AUDIT, "#", False))
    )
    return replace(
        now, queues=tuple(queue for queue in now.queues if not is_blobs(queue.name)), bindings=(*inner, *roads)
    )


@pytest.fixture(scope="module")
def made(broker: World, vhost: Vhost) -> Iterator[Made]:
    """A topology of before."""
    with made_on(
        broker, vhost, [A, B], BrokerLimits(blob_bytes=2_000_000, blob_segment_bytes=500_000), as_of_before=older
    ) as made:
        yield made


def test_no_message_is_without_a_road_while_the_topology_is_applied(made: Made) -> None:
    """Everything that is confirmed while one road is exchanged for several lies in the inbox and in the audit, once."""
    assert any(binding.is_superseded for binding in made.current.bindings)
    done, sent = threading.Event(), 0

    def publish() -> None:
        nonlocal sent
        with made.channel(A) as channel:
            while not done.is_set() or sent < 50:
                channel.basic_publish(f"agency.{A}", f"document.{B}", b"%d" % sent, PERSISTENT)
                sent += 1

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        time.sleep(0.5)
        changes = diff(made.current, made.wanted)
        assert [isinstance(each.item, Binding) and each.item.is_superseded for each in changes].count(True) == 4
        made.management.apply(changes, vhost=made.wanted.vhost, hashes={})
        time.sleep(0.5)
    finally:
        done.set()
        thread.join(timeout=60)
    assert diff(made.current, made.wanted, prune=True) == ()
    assert not any(binding.is_superseded for binding in made.current.bindings)
    with made.channel(B) as channel:
        taken = [body for _, _, body in iter(lambda: channel.basic_get(f"inbox.{B}", auto_ack=True), (None,) * 3)]
    assert taken == [b"%d" % number for number in range(sent)]
    assert streamed(made, AUDIT) == taken
    assert depth(made, UNROUTABLE) == 0


def depth(made: Made, queue: str) -> int:
    with made.channel(made.world.user) as channel:
        return int(channel.queue_declare(queue, passive=True).method.message_count)


def streamed(made: Made, stream: str, user: str | None = None) -> list[bytes]:
    """All that lies in a stream, until nothing more comes for a second. RabbitMQ 3.10 closes the connection over a
    consumer that is cancelled: that is the end of it, too."""
    found: list[bytes] = []
    with suppress(ConnectionClosedByBroker), made.channel(user or made.world.user) as channel:
        channel.basic_qos(prefetch_count=500)

        def arrived(on: BlockingChannel, method: "pika.spec.Basic.Deliver", _: object, body: bytes) -> None:
            found.append(body)
            on.basic_ack(method.delivery_tag or 0)

        channel.basic_consume(stream, arrived, arguments={"x-stream-offset": "first"})
        heard_at, before = time.monotonic(), 0
        while time.monotonic() - heard_at < 1.5:
            channel.connection.process_data_events(time_limit=0.5)
            if len(found) > before:
                heard_at, before = time.monotonic(), len(found)
    return found


def publish_blob(made: Made, exchange: str, key: str, body: bytes = b"a segment", *, user: str = A) -> None:
    with made.channel(user) as channel:
        channel.basic_publish(exchange, key, body, PERSISTENT, mandatory=True)


def test_large_attachments_reach_their_stream_and_nothing_else(made: Made) -> None:
    """Read by another mailbox; the audit, the inboxes and what is kept for operators see nothing of it."""
    before = (streamed(made, AUDIT), depth(made, UNROUTABLE))
    publish_blob(made, f"agency.{A}", f"blob.{A}")
    assert streamed(made, f"blobs.{A}", user=B) == [b"a segment"]
    assert streamed(made, f"blobs.{B}", user=A) == []
    assert (streamed(made, AUDIT), depth(made, UNROUTABLE)) == before


@pytest.mark.parametrize("key", [f"blob.{B}", "blob.nobody", "nonsense"])
def test_what_has_no_road_comes_back(made: Made, key: str) -> None:
    """A key that its exchange does not know is returned to who publishes with `mandatory`: another's stream, too."""
    with pytest.raises(UnroutableError):
        publish_blob(made, f"agency.{A}", key)
    assert b"a segment" not in streamed(made, f"blobs.{B}")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda channel: channel.basic_publish(f"agency.{B}", f"blob.{B}", b"x", PERSISTENT),
        lambda channel: channel.basic_publish("", f"blobs.{B}", b"x", PERSISTENT),
        lambda channel: channel.queue_purge(f"blobs.{B}"),
        lambda channel: channel.queue_delete(f"blobs.{B}"),
        lambda channel: channel.queue_delete(f"blobs.{A}"),
        lambda channel: channel.queue_bind(f"blobs.{A}", f"agency.{B}", "#"),
        lambda channel: channel.queue_bind(f"blobs.{B}", f"agency.{A}", "#"),
        lambda channel: channel.queue_unbind(f"blobs.{A}", f"agency.{A}", f"blob.{A}"),
    ],
    ids=["to its exchange", "past it", "purge", "delete", "delete its own", "bind", "bind to it", "unbind its own"],
)
def test_who_may_read_a_stream_may_do_nothing_else_to_it(
    made: Made, attempt: Callable[[BlockingChannel], object]
) -> None:
    """Nobody writes to another's stream, empties or removes it, or changes what feeds his own."""
    publish_blob(made, f"agency.{B}", f"blob.{B}", b"theirs", user=B)
    with made.channel(A) as channel:
        said = refusal(lambda: attempt(channel))
    assert "ACCESS_REFUSED" in said or "NOT_IMPLEMENTED" in said
    assert b"theirs" in streamed(made, f"blobs.{B}")
    assert diff(made.current, made.wanted, prune=True) == ()


def test_a_mailbox_that_left_takes_its_large_attachments_along(made: Made) -> None:
    """A stream never runs empty, and is removed all the same."""
    gone = f"C{RUN}"
    more = topology([A, B, gone], vhost=made.wanted.vhost, version=made.management.version())
    more = replace(more, policies=made.wanted.policies)
    made.management.apply(diff(made.current, more), vhost=more.vhost, hashes=hashes(more))
    publish_blob(made, f"agency.{gone}", f"blob.{gone}", user=gone)
    deadline = time.monotonic() + 60
    while any(change.kind is not Act.REMOVE for change in diff(made.current, made.wanted, prune=True)):
        assert time.monotonic() < deadline, "never counted"
        time.sleep(0.2)
    removals = diff(made.current, made.wanted, prune=True)
    made.management.apply(removals, vhost=more.vhost, hashes={}, sleep=lambda _: None)
    assert diff(made.current, made.wanted, prune=True) == ()
    assert f"blobs.{gone}" not in {queue.name for queue in made.current.queues}


def test_a_stream_forgets_as_its_limits_say(made: Made) -> None:
    """By policy, and piece by piece: the oldest go, and what is kept is not much more than allowed."""
    with made.channel(B) as channel:
        for number in range(60):
            channel.basic_publish(f"agency.{B}", f"blob.{B}", b"%04d" % number + bytes(100_000), PERSISTENT)
    deadline = time.monotonic() + 30
    while len(kept := [int(body[:4]) for body in streamed(made, f"blobs.{B}") if len(body) > 100_000]) == 60:
        assert time.monotonic() < deadline, "it forgets nothing"
    assert kept == list(range(kept[0], 60))
    assert 10 <= len(kept) <= 30
