"""What a list of mailboxes needs on a broker."""

import re

import pytest

from bus.errors import BadDirectory
from bus.topology.names import DEAD, Kept, blob_key, blobs_of, exchange_of, inbox_of, is_blobs, is_lane, lane_of
from bus.topology.versions import TARGET
from bus.topology.wanted import Binding, BrokerLimits, Exchange, Isolated, Policy, Queue, User, topology
from bus.wire import message
from schemas.codes import Kind

MAILBOXES = ("G22", "H29.12", "G22-1_a")
PUBLIC = {"directory", "directory.changes", *(f"blobs.{mailbox}" for mailbox in MAILBOXES)}
"""What every mailbox may read."""
WANTED = topology(MAILBOXES, vhost="bus")


def user(name: str) -> User:
    return next(user for user in WANTED.users if user.name == name)


def policy(name: str, **how: object) -> Policy:
    return next(policy for policy in topology(MAILBOXES, vhost="bus", **how).policies if policy.name == name)  # type: ignore[arg-type]


def test_grows_with_the_mailboxes_and_not_with_their_square() -> None:
    """One more mailbox is one exchange, two queues, twelve bindings and one user more; no policy."""
    more = topology((*MAILBOXES, "X"), vhost="bus")
    assert len(more.exchanges) - len(WANTED.exchanges) == 1
    assert len(more.queues) - len(WANTED.queues) == 2
    assert len(more.bindings) - len(WANTED.bindings) == 12
    assert len(more.users) - len(WANTED.users) == 1
    assert more.policies == WANTED.policies


@pytest.mark.parametrize("mailbox", MAILBOXES)
def test_a_mailbox_is_reached_by_each_kind(mailbox: str) -> None:
    """What is sent to a mailbox, of whatever kind, lands in its own quorum queue."""
    assert (exchange_of(mailbox), inbox_of(mailbox)) == (f"agency.{mailbox}", f"inbox.{mailbox}")
    assert Exchange(f"agency.{mailbox}", "topic") in WANTED.exchanges
    assert Queue(f"inbox.{mailbox}", {"x-queue-type": "quorum"}) in WANTED.queues
    for kind in Kind:
        assert Binding("route", f"inbox.{mailbox}", message.routing_key(kind, mailbox)) in WANTED.bindings


BEFORE = topology(MAILBOXES, vhost="bus", version=(4, 2))


@pytest.mark.parametrize("mailbox", MAILBOXES)
def test_before_strict_priorities_each_mailbox_has_a_lane(mailbox: str) -> None:
    """A second quorum queue, which its mailbox alone may read, bound by a key of its own; from 4.3 on there is none."""
    lane = lane_of(mailbox)
    assert lane == f"urgent.{mailbox}"
    assert Queue(lane, {"x-queue-type": "quorum"}) in BEFORE.queues
    assert Binding("route", lane, lane) in BEFORE.bindings
    readers = [u.name for u in BEFORE.users if u.permissions and re.search(u.permissions.read, lane)]
    assert readers == [mailbox]
    assert not any(is_lane(queue.name) for queue in WANTED.queues)
    assert not any(is_lane(binding.destination) for binding in WANTED.bindings)


def test_a_lane_forgets_rather_than_refuse() -> None:
    """It holds copies: a full one must not make a sender wait, nor keep anything for operators."""
    (lane,) = [each for each in BEFORE.policies if each.name == "lienthong-lane"]
    assert re.search(lane.pattern, "urgent.G22")
    assert not re.search(lane.pattern, "inbox.urgent")
    assert (lane.definition["max-length"], lane.definition["overflow"]) == (10_000, "drop-head")
    assert "dead-letter-exchange" not in lane.definition
    assert "lienthong-lane" not in {each.name for each in WANTED.policies}


def test_what_an_adapter_sets_aside_lands_with_the_dead() -> None:
    """An adapter publishes it to its own exchange with the key `dead`; it needs no other permission."""
    assert Binding("agency.G22", "dead", DEAD, to_exchange=True) in WANTED.bindings
    assert Binding("dead", "dead") in WANTED.bindings


def test_only_its_own_road_leads_a_mailbox_to_the_dead() -> None:
    """`route` reads the keys in CC and BCC, too: a road from there would lead past a mailbox's isolation."""
    sources = {b.source for b in WANTED.bindings if b.destination == DEAD and b.to_exchange}
    assert sources == {exchange_of(mailbox) for mailbox in MAILBOXES}


