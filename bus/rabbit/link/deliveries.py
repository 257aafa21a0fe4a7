"""The unacknowledged deliveries of one channel, and the acks for them. Runs on the I/O thread; the bodies meanwhile
wait in bus/rabbit/link/consumer.py."""

from collections.abc import Sequence

from pika import BasicProperties, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.crashpoints import reached
from bus.ports.records import Arrival
from bus.rabbit.content_header import short_headers, undecodable
from bus.topology.names import mailbox_of, mailbox_of_user
from schemas.values import MailboxCode


class DeliveryTags:
    """The delivery tags of one channel that are done, acknowledged in as few acks as possible. They count from 1."""

    def __init__(self) -> None:
        self._all_below = 0
        self._done: set[int] = set()

    def done(self, tags: Sequence[int]) -> tuple[int | None, list[int]]:
        """The tag to ack together with all below it, and those to ack one by one since a lower one is not done.

        A tag given before is passed over: the broker would close the channel over a second ack.
        """
        new = sorted({tag for tag in tags if tag > self._all_below and tag not in self._done})
        self._done.update(new)
        below = self._all_below
        while below + 1 in self._done:
            below += 1
            self._done.discard(below)
        self._all_below = below
        together = [tag for tag in new if tag <= below]
        return (together[-1] if together else None), new[len(together) :]


class Deliveries:
    """Of one channel. `number`: no other channel of the process has it; `are_copies`: of a lane."""

    def __init__(self, channel: Channel, number: int, *, are_copies: bool = False) -> None:
        self.channel = channel
        self._number = number
        self._are_copies = are_copies
        self._tags = DeliveryTags()

    def arrival(self, method: Basic.Deliver | Basic.GetOk, properties: BasicProperties, body: bytes) -> Arrival:
        tag = method.delivery_tag
        assert isinstance(tag, int)
        lost = undecodable(properties)
        return Arrival(
            tag=(self._number, tag),
            body=body,
            user=_publisher(properties.user_id) if lost is None else mailbox_of(str(method.exchange)),
            headers=short_headers(properties.headers, _is_ours) if properties.headers else {},
            redelivered=bool(method.redelivered),
            is_copy=self._are_copies,
            undecodable=lost,
        )

    def ack(self, tags: Sequence[tuple[int, int]]) -> None:
        """Tags of other channels are passed over."""
        together, apart = self._tags.done([tag for number, tag in tags if number == self._number])
        try:
            if together is not None:
                self.channel.basic_ack(together, multiple=True)
            for tag in apart:
                self.channel.basic_ack(tag)
            reached("ack.sent")
        except exceptions.AMQPError:
            return  # it is being closed: the broker delivers them again


def _is_ours(name: str) -> bool:
    return name.startswith("x-lienthong-")


def _publisher(user: str | None) -> MailboxCode | None:
    return None if user is None else mailbox_of_user(user)
