"""RabbitMQ in memory: one exchange for a whole country, a link for each mailbox, and faults to order.

Held to tests/contract/broker.py like the real one. It keeps what matters to the road: routing by key and CC, order,
urgency, limits, acknowledgements, redelivery, a connection that goes. It has no time of its own; `receive` alone waits.
"""

import itertools
import threading
from bisect import insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bus.errors import BrokerAway, RoadGone
from bus.ports.broker import ARRIVAL_BYTES
from bus.ports.records import Arrival, Confirmation, Publication
from bus.topology.names import DEAD, UNROUTABLE, inbox_of, is_lane, lane_of
from bus.topology.versions import TARGET, Version, has_lanes
from bus.wire import message
from schemas.codes import Kind
from schemas.values import MailboxCode


@dataclass(slots=True)
class _Queued:
    place: tuple[int, int]
    """In the queue: what returns, returns to its place."""
    queue: str
    body: bytes = field(repr=False)
    user: str
    headers: Mapping[str, object]
    deliveries: int = 0


class FakeExchange:
    """Every agency exchange, `route`, every inbox, `dead` and `unroutable`, behind one lock.

    As RabbitMQ 4.3 is, the most urgent first; or, with a version before it, first in, first out, with or without lanes.
    """

    def __init__(
        self,
        *mailboxes: MailboxCode,
        limits: Mapping[MailboxCode, int] | None = None,
        version: Version = TARGET,
        lanes: bool = True,
    ) -> None:
        self._strict = not has_lanes(version)
        self._laned = lanes and not self._strict
        self.changed = threading.Condition()
        self._bindings: dict[str, str] = {DEAD: DEAD}
        self._queues: dict[str, list[_Queued]] = defaultdict(list)
        self._limits: dict[str, int] = {}
        self._unacked: dict[str, int] = defaultdict(int)
        self._places = itertools.count()
        self._swallow: list[bool] = []
        for mailbox in mailboxes:
            self.add(mailbox, limit=(limits or {}).get(mailbox))

    def add(self, mailbox: MailboxCode, *, limit: int | None = None) -> None:
        """An inbox and its bindings; `limit` in messages, those not acknowledged included."""
        queue = inbox_of(mailbox)
        self._queues[queue] = []
        for kind in Kind:
            self._bindings[message.routing_key(kind, mailbox)] = queue
        if self._laned:
            self._bindings[lane_of(mailbox)] = lane_of(mailbox)
        self.set_limit(mailbox, limit)

    def set_limit(self, mailbox: MailboxCode, limit: int | None) -> None:
        if limit is None:
            self._limits.pop(inbox_of(mailbox), None)
        else:
            self._limits[inbox_of(mailbox)] = limit

    def link(self, mailbox: MailboxCode, *, user: str | None = None, prefetch: int = 256) -> "FakeBroker":
        return FakeBroker(self, mailbox, user=user or mailbox, prefetch=prefetch)

    def lose(self, count: int = 1, *, routed: bool = True) -> None:
        """The next `count` publications are answered LOST; `routed` says whether they got there."""
        with self.changed:
            self._swallow += [routed] * count

    def depth(self, queue: str) -> int:
        """Messages ready."""
        with self.changed:
            return len(self._queues[queue])

    def drop(self, mailbox: MailboxCode) -> None:
        """What lay ready in an inbox is gone, confirmed as it was: a broker restored from an old disk."""
        with self.changed:
            self._queues[inbox_of(mailbox)].clear()

    def bodies(self, queue: str) -> list[bytes]:
        with self.changed:
            return [each.body for each in self._queues[queue]]

    def headers(self, queue: str) -> list[Mapping[str, object]]:
        with self.changed:
            return [each.headers for each in self._queues[queue]]

    # -- for links

    def publish(self, publication: Publication, user: str) -> Confirmation:
        with self.changed:
            swallowed = self._swallow.pop(0) if self._swallow else None
            if swallowed is False:
                return Confirmation.LOST
            answer = self._route(publication, user)
            self.changed.notify_all()
            return answer if swallowed is None else Confirmation.LOST

    def take(self, queue: str, limit: int, max_bytes: int) -> list[_Queued]:
        with self.changed:
            waiting = self._queues[queue]
            sizes = itertools.accumulate(len(each.body) for each in waiting[:limit])
            fit = sum(size <= max_bytes for size in sizes)
            limit = min(limit, max(1, fit))
            taken, self._queues[queue] = waiting[:limit], waiting[limit:]
            self._unacked[queue] += len(taken)
            return taken

    def settle(self, queued: _Queued) -> None:
        with self.changed:
            self._unacked[queued.queue] -= 1

    def give_back(self, returned: Sequence[_Queued]) -> None:
        with self.changed:
            for queued in returned:
                self._unacked[queued.queue] -= 1
                self._put(queued)
            self.changed.notify_all()

    def _put(self, queued: _Queued) -> None:
        insort(self._queues[queued.queue], queued, key=lambda each: each.place)

    def _route(self, publication: Publication, user: str) -> Confirmation:
        keys = (*publication.routing, *publication.lanes)
        queues = dict.fromkeys(self._bindings[key] for key in keys if key in self._bindings)
        rank = -message.LEVELS[publication.priority] if self._strict else 0
        headers = dict(message.properties(publication, user=user).headers)
        answer = Confirmation.CONFIRMED
        for queue in queues or [UNROUTABLE]:
            limit = self._limits.get(queue)
            if limit is not None and len(self._queues[queue]) + self._unacked[queue] >= limit:
                answer = Confirmation.NACKED  # the other queues keep their copy
            else:
                self._put(_Queued((rank, next(self._places)), queue, publication.body, user, headers))
        return answer


