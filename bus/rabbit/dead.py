"""What nobody could take: reading, replaying and discarding what lies in the queues `dead` and `unroutable`.

Over AMQP, with acknowledgements: a message is put where it belongs, the broker confirms that it holds it there, and
only then is it taken out. The management API could lose it between its "get" and its "publish"; it serves for counts
only (bus/rabbit/queues.py). A crash in between leaves the message in both places; its recipient drops the second one.
Dockets are read here, content never: it is sealed.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeAlias

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic

from bus.crashpoints import reached
from bus.envelope import parse
from bus.errors import BadConfig, BadMessage, BrokerAway, BusError
from bus.message import CONTENT_TYPE, VERSION, VERSION_HEADER
from bus.rabbit.address import Address
from bus.rabbit.first import first_that_answers
from bus.topology import DEAD, UNROUTABLE, inbox_of, mailbox_of
from schemas.codes import Kind, Label
from schemas.docket import Docket
from schemas.values import MailboxCode

QUEUES = (DEAD, UNROUTABLE)
BATCH = 100
REASON, SET_ASIDE_BY = "x-lienthong-reason", "x-lienthong-set-aside-by"

# What the broker or an adapter wrote on it on its way here: at a second life it starts without.
_HISTORY = frozenset({REASON, SET_ASIDE_BY, "CC", "BCC", "x-death", "x-delivery-count", "x-acquired-count"})
_HISTORY_PREFIXES = ("x-first-death-", "x-last-death-")

REASONS: Mapping[str, Label] = {
    "delivery_limit": Label("giao nhiều lần không thành", "delivered again and again without success"),
    "rejected": Label("bị từ chối", "rejected"),
    "expired": Label("quá hạn", "expired"),
    "maxlen": Label("hàng đợi đầy", "the queue was full"),
    UNROUTABLE: Label("không có hộp thư nhận", "no such recipient mailbox"),
}
"""Why the broker put a message here, by its own word; the others are codes of bus/errors.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message that nobody took, without its body."""

    queue: str
    ref: str
    """The message id, or "sha256:…" of a body that is no message."""
    docket: Docket | None
    """None where the body is no message."""
    reason: str
    """A code of bus/errors.py, or the broker's word for it (REASONS)."""
    inboxes: tuple[MailboxCode, ...]
    """Where it belongs: the inbox that it died in, or those it was sent to. Empty: nobody can tell."""
    sent_by: MailboxCode | None
    """Whose exchange it came through, as the broker vouches. None after a death in an inbox on the way."""
    set_aside: bool
    """An adapter put it here, not the broker."""
    at: datetime | None
    """When it died; None where the broker does not say."""
    size: int
    """Bytes of the body."""
    deaths: int = 1
    headers: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def sender(self) -> MailboxCode | None:
        """As the broker vouches, else as the docket says."""
        return self.sent_by or (self.docket.sender.mailbox if self.docket else None)


class Fate(StrEnum):
    """What became of one message that was chosen."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"
    NO_PLACE = "no-place"
    """Kept: nobody can tell where it belongs, or no such inbox exists."""
    FULL = "full"
    """Kept: its inbox takes nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    letter: DeadLetter
    fate: Fate


