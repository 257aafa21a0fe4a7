"""bus/ledger/onlookers.py: the directory of this moment."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bus.errors import DirectoryExpired, OwnClockWrong
from bus.ledger.onlookers import Onlookers
from tests.scenarios.country import Land
from tests.unit.bus.daemon.test_current_member import NOW as SIGNED_AT
from tests.unit.bus.daemon.test_current_member import Post

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


def test_a_new_day_is_another_directory() -> None:
    """At midnight in Việt Nam; until then it is the same object."""
    at = [datetime(2026, 11, 30, 16, 59, tzinfo=UTC)]
    onlookers = Onlookers(Land()["G22"].member.directory, clock=lambda: at[0])
    first = onlookers.now()
    assert onlookers.now() is first
    at[0] += timedelta(minutes=2)
    assert onlookers.now() is not first
    assert onlookers.now().directory.on == date(2026, 12, 1)


def test_a_fixed_day() -> None:
    """Whatever the calendar says."""
    onlookers = Onlookers(Land()["G22"].member.directory, as_of=date(2025, 1, 1), clock=lambda: NOW)
    assert onlookers.now().directory.on == date(2025, 1, 1)


def test_the_edition_in_force() -> None:
    """A newer one is another directory; one that has ended, or that is yet to come, judges nothing."""
    post = Post()
    at = [SIGNED_AT]
    onlookers = Onlookers(post.follower, clock=lambda: at[0])
    first = onlookers.now()
    assert first.trust_store is post.follower.edition.trust_store
    post.follower.edition = post.edition(post.listed())
    assert onlookers.now() is not first
    at[0] = SIGNED_AT + timedelta(days=61)
    with pytest.raises(DirectoryExpired):
        onlookers.now()
    at[0] = SIGNED_AT - timedelta(days=1)
    with pytest.raises(OwnClockWrong):
        onlookers.now()
