"""The topology that a list of mailboxes needs on a broker, as values. Every permission of a mailbox is decided here.

Pure: bus/rabbit/admin/management.py asks a broker for its topology, bus/topology/drift.py compares the two; no password
is drawn here."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from bus.errors import BadDirectory, Words
from bus.topology.names import (
    AUDIT,
    AUTHORITY,
    CHANGE_KEY,
    DEAD,
    DIRECTORY,
    DIRECTORY_CHANGES,
    DIRECTORY_IN,
    EDITION_KEY,
    INBOX_POLICY,
    LEDGER,
    OPERATOR,
    POLICY_PREFIX,
    ROUTE,
    SERVICES,
    TAG,
    UNROUTABLE,
    Kept,
    Login,
    blob_key,
    blobs_of,
    exchange_of,
    inbox_of,
    is_exchange,
    is_lane,
    is_stream,
    lane_of,
    own_inbox_policy,
    own_of,
    user_of,
)
from bus.topology.notes import notes_on
from bus.topology.versions import TARGET, Version, has_lanes
from schemas.codes import Kind, Label
from schemas.values import MailboxCode

MAX_CONNECTIONS, MAX_CHANNELS = "max-connections", "max-channels"
USER_LIMITS = frozenset({MAX_CONNECTIONS, MAX_CHANNELS})
"""All that RabbitMQ limits of a user."""


# -- the things on a broker --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLimits:
    """Limits of inboxes, lanes, streams, connections, and of the two queues for operators. Where an inbox is full, the
    broker nacks and the sender waits."""

    inbox_messages: int = 200_000
    inbox_bytes: int = 20 * 1024**3
    lane_messages: int = 10_000
    lane_bytes: int = 256 * 1024**2
    """Of one mailbox's lane, where there are lanes. Full, it forgets its oldest copies: their originals are in the
    inbox, and overtake no more."""
    delivery_limit: int = 50
    """Above RabbitMQ's own 20: before 4.3 a lost connection counts too, and provincial lines are lost often."""
    audit_age: str = "30D"
    audit_bytes: int = 200 * 1024**3
    directory_bytes: int = 1024**3
    blob_age: str = "14D"
    blob_bytes: int = 50 * 1024**3
    """Of one mailbox's stream of blobs. Segments that it has dropped are asked for, and uploaded again."""
    blob_segment_bytes: int = 128 * 1024**2
    """A stream forgets in pieces of this size, when one is full: it may hold one more. Of streams made from now on."""
    connections: int = 12
    channels: int = 32
    """Of one mailbox: two of its link, two of the directory, two for large attachments; twice over to reconnect."""
    kept_bytes: int = 1024**3
    """Of `dead`, and of `unroutable`, each. A full one refuses messages as an inbox does: they stay with their sender
    or in their inbox. Nothing is lost, and one sender cannot fill the broker's disk."""
    own_audit_bytes: int = 10 * 1024**3
    own_dead_bytes: int = 64 * 1024**2
    """Of the stream and the queue that an isolated mailbox has of its own. bus/topology/isolation.py"""


class Vhost(NamedTuple):
    name: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """The bus makes durable ones only; a broker may hold another."""

    name: str
    type: str
    internal: bool = False
    arguments: Mapping[str, object] = field(default_factory=dict)
    durable: bool = True


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    messages: int | None = field(default=0, compare=False)
    """Ready and unacknowledged, as the broker last counted; None in a queue's first seconds, before it does."""
    consumers: int = field(default=0, compare=False)
    policy: str | None = field(default=None, compare=False)
    """The one in force, of those whose pattern fits."""

    @property
    def is_held(self) -> bool:
        """Whether it must not be deleted: it may have messages that are nowhere else, or somebody reads it."""
        if is_lane(self.name):
            return False
        return self.consumers > 0 or (not is_stream(self.name) and self.messages != 0)