class Graveyard:
    """An operator's link to the two queues. Raises BrokerAway or BadConfig; what it held is back in its queue then."""

    def __init__(self, *nodes: Address) -> None:
        self._nodes = nodes

    def __enter__(self) -> Self:
        self._connection, self._address = first_that_answers(self._nodes, name="lienthong dead", heartbeat=60)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._connection.is_open:
            self._connection.close()

    def letters(self, queues: Sequence[str] = QUEUES, *, limit: int | None = None) -> tuple[DeadLetter, ...]:
        """What lies there, longest first, at most `limit` of each queue. Everything is put back."""
        found: list[DeadLetter] = []
        for queue in queues:
            with self._channel() as channel:
                found += [letter for letter, _ in islice(_take(channel, queue), limit)]
        return tuple(found)

    def replay(self, chosen: Sequence[DeadLetter], *, batch: int = BATCH) -> Iterator[Sequence[Done]]:
        """Sends each where it belongs and takes it out; a batch at a time, so that stopping between two is safe."""
        return self._work(chosen, batch, partial(_replay, user=self._address.user))

    def discard(self, chosen: Sequence[DeadLetter], *, batch: int = BATCH) -> Iterator[Sequence[Done]]:
        """Takes each out for ever."""
        return self._work(chosen, batch, _discard)

    def _work(self, chosen: Sequence[DeadLetter], batch: int, act: "_Act") -> Iterator[Sequence[Done]]:
        wanted = {_key(letter) for letter in chosen}
        for queue in dict.fromkeys(letter.queue for letter in chosen):
            with self._channel() as channel:
                channel.confirm_delivery()
                done = (
                    Done(letter=letter, fate=act(channel, letter, raw))
                    for letter, raw in _take(channel, queue)
                    if _key(letter) in wanted
                )
                while some := tuple(islice(done, batch)):
                    yield some

    @contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        """What was taken and neither acknowledged nor given back is given back at the end."""
        with _translated(self._address):
            channel = self._connection.channel()
            try:
                yield channel
            finally:
                if channel.is_open:
                    channel.basic_nack(0, multiple=True, requeue=True)
                    channel.close()


def choose(
    letters: Iterable[DeadLetter],
    *,
    refs: Collection[str] = (),
    reason: str | None = None,
    mailbox: MailboxCode | None = None,
) -> tuple[DeadLetter, ...]:
    """Those that fit everything asked for. A `mailbox` is the one it belongs to or the one it came from."""
    return tuple(
        letter
        for letter in letters
        if (not refs or letter.ref in refs)
        and (reason is None or letter.reason == reason)
        and (mailbox is None or mailbox in letter.inboxes or mailbox == letter.sender)
    )


# -- one message -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Raw:
    tag: int
    properties: pika.BasicProperties
    body: bytes


_Act: TypeAlias = Callable[[BlockingChannel, DeadLetter, _Raw], Fate]


def _take(channel: BlockingChannel, queue: str) -> Iterator[tuple[DeadLetter, _Raw]]:
    """Those that are there now, once each, not acknowledged: what dies again meanwhile is not taken again."""
    left = None
    while left != 0:
        method, properties, body = channel.basic_get(queue)
        if method is None or properties is None or body is None:
            return
        assert method.message_count is not None
        assert method.delivery_tag is not None
        left = method.message_count if left is None else left - 1
        yield _letter(queue, method, properties, body), _Raw(method.delivery_tag, properties, body)


def _replay(channel: BlockingChannel, letter: DeadLetter, raw: _Raw, *, user: str) -> Fate:
    fate = Fate.REPLAYED if letter.inboxes else Fate.NO_PLACE
    for mailbox in letter.inboxes:
        try:
            properties = _reborn(letter, raw.properties, user=user)
            channel.basic_publish("", inbox_of(mailbox), raw.body, properties, mandatory=True)
        except exceptions.UnroutableError:
            fate = Fate.NO_PLACE
        except exceptions.NackError:
            fate = Fate.FULL
    reached("replay.confirmed")
    if fate is Fate.REPLAYED:
        channel.basic_ack(raw.tag)
        reached("replay.acknowledged")
    return fate


def _discard(channel: BlockingChannel, letter: DeadLetter, raw: _Raw) -> Fate:
    channel.basic_ack(raw.tag)
    return Fate.DISCARDED


def _letter(queue: str, method: Basic.GetOk, properties: pika.BasicProperties, body: bytes) -> DeadLetter:
    headers = dict(properties.headers or {})
    exchange = _text(method.exchange)
    stamped = datetime.fromtimestamp(properties.timestamp, UTC) if properties.timestamp else None
    docket = _docket(body)
    ref = docket.id if docket else f"sha256:{hashlib.sha256(body).hexdigest()[:16]}"
    history = _history(queue, exchange, _text(method.routing_key), headers, stamped)
    return DeadLetter(queue=queue, ref=ref, docket=docket, size=len(body), headers=headers, **history)


