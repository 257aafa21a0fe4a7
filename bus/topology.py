"""What a broker must hold for a list of mailboxes, as values. Everything that a mailbox may do there is decided here.

Pure: what a broker holds already is asked by bus/rabbit/management.py and judged by bus/drift.py; no password is drawn.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bus.errors import BadConfig, BadDirectory
from schemas.codes import Kind, Label
from schemas.values import MailboxCode

Version: TypeAlias = tuple[int, int]

TARGET: Version = (4, 3)
OLDEST: Version = (3, 10)
"""At-least-once dead letters, and streams that an exchange can feed, begin here."""
FILTERING: Version = (3, 13)
"""From here on a reader of a stream can ask for some of its messages only."""
STRICT: Version = (4, 3)
"""From here on a quorum queue hands out the most urgent first, whatever waits."""

ROUTE, AUDIT, DIRECTORY, DEAD, UNROUTABLE = "route", "audit", "directory", "dead", "unroutable"
DIRECTORY_CHANGES = "directory.changes"
"""The stream of changes from edition to edition; `directory` holds whole ones."""
DIRECTORY_IN = "directory.in"
"""The exchange before both streams. Not of one name with them: who may read an exchange may bind his own to it."""
EDITION_KEY, CHANGE_KEY = "edition", "change"
TAG = "lienthong"
"""On every user made from a directory: RabbitMQ gives it no meaning, it tells our users from others."""
OPERATOR, LEDGER, AUTHORITY = "operator", "ledger", "authority"
MAX_CONNECTIONS, MAX_CHANNELS = "max-connections", "max-channels"
USER_LIMITS = frozenset({MAX_CONNECTIONS, MAX_CHANNELS})
"""All that RabbitMQ limits of a user."""

POLICY_PREFIX = "lienthong-"
_AGENCY, _INBOX, _LANE, _BLOBS = "agency.", "inbox.", "urgent.", "blobs."
SHARED = frozenset({ROUTE, AUDIT, DIRECTORY, DIRECTORY_CHANGES, DIRECTORY_IN, DEAD, UNROUTABLE})


def exchange_of(mailbox: MailboxCode) -> str:
    return f"{_AGENCY}{mailbox}"


def inbox_of(mailbox: MailboxCode) -> str:
    return f"{_INBOX}{mailbox}"


def lane_of(mailbox: MailboxCode) -> str:
    """The queue, and the routing key, by which copies of what is urgent overtake. schemas §6.6"""
    return f"{_LANE}{mailbox}"


def is_lane(name: str) -> bool:
    """Whether a queue holds nothing but copies of what lies in an inbox: it may go with all it has."""
    return name.startswith(_LANE)


def has_lanes(version: Version) -> bool:
    """Whether a broker of the version does not put the urgent first by itself."""
    return version < STRICT


def blobs_of(mailbox: MailboxCode) -> str:
    """The stream of a mailbox's large attachments. Every mailbox may read it: what is in it is sealed. schemas §10"""
    return f"{_BLOBS}{mailbox}"


def blob_key(mailbox: MailboxCode) -> str:
    """The routing key by which a mailbox feeds its own stream."""
    return f"blob.{mailbox}"


def is_blobs(name: str) -> bool:
    """Whether a queue is such a stream: it never runs empty, and its mailbox has all that anybody still needs of it."""
    return name.startswith(_BLOBS)


def filters(version: Version) -> bool:
    """Whether a broker of the version hands out those messages of a stream only that a reader asks for."""
    return version >= FILTERING


def mailbox_of(name: str) -> MailboxCode | None:
    """Whose exchange, inbox, lane or stream of blobs a name is; None for what belongs to no mailbox."""
    for prefix in (_AGENCY, _INBOX, _LANE, _BLOBS):
        if name.startswith(prefix) and len(name) > len(prefix):
            return name.removeprefix(prefix)
    return None


def parse_version(text: str) -> Version:
    """Of "4.3.6": (4, 3). Raises BadConfig for what is no version, or one too old for the bus."""
    found = re.match(r"(\d+)\.(\d+)", text)
    if found is None or (version := (int(found[1]), int(found[2]))) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise BadConfig(
            file="RabbitMQ", why=f"version {text!r}; the bus needs {oldest} or later / cần {oldest} trở lên"
        )
    return version