class Binding(NamedTuple):
    source: str
    destination: str
    key: str = ""
    to_exchange: bool = False
    properties_key: str = ""
    """The management API's name of it; empty where wanted only."""

    @property
    def name(self) -> str:
        return f"{self.source} → {self.destination} ({self.key})" if self.key else f"{self.source} → {self.destination}"

    @property
    def road(self) -> tuple[str, str, str, bool]:
        return self[:4]

    @property
    def is_superseded(self) -> bool:
        """Whether it is from a topology without blobs: it would route blobs into inboxes and the audit stream, too. Now
        each kind of message has a binding of its own."""
        return is_exchange(self.source) and self.destination in {ROUTE, AUDIT} and self.key == "#"

    @property
    def is_through_route(self) -> bool:
        """Whether it leads to `dead` through `route`: by a key in CC or BCC, past its sender's isolation."""
        return self.key == DEAD and self.to_exchange and ROUTE in {self.source, self.destination}


class Isolated(NamedTuple):
    """A mailbox whose audit copies, or dead letters, go into its own and not into what all share."""

    kept: Kept
    mailbox: MailboxCode


@dataclass(frozen=True, slots=True)
class Policy:
    name: str
    pattern: str
    apply_to: str
    definition: Mapping[str, object]
    priority: int = 10


class Permissions(NamedTuple):
    """Regular expressions over names of exchanges and queues."""

    configure: str
    write: str
    read: str


@dataclass(frozen=True, slots=True)
class User:
    name: str
    permissions: Permissions | None
    tags: frozenset[str] = frozenset({TAG})
    password_hash: str | None = field(default=None, compare=False, repr=False)
    """Of RabbitMQ: base64 of salt and digest. "" where the user has no password: client certificates only."""
    hashing: str = field(default="rabbit_password_hashing_sha256", compare=False)
    elsewhere: bool = field(default=False, compare=False)
    """It has permissions in other virtual hosts too."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """By names of USER_LIMITS."""


Item: TypeAlias = Vhost | Exchange | Queue | Binding | Policy | User


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    vhost: str
    exists: bool = True
    """Whether the virtual host is there."""
    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()
    policies: tuple[Policy, ...] = ()
    users: tuple[User, ...] = ()
    withdrawn: frozenset[MailboxCode] = frozenset()
    """Mailboxes that keep what they have and may no longer log in."""
    notes: tuple[Label, ...] = ()
    """Notes about what this broker's version does less well, or differently."""


# -- what is wanted ----------------------------------------------------------------------------------------------------

_FIXED_EXCHANGES = (
    Exchange(ROUTE, "direct", internal=True),
    Exchange(DEAD, "fanout", internal=True),
    Exchange(UNROUTABLE, "fanout", internal=True),
    Exchange(DIRECTORY_IN, "direct"),
)
_FIXED_QUEUES = (
    Queue(AUDIT, {"x-queue-type": "stream"}),
    Queue(DIRECTORY, {"x-queue-type": "stream"}),
    Queue(DIRECTORY_CHANGES, {"x-queue-type": "stream"}),
    Queue(DEAD, {"x-queue-type": "quorum"}),
    Queue(UNROUTABLE, {"x-queue-type": "quorum"}),
)
_FIXED_BINDINGS = (
    Binding(DEAD, DEAD),
    Binding(UNROUTABLE, UNROUTABLE),
    Binding(DIRECTORY_IN, DIRECTORY, EDITION_KEY),
    Binding(DIRECTORY_IN, DIRECTORY_CHANGES, CHANGE_KEY),
)
_NOTHING = "^$"
_DEAD_TO, _DEAD_BY = "dead-letter-exchange", "dead-letter-routing-key"
_STREAMS = r"directory|directory\.changes"
_MAIL_KEYS = tuple(f"{kind}.#" for kind in Kind)
_KEYS = (*_MAIL_KEYS, DEAD)
"""Routing keys by which messages leave their sender's exchange. The copy for a lane leaves with its message."""
_SERVICES = (
    # Puts back what died before: the default exchange is the only door to an inbox past an agency's exchange.
    User(
        OPERATOR,
        Permissions(_NOTHING, r"^amq\.default$", r"^(unroutable|(dead|audit)(\..+)?)$"),
        frozenset({TAG, "monitoring"}),
    ),
    User(LEDGER, Permissions(_NOTHING, _NOTHING, rf"^(audit(\..+)?|{_STREAMS})$")),
    User(AUTHORITY, Permissions(_NOTHING, r"^directory\.in$", rf"^({_STREAMS})$")),
)


