"""What a connection tells of itself and of its broker, where pika offers no public way or no plain one."""

from typing import Any

from pika.channel import Channel
from pika.connection import Connection

from bus.errors import BadConfig
from bus.topology import Version, parse_version


def version_of(connection: Connection) -> Version | None:
    """Of the broker; None where it says nothing that we understand."""
    server: Any = connection.server_properties
    version = (server or {}).get("version", "")
    try:
        return parse_version(version.decode() if isinstance(version, bytes) else str(version))
    except BadConfig:
        return None


def heard(channel: Channel) -> int:
    """Bytes that have come by its connection, those of a message that is not whole yet too. Asked from another thread
    it may be off by a piece."""
    connection: Any = channel.connection
    return int(connection.bytes_received) + len(connection._frame_buffer)


def unsent(channel: Channel) -> int:
    """Bytes that the socket of its connection has not taken yet."""
    transport: Any = channel.connection._transport  # type: ignore[attr-defined]
    return 0 if transport is None else int(transport.get_write_buffer_size())
