"""bus/daemon/pace.py: batches as large as the other side is quick."""

import pytest

from bus.daemon.pace import Pace


@pytest.mark.parametrize(
    ("batches", "size"),
    [
        ([], 250),
        ([(250, 0.1)], 250),
        ([(250, 25.0)], 5),
        ([(250, 25.0), (5, 0.5)], 5),
        ([(250, 25.0), (5, 0.01)], 250),
        ([(250, 25.0), (0, 9.0)], 5),
        ([(1, 60.0)], 1),
        ([(250, 0.0)], 250),
    ],
)
def test_follows_the_last_batch(batches: list[tuple[int, float]], size: int) -> None:
    """As many as took half a second the last time, at least one, at most all; an empty batch says nothing."""
    pace = Pace(250)
    for count, seconds in batches:
        pace.took(count, seconds)
    assert pace.size == size
