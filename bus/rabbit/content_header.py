"""The content header of a message, which tells its size, AMQP's properties and the headers: decoded here, not by pika.

A stranger wrote the properties, and the broker passes on what it does not have to understand. pika's decoder raises on
some of that (a timestamp beyond the year 9999, arrays nested thousands deep), and an exception within a connection is
its end. Here every content header yields one: `Undecodable` says why nothing could be read of it.

Of several headers of one name the first counts, as in the broker, which puts its own (`x-death`, `x-stream-offset`) in
the place of the first: with pika's decoder a publisher's second one would win.
"""

import hashlib
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from pika import BasicProperties, exceptions, frame

from bus.ports.records import Undecodable

MAX_DEPTH: Final = 16
"""Tables and arrays within one another. The broker's own history of a dead letter has four."""
MAX_VALUES: Final = 16_384
"""Of one header, at all depths: more than fit into a frame of 128 KiB where each is a routing key."""
LAST_SECOND: Final = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
OFFSET: Final = "x-stream-offset"
"""Where a message stands in its stream; the broker adds it."""
MAX_TEXT: Final = 1024
"""Bytes of one header that is kept."""
MAX_HEADERS: Final = 64
"""That are kept of a message: with the properties they fit into any frame."""

LENGTHS: Final = "lengths that do not fit"

_START = struct.Struct(">HHQ")  # class, weight, bytes of the body
_FLAGS, _LENGTH, _SECONDS = struct.Struct(">H"), struct.Struct(">I"), struct.Struct(">Q")

_Found: TypeAlias = tuple[Any, int]
"""A value, and the place behind it."""


class UndecodableProperties(BasicProperties):
    """The properties of a message whose own could not be decoded: all absent."""

    undecodable: Undecodable
    offset: int | None = None
    """In its stream, where the broker said one."""


def undecodable(properties: BasicProperties) -> Undecodable | None:
    """Why there are no properties; None where there are."""
    return properties.undecodable if isinstance(properties, UndecodableProperties) else None


def stream_offset(properties: BasicProperties) -> int | None:
    """The place of a message in its stream; None where it is not said as a number."""
    if isinstance(properties, UndecodableProperties):
        return properties.offset
    return _number((properties.headers or {}).get(OFFSET))


def moment(seconds: object) -> datetime | None:
    """The time of a `timestamp`; None where it is none that a calendar has."""
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 <= seconds <= LAST_SECOND else None


def short_headers(headers: Mapping[str, Any], keep: Callable[[str], bool]) -> dict[str, Any]:
    """Those to be kept that are few and short, to be held in memory or published again. Thousands of others would cost
    a hundred times their bytes, would not fit into a frame, or AMQP's own writer has no words for them; none of ours is
    among them."""
    found: dict[str, Any] = {}
    for name, value in headers.items():
        if keep(name) and _is_short(value) and len(found) < MAX_HEADERS:
            found[name] = value
    return found


def _is_short(value: object) -> bool:
    match value:
        case str():
            return len(value.encode()) <= MAX_TEXT
        case bytes():
            return len(value) <= MAX_TEXT
        case bool():
            return True
        case int():
            return -(2**63) <= value < 2**63
        case _:
            return False


# -- decoding ----------------------------------------------------------------------------------------------------------


class _Malformed(Exception):
    """Why the bytes are no properties."""


def decode_content_header(channel: int, payload: bytes) -> frame.Header:
    """The frame of these bytes, which are between its first seven and its last. Raises InvalidFrameError where not even
    the body's size is there: only the broker writes that."""
    if len(payload) < _START.size:
        raise exceptions.InvalidFrameError(f"a content header of {len(payload)} bytes")
    _, _, body_size = _START.unpack_from(payload)
    try:
        properties = BasicProperties(**_properties(payload))
    except Exception as error:  # noqa: BLE001 — whatever a stranger's bytes do, the connection goes on
        properties = _without(payload, _words(error))
    return frame.Header(channel, body_size, properties)


def _words(error: Exception) -> str:
    match error:
        case _Malformed():
            return str(error)
        case IndexError() | struct.error():
            return LENGTHS
        case _:
            return type(error).__name__


def _without(payload: bytes, why: str) -> UndecodableProperties:
    raw = payload[_START.size :]
    properties = UndecodableProperties()
    properties.undecodable = Undecodable(why=why, size=len(raw), sha256=hashlib.sha256(raw).hexdigest())
    properties.offset = _offset_beside(payload)
    return properties


def _properties(raw: bytes) -> dict[str, Any]:
    (flags,) = _FLAGS.unpack_from(raw, _START.size)
    at, end = _START.size + _FLAGS.size, len(raw)
    if flags & 0b11:
        raise _Malformed("unknown properties")
    found: dict[str, Any] = {}
    for flag, name, read in _FIELDS:
        if flags & flag:
            found[name], at = read(raw, at, end)
    if at != end:
        raise _Malformed(LENGTHS)
    return found


def _short_text(raw: bytes, at: int, end: int) -> _Found:
    behind = at + 1 + raw[at]
    if behind > end:
        raise _Malformed(LENGTHS)
    try:
        return raw[at + 1 : behind].decode(), behind
    except UnicodeDecodeError:
        raise _Malformed("a text that is not UTF-8") from None


def _octet(raw: bytes, at: int, end: int) -> _Found:
    return raw[at], at + 1


def _seconds(raw: bytes, at: int, end: int) -> _Found:
    return _SECONDS.unpack_from(raw, at)[0], at + _SECONDS.size


