"""bus/rabbit/admin/queue_state.py: the figures of one queue."""

import pytest

from bus.rabbit.admin.queue_state import QueueState, rate_in_words


@pytest.mark.parametrize(
    ("figures", "fullness"),
    [
        ({}, 0.0),
        ({"messages": 50}, 0.0),
        ({"messages": 50, "limit_messages": 100}, 0.5),
        ({"size": 900, "limit_bytes": 1000}, 0.9),
        ({"messages": 50, "limit_messages": 100, "size": 900, "limit_bytes": 1000}, 0.9),
        ({"messages": 150, "limit_messages": 100, "size": 900, "limit_bytes": 1000}, 1.5),
    ],
    ids=["empty", "no limits", "by count", "by bytes", "the larger of the two", "over"],
)
def test_a_queue_is_as_full_as_the_nearer_of_its_limits(figures: dict[str, int], fullness: float) -> None:
    """Without a limit it is never full."""
    assert QueueState(name="inbox.H61", **figures).fullness == fullness  # type: ignore[arg-type] # whole numbers


@pytest.mark.parametrize(("name", "mailbox"), [("inbox.H61", "H61"), ("urgent.H61", "H61"), ("dead", None)])
def test_a_queue_names_its_mailbox(name: str, mailbox: str | None) -> None:
    """An inbox and a lane do; the two of dead letters are nobody's."""
    assert QueueState(name=name).mailbox == mailbox


@pytest.mark.parametrize(("value", "words"), [(0.0, "0"), (0.25, "0.2"), (9.94, "9.9"), (1234.5, "1234")])
def test_a_rate_in_words(value: float, words: str) -> None:
    """A trickle keeps its decimal, a flood does not."""
    assert rate_in_words(value) == words