# -- the things on a broker --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one inbox, the streams, and what is kept for operators may hold. Where an inbox is full, the broker
    nacks and the sender waits."""

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
    """Of one mailbox's stream of large attachments. What it has forgotten is asked for, and put there again."""
    blob_segment_bytes: int = 128 * 1024**2
    """A stream forgets in pieces of this size, when one is full: it may hold one more. Of streams made from now on."""
    connections: int = 12
    channels: int = 32
    """Of one mailbox: two of its link, two readers of the directory, and two for large attachments while there are any;
    twice over while they reconnect."""
    kept_bytes: int = 1024**3
    """Of `dead`, and of `unroutable`, each. Full, they refuse as an inbox does: what cannot go there stays where it is,
    with its sender or in the inbox it should leave. Nothing is lost, and one sender cannot fill the broker's disk."""


class Vhost(NamedTuple):
    name: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """Durable, or it is not what the bus asked for."""

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
        """It must not be deleted: it may have messages that are nowhere else, or somebody reads it."""
        if is_lane(self.name):
            return False
        return self.consumers > 0 or (not is_blobs(self.name) and self.messages != 0)


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
        """A road of topologies before there were blobs: it would carry these too, to where they must not come. Each
        kind has a road of its own now."""
        return self.source.startswith(_AGENCY) and self.destination in {ROUTE, AUDIT} and self.key == "#"


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
    """What this broker's version does less well, or differently."""


# -- what is wanted ----------------------------------------------------------------------------------------------------

_NOTES: tuple[tuple[Version, Version, Label], ...] = (
    (
        OLDEST,
        (3, 13),
        Label(
            "RabbitMQ trước 3.13 không lọc được luồng: ai lấy một tệp lớn phải đọc qua mọi tệp lớn nơi gửi gửi sau đó.",
            "RabbitMQ before 3.13 cannot filter streams: who fetches a large attachment reads all that its sender sent "
            "after it.",
        ),
    ),
    (
        OLDEST,
        STRICT,
        Label(
            "RabbitMQ trước 4.3 không xếp hàng theo độ khẩn: bản sao của văn bản khẩn đi làn riêng urgent.<hộp thư>.",
            "RabbitMQ before 4.3 does not put the urgent first: copies of it go by lanes of their own, "
            "urgent.<mailbox>.",
        ),
    ),
    (
        OLDEST,
        (4, 3),
        Label(
            "RabbitMQ trước 4.3 tính mỗi lần trả lại, kể cả mất kết nối, vào giới hạn giao.",
            "RabbitMQ before 4.3 counts every return, lost connections too, towards the delivery limit.",
        ),
    ),
)
"""Said to a broker from the first version on, and before the second."""

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
    Binding(ROUTE, DEAD, "dead", to_exchange=True),
    Binding(DEAD, DEAD),
    Binding(UNROUTABLE, UNROUTABLE),
    Binding(DIRECTORY_IN, DIRECTORY, EDITION_KEY),
    Binding(DIRECTORY_IN, DIRECTORY_CHANGES, CHANGE_KEY),
)
_NOTHING = "^$"
_STREAMS = r"directory|directory\.changes"
_KEYS = (*(f"{kind}.#" for kind in Kind), DEAD)
"""By which a message leaves its sender's exchange. The copy for a lane leaves with the message that it copies."""
_SERVICES = (
    # Puts back what died or passed before: the default exchange is the only door to an inbox past an agency's exchange.
    User(
        OPERATOR, Permissions(_NOTHING, r"^amq\.default$", "^(dead|unroutable|audit)$"), frozenset({TAG, "monitoring"})
    ),
    User(LEDGER, Permissions(_NOTHING, _NOTHING, rf"^(audit|{_STREAMS})$")),
    User(AUTHORITY, Permissions(_NOTHING, r"^directory\.in$", rf"^({_STREAMS})$")),
)


