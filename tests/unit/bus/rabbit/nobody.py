"""Addresses at which nobody answers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def closed_ports(count: int = 1) -> Iterator[tuple[int, ...]]:
    """Ports that are ours and refuse every connection: bound, and never listened to."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        yield tuple(each.getsockname()[1] for each in sockets)
    finally:
        for each in sockets:
            each.close()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]
