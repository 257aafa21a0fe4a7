"""bus/rabbit/streams/directory_publisher.py: what is refused before a broker has a say."""

import pytest

from bus.errors import BadConfig, BrokerAway
from bus.rabbit.address import Address
from bus.rabbit.streams.directory_publisher import MAX_EDITION_BYTES, last_edition, publish_edition
from tests.unit.bus.rabbit.nobody import closed_ports


def test_an_edition_that_no_message_carries_is_refused() -> None:
    """Before anybody is connected to."""
    with pytest.raises(BadConfig, match="a message carries 15728640"):
        publish_edition(version=1, whole=bytes(MAX_EDITION_BYTES + 1), change=b"")


def test_a_broker_that_is_away_is_named() -> None:
    """For publishing as for asking."""
    with closed_ports() as (port,):
        node = Address.from_url(f"amqp://authority:secret@127.0.0.1:{port}/gov")
        with pytest.raises(BrokerAway, match=f"amqp://127.0.0.1:{port}/gov"):
            publish_edition(node, version=1, whole=b"1", change=b"1")
        with pytest.raises(BrokerAway, match=f"amqp://127.0.0.1:{port}/gov"):
            last_edition(node)
