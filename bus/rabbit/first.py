"""A command's own connection: to the first node of the broker that answers, for as long as the command runs."""

from collections.abc import Sequence

import pika
from pika import exceptions

from bus.errors import BadConfig, BrokerAway
from bus.rabbit.address import Address
from bus.rabbit.session import refused, words

TIMEOUT = 15.0
"""Seconds for TCP, TLS and AMQP together, at each node; a node whose neighbour is silent may take ten."""


def first_that_answers(
    nodes: Sequence[Address], *, name: str, heartbeat: int
) -> tuple[pika.BlockingConnection, Address]:
    """The connection, and to which node. One that says no has answered: BadConfig. BrokerAway where none does."""
    away = []
    for node in nodes:
        try:
            return pika.BlockingConnection(node.parameters(name=name, heartbeat=heartbeat, timeout=TIMEOUT)), node
        except (exceptions.AMQPError, OSError) as error:
            if isinstance(error, exceptions.ProbableAuthenticationError | exceptions.AuthenticationError):
                raise _bad(f"{node} refuses user {node.user}: check its password") from error
            if refused(error):
                raise _bad(f"{node} refuses {node.user}: {words(error)}") from error
            away.append(f"{node}: {words(error)}")
    raise BrokerAway(why="; ".join(away))


def _bad(why: str) -> BadConfig:
    return BadConfig(file="broker URL", why=why)
