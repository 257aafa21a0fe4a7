"""The connection of one command: to the first node of the broker that answers, for as long as the command runs."""

from collections.abc import Sequence

from pika import BasicProperties, BlockingConnection, exceptions

from bus.errors import BadConfig, BrokerAway, BrokerRevoked, Words, listed, said
from bus.rabbit.address import Address
from bus.rabbit.connection import CommandConnection
from bus.rabbit.own_user import NOBODY, own_user_of
from bus.rabbit.pika_errors import is_of_a_revoked_broker, is_refusal, reason_of

TIMEOUT = 15.0
"""Seconds for TCP, TLS and AMQP together, at each node; a node whose neighbour is silent may take ten."""


def connect_to_first(nodes: Sequence[Address], *, name: str, heartbeat: int) -> tuple[CommandConnection, Address]:
    """The connection and its node. Raises BadConfig at the first node that refuses, BrokerRevoked at one whose
    certificate was revoked, BrokerAway where none answers."""
    away = []
    for node in nodes:
        try:
            parameters = node.parameters(name=name, heartbeat=heartbeat, timeout=TIMEOUT)
            return CommandConnection(parameters), node
        except (exceptions.AMQPError, OSError) as error:
            if is_of_a_revoked_broker(error):
                raise BrokerRevoked(why=reason_of(error)) from error
            if isinstance(error, exceptions.ProbableAuthenticationError | exceptions.AuthenticationError):
                raise _bad(
                    said(
                        "{node} không cho người dùng {user} vào: kiểm tra mật khẩu",
                        "{node} refuses user {user}: check its password",
                        node=node,
                        user=node.user,
                    )
                ) from error
            if is_refusal(error):
                facts = {"node": node, "user": node.user, "why": reason_of(error)}
                raise _bad(said("{node} từ chối {user}: {why}", "{node} refuses {user}: {why}", **facts)) from error
            away.append(said("{node}: {why}", "{node}: {why}", node=node, why=reason_of(error)))
    raise BrokerAway(why=listed(away))


def logged_in_as(connection: BlockingConnection, address: Address, *, exchange: str) -> str:
    """The user that the broker knows this connection by: what it publishes must name it. `exchange`: one that this user
    may write to; the message by which we ask leads nowhere."""
    user = own_user_of(address)
    if not user.is_known:
        channel = connection.channel()
        channel.confirm_delivery()
        try:
            channel.basic_publish(exchange, NOBODY, b"", BasicProperties(user_id=user.name))
            channel.close()
        except exceptions.ChannelClosedByBroker as error:
            if not user.learn(error):
                raise
    return user.name


def _bad(why: Words) -> BadConfig:
    return BadConfig(file=said("địa chỉ RabbitMQ", "broker URL"), why=why)
