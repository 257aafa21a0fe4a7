"""What is read of a message in the stream `audit`. Reading itself: tests/integration/test_guard.py."""

from collections.abc import Sequence
from typing import Any

import pika
import pytest
from pika.spec import Basic

from bus.rabbit.streams.audit_tail import CHUNK, OVERHEAD, AuditTail, audit_copy
from bus.wire.message import PUBLISHED_BY

METHOD = Basic.Deliver("guard", 1, False, "agency.H17", "dead")


@pytest.mark.parametrize(
    ("headers", "offset", "publisher"),
    [
        ({"x-stream-offset": 9}, 9, None),
        (None, 4, None),
        ({"x-stream-offset": "9"}, 4, None),
        ({"x-stream-offset": 9, PUBLISHED_BY: "H49"}, 9, "H49"),
        ({"x-stream-offset": 9, PUBLISHED_BY: "H49\x1b[2J"}, 9, None),
        ({"x-stream-offset": 9, PUBLISHED_BY: 49}, 9, None),
    ],
    ids=["plain", "no headers", "a sender's own offset", "set aside", "letters that no name has", "a number"],
)
def test_headers_are_their_senders_to_write(headers: dict[str, Any] | None, offset: int, publisher: str | None) -> None:
    """What is odd in them is passed over; exchange and key are the broker's."""
    copy = audit_copy(METHOD, pika.BasicProperties(headers=headers), b"", expected=4)
    assert (copy.offset, copy.publisher, copy.exchange, copy.key) == (offset, publisher, "agency.H17", "dead")


def test_headers_count_like_a_body() -> None:
    """Many empty messages with large headers are a flood, too."""
    body = audit_copy(METHOD, pika.BasicProperties(), b"x" * 1000, expected=0)
    headers = audit_copy(METHOD, pika.BasicProperties(headers={"x": "y" * 1000}), b"", expected=0)
    assert body.size >= 1000 + OVERHEAD
    assert headers.size > body.size


class Channel:
    """As much of one as acknowledging needs."""

    def basic_ack(self, tag: int) -> None:
        pass


@pytest.mark.parametrize(
    ("begin", "offsets", "taken"),
    [
        ("next", [7, 8], [7, 8]),
        (8, [6, 7, 8, 9], [8, 9]),
        (5, [8, 9], [8, 9]),
        (2 * CHUNK, range(CHUNK + 2), [CHUNK, CHUNK + 1]),
    ],
    ids=["from the end", "within a chunk", "what was dropped meanwhile", "another stream of the same name"],
)
def test_nothing_is_counted_twice_and_a_new_stream_is_counted(
    begin: Any, offsets: Sequence[int], taken: list[int]
) -> None:
    """A reading begins at a chunk's first message; a stream that was made anew has small numbers again."""
    tail = AuditTail(begin=begin)
    for offset in offsets:
        properties = pika.BasicProperties(headers={"x-stream-offset": offset})
        tail._on_message(Channel(), METHOD, properties, b"")  # type: ignore[arg-type]
    assert [copy.offset for copy in tail._arrived] == taken
