"""bus/rabbit/admin/dead_letter_queues.py, where nobody answers. What it does is tests/integration's."""

import pytest

from bus.errors import BrokerAway
from bus.rabbit.address import cluster
from bus.rabbit.admin.dead_letter_queues import DeadLetterQueues
from tests.unit.bus.rabbit.nobody import closed_ports


def test_without_a_broker_nothing_is_read() -> None:
    """Each node that was tried is named."""
    with closed_ports(2) as ports:
        queues = DeadLetterQueues(*cluster([f"amqp://operator:secret@127.0.0.1:{port}/gov" for port in ports]))
        with pytest.raises(BrokerAway) as caught, queues:
            raise AssertionError("connected to nobody")
    assert all(str(port) in str(caught.value) for port in ports)
    assert "secret" not in str(caught.value)
