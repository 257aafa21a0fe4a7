"""What the broker calls us."""

import pytest
from pika import exceptions

from bus.rabbit.address import Address, Tls
from bus.rabbit.own_user import OwnUser, own_user_of

URN = "urn:lienthong:mailbox:H49"


def refusal(said: str, right: str) -> exceptions.ChannelClosedByBroker:
    """As RabbitMQ 3.10.8 and 4.3.6 word it."""
    text = f"PRECONDITION_FAILED - user_id property set to '{said}' but authenticated user was '{right}'"
    return exceptions.ChannelClosedByBroker(406, text)


def test_a_password_is_one_name() -> None:
    """Nothing is asked."""
    user = own_user_of(Address.from_url("amqp://H49:secret@bus/x"))
    assert (user.name, user.is_known) == ("H49", True)
    assert not user.learn(refusal("H49", URN))


@pytest.mark.parametrize(
    ("name", "urn"), [("H49", URN), ("operator", "urn:lienthong:service:operator")], ids=["mailbox", "service"]
)
def test_a_certificate_is_one_of_two(name: str, urn: str) -> None:
    """The URN first; the refusal tells the other, and back again when the broker is set up anew."""
    user = own_user_of(Address.from_url("amqps://bus/x", tls=Tls(certfile="c"), user=name))  # type: ignore[arg-type]
    assert (user.name, user.is_known) == (urn, False)
    assert user.learn(refusal(urn, name))
    assert (user.name, user.is_known) == (name, True)
    assert user.learn(refusal(name, urn))
    assert user.name == urn


@pytest.mark.parametrize(
    "error",
    [
        refusal(URN, "somebody"),
        refusal(URN, URN),
        exceptions.ChannelClosedByBroker(404, "NOT_FOUND - no exchange 'agency.H49' in vhost 'x'"),
        exceptions.StreamLostError("gone"),
    ],
)
def test_what_tells_no_name_of_ours(error: Exception) -> None:
    """Nobody else's name is taken."""
    user = OwnUser(URN, "H49")
    assert not user.learn(error)
    assert (user.name, user.is_known) == (URN, False)
    user.confirm()
    assert user.is_known
