import pytest

from bus.abreast import abreast
from bus.errors import BrokerAway, BusError, NoKey, Refused


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

    results = abreast(abreast([4, 3, 8], halved, but=BusError), note, but=BusError)
    assert [type(each) for each in results] == [str, NoKey, str]
    assert seen == [2, 4]


def test_other_errors_are_not_results() -> None:
    """Of no matter which item, they end the batch."""

    def away(number: int) -> int:
        raise BrokerAway(why="x")

    with pytest.raises(BrokerAway):
        abreast([1], away, but=Refused)