def test_what_dies_in_an_isolated_inbox_goes_into_its_own_queue() -> None:
    """By a policy before the common one, and like it in all else; isolated audit copies need none."""
    isolated = [Isolated(Kept.DEAD, "H29.12"), Isolated(Kept.AUDIT, "G22"), Isolated(Kept.DEAD, "X")]
    limits = BrokerLimits(inbox_messages=7)
    common = policy("lienthong-inbox", limits=limits)
    own = policy("lienthong-inbox.H29.12", limits=limits, isolated=isolated)
    assert own.priority > common.priority
    assert own.definition == {
        **common.definition,
        "dead-letter-exchange": "",
        "dead-letter-routing-key": "dead.H29.12",
    }
    assert re.search(own.pattern, "inbox.H29.12")
    assert not any(re.search(own.pattern, f"inbox.{other}") for other in ("H29x12", "H29.12.1", "G22"))
    more = topology(MAILBOXES, vhost="bus", isolated=isolated).policies
    assert len(more) == len(WANTED.policies) + 1


KEYS = [*(f"{kind}.H61.1" for kind in Kind), DEAD]


def fits(pattern: str, key: str) -> bool:
    """As a topic exchange judges."""
    return re.fullmatch(re.escape(pattern).replace(r"\.\#", r"(\..+)?"), key) is not None


@pytest.mark.parametrize("mailbox", MAILBOXES)
@pytest.mark.parametrize("key", KEYS)
def test_audit_hears_every_message_and_it_goes_on(mailbox: str, key: str) -> None:
    """Of whatever kind, to whomever, from every agency exchange; copies for lanes leave with what they copy."""
    found = [
        (b.destination, b.to_exchange) for b in WANTED.bindings if b.source == f"agency.{mailbox}" and fits(b.key, key)
    ]
    assert found == [("dead" if key == DEAD else "route", True), ("audit", False)]


@pytest.mark.parametrize("mailbox", MAILBOXES)
def test_large_attachments_go_to_a_stream_of_their_own_and_nowhere_else(mailbox: str) -> None:
    """A mailbox feeds its own by its own key; another's key leads nowhere."""
    assert Queue(f"blobs.{mailbox}", {"x-queue-type": "stream"}) in WANTED.queues
    assert (blobs_of(mailbox), is_blobs(blobs_of(mailbox)), is_blobs(inbox_of(mailbox))) == (
        f"blobs.{mailbox}", True, False,
    )  # fmt: skip
    for other in MAILBOXES:
        found = [
            b.destination for b in WANTED.bindings if b.source == f"agency.{mailbox}" and fits(b.key, blob_key(other))
        ]
        assert found == ([f"blobs.{mailbox}"] if other == mailbox else [])


def test_what_is_kept_of_large_attachments_is_bounded() -> None:
    """By age and by size, in pieces small enough for both to mean something; of each mailbox's stream, and no other."""
    blobs = policy("lienthong-blobs", limits=BrokerLimits(blob_age="3D", blob_bytes=7, blob_segment_bytes=5))
    assert blobs.definition == {
        "max-age": "3D",
        "max-length-bytes": 7,
        "stream-max-segment-size-bytes": 5,
        "queue-leader-locator": "balanced",
    }
    assert re.search(blobs.pattern, "blobs.G22")
    assert not any(re.search(blobs.pattern, name) for name in ("audit", "inbox.blobs.G22"))
    default = policy("lienthong-blobs").definition
    assert default["max-age"] == "14D"
    assert 10 * BrokerLimits().blob_segment_bytes < BrokerLimits().blob_bytes == default["max-length-bytes"]


def test_clients_cannot_reach_the_middle() -> None:
    """`route`, `dead` and `unroutable` are internal."""
    assert {e.name for e in WANTED.exchanges if e.internal} == {"route", "dead", "unroutable"}


@pytest.mark.parametrize(
    ("mailbox", "may_write", "may_read"),
    [
        ("G22", {"agency.G22", "route"}, {"inbox.G22", *PUBLIC}),
        ("H29.12", {"agency.H29.12", "route"}, {"inbox.H29.12", *PUBLIC}),
        ("G22-1_a", {"agency.G22-1_a", "route"}, {"inbox.G22-1_a", *PUBLIC}),
        ("operator", {"amq.default"}, {"dead", "unroutable", "audit"}),
        ("ledger", set(), {"audit", "directory", "directory.changes"}),
        ("authority", {"directory.in"}, {"directory", "directory.changes"}),
    ],
)
def test_a_user_may_do_exactly_this(mailbox: str, may_write: set[str], may_read: set[str]) -> None:
    """Of all names there are, and some that look like them, a user's patterns fit its own only."""
    there = {e.name for e in WANTED.exchanges} | {q.name for q in WANTED.queues}
    names = (
        there
        | {"amq.default", "agency.H29x12", "inbox.H29x12", "agency.G222", "inbox.G22.x", "xagency.G22", "q"}
        | {"blobs", "blobs.", "xblobs.G22"}
    )
    permissions = user(mailbox).permissions
    assert permissions is not None
    assert {name for name in names if re.search(permissions.configure, name)} == set()
    assert {name for name in names if re.search(permissions.write, name)} == may_write
    assert {name for name in names if re.search(permissions.read, name)} == may_read


