"""What a test document to oneself meets."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus.directory.member import Member
from bus.trust.keys import Identity, new_identity
from bus.wiring.member import member_of
from bus.wiring.trial import NOT_TRIED, trial
from tests.house.vietnamese import english_in
from tests.unit.bus.wiring.configs import loaded, written

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return member_of(loaded(written(tmp_path, "G22")))


def test_a_mailbox_that_lacks_nothing(member: Member) -> None:
    """Every step is gone, and what was not tried is said."""
    tried = list(trial(member, now=NOW))
    assert [each.trouble for each in tried] == [None] * 5
    assert not [word for each in tried for word in english_in(each.step.vi)]
    assert not english_in(NOT_TRIED.vi)


def test_an_agency_that_the_directory_does_not_know(member: Member) -> None:
    """The first step says so, and nothing is tried behind it. A mailbox may serve others than its own code."""
    book = member.directory.book
    gone = replace(member, directory=type(member.directory)(replace(book, listed={}), on=member.directory.on))
    (tried,) = trial(gone, now=NOW)
    assert tried.trouble is not None
    assert "G22" in tried.trouble
    other = book.mailboxes["G22"].model_copy(update={"serves": ("G22.01",)})
    with_other = replace(
        member,
        directory=type(member.directory)(replace(book, mailboxes={"G22": other}), on=member.directory.on),
    )
    assert next(trial(with_other, now=NOW)).trouble is None


def test_keys_that_are_not_ours(member: Member) -> None:
    """Sealed to what the directory lists, signed by what lies here: its recipient would refuse it."""
    fresh = new_identity()
    *before, last = trial(replace(member, identity=Identity(fresh.signing, member.identity.sealing)), now=NOW)
    assert last.trouble is not None
    assert "bad-signature" in last.trouble
    assert len(before) == 3
    *_, last = trial(replace(member, identity=Identity(member.identity.signing, fresh.sealing)), now=NOW)
    assert last.trouble is not None
    assert "cannot-open" in last.trouble
