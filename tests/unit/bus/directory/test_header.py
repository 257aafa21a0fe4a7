"""The bounds of an edition's number, lifetime and dates."""

from datetime import datetime, timedelta

import pytest

from bus.directory.header import MAX_LIFE, MAX_NUMBER, STEP, Header, Rule, check_follows, rule_of
from bus.errors import BadEdition
from tests.identities import BEGIN

DAY = timedelta(days=1)


def header(version: int, *, at: datetime = BEGIN, lasts: timedelta = 60 * DAY) -> Header:
    return Header(version=version, issued_at=at, expires_at=at + lasts, lines=0, size=0, sha256="0" * 64)


HELD = header(57)


@pytest.mark.parametrize(
    ("held", "offered", "rule"),
    [
        (None, header(MAX_NUMBER), None),
        (None, header(1, lasts=MAX_LIFE), None),
        (None, header(1, lasts=MAX_LIFE + timedelta(seconds=1)), Rule.LIFETIME),
        (None, header(1, lasts=36_500 * DAY), Rule.LIFETIME),
        (HELD, header(58), None),
        (HELD, header(57 + STEP), None),
        (HELD, header(58 + STEP), Rule.VERSION),
        (HELD, header(58 + STEP, at=BEGIN + timedelta(hours=23)), Rule.VERSION),
        (HELD, header(57 + 2 * STEP, at=BEGIN + DAY), None),
        (HELD, header(57 + 366 * STEP, at=BEGIN + 365 * DAY), None),
        (HELD, header(MAX_NUMBER), Rule.VERSION),
        (HELD, header(58, at=BEGIN - timedelta(seconds=1)), Rule.DATED_BACK),
        (header(57, at=BEGIN + timedelta(milliseconds=700)), HELD, None),
    ],
    ids=map(str, range(13)),
)
def test_an_edition_follows_the_one_held(held: Header | None, offered: Header, rule: Rule | None) -> None:
    """By one step or by many; a reader that was away for a year takes the newest, and nobody ends the sequence."""
    if rule is None:
        check_follows(held, offered)
        return
    with pytest.raises(BadEdition) as caught:
        check_follows(held, offered)
    assert rule_of(caught.value) is rule


def test_a_refusal_without_a_rule() -> None:
    """Is one by its bytes, its signature or its date: the event `directory.refused`."""
    assert rule_of(BadEdition(why="broken")) is Rule.REFUSED
