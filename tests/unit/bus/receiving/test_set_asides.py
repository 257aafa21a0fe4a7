"""How much of one publisher a mailbox puts into the queue `dead`."""

from datetime import UTC, datetime, timedelta

import pytest

from bus.receiving.set_asides import SPAN, SetAsides

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("sizes", "taken"),
    [
        ([1, 1, 1, 1], [True, True, True, False]),
        ([60, 60, 40], [True, False, True]),
        ([101], [False]),
        ([100, 1], [True, False]),
    ],
    ids=["by count", "by bytes", "one too large", "to the byte"],
)
def test_so_many_messages_and_bytes_in_an_hour(sizes: list[int], taken: list[bool]) -> None:
    """What does not fit is not counted: a smaller one may fit."""
    bound = SetAsides(messages=3, size=100)
    assert [bound.takes("H17", size, at=NOW) for size in sizes] == taken


def test_each_publisher_has_its_own_and_after_an_hour_another() -> None:
    """One flooder takes nobody's place; who names nobody is one, too."""
    bound = SetAsides(messages=1, size=100)
    for publisher in ("H17", "G22", None):
        assert [bound.takes(publisher, 1, at=NOW), bound.takes(publisher, 1, at=NOW + SPAN - SECOND)] == [True, False]
    assert bound.takes("H17", 1, at=NOW + SPAN)


def test_what_never_became_durable_is_not_counted() -> None:
    """A batch that could not be committed comes again, and takes its place then."""
    bound = SetAsides(messages=1, size=100)
    assert bound.draft().takes("H17", 1, at=NOW)
    draft = bound.draft()
    assert draft.takes("H17", 1, at=NOW)
    bound.adopt(draft)
    assert not bound.takes("H17", 1, at=NOW)
