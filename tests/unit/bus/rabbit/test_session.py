"""bus/rabbit/session.py: connecting, and what follows when it fails. A real broker is tests/integration's."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from pika import exceptions
from pika.channel import Channel
from structlog.testing import capture_logs

from bus.rabbit.address import NodeRotation, Tls
from bus.rabbit.backoff import Backoff
from bus.rabbit.broker_certificate import BrokerCertificateRevoked
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkLimits, LinkSettings
from bus.rabbit.session import Session, away
from tests.unit.bus.rabbit.nobody import closed_ports, silent_port

AT_ONCE = LinkLimits(retry=Backoff(0.01, 0.01), refused_retry=Backoff(0.01, 0.01))


class Waiter:
    """A role that is never opened."""

    name = "wait"
    session: Session

    def __init__(self, losses: int) -> None:
        self.left = losses
        self.is_over = threading.Event()

    def opened(self, channel: Channel, number: int) -> None:
        raise AssertionError("nobody answers")

    def lost(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self.is_over.set()

    def blocked(self) -> None: ...


@pytest.fixture
def io() -> Iterator[IoThread]:
    with IoThread() as io:
        yield io


def session_of(io: IoThread, role: Waiter, *ports: int, limits: LinkLimits = AT_ONCE) -> Session:
    urls = tuple(f"amqp://H49:secret@127.0.0.1:{port}" for port in ports)
    settings = LinkSettings(mailbox="H49", url=urls, limits=limits)
    dice = iter([0.1, 0.2, 0.3][: len(ports)])  # the nodes as they stand
    return Session(
        io,
        role,
        settings=settings,
        purpose=role.name,
        rotation=NodeRotation(settings.nodes(), dice=lambda: next(dice)),
        dice=lambda: 1.0,
        changed=lambda: None,
        log=structlog.get_logger(),
    )


def test_nodes_are_tried_in_turn(io: IoThread) -> None:
    """Round and round, until one answers; the reason can be read, the password not."""
    role = Waiter(losses=5)
    with closed_ports(3) as ports, capture_logs() as logs:
        session = session_of(io, role, *ports)
        session.start()
        assert role.is_over.wait(30)
        session.stop()
        assert session.closed.wait(30)
    tried = [each["broker"] for each in logs if each["event"] == "broker.unreachable"]
    assert tried[:5] == [f"amqp://127.0.0.1:{port}/" for port in (*ports, *ports[:2])]
    assert all("refused" in each["why"] for each in logs if "why" in each)
    assert "secret" not in f"{logs}{session.state}"
    assert (session.state.last_error, session.state.ready, session.state.reconnects) == ("closed", False, 0)


def test_a_wait_can_be_ended(io: IoThread) -> None:
    """Once what stood in the way is gone (a clock that was set right), nobody waits for the next attempt; a session
    that is connected, or stopped, is left alone."""
    role = Waiter(losses=2)
    with closed_ports(1) as ports, capture_logs():
        session = session_of(io, role, *ports, limits=LinkLimits(retry=Backoff(3600.0, 3600.0)))
        session.try_now()  # it was not started
        session.start()
        deadline = time.monotonic() + 30
        while role.left > 1:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        session.try_now()
        assert role.is_over.wait(30)
        session.stop()
        assert session.closed.wait(30)
        session.try_now()
    assert session.state.last_error == "closed"


def closed(io: IoThread, session: Session, error: Exception) -> None:
    """The broker closes the session's channel, or the connection did not come about."""
    connection: Any = SimpleNamespace(is_open=False, is_closed=True)
    session._connection = connection
    if isinstance(error, exceptions.ChannelClosedByBroker):
        channel: Any = SimpleNamespace(connection=connection)
        io.call(session._on_channel_closed, channel, error)
    else:
        io.call(session._on_closed, connection, error)


def test_who_is_told_its_name_was_not_refused(io: IoThread) -> None:
    """It comes again as after a loss, by the name that the broker told."""
    settings = LinkSettings(mailbox="H49", url="amqps://bus/", tls=Tls(certfile=Path("c")), limits=AT_ONCE)
    text = "PRECONDITION_FAILED - user_id property set to 'urn:lienthong:mailbox:H49' but authenticated user was 'H49'"
    events = []
    for _ in range(2):
        with capture_logs() as logs:
            role = Waiter(losses=1)
            session = session_of(io, role, 1)
            session._settings, session._node = settings, settings.nodes()[0]
            closed(io, session, exceptions.ChannelClosedByBroker(406, text))
            assert role.is_over.wait(30)
            session.stop()
            assert session.closed.wait(30)
        events.append(logs[0]["event"])
    assert events == ["broker.unreachable", "broker.refused"]  # the second time it was known already
    assert settings.own_user.name == "H49"


def test_a_revoked_broker_is_a_fact_of_its_own(io: IoThread) -> None:
    """In the log and in the state, until a broker that was not revoked answers."""
    role = Waiter(losses=1)
    session = session_of(io, role, 1)
    with capture_logs() as logs:
        closed(io, session, exceptions.AMQPConnectionError(BrokerCertificateRevoked(1, "certificate 1a was revoked")))
        assert role.is_over.wait(30)
        assert session.state.is_revoked
        session.stop()
        assert session.closed.wait(30)
    assert (logs[0]["event"], logs[0]["why"]) == ("broker.revoked", "certificate 1a was revoked")


def test_a_silent_node_does_not_hold_up_an_end(io: IoThread) -> None:
    """Closing waits for no answer that was never begun."""
    role = Waiter(losses=1)
    with silent_port() as port:
        session = session_of(io, role, port)
        session.start()
        session.stop()
        assert session.closed.wait(30)
    assert role.is_over.is_set()


def test_without_its_thread_a_session_is_closed() -> None:
    """Nobody waits for it."""
    io = IoThread()
    io.close()
    role = Waiter(losses=1)
    session = session_of(io, role, 1)
    session.start()
    session.stop()
    assert session.closed.is_set()
    assert role.session is session


@pytest.mark.parametrize(
    ("error", "denied"),
    [
        (exceptions.AuthenticationError("PLAIN"), True),
        (exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED"), True),
        (OSError(111, "refused"), False),
    ],
    ids=repr,
)
def test_a_user_that_is_refused_is_told_as_that(io: IoThread, error: Exception, denied: bool) -> None:
    """Not as a broker that is away: nobody need look at its machine. It holds until the channel can be used again."""
    role = Waiter(losses=1)
    slow = Backoff(3600.0, 3600.0)
    session = session_of(io, role, 1, limits=LinkLimits(retry=slow, refused_retry=slow))
    session._node = session._settings.nodes()[0]
    with capture_logs():
        closed(io, session, error)
        assert role.is_over.wait(30)
        state = session.state
        told = away(state, str(state.last_error))
        assert (told.code, state.denied is not None) == (("broker-denied" if denied else "broker-away"), denied)
        done = threading.Event()
        io.call(session.mark_ready)
        io.call(done.set)
        assert done.wait(30)
        assert session.state.denied is None
        session.stop()
        assert session.closed.wait(30)