def test_nobody_reads_an_exchange() -> None:
    """Who may read an exchange may bind his own to it: no pattern of a mailbox fits an exchange's name."""
    exchanges = {exchange.name for exchange in WANTED.exchanges}
    for mailbox in MAILBOXES:
        permissions = user(mailbox).permissions
        assert permissions is not None
        assert not [name for name in exchanges if re.search(permissions.read, name)]


def test_a_mailbox_is_limited_and_a_withdrawn_one_has_no_user() -> None:
    """Connections and channels of each mailbox; exchange, queue and bindings stay whoever may log in."""
    assert user("G22").limits == {"max-connections": 12, "max-channels": 32}
    fewer = topology(MAILBOXES, vhost="bus", limits=BrokerLimits(connections=2, channels=3), withdrawn=["H29.12", "X"])
    assert {u.name: dict(u.limits) for u in fewer.users if u.limits} == {
        name: {"max-connections": 2, "max-channels": 3} for name in ("G22", "G22-1_a")
    }
    assert (fewer.exchanges, fewer.queues, fewer.bindings) == (WANTED.exchanges, WANTED.queues, WANTED.bindings)
    assert "H29.12" in fewer.withdrawn


def test_whole_editions_and_changes_go_to_streams_of_their_own() -> None:
    """The authority writes one exchange; the routing key says which stream it is for."""
    assert Exchange("directory.in", "direct") in WANTED.exchanges
    assert Binding("directory.in", "directory", "edition") in WANTED.bindings
    assert Binding("directory.in", "directory.changes", "change") in WANTED.bindings


def test_a_full_inbox_says_no_and_a_dead_letter_is_not_lost() -> None:
    """An inbox refuses what is above its limits, and hands on at least once what it gives up."""
    definition = policy("lienthong-inbox", limits=BrokerLimits(inbox_messages=7, delivery_limit=3)).definition
    assert definition["overflow"] == "reject-publish"
    assert definition["max-length"] == 7
    assert definition["delivery-limit"] == 3
    assert (definition["dead-letter-exchange"], definition["dead-letter-strategy"]) == ("dead", "at-least-once")
    assert policy("lienthong-route").definition == {"alternate-exchange": "unroutable"}


@pytest.mark.parametrize(("version", "wait"), [((3, 10), None), ((4, 2), None), (TARGET, 10_000)])
def test_what_a_silent_node_was_given_comes_back_soon(version: tuple[int, int], wait: int | None) -> None:
    """In milliseconds, where a broker can be told; before RabbitMQ 4.3 it comes back at once."""
    assert policy("lienthong-inbox", version=version).definition.get("consumer-disconnected-timeout") == wait


@pytest.mark.parametrize(("version", "limit"), [((3, 10), None), ((3, 13), None), ((4, 0), -1), (TARGET, -1)])
def test_what_died_once_is_never_dropped(version: tuple[int, int], limit: int | None) -> None:
    """`dead` and `unroutable` have no delivery limit: by saying so from 4.0 on, by saying nothing before."""
    assert policy("lienthong-kept", version=version).definition.get("delivery-limit") == limit


def test_what_is_kept_is_bounded_and_still_never_dropped() -> None:
    """`dead` and `unroutable` refuse what is above their limit: its sender, or its inbox, keeps it."""
    definition = policy("lienthong-kept", limits=BrokerLimits(kept_bytes=7)).definition
    assert (definition["max-length-bytes"], definition["overflow"]) == (7, "reject-publish")
    assert policy("lienthong-kept").definition["max-length-bytes"] == 1024**3


def test_a_mailbox_cannot_take_the_name_of_a_service() -> None:
    """A mailbox called operator would be given the operator's permissions."""
    with pytest.raises(BadDirectory, match="ledger, operator"):
        topology(["G22", "operator", "ledger"], vhost="bus")
