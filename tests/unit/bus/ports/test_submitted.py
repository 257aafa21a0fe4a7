"""bus/ports/submitted.py: how far one submission has come at each recipient, over its messages."""

import pytest

from bus.handling.transport import OutboxState
from bus.ports.submitted import Carrier, Reach, Submitted, submitted
from schemas.codes import Outcome
from schemas.values import MessageId

FIRST, SECOND, THIRD = map(MessageId, ("1", "2", "3"))
S, HELD, REFUSED = OutboxState, Outcome.HELD, Outcome.REFUSED


@pytest.mark.parametrize(
    ("state", "answer", "reach"),
    [
        (S.WAITING, None, Reach.UNDER_WAY),
        (S.UPLOADING, None, Reach.UNDER_WAY),
        (S.SENT, None, Reach.UNDER_WAY),
        (S.PARKED, None, Reach.PARKED),
        (S.CANCELLED, None, Reach.MISSING),
        (S.CANCELLED, HELD, Reach.HELD),
        (S.WAITING, REFUSED, Reach.MISSING),
        (S.DONE, HELD, Reach.HELD),
    ],
)
def test_one_message_at_one_recipient(state: OutboxState, answer: Outcome | None, reach: Reach) -> None:
    """What it has answered counts; before it has, what may still become of the message."""
    assert Carrier(FIRST, state, {"H49": answer}).reach("H49") is reach


def test_of_several_messages_the_best_counts() -> None:
    """At each recipient; the oldest message that somebody has or may get stands for all."""
    carriers = [
        Carrier(FIRST, S.CANCELLED, {"H49": None, "H53": None}),
        Carrier(SECOND, S.PARKED, {"H49": HELD, "H53": None}),
        Carrier(THIRD, S.SENT, {"H53": None}),
    ]
    found = submitted(carriers)
    assert found == Submitted(message=SECOND, reached={"H49": Reach.HELD, "H53": Reach.UNDER_WAY}, parked=(SECOND,))
    assert found.is_everywhere
    assert found.at(Reach.HELD) == {"H49"}


def test_nobody_has_it_and_nobody_will() -> None:
    """The oldest stands for it; who lacks it is known."""
    found = submitted([Carrier(message, S.DONE, {"H49": REFUSED}) for message in (FIRST, SECOND)])
    assert (found.message, found.is_everywhere) == (FIRST, False)
    assert found.at(Reach.PARKED, Reach.MISSING) == {"H49"}


def test_a_message_without_recipients_lacks_none() -> None:
    """As a damaged store may have one: it is not sent a second time."""
    assert submitted([Carrier(FIRST, S.DONE, {})]).is_everywhere
