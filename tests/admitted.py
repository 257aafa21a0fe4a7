"""Connections to a broker that limits them. It forgets those that are closed a moment late, on any version: tests that
come and go are quicker than that."""

import time
from collections.abc import Callable

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingConnection
from pika.exceptions import AMQPConnectionError

LIMIT = "connection limit"
"""In the broker's words when it refuses one more."""


def admitted(parameters: pika.connection.Parameters, *, within: float = 60) -> BlockingConnection:
    """Waits while the broker says that the user has too many; any other refusal is raised at once."""
    deadline = time.monotonic() + within
    while True:
        try:
            return BlockingConnection(parameters)
        except AMQPConnectionError as refused:
            if LIMIT not in str(refused) or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def refusal(attempt: Callable[[], object]) -> str:
    """What the broker said to it; "" where it was let."""
    try:
        attempt()
    except exceptions.AMQPError as refused:
        return str(refused)
    return ""
