"""The guard on a real broker: one mailbox floods what all share, and nobody else loses history or dead letters."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from pika.exceptions import NackError

from bus.rabbit.address import Address
from bus.rabbit.admin.dead_letter import DeadLetter
from bus.rabbit.admin.dead_letter_queues import DeadLetterQueues
from bus.rabbit.admin.guard import Guard, Said
from bus.rabbit.streams.audit_tail import AuditCopy, AuditTail
from bus.topology.drift import Act, diff
from bus.topology.isolation import isolate, isolated_in, release
from bus.topology.names import DEAD, ROUTE, Kept, exchange_of, inbox_of, own_inbox_policy, own_of
from bus.topology.quotas import Quotas, QuotaTable, Subject
from bus.topology.wanted import BrokerLimits, Isolated
from tests.integration.applied import Made, made_on
from tests.integration.broker_world import World
from tests.integration.conftest import fresh

INSIDER, HONEST, RECIPIENT = "H17", "G22", "H49"
LIMITS = BrokerLimits(kept_bytes=40_000, own_dead_bytes=20_000, inbox_messages=1000)
QUOTAS = QuotaTable(Quotas(dead_messages=10, audit_messages=40))
BODY = b"x" * 1000


@pytest.fixture
def made(broker: World) -> Iterator[Made]:
    with (
        broker.vhost(fresh("guard")) as vhost,
        made_on(broker, vhost, (INSIDER, HONEST, RECIPIENT), LIMITS) as made,
    ):
        yield made


@pytest.fixture
def tail(made: Made) -> Iterator[AuditTail]:
    url = made.world.amqp_url.rpartition("/")[0]
    with AuditTail(Address.from_url(f"{url}/{made.wanted.vhost}"), begin="next") as tail:
        yield tail


def publish(
    made: Made, mailbox: str, key: str, count: int, body: bytes = BODY, also: dict[str, Any] | None = None
) -> int:
    """How many the broker took."""
    taken = 0
    with made.channel(mailbox) as channel:
        for _ in range(count):
            try:
                properties = pika.BasicProperties(delivery_mode=2, user_id=mailbox, headers=also or {})
                channel.basic_publish(exchange_of(mailbox), key, body, properties)
                taken += 1
            except NackError:
                continue
    return taken


def reject(made: Made, mailbox: str, count: int) -> None:
    """It sends to itself, and gives up what it gets."""
    publish(made, mailbox, f"document.{mailbox}", count, also={"CC": [inbox_of(HONEST)]})
    with made.channel(mailbox) as channel:
        for _ in range(count):
            method = channel.basic_get(inbox_of(mailbox))[0]
            assert method is not None
            channel.basic_reject(method.delivery_tag or 0, requeue=False)


def letters(made: Made) -> Sequence[DeadLetter]:
    url = made.world.amqp_url.rpartition("/")[0]
    with DeadLetterQueues(Address.from_url(f"{url}/{made.wanted.vhost}")) as queues:
        return queues.letters((DEAD,))


def comes_to(made: Made, queue: str, count: int, within: float = 60) -> bool:
    deadline = time.monotonic() + within
    while depth(made, queue) != count and time.monotonic() < deadline:
        time.sleep(0.2)
    return depth(made, queue) == count


def inbox_policy(made: Made) -> str | None:
    return next(queue.policy for queue in made.current.queues if queue.name == inbox_of(INSIDER))


def read(tail: AuditTail, count: int, within: float = 60) -> Sequence[AuditCopy]:
    deadline = time.monotonic() + within
    found: list[AuditCopy] = []
    while len(found) < count and time.monotonic() < deadline:
        found += tail.read(0.2)
    assert len(found) == count
    return found


def act(guard: Guard, made: Made, copies: Sequence[AuditCopy]) -> list[tuple[Said, Subject, str]]:
    now = datetime.now(UTC)
    guard.count(copies, at=now)
    words = guard.act(made.management, vhost=made.wanted.vhost, at=now)
    return [(word.code, word.use.subject, word.use.mailbox) for word in words]


def depth(made: Made, queue: str) -> int:
    with made.channel(made.world.user) as channel:
        return channel.queue_declare(queue, passive=True).method.message_count


def test_who_fills_the_dead_fills_its_own(made: Made, tail: AuditTail) -> None:
    """At 80 % it is said; at the quota its dead letters go apart, and another's still arrive in `dead`. Its mail goes
    on."""
    guard = Guard(QUOTAS)
    publish(made, INSIDER, DEAD, 8)
    copies = read(tail, 8)
    assert {(copy.exchange, copy.key) for copy in copies} == {(exchange_of(INSIDER), DEAD)}
    assert act(guard, made, copies) == [(Said.NEARLY, Subject.DEAD, INSIDER)]
    publish(made, INSIDER, DEAD, 2)
    assert act(guard, made, read(tail, 2)) == [
        (Said.OVER, Subject.DEAD, INSIDER),
        (Said.ISOLATED, Subject.DEAD, INSIDER),
    ]
    assert isolated_in(made.current) == {Isolated(Kept.DEAD, INSIDER)}
    assert publish(made, INSIDER, DEAD, 100) < 100, "its own queue is bounded, too"
    assert depth(made, DEAD) == 10
    assert publish(made, HONEST, DEAD, 1) == 1
    assert depth(made, DEAD) == 11
    assert publish(made, INSIDER, f"document.{RECIPIENT}", 1) == 1
    assert depth(made, inbox_of(RECIPIENT)) == 1


CC, BCC = {"CC": [DEAD]}, {"BCC": [DEAD]}


def test_by_whatever_road_it_comes_it_is_counted(made: Made, tail: AuditTail) -> None:
    """A key in CC or BCC is not in the audit stream, nor what dies in an inbox: all are found in `dead` itself."""
    guard = Guard(QUOTAS)
    guard.look(letters(made), made.management.lying(made.wanted.vhost, DEAD), at=datetime.now(UTC))
    publish(made, INSIDER, "document.NOBODY", 4, also=CC)
    assert act(guard, made, read(tail, 4)) == []
    publish(made, INSIDER, "document.NOBODY", 3, also=BCC)
    reject(made, INSIDER, 3)
    assert comes_to(made, DEAD, 10)
    assert act(guard, made, read(tail, 6)) == []
    deadline = time.monotonic() + 60
    while (lying := made.management.lying(made.wanted.vhost, DEAD)).messages < 10 or lying.size < 10 * len(BODY):
        assert time.monotonic() < deadline, lying  # the broker counts bytes some seconds after messages
        time.sleep(0.5)
    assert guard.is_due(lying)
    guard.look(letters(made), lying, at=datetime.now(UTC))
    assert act(guard, made, []) == [
        (Said.OVER, Subject.DEAD, INSIDER),
        (Said.ISOLATED, Subject.DEAD, INSIDER),
    ]
    assert depth(made, DEAD) == 10


def test_no_road_leads_past_an_isolation(made: Made) -> None:
    """Neither a key in CC or BCC beside one of mail, nor its own inbox. What dies there goes into no other inbox."""
    made.management.apply(isolate(made.current, INSIDER, (Kept.DEAD,)), vhost=made.wanted.vhost, hashes={})
    own = own_of(Kept.DEAD, INSIDER)
    publish(made, INSIDER, f"document.{RECIPIENT}", 2, also=CC)
    publish(made, INSIDER, "document.NOBODY", 3, also=BCC)
    assert (depth(made, own), depth(made, DEAD)) == (5, 0)
    assert depth(made, inbox_of(RECIPIENT)) == 2
    deadline = time.monotonic() + 60
    while inbox_policy(made) != own_inbox_policy(INSIDER):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    reject(made, INSIDER, 4)
    assert comes_to(made, own, 9)
    assert (depth(made, DEAD), depth(made, inbox_of(HONEST))) == (0, 0)
    made.management.apply(release(made.current, INSIDER), vhost=made.wanted.vhost, hashes={})
    assert own_inbox_policy(INSIDER) not in {policy.name for policy in made.current.policies}


def test_an_older_broker_moves_to_the_new_roads(made: Made) -> None:
    """All went to `dead` through `route`. What is put aside before, and after, arrives; a key in CC does no more."""
    with made.world.api() as api:
        path = f"/api/bindings/{made.wanted.vhost}/e"
        api.post(f"{path}/{ROUTE}/e/{DEAD}", json={"routing_key": DEAD}).raise_for_status()
        for mailbox in (INSIDER, HONEST, RECIPIENT):
            api.post(f"{path}/agency.{mailbox}/e/{ROUTE}", json={"routing_key": DEAD}).raise_for_status()
            api.delete(f"{path}/agency.{mailbox}/e/{DEAD}/{DEAD}").raise_for_status()
    publish(made, HONEST, DEAD, 1)
    assert depth(made, DEAD) == 1
    changes = diff(made.current, made.wanted)
    assert [change.kind for change in changes] == [*[Act.CREATE] * 3, *[Act.REMOVE] * 4]
    made.management.apply(changes, vhost=made.wanted.vhost, hashes={})
    assert diff(made.current, made.wanted, prune=True) == ()
    publish(made, HONEST, DEAD, 1)
    assert depth(made, DEAD) == 2


def test_a_flood_rolls_its_own_history_only(made: Made, tail: AuditTail) -> None:
    """Over its daily quota of all that it sends, its copies go into its own stream; the shared one has no more."""
    guard = Guard(QUOTAS)
    publish(made, INSIDER, f"document.{RECIPIENT}", 40)
    words = act(guard, made, read(tail, 40))
    assert words == [(Said.OVER, Subject.AUDIT, INSIDER), (Said.ISOLATED, Subject.AUDIT, INSIDER)]
    publish(made, INSIDER, f"document.{RECIPIENT}", 5)
    publish(made, INSIDER, DEAD, 1)
    publish(made, HONEST, f"document.{RECIPIENT}", 1)
    assert {copy.exchange for copy in read(tail, 1)} == {exchange_of(HONEST)}
    assert depth(made, inbox_of(RECIPIENT)) == 46
    assert depth(made, own_of(Kept.DEAD, INSIDER)) == 1
    assert act(guard, made, []) == []


def test_released_it_has_a_whole_quota_again(made: Made, tail: AuditTail) -> None:
    """It is counted from nothing, and isolated again if it goes on."""
    guard = Guard(QUOTAS)
    publish(made, INSIDER, DEAD, 10)
    act(guard, made, read(tail, 10))
    made.management.apply(release(made.current, INSIDER), vhost=made.wanted.vhost, hashes={})
    assert isolated_in(made.current) == frozenset()
    publish(made, INSIDER, DEAD, 7)
    assert act(guard, made, read(tail, 7)) == []
    assert depth(made, DEAD) == 17
    publish(made, INSIDER, DEAD, 3)
    assert (Said.ISOLATED, Subject.DEAD, INSIDER) in act(guard, made, read(tail, 3))


def test_goes_on_from_an_offset(made: Made, tail: AuditTail) -> None:
    """After a restart nothing is counted twice, and nothing is missed."""
    publish(made, HONEST, f"document.{RECIPIENT}", 5)
    first = read(tail, 5)
    url = made.world.amqp_url.rpartition("/")[0]
    with AuditTail(Address.from_url(f"{url}/{made.wanted.vhost}"), begin=first[2].offset) as again:
        assert [copy.offset for copy in read(again, 3)] == [copy.offset for copy in first[2:]]
