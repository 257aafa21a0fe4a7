"""A topology on a real broker: it is what was asked for, its permissions hold, and nothing is lost at its edges."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, NackError

from bus.rabbit.admin.definitions import export_definitions
from bus.rabbit.admin.management import Management
from bus.topology.drift import Act, Thing, diff
from bus.topology.names import ROUTE, is_lane, lane_of
from bus.topology.wanted import Binding, BrokerLimits, Queue, topology
from tests.integration.applied import Made, hashes, made_on, management_url
from tests.integration.broker_world import Vhost, World

RUN = secrets.token_hex(3)
A, B = f"A{RUN}", f"B{RUN}.1"
PERSISTENT = pika.BasicProperties(delivery_mode=2)


@pytest.fixture(scope="module")
def made(broker: World, vhost: Vhost) -> Iterator[Made]:
    with made_on(broker, vhost, [A, B], BrokerLimits(inbox_messages=5, delivery_limit=2)) as made:
        yield made


def test_what_was_asked_for_is_there_and_applying_again_changes_nothing(made: Made) -> None:
    """One import makes everything, and a second look finds nothing left to do."""
    assert diff(made.current, made.wanted, prune=True) == ()


Try = Callable[[BlockingChannel], object]


def publish(exchange: str, key: str, properties: pika.BasicProperties = PERSISTENT) -> Try:
    return lambda channel: channel.basic_publish(exchange, key, b"x", properties)


def read_stream(channel: BlockingChannel, name: str) -> None:
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(name, lambda *_: None, arguments={"x-stream-offset": "next"})


@pytest.mark.parametrize(
    "attempt",
    [
        publish(f"agency.{B}", f"document.{A}"),
        publish("route", f"document.{B}"),
        publish("", f"inbox.{B}"),
        publish("dead", ""),
        publish("directory.in", ""),
        lambda channel: channel.basic_get(f"inbox.{B}"),
        lambda channel: channel.basic_get("dead"),
        lambda channel: channel.basic_get("unroutable"),
        lambda channel: read_stream(channel, "audit"),
        lambda channel: channel.queue_declare("mine"),
        lambda channel: channel.queue_declare("", exclusive=True),
        lambda channel: channel.exchange_declare("mine"),
        lambda channel: channel.queue_delete(f"inbox.{A}"),
        lambda channel: channel.queue_bind(f"inbox.{A}", "route", f"document.{B}"),
        lambda channel: channel.queue_bind(f"inbox.{A}", f"agency.{B}", "#"),
        lambda channel: channel.exchange_bind(f"agency.{A}", f"agency.{B}", "#"),
        lambda channel: channel.exchange_bind(f"agency.{A}", "directory.in"),
        lambda channel: channel.exchange_unbind("route", f"agency.{A}", "#"),
    ],
    ids=[
        "publish as another", "publish to route", "publish to an inbox", "publish to dead", "publish the directory",
        "read another's inbox", "read dead", "read unroutable", "read audit", "declare a queue",
        "declare a private queue", "declare an exchange", "delete its inbox", "bind route", "bind another's exchange",
        "bind exchanges", "bind the directory", "unbind itself",
    ],
)  # fmt: skip
def test_a_mailbox_is_refused(made: Made, attempt: Try) -> None:
    """Whatever is not its own exchange and inbox, and any declaration, is refused with ACCESS_REFUSED."""
    with made.channel(A) as channel, pytest.raises(ChannelClosedByBroker) as refusal:
        attempt(channel)
    assert refusal.value.reply_code == 403


def test_nobody_publishes_in_the_name_of_another(made: Made) -> None:
    """The broker vouches for the user-id of every message."""
    forged = pika.BasicProperties(delivery_mode=2, user_id=B)
    with made.channel(A) as channel, pytest.raises(ChannelClosedByBroker, match="user_id"):
        publish(f"agency.{A}", f"document.{B}", forged)(channel)


def test_not_even_an_administrator_publishes_past_an_agency(made: Made) -> None:
    """`route` is internal: what is in an inbox came through somebody's exchange, or from an operator by name."""
    with made.channel(made.world.user) as channel, pytest.raises(ChannelClosedByBroker):
        publish("route", f"document.{B}")(channel)


