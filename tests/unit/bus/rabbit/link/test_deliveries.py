"""bus/rabbit/link/deliveries.py: acknowledging many deliveries in few acks, in whatever order they are done."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties, spec
from pika.spec import Basic

from bus.rabbit.content_header import decode_content_header
from bus.rabbit.link.deliveries import Deliveries, DeliveryTags
from tests.unit.bus.rabbit.offline import OfflineBroker


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param([[1, 2, 3]], [(3, [])], id="in order"),
        pytest.param([[3, 1, 2]], [(3, [])], id="shuffled in one call"),
        pytest.param([[2], [1]], [(None, [2]), (1, [])], id="the second before the first"),
        pytest.param([[2, 3], [1]], [(None, [2, 3]), (1, [])], id="never up to a tag that was acked alone"),
        pytest.param([[2], [1, 3]], [(None, [2]), (3, [])], id="over one that was acked alone"),
        pytest.param([[1, 3, 5]], [(1, [3, 5])], id="with gaps"),
        pytest.param([[1, 1], [1]], [(1, []), (None, [])], id="twice"),
        pytest.param([[2], [2]], [(None, [2]), (None, [])], id="twice, alone"),
        pytest.param([[]], [(None, [])], id="nothing"),
    ],
)
def test_acks(told: list[list[int]], said: list[tuple[int | None, list[int]]]) -> None:
    """A delivery is acked together with all below it where they are done, else alone, and never twice."""
    tags = DeliveryTags()
    assert [tags.done(each) for each in told] == said


@pytest.mark.parametrize(
    ("user", "mailbox"),
    [
        ("urn:lienthong:mailbox:G22", "G22"),
        ("G22", "G22"),
        ("urn:lienthong:service:operator", "urn:lienthong:service:operator"),
        (None, None),
    ],
    ids=["by its certificate's urn", "by its code", "a service", "nobody"],
)
def test_an_arrival_says_which_mailbox_the_broker_vouches_for(user: str | None, mailbox: str | None) -> None:
    """Whichever way the broker calls it (schemas §6.2); who is no mailbox stays as he is."""
    channel: Any = None
    arrival = Deliveries(channel, 1).arrival(spec.Basic.GetOk(7), BasicProperties(user_id=user), b"x")
    assert (arrival.tag, arrival.user) == ((1, 7), mailbox)


@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 7), min_size=1))
def test_broker_agrees(order: list[int], sizes: list[int]) -> None:
    """Played against a broker's own book, whatever the order and the batches: nothing is acked that was not told, no
    ack names an unknown tag, and in the end nothing is outstanding."""
    outstanding, told, tags = set(range(1, 30)), set(), DeliveryTags()
    rest, turn = list(order), 0
    while rest:
        size = sizes[turn % len(sizes)]
        batch, rest, turn = rest[:size], rest[size:], turn + 1
        told.update(batch)
        together, apart = tags.done(batch)
        if together is not None:
            assert together in outstanding
            outstanding -= {tag for tag in outstanding if tag <= together}
        for tag in apart:
            assert tag in outstanding
            outstanding.discard(tag)
        assert outstanding == set(range(1, 30)) - told


@pytest.mark.parametrize(
    ("exchange", "properties", "user", "is_decoded"),
    [
        ("agency.H17", BasicProperties(user_id="operator"), "operator", True),
        ("agency.H17", BasicProperties(), None, True),
        ("agency.H17", decode_content_header(1, bytes(12) + b"\x00\x02").properties, "H17", False),
        ("", decode_content_header(1, bytes(12) + b"\x00\x02").properties, None, False),
    ],
    ids=["with its user", "without", "undecodable", "undecodable, by the default exchange"],
)
def test_who_published_it(exchange: str, properties: BasicProperties, user: str | None, is_decoded: bool) -> None:
    """The broker vouches for its user, and for nothing else in its properties; where they cannot be decoded, for the
    exchange."""
    deliveries = Deliveries(OfflineBroker().channel(), 1)
    arrival = deliveries.arrival(Basic.Deliver("c", 7, False, exchange, b"\xff"), properties, b"four")  # type: ignore[arg-type] # pika gives bytes where a key is no text
    assert (arrival.user, arrival.tag, arrival.body) == (user, (1, 7), b"four")
    assert (arrival.undecodable is None) == is_decoded


def test_headers_of_ours_are_kept_where_they_are_short() -> None:
    """A thousand messages may wait here, each with a header of 128 KiB."""
    headers: dict[str, Any] = {
        "x-lienthong-blobs": "stream 7",
        "CC": ["document.H49"] * 999,
        "x-lienthong-a": ["x"] * 999,
    }
    arrival = Deliveries(OfflineBroker().channel(), 1).arrival(
        Basic.Deliver("c", 7, False, "agency.H17", ""), BasicProperties(headers=headers), b""
    )
    assert arrival.headers == {"x-lienthong-blobs": "stream 7"}
