"""bus/rabbit/command_connection.py: what a command says where no node answers."""

import pytest

from bus.errors import BrokerAway
from bus.rabbit.address import cluster
from bus.rabbit.command_connection import connect_to_first
from tests.unit.bus.rabbit.nobody import closed_ports


def test_every_node_that_is_away_is_named() -> None:
    """With its reason, and without its password."""
    with closed_ports(2) as ports:
        nodes = cluster([f"amqp://operator:secret@127.0.0.1:{port}/gov" for port in ports])
        with pytest.raises(BrokerAway) as caught:
            connect_to_first(nodes, name="lienthong test", heartbeat=30)
    assert all(f"amqp://127.0.0.1:{port}/gov: " in str(caught.value) for port in ports)
    assert "secret" not in str(caught.value)
