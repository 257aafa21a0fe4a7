"""bus/daemon/batch_size.py: batches as large as the other side is quick."""

import pytest

from bus.daemon.batch_size import BatchSize


@pytest.mark.parametrize(
    ("batches", "size"),
    [
        pytest.param([], 250, id="nothing known"),
        pytest.param([(250, 0.1)], 250, id="quick"),
        pytest.param([(250, 0.0)], 250, id="quicker than the clock"),
        pytest.param([(250, 25.0)], 5, id="a tenth of a second each"),
        pytest.param([(250, 25.0), (5, 0.5)], 5, id="and so it stays"),
        pytest.param([(250, 25.0), (0, 9.0)], 5, id="an empty batch says nothing"),
        pytest.param([(1, 60.0)], 1, id="never less than one"),
        pytest.param([(250, 0.7), (178, 0.65), (137, 0.62)], 250, id="half a second whatever its size"),
        pytest.param([(250, 3.0), (42, 0.92), (50, 1.0)], 50, id="half a second, and a hundredth each"),
        pytest.param([(250, 0.1), (250, 25.0)], 5, id="slow all at once"),
        pytest.param([(250, 25.0), *[(5, 0.01)] * 6], 250, id="quick again"),
        pytest.param([(100, 0.2), (10, 0.4)], 250, id="the smaller took longer"),
        pytest.param([*[(1, 0.02)] * 3, (2, 0.12)], 14, id="few at a time, and one of them slow"),
    ],
)
def test_follows_what_a_document_costs(batches: list[tuple[int, float]], size: int) -> None:
    """As many as add half a second to a batch, at least one, at most all; what every batch costs does not count."""
    batch = BatchSize(250)
    for count, seconds in batches:
        batch.took(count, seconds)
    assert batch.size == size