def topology(
    mailboxes: Sequence[MailboxCode],
    *,
    vhost: str,
    limits: Limits | None = None,
    version: Version = TARGET,
    withdrawn: Collection[MailboxCode] = (),
) -> Topology:
    """What the mailboxes need on a broker of the version. Those `withdrawn` keep their mail, and have no user.

    Raises BadDirectory for a mailbox that cannot have a user.
    """
    limits = limits or Limits()
    reserved = {OPERATOR, LEDGER, AUTHORITY}
    if taken := sorted(reserved.intersection(mailboxes)):
        raise BadDirectory(why=f"mailbox {', '.join(taken)}: reserved name / tên dành riêng")
    mailboxes = tuple(dict.fromkeys(mailboxes))
    laned = mailboxes if has_lanes(version) else ()
    quorum = {"x-queue-type": "quorum"}
    return Topology(
        vhost=vhost,
        exchanges=(*_FIXED_EXCHANGES, *(Exchange(exchange_of(m), "topic") for m in mailboxes)),
        queues=(
            *_FIXED_QUEUES,
            *(Queue(inbox_of(m), quorum) for m in mailboxes),
            *(Queue(blobs_of(m), {"x-queue-type": "stream"}) for m in mailboxes),
            *(Queue(lane_of(m), quorum) for m in laned),
        ),
        bindings=(
            *_FIXED_BINDINGS,
            *(binding for m in mailboxes for binding in _bindings(m)),
            *(Binding(ROUTE, lane_of(m), lane_of(m)) for m in laned),
        ),
        policies=_policies(limits, version),
        users=(*_SERVICES, *(_user(m, limits, laned=m in laned) for m in mailboxes if m not in withdrawn)),
        withdrawn=frozenset(withdrawn),
        notes=tuple(label for since, before, label in _NOTES if since <= version < before),
    )


def _bindings(mailbox: MailboxCode) -> tuple[Binding, ...]:
    exchange, inbox = exchange_of(mailbox), inbox_of(mailbox)
    return (
        *(Binding(exchange, ROUTE, key, to_exchange=True) for key in _KEYS),
        *(Binding(exchange, AUDIT, key) for key in _KEYS),
        Binding(exchange, blobs_of(mailbox), blob_key(mailbox)),
        *(Binding(ROUTE, inbox, f"{kind}.{mailbox}") for kind in Kind),
    )


def _user(mailbox: MailboxCode, limits: Limits, *, laned: bool) -> User:
    inbox, exchange = re.escape(inbox_of(mailbox)), re.escape(exchange_of(mailbox))
    inbox += f"|{re.escape(lane_of(mailbox))}" if laned else ""
    most = {MAX_CONNECTIONS: limits.connections, MAX_CHANNELS: limits.channels}
    permissions = Permissions(_NOTHING, f"^{exchange}$", rf"^({inbox}|{_STREAMS}|blobs\..+)$")
    return User(mailbox, permissions, limits=most)


def _policies(limits: Limits, version: Version) -> tuple[Policy, ...]:
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
        "dead-letter-exchange": DEAD,
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
    blobs = {
        "max-age": limits.blob_age,
        "max-length-bytes": limits.blob_bytes,
        "stream-max-segment-size-bytes": limits.blob_segment_bytes,
        "queue-leader-locator": "balanced",
    }
    return (
        Policy(f"{POLICY_PREFIX}inbox", r"^inbox\.", "queues", inbox),
        # Nothing of it is kept for operators: whatever it drops is in the inbox.
        *([Policy(f"{POLICY_PREFIX}lane", r"^urgent\.", "queues", lane)] if has_lanes(version) else []),
        Policy(f"{POLICY_PREFIX}kept", "^(dead|unroutable)$", "queues", kept),
        Policy(f"{POLICY_PREFIX}audit", "^audit$", "queues", audit),
        Policy(f"{POLICY_PREFIX}blobs", r"^blobs\.", "queues", blobs),
        Policy(f"{POLICY_PREFIX}directory", rf"^({_STREAMS})$", "queues", {"max-length-bytes": limits.directory_bytes}),
        # A policy, not an argument: arguments of an exchange never change. Internal exchanges obey it too.
        Policy(f"{POLICY_PREFIX}route", "^route$", "exchanges", {"alternate-exchange": UNROUTABLE}),
    )
