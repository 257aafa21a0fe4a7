"""bus/rabbit/content_header.py: whatever bytes a stranger wrote, a content header is decoded, or says why not."""

import hashlib
import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties, exceptions, frame

from bus.ports.records import Undecodable
from bus.rabbit.content_header import (
    LENGTHS,
    MAX_DEPTH,
    MAX_HEADERS,
    MAX_TEXT,
    MAX_VALUES,
    decode_content_header,
    moment,
    short_headers,
    stream_offset,
    undecodable,
)

START = struct.pack(">HHQ", 60, 0, 4096)
NOT_UTF_8 = "a text that is not UTF-8"


def table(inside: bytes) -> bytes:
    """The properties with these headers, and no others."""
    return START + b"\x20\x00" + struct.pack(">I", len(inside)) + inside


def header(value: bytes) -> bytes:
    """With the one header `a`."""
    return table(b"\x01a" + value)


def counted(kind: bytes, inside: bytes) -> bytes:
    return kind + struct.pack(">I", len(inside)) + inside


def nested(depth: int, kind: bytes) -> bytes:
    name = b"\x01a" if kind == b"F" else b""
    value = counted(kind, b"")
    for _ in range(depth - 1):
        value = counted(kind, name + value)
    return value


def properties_of(payload: bytes) -> BasicProperties:
    found = decode_content_header(1, payload)
    assert (found.channel_number, found.body_size) == (1, 4096)
    return found.properties


# -- what is decoded ---------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=20).filter(lambda text: len(text.encode()) <= 255)
SECONDS = st.integers(0, 253_402_300_799)
SCALARS = st.one_of(
    *(st.text(max_size=300), st.binary(max_size=9), st.booleans(), st.none(), st.integers(-(2**63), 2**63 - 1)),
    SECONDS.map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=12
)
TEXT_NAMES = ("content_type", "content_encoding", "correlation_id", "reply_to", "expiration", "message_id", "type")
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys((*TEXT_NAMES, "user_id", "app_id", "cluster_id"), TEXTS),
        **dict.fromkeys(("delivery_mode", "priority"), st.integers(0, 255)),
        "headers": st.dictionaries(TEXTS, VALUES, max_size=4),
        "timestamp": st.integers(0, 2**64 - 1),
    },
)


@given(PROPERTIES)
def test_all_that_pika_writes_is_read_as_pika_reads_it(told: dict[str, Any]) -> None:
    """Every property, and every kind of header that it can write."""
    written = frame.Header(1, 4096, BasicProperties(**told)).marshal()
    _, of_pika = frame.decode_frame(written)
    assert isinstance(of_pika, frame.Header)
    found = properties_of(written[7:-1])
    assert undecodable(found) is None
    assert found == of_pika.properties == BasicProperties(**told)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"t\x02", True),
        (b"b\xff", -1),
        (b"B\xff", 255),
        (b"s\xff\xff", -1),
        (b"U\xff\xff", -1),
        (b"u\xff\xff", 65535),
        (b"I\xff\xff\xff\xff", -1),
        (b"i\xff\xff\xff\xff", 2**32 - 1),
        (b"l" + b"\xff" * 8, -1),
        (b"L" + b"\xff" * 8, -1),
        (b"f" + struct.pack(">f", 0.5), 0.5),
        (b"d" + struct.pack(">d", float("inf")), float("inf")),
        (b"D\x02\x00\x00\x00\x7b", Decimal("1.23")),
        (b"V\x01aS\x00\x00\x00\x00", None),
        (b"D\xff\x80\x00\x00\x00", Decimal(-(2**31)).scaleb(-255)),
        (counted(b"S", b"\xff"), b"\xff"),
        (counted(b"x", b"a"), b"a"),
        (b"V", None),
        (b"T" + struct.pack(">Q", 0), datetime(1970, 1, 1, tzinfo=UTC)),
        (b"T" + struct.pack(">Q", 253_402_300_799), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (b"T" + struct.pack(">Q", 253_402_300_800), "253402300800"),
        (b"T" + struct.pack(">Q", 2**63 - 1), "9223372036854775807"),
        (b"T" + struct.pack(">q", -1), "18446744073709551615"),
    ],
)
def test_every_kind_of_value(value: bytes, read: object) -> None:
    """A time that no calendar has is text, and no number; of two values of one name the first counts."""
    found = properties_of(header(value)).headers
    assert found == {"a": read}
    assert type((found or {})["a"]) is type(read)


# -- what is not -------------------------------------------------------------------------------------------------------

