"""When to connect again, and what a failed connection is said to have failed of."""

import ssl

import pytest
from pika import exceptions
from pika.adapters.utils.connection_workflow import (
    AMQPConnectionWorkflowFailed,
    AMQPConnectorAMQPHandshakeError,
    AMQPConnectorSocketConnectError,
)
from pika.adapters.utils.io_services_utils import _AsyncTransportBase

from bus.rabbit.session import Backoff, refused, words


@pytest.mark.parametrize(
    ("attempt", "dice", "delay"),
    [(0, 0.0, 0.0), (0, 0.5, 0.25), (0, 1.0, 0.5), (3, 1.0, 4.0), (6, 1.0, 30.0), (10_000, 1.0, 30.0), (6, 0.1, 3.0)],
)
def test_backoff(attempt: int, dice: float, delay: float) -> None:
    """Anywhere between nothing and a bound that doubles, and never beyond the most."""
    assert Backoff(0.5, 30.0).delay(attempt, lambda: dice) == pytest.approx(delay)


@pytest.mark.parametrize(
    ("error", "says", "no"),
    [
        pytest.param(exceptions.ChannelClosedByBroker(404, "NOT_FOUND"), "404 NOT_FOUND", True, id="queue missing"),
        pytest.param(exceptions.ChannelClosedByBroker(403, "ACCESS"), "403 ACCESS", True, id="not allowed"),
        pytest.param(exceptions.ConnectionClosedByBroker(320, "FORCED"), "320 FORCED", False, id="broker restarts"),
        pytest.param(exceptions.ConnectionClosedByBroker(530, "no vhost"), "530 no vhost", True, id="no vhost"),
        pytest.param(ConnectionRefusedError(111, "refused"), "[Errno 111] refused", False, id="nobody listens"),
        pytest.param(
            exceptions.AMQPConnectionError(
                AMQPConnectionWorkflowFailed([AMQPConnectorSocketConnectError(ConnectionRefusedError(111, "refused"))])
            ),
            "[Errno 111] refused",
            False,
            id="nobody listens, wrapped",
        ),
        pytest.param(
            AMQPConnectionWorkflowFailed(
                [AMQPConnectorAMQPHandshakeError(exceptions.ProbableAuthenticationError("ACCESS_REFUSED"))]
            ),
            "ACCESS_REFUSED",
            True,
            id="wrong password",
        ),
        pytest.param(
            AMQPConnectionWorkflowFailed(
                [AMQPConnectorSocketConnectError(ssl.SSLCertVerificationError(1, "self-signed"))]
            ),
            "self-signed",
            True,
            id="a broker we do not trust",
        ),
        pytest.param(TimeoutError(), "TimeoutError", False, id="without words"),
    ],
)
def test_reasons(error: BaseException, says: str, no: bool) -> None:
    """The innermost cause is what people read; a broker that answered no is told from one that is away."""
    assert words(error) == says
    assert refused(error) is no


def test_pika_reads_as_we_think() -> None:
    """The size of a read is still where we set it: otherwise receiving costs half as much again, and nobody is told."""
    assert _AsyncTransportBase._MAX_RECV_BYTES == 4096  # type: ignore[attr-defined]