def topology(
    mailboxes: Sequence[MailboxCode],
    *,
    vhost: str,
    limits: BrokerLimits | None = None,
    version: Version = TARGET,
    withdrawn: Collection[MailboxCode] = (),
    login: Login = Login.NAME,
    isolated: Collection[Isolated] = (),
) -> Topology:
    """The topology that the mailboxes need on a broker of the version. Those `withdrawn` keep their mail, and have no
    user. `login` is how this broker calls its users; `isolated` is the broker's own state: bus/topology/isolation.py
    reads it there.

    Raises BadDirectory for a mailbox that cannot have a user.
    """
    limits = limits or BrokerLimits()
    if names := ", ".join(sorted(set(SERVICES).intersection(mailboxes))):
        raise BadDirectory(why=Words(f"hộp thư {names}: tên dành riêng", f"mailbox {names}: reserved name"))
    mailboxes = tuple(dict.fromkeys(mailboxes))
    isolated = [each for each in sorted(isolated) if each.mailbox in mailboxes]
    laned = mailboxes if has_lanes(version) else ()
    quorum, shared = {"x-queue-type": "quorum"}, _policies(limits, version)
    return Topology(
        vhost=vhost,
        exchanges=(*_FIXED_EXCHANGES, *(Exchange(exchange_of(m), "topic") for m in mailboxes)),
        queues=(
            *_FIXED_QUEUES,
            *(Queue(inbox_of(m), quorum) for m in mailboxes),
            *(Queue(blobs_of(m), {"x-queue-type": "stream"}) for m in mailboxes),
            *(Queue(lane_of(m), quorum) for m in laned),
            *map(own_queue, isolated),
        ),
        bindings=(
            *_FIXED_BINDINGS,
            *(binding for m in mailboxes for binding in _bindings(m, isolated)),
            *(Binding(ROUTE, lane_of(m), lane_of(m)) for m in laned),
        ),
        policies=(*shared, *own_inbox_policies(isolated, shared)),
        users=tuple(
            replace(user, name=user_of(user.name, login))
            for user in (*_SERVICES, *(_user(m, limits, laned=m in laned) for m in mailboxes if m not in withdrawn))
        ),
        withdrawn=frozenset(withdrawn),
        notes=notes_on(version),
    )


def own_queue(isolated: Isolated) -> Queue:
    """What an isolated mailbox has of its own."""
    kind = "stream" if isolated.kept is Kept.AUDIT else "quorum"
    return Queue(own_of(isolated.kept, isolated.mailbox), {"x-queue-type": kind})


def own_inbox_policies(isolated: Collection[Isolated], shared: Collection[Policy]) -> tuple[Policy, ...]:
    """What dies in an isolated mailbox's inbox goes into its own queue; all else is as in the `shared` policy."""
    return tuple(
        replace(
            common,
            name=own_inbox_policy(mailbox),
            pattern=f"^{re.escape(inbox_of(mailbox))}$",
            # With a key given, RabbitMQ takes none from the message, nor from its CC.
            definition={**common.definition, _DEAD_TO: "", _DEAD_BY: own_of(kept, mailbox)},
            priority=common.priority + 1,
        )
        for common in shared
        for kept, mailbox in sorted(isolated)
        if common.name == INBOX_POLICY and kept is Kept.DEAD
    )


def kept_bindings(mailbox: MailboxCode, isolated: Collection[Isolated]) -> tuple[Binding, ...]:
    """The roads of a mailbox's audit copies and dead letters: into what all share, or into its own."""
    exchange, audit = exchange_of(mailbox), AUDIT
    dead = Binding(exchange, DEAD, DEAD, to_exchange=True)
    if Isolated(Kept.AUDIT, mailbox) in isolated:
        audit = own_of(Kept.AUDIT, mailbox)
    if Isolated(Kept.DEAD, mailbox) in isolated:
        dead = Binding(exchange, own_of(Kept.DEAD, mailbox), DEAD)
    return (dead, *(Binding(exchange, audit, key) for key in _KEYS))


def is_kept_binding(binding: Binding) -> bool:
    """Whether it is a road of a mailbox's audit copies or dead letters, of those that `kept_bindings` gives."""
    if not is_exchange(binding.source):
        return False
    mailbox = binding.source.removeprefix(exchange_of(""))
    both = [Isolated(kept, mailbox) for kept in Kept]
    return binding.road in {each.road for own in ((), both) for each in kept_bindings(mailbox, own)}


