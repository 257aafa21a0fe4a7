"""bus/rabbit/link/road_look.py: what stands behind a mailbox's exchange, and that it is gone."""

from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from pika import spec

from bus.rabbit.link.road_look import EVERY, RETRY, RoadLook
from bus.topology.names import AUDIT, ROUTE
from tests.unit.bus.rabbit.offline import OfflineBroker, OfflineIo

GONE = spec.Channel.Close(404, "NOT_FOUND", 0, 0)
HIDDEN = spec.Channel.Close(403, "ACCESS_REFUSED", 0, 0)


class Desk:
    """A look at a broker that lacks what a test takes away."""

    def __init__(self) -> None:
        self.broker = OfflineBroker()
        self.answers: dict[str, spec.Channel.Close] = {}
        self.broker.answers[spec.Exchange.Declare] = lambda _, method: self._answer(method.exchange)
        self.broker.answers[spec.Queue.Declare] = lambda _, method: self._answer(method.queue)
        self.changes: list[tuple[str, ...]] = []
        self.look = RoadLook(
            OfflineIo(self.broker),  # type: ignore[arg-type] # what it needs of a thread
            changed=lambda: self.changes.append(self.look.missing),
            log=structlog.get_logger(),
        )

    def _answer(self, name: str) -> Sequence[Any]:
        return [self.answers[name]] if name in self.answers else []

    def start(self) -> None:
        self.look.start(self.broker.channel())
        self.broker.settle()

    def looked(self) -> bool:
        done: list[bool] = []
        self.look.look(lambda: done.append(True))
        self.broker.settle()
        return bool(done)

    @property
    def missing(self) -> list[str]:
        return list(self.look.missing)

    def pass_(self, seconds: float) -> None:
        self.broker.clock.pass_(seconds)
        self.broker.settle()

    @property
    def asked(self) -> tuple[int, int]:
        exchanges, queues = self.broker.said(spec.Exchange.Declare), self.broker.said(spec.Queue.Declare)
        assert all(each.passive and each.nowait for each in (*exchanges, *queues))
        return len(exchanges), len(queues)


def test_all_is_there() -> None:
    """Both are asked for, at every look and from time to time; nothing is declared."""
    desk = Desk()
    desk.start()
    first = desk.asked
    assert min(first) >= 1
    assert desk.looked()
    assert desk.asked == (first[0] + 1, first[1] + 1)
    desk.pass_(EVERY)
    assert desk.asked == (first[0] + 2, first[1] + 2)
    assert (desk.look.missing, desk.changes, desk.look.is_looking) == ((), [], False)


@pytest.mark.parametrize("name", [ROUTE, AUDIT])
def test_what_is_gone_is_known_after_the_next_look_and_found_when_it_is_back(name: str) -> None:
    """Whoever looks is told once that is known; what is gone is looked for more often."""
    desk = Desk()
    desk.start()
    desk.answers[name] = GONE
    assert desk.looked()
    assert desk.missing == [name]
    assert desk.looked()
    desk.pass_(RETRY)
    assert desk.missing == [name]
    del desk.answers[name]
    desk.pass_(RETRY)
    assert desk.missing == []
    assert desk.changes == [(name,), ()]


def test_both_may_be_gone() -> None:
    """Each by its own channel."""
    desk = Desk()
    desk.answers = {ROUTE: GONE, AUDIT: GONE}
    desk.start()
    assert desk.missing == [ROUTE, AUDIT]


def test_it_shows_without_anybody_publishing() -> None:
    """Within half a minute."""
    desk = Desk()
    desk.start()
    desk.answers[ROUTE] = GONE
    desk.pass_(EVERY)
    assert desk.missing == [ROUTE]


def test_what_may_not_be_seen_counts_as_there() -> None:
    """On a broker that shows nothing to whom has no right; it is not asked for again on this connection."""
    desk = Desk()
    desk.answers = {AUDIT: HIDDEN}
    desk.start()
    seen = desk.asked
    assert desk.looked()
    assert desk.missing == []
    assert desk.asked == (seen[0] + 1, seen[1])


def test_a_lost_connection_leaves_nobody_waiting() -> None:
    """What was gone stays gone until the next connection has looked."""
    desk = Desk()
    desk.start()
    desk.answers[ROUTE] = GONE
    desk.looked()
    done: list[bool] = []
    desk.look.look(lambda: done.append(True))
    desk.look.look(lambda: done.append(True))
    desk.look.stop()
    assert (done, desk.missing) == ([True, True], [ROUTE])
    del desk.answers[ROUTE]
    desk.broker.settle()
    desk.pass_(10 * EVERY)
    assert desk.missing == [ROUTE]
    desk.start()
    assert desk.missing == []


def test_who_asks_while_a_look_is_under_way_gets_one_of_its_own() -> None:
    """An answer may be older than the question."""
    desk = Desk()
    desk.start()
    before, told = desk.asked, list[str]()

    def first() -> None:
        told.append("first")
        desk.answers[ROUTE] = GONE

    desk.look.look(first)
    desk.look.look(lambda: told.append(f"second: {desk.look.missing}"))
    desk.broker.settle()
    assert told == ["first", "second: ('route',)"]
    assert desk.asked == (before[0] + 2, before[1] + 2)


def test_channels_that_open_late_are_of_no_use() -> None:
    """The connection was lost meanwhile, or another one made."""
    desk = Desk()
    channel = desk.broker.channel()
    desk.look.start(channel)
    desk.look.stop()
    desk.broker.settle()
    assert desk.asked == (0, 0)
