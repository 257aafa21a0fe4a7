"""The broker in memory keeps the contract, and its faults do what they say."""

import pytest

from bus.errors import BrokerAway
from bus.ports.records import Confirmation
from bus.topology.names import UNROUTABLE, inbox_of
from bus.topology.versions import OLDEST, TARGET, Version
from schemas.values import MailboxCode
from tests.contract.broker import HOME, LIMITS, MAILBOXES, OTHER, BrokerContract, publication, receive
from tests.fakes.broker import FakeBroker, FakeExchange


class FakeGround:
    user = "tester"

    def __init__(self, version: Version = TARGET) -> None:
        self._exchange = FakeExchange(*MAILBOXES, limits=LIMITS, version=version)
        self._links: list[FakeBroker] = []

    def link(self, mailbox: MailboxCode, *, prefetch: int = 256) -> FakeBroker:
        self._links.append(self._exchange.link(mailbox, user=self.user, prefetch=prefetch))
        return self._links[-1]

    def settle(self) -> None:
        """An ack is a function call."""

    def cut(self) -> None:
        for link in self._links:
            link.cut()

    def mend(self) -> None:
        for link in self._links:
            link.mend()

    def depth(self, queue: str) -> int:
        return self._exchange.depth(queue)


class TestFakeBroker(BrokerContract):
    @pytest.fixture(params=[TARGET, OLDEST], ids=["strict", "lanes"])
    def ground(self, request: pytest.FixtureRequest) -> FakeGround:
        return FakeGround(request.param)


@pytest.mark.parametrize(("routed", "arrived"), [(True, [b"body 1", b"body 2"]), (False, [b"body 2"])])
def test_lost(routed: bool, arrived: list[bytes]) -> None:
    """A lost publish may be there or not, as the test says; the next one is confirmed again."""
    exchange = FakeExchange(*MAILBOXES)
    exchange.lose(1, routed=routed)
    answers = exchange.link(HOME).publish([publication(1), publication(2)])
    assert list(answers) == [Confirmation.LOST, Confirmation.CONFIRMED]
    assert exchange.bodies(inbox_of(OTHER)) == arrived


def test_blocked() -> None:
    """A blocked link does not publish and still receives."""
    exchange = FakeExchange(*MAILBOXES)
    link = exchange.link(HOME)
    link.publish([publication(1, f"document.{HOME}")])
    link.block()
    assert not link.is_up
    with pytest.raises(BrokerAway, match="blocks publishers"):
        link.publish([publication(2)])
    assert receive(link, 1)
    link.unblock()
    assert list(link.publish([publication(2)])) == [Confirmation.CONFIRMED]


def test_unroutable() -> None:
    """What no inbox takes is kept in the queue of the unroutable, with its headers."""
    exchange = FakeExchange(*MAILBOXES)
    exchange.link(HOME).publish([publication(1, "document.nobody", headers={"x": "y"})])
    assert exchange.bodies(UNROUTABLE) == [b"body 1"]
    assert exchange.headers(UNROUTABLE)[0]["x"] == "y"


def test_raised_limit() -> None:
    """An inbox whose limit is lifted takes messages again."""
    exchange = FakeExchange(*MAILBOXES, limits={OTHER: 1})
    link = exchange.link(HOME)
    assert list(link.publish([publication(1), publication(2)])) == [Confirmation.CONFIRMED, Confirmation.NACKED]
    exchange.set_limit(OTHER, None)
    assert list(link.publish([publication(2)])) == [Confirmation.CONFIRMED]