def _headers(raw: bytes, at: int, end: int) -> _Found:
    return _Values(raw).table(at, end, 0)


_FIELDS: Final[tuple[tuple[int, str, Callable[[bytes, int, int], _Found]], ...]] = tuple(
    (1 << bit, name, read)
    for bit, name, read in (
        (15, "content_type", _short_text),
        (14, "content_encoding", _short_text),
        (13, "headers", _headers),
        (12, "delivery_mode", _octet),
        (11, "priority", _octet),
        (10, "correlation_id", _short_text),
        (9, "reply_to", _short_text),
        (8, "expiration", _short_text),
        (7, "message_id", _short_text),
        (6, "timestamp", _seconds),
        (5, "type", _short_text),
        (4, "user_id", _short_text),
        (3, "app_id", _short_text),
        (2, "cluster_id", _short_text),
    )
)

# RabbitMQ's kinds, and not those of AMQP's text: https://www.rabbitmq.com/amqp-0-9-1-errata#section_3
_FIXED: Final = {
    kind: struct.Struct(f">{code}") for kind, code in zip(b"tbBsUuIiLlfdTV", (*"?bBhhHiIqqfdQ", ""), strict=True)
}
_DECIMAL: Final = struct.Struct(">Bi")
_TEXT, _BYTES, _ARRAY, _TABLE, _SCALED, _TIME, _VOID = b"SxAFDTV"


class _Values:
    """The values of one header table. What can be nested is bounded before it is read."""

    __slots__ = ("_left", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._left = MAX_VALUES

    def table(self, at: int, end: int, depth: int) -> _Found:
        at, behind = self._inside(at, end, depth)
        found: dict[str, Any] = {}
        while at < behind:
            name, at = _short_text(self._raw, at, behind)
            value, at = self.value(at, behind, depth)
            found.setdefault(name, value)
        return found, at

    def value(self, at: int, end: int, depth: int) -> _Found:
        """`end`: of the table or array that it is in."""
        self._left -= 1
        if self._left < 0:
            raise _Malformed(f"more than {MAX_VALUES} values")
        raw, kind = self._raw, self._raw[at]
        if kind in (_TEXT, _BYTES):
            (length,) = _LENGTH.unpack_from(raw, at + 1)
            behind = at + 5 + length
            if behind > end:
                raise _Malformed(LENGTHS)
            value: Any = raw[at + 5 : behind]
            return (_text_or_bytes(value) if kind == _TEXT else value), behind
        if (fixed := _FIXED.get(kind)) is not None:
            behind = at + 1 + fixed.size
            if behind > end:
                raise _Malformed(LENGTHS)
            if kind == _VOID:
                return None, behind
            (value,) = fixed.unpack_from(raw, at + 1)
            return (_time(value) if kind == _TIME else value), behind
        if kind == _TABLE:
            return self.table(at + 1, end, depth + 1)
        if kind == _ARRAY:
            return self._array(at + 1, end, depth + 1)
        if kind == _SCALED and at + 1 + _DECIMAL.size <= end:
            scale, digits = _DECIMAL.unpack_from(raw, at + 1)
            return Decimal(digits).scaleb(-scale), at + 1 + _DECIMAL.size
        raise _Malformed(f"a value of the unknown kind {kind}")

    def _array(self, at: int, end: int, depth: int) -> _Found:
        at, behind = self._inside(at, end, depth)
        found = []
        while at < behind:
            value, at = self.value(at, behind, depth)
            found.append(value)
        return found, at

    def _inside(self, at: int, end: int, depth: int) -> tuple[int, int]:
        """Where what is in a table or array begins and ends."""
        if depth > MAX_DEPTH:
            raise _Malformed(f"nested more than {MAX_DEPTH} deep")
        (length,) = _LENGTH.unpack_from(self._raw, at)
        at += _LENGTH.size
        if at + length > end:
            raise _Malformed(LENGTHS)
        return at, at + length


def _time(seconds: int) -> datetime | str:
    """As text where no calendar has it: nobody takes it for the number that another kind of header would be."""
    return str(seconds) if (at := moment(seconds)) is None else at


def _text_or_bytes(value: bytes) -> str | bytes:
    """AMQP's long string is either, as with pika."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _offset_beside(payload: bytes) -> int | None:
    """The offset among headers of which others cannot be decoded: their lengths are enough to pass them over, and the
    broker, which added the offset, found those right."""
    try:
        (flags,) = _FLAGS.unpack_from(payload, _START.size)
        at = _START.size + _FLAGS.size
        for bit in (15, 14):
            if flags & 1 << bit:
                at += 1 + payload[at]
        (length,) = _LENGTH.unpack_from(payload, at)
        at += _LENGTH.size
        end = at + length
        while flags & 1 << 13 and at < end:
            name = payload[at + 1 : at + 1 + payload[at]]
            at += 1 + len(name)
            if name == OFFSET.encode():
                return _number(_Values(payload).value(at, end, MAX_DEPTH)[0])
            at = _behind(payload, at)
    except (struct.error, IndexError, KeyError, _Malformed):
        return None
    return None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _behind(raw: bytes, at: int) -> int:
    """The place behind a value, which is not read."""
    kind = raw[at]
    if kind in (_TEXT, _BYTES, _ARRAY, _TABLE):
        return at + 5 + int(_LENGTH.unpack_from(raw, at + 1)[0])
    return at + 1 + (_DECIMAL.size if kind == _SCALED else _FIXED[kind].size)