@pytest.mark.parametrize("kind", ["document", "status", "receipt"])
def test_a_message_reaches_its_recipient_and_the_audit(made: Made, kind: str) -> None:
    """Each kind goes from the sender's exchange to the recipient's inbox, which its user reads; the
    ledger may listen."""
    with made.channel(A) as channel:
        publish(f"agency.{A}", f"{kind}.{B}", pika.BasicProperties(delivery_mode=2, user_id=A))(channel)
    with made.channel(B) as channel:
        method, properties, body = channel.basic_get(f"inbox.{B}", auto_ack=True)
    assert method is not None
    assert properties is not None
    assert (method.exchange, properties.user_id, body) == (f"agency.{A}", A, b"x")
    with made.channel("ledger") as channel:
        read_stream(channel, "audit")
    with made.channel(A) as channel:
        read_stream(channel, "directory")


def test_what_no_inbox_takes_is_kept(made: Made) -> None:
    """A key without a recipient is confirmed, and lies in `unroutable`."""
    with made.channel(A) as channel:
        publish(f"agency.{A}", "document.NOBODY")(channel)
    method, _, _ = made.take("unroutable")
    assert method.routing_key == "document.NOBODY"


def test_what_an_adapter_sets_aside_lies_with_the_dead(made: Made) -> None:
    """Published to its own exchange with the key `dead`, headers and all."""
    with made.channel(B) as channel:
        reason = pika.BasicProperties(delivery_mode=2, headers={"x-lienthong-reason": "bad-message"})
        publish(f"agency.{B}", "dead", reason)(channel)
    method, properties, _ = made.take("dead")
    assert method.exchange == f"agency.{B}"
    assert properties.headers is not None
    assert properties.headers["x-lienthong-reason"] == "bad-message"


def test_what_is_given_up_dies_once_and_says_why(made: Made) -> None:
    """Rejected, or returned more often than the limit allows: it lies in `dead` with where it died."""
    with made.channel(A) as channel:
        publish(f"agency.{A}", f"document.{B}")(channel)
    with made.channel(B) as channel:
        for _ in range(10):
            method, _, _ = channel.basic_get(f"inbox.{B}")
            if method is None:
                break
            channel.basic_reject(method.delivery_tag or 0, requeue=True)
    _, properties, _ = made.take("dead")
    assert properties.headers is not None
    assert f"'queue': 'inbox.{B}'" in str(properties.headers["x-death"])
    assert properties.headers["x-first-death-reason"] == "delivery_limit"


def test_a_full_inbox_says_no(made: Made) -> None:
    """Above its limit the publisher is nacked, and nothing that was confirmed is dropped."""
    confirmed = 0
    with made.channel(A) as channel:
        with suppress(NackError):
            while confirmed < 50:
                publish(f"agency.{A}", f"document.{B}")(channel)
                confirmed += 1
        assert 5 <= confirmed < 50
    with made.channel(B) as channel:
        taken = iter(lambda: channel.basic_get(f"inbox.{B}", auto_ack=True)[0], None)
        assert len(list(taken)) == confirmed


def test_a_plan_sees_what_somebody_changed_and_apply_mends_it(made: Made) -> None:
    """A permission widened, a binding gone, a policy edited, a tap set by hand: all four are found, three mended, and
    the tap goes with --prune. The password still works."""
    vhost = made.wanted.vhost
    with made.world.api() as api:
        wide = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put(f"/api/permissions/{vhost}/{A}", json=wide).raise_for_status()
        api.delete(f"/api/bindings/{vhost}/e/agency.{A}/q/audit/status.%23").raise_for_status()
        policy = {"pattern": "^inbox", "apply-to": "queues", "definition": {"max-length": 1}, "priority": 1}
        api.put(f"/api/policies/{vhost}/lienthong-inbox", json=policy).raise_for_status()
        api.put(f"/api/queues/{vhost}/tap", json={"arguments": {}}).raise_for_status()
        api.post(f"/api/bindings/{vhost}/e/agency.{A}/q/tap", json={"routing_key": "#"}).raise_for_status()
    changes = diff(made.current, made.wanted, prune=True)
    assert [(change.kind.value, change.name) for change in changes] == [
        ("change", "lienthong-inbox"),
        ("create", f"agency.{A} → audit (status.#)"),
        ("change", A),
        ("remove", f"agency.{A} → tap (#)"),
    ]
    made.management.apply(changes, vhost=vhost, hashes={})
    assert diff(made.current, made.wanted, prune=True) == ()
    assert "tap" in {queue.name for queue in made.current.queues}
    with made.channel(A) as channel, pytest.raises(ChannelClosedByBroker):
        channel.queue_declare("mine")


