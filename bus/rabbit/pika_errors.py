"""The cause in an exception of pika: its text, and whether it is a refusal. pika wraps it up to four times."""

import ssl
from collections.abc import Sequence

from pika import exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectionWorkflowFailed, AMQPConnectorPhaseErrorBase

from bus.errors import Words, listed, of_system, quoted
from bus.rabbit.broker_certificate import BrokerCertificateRevoked

REFUSAL_CODES = frozenset({403, 404, 405, 406, 530})
"""AMQP reply codes of a refusal: the same request succeeds only after somebody has changed something."""
DENIAL_CODES = frozenset({403, 530})
"""Of a refusal of who asks, or of its vhost."""

_NO_SUCH_HOST = {
    -2: "không tìm ra máy mang tên đó",
    -3: "chưa hỏi được tên máy (DNS)",
    -5: "tên máy này không có địa chỉ",
}
"""By the code of getaddrinfo."""
_CERTIFICATES = {
    9: "chứng thư của RabbitMQ chưa đến ngày dùng",
    10: "chứng thư của RabbitMQ đã hết hạn",
    18: "chứng thư của RabbitMQ tự ký",
    19: "gốc trong chứng thư của RabbitMQ không phải gốc ta tin",
    20: "chứng thư của RabbitMQ không do gốc ta tin cấp",
    21: "chứng thư của RabbitMQ không do gốc ta tin cấp",
    23: "chứng thư của RabbitMQ đã bị thu hồi",
    62: "chứng thư của RabbitMQ mang tên máy khác với địa chỉ đã ghi",
    64: "chứng thư của RabbitMQ mang địa chỉ khác với địa chỉ đã ghi",
}
"""By OpenSSL's code of what is wrong with a certificate."""


def reason_of(error: BaseException) -> Words:
    """The text of the innermost cause, in both languages. A name may have several addresses (IPv6, IPv4): where one of
    them refused, that is the cause, whatever became of the others."""
    match error:
        case exceptions.ConnectionClosed() | exceptions.ChannelClosed():
            text = f"{error.reply_code} {error.reply_text}"
            return Words(f"RabbitMQ trả lời “{text}”", text)
        case AMQPConnectionWorkflowFailed() if error.exceptions:
            reasons = [reason_of(each) for each in _that_count(error.exceptions)]
            return listed(dict.fromkeys(reasons))
        case _ if inner := _inner(error):
            return reason_of(inner)
        case exceptions.AuthenticationError():  # which has only the name of the mechanism
            return Words("tên hoặc mật khẩu không đúng", "wrong name or password")
        case ssl.SSLCertVerificationError() if vi := _CERTIFICATES.get(getattr(error, "verify_code", 0)):
            return Words(vi, str(error))
        case OSError() if str(error) and not isinstance(error, ssl.SSLError):  # which has numbers of its own
            system = of_system(error)
            return Words(_NO_SUCH_HOST.get(error.errno or 0) or system.vi, system)
        case _:
            return quoted(str(error) or type(error).__name__)


def _that_count(tried: Sequence[BaseException]) -> Sequence[BaseException]:
    """Of the attempts at the addresses of one name: the refusals; where nobody answered, all of them."""
    return [each for each in tried if is_refusal(each)] or tried


def is_refusal(error: BaseException) -> bool:
    """Whether the broker answered and one side said no: somebody must act before trying again helps."""
    match error:
        case exceptions.ConnectionClosed() | exceptions.ChannelClosed():
            return error.reply_code in REFUSAL_CODES
        case (
            exceptions.AuthenticationError()
            | exceptions.ProbableAuthenticationError()
            | exceptions.ProbableAccessDeniedError()
            | ssl.SSLCertVerificationError()
        ):
            return True
        case AMQPConnectionWorkflowFailed():
            return any(map(is_refusal, error.exceptions))
        case _ if inner := _inner(error):
            return is_refusal(inner)
        case _:
            return False


def is_denied(error: BaseException) -> bool:
    """Whether RabbitMQ refuses our user: its name or password, its vhost, or a right that it lacks."""
    match error:
        case exceptions.ConnectionClosed() | exceptions.ChannelClosed():
            return error.reply_code in DENIAL_CODES
        case (
            exceptions.AuthenticationError()
            | exceptions.ProbableAuthenticationError()
            | exceptions.ProbableAccessDeniedError()
        ):
            return True
        case AMQPConnectionWorkflowFailed():
            return any(map(is_denied, error.exceptions))
        case _:
            inner = _inner(error)
            return inner is not None and is_denied(inner)


def is_of_a_revoked_broker(error: BaseException) -> bool:
    """Whether the other side showed a certificate that was revoked: it may be anybody."""
    if isinstance(error, BrokerCertificateRevoked):
        return True
    if isinstance(error, AMQPConnectionWorkflowFailed):
        return any(map(is_of_a_revoked_broker, error.exceptions))
    inner = _inner(error)
    return inner is not None and is_of_a_revoked_broker(inner)


def _inner(error: BaseException) -> BaseException | None:
    if isinstance(error, AMQPConnectorPhaseErrorBase):
        return error.exception
    return next((argument for argument in error.args if isinstance(argument, BaseException)), None)
