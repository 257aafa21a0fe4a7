import pytest

from bus.ledger.portions import portions


@pytest.mark.parametrize(
    ("sizes", "cut"),
    [
        ([], []),
        ([0, 0, 0], [[0, 0, 0]]),
        ([4, 6], [[4, 6]]),
        ([4, 7], [[4], [7]]),
        ([25], [[25]]),
        ([1, 25, 1, 2], [[1], [25], [1, 2]]),
        ([5, 5, 5, 5, 5], [[5, 5], [5, 5], [5]]),
    ],
)
def test_a_portion_is_bounded_and_never_empty(sizes: list[int], cut: list[list[int]]) -> None:
    """Ten at once; what is larger by itself stands alone, and none is left out."""
    assert list(portions(sizes, lambda size: size, most=10)) == cut
