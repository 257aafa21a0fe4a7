"""What one channel has delivered and nobody has acknowledged yet. Acks go out here, on the I/O thread; the buffers that
hold the messages meanwhile are bus/rabbit/consumer.py's."""

from collections.abc import Sequence

from pika import BasicProperties, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.crashpoints import reached
from bus.records import Arrival


class Tags:
    """Which deliveries of one channel are done, and how to say so in few acks. Delivery tags count from 1."""

    def __init__(self) -> None:
        self._all_below = 0
        self._done: set[int] = set()

    def done(self, tags: Sequence[int]) -> tuple[int | None, list[int]]:
        """The tag to ack with everything below it, and those to ack one by one since something below is not done.

        A tag told before is passed over; the broker would close the channel over it.
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
    """Of one channel, under a number that no other channel of the process has. `copies`: of a lane."""

    def __init__(self, channel: Channel, number: int, *, copies: bool = False) -> None:
        self.channel = channel
        self._number = number
        self._copies = copies
        self._tags = Tags()

    def arrival(self, method: Basic.Deliver | Basic.GetOk, properties: BasicProperties, body: bytes) -> Arrival:
        tag = method.delivery_tag
        assert isinstance(tag, int)
        return Arrival(
            tag=(self._number, tag),
            body=body,
            user=properties.user_id,
            headers=properties.headers or {},
            redelivered=bool(method.redelivered),
            is_copy=self._copies,
        )

    def ack(self, tags: Sequence[tuple[int, int]]) -> None:
        """Those of other channels are passed over."""
        together, apart = self._tags.done([tag for number, tag in tags if number == self._number])
        try:
            if together is not None:
                self.channel.basic_ack(together, multiple=True)
            for tag in apart:
                self.channel.basic_ack(tag)
            reached("ack.sent")
        except exceptions.AMQPError:
            return  # it is being closed: the broker delivers them again
