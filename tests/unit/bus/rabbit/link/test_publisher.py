"""bus/rabbit/link/publisher.py: the window of unconfirmed publishes, and one answer for each message."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import structlog
from pika import spec

from bus.errors import BrokerAway, RoadGone
from bus.ports.records import Confirmation
from bus.rabbit.link.publisher import BLOCKED_GRACE, Publisher
from bus.rabbit.link.road_look import EVERY, RETRY
from bus.rabbit.link_settings import LinkLimits, LinkSettings
from bus.rabbit.own_user import OwnUser
from tests.contract.broker import publication
from tests.unit.bus.rabbit.offline import OfflineBroker, OfflineIo, OfflineSession

C, N, L = Confirmation.CONFIRMED, Confirmation.NACKED, Confirmation.LOST


class Desk:
    """A publisher whose broker is a script."""

    def __init__(self, *, window: int = 500, opened: bool = True, **limits: int) -> None:
        self.broker = OfflineBroker()
        self.io = OfflineIo(self.broker)
        self.publisher = Publisher(
            self.io,  # type: ignore[arg-type] # what it needs of a thread
            exchange="agency.G22",
            settings=LinkSettings(
                mailbox="G22",
                url="amqp://G22:p@nowhere",
                window=window,
                limits=LinkLimits(**limits),  # type: ignore[arg-type]
            ),
            log=structlog.get_logger(),
        )
        self.session = OfflineSession(self.publisher)
        if opened:
            self.publisher.opened(self.broker.channel(), 1)
            self.broker.settle()

    def publish(self, *bodies: bytes) -> list[Confirmation]:
        return list(self.publisher.publish([replace(publication(n), body=body) for n, body in enumerate(bodies)]))

    def answer(self, answer: Callable[[int], Sequence[Any]]) -> None:
        """By the tag of a publish."""
        self.broker.answers[spec.Basic.Publish] = lambda _, tag: answer(tag)


def one_by_one(tag: int) -> Sequence[Any]:
    return [spec.Basic.Ack(tag)]


def at_the_third(tag: int) -> Sequence[Any]:
    return [spec.Basic.Ack(3, multiple=True)] if tag == 3 else []


def even_nacked(tag: int) -> Sequence[Any]:
    return [spec.Basic.Nack(tag) if tag % 2 == 0 else spec.Basic.Ack(tag)]


def backwards(tag: int) -> Sequence[Any]:
    return [spec.Basic.Ack(each) for each in (3, 2, 1)] if tag == 3 else []


def twice(tag: int) -> Sequence[Any]:
    return [spec.Basic.Ack(tag), spec.Basic.Ack(tag)]


def nacked_together(tag: int) -> Sequence[Any]:
    return [spec.Basic.Ack(1), spec.Basic.Nack(3, multiple=True)] if tag == 3 else []


@pytest.mark.parametrize(
    ("answer", "answers"),
    [
        (one_by_one, [C, C, C]),
        (at_the_third, [C, C, C]),
        (even_nacked, [C, N, C]),
        (backwards, [C, C, C]),
        (twice, [C, C, C]),
        (nacked_together, [C, N, N]),
    ],
)
def test_each_message_has_its_own_answer(answer: Callable[[int], Sequence[Any]], answers: list[Confirmation]) -> None:
    """However the broker puts them together, and in whatever order."""
    desk = Desk()
    desk.answer(answer)
    assert desk.publish(b"a", b"b", b"c") == answers
    assert [each.body for each in desk.broker.published] == [b"a", b"b", b"c"]
    assert {(each.exchange, each.properties.user_id) for each in desk.broker.published} == {("agency.G22", "G22")}


URN = "urn:lienthong:mailbox:G22"


def by_certificate() -> Desk:
    """A publisher that does not know yet what the broker calls it."""
    desk = Desk(opened=False)
    desk.publisher._user = OwnUser(URN, "G22")
    return desk


def test_who_shows_a_certificate_asks_what_it_is_called() -> None:
    """By a message that leads nowhere; once the broker has taken it, the publisher is ready, and asks no more."""
    desk = by_certificate()
    for channels, ready in ((1, "ready"), (2, "ready, not proven")):
        desk.publisher.opened(desk.broker.channel(), channels)
        desk.broker.settle()
        assert desk.session.calls[-1] == ready
        assert desk.publish(b"a") == [C]
    assert [each.key for each in desk.broker.published].count("login") == 1
    assert {each.properties.user_id for each in desk.broker.published} == {URN}


def test_until_it_is_told_it_is_not_ready() -> None:
    """A channel that is lost meanwhile answers nothing."""
    desk = by_certificate()
    desk.answer(lambda _: [])
    desk.publisher.opened(desk.broker.channel(), 1)
    desk.broker.settle()
    assert "ready" not in desk.session.calls
    desk.publisher.lost()
    desk.answer(one_by_one)
    desk.publisher.opened(desk.broker.channel(), 2)
    desk.broker.settle()
    assert desk.publish(b"a") == [C]


@pytest.mark.parametrize(
    ("window", "window_bytes", "size", "at_once"),
    [(3, 10_000, 100, 3), (500, 1000, 100, 10), (500, 1000, 5000, 1), (1, 10_000, 100, 1)],
    ids=["messages", "bytes", "a large one goes alone", "one by one"],
)
def test_no_more_is_unconfirmed_than_the_window_holds(window: int, window_bytes: int, size: int, at_once: int) -> None:
    """In messages and in bytes; all the others follow as confirms come."""
    desk = Desk(window=window, window_bytes=window_bytes)
    seen: list[int] = []

    def answer(tag: int) -> Sequence[Any]:
        seen.append(tag)
        assert not desk.broker.to_say, "sent before the confirm of what fills the window"
        return [spec.Basic.Ack(tag, multiple=True)] if tag % at_once == 0 or tag == 20 else []

    desk.answer(answer)
    assert desk.publish(*[bytes(size)] * 20) == [C] * 20
    assert seen == list(range(1, 21))


def test_one_that_is_too_large_is_answered_alone() -> None:
    """It would close the channel under all the others."""
    desk = Desk(max_body=10)
    assert desk.publish(b"a", bytes(11), b"c") == [C, N, C]
    assert [each.body for each in desk.broker.published] == [b"a", b"c"]
    assert desk.publish(bytes(11)) == [N]


def test_without_any_answer_the_connection_is_given_up() -> None:
    """After `publish_timeout` seconds; each answer begins it anew."""
    desk = Desk(publish_timeout=10)
    desk.answer(lambda tag: [spec.Basic.Ack(tag)] if tag == 1 else [])
    desk.io.after_call = lambda: desk.broker.clock.pass_(10.0)
    assert desk.publish(b"a", b"b") == [C, L]
    assert desk.session.calls[-1] == "given up: no answer to what was published, for 10 s"
    with pytest.raises(BrokerAway, match="no answer"):
        desk.publish(b"c")


def test_what_a_lost_channel_leaves_unanswered_is_lost() -> None:
    """Also what was never sent."""
    desk = Desk(window=1)
    desk.answer(lambda tag: [])
    desk.io.after_call = desk.publisher.lost
    assert desk.publish(b"a", b"b") == [L, L]
    assert len(desk.broker.published) == 1


def test_a_broker_that_blocks_publishers_may_still_confirm() -> None:
    """What was sent before, for a while; what was not sent is lost at once."""
    desk = Desk(window=2)
    desk.answer(lambda tag: [])

    def block() -> None:
        desk.session.state = replace(desk.session.state, blocked="low on memory")
        desk.publisher.blocked()
        desk.broker.say(1, spec.Basic.Ack(1))
        desk.broker.clock.pass_(BLOCKED_GRACE)

    desk.io.after_call = block
    assert desk.publish(b"a", b"b", b"c") == [C, L, L]
    with pytest.raises(BrokerAway, match="it blocks publishers \\(low on memory\\)"):
        desk.publish(b"d")


def test_without_a_connection_nothing_is_taken() -> None:
    """Said at once, by what the session last failed of; nothing at all goes at any time."""
    desk = Desk(opened=False)
    with pytest.raises(BrokerAway, match="connecting"):
        desk.publish(b"a")
    assert desk.publish() == []
    desk = Desk()
    desk.io.is_ended = True
    with pytest.raises(BrokerAway, match="closed"):
        desk.publish(b"a")


def test_a_refusal_stays_until_something_is_confirmed() -> None:
    """Whether the exchange is there shows only by publishing."""
    desk = Desk()
    desk.session.state = replace(desk.session.state, last_error="404")
    desk.publish(b"a")
    assert desk.session.calls == ["ready, not proven", "proven"]


@pytest.mark.parametrize("gone", ["route", "audit"])
def test_what_is_confirmed_while_the_road_is_gone_is_lost(gone: str) -> None:
    """RabbitMQ confirms it all the same. Nothing more is taken until the road is back; then all goes again."""
    desk, missing = Desk(), {gone}

    def looked_at(_: int, method: Any) -> Sequence[Any]:
        name = method.exchange if isinstance(method, spec.Exchange.Declare) else method.queue
        return [spec.Channel.Close(404, "NOT_FOUND", 0, 0)] if name in missing else []

    desk.broker.answers[spec.Exchange.Declare] = desk.broker.answers[spec.Queue.Declare] = looked_at
    desk.answer(even_nacked)
    assert desk.publish(b"a", b"b") == [L, N]
    assert desk.publisher.lacking == (gone,)
    with pytest.raises(RoadGone, match=f"“{gone}”"):
        desk.publish(b"a")
    missing.clear()
    desk.broker.clock.pass_(RETRY)
    desk.broker.settle()
    assert desk.publish(b"a") == [C]


def test_a_look_without_an_answer_holds_nobody_up() -> None:
    """The connection is given up as for a publish without an answer; what was confirmed before stays so."""
    desk = Desk(publish_timeout=10)
    desk.broker.answers[spec.Basic.Qos] = lambda *_: []
    desk.io.after_call = lambda: desk.broker.clock.pass_(20.0)
    assert desk.publish(b"a") == [C]
    assert desk.session.calls[-1] == "given up: no answer to what was published, for 10 s"


def test_a_look_has_its_whole_time() -> None:
    """From its own beginning, however long ago the last publish was answered."""
    desk = Desk(publish_timeout=30)
    assert desk.publish(b"a") == [C]
    desk.broker.answers[spec.Basic.Qos] = lambda *_: []
    desk.broker.clock.pass_(EVERY)  # a look begins, and has no answer
    desk.broker.settle()
    desk.broker.clock.pass_(30.0 - EVERY)
    assert "given up" not in str(desk.session.calls)
    desk.broker.clock.pass_(EVERY)
    assert desk.session.calls[-1] == "given up: no answer to what was published, for 30 s"
