import pytest

from bus.errors import BrokerAway, BusError, NoKey, Refused
from bus.wire.batch import map_each, portions


def halved(number: int) -> int:
    if number % 2:
        raise NoKey(mailbox=str(number))
    return number // 2


def test_each_has_its_result_in_its_place() -> None:
    """What one step refuses the next never sees, and the others go on."""
    seen: list[int] = []

    def note(number: int) -> str:
        seen.append(number)
        return str(number)

    results = map_each(map_each([4, 3, 8], halved, keeping=BusError), note, keeping=BusError)
    assert [type(each) for each in results] == [str, NoKey, str]
    assert seen == [2, 4]


def test_other_errors_are_not_results() -> None:
    """Of no matter which item, they end the batch."""

    def away(number: int) -> int:
        raise BrokerAway(why="x")

    with pytest.raises(BrokerAway):
        map_each([1], away, keeping=Refused)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [([], []), ([1, 1, 1], [[1, 1], [1]]), ([5], [[5]]), ([1, 5, 1, 1], [[1], [5], [1, 1]]), ([0, 2, 0], [[0, 2, 0]])],
)
def test_portions_weigh_so_much_at_most(weights: list[int], expected: list[list[int]]) -> None:
    """In their order; one that alone weighs more is alone."""
    assert list(portions(weights, weigh=lambda each: each, most=2)) == expected
