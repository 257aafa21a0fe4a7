"""A dead letter: a message in the queue `dead` or `unroutable`, its history, and how it is published again. Pure."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pika import BasicProperties

from bus.errors import AmbiguousId, BadMessage, NoSuchMessage, Words
from bus.ports.records import Undecodable
from bus.rabbit.content_header import moment, short_headers, undecodable
from bus.topology.names import DEAD, UNROUTABLE, mailbox_of
from bus.wire.envelope import parse
from bus.wire.message import (
    CONTENT_TYPE,
    PUBLISHED_BY,
    REASON,
    SET_ASIDE_BY,
    UNDECODABLE,
    VERSION_HEADER,
)
from schemas.codes import Kind, Label
from schemas.docket import Docket
from schemas.values import MailboxCode

# Headers that the broker or an adapter added on the way here: a replayed message goes without.
_HISTORY_HEADERS = frozenset(
    {REASON, SET_ASIDE_BY, UNDECODABLE, "CC", "BCC", "x-death", "x-delivery-count", "x-acquired-count"}
)
_HISTORY_PREFIXES = ("x-first-death-", "x-last-death-")

CANDIDATES = 5
"""Named where an id may stand for several."""

REASONS: Mapping[str, Label] = {
    "delivery_limit": Label("giao nhiều lần không thành", "delivered again and again without success"),
    "rejected": Label("bị từ chối", "rejected"),
    "expired": Label("quá hạn", "expired"),
    "maxlen": Label("hàng đợi đầy", "the queue was full"),
    UNROUTABLE: Label("lúc đó không có hàng đợi của hộp thư nhận", "its inbox was not there"),
}
"""The broker's words for why it put a message here. Other reasons are codes of bus/errors.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One dead letter, without its body."""

    queue: str
    ref: str
    """The message id, or "sha256:…" of a body that is no message."""
    docket: Docket | None
    """None where the body is no message."""
    reason: str
    """A code of bus/errors.py, or the broker's word for it (REASONS)."""
    inboxes: tuple[MailboxCode, ...]
    """Of which mailboxes: the one it died in, or those it was sent to. Empty: unknown."""
    sent_by: MailboxCode | None
    """The owner of the exchange it came through, by the broker. None after a death in an inbox on the way."""
    set_aside: bool
    """An adapter put it here, and not the broker."""
    published_by: str | None = None
    """The user who published what was set aside, by the word of the mailbox that did so."""
    at: datetime | None
    """When it died; None where the broker does not say."""
    size: int
    """Bytes of the body."""
    deaths: int = 1
    in_audit: bool = True
    """Whether the audit stream shows that it came here: not where it died in an inbox, or came by a key in CC, BCC."""
    undecodable: Undecodable | None = None
    """Its AMQP properties, as they are here, or as they came to the mailbox that set it aside."""
    headers: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Of its sender's, those that are published again."""

    @property
    def sender(self) -> MailboxCode | None:
        """By the broker, or else by the docket."""
        return self.sent_by or (self.docket.sender.mailbox if self.docket else None)


def read_dead_letter(queue: str, *, exchange: str, key: str, properties: BasicProperties, body: bytes) -> DeadLetter:
    """`exchange` and `key` are those by which it came into the queue. Only the docket of the body is read."""
    headers = dict(properties.headers or {})
    stamped = moment(properties.timestamp or None)
    docket = _docket(body)
    ref = docket.id if docket else f"sha256:{hashlib.sha256(body).hexdigest()[:16]}"
    history = _history(queue, exchange, key, headers, stamped)
    in_audit = mailbox_of(exchange) is not None and (queue == UNROUTABLE or key == DEAD)
    lost = undecodable(properties) or _said_undecodable(headers)
    kept = short_headers(headers, _is_no_history)
    return DeadLetter(
        queue=queue,
        ref=ref,
        docket=docket,
        size=len(body),
        headers=kept,
        undecodable=lost,
        in_audit=in_audit,
        **history,
    )


def choose_letters(
    letters: Iterable[DeadLetter],
    *,
    refs: Collection[str] = (),
    reason: str | None = None,
    mailbox: MailboxCode | None = None,
) -> tuple[DeadLetter, ...]:
    """Those that meet all conditions. `mailbox`: as its recipient or as its sender."""
    return tuple(
        letter
        for letter in letters
        if (not refs or letter.ref in refs)
        and (reason is None or letter.reason == reason)
        and (mailbox is None or mailbox in letter.inboxes or mailbox == letter.sender)
    )


