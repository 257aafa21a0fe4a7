"""The queues of dead letters, `dead` and `unroutable`: reading, replaying and discarding what is in them.

Over AMQP, with acknowledgements: a message is published to its inbox, the broker confirms it, and only then is it
acknowledged here. A crash in between leaves it in both places; the recipient drops the second one. The management API
could lose it between its "get" and its "publish"; it serves for counts only (queue_overview.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Self, TypeAlias

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from bus.crashpoints import reached
from bus.errors import BadConfig, BrokerAway, BusError, Words, said
from bus.rabbit.address import Address
from bus.rabbit.admin.dead_letter import DeadLetter, read_dead_letter, republished_properties, text_of
from bus.rabbit.command_connection import connect_to_first, logged_in_as
from bus.rabbit.content_header import undecodable
from bus.rabbit.pika_errors import reason_of
from bus.topology.names import DEAD, UNROUTABLE, inbox_of

QUEUES = (DEAD, UNROUTABLE)
BATCH_SIZE = 100


class DeadLetterOutcome(StrEnum):
    """The outcome of replaying or discarding one dead letter."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"
    NO_PLACE = "no-place"
    """Kept: its inbox is unknown, or does not exist."""
    FULL = "full"
    """Kept: its inbox takes nothing more."""
    UNDECODABLE = "undecodable"
    """Kept: its properties cannot be decoded, so nobody can send it again as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandledDeadLetter:
    letter: DeadLetter
    outcome: DeadLetterOutcome


class DeadLetterQueues:
    """An operator's connection to the two queues. Raises BrokerAway or BadConfig: unacknowledged messages return to
    their queue."""

    def __init__(self, *nodes: Address) -> None:
        self._nodes = nodes

    def __enter__(self) -> Self:
        self._connection, self._address = connect_to_first(self._nodes, name="lienthong dead", heartbeat=60)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._connection.is_open:
            self._connection.close()

    def letters(self, queues: Sequence[str] = QUEUES, *, limit: int | None = None) -> tuple[DeadLetter, ...]:
        """The oldest first, at most `limit` of each queue. All of them stay in their queue."""
        found: list[DeadLetter] = []
        for queue in queues:
            with self._channel() as channel:
                found += [letter for letter, _ in islice(_take(channel, queue), limit)]
        return tuple(found)

    def replay(self, chosen: Sequence[DeadLetter]) -> Iterator[Sequence[HandledDeadLetter]]:
        """Publishes each to its inboxes and removes it, in batches: stopping between two is safe."""
        with _translated(self._address):
            user = logged_in_as(self._connection, self._address, exchange="")
        return self._handle(chosen, partial(_replay, user=user))

    def discard(self, chosen: Sequence[DeadLetter]) -> Iterator[Sequence[HandledDeadLetter]]:
        """Removes each for ever, in batches."""
        return self._handle(chosen, _discard)

    def _handle(self, chosen: Sequence[DeadLetter], handle: "_Handle") -> Iterator[Sequence[HandledDeadLetter]]:
        wanted = {_key(letter) for letter in chosen}
        for queue in dict.fromkeys(letter.queue for letter in chosen):
            with self._channel() as channel:
                channel.confirm_delivery()
                handled = (
                    HandledDeadLetter(letter=letter, outcome=handle(channel, letter, raw))
                    for letter, raw in _take(channel, queue)
                    if _key(letter) in wanted
                )
                while some := tuple(islice(handled, BATCH_SIZE)):
                    yield some

    @contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        """Unacknowledged messages return to their queue at the end."""
        with _translated(self._address):
            channel = self._connection.channel()
            try:
                yield channel
            finally:
                if channel.is_open:
                    channel.basic_nack(0, multiple=True, requeue=True)
                    channel.close()


@dataclass(frozen=True, slots=True)
class _Raw:
    tag: int
    properties: pika.BasicProperties
    body: bytes


_Handle: TypeAlias = Callable[[BlockingChannel, DeadLetter, _Raw], DeadLetterOutcome]


def _take(channel: BlockingChannel, queue: str) -> Iterator[tuple[DeadLetter, _Raw]]:
    """Gets each message that is there now, unacknowledged. One that dies again meanwhile is not taken again."""
    left = None
    while left != 0:
        method, properties, body = channel.basic_get(queue)
        if method is None or properties is None or body is None:
            return
        assert method.message_count is not None
        assert method.delivery_tag is not None
        left = method.message_count if left is None else left - 1
        exchange, key = text_of(method.exchange), text_of(method.routing_key)
        letter = read_dead_letter(queue, exchange=exchange, key=key, properties=properties, body=body)
        yield letter, _Raw(method.delivery_tag, properties, body)


def _replay(channel: BlockingChannel, letter: DeadLetter, raw: _Raw, *, user: str) -> DeadLetterOutcome:
    if undecodable(raw.properties) is not None:
        return DeadLetterOutcome.UNDECODABLE
    outcome = DeadLetterOutcome.REPLAYED if letter.inboxes else DeadLetterOutcome.NO_PLACE
    for mailbox in letter.inboxes:
        try:
            properties = republished_properties(letter, raw.properties, user=user)
            channel.basic_publish("", inbox_of(mailbox), raw.body, properties, mandatory=True)
        except exceptions.UnroutableError:
            outcome = DeadLetterOutcome.NO_PLACE
        except exceptions.NackError:
            outcome = DeadLetterOutcome.FULL
    reached("replay.confirmed")
    if outcome is DeadLetterOutcome.REPLAYED:
        channel.basic_ack(raw.tag)
        reached("replay.acknowledged")
    return outcome


def _discard(channel: BlockingChannel, letter: DeadLetter, raw: _Raw) -> DeadLetterOutcome:
    channel.basic_ack(raw.tag)
    return DeadLetterOutcome.DISCARDED


def _key(letter: DeadLetter) -> tuple[object, ...]:
    return letter.queue, letter.ref, letter.inboxes, letter.reason


@contextmanager
def _translated(address: Address) -> Iterator[None]:
    try:
        yield
    except exceptions.ChannelClosedByBroker as error:
        raise _refused(address, error) from error
    except (exceptions.ProbableAuthenticationError, exceptions.AuthenticationError) as error:
        raise BadConfig(
            file=said("địa chỉ RabbitMQ", "broker URL"),
            why=Words(
                f"{address} không cho người dùng {address.user} vào: kiểm tra mật khẩu",
                f"{address} refuses user {address.user}: check its password",
            ),
        ) from error
    except (exceptions.ConnectionClosedByBroker, exceptions.ProbableAccessDeniedError) as error:
        facts = {"address": address, "user": address.user, "why": reason_of(error)}
        why = said("{address} từ chối {user}: {why}", "{address} refuses {user}: {why}", **facts)
        raise BadConfig(file=said("địa chỉ RabbitMQ", "broker URL"), why=why) from error
    except (exceptions.AMQPError, OSError) as error:
        raise BrokerAway(why=said("{at}: {why}", "{at}: {why}", at=address, why=reason_of(error))) from error


def _refused(address: Address, error: exceptions.ChannelClosedByBroker) -> BusError:
    match error.reply_code:
        case 404:
            why = Words(
                f"{address} không có hàng đợi đó: `lienthong topology apply` tạo nó (“{error.reply_text}”)",
                f"{address} has no such queue: `lienthong topology apply` makes it ({error.reply_text})",
            )
        case 403:
            why = Words(
                f"{address} không cho {address.user} làm việc này: đăng nhập bằng `operator` (“{error.reply_text}”)",
                f"{address} does not let {address.user} do this: log in as `operator` ({error.reply_text})",
            )
        case _:
            return BrokerAway(why=f"{address}: {error.reply_code} {error.reply_text}")
    return BadConfig(file=said("địa chỉ RabbitMQ", "broker URL"), why=why)
