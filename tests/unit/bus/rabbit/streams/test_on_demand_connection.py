"""bus/rabbit/streams/on_demand_connection.py, and `StreamBlobs` over it, where nobody answers."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from bus.errors import BlobsAway
from bus.ports.records import Segment
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.streams.blobs import StreamBlobs
from tests.unit.bus.rabbit.nobody import closed_ports

SEGMENT = Segment(blob="0" * 32, number=1, data=b"1", mark="")


@pytest.fixture
def blobs() -> Iterator[StreamBlobs]:
    with closed_ports(2) as ports, IoThread() as io:
        urls = tuple(f"amqp://H49:secret@127.0.0.1:{port}" for port in ports)
        blobs = StreamBlobs(LinkSettings(mailbox="H49", url=urls), io=io)
        yield blobs
        blobs.close()


def test_every_node_is_tried_once(blobs: StreamBlobs) -> None:
    """Then the caller hears of it, and the next call tries all of them again."""
    for _ in range(2):
        with capture_logs() as logs, pytest.raises(BlobsAway, match="refused"):
            blobs.put([SEGMENT])
        assert len({each["broker"] for each in logs if each["event"] == "broker.unreachable"}) == 2
    assert blobs.connections == 0


def test_nothing_to_put_needs_no_connection(blobs: StreamBlobs) -> None:
    """Nor does what a stream forgets by itself."""
    with capture_logs() as logs:
        blobs.put([])
        blobs.remove(["0" * 32])
    assert logs == []


def test_after_its_end_nothing_is_opened(blobs: StreamBlobs) -> None:
    """Whoever comes late is told."""
    blobs.close()
    for attempt in (blobs.begin, lambda: blobs.get("G22", "0" * 32, first=1, mark=None)):
        with pytest.raises(BlobsAway, match="closed"):
            attempt()
