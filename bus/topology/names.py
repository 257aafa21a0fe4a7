"""Names on a broker: exchanges, queues, streams and users, and whose each one is. Pure."""

import re
from enum import StrEnum

from bus.trust.certificates import SERVICE_URN, URN
from schemas.values import MailboxCode

ROUTE, AUDIT, DIRECTORY, DEAD, UNROUTABLE = "route", "audit", "directory", "dead", "unroutable"
DIRECTORY_CHANGES = "directory.changes"
"""The stream of changes from edition to edition; `directory` holds whole ones."""
DIRECTORY_IN = "directory.in"
"""The exchange before both streams. Not of one name with them: who may read an exchange may bind his own to it."""
EDITION_KEY, CHANGE_KEY = "edition", "change"
TAG = "lienthong"
"""On every user made from a directory: RabbitMQ gives it no meaning, it tells our users from others."""
OPERATOR, LEDGER, AUTHORITY = "operator", "ledger", "authority"
SERVICES = (OPERATOR, LEDGER, AUTHORITY)


class Login(StrEnum):
    """Where a broker reads the name of a user who shows a certificate."""

    URN = "urn"
    """In the alternative names: a mailbox and a service never have the same."""
    NAME = "name"
    """The common name, which is a mailbox's code or a service's name; and of all who log in by password."""


def users_of(name: str) -> tuple[str, str]:
    """The user names that a mailbox or a service can have, by URN and by name."""
    return f"{SERVICE_URN if name in SERVICES else URN}{name}", name


def user_of(name: str, login: Login) -> str:
    by_urn, by_name = users_of(name)
    return by_urn if login is Login.URN else by_name


def mailbox_of_user(user: str) -> MailboxCode:
    """The mailbox that a user is, if he is one; other users have names that no mailbox can have, or are services."""
    return user.removeprefix(URN)


def is_urn(user: str) -> bool:
    """Whether only a certificate of the bus gives this user name."""
    return user.startswith((URN, SERVICE_URN))


POLICY_PREFIX = "lienthong-"
INBOX_POLICY = f"{POLICY_PREFIX}inbox"
"""Of all inboxes."""
_AGENCY, _INBOX, _LANE, _BLOBS, _OWN_AUDIT, _OWN_DEAD = "agency.", "inbox.", "urgent.", "blobs.", "audit.", "dead."
SHARED = frozenset({ROUTE, AUDIT, DIRECTORY, DIRECTORY_CHANGES, DIRECTORY_IN, DEAD, UNROUTABLE})


_MAILBOX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # schemas §8.1


def is_mailbox_name(name: str) -> bool:
    """Whether a mailbox can have this name."""
    return _MAILBOX.fullmatch(name) is not None


def exchange_of(mailbox: MailboxCode) -> str:
    return f"{_AGENCY}{mailbox}"


def is_exchange(name: str) -> bool:
    """Whether an exchange is a mailbox's own."""
    return name.startswith(_AGENCY)


def inbox_of(mailbox: MailboxCode) -> str:
    return f"{_INBOX}{mailbox}"


def lane_of(mailbox: MailboxCode) -> str:
    """The queue, and the routing key, by which copies of what is urgent overtake. schemas §6.6"""
    return f"{_LANE}{mailbox}"


def is_lane(name: str) -> bool:
    """Whether a queue is a lane: it holds only copies of messages in an inbox, so it may be deleted with all of
    them."""
    return name.startswith(_LANE)


def blobs_of(mailbox: MailboxCode) -> str:
    """The stream of a mailbox's large attachments. Every mailbox may read it: what is in it is sealed. schemas §10"""
    return f"{_BLOBS}{mailbox}"


def blob_key(mailbox: MailboxCode) -> str:
    """The routing key by which a mailbox feeds its own stream."""
    return f"blob.{mailbox}"


def is_blobs(name: str) -> bool:
    """Whether a queue is a stream of blobs. It never runs empty; its mailbox keeps a copy of all that is still
    needed."""
    return name.startswith(_BLOBS)


class Kept(StrEnum):
    """What all mailboxes feed together. One that puts too much into it is isolated: it gets one of its own."""

    AUDIT = AUDIT
    DEAD = DEAD


def own_of(kept: Kept, mailbox: MailboxCode) -> str:
    """The stream of the audit copies of an isolated mailbox, or the queue of its dead letters."""
    return f"{kept}.{mailbox}"


def own_inbox_policy(mailbox: MailboxCode) -> str:
    """The policy of the inbox of one whose dead letters are isolated."""
    return f"{POLICY_PREFIX}{inbox_of(mailbox)}"


def mailbox_of_policy(policy: str) -> MailboxCode | None:
    """The mailbox of such a policy; None for one of many queues."""
    return mailbox_of(policy.removeprefix(POLICY_PREFIX)) if policy.startswith(own_inbox_policy("")) else None


def is_own_audit(name: str) -> bool:
    """Whether a queue is the stream of an isolated mailbox's audit copies. It never runs empty."""
    return name.startswith(_OWN_AUDIT)


def is_own_dead(name: str) -> bool:
    """Whether a queue holds an isolated mailbox's dead letters."""
    return name.startswith(_OWN_DEAD)


def is_stream(name: str) -> bool:
    """Whether a queue of one mailbox is a stream: it never runs empty."""
    return is_blobs(name) or is_own_audit(name)


def mailbox_of(name: str) -> MailboxCode | None:
    """The mailbox of an exchange, inbox, lane, stream of blobs, or of what it was given of its own; None for a name
    that is no mailbox's."""
    for prefix in (_AGENCY, _INBOX, _LANE, _BLOBS, _OWN_AUDIT, _OWN_DEAD):
        if name.startswith(prefix) and len(name) > len(prefix):
            return name.removeprefix(prefix)
    return None