def full_refs(letters: Iterable[DeadLetter], given: Collection[str], *, box: str) -> tuple[str, ...]:
    """The refs of those, or of the only one whose ref begins so. Raises NoSuchMessage, AmbiguousId."""
    there = dict.fromkeys(letter.ref for letter in letters)
    full = []
    for each in given:
        found = [each] if each in there else [ref for ref in there if each and ref.startswith(each)]
        if not found:
            do = Words(
                "Xem danh sách để lấy đúng mã: lienthong dead list.", "Look for the right id: lienthong dead list."
            )
            raise NoSuchMessage(message=each, box=box, do=do)
        if len(found) > 1:
            more = " …" if len(found) > CANDIDATES else ""
            raise AmbiguousId(given=each, candidates=", ".join(found[:CANDIDATES]) + more)
        full += found
    return tuple(full)


def republished_properties(letter: DeadLetter, old: BasicProperties, *, user: str) -> BasicProperties:
    """As its sender published it, but with the operator as user, since the broker lets nobody publish in another's
    name. Recipients accept that user: the sender's signature proves the sender."""
    headers = dict(letter.headers)
    kind, content_type = old.type, old.content_type
    if letter.set_aside and letter.docket is not None:
        kind, content_type, version = letter.docket.kind.value, CONTENT_TYPE, letter.docket.version
        headers[VERSION_HEADER] = str(version)
    return BasicProperties(
        content_type=content_type,
        content_encoding=old.content_encoding,
        headers=headers,
        delivery_mode=2,
        priority=old.priority,
        correlation_id=old.correlation_id,
        expiration=old.expiration,
        message_id=letter.ref if letter.docket else old.message_id,
        timestamp=old.timestamp,
        type=kind,
        user_id=user,
        app_id=old.app_id,
    )


def _is_no_history(name: str) -> bool:
    return name not in _HISTORY_HEADERS and not name.startswith(_HISTORY_PREFIXES)


def _said_undecodable(headers: Mapping[str, Any]) -> Undecodable | None:
    """As the mailbox said that set it aside."""
    found = _UNDECODABLE.fullmatch(text_of(headers.get(UNDECODABLE)))
    return Undecodable(size=int(found[1]), sha256=found[2], why=found[3]) if found else None


_UNDECODABLE = re.compile(r"([0-9]{1,9}) ([0-9a-f]{64}) ([ -~]{1,200})")


def _history(
    queue: str, exchange: str, key: str, headers: Mapping[str, Any], stamped: datetime | None
) -> dict[str, Any]:
    """How it came here. Only the broker's own facts decide its inbox: an adapter can write any header."""
    sender = mailbox_of(exchange)
    if queue == UNROUTABLE:
        keys = [key, *map(text_of, _list(headers.get("CC")))]
        inboxes = tuple(dict.fromkeys(found for each in keys if (found := _recipient(each))))
        return {"reason": UNROUTABLE, "inboxes": inboxes, "sent_by": sender, "set_aside": False, "at": stamped}
    if sender is not None:
        reason = text_of(headers.get(REASON, "?"))
        reason = reason if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", reason) else "?"
        user = text_of(headers.get(PUBLISHED_BY, ""))
        return {
            "reason": reason,
            "inboxes": (sender,),
            "sent_by": None,
            "set_aside": True,
            "published_by": user if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", user) else None,
            "at": stamped,
        }
    last = next((each for each in _list(headers.get("x-death")) if isinstance(each, dict)), {})
    at, deaths = last.get("time"), last.get("count")
    inbox = mailbox_of(text_of(last.get("queue", "")))
    return {
        "reason": text_of(last.get("reason", "?")),
        "inboxes": (inbox,) if inbox else (),
        "sent_by": mailbox_of(text_of(last.get("exchange", ""))),
        "set_aside": False,
        "at": at if isinstance(at, datetime) else None,
        "deaths": deaths if isinstance(deaths, int) else 1,
    }


def _list(value: object) -> list[Any]:
    """Of a header that should be one."""
    return value if isinstance(value, list) else []


def _recipient(key: str) -> MailboxCode | None:
    kind, _, mailbox = key.partition(".")
    return mailbox if mailbox and kind in Kind._value2member_map_ else None


def _docket(body: bytes) -> Docket | None:
    try:
        return parse(body).docket
    except BadMessage:
        return None


def text_of(value: object) -> str:
    """Of a value that may come as bytes: pika's stubs leave it open."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
