"""A message in AMQP's terms, as data: exchanges, routing keys, properties, headers. No pika and no connection here;
schemas/README.md §6.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Final

from bus.ports.records import OutboxEntry, Publication
from bus.topology.names import DEAD, exchange_of, inbox_of, lane_of
from schemas.codes import Kind, Priority
from schemas.docket import Docket
from schemas.values import MailboxCode

exchange = exchange_of
"""Where a mailbox publishes."""

inbox = inbox_of
"""The queue a mailbox consumes."""

MAX_BODY: Final = 16 * 1024 * 1024
"""Bytes of one message: RabbitMQ's own max_message_size, from 4.0 on, unless somebody changed it."""
WRAPS: Final = 3 * 1024 * 1024
"""Bytes of these that are left for docket, signature, and a wrap for each recipient."""

MAX_CC: Final = 96 * 1024
"""Bytes of all routing keys beyond which no lane is added: headers must fit into one frame of 128 KiB."""

CONTENT_TYPE: Final = "application/vnd.lienthong.message"
UNKNOWN_CONTENT: Final = "application/octet-stream"
APP_ID: Final = "lienthong"
REASON: Final = "x-lienthong-reason"
"""Why a message goes to the queue of the dead."""
SET_ASIDE_BY: Final = "x-lienthong-set-aside-by"
"""Which mailbox put it there."""
PUBLISHED_BY: Final = "x-lienthong-published-by"
"""Who published what was set aside, as the broker vouched to the mailbox that set it aside."""
UNDECODABLE: Final = "x-lienthong-undecodable"
"""There too, of a message that came with properties which could not be decoded: `<bytes> <SHA-256> <why>`."""
BLOBS: Final = "x-lienthong-blobs"
"""Where the segments of its blobs wait, and from which mark on: `<kind> <mark>`. schemas §10.6"""
VERSION_HEADER: Final = "x-lienthong-version"
PERSISTENT: Final = 2

# Quorum queues take a message without priority for level 4 (RabbitMQ 4.3); 4.0 to 4.2 know two kinds, 0-4 and above.
LEVELS: Final[dict[Priority, int]] = {
    Priority.NORMAL: 4,
    Priority.URGENT: 5,
    Priority.VERY_URGENT: 6,
    Priority.IMMEDIATE: 7,
    Priority.IMMEDIATE_TIMED: 8,
}


def routing_key(kind: Kind, mailbox: MailboxCode) -> str:
    return f"{kind}.{mailbox}"


def routing_keys(docket: Docket) -> tuple[str, ...]:
    """One a recipient mailbox, in the docket's order."""
    return tuple(routing_key(docket.kind, mailbox) for mailbox in docket.mailboxes)


def lanes(routing: Sequence[str], priority: Priority) -> tuple[str, ...]:
    """The routing keys by which copies of something urgent overtake, for as many recipients as there is room for.

    Copies: a broker that knows no lanes routes by the other keys, and an adapter that reads none has lost nothing.
    """
    if priority is Priority.NORMAL:
        return ()
    keys = [lane_of(key.partition(".")[2]) for key in routing]
    sizes = accumulate((len(key) + _ENTRY for key in keys), initial=sum(len(key) + _ENTRY for key in routing))
    return tuple(key for key, size in zip(keys, islice(sizes, 1, None), strict=True) if size <= MAX_CC)


_ENTRY: Final = 5
"""Bytes before each text of an AMQP array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """AMQP's basic properties, by AMQP's names."""

    message_id: str
    type: str
    content_type: str
    delivery_mode: int
    priority: int
    timestamp: int
    """Whole seconds since 1970, UTC."""
    user_id: str | None
    app_id: str
    headers: Mapping[str, str | list[str]]


def publication(entry: OutboxEntry) -> Publication:
    """One publish to every routing key that is still outstanding."""
    return Publication(
        message=entry.docket.id,
        kind=entry.docket.kind,
        routing=entry.outstanding,
        body=entry.body,
        priority=entry.docket.priority,
        created_at=entry.docket.created_at,
        headers=entry.headers,
        version=entry.docket.version,
        lanes=lanes(entry.outstanding, entry.docket.priority),
    )


def place_of_blobs(headers: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Kind and mark of the place where segments wait, as far as they are said: a hint, which nobody signed."""
    said = headers.get(BLOBS)
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else said
    found = _PLACE.fullmatch(text) if isinstance(text, str) else None
    return (found[1], found[2]) if found else (None, None)


_PLACE = re.compile(r"([a-z0-9]{1,32})(?: ([!-~]{1,200}))?")


def properties(publication: Publication, *, user: str | None) -> Properties:
    """`user` is the one the connection is logged in as: the broker vouches for it, and refuses any other."""
    headers: dict[str, str | list[str]] = dict(publication.headers)
    set_aside = publication.routing[0] == DEAD
    if not set_aside:
        headers[VERSION_HEADER] = str(publication.version)
    if copies := [*publication.routing[1:], *publication.lanes]:
        headers["CC"] = copies
    return Properties(
        message_id=publication.message,
        type=DEAD if set_aside else publication.kind.value,
        content_type=UNKNOWN_CONTENT if set_aside else CONTENT_TYPE,
        delivery_mode=PERSISTENT,
        priority=LEVELS[publication.priority],
        timestamp=int(publication.created_at.timestamp()),
        user_id=user,
        app_id=APP_ID,
        headers=headers,
    )
