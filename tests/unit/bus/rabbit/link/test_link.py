"""bus/rabbit/link/link.py: a link that never was up. A real broker is tests/integration's."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bus.errors import BrokerAway
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.rabbit.link_settings import LinkSettings
from tests.contract.broker import publication
from tests.unit.bus.rabbit.nobody import closed_ports


@pytest.fixture
def link() -> Iterator[Link]:
    with closed_ports() as (port,), IoThread() as io:
        link = Link(LinkSettings(mailbox="H49", url=f"amqp://H49:secret@127.0.0.1:{port}"), io=io)
        yield link
        link.close()


def test_a_link_without_a_broker_says_so(link: Link) -> None:
    """It can be asked at any time; nothing is published, nothing arrives, nobody else reads."""
    assert not link.wait_ready(0.1)
    with pytest.raises(BrokerAway):
        link.publish([publication(1)])
    assert list(link.receive(limit=1, wait=0)) == []
    link.ack([])
    status = link.status()
    assert (link.is_up, link.others, status.connected, status.blocked, status.publishing_to) == (
        False,
        0,
        False,
        None,
        None,
    )
    assert link.state()["reconnects"] == 0
    assert "secret" not in str(link.state())


def test_an_inbox_that_is_gone_is_said_in_our_words(link: Link) -> None:
    """With the code and the next step, and not as a lost connection."""
    link.close()  # its states stay as they are set here
    link._publisher.session.state = replace(link._publisher.session.state, last_error=None)
    link._consumer.session.state = replace(link._consumer.session.state, last_error="(404, NOT_FOUND)")
    assert link.status().last_error == "(404, NOT_FOUND)"
    link._consumer.lacking = ("inbox.H49",)
    status = link.status()
    assert status.lacking == ("inbox.H49",)
    assert "“inbox.H49”" in str(status.last_error)
    for part in ("topology apply", "dead replay", "[road-gone; operator acts]"):
        assert part in str(status.last_error)
    assert "404" not in str(status.last_error)


def test_it_can_be_told_to_connect_at_once(link: Link) -> None:
    """Both halves, at any time, from any thread."""
    link.try_now()
    link.close()
    link.try_now()


def test_closing_wakes_who_waits(link: Link) -> None:
    """Also twice."""
    link.close()
    assert not link.wait_ready(600.0)
    assert list(link.receive(limit=1, wait=600.0)) == []
    assert link.status().last_error == "closed"
    link.close()