def test_a_policy_of_somebody_else_is_not_overwritten(made: Made) -> None:
    """RabbitMQ obeys one policy a queue: another in front of ours is named, for its owner to take away."""
    vhost = made.wanted.vhost
    theirs = {"pattern": "^audit$", "apply-to": "all", "definition": {"max-length-bytes": 1}, "priority": 99}
    with made.world.api() as api:
        api.put(f"/api/policies/{vhost}/theirs", json=theirs).raise_for_status()
        try:
            wait(lambda: diff(made.current, made.wanted) != ())
            (change,) = diff(made.current, made.wanted)
            assert (change.kind, change.name) == (Act.CANNOT, "audit")
            assert "theirs" in change.detail.en
        finally:
            api.delete(f"/api/policies/{vhost}/theirs").raise_for_status()


def at_once(_: float) -> None:
    """Does not wait for figures: what is ready is found all the same."""


def wait(holds: Callable[[], bool], within: float = 60) -> None:
    """The broker's figures are up to five seconds old."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.2)


@pytest.mark.long  # the broker's figures are some seconds old
def test_a_mailbox_that_left_goes_only_when_its_inbox_is_empty(made: Made) -> None:
    """A message that waits keeps queue, user and bindings; once it is read, all of them go."""
    vhost = made.wanted.vhost
    gone = f"C{RUN}"
    limits = BrokerLimits(inbox_messages=5, delivery_limit=2)
    more = topology([A, B, gone], vhost=vhost, limits=limits, version=made.management.version())
    made.management.apply(diff(made.current, more), vhost=vhost, hashes=hashes(more))
    with made.channel(A) as channel:
        publish(f"agency.{A}", f"document.{gone}")(channel)
    wait(lambda: any(queue.name == f"inbox.{gone}" and queue.messages == 1 for queue in made.current.queues))
    (change,) = diff(made.current, made.wanted, prune=True)
    assert (change.kind, change.name) == (Act.CANNOT, f"inbox.{gone}")

    made.take(f"inbox.{gone}")
    wait(lambda: diff(made.current, made.wanted, prune=True)[0].kind is Act.REMOVE)
    removals = diff(made.current, made.wanted, prune=True)
    # It fills again between the plan and the deed: nothing goes. Figures say 0 still.
    with made.channel(A) as channel:
        publish(f"agency.{A}", f"document.{gone}")(channel)
    made.management.apply(removals, vhost=vhost, hashes={}, sleep=at_once)
    assert diff(made.current, more) == ()

    # It fills again once its bindings have gone: the bindings only.
    def replay(_: float) -> None:
        with made.channel(made.world.user) as channel:
            publish("", f"inbox.{gone}")(channel)

    made.take(f"inbox.{gone}")
    wait(lambda: diff(made.current, made.wanted, prune=True)[0].kind is Act.REMOVE)
    made.management.apply(removals, vhost=vhost, hashes={}, sleep=replay)
    assert {change.what for change in diff(made.current, more)} == {Thing.BINDING}

    made.take(f"inbox.{gone}")
    wait(lambda: diff(made.current, made.wanted, prune=True)[0].kind is Act.REMOVE)
    made.management.apply(diff(made.current, made.wanted, prune=True), vhost=vhost, hashes={}, sleep=at_once)
    assert diff(made.current, made.wanted, prune=True) == ()
    assert gone not in {user.name for user in made.current.users}


def test_lanes_come_and_go_with_what_they_hold(made: Made) -> None:
    """A broker brought up to 4.3 with messages in its lanes: they are removed, and what they copied is in the inbox."""
    wanted, vhost, lane = made.wanted, made.wanted.vhost, lane_of(A)
    bare = replace(
        wanted,
        queues=tuple(queue for queue in wanted.queues if not is_lane(queue.name)),
        bindings=tuple(binding for binding in wanted.bindings if not is_lane(binding.destination)),
    )
    laned = replace(
        bare,
        queues=(*bare.queues, Queue(lane, {"x-queue-type": "quorum"})),
        bindings=(*bare.bindings, Binding(ROUTE, lane, lane)),
    )
    made.management.apply(diff(made.current, laned), vhost=vhost, hashes={})
    with made.channel(B) as channel:
        both = pika.BasicProperties(delivery_mode=2, headers={"CC": [lane]})
        publish(f"agency.{B}", f"document.{A}", both)(channel)
    wait(lambda: any(queue.name == lane and queue.messages == 1 for queue in made.current.queues))
    removals = [change for change in diff(made.current, bare, prune=True) if change.kind is Act.REMOVE]
    assert lane in {change.name for change in removals}
    made.management.apply(removals, vhost=vhost, hashes={}, sleep=at_once)
    assert not any(is_lane(queue.name) for queue in made.current.queues)
    assert made.take(f"inbox.{A}")[2] == b"x"
    made.management.apply(diff(made.current, wanted), vhost=vhost, hashes=hashes(wanted))
    assert diff(made.current, wanted, prune=True) == ()


def test_an_export_imports_to_the_same(made: Made) -> None:
    """Definitions imported into a broker leave nothing for `plan` to do."""
    other = f"{made.wanted.vhost}-imported"
    wanted = replace(made.wanted, vhost=other)
    with made.world.api() as api:
        try:
            api.post("/api/definitions", json=export_definitions(wanted, hashes=hashes(wanted))).raise_for_status()
            assert diff(made.management.topology(other), wanted, prune=True) == ()
        finally:
            api.delete(f"/api/vhosts/{other}")


@pytest.mark.long  # the broker's figures are some seconds old
def test_removing_a_user_leaves_what_it_may_do_elsewhere(made: Made) -> None:
    """One user may serve a test and a production virtual host: leaving one is not leaving the broker."""
    vhost, gone = made.wanted.vhost, f"D{RUN}"
    more = topology([A, B, gone], vhost=vhost, version=made.management.version())
    more = replace(more, policies=made.wanted.policies)
    made.management.apply(diff(made.current, more), vhost=vhost, hashes=hashes(more))
    with made.world.api() as api:
        nothing = {"configure": "^$", "write": "^$", "read": "^$"}
        api.put(f"/api/permissions/%2F/{gone}", json=nothing).raise_for_status()
        try:
            wait(lambda: all(change.kind is Act.REMOVE for change in diff(made.current, made.wanted, prune=True)))
            made.management.apply(diff(made.current, made.wanted, prune=True), vhost=vhost, hashes={}, sleep=at_once)
            (user,) = (user for user in made.current.users if user.name == gone)
            assert user.permissions is None
            assert diff(made.current, made.wanted, prune=True) == ()
        finally:
            api.delete(f"/api/users/{gone}").raise_for_status()


def test_sixty_three_mailboxes_take_one_request(broker: World, caplog: pytest.LogCaptureFixture) -> None:
    """A country of provinces is one import, between two looks: no more requests than for a single mailbox."""

    def requests(mailboxes: int) -> int:
        caplog.clear()
        _made_and_looked_at(broker, mailboxes)
        return sum(record.name == "httpx" for record in caplog.records)

    with caplog.at_level(logging.INFO, "httpx"):
        assert requests(63) == requests(1) > 0


def _made_and_looked_at(broker: World, mailboxes: int) -> None:
    name = f"country-{RUN}"
    with broker.vhost(name), Management(management_url(broker), plain=True) as management:
        wanted = topology([f"H{RUN}.{n}" for n in range(mailboxes)], vhost=name, version=management.version())
        wanted = replace(wanted, users=())
        management.apply(diff(management.topology(name), wanted), vhost=name, hashes={})
        assert diff(management.topology(name), wanted, prune=True) == ()


def is_taken(channel: BlockingChannel) -> bool:
    """A policy, and what a queue holds, are known a little later."""
    try:
        channel.basic_publish(f"agency.{A}", "document.nobody", bytes(500), PERSISTENT)
    except NackError:
        return False
    return True


def test_what_is_kept_for_operators_fills_no_disk(made: Made) -> None:
    """Full, `unroutable` refuses: the publisher hears it and keeps its message."""
    limits = BrokerLimits(inbox_messages=5, delivery_limit=2, kept_bytes=2000)
    smaller = replace(
        made.wanted,
        policies=topology([A, B], vhost=made.wanted.vhost, limits=limits, version=made.management.version()).policies,
    )
    made.management.apply(diff(made.current, smaller), vhost=smaller.vhost, hashes=hashes(smaller))
    with made.channel(A) as channel:
        assert is_taken(channel)
        wait(lambda: not is_taken(channel))
    made.management.apply(diff(made.current, made.wanted), vhost=smaller.vhost, hashes=hashes(smaller))
    with made.channel(made.world.user) as channel:
        channel.queue_purge("unroutable")
