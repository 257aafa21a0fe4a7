"""Acknowledging many deliveries in few acks, in whatever order they are done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.rabbit.deliveries import Tags


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
    tags = Tags()
    assert [tags.done(each) for each in told] == said


@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 7), min_size=1))
def test_broker_agrees(order: list[int], sizes: list[int]) -> None:
    """Played against a broker's own book, whatever the order and the batches: nothing is acked that was not told, no
    ack names an unknown tag, and in the end nothing is outstanding."""
    outstanding, told, tags = set(range(1, 30)), set(), Tags()
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
