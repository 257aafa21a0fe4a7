"""The link to a real RabbitMQ: the contract of every broker, and what only a real one can do to it."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, urlsplit

import pytest
from structlog.testing import capture_logs

from bus.errors import BrokerAway, BrokerDenied
from bus.ports.records import Confirmation
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.rabbit.link_settings import LinkSettings
from bus.topology.names import exchange_of, inbox_of
from schemas.values import MailboxCode
from tests.contract.broker import (
    HOME,
    OTHER,
    BrokerContract,
    nothing_more,
    publication,
    receive,
    wait_for,
)
from tests.integration.broker_world import World
from tests.integration.real_ground import RealGround

_names = itertools.count()


class TestLink(BrokerContract):
    pass


def test_properties(ground: RealGround) -> None:
    """What travels beside the body is what the wire format says."""
    sent = publication(7, f"document.{OTHER}", f"document.{HOME}", headers={"x-lienthong-test": "1"})
    ground.link(HOME, ready=True).publish([sent])
    with ground.vhost.channel() as channel:
        _, properties, body = channel.basic_get(inbox_of(OTHER), auto_ack=True)
    assert properties is not None
    assert body == b"body 7"
    assert properties.message_id == sent.message
    assert properties.type == "document"
    assert properties.content_type == "application/vnd.lienthong.message"
    assert properties.delivery_mode == 2
    assert properties.timestamp == int(sent.created_at.timestamp())
    assert properties.user_id == ground.user
    assert properties.app_id == "lienthong"
    assert properties.priority is not None
    assert properties.headers is not None
    assert properties.headers["CC"] == [f"document.{HOME}"]
    assert properties.headers["x-lienthong-test"] == "1"


def test_cut_while_publishing(ground: RealGround) -> None:
    """A publish cut off in the middle ends at once: confirmed, lost, or BrokerAway, and afterwards it goes on."""
    link = ground.link(HOME)
    batches = [[publication(n * 200 + i) for i in range(200)] for n in range(20)]
    seen: list[Confirmation | type[BrokerAway]] = []

    def work() -> None:
        for batch in batches:
            try:
                seen.extend(link.publish(batch))
            except BrokerAway:
                seen.append(BrokerAway)

    worker = threading.Thread(target=work)
    ground.forwarder.stall()  # so that some are surely under way when it is cut
    worker.start()
    time.sleep(0.3)
    ground.forwarder.cut()
    worker.join(timeout=60)
    assert not worker.is_alive()
    assert Confirmation.LOST in seen
    assert BrokerAway in seen
    ground.mend()
    assert set(link.publish(batches[0])) == {Confirmation.CONFIRMED}
    assert link.status().reconnects >= 2


def test_many_cuts(ground: RealGround) -> None:
    """Whatever was confirmed arrives, however often the network goes; consuming resumes each time."""
    sender, recipient = ground.link(HOME), ground.link(OTHER)
    confirmed: set[bytes] = set()
    arrived: set[bytes] = set()
    numbers = itertools.count()
    stop, done = threading.Event(), threading.Event()

    def send() -> None:
        while not stop.is_set():
            batch = [publication(next(numbers)) for _ in range(50)]
            try:
                answers = sender.publish(batch)
            except BrokerAway:
                stop.wait(0.05)
                continue
            confirmed.update(
                each.body for each, answer in zip(batch, answers, strict=True) if answer is Confirmation.CONFIRMED
            )

    def take() -> None:
        while not done.is_set():
            arrivals = recipient.receive(limit=100, wait=0.2)
            arrived.update(each.body for each in arrivals)
            recipient.ack(arrivals)

    sending, taking = threading.Thread(target=send), threading.Thread(target=take)
    sending.start()
    taking.start()
    for _ in range(4):
        time.sleep(0.4)
        ground.cut()
        ground.mend()
    before = len(confirmed)
    wait_for(lambda: len(confirmed) > before)
    stop.set()
    sending.join(timeout=60)
    wait_for(lambda: confirmed <= arrived)
    done.set()
    taking.join(timeout=60)
    assert sender.status().reconnects >= 8


def test_network_silent(ground: RealGround) -> None:
    """A network that says nothing is noticed by missing heartbeats; publishing does not hang on it."""
    link = ground.link(HOME, heartbeat=2, publish_timeout=100_000.0)
    ground.forwarder.stall()
    assert set(link.publish([publication(1)])) == {Confirmation.LOST}
    assert "heartbeat" in (link.status().last_error or "")
    ground.forwarder.mend()
    assert link.wait_ready(15)
    assert set(link.publish([publication(2)])) == {Confirmation.CONFIRMED}


def test_unanswered(ground: RealGround) -> None:
    """A publish that is not answered in its time is lost, and so is the connection, though it stood."""
    link = ground.link(HOME, publish_timeout=0.5)
    ground.forwarder.stall()
    # A wait for each of them would take a quarter of an hour, and the test is not given that.
    assert set(link.publish([publication(n) for n in range(1800)])) == {Confirmation.LOST}
    assert link.status().last_error == "no answer to what was published, for 0.5 s"
    ground.forwarder.mend()
    assert link.wait_ready(15)
    assert set(link.publish([publication(1801)])) == {Confirmation.CONFIRMED}


def test_slow_document_system(ground: RealGround) -> None:
    """Heartbeats go on while the document system takes three times as long over a message."""
    ground.link(HOME).publish([publication(1)])
    link = ground.link(OTHER, heartbeat=2)
    arrivals = receive(link, 1)
    time.sleep(6.5)
    link.ack(arrivals)
    assert link.status().reconnects == 0
    ground.settle()
    ground.cut()
    ground.mend()
    assert nothing_more(link)


def test_queue_deleted(ground: RealGround) -> None:
    """A consumer that the broker cancels says why it rests, and resumes once the queue is there again."""
    link = ground.link(OTHER)
    with capture_logs() as logs, ground.vhost.channel() as channel:
        channel.queue_delete(inbox_of(OTHER))
        wait_for(lambda: inbox_of(OTHER) in link.status().lacking)
        assert not link.status().consuming
        assert link.status().publishing
        ground.vhost.declare_inbox(channel, OTHER)
        assert link.wait_ready(15)
    events = [each["event"] for each in logs]
    assert events.index("consumer.cancelled") < events.index("broker.refused") < events.index("broker.connected")
    ground.link(HOME).publish([publication(1)])
    assert receive(link, 1)[0].body == b"body 1"


@pytest.mark.parametrize(
    ("break_", "says"),
    [
        pytest.param({"password": "wrong"}, "ACCESS_REFUSED", id="wrong password"),
        pytest.param({"vhost": "nowhere"}, "nowhere", id="no vhost"),
    ],
)
def test_refused(ground: RealGround, break_: dict[str, str], says: str) -> None:
    """A broker that says no is asked again and again, and the reason can be read; never the password."""
    parts = urlsplit(str(ground.settings.url))
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    host = parts.netloc.rpartition("@")[2]
    path = f"/{quote(break_['vhost'])}" if "vhost" in break_ else parts.path
    url = parts._replace(netloc=f"{user}:{break_.get('password', password)}@{host}", path=path).geturl()
    with capture_logs() as logs:
        link = ground.link(HOME, url=url, ready=False)
        wait_for(lambda: sum(each["event"] == "broker.refused" for each in logs) >= 4)
    assert says in (link.status().last_error or ""), link.status()
    with pytest.raises(BrokerDenied, match=says):
        link.publish([publication(1)])
    assert break_.get("password", password) not in f"{logs}{link.state()}{link}{ground.settings}"


@pytest.fixture
def alarm(broker: World) -> Iterator[Callable[[], None]]:
    """Makes the broker short of memory, until the test ends or says otherwise."""
    if broker.ctl is None:
        pytest.skip("the broker given is not ours to put under an alarm")
    ctl = broker.ctl
    yield lambda: (ctl("set_vm_memory_high_watermark", "absolute", "1MB"), None)[1]
    ctl("set_vm_memory_high_watermark", "0.4")


def test_blocked(ground: RealGround, broker: World, alarm: Callable[[], None]) -> None:
    """A broker short of memory blocks publishing, which says so at once and later goes on; receiving never stops."""
    link = ground.link(HOME, publish_timeout=100_000.0)  # whoever waited for that would not come to an end
    link.publish([publication(1, f"document.{HOME}"), publication(2, f"document.{HOME}")])
    with capture_logs() as logs:
        alarm()
        answers = set()
        while not link.status().blocked:
            answers |= set(link.publish([publication(3, f"document.{HOME}")]))
        assert "memory" in (link.status().blocked or "")
        with pytest.raises(BrokerAway, match="blocks publishers"):
            link.publish([publication(4)])
        link.ack(receive(link, 2))
        assert link.status().consuming
        assert not link.is_up
        assert broker.ctl is not None
        broker.ctl("set_vm_memory_high_watermark", "0.4")
        assert link.wait_ready(15)
    events = [each["event"] for each in logs]
    assert events.index("broker.blocked") < events.index("broker.unblocked")
    assert set(link.publish([publication(5)])) == {Confirmation.CONFIRMED}
    assert link.status().reconnects == 0


def test_too_large(ground: RealGround) -> None:
    """A message over the broker's limit is refused alone; those beside it are confirmed."""
    link = ground.link(HOME, max_body=1000)
    large = replace(publication(2), body=bytes(1001))
    answers = link.publish([publication(1), large, publication(3)])
    assert list(answers) == [Confirmation.CONFIRMED, Confirmation.NACKED, Confirmation.CONFIRMED]
    assert list(link.publish([large])) == [Confirmation.NACKED]


