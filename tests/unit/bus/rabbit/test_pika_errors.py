"""bus/rabbit/pika_errors.py: the cause in an exception of pika."""

import ssl

import pytest
from pika import exceptions
from pika.adapters.utils.connection_workflow import (
    AMQPConnectionWorkflowFailed,
    AMQPConnectorAMQPHandshakeError,
    AMQPConnectorSocketConnectError,
    AMQPConnectorTransportSetupError,
)

from bus.rabbit.broker_certificate import BrokerCertificateRevoked
from bus.rabbit.pika_errors import is_denied, is_of_a_revoked_broker, is_refusal, reason_of


@pytest.mark.parametrize(
    ("error", "says", "no"),
    [
        pytest.param(exceptions.ChannelClosedByBroker(404, "NOT_FOUND"), "404 NOT_FOUND", True, id="queue missing"),
        pytest.param(exceptions.ChannelClosedByBroker(403, "ACCESS"), "403 ACCESS", True, id="not allowed"),
        pytest.param(exceptions.ConnectionClosedByBroker(320, "FORCED"), "320 FORCED", False, id="broker restarts"),
        pytest.param(exceptions.ConnectionClosedByBroker(530, "no vhost"), "530 no vhost", True, id="no vhost"),
        pytest.param(ConnectionRefusedError(111, "refused"), "refused", False, id="nobody listens"),
        pytest.param(
            exceptions.AMQPConnectionError(
                AMQPConnectionWorkflowFailed([AMQPConnectorSocketConnectError(ConnectionRefusedError(111, "refused"))])
            ),
            "refused",
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
        pytest.param(
            AMQPConnectionWorkflowFailed(
                [
                    AMQPConnectorTransportSetupError(ssl.SSLCertVerificationError(1, "Hostname mismatch")),
                    AMQPConnectorSocketConnectError(OSError(101, "Network is unreachable")),
                ]
            ),
            "Hostname mismatch",
            True,
            id="refused by IPv4, unreachable by IPv6",
        ),
        pytest.param(
            AMQPConnectionWorkflowFailed(
                [
                    AMQPConnectorSocketConnectError(ConnectionRefusedError(111, "refused")),
                    AMQPConnectorSocketConnectError(ConnectionRefusedError(111, "refused")),
                    AMQPConnectorSocketConnectError(OSError(101, "unreachable")),
                ]
            ),
            "refused; unreachable",
            False,
            id="away by every address",
        ),
        pytest.param(AMQPConnectionWorkflowFailed([]), "AMQPConnectionWorkflowFailed", False, id="no address tried"),
    ],
)
def test_reasons(error: BaseException, says: str, no: bool) -> None:
    """The innermost cause is what people read; a broker that answered no is told from one that is away."""
    assert reason_of(error) == says
    assert is_refusal(error) is no


@pytest.mark.parametrize(
    ("error", "vi"),
    [
        (exceptions.ChannelClosedByBroker(404, "NOT_FOUND"), "RabbitMQ trả lời “404 NOT_FOUND”"),
        (ConnectionRefusedError(111, "refused"), "máy đó từ chối kết nối"),
        (OSError(-2, "Name or service not known"), "không tìm ra máy mang tên đó"),
        (exceptions.AuthenticationError("PLAIN"), "tên hoặc mật khẩu không đúng"),
    ],
)
def test_reasons_in_vietnamese(error: BaseException, vi: str) -> None:
    """What RabbitMQ says is quoted; what the operating system says has words of ours."""
    assert reason_of(error).vi == vi


@pytest.mark.parametrize(
    ("code", "vi"), [(62, "chứng thư của RabbitMQ mang tên máy khác với địa chỉ đã ghi"), (77, "“odd”")]
)
def test_a_certificate_that_is_not_right(code: int, vi: str) -> None:
    """By OpenSSL's code; what is rare is quoted."""
    error = ssl.SSLCertVerificationError(1, "odd")
    error.verify_code = code
    assert reason_of(error).vi == vi


def test_a_revoked_broker_by_any_address() -> None:
    """Whatever the other addresses of its name answered."""
    revoked = AMQPConnectorTransportSetupError(BrokerCertificateRevoked(1, "revoked"))
    away = AMQPConnectorSocketConnectError(OSError(101, "unreachable"))
    assert is_of_a_revoked_broker(AMQPConnectionWorkflowFailed([revoked, away]))
    assert not is_of_a_revoked_broker(AMQPConnectionWorkflowFailed([away, away]))


@pytest.mark.parametrize(
    ("error", "denied"),
    [
        (exceptions.AuthenticationError("PLAIN"), True),
        (exceptions.ProbableAuthenticationError("x"), True),
        (exceptions.ProbableAccessDeniedError("x"), True),
        (exceptions.ConnectionClosedByBroker(530, "vhost x not found"), True),
        (exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED"), True),
        (exceptions.ChannelClosedByBroker(404, "NOT_FOUND"), False),
        (
            AMQPConnectionWorkflowFailed([AMQPConnectorAMQPHandshakeError(exceptions.AuthenticationError("PLAIN"))]),
            True,
        ),
        (OSError(111, "refused"), False),
    ],
    ids=repr,
)
def test_a_user_that_is_refused(error: BaseException, denied: bool) -> None:
    """Name, password, vhost, rights: it never heals by itself."""
    assert is_denied(error) is denied