DEEP, MANY = f"nested more than {MAX_DEPTH} deep", f"more than {MAX_VALUES} values"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (header(nested(MAX_DEPTH, b"A")), None),
        (header(nested(MAX_DEPTH + 1, b"A")), DEEP),
        (header(nested(10_000, b"A")), DEEP),
        (header(nested(10_000, b"F")), DEEP),
        (header(counted(b"A", b"V" * (MAX_VALUES - 1))), None),
        (header(counted(b"A", b"V" * MAX_VALUES)), MANY),
        (header(b"Z"), "a value of the unknown kind 90"),
        (header(b""), LENGTHS),
        (header(b"D\x00"), "a value of the unknown kind 68"),
        (header(b"l\x00"), LENGTHS),
        (header(b"S\xff\xff\xff\xff"), LENGTHS),
        (header(b"S\x00\x00\x00\x02a"), LENGTHS),
        (header(b"S\x00"), LENGTHS),
        (header(b"A\x00\x00\x00\x02V"), LENGTHS),
        (header(counted(b"A", b"I\x00") + b"\x00" * 3), LENGTHS),
        (header(counted(b"F", b"\x02a") + b"\x01bV"), LENGTHS),
        (table(b"\x01\xffV"), NOT_UTF_8),
        (START + b"\x20\x00\x00\x00\x00\x01", LENGTHS),
        (START + b"\x20\x00\x00\x00\x00\x00more", LENGTHS),
        (START + b"\x80\x00\x01\xff", NOT_UTF_8),
        (START + b"\x80\x00\x05abc", LENGTHS),
        (START + b"\x80\x00", LENGTHS),
        (START + b"\x00\x40\x00", LENGTHS),
        (START + b"\x08\x00", LENGTHS),
        (START + b"\x00\x01\x80\x00", "unknown properties"),
        (START + b"\x00\x02", "unknown properties"),
        (START, LENGTHS),
    ],
)
def test_why_nothing_can_be_read(payload: bytes, why: str | None) -> None:
    """With the size and the digest of what came; nothing of it is believed."""
    found = properties_of(payload)
    raw = payload[len(START) :]
    expected = why and Undecodable(why=why, size=len(raw), sha256=hashlib.sha256(raw).hexdigest())
    assert undecodable(found) == expected
    if why:
        assert (found.headers, found.user_id, found.content_type) == (None, None, None)


@given(st.binary(max_size=300))
def test_no_bytes_raise(raw: bytes) -> None:
    """As properties, and as headers."""
    for payload in (START + raw, table(raw)):
        found = properties_of(payload)
        lost = undecodable(found)
        assert lost is None or lost.size == len(payload) - len(START)


def test_without_the_bodys_size_it_is_no_content_header() -> None:
    """Only a broker could write that."""
    with pytest.raises(exceptions.InvalidFrameError):
        decode_content_header(1, START[:-1])


# -- where it stands in its stream -------------------------------------------------------------------------------------

OFFSET = b"\x0fx-stream-offset"


@pytest.mark.parametrize(
    ("payload", "offset"),
    [
        (table(OFFSET + b"l" + struct.pack(">q", 7)), 7),
        (table(OFFSET + b"t\x01"), None),
        (table(OFFSET + counted(b"S", b"7")), None),
        (table(b""), None),
        (START + b"\x00\x00", None),
        (table(b"\x01a" + nested(9999, b"A") + OFFSET + b"l" + struct.pack(">q", 7)), 7),
        (table(b"\x01\xffV\x01aD\x00\x00\x00\x00\x00" + OFFSET + b"l" + struct.pack(">q", 7)), 7),
        (table(OFFSET + b"l" + struct.pack(">q", 7) + b"\x01a" + nested(9999, b"F")), 7),
        (table(OFFSET + b"l" + struct.pack(">q", 7) + b"\x01aZ"), 7),
        (table(b"\x01aZ" + OFFSET + b"l" + struct.pack(">q", 7)), None),
        (table(OFFSET + b"l" + struct.pack(">q", 7) + OFFSET + b"l" + struct.pack(">q", 8)), 7),
        (table(OFFSET + b"l" + struct.pack(">q", 7) + OFFSET + counted(b"S", b"8") + b"\x01\xffV"), 7),
        (table(OFFSET + counted(b"S", b"7") + b"\x01\xffV"), None),
        (table(OFFSET + b"t\x01\x01\xffV"), None),
        (table(OFFSET + b"A\xff\xff\xff\xff\x01\xffV"), None),
        (table(b"\x01\xffV"), None),
        (START + b"\xa0\x00\x01\xff" + table(OFFSET + b"l" + struct.pack(">q", 7))[len(START) + 2 :], 7),
        (START + b"\x80\x00\x01\xff", None),
        (START, None),
    ],
)
def test_its_offset(payload: bytes, offset: int | None) -> None:
    """The broker's word is found beside whatever a stranger wrote."""
    assert stream_offset(properties_of(payload)) == offset


# -- what is kept of them ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        pytest.param("1", True, id="text"),
        pytest.param(b"1", True, id="bytes"),
        (True, True),
        (2**63 - 1, True),
        (2**63, False),
        (-(2**63) - 1, False),
        pytest.param("đ" * (MAX_TEXT // 2), True, id="long"),
        pytest.param("đ" * (MAX_TEXT // 2 + 1), False, id="too long"),
        pytest.param(b"1" * (MAX_TEXT + 1), False, id="bytes, too long"),
        (float("nan"), False),
        (Decimal(1).scaleb(-255), False),
        (["a"], False),
        ({"a": 1}, False),
        (None, False),
    ],
)
def test_what_is_kept(value: object, kept: bool) -> None:
    """What is short, and what pika can write: it may be published again."""
    again = short_headers({"a": value, "b": "1"}, lambda name: name == "a")
    assert again == ({"a": value} if kept else {})
    BasicProperties(headers=again).encode()


def test_only_so_many_are_kept() -> None:
    """A stranger can write thousands."""
    assert len(short_headers({str(n): "" for n in range(999)}, lambda _: True)) == MAX_HEADERS


@pytest.mark.parametrize("seconds", [-1, 253_402_300_800, 2**64 - 1, None, "1", 1.5])
def test_no_moment(seconds: object) -> None:
    """Numbers that no calendar has."""
    assert moment(seconds) is None
