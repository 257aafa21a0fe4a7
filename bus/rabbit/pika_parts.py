"""The undocumented parts of pika that bus/rabbit/connection.py uses: one table, checked when it is imported.

Any release of pika may change them without notice. README.md beside this file proposes public ones in their place.
"""

import inspect
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pika

VERSIONS: Final = ">=1.4.4,<1.5"
"""Of pika that were tried; pyproject.toml has the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PikaPart:
    """A method, or an attribute, of one of pika's classes or modules."""

    of: str
    """`module:Class` or `module`."""
    name: str
    why: str
    takes: tuple[str, ...] | None = None
    """The parameters of a method, in order; None: it is an attribute."""
    named_in: str | None = None
    """A method of pika that must use this name: it calls what we override, reads what we set, or gives each instance
    the attribute."""


_CONNECTION: Final = "pika.connection:Connection"
_BASE: Final = "pika.adapters.base_connection:BaseConnection"
_ADAPTER: Final = "pika.adapters.asyncio_connection:AsyncioConnection"
_LOOP: Final = "pika.adapters.asyncio_connection:_AsyncioIOServicesAdapter"
_TRANSPORT: Final = "pika.adapters.utils.io_services_utils:_AsyncTransportBase"
_PLAIN: Final = "pika.adapters.utils.io_services_utils:_AsyncPlaintextTransport"
_TLS: Final = "pika.adapters.utils.io_services_utils:_AsyncSSLTransport"
_MADE_IN: Final = f"{_CONNECTION}._init_connection_state"

PARTS: Final = (
    # Batch reads.
    PikaPart(
        of=_ADAPTER,
        name="_on_data_available",
        takes=("self", "data_in"),
        named_in=f"{_BASE}._proto_data_received",
        why="overridden: pika copies the rest of a read after each frame, we once a read",
    ),
    PikaPart(of=_CONNECTION, name="_frame_buffer", named_in=_MADE_IN, why="holds the frame that is not whole yet"),
    PikaPart(
        of=_CONNECTION, name="_process_frame", takes=("self", "frame_value"), why="called with all but messages' frames"
    ),
    PikaPart(
        of=_CONNECTION,
        name="_deliver_frame_to_channel",
        takes=("self", "value"),
        named_in=f"{_CONNECTION}._process_frame",
        why="called with messages' frames: no callback of pika's own waits for them, and they are no heartbeats",
    ),
    PikaPart(
        of="pika.spec:Basic.Deliver",
        name="decode",
        takes=("self", "encoded", "offset"),
        why="decodes a delivery within the read",
    ),
    PikaPart(of="pika.frame", name="decode_frame", takes=("data_in",), why="decodes every other frame"),
    PikaPart(
        of=_CONNECTION,
        name="_read_frame",
        takes=("self",),
        named_in=f"{_CONNECTION}._on_data_available",
        why="overridden: pika's decoder of properties raises on a stranger's bytes, and an exception here is the end",
    ),
    PikaPart(
        of="pika.adapters.blocking_connection:BlockingConnection",
        name="__init__",
        takes=("self", "parameters", "_impl_class"),
        why="given a connection that decodes content headers as ours do",
    ),
    PikaPart(
        of=_TRANSPORT,
        name="_MAX_RECV_BYTES",
        named_in=f"{_TRANSPORT}._consume",
        why="set on the transport: pika reads 4 KiB at a time, we 64",
    ),
    # Batch writes.
    PikaPart(
        of=_ADAPTER,
        name="_output_marshaled_frames",
        takes=("self", "marshaled_frames"),
        named_in=f"{_CONNECTION}._send_message",
        why="overridden: pika writes each frame by itself",
    ),
    PikaPart(of=_ADAPTER, name="_adapter_emit_data", takes=("self", "data"), why="writes the frames"),
    # Bytes received and unsent.
    PikaPart(of=_CONNECTION, name="frames_sent", named_in=_MADE_IN, why="counted in our override"),
    PikaPart(of=_CONNECTION, name="frames_received", named_in=_MADE_IN, why="counted in our override"),
    PikaPart(
        of=_CONNECTION, name="bytes_sent", named_in=_MADE_IN, why="counted in our override: pika's heartbeats read it"
    ),
    PikaPart(
        of=_CONNECTION,
        name="bytes_received",
        named_in=_MADE_IN,
        why="counted in our override: pika's heartbeats read it, and our downloads",
    ),
    PikaPart(of=_TRANSPORT, name="get_write_buffer_size", takes=("self",), why="counts what the socket has not taken"),
    # Pausing reads.
    PikaPart(of=_BASE, name="_transport", named_in=f"{_BASE}.__init__", why="has the socket of a connection"),
    PikaPart(of=_TRANSPORT, name="_state", named_in=f"{_TRANSPORT}.__init__", why="whether the transport is open"),
    PikaPart(of=_TRANSPORT, name="_STATE_ACTIVE", why="the state in which it is"),
    PikaPart(of=_TRANSPORT, name="_sock", named_in=f"{_TRANSPORT}.__init__", why="the socket"),
    PikaPart(of=_TRANSPORT, name="_nbio", named_in=f"{_TRANSPORT}.__init__", why="the loop that watches the socket"),
    PikaPart(
        of=_TRANSPORT,
        name="_sigint_safe_recv",
        takes=("sock", "max_bytes"),
        named_in=f"{_TRANSPORT}._consume",
        why="replaced while paused: over TLS pika reads on even where the loop does not watch the socket",
    ),
    PikaPart(of=_PLAIN, name="_on_socket_readable", takes=("self",), why="called to read"),
    PikaPart(of=_TLS, name="_on_socket_readable", takes=("self",), why="called to read, over TLS"),
    PikaPart(of=_LOOP, name="set_reader", takes=("self", "fd", "on_readable"), why="watches the socket"),
    PikaPart(of=_LOOP, name="remove_reader", takes=("self", "fd"), why="no longer watches it"),
    PikaPart(of=_LOOP, name="add_callback_threadsafe", takes=("self", "callback"), why="reads what TLS has buffered"),
    # Closing abruptly.
    PikaPart(
        of=_CONNECTION,
        name="_terminate_stream",
        takes=("self", "error"),
        why="closes without waiting for the broker's answer",
    ),
)


def check_pika_parts(parts: Iterable[PikaPart] = PARTS) -> None:
    """Raises ImportError for the first part that is not as the table says."""
    for part in parts:
        if (problem := _problem(part)) is not None:
            raise ImportError(
                f"pika {pika.__version__}: {part.of.replace(':', '.')}.{part.name} {problem}. It is needed "
                f"({part.why}); lienthong runs with pika{VERSIONS}, see bus/rabbit/README.md"
            )


def _problem(part: PikaPart) -> str | None:
    try:
        owner = pkgutil.resolve_name(part.of)
        user = pkgutil.resolve_name(part.named_in) if part.named_in is not None else None
    except (AttributeError, ImportError):
        return "is gone, or what it belongs to"
    is_named = user is not None and part.name in user.__code__.co_names
    if not hasattr(owner, part.name) and (part.takes is not None or not is_named):
        return "is gone"
    if user is not None and not is_named:
        return f"is no longer used by {user.__qualname__}"
    if part.takes is None:
        return None
    found = tuple(inspect.signature(getattr(owner, part.name)).parameters)
    return None if found == part.takes else f"takes ({', '.join(found)}), not ({', '.join(part.takes)})"
