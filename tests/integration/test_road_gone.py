"""A part of the bus that is gone at the broker, as somebody deletes it: RabbitMQ confirms what is published all the
same, and the link does not. With the rights of a mailbox."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from pika.adapters.blocking_connection import BlockingChannel

from bus.errors import RoadGone
from bus.ports.records import Confirmation
from bus.rabbit.admin.queue_overview import fetch_overview
from bus.rabbit.link.link import Link
from bus.topology.drift import diff
from bus.topology.names import AUDIT, ROUTE, inbox_of
from bus.topology.versions import parse_version
from bus.topology.wanted import BrokerLimits
from tests.contract.broker import HOME, OTHER, publication, wait_for
from tests.integration.applied import PASSWORD, Made, hashes, made_on
from tests.integration.broker_world import World
from tests.integration.conftest import fresh
from tests.integration.real_ground import RealGround


@pytest.fixture
def made(broker: World) -> Iterator[Made]:
    with broker.vhost(fresh("road")) as vhost, made_on(broker, vhost, (HOME, OTHER), BrokerLimits()) as made:
        yield made


def link_of(made: Made, ground: RealGround) -> Link:
    address = f"{ground.forwarder.host}:{ground.forwarder.port}"
    return ground.link(HOME, url=f"amqp://{HOME}:{PASSWORD}@{address}/{made.wanted.vhost}")


def mended(made: Made) -> None:
    changes = diff(made.current, made.wanted)
    made.management.apply(changes, vhost=made.wanted.vhost, hashes=hashes(made.wanted))


def delete(made: Made, name: str) -> None:
    with made.channel(made.world.user) as channel:
        (channel.exchange_delete if name == ROUTE else channel.queue_delete)(name)


def published(link: Link, number: int) -> Callable[[], bool]:
    def is_confirmed() -> bool:
        try:
            return set(link.publish([publication(number, f"document.{OTHER}")])) == {Confirmation.CONFIRMED}
        except RoadGone:
            return False

    return is_confirmed


@pytest.mark.parametrize("name", [ROUTE, AUDIT])
def test_what_is_gone_is_said_and_nothing_counts_as_sent(made: Made, ground: RealGround, name: str) -> None:
    """The first publish after it is lost, later ones are refused; once the topology is applied, it goes on by itself.
    From 4.3 on a mailbox cannot see the audit stream, to which it has no right: `queues` says that it is gone."""
    link = link_of(made, ground)
    assert published(link, 1)()
    delete(made, name)
    if name == AUDIT and parse_version(made.world.version) >= (4, 3):
        assert published(link, 2)()
        return
    assert set(link.publish([publication(2, f"document.{OTHER}")])) == {Confirmation.LOST}
    assert (link.is_up, link.status().lacking) == (False, (name,))
    assert f"“{name}”" in str(link.state()["last_error"])
    with pytest.raises(RoadGone):
        link.publish([publication(2, f"document.{OTHER}")])
    mended(made)
    wait_for(published(link, 2))
    assert link.is_up
    assert link.status().last_error is None


@pytest.mark.parametrize("name", [ROUTE, AUDIT])
def test_it_shows_while_nobody_publishes(made: Made, ground: RealGround, name: str) -> None:
    """Within half a minute, also on a link that was made after it went."""
    if name == AUDIT and parse_version(made.world.version) >= (4, 3):
        pytest.skip("RabbitMQ 4.3 does not show a mailbox what it has no right to")
    link = link_of(made, ground)
    delete(made, name)
    wait_for(lambda: not link.is_up, within=45)
    later = ground.link(
        HOME,
        url=f"amqp://{HOME}:{PASSWORD}@{ground.forwarder.host}:{ground.forwarder.port}/{made.wanted.vhost}",
        ready=False,
    )
    wait_for(lambda: later.status().lacking == (name,), within=45)
    assert not link.publish([])


def test_an_inbox_that_is_gone_is_said_to_its_mailbox(made: Made, ground: RealGround) -> None:
    """Its link does not consume, and says of what; it goes on when the inbox is there again."""
    link = link_of(made, ground)
    delete(made, inbox_of(HOME))
    wait_for(lambda: not link.is_up and link.status().lacking == (inbox_of(HOME),), within=45)
    assert "road-gone" in str(link.status().last_error)
    assert link.status().publishing
    mended(made)
    wait_for(lambda: link.is_up, within=45)


def test_the_operator_is_told_of_all_that_is_gone(made: Made) -> None:
    """An inbox, the audit stream, `route`, and the roads of one that was made again by hand; nothing once the topology
    is applied."""

    def alarms() -> dict[str, str]:
        found = fetch_overview(made.management, vhost=made.wanted.vhost).alarms
        return {alarm.code: alarm.text.en for alarm in found if alarm.code.endswith("-gone")}

    assert alarms() == {}
    for name in (ROUTE, AUDIT, inbox_of(OTHER)):
        delete(made, name)
    assert alarms() == {"exchange-gone": "exchange gone: route", "queue-gone": f"queues gone: {inbox_of(OTHER)}, audit"}
    with made.channel(made.world.user) as channel:
        channel.exchange_declare(ROUTE, "direct", durable=True, internal=True)
    assert f"agency.{HOME} → route (document.#)" in alarms()["binding-gone"]
    mended(made)
    assert alarms() == {}


def test_the_right_to_see_the_road_is_none_to_use_it(made: Made) -> None:
    """A mailbox may write to `route`, which is internal: it can publish nothing there, and bind nothing to it or from
    it."""
    attempts: tuple[Callable[[BlockingChannel], object], ...] = (
        lambda channel: channel.basic_publish(ROUTE, f"document.{OTHER}", secrets.token_bytes(8)),
        lambda channel: channel.exchange_bind(ROUTE, f"agency.{OTHER}", "document.#"),
        lambda channel: channel.exchange_bind(f"agency.{HOME}", ROUTE, f"document.{OTHER}"),
        lambda channel: channel.exchange_bind(ROUTE, f"agency.{HOME}", "status.#"),
        lambda channel: channel.queue_bind(inbox_of(HOME), ROUTE, f"document.{OTHER}"),
        lambda channel: channel.exchange_delete(ROUTE),
    )
    before = made.current.bindings
    for attempt in attempts:
        with made.channel(HOME) as channel, pytest.raises(Exception, match=r"403|ACCESS_REFUSED"):
            attempt(channel)
    assert made.current.bindings == before
