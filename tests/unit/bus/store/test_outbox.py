"""bus/store/outbox.py: whose mailbox a routing key names. What an outbox does is in tests/contract."""

import pytest

from bus.store.outbox import mailbox_of


@pytest.mark.parametrize(
    ("routing", "mailbox"), [("inbox.H49", "H49"), ("urgent.H49.06", "H49.06"), ("dead", "dead"), ("inbox.", "inbox.")]
)
def test_the_mailbox_of_a_routing_key(routing: str, mailbox: str) -> None:
    """What stands behind the kind; a key of one word is its own."""
    assert mailbox_of(routing) == mailbox