def _history(
    queue: str, exchange: str, key: str, headers: Mapping[str, Any], stamped: datetime | None
) -> dict[str, Any]:
    """How it came here. Only what the broker vouches for decides where it belongs: an adapter writes any header."""
    sender = mailbox_of(exchange)
    if queue == UNROUTABLE:
        keys = [key, *map(_text, headers.get("CC", ()))]
        inboxes = tuple(dict.fromkeys(found for each in keys if (found := _recipient(each))))
        return {"reason": UNROUTABLE, "inboxes": inboxes, "sent_by": sender, "set_aside": False, "at": stamped}
    if sender is not None:
        reason = _text(headers.get(REASON))
        reason = reason if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", reason) else "?"
        return {"reason": reason, "inboxes": (sender,), "sent_by": None, "set_aside": True, "at": stamped}
    deaths = headers.get("x-death") or [{}]
    last = deaths[0]
    inbox = mailbox_of(_text(last.get("queue", "")))
    return {
        "reason": _text(last.get("reason", "?")),
        "inboxes": (inbox,) if inbox else (),
        "sent_by": mailbox_of(_text(last.get("exchange", ""))),
        "set_aside": False,
        "at": last.get("time"),
        "deaths": int(last.get("count", 1)),
    }


def _recipient(key: str) -> MailboxCode | None:
    kind, _, mailbox = key.partition(".")
    return mailbox if mailbox and kind in Kind._value2member_map_ else None


def _reborn(letter: DeadLetter, old: pika.BasicProperties, *, user: str) -> pika.BasicProperties:
    """As its sender published it, but for the user: the broker lets nobody publish in another's name, so it is the
    operator's; recipients let that pass, and the signature speaks for the sender."""
    headers = {
        name: value
        for name, value in letter.headers.items()
        if name not in _HISTORY and not name.startswith(_HISTORY_PREFIXES)
    }
    kind, content_type = old.type, old.content_type
    if letter.set_aside and letter.docket is not None:
        kind, content_type, headers[VERSION_HEADER] = letter.docket.kind.value, CONTENT_TYPE, VERSION
    return pika.BasicProperties(
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


def _docket(body: bytes) -> Docket | None:
    try:
        return parse(body).docket
    except BadMessage:
        return None


def _key(letter: DeadLetter) -> tuple[object, ...]:
    return letter.queue, letter.ref, letter.inboxes, letter.reason


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


# -- the edge ----------------------------------------------------------------------------------------------------------


@contextmanager
def _translated(address: Address) -> Iterator[None]:
    try:
        yield
    except exceptions.ChannelClosedByBroker as error:
        raise _refused(address, error) from error
    except (exceptions.ProbableAuthenticationError, exceptions.AuthenticationError) as error:
        raise BadConfig(file="broker URL", why=f"{address} refuses user {address.user}: check its password") from error
    except (exceptions.ConnectionClosedByBroker, exceptions.ProbableAccessDeniedError) as error:
        raise BadConfig(file="broker URL", why=f"{address} refuses {address.user}: {_why(error)}") from error
    except (exceptions.AMQPError, OSError) as error:
        raise BrokerAway(why=f"{address}: {_why(error)}") from error


def _refused(address: Address, error: exceptions.ChannelClosedByBroker) -> BusError:
    match error.reply_code:
        case 404:
            why = f"{address} has no such queue: `lienthong topology apply` makes it ({error.reply_text})"
        case 403:
            why = f"{address} does not let {address.user} do this: log in as `operator` ({error.reply_text})"
        case _:
            return BrokerAway(why=f"{address}: {error.reply_code} {error.reply_text}")
    return BadConfig(file="broker URL", why=why)


def _why(error: BaseException) -> str:
    """pika wraps the reason twice."""
    inner = next((each for each in error.args if isinstance(each, BaseException)), error)
    inner = getattr(inner, "exception", inner)
    return str(inner) or type(inner).__name__