def test_large_bodies(ground: RealGround) -> None:
    """Bodies beyond the window of bytes, and beyond a frame, pass."""
    link = ground.link(HOME, window_bytes=100_000)
    bodies = [bytes([n]) * 300_000 for n in range(5)]
    sent = [replace(publication(n, f"document.{HOME}"), body=body) for n, body in enumerate(bodies)]
    assert set(link.publish(sent)) == {Confirmation.CONFIRMED}
    assert [each.body for each in receive(link, 5)] == bodies


def test_several_threads(ground: RealGround) -> None:
    """Several threads publish through one link, each gets its own answers."""
    link = ground.link(HOME)
    answers: dict[int, int] = {}

    def work(size: int) -> None:
        answers[size] = list(link.publish([publication(n) for n in range(size)])).count(Confirmation.CONFIRMED)

    workers = [threading.Thread(target=work, args=(size,)) for size in (1, 700, 30, 1200)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert answers == {size: size for size in (1, 700, 30, 1200)}
    wait_for(lambda: ground.depth(inbox_of(OTHER)) == sum(answers))


def test_one_thread_for_all(broker: World) -> None:
    """Sixteen mailboxes of one process share one thread, and are all up within seconds."""
    mailboxes = [MailboxCode(f"M{n:02d}") for n in range(16)]
    with broker.vhost("sixteen") as vhost, IoThread() as io:
        vhost.declare(*mailboxes)
        threads = threading.active_count()
        links = [Link(LinkSettings(mailbox=mailbox, url=vhost.url), io=io) for mailbox in mailboxes]
        assert all(link.wait_ready(20) for link in links)
        named = {each.name for each in threading.enumerate()}
        assert [name for name in named if name.startswith("lienthong")] == ["lienthong-io"]
        assert threading.active_count() - threads <= 8  # names of hosts are looked up in a few threads of asyncio
        for link in links:
            link.close()


def test_connection_names(ground: RealGround, broker: World) -> None:
    """Operators read in RabbitMQ whose connection it is, and what for."""
    ground.link(HOME)

    def names() -> set[str]:
        with broker.api() as api:
            found = api.get(f"/api/vhosts/{ground.vhost.name}/connections").raise_for_status().json()
        return {each.get("client_properties", {}).get("connection_name", "") for each in found}

    wait_for(lambda: {f"lienthong {HOME} publish", f"lienthong {HOME} consume"} <= names())


@pytest.mark.parametrize("silent", [False, True], ids=["the broker answers", "the network is silent"])
def test_close_in_time(ground: RealGround, silent: bool) -> None:
    """Closing waits for no network, and wakes up who waits."""
    link = ground.link(HOME, heartbeat=3600)  # it is not the heartbeat that ends it
    waiter = threading.Thread(target=lambda: link.receive(limit=1, wait=100_000))
    waiter.start()
    if silent:
        ground.forwarder.stall()
    link.close()
    waiter.join(timeout=60)
    assert not waiter.is_alive()
    ground.forwarder.mend()


def test_exchange_deleted(ground: RealGround) -> None:
    """When the exchange goes, what is published is lost, not confirmed; the reason can be read until it goes again."""
    link = ground.link(HOME)
    with ground.vhost.channel() as channel:
        channel.exchange_delete(exchange_of(HOME))
        assert set(link.publish([publication(1)])) == {Confirmation.LOST}
        wait_for(lambda: "404" in (link.status().last_error or ""))
        assert link.wait_ready(15)
        assert "404" in (link.status().last_error or "")
        channel.exchange_declare(exchange_of(HOME), "topic", durable=True)
    assert set(link.publish([publication(1)])) == {Confirmation.CONFIRMED}
    assert link.status().last_error is None


def test_thread_ended(broker: World) -> None:
    """A link whose I/O thread has ended is away; it does not hang."""
    with broker.vhost("ended") as vhost:
        vhost.declare(HOME)
        with IoThread() as io:
            link = Link(LinkSettings(mailbox=HOME, url=vhost.url), io=io)
            assert link.wait_ready(15)
            link.close()
        with pytest.raises(BrokerAway):
            link.publish([publication(1)])
        link.ack([])
        link.close()
