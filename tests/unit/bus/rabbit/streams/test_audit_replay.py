"""bus/rabbit/streams/audit_replay.py, where nobody answers. What it does is tests/integration/test_audit.py's."""

from datetime import UTC, datetime

import pytest

from bus.errors import BrokerAway
from bus.rabbit.address import cluster
from bus.rabbit.streams.audit_replay import replay_audit
from tests.unit.bus.rabbit.nobody import closed_ports

AT = datetime(2026, 11, 5, tzinfo=UTC)


def test_without_a_broker_nothing_is_put_again() -> None:
    """Each node that was tried is named."""
    with closed_ports(2) as ports:
        nodes = cluster([f"amqp://operator:secret@127.0.0.1:{port}/gov" for port in ports])
        with pytest.raises(BrokerAway) as caught:
            replay_audit(*nodes, mailbox="H49", since=AT, until=AT)
    assert all(str(port) in str(caught.value) for port in ports)