class FakeBroker:
    """One mailbox's link. `cut`, `mend`, `block` and `unblock` are the faults of its own connection."""

    def __init__(self, exchange: FakeExchange, mailbox: MailboxCode, *, user: str, prefetch: int) -> None:
        self._exchange = exchange
        self._queues = (lane_of(mailbox), inbox_of(mailbox))  # in the order of handing out
        self._user = user
        self._prefetch = prefetch
        self._connection = 1
        self._delivery = 0
        self._outstanding: dict[int, _Queued] = {}
        self._away: str | None = None
        self._blocked: str | None = None
        self._closed = False
        self.tries = 0
        """How often it was told to connect at once."""
        self.lacking: tuple[str, ...] = ()
        """What is gone at the broker."""
        self.twins = 0
        self.impostor: str | None = None

    def publish(self, batch: Sequence[Publication]) -> Sequence[Confirmation]:
        if batch and self.lacking:
            raise RoadGone(what=", ".join(self.lacking))
        if batch and (why := self._away or self._blocked):
            raise BrokerAway(why=why)
        return [
            Confirmation.LOST if self._away else self._exchange.publish(publication, self._user)
            for publication in batch
        ]

    def receive(self, *, limit: int, wait: float, max_bytes: int = ARRIVAL_BYTES) -> Sequence[Arrival]:
        with self._exchange.changed:
            if wait > 0:
                self._exchange.changed.wait_for(
                    lambda: self._closed or any(self._room(queue, limit) for queue in self._queues), timeout=wait
                )
            arrivals: list[Arrival] = []
            for queue in self._queues:
                left, room = max_bytes - sum(len(each.body) for each in arrivals), limit - len(arrivals)
                if not arrivals or left > 0:
                    some = self._exchange.take(queue, self._room(queue, room), left)
                    arrivals += [self._arrival(each) for each in some]
            return arrivals

    def ack(self, arrivals: Sequence[Arrival]) -> None:
        with self._exchange.changed:
            for arrival in arrivals:
                number, delivery = arrival.tag
                if number == self._connection and (queued := self._outstanding.pop(delivery, None)) is not None:
                    self._exchange.settle(queued)
            self._exchange.changed.notify_all()  # there is room for more

    @property
    def is_up(self) -> bool:
        return self._away is None and self._blocked is None and not self.lacking

    @property
    def others(self) -> int:
        return self.twins

    @property
    def revoked(self) -> str | None:
        return self.impostor

    def state(self) -> Mapping[str, object]:
        return {
            "publishing": self.is_up,
            "consuming": self._away is None,
            "last_error": self._away or self._blocked,
            "lacking": self.lacking,
        }

    def try_now(self) -> None:
        self.tries += 1

    def close(self) -> None:
        self._closed = True
        self.cut("closed")

    # -- faults

    def cut(self, why: str = "connection lost") -> None:
        """What was not acknowledged returns to the queue."""
        with self._exchange.changed:
            self._away = why
            self._connection += 1
            self._delivery = 0
            returned, self._outstanding = list(self._outstanding.values()), {}
            self._exchange.give_back(returned)

    def mend(self) -> None:
        with self._exchange.changed:
            if not self._closed:
                self._away = None
            self._exchange.changed.notify_all()

    def block(self, reason: str = "low on disk") -> None:
        self._blocked = f"it blocks publishers ({reason})"

    def unblock(self) -> None:
        self._blocked = None

    def _room(self, queue: str, limit: int) -> int:
        """How many of a queue can be handed out now."""
        if self._away is not None:
            return 0
        held = sum(each.queue == queue for each in self._outstanding.values())
        return min(limit, self._prefetch - held, self._exchange.depth(queue))

    def _arrival(self, queued: _Queued) -> Arrival:
        self._delivery += 1
        self._outstanding[self._delivery] = queued
        queued.deliveries += 1
        again = queued.deliveries - 1
        return Arrival(
            tag=(self._connection, self._delivery),
            body=queued.body,
            user=queued.user,
            headers={**queued.headers, "x-delivery-count": again} if again else queued.headers,
            redelivered=again > 0,
            is_copy=is_lane(queued.queue),
        )
