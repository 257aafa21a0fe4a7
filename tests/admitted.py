"""Connections to a broker that limits their number. The broker forgets closed connections a moment late, in any
version; tests reconnect faster than that."""

import time
from collections.abc import Callable

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingConnection
from pika.exceptions import AMQPConnectionError

LIMIT = "connection limit"
"""A part of the broker's text when it refuses one more connection."""


def admitted(parameters: pika.connection.Parameters, *, within: float = 60) -> BlockingConnection:
    """Returns a connection. Waits while the broker says that the user has too many; any other refusal is raised at
    once."""
    deadline = time.monotonic() + within
    while True:
        try:
            return BlockingConnection(parameters)
        except AMQPConnectionError as refused:
            if LIMIT not in str(refused) or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def refusal(attempt: Callable[[], object]) -> str:
    """Returns the broker's text of the refusal; "" if the attempt was accepted."""
    try:
        attempt()
    except exceptions.AMQPError as refused:
        return str(refused)
    return ""