def _bindings(mailbox: MailboxCode, isolated: Collection[Isolated]) -> tuple[Binding, ...]:
    exchange, inbox = exchange_of(mailbox), inbox_of(mailbox)
    return (
        *(Binding(exchange, ROUTE, key, to_exchange=True) for key in _MAIL_KEYS),
        *kept_bindings(mailbox, isolated),
        Binding(exchange, blobs_of(mailbox), blob_key(mailbox)),
        *(Binding(ROUTE, inbox, f"{kind}.{mailbox}") for kind in Kind),
    )


def _user(mailbox: MailboxCode, limits: BrokerLimits, *, laned: bool) -> User:
    inbox, exchange = re.escape(inbox_of(mailbox)), re.escape(exchange_of(mailbox))
    inbox += f"|{re.escape(lane_of(mailbox))}" if laned else ""
    # `route` is internal: to write there is to see whether it is there, and no more.
    permissions = Permissions(_NOTHING, f"^({exchange}|{ROUTE})$", rf"^({inbox}|{_STREAMS}|blobs\..+)$")
    return User(mailbox, permissions, limits={MAX_CONNECTIONS: limits.connections, MAX_CHANNELS: limits.channels})


def _policies(limits: BrokerLimits, version: Version) -> tuple[Policy, ...]:
    # 4.0 brought a delivery limit of 20 where none is set; before, -1 is no valid limit and none is the default.
    unlimited = {"delivery-limit": -1} if version >= (4, 0) else {}
    # What was sent to a daemon through a node that went silent comes back after so many ms: a minute by default, from
    # 4.3 on; at once before. The daemon has gone on to another node by then, and knows what it has had.
    returned = {"consumer-disconnected-timeout": 10_000} if version >= (4, 3) else {}
    inbox = {
        **returned,
        "max-length": limits.inbox_messages,
        "max-length-bytes": limits.inbox_bytes,
        "overflow": "reject-publish",
        "delivery-limit": limits.delivery_limit,
        _DEAD_TO: DEAD,
        "dead-letter-strategy": "at-least-once",
        "queue-leader-locator": "balanced",
    }
    lane = {
        "max-length": limits.lane_messages,
        "max-length-bytes": limits.lane_bytes,
        "overflow": "drop-head",
        "delivery-limit": limits.delivery_limit,
        "queue-leader-locator": "balanced",
    }
    full = {"max-length-bytes": limits.kept_bytes, "overflow": "reject-publish"}
    kept = {**full, "queue-leader-locator": "balanced", **unlimited}
    audit = {"max-age": limits.audit_age, "max-length-bytes": limits.audit_bytes}
    own_audit = {**audit, "max-length-bytes": limits.own_audit_bytes, "queue-leader-locator": "balanced"}
    own_dead = {**kept, "max-length-bytes": limits.own_dead_bytes}
    blobs = {
        "max-age": limits.blob_age,
        "max-length-bytes": limits.blob_bytes,
        "stream-max-segment-size-bytes": limits.blob_segment_bytes,
        "queue-leader-locator": "balanced",
    }
    return (
        Policy(INBOX_POLICY, r"^inbox\.", "queues", inbox),
        # No dead letters: every message that it drops is in the inbox.
        *([Policy(f"{POLICY_PREFIX}lane", r"^urgent\.", "queues", lane)] if has_lanes(version) else []),
        Policy(f"{POLICY_PREFIX}kept", "^(dead|unroutable)$", "queues", kept),
        Policy(f"{POLICY_PREFIX}audit", "^audit$", "queues", audit),
        Policy(f"{POLICY_PREFIX}own-audit", r"^audit\.", "queues", own_audit),
        Policy(f"{POLICY_PREFIX}own-dead", r"^dead\.", "queues", own_dead),
        Policy(f"{POLICY_PREFIX}blobs", r"^blobs\.", "queues", blobs),
        Policy(f"{POLICY_PREFIX}directory", rf"^({_STREAMS})$", "queues", {"max-length-bytes": limits.directory_bytes}),
        # A policy, not an argument: arguments of an exchange never change. Internal exchanges obey it too.
        Policy(f"{POLICY_PREFIX}route", "^route$", "exchanges", {"alternate-exchange": UNROUTABLE}),
    )
